"""What the pages and the first pages read: rooms by day, who sees what, needs, and the named invariants."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import SYSTEM, Role, Scope
from exam.kernel.errors import NotFound
from exam.sittings import actions, queries
from exam.sittings.actions import minutes as keeping
from exam.sittings.queries import desk
from exam.sittings.queries.desk import Row
from exam.sittings.rules import SittingStatus, Step
from exam.sittings.rules.minutes import plan_of
from tests.conftest import NOW
from tests.exam.day import Day, make_day, person

START = NOW + timedelta(hours=1)
DAY = date(2026, 5, 16)


def minutes(n: float) -> datetime:
    return START + timedelta(minutes=n)


@pytest.fixture
async def day(session: AsyncSession) -> Day:
    return await make_day(session, START)


async def test_rooms_are_shown_by_day_the_nearest_first(session: AsyncSession, day: Day) -> None:
    for now in (START - timedelta(days=30), START, START + timedelta(days=300)):
        shown = await desk.room_day(session, day.invigilator, None, now)
        assert (shown.days, shown.day, [line.room.id for line in shown.lines]) == ((DAY,), DAY, [day.room.id])
    assert (await desk.room_day(session, day.head, date(1999, 1, 1), START)).day == DAY
    empty = await desk.room_day(session, person(Role.INVIGILATOR), None, START)
    assert (empty.days, empty.day, empty.lines) == ((), None, ())


async def test_a_room_is_read_by_its_duties_its_site_and_nobody_else(session: AsyncSession, day: Day) -> None:
    for actor in (day.invigilator, day.head, day.assessor):
        assert (await desk.require_readable(session, actor, day.room.id)).id == day.room.id
    for stranger in (person(Role.INVIGILATOR), person(Role.SITE_HEAD, Scope("site", str(uuid4())))):
        with pytest.raises(NotFound):
            await desk.require_readable(session, stranger, day.room.id)
    with pytest.raises(NotFound):
        await desk.require_readable(session, day.head, uuid4())


async def test_whoever_oversees_the_province_sees_counts_and_no_names(session: AsyncSession, day: Day) -> None:
    province = person(Role.PROVINCE, Scope("province", "42"))
    school = person(Role.INSTITUTION, Scope("institution", str(uuid4())))
    room = await desk.require_readable(session, province, day.room.id)
    assert not await desk.may_see_people(session, province, room, START)
    with pytest.raises(NotFound):
        await desk.require_readable(session, school, day.room.id)


async def test_people_are_shown_in_the_duty_window_only(session: AsyncSession, day: Day) -> None:
    room = await queries.room_session(session, day.room.id)
    await desk.require_people(session, day.invigilator, room, minutes(-90))
    await desk.require_people(session, day.head, room, minutes(-6000))
    for at in (-91, 181):
        with pytest.raises(NotFound):
            await desk.require_people(session, day.invigilator, room, minutes(at))


async def test_a_room_view_counts_and_names_its_next_step(session: AsyncSession, day: Day) -> None:
    await actions.open_room(session, day.invigilator, room_session_id=day.room.id, now=minutes(-30))
    await actions.check_in(session, day.invigilator, sitting_id=day.ids[0], now=minutes(3))
    found = await desk.room_desk(session, day.room.id, minutes(20))
    assert found.view.step is Step.MARK_ABSENT
    assert (found.view.count.present, found.view.count.undecided) == (1, 2)
    assert [row.sitting.id for row in found.late] == [day.ids[0]]
    assert [row.sitting.seat_no for row in found.by(SittingStatus.SCHEDULED)] == [2, 3]
    assert found.free_seats == tuple(range(4, 31))
    assert (await desk.candidate_desk(session, day.ids[1], minutes(20))).row.sitting.seat_no == 2


async def test_a_search_finds_seat_and_ticket(session: AsyncSession, day: Day) -> None:
    rows = (await desk.room_desk(session, day.room.id, START)).rows
    ticket = day.tickets[day.specs[1].registration_id]

    def found(words: str) -> list[int]:
        return [row.sitting.seat_no for row in rows if Row.found_by(row, words)]

    assert found("") == [1, 2, 3]
    assert found(ticket) == [2]
    assert found("03") == [3]
    assert found("没有这个人") == []


async def test_needs_say_what_the_day_wants(session: AsyncSession, day: Day) -> None:
    assert await queries.needs(session, SYSTEM, START) == []
    [room] = await queries.needs(session, day.invigilator, minutes(-60))
    assert (room.count, room.tone, room.due) == (3, "needs", START)
    assert await queries.needs(session, day.invigilator, START - timedelta(days=2)) == []
    await actions.open_room(session, day.invigilator, room_session_id=day.room.id, now=minutes(-30))
    [late] = await queries.needs(session, day.invigilator, minutes(20))
    assert late.tone == "warning"
    [unclosed] = [need for need in await queries.needs(session, day.head, minutes(61)) if need.tone == "warning"]
    assert unclosed.count == 1
    [mine] = await queries.needs(session, day.candidate(0), minutes(-60))
    assert (mine.count, mine.due) == (1, START)
    assert await queries.needs(session, day.candidate(0), minutes(61)) == []


async def test_a_closed_room_asks_for_what_stands_on_paper(session: AsyncSession, day: Day) -> None:
    await actions.open_room(session, day.invigilator, room_session_id=day.room.id, now=minutes(-30))
    await actions.mark_absent_many(session, day.invigilator, sitting_ids=day.ids, now=minutes(20))
    await actions.close_room(session, day.invigilator, room_session_id=day.room.id, now=minutes(61))
    [need] = await queries.needs(session, day.head, minutes(70))
    assert (need.count, need.href) == (1, f"/exam/sittings/rooms/{day.room.id}#plan")
    assert await queries.needs(session, day.head, minutes(60 * 50)) == []
    written = keeping.Written(minutes(0), "监考甲", "主考甲", {"submitted": 0, "absent": 3})
    for step in plan_of(day.room):
        if step.act is None:
            told = replace(written, counts=written.counts if step.counts else {})
            await keeping.key_in_step(
                session, day.head, room_session_id=day.room.id, step=step.key, written=told, now=minutes(70)
            )
    assert await queries.needs(session, day.head, minutes(71)) == []


async def test_papers_by_one_person_would_show(session: AsyncSession, day: Day) -> None:
    await actions.open_room(session, day.invigilator, room_session_id=day.room.id, now=minutes(-30))
    await keeping.record_step(session, day.invigilator, room_session_id=day.room.id, step="unseal", now=minutes(-10))
    await session.execute(text("ALTER TABLE exam.room_steps DROP CONSTRAINT ck_room_steps_two_people"))
    await session.execute(text("ALTER TABLE exam.room_steps DISABLE TRIGGER ALL"))
    assert await queries.invariants(session) == []
    await session.execute(text("UPDATE exam.room_steps SET state = 'done'"))
    [failure] = await queries.invariants(session)
    assert failure.startswith("sittings.papers_by_one_person")


async def test_an_empty_system_has_no_invariant_to_break(session: AsyncSession) -> None:
    assert await queries.invariants(session) == []


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("UPDATE exam.sittings SET ends_at = ends_at + interval '1 hour' WHERE seat_no = 1", "outside_room_time"),
        ("UPDATE exam.room_sessions SET seats_count = 2", "room_overfull"),
        ("UPDATE exam.sittings SET status = 'checked_in', checked_in_at = starts_at WHERE seat_no = 1", "present_without_open_room"),
        ("UPDATE exam.sittings SET status = 'absent', absent_at = starts_at WHERE seat_no = 1", "absent_too_early"),
        ("UPDATE exam.room_sessions SET status = 'closed', expected = 1, present = 1, absent = 0", "counts_unbalanced"),
        ("UPDATE exam.room_sessions SET status = 'closed', expected = 3, present = 3, absent = 0", "undecided_in_closed_room"),
    ],
)  # fmt: skip
async def test_each_broken_invariant_is_named(session: AsyncSession, day: Day, statement: str, name: str) -> None:
    assert await queries.invariants(session) == []
    await session.execute(text(statement))
    assert name in {failure.split(":")[0].removeprefix("sittings.") for failure in await queries.invariants(session)}


@pytest.mark.parametrize(
    ("constraint", "table", "statement", "name"),
    [
        ("ex_sittings_person", "sittings", "UPDATE exam.sittings SET person_id = '00000000-0000-0000-0000-000000000001'", "candidate_overlap"),
        ("uq_sittings_room_session_id_seat_no", "sittings", "UPDATE exam.sittings SET seat_no = 1", "seat_twice"),
    ],
)  # fmt: skip
async def test_a_dropped_constraint_would_show(
    session: AsyncSession, day: Day, constraint: str, table: str, statement: str, name: str
) -> None:
    await session.execute(text(f"ALTER TABLE exam.{table} DROP CONSTRAINT {constraint}"))
    await session.execute(text(statement))
    assert name in {failure.split(":")[0].removeprefix("sittings.") for failure in await queries.invariants(session)}
