"""A session balances when every number and every sheet is there; each thing that is missing is named."""

from collections.abc import Collection
from datetime import timedelta
from random import Random
from uuid import UUID

import pytest

from scoring.tablets.rules.events import Kind, SheetKey
from scoring.tablets.rules.folding import fold
from scoring.tablets.rules.ledger import (
    DeviceAccount,
    GapReasonMissing,
    Lacking,
    NotBalanced,
    balance,
    require_balanced,
)
from tests.scoring.tablets.world import MORNING, Tablet

SHEETS = [SheetKey(sitting_id=UUID(int=number), assessor_id=UUID(int=8)) for number in (21, 22)]


def _account(
    tablet: Tablet, *, without: Collection[int] = (), last: int | None = None, **given: object
) -> DeviceAccount:
    numbers = {one.number for one in tablet.events} - set(without)
    facts = {"device_id": tablet.id, "label": "T07", "numbers": numbers, "last": last or len(tablet.events),
             "seen_at": MORNING, "broken": False} | given  # fmt: skip
    return DeviceAccount(**facts)  # type: ignore[arg-type]


def _full() -> Tablet:
    tablet = Tablet(UUID(int=1))
    for sheet in SHEETS:
        tablet.score(sheet, Random(1))
    return tablet


def test_an_empty_session_balances() -> None:
    assert balance([], [], {}).balanced
    require_balanced(balance([], [], {}))


def test_everything_there_balances() -> None:
    tablet = _full()
    ledger = balance([_account(tablet)], SHEETS, fold(tablet.events))
    assert ledger.balanced
    assert (ledger.events_expected, ledger.events_confirmed) == (len(tablet.events), len(tablet.events))
    assert (ledger.sheets_expected, ledger.sheets_signed) == (2, 2)


def test_missing_numbers_are_told_by_device_and_run() -> None:
    tablet = _full()
    here = [one for one in tablet.events if one.number not in {3, 4, 9}]
    ledger = balance([_account(tablet, without={3, 4, 9}, last=len(tablet.events) + 2)], SHEETS, fold(here))
    end = len(tablet.events)
    assert [(one.why, one.first, one.last) for one in ledger.gaps] == [
        (Lacking.NUMBERS, 3, 4), (Lacking.NUMBERS, 9, 9), (Lacking.NUMBERS, end + 1, end + 2)
    ]  # fmt: skip
    assert ledger.events_expected - ledger.events_confirmed == 5


def test_a_device_never_heard_of_and_a_broken_chain_are_told() -> None:
    silent = DeviceAccount(device_id=UUID(int=9), label="T09", numbers=(), last=0, seen_at=None, broken=False)
    broken = _account(_full(), broken=True)
    ledger = balance([silent, broken], [], {})
    assert [(one.why, one.device_id) for one in ledger.gaps] == [
        (Lacking.UNKNOWN, UUID(int=9)), (Lacking.LINK, UUID(int=1))
    ]  # fmt: skip
    assert (silent.silent(MORNING), broken.silent(MORNING), broken.silent(MORNING + timedelta(minutes=3))) == (
        True,
        False,
        True,
    )


def test_an_unsigned_sheet_a_contradiction_and_a_change_beside_a_signature_are_told() -> None:
    one, two = Tablet(UUID(int=1)), Tablet(UUID(int=2))
    one.write(Kind.SIGNED, SHEETS[0], answers={"a": 1}, overtime=None, note="")
    two.write(Kind.SIGNED, SHEETS[0], answers={"a": 2}, overtime=None, note="")
    one.write(Kind.SIGNED, SHEETS[1], answers={"a": 1}, overtime=None, note="")
    two.write(Kind.ANSWERED, SHEETS[1], row="a", value=3)
    third = SheetKey(sitting_id=UUID(int=23), assessor_id=UUID(int=8))
    ledger = balance([], [*SHEETS, third], fold([*one.events, *two.events]))
    assert [(gap.why, gap.sheet) for gap in ledger.gaps] == [
        (Lacking.SHEET, third), (Lacking.CONTRADICTION, SHEETS[0]), (Lacking.UNAPPLIED, SHEETS[1])
    ]  # fmt: skip
    assert balance([], [third], {}, settled=[third]).balanced  # keyed in from paper


def test_only_an_officer_with_a_reason_closes_a_gap() -> None:
    ledger = balance([], SHEETS, {})
    with pytest.raises(NotBalanced):
        require_balanced(ledger, "平板损坏")
    with pytest.raises(GapReasonMissing):
        require_balanced(ledger, " ", officer=True)
    require_balanced(ledger, "平板损坏，已由纸质评分表补录", officer=True)
