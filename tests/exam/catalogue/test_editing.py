"""The sheet editor's rules: the form and the sheet are the same thing, steps of shape, problems and advice by row, differences."""

import doctest
import json
from collections.abc import Mapping
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exam.catalogue.rules import (
    DraftStatus,
    OwnDraft,
    RowKind,
    blank_sheet,
    changed_sheets,
    changes,
    field_name,
    lint,
    parse_definition,
    parse_sheet,
    rebased,
    require_draft_change,
    require_second_person,
    sheet_from_form,
    step,
    with_sheet,
)
from exam.catalogue.rules import changes as changes_function
from exam.catalogue.rules.drafts import ALLOWED, DraftClosed
from exam.kernel.ids import new_id
from exam.kernel.settings import TREE
from tests.exam.catalogue.builders import definition
from tests.scoring.builders import sheet_definition

SHEET: dict[str, Any] = deepcopy(dict(sheet_definition()))
FULL = Decimal(100)


def form_of(sheet: Mapping[str, Any]) -> dict[str, str]:
    """The form's fields as a browser sends them."""
    sent = {name: str(sheet.get(name, "")) for name in ("title_zh", "title_en", "task")}

    def put(at: str, data: Mapping[str, Any]) -> None:
        sent.update({f"{at}.{name}": str(value) for name, value in data.items() if not isinstance(value, (list, bool))})

    for number, section in enumerate(sheet["sections"], 1):
        put(f"s{number}", section)
        for place, row in enumerate(section["rows"], 1):
            put(f"s{number}.r{place}", row)
            for index, level in enumerate(row.get("levels", []), 1):
                put(f"s{number}.r{place}.l{index}", level)
    put("overtime", sheet.get("overtime", {}))
    put("agreement", sheet.get("agreement", {}))
    return sent


def test_what_the_form_sends_is_the_sheet() -> None:
    made = sheet_from_form(form_of(SHEET))
    assert parse_sheet(made) == parse_sheet(SHEET)


def test_an_empty_form_is_a_sheet_with_everything_missing() -> None:
    made = sheet_from_form({})
    assert made["sections"] == []
    assert {one.problem.field for one in lint(made, FULL)} >= {
        "title_zh",
        "title_en",
        "sections",
        "agreement.tolerance",
    }


def test_what_was_typed_wrong_is_kept_and_named_at_its_row() -> None:
    sent = form_of(SHEET) | {"s1.r1.points": "forty", "overtime.stop_minutes": "soon", "s2.r1.l3.zh": ""}
    made = sheet_from_form(sent)
    assert made["sections"][0]["rows"][0]["points"] == "forty"
    found = {one.problem.field: one for one in lint(made, FULL)}
    assert {"s1.r1.points", "overtime.stop_minutes", "s2.r1.l3.zh"} <= set(found)
    assert (found["s1.r1.points"].row, found["s2.r1.l3.zh"].row, found["overtime.stop_minutes"].row) == (
        "s1.r1",
        "s2.r1",
        "",
    )
    assert found["s1.r1.points"].stops


def test_field_names() -> None:
    assert field_name("components[2].sheet.sections[1].rows[3].levels[2].zh") == "s1.r3.l2.zh"
    assert field_name("sheet.agreement.tolerance") == "agreement.tolerance"
    assert field_name("sheet") == ""


@pytest.mark.parametrize(
    ("asked", "codes"),
    [
        ("section-add", ["A:A1 A2", "B:B1", "C:C1 C2 C3", "D:D1"]),
        ("section-remove:2", ["A:A1 A2", "C:C1 C2 C3"]),
        ("section-up:3", ["A:A1 A2", "C:C1 C2 C3", "B:B1"]),
        ("section-up:1", ["A:A1 A2", "B:B1", "C:C1 C2 C3"]),
        ("row-add:2:veto", ["A:A1 A2", "B:B1 B2", "C:C1 C2 C3"]),
        ("row-remove:3:2", ["A:A1 A2", "B:B1", "C:C1 C3"]),
        ("row-up:3:3", ["A:A1 A2", "B:B1", "C:C1 C3 C2"]),
        ("row-up:3:0", ["A:A1 A2", "B:B1", "C:C1 C2 C3"]),
        ("row-add:9:veto", ["A:A1 A2", "B:B1", "C:C1 C2 C3"]),
        ("row-add:1:song", ["A:A1 A2", "B:B1", "C:C1 C2 C3"]),
        ("level-remove:1:1", ["A:A1 A2", "B:B1", "C:C1 C2 C3"]),
        ("", ["A:A1 A2", "B:B1", "C:C1 C2 C3"]),
    ],
)
def test_steps_of_shape(asked: str, codes: list[str]) -> None:
    before = deepcopy(SHEET)
    made = step(SHEET, asked)
    assert [f"{one['code']}:{' '.join(row['code'] for row in one['rows'])}" for one in made["sections"]] == codes
    assert before == SHEET


