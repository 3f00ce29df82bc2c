"""Stations by lot that anyone can compute again, stations out of order, attempts taken again, and the rotation clock."""

import hashlib
import hmac
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts import actions as accounts
from exam.accounts.rules import SYSTEM, Actor, Grant, Role
from exam.sittings import actions, queries
from exam.sittings.actions import stations
from exam.sittings.actions.attendance import ReasonMissing
from exam.sittings.queries.minutes import step_records
from exam.sittings.queries.stations import attempts, draws, outages, rotation, rotation_of
from exam.sittings.rules import Duty, SittingStatus
from exam.sittings.rules.counting import SamePerson
from exam.sittings.rules.drawing import (
    DrawnAlready,
    DrawTooLate,
    NobodyToDraw,
    NoSpare,
    NotInterrupted,
    NotPractical,
    StationOut,
    draw,
    list_sha256,
)
from tests.conftest import NOW
from tests.exam.day import Day, make_day, make_duty

START = NOW + timedelta(hours=1)
S = SittingStatus


def at(n: float) -> datetime:
    return START + timedelta(minutes=n)


async def workshop(session: AsyncSession, seats: int = 5) -> Day:
    """A practical room with three candidates at stations 1 to 3."""
    made = await make_day(session, START, component=1, paper=False, form="practical_general", seats_count=seats)
    await actions.open_room(session, made.invigilator, room_session_id=made.room.id, now=at(-30))
    return made


async def second(session: AsyncSession, day: Day) -> Actor:
    [account] = await accounts.create_many_staff(
        session, SYSTEM, accounts=[("second", "监考乙", "correct-horse", (Grant(Role.INVIGILATOR),))], now=NOW
    )
    actor = Actor(account, "监考乙", (Grant(Role.INVIGILATOR),))
    duty = make_duty(day.room, actor, Duty.INVIGILATOR)
    publication = replace(day.publication, duties=(*day.publication.duties, duty))
    await actions.admit(session, day.officer, publication=publication, now=NOW)
    return actor


# ---------------------------------------------------------------- the lot itself


def test_a_draw_is_the_published_formula() -> None:
    tickets, places = ["T1", "T2", "T3"], [4, 7, 9]
    frozen = hashlib.sha256(b"T1\nT2\nT3\n--\n0004\n0007\n0009").hexdigest()
    assert list_sha256(tickets, places) == frozen
    order = sorted(tickets, key=lambda t: hmac.new(b"seed", f"{frozen}:{t}".encode(), hashlib.sha256).digest())
    assert draw("seed", tickets, places) == dict(zip(order, places, strict=True))
    assert draw("seed", tickets[::-1], places[::-1]) == draw("seed", tickets, places)
    assert draw("seed", [], []) == {}


@given(st.sets(st.text("0123456789", min_size=4, max_size=12), max_size=20), st.text(min_size=1, max_size=20))
def test_everybody_gets_exactly_one_station(tickets: set[str], seed: str) -> None:
    places = list(range(1, len(tickets) + 1))
    assert sorted(draw(seed, sorted(tickets), places).values()) == places


def test_a_draw_needs_as_many_stations_as_people() -> None:
    for tickets, places in ((["a"], []), (["a", "a"], [1, 2]), (["a", "b"], [1, 1])):
        with pytest.raises(ValueError, match="as many"):
            draw("s", tickets, places)


# ---------------------------------------------------------------- on the database


async def test_lots_move_people_between_the_planned_stations_and_nothing_else(session: AsyncSession) -> None:
    day = await workshop(session)
    before = {one.id: one for one in await queries.sittings(session, room_session_id=day.room.id)}
    made = await stations.draw_stations(
        session, day.invigilator, room_session_id=day.room.id, seed="20260516", now=at(-18)
    )
    after = {one.id: one for one in await queries.sittings(session, room_session_id=day.room.id)}
    assert {one.ticket_no: one.seat_no for one in after.values()} == dict(made.stations)
    assert sorted(made.stations.values()) == [1, 2, 3]
    assert [replace(after[one], seat_no=0) for one in sorted(after)] == [
        replace(before[one], seat_no=0) for one in sorted(before)
    ]
    [kept] = await draws(session, day.room.id)
    assert kept.sound and not replace(kept, seed="other").sound
    assert "draw" in await step_records(session, day.room.id)
    assert await queries.invariants(session) == []


async def test_drawing_again_says_why_and_keeps_both(session: AsyncSession) -> None:
    day = await workshop(session)
    await stations.draw_stations(session, day.invigilator, room_session_id=day.room.id, seed="1", now=at(-18))
    with pytest.raises(DrawnAlready):
        await stations.draw_stations(session, day.invigilator, room_session_id=day.room.id, seed="2", now=at(-17))
    await stations.draw_stations(
        session, day.invigilator, room_session_id=day.room.id, seed="2", reason="有人报错数", now=at(-17)
    )
    assert [one.seed for one in await draws(session, day.room.id)] == ["1", "2"]
    with pytest.raises(IntegrityError, match="append-only"):
        async with session.begin_nested():
            await session.execute(text("DELETE FROM exam.station_draws"))


