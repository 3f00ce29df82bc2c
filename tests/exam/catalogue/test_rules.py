"""Schemes as data: every wrong place is named; fee ceilings of D01-D03 with all figures of domain section 5."""

from decimal import Decimal
from typing import Any

import pytest

from exam.catalogue.rules import (
    ComponentDraft,
    DefinitionInvalid,
    FeeAboveCap,
    Form,
    Level,
    NoShares,
    Partial,
    SheetInvalid,
    fee_cap,
    parse_blueprint,
    parse_definition,
    parse_sheet,
    plain,
)
from tests.exam.catalogue.builders import definition, with_component
from tests.scoring.builders import sheet_definition


def _share(form: Form, weight: str) -> ComponentDraft:
    return ComponentDraft(
        seq=1, code="A", name_zh="甲", name_en="A", form=form, duration_minutes=1, full_marks=Decimal(100),
        weight=Decimal(weight), minimum=None, late_limit_minutes=0, earliest_leave_minutes=0, blueprint={}, sheet=None,
    )  # fmt: skip


C, P, G, S = Form.COMPUTER, Form.PAPER, Form.PRACTICAL_GENERAL, Form.PRACTICAL_SPECIAL


@pytest.mark.parametrize(
    ("parts", "cap"),
    [
        ([(C, "1")], 300),
        ([(C, "0.4"), (G, "0.6")], 420),
        ([(P, "0.3"), (S, "0.7")], 550),
        ([(P, "0.4"), (G, "0.6")], 380),
        ([(C, "0.3"), (S, "0.7")], 580),
        ([(P, "1")], 200),
        ([(G, "1")], 500),
        ([(S, "1")], 700),
    ],
)
def test_fee_cap_is_the_sum_of_share_times_cap(parts: list[tuple[Form, str]], cap: int) -> None:
    assert fee_cap([_share(form, weight) for form, weight in parts]) == cap


def test_no_components_have_no_cap() -> None:
    with pytest.raises(NoShares):
        fee_cap([])


def test_a_whole_definition_is_read() -> None:
    draft = parse_definition(definition())
    assert (draft.level, draft.fee_cap_yuan, draft.fee_yuan) == (Level.ELEMENTARY, 420, 420)
    assert [part.late_limit_minutes for part in draft.components] == [15, 0]
    assert draft.pass_rule.places == 2


def test_a_fee_above_the_cap_needs_its_approval() -> None:
    with pytest.raises(FeeAboveCap) as refused:
        parse_definition(definition(fee_yuan="420.01"))
    assert refused.value.facts == {"fee": Decimal("420.01"), "cap": Decimal(420)}
    approved = definition(fee_yuan="480", fee_approval={"number": "鄂教职成〔2026〕1号", "reason": "耗材涨价"})
    assert parse_definition(approved).fee_approval == "鄂教职成〔2026〕1号：耗材涨价"


def test_an_approval_without_reason_is_named() -> None:
    with pytest.raises(DefinitionInvalid) as refused:
        parse_definition(definition(fee_yuan="480", fee_approval={"number": "1号", "reason": " "}))
    assert [problem.field for problem in refused.value.problems] == ["fee_approval.reason"]


WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    ("format", definition(format="kaowu-scheme/0"), "format", "format"),
    ("no components", definition(components=[]), "components", "empty_list"),
    ("unknown field", definition(feee="1"), "feee", "unknown_field"),
    ("unknown level", definition(level="expert"), "level", "unknown_word"),
    ("float", with_component(0, weight=0.4), "components[1].weight", "float"),
    ("not a number", with_component(0, full_marks="hundred"), "components[1].full_marks", "not_a_number"),
    ("infinite", with_component(0, full_marks="Infinity"), "components[1].full_marks", "not_a_number"),
    ("bool", with_component(0, duration_minutes=True), "components[1].duration_minutes", "not_a_number"),
    ("half a minute", with_component(0, duration_minutes="60.5"), "components[1].duration_minutes", "not_whole"),
    ("weights", with_component(0, weight="0.5"), "components", "weights"),
    ("negative weight", with_component(0, weight="-0.4"), "components[1].weight", "out_of_range"),
    ("same code", with_component(0, code="P"), "components", "duplicate_component"),
    ("minimum", with_component(0, minimum="101"), "components[1].minimum", "minimum_too_high"),
    ("late", with_component(0, late_limit_minutes=61), "components[1].late_limit_minutes", "longer_than_exam"),
    ("paper sum", with_component(0, full_marks="90"), "components[1].blueprint", "paper_sum"),
    ("no blueprint", with_component(0, blueprint=None), "components[1].blueprint.sections", "empty_list"),
    ("sheet sum", with_component(1, full_marks="90"), "components[2].sheet", "sheet_sum"),
    ("no sheet", with_component(1, sheet=None), "components[2].sheet", "wrong_type"),
    ("sheet on paper", with_component(0, sheet={}), "components[1].sheet", "sheet_unfit"),
    ("wording A10", with_component(0, name_zh="教育部指导理论"), "components[1].name_zh", "forbidden_word"),
    ("no name", with_component(0, name_en=" "), "components[1].name_en", "missing_text"),
    ("rule kind", definition(pass_rule={"code": "X", "kind": "best_of", "pass_mark": "60"}), "pass_rule.kind",
     "unknown_word"),
    ("pass mark 0", definition(pass_rule={"code": "X", "kind": "weighted_sum", "pass_mark": "0"}),
     "pass_rule.pass_mark", "out_of_range"),
    ("one paper", definition(pass_rule={"code": "R2", "kind": "single_paper", "pass_mark": "60"}), "pass_rule",
     "single_paper"),
    ("fixed without mark", definition(pass_rule={"code": "R1", "kind": "weighted_sum", "pass_mark": "60",
                                                 "exempt": "fixed"}), "pass_rule.exempt_mark", "exempt_mark"),
    ("fixed in R3", definition(pass_rule={"code": "R3", "kind": "every_component", "pass_mark": "60",
                                          "exempt": "fixed", "exempt_mark": "60"}), "pass_rule", "fixed_unfit"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "field", "code"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_each_wrong_place_is_named(data: dict[str, Any], field: str, code: str) -> None:
    with pytest.raises(DefinitionInvalid) as refused:
        parse_definition(data)
    assert (field, code) in [(problem.field, problem.code) for problem in refused.value.problems]
    for problem in refused.value.problems:
        assert "%(" not in problem.message % problem.facts


def test_all_wrong_places_come_at_once() -> None:
    wrong = with_component(0, weight="x", name_zh="")
    wrong["format"] = ""
    with pytest.raises(DefinitionInvalid) as refused:
        parse_definition(wrong)
    assert {problem.code for problem in refused.value.problems} >= {"format", "not_a_number", "missing_text"}


@pytest.mark.parametrize("data", [{}, {"components": 3}, {"components": [3]}, {"components": "abc"}])
def test_what_is_no_definition_is_refused_and_not_a_crash(data: dict[str, Any]) -> None:
    with pytest.raises(DefinitionInvalid):
        parse_definition(data)


def test_partial_credit_must_fit_the_kind() -> None:
    blueprint = parse_blueprint(definition()["components"][0]["blueprint"])
    assert [section.partial for section in blueprint.sections] == [Partial.NONE, Partial.SUBSET]
    assert (blueprint.full_marks, blueprint.items_count) == (100, 40)
    wrong = with_component(0)
    wrong["components"][0]["blueprint"]["sections"][0]["partial"] = "subset"
    with pytest.raises(DefinitionInvalid):
        parse_definition(wrong)


def test_a_sheet_is_read_and_its_faults_are_named() -> None:
    sheet = parse_sheet(sheet_definition())
    assert (sheet.full_marks, len(sheet.rows)) == (100, 6)
    changes: list[tuple[dict[str, Any], str]] = [
        ({"gate": "81"}, "gate_too_high"),
        ({"rows": []}, "empty_list"),
        ({"rows": [{"code": "A1", "kind": "judged", "name_zh": "a", "name_en": "a", "points": "9",
                    "levels": [{"zh": "0", "en": "0"}]}]}, "four_levels"),
        ({"rows": [{"code": "B1", "kind": "all_or_nothing", "name_zh": "a", "name_en": "a", "points": "9"}]},
         "duplicate_row"),
    ]  # fmt: skip
    for change, code in changes:
        data = {**sheet_definition()}
        data["sections"] = [{**data["sections"][0], **change}, *data["sections"][1:]]
        with pytest.raises(SheetInvalid) as refused:
            parse_sheet(data)
        assert code in [problem.code for problem in refused.value.problems]


@pytest.mark.parametrize(
    ("value", "text"), [("60.00", "60"), ("0.40", "0.4"), ("1E+2", "100"), ("0", "0"), ("10", "10")]
)
def test_plain_numbers(value: str, text: str) -> None:
    assert plain(Decimal(value)) == text
