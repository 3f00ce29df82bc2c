"""Tickets run and go up; time is given back by two people and to those who have not handed in."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import SYSTEM, Actor, Role
from exam.accounts.rules import Scope as Place
from exam.delivery import actions as delivery
from exam.faults import actions, queries
from exam.faults.rules import (
    AlreadyClosed,
    CreditDecided,
    CreditStatus,
    FaultKind,
    FaultStatus,
    HigherNeeded,
    Ladder,
    Level,
    SamePerson,
    Scope,
)
from exam.kernel.errors import Forbidden
from exam.sittings import actions as sittings
from exam.sittings import queries as places
from exam.sittings.actions.extending import ClashAhead, NobodyLeft
from exam.sittings.actions.progress import ExtraTimeWrong, SecondPersonMissing
from exam.sittings.rules import Duty
from tests.conftest import NOW
from tests.exam.day import Day, make_day, make_duty, make_publication, make_room, make_specs, person

START = NOW


def after(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


async def running(session: AsyncSession, component: int = 1, count: int = 3) -> Day:
    """A room with candidates at work, a second invigilator, five minutes after the start."""
    day = await make_day(session, START, component=component, count=count, paper=component == 0)
    await sittings.open_room(session, SYSTEM, room_session_id=day.room.id, now=after(-30))
    await sittings.check_in_many(session, SYSTEM, sitting_ids=day.ids, now=after(-10))
    if component == 1:
        await sittings.begin_room(session, SYSTEM, room_session_id=day.room.id, now=after(0))
    return day


async def fault(session: AsyncSession, actor: Actor, day: Day, since: datetime, now: datetime) -> queries.Fault:
    place = await actions.where(session, room_session_id=day.room.id, now=now)
    return await actions.report(session, actor, place, kind=FaultKind.POWER, facts="全场停电", since=since, now=now)


async def test_a_fault_runs_goes_up_by_itself_and_stops(session: AsyncSession) -> None:
    day = await running(session)
    made = await fault(session, day.invigilator, day, after(5), after(6))
    assert (made.minutes, made.level, made.goes_up_at) == (1, Level.ROOM, after(35))
    later = await queries.fault(session, made.id, after(51))
    assert (later.minutes, later.level, later.goes_up_at) == (46, Level.ORGANISATION, after(65))
    ended = await actions.solve(session, day.invigilator, fault_id=made.id, words="换了线路", now=after(52))
    assert (ended.status, ended.minutes) == (FaultStatus.SOLVED, 47)
    assert (await queries.fault(session, made.id, after(99))).minutes == 47
    assert [one.kind.value for one in ended.steps] == ["reported", "solved"]
    with pytest.raises(AlreadyClosed):
        await actions.solve(session, day.invigilator, fault_id=made.id, words="再次", now=after(53))


async def test_whoever_has_no_duty_there_reports_nothing(session: AsyncSession) -> None:
    day = await running(session)
    for stranger in (
        person(Role.INVIGILATOR),
        person(Role.SITE_HEAD, Place("site", str(UUID(int=9)))),
        person(Role.PROVINCE),
    ):
        with pytest.raises(Forbidden):
            await fault(session, stranger, day, after(5), after(6))


async def test_the_province_sees_and_answers_only_its_own(session: AsyncSession) -> None:
    day = await running(session)
    made = await fault(session, day.invigilator, day, after(5), after(6))
    own, other = person(Role.PROVINCE, Place("province", "42")), person(Role.PROVINCE, Place("province", "41"))
    assert [one.id for one in await queries.mine(session, own, after(7))] == [made.id]
    assert await queries.mine(session, other, after(7)) == []
    await actions.answer(session, own, fault_id=made.id, words="已调发电车", now=after(8))
    assert (await queries.fault(session, made.id, after(9))).steps[-1].words == "已调发电车"


async def test_one_candidate_gets_time_with_a_second_person_named(session: AsyncSession) -> None:
    day = await running(session)
    place = await actions.where(session, sitting_id=day.ids[0], now=after(20))
    with pytest.raises(SecondPersonMissing):
        await actions.credit(
            session, day.invigilator, place, minutes=10, reason="死机", second_name="监考甲", now=after(20)
        )
    made = await actions.credit(
        session, day.invigilator, place, minutes=10, reason="死机", second_name="监考乙", now=after(20)
    )
    assert (made.status, made.people_count) == (CreditStatus.APPLIED, 1)
    ends = [one.until for one in await places.sittings(session, room_session_id=day.room.id)]
    assert ends == [after(100), after(90), after(90)]
    assert (await places.room_session(session, day.room.id)).ends_at == after(90)
    assert await queries.invariants(session) == []


async def test_a_room_needs_two_accounts_and_ends_later(session: AsyncSession) -> None:
    day = await running(session)
    place = await actions.where(session, room_session_id=day.room.id, now=after(20))
    made = await actions.credit(
        session, day.invigilator, place, minutes=12, reason="停电", second_name="监考乙", now=after(20)
    )
    assert made.status is CreditStatus.PROPOSED
    assert {one.extra_minutes for one in await places.sittings(session, room_session_id=day.room.id)} == {0}
    with pytest.raises(SamePerson):
        await actions.confirm_credit(session, day.invigilator, credit_id=made.id, now=after(21))
    given = await actions.confirm_credit(session, day.head, credit_id=made.id, now=after(21))
    assert (given.status, given.people_count, given.second_name) == (CreditStatus.APPLIED, 3, "主考甲")
    assert {one.until for one in await places.sittings(session, room_session_id=day.room.id)} == {after(102)}
    assert (await places.room_session(session, day.room.id)).ends_at == after(102)
    with pytest.raises(CreditDecided):
        await actions.confirm_credit(session, day.head, credit_id=made.id, now=after(22))


async def test_over_the_limit_the_room_alone_does_not_decide(session: AsyncSession) -> None:
    day = await running(session)
    second = person(Role.INVIGILATOR, name="监考乙")
    duty = make_duty(day.room, second, Duty.INVIGILATOR)
    assert second.account_id is not None
    await session.execute(
        text("INSERT INTO exam.duties SELECT :id, batch_id, room_session_id, :who, :name, duty, starts_at, ends_at"
             " FROM exam.duties WHERE duty = 'invigilator'"),
        {"id": duty.id, "who": second.account_id, "name": second.name},
    )  # fmt: skip
    place = await actions.where(session, room_session_id=day.room.id, now=after(40))
    made = await actions.credit(session, day.invigilator, place, minutes=30, reason="停电", now=after(40))
    with pytest.raises(HigherNeeded):
        await actions.confirm_credit(session, second, credit_id=made.id, now=after(41))
    assert (await actions.confirm_credit(session, day.head, credit_id=made.id, now=after(41))).applied_at == after(41)
    more = await actions.credit(session, day.head, place, minutes=45, reason="停电", now=after(42))
    with pytest.raises(HigherNeeded):
        await actions.confirm_credit(session, second, credit_id=more.id, now=after(43))
    assert (await actions.confirm_credit(session, day.officer, credit_id=more.id, now=after(43))).applied_at is not None


async def test_who_has_handed_in_gets_no_more_time(session: AsyncSession) -> None:
    day = await running(session)
    await sittings.finish(session, SYSTEM, sitting_id=day.ids[0], now=after(60))
    place = await actions.where(session, room_session_id=day.room.id, now=after(61))
    made = await actions.credit(session, day.head, place, minutes=5, reason="停电", now=after(61))
    given = await actions.confirm_credit(session, day.invigilator, credit_id=made.id, now=after(62))
    assert given.people_count == 2
    await sittings.finish_many(session, SYSTEM, sitting_ids=day.ids[1:], now=after(70))
    with pytest.raises(NobodyLeft):
        await actions.credit(session, day.head, place, minutes=5, reason="停电", now=after(71))


async def test_the_next_session_in_the_way_is_named_before_anything_is_proposed(session: AsyncSession) -> None:
    day = await running(session)
    following = replace(
        make_room(day.scheme, day.batch_id, after(100), 1), room_id=day.room.room_id, room_name=day.room.room_name,
        site_id=day.room.site_id,
    )  # fmt: skip
    specs = [replace(one, person_id=day.specs[0].person_id) for one in make_specs(following, 1)]
    publication = make_publication(day.batch_id, [following], specs)
    publication = replace(publication, tickets={specs[0].registration_id: "202699999999"})
    await sittings.admit(session, day.officer, publication=publication, now=after(-60))
    place = await actions.where(session, room_session_id=day.room.id, now=after(20))
    with pytest.raises(ClashAhead) as refused:
        await actions.credit(session, day.invigilator, place, minutes=11, reason="停电", now=after(20))
    assert [one.code for one in refused.value.problems] == ["clash_candidate", "clash_room"]
    assert refused.value.problems[1].facts["room"] == day.room.room_name
    assert await queries.credits(session) == []
    assert {one.extra_minutes for one in await places.sittings(session, room_session_id=day.room.id)} == {0}
    await actions.credit(session, day.invigilator, place, minutes=10, reason="停电", now=after(20))


@pytest.mark.parametrize("minutes", [0, 121, -5])
async def test_extra_time_has_bounds(session: AsyncSession, minutes: int) -> None:
    day = await running(session)
    place = await actions.where(session, room_session_id=day.room.id, now=after(20))
    with pytest.raises(ExtraTimeWrong):
        await actions.credit(session, day.head, place, minutes=minutes, reason="停电", now=after(20))


async def test_the_candidates_own_timer_follows_at_once(session: AsyncSession) -> None:
    day = await running(session, component=0)
    run = await delivery.start(session, day.candidate(0), sitting_id=day.ids[0], now=after(1))
    assert run.deadline_at == after(60)
    place = await actions.where(session, room_session_id=day.room.id, now=after(20))
    made = await actions.credit(session, day.invigilator, place, minutes=7, reason="断网", now=after(20))
    await actions.confirm_credit(session, day.head, credit_id=made.id, now=after(20))
    _, current = await delivery.current(session, day.candidate(0), sitting_id=day.ids[0])
    assert current.deadline_at == after(67)


async def test_a_whole_site_at_once(session: AsyncSession) -> None:
    day = await running(session)
    place = await actions.where(session, site_id=day.room.site_id, now=after(20))
    made = await actions.credit(session, day.head, place, minutes=9, reason="全站停电", now=after(20))
    assert (made.scope, made.status) == (Scope.SITE, CreditStatus.PROPOSED)
    given = await actions.confirm_credit(session, day.officer, credit_id=made.id, now=after(21))
    assert given.people_count == 3


async def test_refused_with_its_reason(session: AsyncSession) -> None:
    day = await running(session)
    place = await actions.where(session, room_session_id=day.room.id, now=after(20))
    made = await actions.credit(session, day.invigilator, place, minutes=9, reason="停电", now=after(20))
    done = await actions.refuse_credit(session, day.head, credit_id=made.id, reason="没有停笔", now=after(21))
    assert done.status is CreditStatus.REFUSED
    with pytest.raises(CreditDecided):
        await actions.confirm_credit(session, day.head, credit_id=made.id, now=after(22))


async def test_the_limits_of_a_batch_are_versions(session: AsyncSession) -> None:
    day = await running(session)
    strict = Ladder(site_minutes=5, organisation_minutes=6, province_minutes=7)
    for ladder in (Ladder(), strict):
        await actions.set_ladder(
            session, day.officer, batch_id=day.batch_id, ladder=ladder, reason="演练", now=after(1)
        )
    made = await fault(session, day.invigilator, day, after(5), after(11))
    assert (made.ladder, made.level) == (strict, Level.ORGANISATION)
    with pytest.raises(Forbidden):
        await actions.set_ladder(session, day.head, batch_id=day.batch_id, ladder=strict, reason="x", now=after(1))


@pytest.mark.parametrize("change", ["second_by = NULL", "second_by = given_by", "second_name = ''"])
async def test_the_database_holds_two_people(session: AsyncSession, change: str) -> None:
    day = await running(session)
    place = await actions.where(session, room_session_id=day.room.id, now=after(20))
    made = await actions.credit(session, day.invigilator, place, minutes=9, reason="停电", now=after(20))
    await actions.confirm_credit(session, day.head, credit_id=made.id, now=after(21))
    with pytest.raises(IntegrityError):
        await session.execute(text(f"UPDATE exam.time_credits SET {change}"))
