"""Two readings of one paper, by two people."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from scoring.marking.rules import (
    AlreadyAgreed,
    EntryState,
    MarkOutOfRange,
    PaperEntry,
    SamePerson,
    agreed_value,
    next_round,
    require_mark,
    state_of,
)

A, B, C = uuid4(), uuid4(), uuid4()
ONE = uuid4()


def entry(round: int, value: str, by: UUID) -> PaperEntry:
    return PaperEntry(registration_id=ONE, component_id=ONE, round=round, value=Decimal(value), entered_by=by,
                      entered_at=datetime(2026, 5, 16, tzinfo=UTC))  # fmt: skip


@pytest.mark.parametrize(
    ("entries", "state", "value"),
    [
        ([], EntryState.NONE, None),
        ([entry(1, "60", A)], EntryState.ONCE, None),
        ([entry(1, "60", A), entry(2, "60.0", B)], EntryState.AGREED, "60"),
        ([entry(2, "60", B), entry(1, "60", A)], EntryState.AGREED, "60"),
        ([entry(1, "60", A), entry(2, "61", B)], EntryState.DIFFERENT, None),
        ([entry(1, "60", A), entry(2, "61", B), entry(3, "60.5", C)], EntryState.DECIDED, "60.5"),
        ([entry(1, "0", A), entry(2, "0", B)], EntryState.AGREED, "0"),
    ],
)
def test_states(entries: list[PaperEntry], state: EntryState, value: str | None) -> None:
    assert state_of(entries) is state
    assert agreed_value(entries) == (None if value is None else Decimal(value))


def test_who_may_type_next() -> None:
    assert next_round([], A) == 1
    assert next_round([entry(1, "60", A)], B) == 2
    assert next_round([entry(1, "60", A), entry(2, "61", B)], C) == 3
    with pytest.raises(SamePerson):
        next_round([entry(1, "60", A)], A)
    with pytest.raises(SamePerson):
        next_round([entry(1, "60", A), entry(2, "61", B)], B)
    with pytest.raises(AlreadyAgreed):
        next_round([entry(1, "60", A), entry(2, "60", B)], C)


@pytest.mark.parametrize(("value", "fits"), [("0", 1), ("0.5", 1), ("100", 1), ("100.5", 0), ("-1", 0), ("60.25", 0)])
def test_paper_marks_come_in_halves(value: str, fits: bool) -> None:
    if fits:
        require_mark(Decimal(value), Decimal(100))
    else:
        with pytest.raises(MarkOutOfRange):
            require_mark(Decimal(value), Decimal(100))
