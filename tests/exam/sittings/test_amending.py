"""Attendance corrected after the session with its reason, and candidates without a seat who cannot be overlooked."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from exam.kernel.errors import Forbidden
from exam.kernel.ids import new_id
from exam.kernel.services import Services
from exam.sittings import actions, queries
from exam.sittings.actions.amending import (
    NotAmendable,
    NothingWritten,
    StillOpen,
    WorkExists,
    amend_attendance,
)
from exam.sittings.actions.attendance import ReasonMissing
from exam.sittings.queries.amendments import amendments
from exam.sittings.queries.unseated import unseated, unseated_count
from exam.sittings.rules import SittingStatus
from tests.conftest import NOW
from tests.exam.day import Day, make_day
from tests.exam.examroom import make_examroom

START = NOW + timedelta(hours=1)
S = SittingStatus


def at(n: float) -> datetime:
    return START + timedelta(minutes=n)


async def closed(session: AsyncSession, component: int) -> Day:
    """A closed room: two were there, the third was absent."""
    day = await make_day(session, START, component=component, paper=False)
    await actions.open_room(session, day.invigilator, room_session_id=day.room.id, now=at(-30))
    await actions.check_in_many(session, day.invigilator, sitting_ids=day.ids[:2], now=at(-5))
    await actions.begin_many(session, day.invigilator, sitting_ids=day.ids[: 2 - (component == 0)], now=at(0))
    await actions.mark_absent(session, day.invigilator, sitting_id=day.ids[2], now=at(31))
    ids = day.ids[:2]
    if component == 0:  # one began at a computer, one never did
        await actions.finish(session, day.invigilator, sitting_id=ids[0], now=at(60))
    await actions.collect(session, day.invigilator, room_session_id=day.room.id, now=at(90))
    await actions.close_room(session, day.invigilator, room_session_id=day.room.id, now=at(92))
    return day


async def test_who_was_there_becomes_present_in_a_closed_room(session: AsyncSession) -> None:
    day = await closed(session, 1)
    after = await amend_attendance(
        session, day.officer, sitting_id=day.ids[2], present=True, reason="漏登，签到表有签名", now=at(300)
    )
    assert (after.status, after.started_at, after.finished_at, after.absent_at) == (S.SUBMITTED, at(0), at(90), None)
    [kept] = await amendments(session, day.ids[2])
    assert (kept.from_status, kept.to_status, kept.reason, kept.by_name) == (
        S.ABSENT, S.SUBMITTED, "漏登，签到表有签名", "考务甲",
    )  # fmt: skip
    counts = await session.execute(text("SELECT expected, present, absent FROM exam.room_sessions"))
    assert tuple(counts.one()) == (3, 3, 0)
    assert await queries.invariants(session) == []
    with pytest.raises(IntegrityError, match="append-only"):
        async with session.begin_nested():
            await session.execute(text("UPDATE exam.attendance_amendments SET reason = 'x'"))


async def test_who_was_not_there_becomes_absent(session: AsyncSession) -> None:
    day = await closed(session, 1)
    after = await amend_attendance(
        session, day.head, sitting_id=day.ids[0], present=False, reason="点错人", now=at(300)
    )
    assert (after.status, after.absent_at, after.started_at, after.finished_at) == (S.ABSENT, at(300), None, None)
    assert await queries.invariants(session) == []


async def test_a_correction_has_a_reason_a_right_and_a_time(session: AsyncSession) -> None:
    day = await closed(session, 1)
    with pytest.raises(ReasonMissing):
        await amend_attendance(session, day.officer, sitting_id=day.ids[2], present=True, reason=" ", now=at(300))
    with pytest.raises(Forbidden):
        await amend_attendance(session, day.invigilator, sitting_id=day.ids[2], present=True, reason="x", now=at(300))
    with pytest.raises(NotAmendable):
        await amend_attendance(session, day.officer, sitting_id=day.ids[0], present=True, reason="x", now=at(300))
    await session.execute(text("UPDATE exam.room_sessions SET status = 'open'"))
    with pytest.raises(StillOpen):
        await amend_attendance(session, day.officer, sitting_id=day.ids[2], present=True, reason="x", now=at(80))


async def test_at_a_computer_work_decides_who_was_there(session: AsyncSession) -> None:
    day = await closed(session, 0)
    with pytest.raises(NothingWritten):
        await amend_attendance(session, day.officer, sitting_id=day.ids[2], present=True, reason="x", now=at(300))
    with pytest.raises(WorkExists):
        await amend_attendance(session, day.officer, sitting_id=day.ids[0], present=False, reason="x", now=at(300))
    after = await amend_attendance(session, day.officer, sitting_id=day.ids[1], present=False, reason="x", now=at(300))
    assert after.status is S.ABSENT


async def test_candidates_without_a_seat_are_named_with_what_they_lack(services: Services) -> None:
    room = await make_examroom(services, START, count=2)
    theory, written = room.world.web.components
    async with services.db.transaction() as session:
        batch = [room.world.batch.id]
        assert await unseated(session, batch) == []  # nobody is confirmed yet
        await session.execute(text("UPDATE exam.registrations SET status = 'confirmed', consent_at = now()"))
        assert {one.person.id for one in await unseated(session, batch)} == {one.id for one in room.people}
        assert await unseated_count(session, batch, component_id=theory.id) == 0
        await session.execute(text("DELETE FROM exam.sittings WHERE id = :id"), {"id": room.ids[0]})
        found = await unseated(session, batch, component_id=theory.id)
        assert [(one.person.id, [part.id for part in one.parts]) for one in found] == [(room.people[0].id, [theory.id])]
        spare = "INSERT INTO exam.exemptions VALUES (:id, :part, '免试', '证书', NULL, now())"
        await session.execute(text(spare), {"id": room.people[0].id, "part": theory.id})
        assert await unseated_count(session, batch, component_id=theory.id) == 0
        assert await unseated_count(session, batch, component_id=written.id, prefecture_code="000000") == 0
        assert await unseated_count(session, [new_id()]) == 0
        assert await unseated(session, []) == []
