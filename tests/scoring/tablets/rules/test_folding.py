"""The same events give the same state, however they arrive; what was signed stays what was signed."""

from datetime import timedelta
from random import Random
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.tablets.rules.events import Event, Kind, SheetKey
from scoring.tablets.rules.folding import fold, state_hash
from tests.scoring.tablets.world import Tablet, batches

SHEET = SheetKey(sitting_id=UUID(int=7), assessor_id=UUID(int=8))


def _day(seed: int) -> list[Event]:
    """Two tablets, one with a clock two hours wrong, both on one sheet; one of them has sheets of its own."""
    random = Random(seed)
    one, two = Tablet(UUID(int=1)), Tablet(UUID(int=2), timedelta(hours=-2))
    for number in range(3):
        one.score(SheetKey(sitting_id=UUID(int=20 + number), assessor_id=UUID(int=8)), random)
    one.score(SHEET, random, sign=random.random() < 0.5)
    if random.random() < 0.5:
        two.see(one.events)
    two.score(SHEET, random, sign=random.random() < 0.5)
    if random.random() < 0.3:
        one.write(
            Kind.CORRECTED, SheetKey(sitting_id=UUID(int=20), assessor_id=UUID(int=8), version=2), reason="看错表尺"
        )
    return one.events + two.events


def test_nothing_comes_to_nothing() -> None:
    assert fold([]) == {}
    assert state_hash({}) == state_hash(fold([]))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_no_order_doubling_or_cutting_changes_the_state(day: int, line: int) -> None:
    events = _day(day)
    arrived = [event for batch in batches(events, Random(line)) for event in batch]
    assert state_hash(fold(arrived)) == state_hash(fold(events))
    assert fold(arrived) == fold(events)


def test_rows_take_what_was_said_last_by_whoever_had_seen_more_and_no_clock_counts() -> None:
    early, late = Tablet(UUID(int=1), timedelta(hours=2)), Tablet(UUID(int=2))
    early.write(Kind.ANSWERED, SHEET, row="a", value=1)
    late.see(early.events)
    late.write(Kind.ANSWERED, SHEET, row="a", value=2)  # two hours earlier by its clock
    late.write(Kind.ANSWERED, SHEET, row="b", value=3)
    late.write(Kind.ANSWERED, SHEET, row="b", value=None)
    state = fold([*late.events, *early.events])[SHEET]
    assert dict(state.answers) == {"a": 2}
    assert (state.signed, state.sound) == (None, False)


def test_what_was_signed_stays_and_what_had_not_seen_it_is_shown_beside_it() -> None:
    signing, other = Tablet(UUID(int=1)), Tablet(UUID(int=2))
    signing.write(Kind.ANSWERED, SHEET, row="a", value=1)
    signing.write(Kind.SIGNED, SHEET, answers={"a": 1}, overtime=0, note="")
    other.counter = 90
    same, changed = (
        other.write(Kind.ANSWERED, SHEET, row="a", value=1),
        other.write(Kind.ANSWERED, SHEET, row="a", value=3),
    )
    state = fold([*signing.events, *other.events])[SHEET]
    assert dict(state.answers) == {"a": 1}
    assert state.sound
    assert state.unapplied == (changed,)
    assert same not in state.unapplied


def test_two_signatures_that_differ_contradict_each_other_and_two_that_agree_are_one() -> None:
    one, two, three = (Tablet(UUID(int=number)) for number in (1, 2, 3))
    one.write(Kind.SIGNED, SHEET, answers={"a": 1}, overtime=None, note="")
    two.write(Kind.SIGNED, SHEET, answers={"a": 1}, overtime=None, note="")
    assert fold([*one.events, *two.events])[SHEET].sound
    three.write(Kind.SIGNED, SHEET, answers={"a": 2}, overtime=None, note="")
    state = fold([*three.events, *two.events, *one.events])[SHEET]
    assert not state.sound
    assert [event.device_id for event in state.contradicting] == [UUID(int=3)]


def test_evidence_and_a_safety_stop_are_kept() -> None:
    tablet = Tablet(UUID(int=1))
    tablet.write(Kind.EVIDENCE, SHEET, sha256="f" * 64, row="v", bytes=10)
    tablet.write(Kind.EVIDENCE, SHEET, sha256="f" * 64, row="v", bytes=10)
    tablet.write(Kind.STOPPED, SHEET, row="v", reason="未断电操作")
    tablet.write(Kind.NOTED, SHEET, text="考生已离场")
    state = fold(tablet.events)[SHEET]
    assert state.evidence == (("f" * 64, "v"),)
    assert (state.stopped or {})["row"] == "v"
    assert state.note == "考生已离场"


def test_another_attempt_begins_blank_and_says_why() -> None:
    tablet = Tablet(UUID(int=1))
    tablet.write(Kind.ANSWERED, SHEET, row="a", value=3)
    tablet.write(Kind.OVERTIME, SHEET, minutes=4)
    tablet.write(Kind.RERUN, SHEET, reason="机床断电")
    tablet.write(Kind.ANSWERED, SHEET, row="b", value=1)
    state = fold(reversed(tablet.events))[SHEET]
    assert (dict(state.answers), state.overtime, state.note) == ({"b": 1}, None, "机床断电")
    tablet.write(Kind.SIGNED, SHEET, answers={"b": 1}, overtime=0, note="机床断电")
    signed = fold(tablet.events)[SHEET]
    assert (signed.sound, signed.unapplied) == (True, ())