@given(
    st.lists(st.from_regex(r"(section|row|level)-(add|up|remove)(:[0-9]{1,2}){0,2}(:judged|:global)?", fullmatch=True))
)
def test_no_step_breaks_the_sheet(steps: list[str]) -> None:
    made = blank_sheet()
    for one in steps:
        made = step(made, one)
    assert sheet_from_form(form_of(made))["sections"] is not None
    lint(made, FULL)


def test_another_kind_brings_its_own_fields() -> None:
    sent = form_of(SHEET) | {"s1.r2.kind": "judged"}
    row = sheet_from_form(sent)["sections"][0]["rows"][1]
    assert len(row["levels"]) == 4 and row["points"] == "40"
    sent |= {"s1.r2.kind": "veto"}
    row = sheet_from_form(sent)["sections"][0]["rows"][1]
    assert (row["effect"], "proof" in row, "points" in row) == ("total", False, False)


def test_advice_stops_nothing() -> None:
    wide = {
        **SHEET,
        "agreement": {"tolerance": "20", "assessors": 1},
        "overtime": {**SHEET["overtime"], "stop_minutes": 16},
    }
    found = lint(wide, FULL)
    assert {one.problem.code for one in found} >= {"wide", "alone", "steps", "standard"}
    assert not any(one.stops for one in found)
    assert [one.problem.code for one in lint(SHEET, Decimal(90)) if one.stops] == ["sum"]


def test_differences_by_code() -> None:
    assert doctest.testmod(__import__("exam.catalogue.rules.changes", fromlist=["changes"])).failed == 0
    assert changes({}, {}) == [] and changes_function is changes
    moved = step(SHEET, "row-up:3:3")
    assert [one.kind.value for one in changes(SHEET, moved)] == ["moved"]
    dearer = with_sheet(definition(), 2, sheet_from_form(form_of(SHEET) | {"s1.r1.points": "39"}))
    found = changes(definition(), dearer)
    assert ("components", "P", "sheet", "sections", "A", "rows", "A1", "points") in {one.place for one in found}


def test_which_sheets_are_new() -> None:
    assert changed_sheets({}, None) == []
    assert changed_sheets(definition(), None) == ["P"]
    assert changed_sheets(definition(fee_yuan="400"), definition()) == []
    assert changed_sheets(with_sheet(definition(), 2, {"title_zh": "x"}), definition()) == ["P"]


def test_rebased_keeps_the_sheets_and_takes_the_rest() -> None:
    base, newest = definition(), definition(fee_yuan="400")
    draft = with_sheet(base, 2, {**SHEET, "task": "1.2"})
    assert rebased(draft, base, newest) == with_sheet(newest, 2, {**SHEET, "task": "1.2"})
    dear = {**draft, "fee_yuan": "300"}
    assert rebased(dear, base, newest) == dear, "what else was changed is shown as a difference, not lost"


def test_states_and_the_second_person() -> None:
    for present in DraftStatus:
        for wanted in DraftStatus:
            if wanted not in ALLOWED[present]:
                with pytest.raises(DraftClosed):
                    require_draft_change(present, wanted)
    one, two = new_id(), new_id()
    require_second_person(two, [one])
    for nobody in (one, None):
        with pytest.raises(OwnDraft):
            require_second_person(nobody, [one])


def test_the_example_in_the_documentation_holds_and_uses_every_kind_of_row() -> None:
    example = json.loads((TREE / "docs/formats/examples/scheme.json").read_text("utf-8"))
    (sheet,) = (parse_sheet(part.sheet) for part in parse_definition(example).components if part.sheet)
    assert {row.kind for row in sheet.rows} == set(RowKind)
    assert lint(example["components"][1]["sheet"], FULL) == [], "and it follows every piece of advice"
