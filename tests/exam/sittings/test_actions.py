"""The exam day on a real database: what the actions change, refuse and record, also when two people act at once."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import SYSTEM, Role, Scope
from exam.kernel import audit
from exam.kernel.db import Database
from exam.kernel.errors import Forbidden, Invalid, NotFound
from exam.kernel.ids import new_id
from exam.sittings import actions, queries
from exam.sittings.actions.attendance import HeadNeeded, NotLate, ReasonMissing
from exam.sittings.actions.authority import NotOnDuty, RoomNotOpen
from exam.sittings.actions.incidents import SamePerson
from exam.sittings.actions.moves import ExtraTimeLost, NoSuchSeat, NotMovable, OtherPart, OwnRoomLost, SeatTaken
from exam.sittings.actions.progress import ExtraTimeWrong, SecondPersonMissing
from exam.sittings.actions.rooms import BeginsItself, CollectTooEarly, PaperAwaited, RoomTooEarly
from exam.sittings.rules import Duty, Effect, IncidentStatus, RoomStatus, SittingStatus, Step, VoidPart
from exam.sittings.rules.attendance import AbsenceTooEarly, EntryTooLate, LeaveTooEarly, RoomUndecided
from exam.sittings.rules.incidents import ObjectionOpen, WitnessesMissing
from exam.sittings.rules.publication import AlreadyPublished, PublicationClash, PublicationInvalid
from exam.sittings.rules.status import StatusRefused
from tests.conftest import NOW
from tests.exam.day import Day, make_day, make_duty, make_publication, make_room, make_specs, person

START = NOW + timedelta(hours=1)
S = SittingStatus


def minutes(n: float) -> datetime:
    return START + timedelta(minutes=n)


@pytest.fixture
async def day(session: AsyncSession) -> Day:
    """A computer room with three candidates."""
    return await make_day(session, START)


@pytest.fixture
async def written(session: AsyncSession) -> Day:
    """A paper room with three candidates."""
    return await make_day(session, START, component=1)


async def opened(session: AsyncSession, day: Day) -> Day:
    await actions.open_room(session, day.invigilator, room_session_id=day.room.id, now=minutes(-30))
    return day


async def statuses(session: AsyncSession, day: Day) -> list[S]:
    return [sitting.status for sitting in await queries.sittings(session, room_session_id=day.room.id)]


async def records(session: AsyncSession, action: str) -> int:
    count = await session.scalar(text("SELECT count(*) FROM exam.audit_records WHERE action = :a"), {"a": action})
    assert isinstance(count, int)
    return count


# ---------------------------------------------------------------- publication


async def test_publishing_again_leaves_everything_and_records_nothing(session: AsyncSession, day: Day) -> None:
    before = await queries.sittings(session, batch_id=day.batch_id)
    again = await actions.admit(session, day.officer, publication=day.publication, now=NOW)
    assert (again.sessions, again.sittings, again.duties, again.unchanged) == (0, 0, 0, 6)
    assert await queries.sittings(session, batch_id=day.batch_id) == before
    assert await records(session, "sittings.admit") == 1


async def test_publishing_again_leaves_a_moved_candidate_on_the_new_seat(session: AsyncSession, day: Day) -> None:
    await actions.move(session, day.officer, sitting_id=day.ids[0], seat_no=20, reason="电脑故障", now=NOW)
    await actions.admit(session, day.officer, publication=day.publication, now=NOW)
    assert (await queries.sitting(session, day.ids[0])).seat_no == 20


async def test_a_changed_plan_does_not_overwrite_what_is_published(session: AsyncSession, day: Day) -> None:
    changed = replace(day.specs[0], seat_no=9)
    publication = replace(day.publication, sittings=(changed, *day.specs[1:]))
    with pytest.raises(AlreadyPublished):
        await actions.admit(session, day.officer, publication=publication, now=NOW)
    assert (await queries.sitting(session, day.ids[0])).seat_no == 1


async def test_a_later_plan_may_add_people(session: AsyncSession, day: Day) -> None:
    late = replace(make_specs(day.room, 1)[0], seat_no=10)
    tickets = {**day.publication.tickets, late.registration_id: "202600000099"}
    publication = replace(day.publication, plan_version=2, sittings=(*day.specs, late), tickets=tickets)
    added = await actions.admit(session, day.officer, publication=publication, now=NOW)
    assert (added.sittings, added.unchanged) == (1, 6)


async def test_an_empty_publication_changes_nothing(session: AsyncSession, day: Day) -> None:
    empty = make_publication(new_id(), [], [])
    added = await actions.admit(session, day.officer, publication=empty, now=NOW)
    assert (added.sessions, added.sittings, added.duties, added.unchanged) == (0, 0, 0, 0)


async def test_a_contradiction_refuses_the_whole_plan(session: AsyncSession, day: Day) -> None:
    room = make_room(day.scheme, day.batch_id, minutes(300))
    specs = make_specs(room, 2)
    specs[1] = replace(specs[1], seat_no=1)
    with pytest.raises(PublicationInvalid) as refused:
        await actions.admit(session, day.officer, publication=make_publication(day.batch_id, [room], specs), now=NOW)
    assert [problem.code for problem in refused.value.problems] == ["seat_twice"]
    assert await queries.room_sessions(session, ids=[room.id]) == []


@pytest.mark.parametrize("clash", ["candidate", "room", "staff"])
async def test_the_database_refuses_two_places_at_once(session: AsyncSession, day: Day, clash: str) -> None:
    room = make_room(day.scheme, new_id(), minutes(30))
    specs = make_specs(room, 1)
    duties = []
    if clash == "candidate":
        specs = [replace(specs[0], person_id=day.specs[0].person_id)]
    elif clash == "room":
        room = replace(room, room_id=day.room.room_id)
    else:
        duties = [make_duty(room, day.invigilator, Duty.INVIGILATOR)]
    publication = make_publication(room.batch_id, [room], specs, duties)
    with pytest.raises(PublicationClash):
        await actions.admit(session, day.officer, publication=publication, now=NOW)
    assert await queries.room_sessions(session, batch_id=room.batch_id) == []


async def test_back_to_back_is_no_overlap(session: AsyncSession, day: Day) -> None:
    room = replace(make_room(day.scheme, new_id(), day.room.ends_at), room_id=day.room.room_id)
    specs = [replace(make_specs(room, 1)[0], person_id=day.specs[0].person_id)]
    duties = [make_duty(room, day.invigilator, Duty.INVIGILATOR)]
    publication = make_publication(room.batch_id, [room], specs, duties)
    assert (await actions.admit(session, day.officer, publication=publication, now=NOW)).sittings == 1


async def test_only_officers_publish(session: AsyncSession, day: Day) -> None:
    with pytest.raises(Forbidden):
        await actions.admit(session, day.invigilator, publication=day.publication, now=NOW)


async def test_five_thousand_are_admitted_in_one_go(session: AsyncSession, day: Day) -> None:
    rooms = [make_room(day.scheme, day.batch_id, minutes(600)) for _ in range(200)]
    specs = [spec for room in rooms for spec in make_specs(room, 25)]
    publication = make_publication(day.batch_id, rooms, specs)
    assert (await actions.admit(session, day.officer, publication=publication, now=NOW)).sittings == 5000
    assert await queries.invariants(session) == []


# ---------------------------------------------------------------- the door


async def test_check_in_records_the_moment_and_the_minutes_late(session: AsyncSession, day: Day) -> None:
    await opened(session, day)
    early = await actions.check_in(session, day.invigilator, sitting_id=day.ids[0], now=minutes(-20))
    late = await actions.admit_late(session, day.invigilator, sitting_id=day.ids[1], reason="堵车", now=minutes(12))
    assert (early.status, early.late_minutes, early.checked_in_at) == (S.CHECKED_IN, 0, minutes(-20))
    assert (late.status, late.late_minutes, late.ends_at) == (S.CHECKED_IN, 12, day.room.ends_at)
    with pytest.raises(EntryTooLate):
        await actions.check_in(session, day.invigilator, sitting_id=day.ids[2], now=minutes(15.1))
    with pytest.raises(NotLate):
        await actions.admit_late(session, day.invigilator, sitting_id=day.ids[2], now=minutes(-1))
    assert await queries.sitting(session, day.ids[1]) == late


async def test_checking_in_twice_is_once(session: AsyncSession, day: Day) -> None:
    await opened(session, day)
    first = await actions.check_in(session, day.invigilator, sitting_id=day.ids[0], now=minutes(-20))
    second = await actions.check_in(session, day.invigilator, sitting_id=day.ids[0], now=minutes(-10))
    assert first == second
    assert await records(session, "sittings.check_in") == 1


async def test_nobody_and_nothing_unknown_is_checked_in(session: AsyncSession, day: Day) -> None:
    await opened(session, day)
    assert await actions.check_in_many(session, day.invigilator, sitting_ids=[], now=minutes(-5)) == []
    with pytest.raises(NotFound):
        await actions.check_in(session, day.invigilator, sitting_id=uuid4(), now=minutes(-5))
    with pytest.raises(Invalid):
        await actions.check_in(session, day.invigilator, sitting_id=day.ids[0], method="guess", now=minutes(-5))


async def test_a_closed_door_admits_nobody(session: AsyncSession, day: Day) -> None:
    with pytest.raises(RoomNotOpen):
        await actions.check_in(session, day.invigilator, sitting_id=day.ids[0], now=minutes(-20))


async def test_one_refusal_in_a_list_changes_nobody(session: AsyncSession, day: Day) -> None:
    await opened(session, day)
    times = {day.ids[1]: minutes(16)}
    with pytest.raises(EntryTooLate):
        await actions.check_in_many(session, day.invigilator, sitting_ids=day.ids, times=times, now=minutes(20))
    assert await statuses(session, day) == [S.SCHEDULED] * 3


async def test_absence_is_a_fact_only_after_the_late_limit(session: AsyncSession, day: Day) -> None:
    await opened(session, day)
    with pytest.raises(AbsenceTooEarly):
        await actions.mark_absent(session, day.invigilator, sitting_id=day.ids[0], now=minutes(15))
    absent = await actions.mark_absent(session, day.invigilator, sitting_id=day.ids[0], now=minutes(15.1))
    assert (absent.status, absent.absent_at) == (S.ABSENT, minutes(15.1))
    with pytest.raises(StatusRefused):
        await actions.check_in(session, day.invigilator, sitting_id=day.ids[0], now=minutes(14))


async def test_a_mistaken_tap_is_taken_back_with_its_reason(session: AsyncSession, day: Day) -> None:
    await opened(session, day)
    await actions.check_in(session, day.invigilator, sitting_id=day.ids[0], now=minutes(-5))
    with pytest.raises(ReasonMissing):
        await actions.correct(session, day.invigilator, sitting_id=day.ids[0], reason=" ", now=minutes(-4))
    back = await actions.correct(session, day.invigilator, sitting_id=day.ids[0], reason="点错人", now=minutes(-4))
    assert (back.status, back.checked_in_at) == (S.SCHEDULED, None)
    await actions.mark_absent(session, day.invigilator, sitting_id=day.ids[1], now=minutes(16))
    with pytest.raises(HeadNeeded):
        await actions.correct(session, day.invigilator, sitting_id=day.ids[1], reason="在场", now=minutes(17))
    present = await actions.correct(session, day.head, sitting_id=day.ids[1], reason="在场", now=minutes(17))
    assert (present.status, present.absent_at, present.late_minutes) == (S.CHECKED_IN, None, 0)


# ---------------------------------------------------------------- who may act


async def test_a_role_without_the_duty_opens_no_room(session: AsyncSession, day: Day) -> None:
    stranger = person(Role.INVIGILATOR)
    with pytest.raises(NotOnDuty):
        await actions.open_room(session, stranger, room_session_id=day.room.id, now=minutes(-30))
    other_head = person(Role.SITE_HEAD, Scope("site", str(uuid4())))
    with pytest.raises(NotOnDuty):
        await actions.open_room(session, other_head, room_session_id=day.room.id, now=minutes(-30))


async def test_a_room_that_waits_for_its_paper_opens_when_it_is_there(session: AsyncSession, day: Day) -> None:
    await session.execute(text("UPDATE exam.room_sessions SET awaits_paper = 'C'"))
    with pytest.raises(PaperAwaited):
        await actions.open_room(session, day.invigilator, room_session_id=day.room.id, now=minutes(-30))
    ready: dict[str, Any] = {"batch_id": day.room.batch_id, "component_id": day.room.component_id, "now": minutes(-40)}
    assert await actions.paper_ready(session, SYSTEM, version="B", **ready) == []
    assert [one.id for one in await queries.room_sessions(session, awaiting_paper=True)] == [day.room.id]
    assert await actions.paper_ready(session, SYSTEM, version="C", **ready) == [day.room.id]
    assert await queries.room_sessions(session, awaiting_paper=True) == []
    await opened(session, day)
    with pytest.raises(IntegrityError):
        await session.execute(text("UPDATE exam.room_sessions SET awaits_paper = 'C'"))


@pytest.mark.parametrize("at", [-91, 181])
async def test_a_duty_outside_its_window_opens_no_room(session: AsyncSession, day: Day, at: float) -> None:
    with pytest.raises(NotOnDuty):
        await actions.open_room(session, day.invigilator, room_session_id=day.room.id, now=minutes(at))


async def test_the_head_of_the_site_and_the_system_may_act(session: AsyncSession, day: Day) -> None:
    await actions.open_room(session, day.head, room_session_id=day.room.id, now=minutes(-30))
    assert (await actions.check_in(session, SYSTEM, sitting_id=day.ids[0], now=minutes(-5))).status is S.CHECKED_IN


async def test_an_assessor_starts_work_but_does_not_check_identities(session: AsyncSession, written: Day) -> None:
    await opened(session, written)
    with pytest.raises(NotOnDuty):
        await actions.check_in(session, written.assessor, sitting_id=written.ids[0], now=minutes(-5))
    await actions.check_in(session, written.invigilator, sitting_id=written.ids[0], now=minutes(-5))
    begun = await actions.begin(session, written.assessor, sitting_id=written.ids[0], now=minutes(0))
    assert begun.status is S.STARTED


async def test_a_candidate_begins_the_own_exam_only(session: AsyncSession, day: Day) -> None:
    await opened(session, day)
    await actions.check_in_many(session, day.invigilator, sitting_ids=day.ids, now=minutes(-5))
    with pytest.raises(Forbidden):
        await actions.begin(session, day.candidate(1), sitting_id=day.ids[0], now=minutes(0))
    assert (await actions.begin(session, day.candidate(0), sitting_id=day.ids[0], now=minutes(0))).status is S.STARTED


# ---------------------------------------------------------------- work


async def test_a_paper_room_from_the_door_to_the_count(session: AsyncSession, written: Day) -> None:
    day = await opened(session, written)
    here, absent = day.ids[:2], day.ids[2]
    await actions.check_in_many(session, day.invigilator, sitting_ids=here, now=minutes(-5))
    begun = await actions.begin_room(session, day.invigilator, room_session_id=day.room.id, now=minutes(0))
    assert [sitting.status for sitting in begun] == [S.STARTED, S.STARTED]
    with pytest.raises(LeaveTooEarly):
        await actions.finish(session, day.invigilator, sitting_id=here[0], now=minutes(29))
    await actions.finish(session, day.invigilator, sitting_id=here[0], now=minutes(40))
    left = await actions.leave(session, day.invigilator, sitting_id=here[0], now=minutes(41))
    assert (left.finished_at, left.left_at) == (minutes(40), minutes(41))
    with pytest.raises(RoomUndecided):
        await actions.close_room(session, day.invigilator, room_session_id=day.room.id, now=minutes(91))
    await actions.mark_absent(session, day.invigilator, sitting_id=absent, now=minutes(91))
    await actions.collect(session, day.invigilator, room_session_id=day.room.id, now=minutes(91))
    count = await actions.close_room(session, day.invigilator, room_session_id=day.room.id, now=minutes(92))
    assert (count.expected, count.present, count.absent) == (3, 2, 1)
    room = await queries.room_session(session, day.room.id)
    assert (room.status, room.closed_at) == (RoomStatus.CLOSED, minutes(92))
    with pytest.raises(RoomNotOpen):
        await actions.correct(session, day.head, sitting_id=absent, reason="x", now=minutes(93))
    assert await queries.invariants(session) == []


async def _granted(session: AsyncSession, day: Day, measures: str = "extra_time:25") -> None:
    """Fifteen minutes more for the candidate of the first seat."""
    room, own = {"id": day.room.id}, {"id": day.ids[0], "measures": measures}
    await session.execute(
        text("UPDATE exam.room_sessions SET ends_at = ends_at + interval '15 minutes' WHERE id = :id"), room
    )
    await session.execute(
        text(
            "UPDATE exam.sittings SET ends_at = ends_at + interval '15 minutes', granted_minutes = 15, "
            "measures = :measures WHERE id = :id"
        ),
        own,
    )


async def test_a_room_is_collected_as_everybodys_own_time_is_over(session: AsyncSession, written: Day) -> None:
    await _granted(session, written)
    day = await opened(session, written)
    await actions.check_in_many(session, day.invigilator, sitting_ids=day.ids, now=minutes(-5))
    await actions.begin_room(session, day.invigilator, room_session_id=day.room.id, now=minutes(0))
    with pytest.raises(CollectTooEarly):
        await actions.collect(session, day.invigilator, room_session_id=day.room.id, now=minutes(89))
    view = await queries.room_view(session, day.room.id, minutes(90))
    assert (view.step, view.due) == (Step.COLLECT, 2)
    done = await actions.collect(session, day.invigilator, room_session_id=day.room.id, now=minutes(90))
    assert {one.id for one in done} == set(day.ids[1:])
    view = await queries.room_view(session, day.room.id, minutes(91))
    assert (view.step, view.due) == (Step.INVIGILATE, 0)
    [last] = await actions.collect(session, day.invigilator, room_session_id=day.room.id, now=minutes(105))
    assert (last.id, last.finished_at) == (day.ids[0], minutes(105))


async def test_the_room_opens_when_its_door_does(session: AsyncSession, day: Day) -> None:
    with pytest.raises(RoomTooEarly):
        await actions.open_room(session, day.invigilator, room_session_id=day.room.id, now=minutes(-61))
    await opened(session, day)
    await opened(session, day)
    assert await records(session, "sittings.open_room") == 1


async def test_at_computers_the_invigilator_starts_nobody(session: AsyncSession, day: Day) -> None:
    await opened(session, day)
    with pytest.raises(BeginsItself):
        await actions.begin_room(session, day.invigilator, room_session_id=day.room.id, now=minutes(0))


async def test_who_never_began_at_a_computer_is_present_with_nothing(session: AsyncSession, day: Day) -> None:
    await opened(session, day)
    await actions.check_in(session, day.invigilator, sitting_id=day.ids[0], now=minutes(-5))
    [sitting] = await actions.collect(session, day.invigilator, room_session_id=day.room.id, now=minutes(60))
    assert (sitting.status, sitting.started_at) == (S.AUTO_SUBMITTED, None)


async def test_extra_time_needs_a_reason_a_bound_and_a_second_person(session: AsyncSession, written: Day) -> None:
    day = await opened(session, written)
    await actions.check_in(session, day.invigilator, sitting_id=day.ids[0], now=minutes(-5))
    await actions.begin(session, day.invigilator, sitting_id=day.ids[0], now=minutes(0))
    await actions.interrupt(session, day.invigilator, sitting_id=day.ids[0], reason="停电", now=minutes(10))
    wrong: list[tuple[dict[str, Any], type[Exception]]] = [
        ({"second_person": " "}, SecondPersonMissing),
        ({"second_person": day.invigilator.name}, SecondPersonMissing),
        ({"extra_minutes": 121}, ExtraTimeWrong),
        ({"reason": ""}, ReasonMissing),
    ]
    right: dict[str, Any] = {"extra_minutes": 12, "second_person": "监考乙", "reason": "停电"}
    for change, refusal in wrong:
        with pytest.raises(refusal):
            await actions.resume(
                session, day.invigilator, sitting_id=day.ids[0], now=minutes(20), **{**right, **change}
            )
    resumed = await actions.resume(session, day.invigilator, sitting_id=day.ids[0], now=minutes(20), **right)
    assert (resumed.status, resumed.extra_minutes) == (S.STARTED, 12)


async def test_who_is_stopped_stays_stopped(session: AsyncSession, written: Day) -> None:
    day = await opened(session, written)
    await actions.check_in(session, day.invigilator, sitting_id=day.ids[0], now=minutes(-5))
    stopped = await actions.stop(session, day.invigilator, sitting_id=day.ids[0], reason="违反安全规程", now=minutes(5))
    assert (stopped.status, stopped.finished_at) == (S.STOPPED, minutes(5))
    with pytest.raises(StatusRefused):
        await actions.begin(session, day.invigilator, sitting_id=day.ids[0], now=minutes(6))


# ---------------------------------------------------------------- moves


async def test_a_move_keeps_its_reason_and_its_history(session: AsyncSession, day: Day) -> None:
    await opened(session, day)
    moved = await actions.move(
        session, day.invigilator, sitting_id=day.ids[0], seat_no=30, reason="鼠标失灵", now=minutes(-5)
    )
    assert (moved.seat_no, moved.moves_count, moved.starts_at) == (30, 1, day.room.starts_at)
    [kept] = await queries.moves(session, room_session_id=day.room.id)
    assert (kept.from_seat_no, kept.to_seat_no, kept.reason) == (1, 30, "鼠标失灵")
    view = await queries.room_view(session, day.room.id, minutes(-5))
    assert len(view.moves) == 1


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"seat_no": 2}, SeatTaken),
        ({"seat_no": 31}, NoSuchSeat),
        ({"seat_no": 0}, NoSuchSeat),
        ({"reason": ""}, ReasonMissing),
    ],
)
async def test_a_move_is_refused(
    session: AsyncSession, day: Day, change: dict[str, Any], refusal: type[Exception]
) -> None:
    await opened(session, day)
    right: dict[str, Any] = {"seat_no": 20, "reason": "故障"}
    with pytest.raises(refusal):
        await actions.move(session, day.invigilator, sitting_id=day.ids[0], now=minutes(-5), **{**right, **change})
    assert (await queries.sitting(session, day.ids[0])).seat_no == 1


async def test_another_room_needs_the_head_or_the_officer_and_the_same_part(session: AsyncSession, day: Day) -> None:
    await opened(session, day)
    site = {"site_id": day.room.site_id, "site_code": day.room.site_code}
    second = replace(make_room(day.scheme, day.batch_id, START), **site)  # type: ignore[arg-type]
    other = make_room(day.scheme, day.batch_id, minutes(200), component=1)
    await actions.admit(session, day.officer, publication=make_publication(day.batch_id, [second, other], []), now=NOW)
    target: dict[str, Any] = {"sitting_id": day.ids[0], "seat_no": 1, "reason": "机房断网", "now": minutes(-5)}
    with pytest.raises(Forbidden):
        await actions.move(session, day.invigilator, room_session_id=second.id, **target)
    with pytest.raises(OtherPart):
        await actions.move(session, day.officer, room_session_id=other.id, **target)
    moved = await actions.move(session, day.head, room_session_id=second.id, **target)
    assert moved.room_session_id == second.id
    await actions.check_in(session, day.invigilator, sitting_id=day.ids[1], now=minutes(-5))
    with pytest.raises(OtherPart):  # the new room is not open yet, and the candidate is already seated
        await actions.move(
            session, day.head, room_session_id=second.id, **{**target, "sitting_id": day.ids[1], "seat_no": 2}
        )


async def test_at_another_time_another_paper_is_sat(session: AsyncSession, day: Day) -> None:
    """H9: who comes to a session at another start sits the paper of those who are there; at the same start the own one."""
    site = {"site_id": day.room.site_id, "site_code": day.room.site_code}
    beside, later = (
        replace(make_room(day.scheme, day.batch_id, minutes(n)), **site)  # type: ignore[arg-type]
        for n in (0, 200)
    )
    others = [replace(make_specs(room, 1)[0], paper_version="B") for room in (beside, later)]
    await actions.admit(
        session, day.officer, publication=make_publication(day.batch_id, [beside, later], others), now=NOW
    )
    target: dict[str, Any] = {"seat_no": 2, "reason": "机房断网", "now": minutes(-45)}
    near = await actions.move(session, day.officer, sitting_id=day.ids[0], room_session_id=beside.id, **target)
    far = await actions.move(session, day.officer, sitting_id=day.ids[1], room_session_id=later.id, **target)
    assert (near.paper_version, far.paper_version) == ("A", "B")
    assert (await queries.sitting(session, day.ids[1])).paper_version == "B"


async def test_a_move_keeps_what_is_granted(session: AsyncSession, day: Day) -> None:
    await opened(session, day)
    site = {"site_id": day.room.site_id, "site_code": day.room.site_code}
    second = replace(make_room(day.scheme, day.batch_id, START), **site)  # type: ignore[arg-type]
    await actions.admit(session, day.officer, publication=make_publication(day.batch_id, [second], []), now=NOW)
    target: dict[str, Any] = {"seat_no": 1, "reason": "机房断网", "now": minutes(-5), "room_session_id": second.id}
    await _granted(session, day, "extra_time:25+own_room")
    with pytest.raises(ExtraTimeLost):
        await actions.move(session, day.head, sitting_id=day.ids[0], **target)
    await session.execute(text("UPDATE exam.room_sessions SET ends_at = ends_at + interval '1 hour'"))
    moved = await actions.move(session, day.head, sitting_id=day.ids[0], **target)
    assert (moved.ends_at - moved.starts_at, moved.granted_minutes) == (timedelta(minutes=75), 15)
    with pytest.raises(OwnRoomLost):  # somebody is alone there
        await actions.move(session, day.head, sitting_id=day.ids[1], **{**target, "seat_no": 2})
    back: dict[str, Any] = {**target, "room_session_id": day.room.id, "seat_no": 9}
    with pytest.raises(OwnRoomLost):  # and would not be alone here
        await actions.move(session, day.head, sitting_id=day.ids[0], **back)


async def test_who_has_handed_in_keeps_the_seat(session: AsyncSession, written: Day) -> None:
    day = await opened(session, written)
    await actions.mark_absent(session, day.invigilator, sitting_id=day.ids[0], now=minutes(31))
    with pytest.raises(NotMovable):
        await actions.move(session, day.invigilator, sitting_id=day.ids[0], seat_no=9, reason="x", now=minutes(32))


# ---------------------------------------------------------------- incidents


async def handed_in(session: AsyncSession, written: Day) -> Day:
    day = await opened(session, written)
    await actions.check_in_many(session, day.invigilator, sitting_ids=day.ids, now=minutes(-5))
    await actions.begin_room(session, day.invigilator, room_session_id=day.room.id, now=minutes(0))
    return day


async def reported(session: AsyncSession, day: Day, **changes: Any) -> Any:
    values: dict[str, Any] = {"code": "C4", "facts": "10:20 在座位使用手机", "signed": True, **changes}
    return await actions.report_incident(session, day.invigilator, sitting_id=day.ids[0], now=minutes(20), **values)


@pytest.mark.parametrize(
    ("effect", "voided", "parts"),
    [(Effect.PART_VOID, True, 1), (Effect.ALL_VOID, True, 1), (Effect.RECORD_KEPT, False, 0)],
)
async def test_an_incident_from_the_room_to_the_marks(
    session: AsyncSession, written: Day, effect: Effect, voided: bool, parts: int
) -> None:
    day = await handed_in(session, written)
    incident = await reported(session, day)
    assert (incident.number, incident.status) == (1, IncidentStatus.RECORDED)
    assert await queries.void_parts(session, day.batch_id) == []
    await actions.confirm_incident(session, day.head, incident_id=incident.id, now=minutes(30))
    await actions.finish_many(session, day.invigilator, sitting_ids=day.ids, now=minutes(90))
    until = minutes(60 * 72)
    await actions.decide_incident(
        session, day.officer, incident_id=incident.id, effect=effect, basis="考务规定第 12 条", decision="成绩无效",
        objection_until=until, now=minutes(200),
    )  # fmt: skip
    assert await queries.void_parts(session, day.batch_id) == []
    with pytest.raises(ObjectionOpen):
        await actions.conclude_incident(session, day.officer, incident_id=incident.id, now=minutes(300))
    final = await actions.conclude_incident(
        session, day.officer, incident_id=incident.id, waived=True, now=minutes(300)
    )
    assert final.status is IncidentStatus.FINAL
    assert ((await queries.sitting(session, day.ids[0])).status is S.VOIDED) is voided
    assert (await queries.sitting(session, day.ids[1])).status is S.SUBMITTED
    void = await queries.void_parts(session, day.batch_id)
    component = day.room.component_id if effect is Effect.PART_VOID else None
    assert void == [VoidPart(day.specs[0].registration_id, component, incident.id)] * parts
    assert await queries.invariants(session) == []


async def test_a_refusal_to_sign_needs_two_witnesses(session: AsyncSession, written: Day) -> None:
    day = await handed_in(session, written)
    with pytest.raises(WitnessesMissing):
        await reported(session, day, signed=False, witnesses=["监考乙"])
    assert (await reported(session, day, signed=False, witnesses=["监考乙", "监考丙"])).witnesses == (
        "监考乙",
        "监考丙",
    )


async def test_who_reports_does_not_decide(session: AsyncSession, written: Day) -> None:
    day = await handed_in(session, written)
    incident = await actions.report_incident(
        session, day.head, sitting_id=day.ids[0], code="D4", facts="交头接耳", signed=True, now=minutes(20)
    )
    with pytest.raises(SamePerson):
        await actions.confirm_incident(session, day.head, incident_id=incident.id, now=minutes(30))
    with pytest.raises(Forbidden):
        await actions.decide_incident(
            session,
            day.invigilator,
            incident_id=incident.id,
            effect=Effect.PART_VOID,
            basis="x",
            decision="x",
            now=minutes(30),
        )


async def test_incident_numbers_run_without_gaps(session: AsyncSession, written: Day) -> None:
    day = await handed_in(session, written)
    assert [(await reported(session, day)).number for _ in range(3)] == [1, 2, 3]


async def test_a_dismissed_incident_voids_nothing(session: AsyncSession, written: Day) -> None:
    day = await handed_in(session, written)
    incident = await reported(session, day)
    await actions.dismiss_incident(session, day.officer, incident_id=incident.id, reason="误认", now=minutes(100))
    assert await queries.void_parts(session, day.batch_id) == []


async def test_no_incidents_void_nothing(session: AsyncSession) -> None:
    assert await queries.void_parts(session, uuid4()) == []


# ---------------------------------------------------------------- two people at once


async def at_once(db: Database, calls: Sequence[Any]) -> list[Any]:
    """Run each call in its own committed transaction, all at the same time."""

    async def one(call: Any) -> Any:
        async with db.transaction() as session:
            return await call(session)

    return await asyncio.gather(*(one(call) for call in calls), return_exceptions=True)


async def committed_day(db: Database, **changes: Any) -> Day:
    async with db.transaction() as session:
        return await opened(session, await make_day(session, START, **changes))


async def test_two_invigilators_check_the_same_candidate_in_once(db: Database) -> None:
    day = await committed_day(db)

    async def check(session: AsyncSession) -> Any:
        return await actions.check_in(session, day.invigilator, sitting_id=day.ids[0], now=minutes(-5))

    results = await at_once(db, [check] * 5)
    assert {result.status for result in results} == {S.CHECKED_IN}
    async with db.transaction() as session:
        assert await records(session, "sittings.check_in") == 1
        assert await audit.verify(session) == []


async def test_two_candidates_never_get_one_seat(db: Database) -> None:
    day = await committed_day(db)

    def mover(index: int) -> Any:
        async def run(session: AsyncSession) -> Any:
            return await actions.move(
                session, day.invigilator, sitting_id=day.ids[index], seat_no=25, reason="故障", now=minutes(-5)
            )

        return run

    results = await at_once(db, [mover(0), mover(1), mover(2)])
    assert sum(isinstance(result, SeatTaken) for result in results) == 2
    async with db.transaction() as session:
        assert [s.seat_no for s in await queries.sittings(session, batch_id=day.batch_id)].count(25) == 1


async def test_a_room_does_not_close_over_a_check_in(db: Database) -> None:
    day = await committed_day(db, count=1)

    async def absent(session: AsyncSession) -> Any:
        return await actions.mark_absent(session, day.invigilator, sitting_id=day.ids[0], now=minutes(16))

    async def close(session: AsyncSession) -> Any:
        return await actions.close_room(session, day.invigilator, room_session_id=day.room.id, now=minutes(61))

    await at_once(db, [absent, close, close])
    async with db.transaction() as session:
        assert await queries.invariants(session) == []


async def test_what_python_forgets_the_database_refuses(session: AsyncSession, day: Day) -> None:
    wrong = [
        "UPDATE exam.sittings SET seat_no = 1",
        "UPDATE exam.sittings SET status = 'lost'",
        "UPDATE exam.sittings SET status = 'absent'",
        "UPDATE exam.sittings SET ends_at = starts_at",
        "UPDATE exam.room_sessions SET status = 'closed', expected = 3, present = 1, absent = 1",
    ]
    for statement in wrong:
        with pytest.raises(IntegrityError):
            async with session.begin_nested():
                await session.execute(text(statement))
