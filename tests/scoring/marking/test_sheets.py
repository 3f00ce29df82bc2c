"""Adding a sheet up: every kind of row, vetoes, the gate, overtime, and that nothing leaves its bounds."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exam.catalogue.rules import Sheet, parse_sheet
from scoring.marking.rules import (
    EntriesInvalid,
    Entry,
    OvertimePastStop,
    SheetIncomplete,
    missing_rows,
    overtime_loss,
    read_entries,
    require_complete,
    row_mark,
    score_sheet,
)
from tests.scoring.builders import sheet_definition

SHEET = parse_sheet(sheet_definition())
ROWS = {row.code: row for row in SHEET.rows}
BEST: dict[str, Entry] = {"A1": Decimal("20.00"), "A2": True, "B1": 3, "C1": 0, "C2": False, "C3": False}


@pytest.mark.parametrize(
    ("value", "mark"),
    [
        ("20.00", "40"), ("20.02", "40"), ("19.98", "40"),  # inside the tolerance
        ("20.021", "38"), ("20.03", "38"), ("19.97", "38"),  # one started step
        ("20.031", "36"), ("20.12", "20"),
        ("20.22", "0"), ("25", "0"), ("-3", "0"),  # never below 0
    ],
)  # fmt: skip
def test_measured(value: str, mark: str) -> None:
    assert row_mark(ROWS["A1"], Decimal(value)) == Decimal(mark)


@pytest.mark.parametrize(("level", "mark"), [(0, "0"), (1, "3.33"), (2, "6.67"), (3, "10")])
def test_judged(level: int, mark: str) -> None:
    assert row_mark(ROWS["B1"], level) == Decimal(mark)


@pytest.mark.parametrize(("count", "mark"), [(0, 10), (1, 9), (10, 0), (11, 0), (99, 0)])
def test_each_occurrence_costs_and_stops_at_zero(count: int, mark: int) -> None:
    assert row_mark(ROWS["C1"], count) == mark


def test_all_or_nothing() -> None:
    assert [row_mark(ROWS["A2"], entry) for entry in (True, False)] == [40, 0]


@pytest.mark.parametrize(
    ("changes", "overtime", "total", "why"),
    [
        ({}, 0, "100", "all at its best"),
        ({}, 1, "99", "a started period of three minutes"),
        ({}, 3, "99", ""),
        ({}, 4, "98", ""),
        ({}, 15, "95", "stopped at fifteen"),
        ({"A2": False}, 0, "0", "the gate: 40 of 80 is below 48, no other part counts"),
        ({"A2": False, "A1": Decimal("20.02")}, 0, "0", ""),
        ({"A1": Decimal("20.14")}, 0, "76", "56 of 80 is above the gate"),
        ({"A1": Decimal("20.18")}, 0, "68", "exactly 48 of 80 passes the gate"),
        ({"C3": True}, 0, "90", "a veto of its own section"),
        ({"C2": True}, 0, "0", "a safety veto counts the whole sheet 0"),
        ({"C2": True, "C3": True}, 5, "0", "and overtime takes nothing below 0"),
        ({"B1": 0, "C1": 99}, 0, "80", ""),
    ],
)
def test_whole_sheets(changes: dict[str, Entry], overtime: int, total: str, why: str) -> None:
    expected = Decimal(total)
    if changes.get("A2") is False:  # the section with the gate keeps its own marks
        expected = Decimal(40)
    assert score_sheet(SHEET, {**BEST, **changes}, overtime).total == expected, why


def test_a_veto_is_told_where_it_acts() -> None:
    score = score_sheet(SHEET, {**BEST, "C2": True}, 0)
    assert (score.vetoes, score.stopped) == (("C2",), True)
    assert {section.zeroed_by for section in score.sections} == {"C2"}
    gated = score_sheet(SHEET, {**BEST, "A2": False}, 0)
    assert [(one.code, one.counted, one.zeroed_by) for one in gated.sections] == [
        ("A", 40, ""), ("B", 0, "A"), ("C", 0, "A"),
    ]  # fmt: skip


def test_an_empty_sheet_earns_nothing_and_is_not_complete() -> None:
    assert score_sheet(SHEET, {}).total == 0
    assert missing_rows(SHEET, {}) == ["A1", "A2", "B1", "C1", "C2", "C3"]
    with pytest.raises(SheetIncomplete) as refused:
        require_complete(SHEET, {}, None)
    assert refused.value.facts == {"count": 7, "first": "A1"}
    with pytest.raises(SheetIncomplete):
        require_complete(Sheet(title=SHEET.title, sections=(), overtime=None, agreement=SHEET.agreement), {}, 0)


def test_the_time_must_be_told_where_it_counts() -> None:
    with pytest.raises(SheetIncomplete) as refused:
        require_complete(SHEET, BEST, None)
    assert refused.value.facts["first"] == "overtime"
    require_complete(SHEET, BEST, 0)


def test_nobody_works_past_the_stop() -> None:
    with pytest.raises(OvertimePastStop):
        overtime_loss(SHEET, 16)


WRONG: list[tuple[str, Any]] = [
    ("A1", "abc"), ("A1", "NaN"), ("A1", 20.0), ("A1", True), ("A1", "1e9"), ("B1", 4), ("B1", "-1"), ("B1", True),
    ("B1", "２"), ("C1", 100), ("C1", "1.5"), ("A2", "yes"), ("C2", 1), ("Z", 1),
]  # fmt: skip


@pytest.mark.parametrize(("code", "value"), WRONG)
def test_wrong_entries_are_named(code: str, value: Any) -> None:
    with pytest.raises(EntriesInvalid) as refused:
        read_entries(SHEET, {code: value})
    assert [problem.field for problem in refused.value.problems] == [code]


def test_entries_are_read_exactly_and_blanks_left_out() -> None:
    sent = {"A1": " 20.010 ", "A2": "false", "B1": "2", "C1": 3, "C2": None, "C3": ""}
    assert read_entries(SHEET, sent) == {"A1": Decimal("20.010"), "A2": False, "B1": 2, "C1": 3}
    assert read_entries(SHEET, {}) == {}


entries = st.fixed_dictionaries(
    {},
    optional={
        "A1": st.decimals(min_value=-50, max_value=50, places=3),
        "A2": st.booleans(),
        "B1": st.integers(0, 3),
        "C1": st.integers(0, 99),
        "C2": st.booleans(),
        "C3": st.booleans(),
    },
)


@given(entries, st.integers(0, 15))
def test_a_total_stays_in_its_bounds_and_is_the_sum_of_what_counts(
    given_entries: dict[str, Entry], minutes: int
) -> None:
    score = score_sheet(SHEET, given_entries, minutes)
    assert 0 <= score.total <= SHEET.full_marks
    assert all(0 <= row.earned <= ROWS[row.code].points for row in score.rows)
    counted = sum((section.counted for section in score.sections), Decimal(0))
    assert score.total == max(Decimal(0), counted - score.overtime_lost)
    assert sum(score.dimensions.values(), Decimal(0)) == counted


@given(entries, st.integers(0, 15))
def test_sheets_read_back_from_storage_add_up_alike(given_entries: dict[str, Entry], minutes: int) -> None:
    stored = {code: entry if isinstance(entry, (bool, int)) else str(entry) for code, entry in given_entries.items()}
    assert score_sheet(SHEET, read_entries(SHEET, stored), minutes) == score_sheet(SHEET, given_entries, minutes)
