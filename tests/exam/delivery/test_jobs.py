"""The worker's clock: everybody whose time has passed is handed in, in portions, and only they."""

from datetime import timedelta

import pytest

from exam.accounts.rules import SYSTEM
from exam.delivery import actions, jobs, queries
from exam.delivery.rules import HandIn
from exam.kernel.clock import FixedClock
from exam.kernel.services import Services
from exam.sittings import actions as sittings
from tests.conftest import NOW
from tests.exam.day import Day, make_day

START = NOW + timedelta(hours=1)


async def writing(services: Services) -> Day:
    """Five candidates at work."""
    async with services.db.transaction() as session:
        day = await make_day(session, START, count=5)
        await sittings.open_room(session, day.invigilator, room_session_id=day.room.id, now=START)
        await sittings.check_in_many(session, day.invigilator, sitting_ids=day.ids, now=START)
        await actions.start_many(session, SYSTEM, sitting_ids=day.ids, now=START)
    return day


async def test_everybody_due_is_handed_in_in_portions(
    services: Services, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "MOST_AT_ONCE", 2)
    day = await writing(services)
    clock.at = START + timedelta(minutes=59)
    await jobs.submit_due(services, {})
    async with services.db.transaction() as session:
        assert {one.hand_in for one in await queries.responses(session, day.ids)} == {None}
    clock.at = START + timedelta(minutes=61)
    await jobs.submit_due(services, {})
    async with services.db.transaction() as session:
        assert {one.hand_in for one in await queries.responses(session, day.ids)} == {HandIn.TIME_UP}
        assert await queries.invariants(session) == []


async def test_nobody_due_is_nothing(services: Services) -> None:
    await jobs.submit_due(services, {})


async def test_one_that_cannot_be_handed_in_keeps_nobody_waiting(services: Services, clock: FixedClock) -> None:
    day = await writing(services)
    async with services.db.transaction() as session:
        await sittings.interrupt(session, day.invigilator, sitting_id=day.ids[0], reason="停电", now=START)
    clock.at = START + timedelta(minutes=61)
    await jobs.submit_due(services, {})
    async with services.db.transaction() as session:
        found = [one.hand_in for one in await queries.responses(session, day.ids)]
    assert found == [None, *[HandIn.TIME_UP] * 4]


def test_the_job_is_started_by_the_clock() -> None:
    assert set(jobs.SCHEDULES) == set(jobs.JOBS)