async def test_no_lots_after_the_first_start_or_in_other_rooms(session: AsyncSession) -> None:
    day = await workshop(session)
    await actions.check_in(session, day.invigilator, sitting_id=day.ids[0], now=at(-5))
    await actions.begin_room(session, day.invigilator, room_session_id=day.room.id, now=at(0))
    with pytest.raises(DrawTooLate):
        await stations.draw_stations(session, day.invigilator, room_session_id=day.room.id, seed="1", now=at(1))
    await session.execute(text("UPDATE exam.sittings SET status = 'absent', absent_at = starts_at"))
    with pytest.raises(NobodyToDraw):
        await stations.draw_stations(session, day.invigilator, room_session_id=day.room.id, seed="1", now=at(1))
    await session.execute(text("UPDATE exam.room_sessions SET form = 'paper'"))
    with pytest.raises(NotPractical):
        await stations.draw_stations(session, day.invigilator, room_session_id=day.room.id, seed="1", now=at(1))


async def test_a_broken_station_sends_its_candidate_to_a_spare_one(session: AsyncSession) -> None:
    day = await workshop(session)
    with pytest.raises(ReasonMissing):
        await stations.station_out(
            session, day.invigilator, room_session_id=day.room.id, seat_no=2, reason=" ", now=at(-5)
        )
    moved = await stations.station_out(
        session, day.invigilator, room_session_id=day.room.id, seat_no=2, reason="主轴不转", now=at(-5)
    )
    assert moved is not None and (moved.id, moved.seat_no) == (day.ids[1], 4)
    with pytest.raises(StationOut):
        await actions.move(session, day.invigilator, sitting_id=day.ids[0], seat_no=2, reason="x", now=at(-4))
    made = await stations.draw_stations(session, day.invigilator, room_session_id=day.room.id, seed="1", now=at(-3))
    assert sorted(made.stations.values()) == [1, 3, 4]
    await stations.station_back(
        session, day.invigilator, room_session_id=day.room.id, seat_no=2, reason="已修复", now=at(-2)
    )
    assert await outages(session, day.room.id) == []


async def test_without_a_spare_nobody_is_moved(session: AsyncSession) -> None:
    day = await workshop(session, seats=3)
    with pytest.raises(NoSpare):
        async with session.begin_nested():
            await stations.station_out(
                session, day.invigilator, room_session_id=day.room.id, seat_no=2, reason="主轴不转", now=at(-5)
            )
    assert await outages(session, day.room.id) == []


async def test_an_attempt_is_taken_again_with_the_whole_time_and_never_a_zero(session: AsyncSession) -> None:
    day = await workshop(session)
    other = await second(session, day)
    assert other.account_id and day.invigilator.account_id
    await actions.check_in(session, day.invigilator, sitting_id=day.ids[0], now=at(-5))
    await actions.begin_room(session, day.invigilator, room_session_id=day.room.id, now=at(0))
    here: dict[str, Any] = {"sitting_id": day.ids[0], "reason": "机床断电，工件报废"}
    with pytest.raises(NotInterrupted):
        await stations.rerun(session, day.invigilator, second_account_id=other.account_id, now=at(30), **here)
    await actions.interrupt(session, day.invigilator, sitting_id=day.ids[0], reason="断电", now=at(30))
    with pytest.raises(SamePerson):
        await stations.rerun(session, day.invigilator, second_account_id=day.invigilator.account_id, now=at(40), **here)
    again = await stations.rerun(session, day.invigilator, second_account_id=other.account_id, now=at(40), **here)
    assert (again.status, again.started_at, again.until) == (S.CHECKED_IN, None, at(130))
    [kept] = await attempts(session, day.ids[0])
    assert (kept.no, kept.started_at, kept.ended_at, kept.second_name) == (1, at(0), at(40), "监考乙")
    begun = await actions.begin(session, day.invigilator, sitting_id=day.ids[0], now=at(41))
    assert (begun.status, begun.started_at) == (S.STARTED, at(41))
    assert await queries.invariants(session) == []


async def test_the_clock_tells_who_is_where_who_waits_and_when_it_changes(session: AsyncSession) -> None:
    day = await workshop(session)
    before = await rotation(session, day.room.id, at(-30))
    assert before.present is None and before.next and [one.room.id for one in before.waiting] == [day.room.id]
    assert before.changes_at == START
    [first] = before.waiting
    second_turn = replace(first, starts_at=at(120), ends_at=at(210), people=())
    running = rotation_of([first, second_turn], at(10))
    assert running.present and running.present.starts_at == START and running.changes_at == at(90)
    assert (running.rest_minutes, running.waiting) == (30, ())
    assert rotation_of([first, second_turn], at(65)).waiting == (second_turn,)
    over = rotation_of([], at(10))
    assert (over.present, over.next, over.changes_at, over.waiting) == (None, None, None, ())
