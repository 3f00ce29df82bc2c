"""A session balances when every number and every sheet is there; each thing that is missing is named."""

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.tablets.rules.events import Kind, SheetKey
from scoring.tablets.rules.folding import fold
from scoring.tablets.rules.ledger import (
    Aside,
    DeviceAccount,
    Gap,
    GapReasonMissing,
    Lacking,
    NotBalanced,
    arrived_since,
    balance,
    read_gap,
    require_balanced,
    wanted_of,
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


def test_a_photo_that_is_spoken_of_must_be_there() -> None:
    tablet = _full()
    tablet.write(Kind.EVIDENCE, SHEETS[0], sha256="f" * 64, row="a", bytes=10)
    states = fold(tablet.events)
    (gap,) = balance([_account(tablet)], SHEETS, states).gaps
    assert (gap.why, gap.sheet, gap.sha256) == (Lacking.EVIDENCE, SHEETS[0], "f" * 64)
    assert balance([_account(tablet)], SHEETS, states, photos=["f" * 64]).balanced


def test_what_was_kept_aside_is_a_gap_until_somebody_looked() -> None:
    aside = [
        Aside(device_id=UUID(int=2), number=3, sha256="e" * 64),
        Aside(device_id=UUID(int=1), number=9, sha256="d" * 64),
    ]
    assert [(one.why, one.device_id, one.first) for one in balance([], [], {}, aside=aside).gaps] == [
        (Lacking.ODDITY, UUID(int=1), 9), (Lacking.ODDITY, UUID(int=2), 3)
    ]  # fmt: skip


def test_a_sheet_keyed_in_otherwise_than_its_tablet_signed_contradicts() -> None:
    tablet = _full()
    ledger = balance([_account(tablet)], SHEETS, fold(tablet.events), settled=SHEETS, differing=SHEETS[:1])
    assert [(one.why, one.sheet) for one in ledger.gaps] == [(Lacking.CONTRADICTION, SHEETS[0])]
    assert (ledger.sheets_expected, ledger.sheets_signed) == (2, 1)


def test_a_contradiction_is_right_again_once_a_later_version_is_signed() -> None:
    one, two = Tablet(UUID(int=1)), Tablet(UUID(int=2))
    one.write(Kind.SIGNED, SHEETS[0], answers={"a": 1}, overtime=None, note="")
    two.write(Kind.SIGNED, SHEETS[0], answers={"a": 2}, overtime=None, note="")
    apart = balance([], SHEETS[:1], fold([*one.events, *two.events]))
    assert (apart.gaps[0].why, apart.sheets_signed) == (Lacking.CONTRADICTION, 0)
    assert balance([], SHEETS[:1], fold([*one.events, *two.events]), settled=SHEETS[:1], corrected=SHEETS[:1]).balanced
    second = replace(SHEETS[0], version=2)
    one.write(Kind.CORRECTED, second, reason="核对纸质")
    assert not balance([], SHEETS[:1], fold([*one.events, *two.events])).balanced, "begun is not signed"
    one.write(Kind.SIGNED, second, answers={"a": 1}, overtime=None, note="")
    right = balance([], SHEETS[:1], fold([*one.events, *two.events]))
    assert (right.balanced, right.sheets_signed) == (True, 1)


def test_the_digest_tells_every_change_but_when_a_tablet_was_seen() -> None:
    tablet = _full()
    whole = balance([_account(tablet)], SHEETS, fold(tablet.events))
    later = balance([_account(tablet, seen_at=MORNING + timedelta(days=1))], SHEETS, fold(tablet.events))
    less = balance([_account(tablet, without={2})], SHEETS, fold(tablet.events))
    assert whole.digest == later.digest
    assert len({whole.digest, less.digest, balance([], SHEETS, {}).digest, balance([], [], {}).digest}) == 4


@given(st.sets(st.integers(1, 60)), st.sets(st.integers(1, 60)), st.integers(0, 60))
def test_what_arrived_and_what_is_missing_still_make_up_what_was_missing(
    first: set[int], more: set[int], last: int
) -> None:
    """Whatever arrives: arrived + still missing = missing at the closing, no number in both."""

    def missing(numbers: set[int]) -> list[Gap]:
        account = DeviceAccount(
            device_id=UUID(int=1), label="T", numbers=numbers, last=last, seen_at=MORNING, broken=False
        )
        return list(balance([replace(account, last=account.expected)], [], {}).gaps)

    before = missing({one for one in first if one <= last})
    now = missing({one for one in first | more if one <= last})
    arrived = arrived_since(before, now)
    numbers = [n for one in arrived for n in range(one.first, one.last + 1)]
    left = [n for one in now for n in range(one.first, one.last + 1)]
    assert sorted(numbers + left) == [n for one in before for n in range(one.first, one.last + 1)]
    assert [read_gap(one.body) for one in before] == before


def test_what_is_no_number_has_arrived_when_it_is_no_gap_any_more() -> None:
    gaps = [Gap(why=Lacking.SHEET, sheet=SHEETS[0]), Gap(why=Lacking.EVIDENCE, sheet=SHEETS[1], sha256="f" * 64)]
    assert arrived_since(gaps, gaps[:1]) == gaps[1:]
    assert arrived_since([], gaps) == []
    assert [read_gap(one.body) for one in gaps] == gaps


def test_whose_sheets_are_asked_for() -> None:
    a, b, c = (UUID(int=number) for number in (3, 2, 1))

    def asked(needed: int, signed: Collection[UUID] = (), begun: Collection[UUID] = ()) -> list[UUID]:
        return [one.assessor_id for one in wanted_of(UUID(int=9), [a, b, c], needed, signed=signed, begun=begun)]

    assert asked(2) == [a, b]
    assert asked(2, signed=[c]) == [c, a]
    assert asked(2, signed=[c, b]) == [b, c]
    assert asked(2, signed=[c, b], begun=[a]) == [a, b, c], "who began must finish or clear"
    assert asked(3, signed=[c, b]) == [b, c, a]
    assert asked(5) == [a, b, c]
    assert asked(0) == []
    assert wanted_of(UUID(int=9), [], 2, signed=(), begun=()) == []
