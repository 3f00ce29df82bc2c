"""The status tables and the rules of the door, the room and the incident (3.5, 3.12)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID, uuid4

import pytest

from exam.kernel.errors import Conflict, Refusal
from exam.sittings.rules import (
    ALLOWED,
    CODES,
    STATUS_LABELS,
    Effect,
    Publication,
    RoomSession,
    RoomStatus,
    SittingSpec,
    SittingStatus,
    Step,
    Terms,
    covers,
    entry,
    headcount,
    minutes_late,
    next_step,
    require_absence,
    require_begin,
    require_change,
    require_close,
    require_leave,
    require_report,
    require_room_change,
)
from exam.sittings.rules.attendance import AbsenceTooEarly, EntryTooEarly, EntryTooLate, LeaveTooEarly, RoomUndecided
from exam.sittings.rules.incidents import FactsMissing, UnknownCode, WitnessesMissing
from exam.sittings.rules.publication import problems_of
from exam.sittings.rules.status import RoomStatusRefused, StatusRefused

S = SittingStatus
START = datetime(2026, 5, 16, 1, 0, tzinfo=UTC)
TERMS = Terms(late_limit_minutes=15, earliest_leave_minutes=30, entry_minutes=60)
SECOND = timedelta(seconds=1)


def minutes(n: float) -> datetime:
    return START + timedelta(minutes=n)


@pytest.mark.parametrize(("present", "wanted"), list(product(S, S)))
def test_a_sitting_changes_only_as_the_table_says(present: S, wanted: S) -> None:
    if wanted in ALLOWED[present]:
        require_change(present, wanted)
    else:
        with pytest.raises(StatusRefused):
            require_change(present, wanted)


def test_every_state_has_a_word_and_a_row_in_the_table() -> None:
    assert set(STATUS_LABELS) == set(ALLOWED) == set(S)


def test_what_is_handed_in_is_only_ever_voided() -> None:
    assert ALLOWED[S.SUBMITTED] == ALLOWED[S.AUTO_SUBMITTED] == {S.VOIDED}
    assert ALLOWED[S.VOIDED] == frozenset()


def test_a_room_opens_once_and_closes_once() -> None:
    require_room_change(RoomStatus.PLANNED, RoomStatus.OPEN)
    require_room_change(RoomStatus.OPEN, RoomStatus.CLOSED)
    for present, wanted in ((RoomStatus.PLANNED, RoomStatus.CLOSED), (RoomStatus.CLOSED, RoomStatus.OPEN)):
        with pytest.raises(RoomStatusRefused):
            require_room_change(present, wanted)


@pytest.mark.parametrize(
    ("at", "late"),
    [
        (minutes(-60), 0),
        (minutes(0), 0),
        (START + SECOND, 1),
        (minutes(1), 1),
        (minutes(1) + SECOND, 2),
        (minutes(15), 15),
    ],
)
def test_entry_flags_the_minutes_late(at: datetime, late: int) -> None:
    assert entry(START, TERMS, at) == late == minutes_late(START, at)


def test_the_door_is_shut_before_it_opens_and_after_the_late_limit() -> None:
    with pytest.raises(EntryTooEarly):
        entry(START, TERMS, minutes(-60) - SECOND)
    with pytest.raises(EntryTooLate):
        entry(START, TERMS, minutes(15) + SECOND)


@pytest.mark.parametrize("limit", [0, 15, 30])
@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_at_every_instant_one_may_either_come_in_or_be_absent(limit: int, offset: int) -> None:
    terms, at = replace(TERMS, late_limit_minutes=limit), minutes(limit) + offset * SECOND
    may_enter = may_be_absent = True
    try:
        entry(START, terms, at)
    except EntryTooLate:
        may_enter = False
    try:
        require_absence(START, terms, at)
    except AbsenceTooEarly:
        may_be_absent = False
    assert may_enter is not may_be_absent


def test_work_begins_at_the_start_and_not_at_the_end() -> None:
    require_begin(START, minutes(60), START)
    for at in (START - SECOND, minutes(60)):
        with pytest.raises(Conflict):
            require_begin(START, minutes(60), at)


def test_nobody_hands_in_before_the_earliest_leave_but_everybody_at_the_end() -> None:
    require_leave(START, minutes(60), TERMS, minutes(30))
    require_leave(START, minutes(20), TERMS, minutes(20))
    with pytest.raises(LeaveTooEarly):
        require_leave(START, minutes(60), TERMS, minutes(30) - SECOND)


def test_an_empty_room_is_balanced_at_zero_and_may_close() -> None:
    count = headcount([])
    assert (count.expected, count.present, count.absent, count.undecided) == (0, 0, 0, 0)
    assert count.balanced
    require_close(count)


def test_a_room_counts_everybody_once() -> None:
    count = headcount(list(S))
    assert count.expected == count.present + count.absent + count.undecided == len(S)
    assert not count.balanced


@pytest.mark.parametrize("undecided", [S.SCHEDULED, S.CHECKED_IN, S.STARTED, S.INTERRUPTED])
def test_a_room_does_not_close_while_somebody_is_undecided_or_writing(undecided: S) -> None:
    require_close(headcount([S.SUBMITTED, S.ABSENT]))
    with pytest.raises(RoomUndecided):
        require_close(headcount([S.SUBMITTED, S.ABSENT, undecided]))


def room(**changes: object) -> RoomSession:
    made = RoomSession(
        id=uuid4(), batch_id=uuid4(), site_id=uuid4(), site_code="1", site_name="考点", site_address="", prefecture_code="",
        room_id=uuid4(), room_name="101", component_id=uuid4(), form="paper", starts_at=START, ends_at=minutes(60),
        seats_count=30, terms=TERMS,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "statuses", "at", "step"),
    [
        (RoomStatus.PLANNED, [S.SCHEDULED], minutes(-61), Step.WAIT),
        (RoomStatus.PLANNED, [S.SCHEDULED], minutes(-60), Step.OPEN),
        (RoomStatus.OPEN, [S.SCHEDULED, S.CHECKED_IN], minutes(-10), Step.CHECK_IN),
        (RoomStatus.OPEN, [S.SCHEDULED, S.CHECKED_IN], minutes(0), Step.BEGIN),
        (RoomStatus.OPEN, [S.SCHEDULED, S.STARTED], minutes(10), Step.CHECK_IN),
        (RoomStatus.OPEN, [S.SCHEDULED, S.STARTED], minutes(15.1), Step.MARK_ABSENT),
        (RoomStatus.OPEN, [S.ABSENT, S.STARTED], minutes(20), Step.INVIGILATE),
        (RoomStatus.OPEN, [S.ABSENT, S.STARTED], minutes(60), Step.COLLECT),
        (RoomStatus.OPEN, [S.ABSENT, S.SUBMITTED], minutes(60), Step.CLOSE),
        (RoomStatus.OPEN, [], minutes(60), Step.CLOSE),
        (RoomStatus.CLOSED, [S.ABSENT], minutes(70), Step.CLOSED),
    ],
)
def test_a_room_has_one_next_step(status: RoomStatus, statuses: list[S], at: datetime, step: Step) -> None:
    assert next_step(room(status=status), headcount(statuses), statuses.count(S.CHECKED_IN), at) is step


def test_a_duty_counts_in_its_window_with_its_margins() -> None:
    terms = Terms(duty_before_minutes=90, duty_after_minutes=120)
    end = minutes(60)
    assert covers(START, end, terms, minutes(-90)) and covers(START, end, terms, minutes(180))
    assert not covers(START, end, terms, minutes(-90) - SECOND)
    assert not covers(START, end, terms, minutes(180) + SECOND)


def test_an_incident_names_a_listed_act_facts_and_a_signature_or_two_witnesses() -> None:
    assert require_report("C4", "09:40 使用手机", signed=True, witnesses=()).usual is Effect.ALL_VOID
    require_report("D4", "交头接耳", signed=False, witnesses=("甲", "乙"))
    with pytest.raises(UnknownCode):
        require_report("", "x", signed=True, witnesses=())
    with pytest.raises(FactsMissing):
        require_report("D4", "  ", signed=True, witnesses=())
    for witnesses in ((), ("甲",), ("甲", "甲"), ("甲", " ")):
        with pytest.raises(WitnessesMissing):
            require_report("D4", "x", signed=False, witnesses=witnesses)


def test_the_codes_follow_the_two_articles() -> None:
    articles = {prefix: [code for code in CODES if code.startswith(prefix)] for prefix in "DC"}
    assert len(articles["D"]) == len(articles["C"]) == 9
    assert {CODES[code].usual for code in articles["D"]} == {Effect.PART_VOID}
    assert {CODES[code].usual for code in articles["C"]} == {Effect.ALL_VOID}


def spec(of: RoomSession, **changes: object) -> SittingSpec:
    made = SittingSpec(uuid4(), uuid4(), uuid4(), of.component_id, of.id, 1, of.starts_at, of.ends_at)
    return replace(made, **changes)  # type: ignore[arg-type]


def codes(publication: Publication) -> set[str]:
    return {problem.code for problem in problems_of(publication, {})}


def test_an_empty_publication_has_no_problem() -> None:
    assert codes(Publication(uuid4(), uuid4(), 1)) == set()


def test_a_publication_names_each_contradiction() -> None:
    place = room()
    right = spec(place)
    cases: dict[str, list[SittingSpec]] = {
        "unknown_session": [replace(right, session_id=uuid4())],
        "other_component": [replace(right, component_id=uuid4())],
        "outside_time": [replace(right, ends_at=minutes(61))],
        "no_such_seat": [replace(right, seat_no=31)],
        "seat_twice": [right, spec(place)],
    }
    for code, specs in cases.items():
        tickets: dict[UUID, str] = {one.registration_id: "1" for one in specs}
        assert code in codes(Publication(uuid4(), uuid4(), 1, (place,), tuple(specs), (), tickets))
    assert codes(Publication(uuid4(), uuid4(), 1, (place,), (right,))) == {"no_ticket"}


def test_a_refusal_says_its_time_in_china() -> None:
    with pytest.raises(Refusal) as refused:
        require_absence(START, TERMS, START)
    assert "09:15" in str(refused.value)
