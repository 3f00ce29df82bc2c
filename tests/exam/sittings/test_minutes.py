"""The minute plan: what is next when, and what two people, counts and paper ask for."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts import actions as accounts
from exam.accounts.rules import SYSTEM, Actor, Grant, Role
from exam.kernel.errors import Forbidden
from exam.sittings import actions, queries
from exam.sittings.actions import minutes as steps
from exam.sittings.queries.minutes import colleagues, step_history, step_records
from exam.sittings.rules import Duty, RoomSession, RoomStatus, SittingStatus, Step, Terms, headcount
from exam.sittings.rules.counting import (
    CountsDiffer,
    CountsMissing,
    NamesMissing,
    NothingAsked,
    ReasonMissing,
    SamePerson,
    SecondUnknown,
    StepDone,
    TimeWrong,
    UnknownStep,
    differences,
)
from exam.sittings.rules.minutes import PLANS, StepState, lines, next_line, plan_of, upcoming
from tests.conftest import NOW
from tests.exam.day import Day, make_day, make_duty, person

START = NOW + timedelta(hours=1)
S = SittingStatus


def at(n: float) -> datetime:
    return START + timedelta(minutes=n)


def room(form: str = "paper", status: RoomStatus = RoomStatus.OPEN) -> RoomSession:
    return RoomSession(
        id=uuid4(), batch_id=uuid4(), site_id=uuid4(), site_code="1", site_name="考点", site_address="", prefecture_code="",
        room_id=uuid4(), room_name="101", component_id=uuid4(), form=form, starts_at=START, ends_at=at(90),
        seats_count=30, status=status, terms=Terms(late_limit_minutes=30),
    )  # fmt: skip


def keys(form: str, states: list[S], now: datetime, status: RoomStatus = RoomStatus.OPEN) -> dict[str, StepState]:
    count = headcount(states)
    found = lines(room(form, status), count, states.count(S.CHECKED_IN), {}, now)
    return {line.step.key: line.state for line in found}


@pytest.mark.parametrize("form", ["paper", "computer", "practical_general"])
def test_every_plan_is_in_order_and_counts_papers_with_two_people(form: str) -> None:
    plan = plan_of(room(form))
    due = [step.due(room(form)) for step in plan]
    assert due == sorted(due) and len({step.key for step in plan}) == len(plan)
    assert all(step.two_people for step in plan if step.counts)
    assert plan[0].act is Step.OPEN and plan[-1].key == "handover"


def test_the_paper_plan_has_the_times_of_the_domain() -> None:
    plan = {step.key: step.due(room()) for step in PLANS[1]["paper"]}
    assert {key: plan[key] for key in ("check_in", "unseal", "begin", "absent", "remind", "collect")} == {
        "check_in": at(-20), "unseal": at(-10), "begin": at(0), "absent": at(30), "remind": at(75), "collect": at(90),
    }  # fmt: skip


def test_an_empty_room_asks_for_nothing_beyond_its_plan() -> None:
    found = lines(room(), headcount([]), 0, {}, at(-30))
    assert next_line(found, Step.CHECK_IN, 0) is None
    coming = upcoming(found, at(-30))
    assert coming is not None and coming.step.key == "rules"  # nobody to check in
    assert next_line((), Step.CLOSE, 0) is None and upcoming((), START) is None


@pytest.mark.parametrize(
    ("now", "states", "step", "due", "wanted"),
    [
        (-16, [S.SCHEDULED], Step.CHECK_IN, 0, None),
        (-15, [S.SCHEDULED], Step.CHECK_IN, 0, "rules"),  # its minute has come
        (1, [S.CHECKED_IN], Step.BEGIN, 0, "begin"),  # the start waits for no missed record
        (31, [S.STARTED, S.SCHEDULED], Step.MARK_ABSENT, 0, "absent"),
        (90, [S.STARTED], Step.COLLECT, 1, "collect"),
        (40, [S.STARTED], Step.INVIGILATE, 0, "rules"),  # still unrecorded: the oldest comes first
    ],
)
def test_the_next_thing(now: int, states: list[S], step: Step, due: int, wanted: str | None) -> None:
    count = headcount(states)
    found = next_line(lines(room(), count, states.count(S.CHECKED_IN), {}, at(now)), step, due)
    assert (found.step.key if found else None) == wanted


def test_lateness_is_whole_minutes_after_the_planned_one() -> None:
    [seal] = [one for one in lines(room(), headcount([S.CHECKED_IN]), 1, {}, at(-8.5)) if one.step.key == "seal"]
    assert (seal.state, seal.late_minutes) == (StepState.DUE, 3)


def test_after_everybody_has_handed_in_papers_are_counted_without_waiting() -> None:
    early = keys("paper", [S.SUBMITTED], at(50))
    assert early["count"] is StepState.DUE and early["remind"] is StepState.LAPSED
    assert keys("paper", [S.STARTED], at(50))["count"] is StepState.AHEAD


def test_a_closed_room_still_hands_over() -> None:
    closed = keys("paper", [S.SUBMITTED], at(100), RoomStatus.CLOSED)
    assert closed["handover"] is StepState.DUE and closed["seal"] is StepState.LAPSED


@pytest.mark.parametrize(
    ("counts", "wrong"),
    [
        ({"used": 2, "blank": 0, "spare": 2, "absent": 1}, []),
        ({"used": 2, "blank": 0, "spare": 1, "absent": 1}, ["合计"]),
        ({"used": 1, "blank": 1, "spare": 2, "absent": 1}, ["使用"]),
        ({"used": 2, "blank": 0, "spare": 3, "absent": 0}, ["缺考"]),
    ],
)
def test_counts_add_up_to_what_was_received(counts: dict[str, int], wrong: list[str]) -> None:
    people = headcount([S.SUBMITTED, S.SUBMITTED, S.ABSENT])
    step = next(one for one in PLANS[1]["paper"] if one.key == "count")
    assert [word for word, _, _ in differences(step, counts, 5, people)] == wrong
    assert differences(step, {}, 5, people) == ()


# ---------------------------------------------------------------- on the database


@pytest.fixture
async def day(session: AsyncSession) -> Day:
    """A paper room with three candidates, opened half an hour before the start."""
    made = await make_day(session, START, component=1, paper=False)
    await actions.open_room(session, made.invigilator, room_session_id=made.room.id, now=at(-30))
    return made


async def second(session: AsyncSession, made: Day) -> Actor:
    """A real account with a duty in the room: the second invigilator."""
    [account] = await accounts.create_many_staff(
        session, SYSTEM, accounts=[("second", "监考乙", "correct-horse", (Grant(Role.INVIGILATOR),))], now=NOW
    )
    actor = Actor(account, "监考乙", (Grant(Role.INVIGILATOR),))
    duty = make_duty(made.room, actor, Duty.INVIGILATOR)
    publication = replace(made.publication, duties=(*made.publication.duties, duty))
    await actions.admit(session, made.officer, publication=publication, now=NOW)
    return actor


async def test_one_person_records_a_rule_read_and_nobody_does_twice(session: AsyncSession, day: Day) -> None:
    made = await steps.record_step(session, day.invigilator, room_session_id=day.room.id, step="rules", now=at(-15))
    assert (made.state, made.no, made.at) == (StepState.DONE, 1, at(-15))
    with pytest.raises(StepDone):
        await steps.record_step(session, day.invigilator, room_session_id=day.room.id, step="rules", now=at(-14))
    with pytest.raises(UnknownStep):  # begun by the room itself
        await steps.record_step(session, day.invigilator, room_session_id=day.room.id, step="begin", now=at(0))
    with pytest.raises(Forbidden):
        await steps.record_step(
            session, person(Role.INVIGILATOR), room_session_id=day.room.id, step="cards", now=at(-8)
        )


async def test_papers_wait_for_a_second_person_on_an_own_device(session: AsyncSession, day: Day) -> None:
    other = await second(session, day)
    here: dict[str, Any] = {"room_session_id": day.room.id, "step": "seal"}
    asked = await steps.record_step(session, day.invigilator, now=at(-12), **here)
    assert asked.state is StepState.ASKED
    with pytest.raises(SamePerson):
        await steps.confirm_step(session, day.invigilator, now=at(-11), **here)
    done = await steps.confirm_step(session, other, now=at(-11), **here)
    assert (done.state, done.no, done.at, done.by_name, done.second_name) == (
        StepState.DONE, 2, at(-12), day.invigilator.name, "监考乙",
    )  # fmt: skip
    with pytest.raises(NothingAsked):
        await steps.confirm_step(session, other, now=at(-10), **here)
    assert [one.no for one in await step_history(session, day.room.id)] == [1, 2]


async def test_the_second_person_is_somebody_else_who_works_here(session: AsyncSession, day: Day) -> None:
    other = await second(session, day)
    here: dict[str, Any] = {"room_session_id": day.room.id, "step": "seal", "now": at(-12)}
    with pytest.raises(SamePerson):
        await steps.record_step(session, day.invigilator, second_account_id=day.invigilator.account_id, **here)
    [far] = await accounts.create_many_staff(
        session, SYSTEM, accounts=[("far", "外人", "correct-horse", (Grant(Role.INVIGILATOR),))], now=NOW
    )
    with pytest.raises(SecondUnknown):
        await steps.record_step(session, day.invigilator, second_account_id=far, **here)
    done = await steps.record_step(session, day.invigilator, second_account_id=other.account_id, **here)
    assert (done.state, done.second_name) == (StepState.DONE, "监考乙")
    assert {one.name for one in await colleagues(session, day.room)} == {"监考甲", "监考乙", "考评甲"}


async def test_the_database_holds_two_people(session: AsyncSession, day: Day) -> None:
    await steps.record_step(session, day.invigilator, room_session_id=day.room.id, step="seal", now=at(-12))
    copy = (
        "INSERT INTO exam.room_steps SELECT gen_random_uuid(), room_session_id, plan_version, step, 2, two_people, 'done',"
        " at, recorded_at, by_account_id, by_name, {second}, '乙', 'password', counts, unbalanced, reason, source,"
        " keyed_name FROM exam.room_steps"
    )
    for nobody in ("NULL", "by_account_id"):
        with pytest.raises(IntegrityError, match="two_people"):
            async with session.begin_nested():
                await session.execute(text(copy.format(second=nobody)))
    with pytest.raises(IntegrityError, match="append-only"):
        async with session.begin_nested():
            await session.execute(text("UPDATE exam.room_steps SET state = 'done'"))


async def counted(
    session: AsyncSession, day: Day, step: str, when: int, reason: str = "", **counts: int
) -> UUID | None:
    other = (await session.execute(text("SELECT id FROM exam.accounts WHERE login = 'second'"))).scalar_one()
    await steps.record_step(
        session, day.invigilator, room_session_id=day.room.id, step=step, counts=counts, reason=reason,
        second_account_id=other, now=at(when),
    )  # fmt: skip
    return None


async def test_counts_that_do_not_agree_ask_for_a_reason(session: AsyncSession, day: Day) -> None:
    await second(session, day)
    with pytest.raises(CountsMissing):
        await counted(session, day, "unseal", -10)
    await counted(session, day, "unseal", -10, received=5)
    await actions.check_in_many(session, day.invigilator, sitting_ids=day.ids[:2], now=at(-5))
    await actions.begin_room(session, day.invigilator, room_session_id=day.room.id, now=at(0))
    await actions.mark_absent(session, day.invigilator, sitting_id=day.ids[2], now=at(31))
    await actions.collect(session, day.invigilator, room_session_id=day.room.id, now=at(90))
    with pytest.raises(CountsDiffer) as refused:
        await counted(session, day, "count", 92, used=2, blank=0, spare=1, absent=1)
    [problem] = refused.value.problems
    assert problem.facts == {"what": "合计", "counted": 4, "expected": 5}
    await counted(session, day, "count", 92, "备用卷一份破损，已封存", used=2, blank=0, spare=1, absent=1)
    found = (await step_records(session, day.room.id))["count"]
    assert (found.counts["spare"], found.reason) == (1, "备用卷一份破损，已封存")


async def test_what_was_not_done_says_why(session: AsyncSession, day: Day) -> None:
    here: dict[str, Any] = {"room_session_id": day.room.id, "step": "cards", "now": at(-5)}
    with pytest.raises(ReasonMissing):
        await steps.skip_step(session, day.invigilator, reason=" ", **here)
    made = await steps.skip_step(session, day.invigilator, reason="本场不用答题卡", **here)
    assert (made.state, made.reason) == (StepState.SKIPPED, "本场不用答题卡")


async def test_paper_is_keyed_in_later_with_both_times(session: AsyncSession, day: Day) -> None:
    here: dict[str, Any] = {"room_session_id": day.room.id, "step": "seal", "now": at(300)}
    written = steps.Written(at=at(-12), by_name="监考甲", second_name="监考乙")
    with pytest.raises(Forbidden):
        await steps.key_in_step(session, day.invigilator, written=written, **here)
    for wrong, refusal in (
        (replace(written, second_name="监考甲"), NamesMissing),
        (replace(written, at=at(301)), TimeWrong),
        (replace(written, at=at(-60 * 25)), TimeWrong),
    ):
        with pytest.raises(refusal):
            await steps.key_in_step(session, day.head, written=wrong, **here)
    made = await steps.key_in_step(session, day.head, written=written, **here)
    assert (made.source, made.at, made.recorded_at, made.keyed_name) == ("paper", at(-12), at(300), "主考甲")
    again = await steps.key_in_step(session, day.officer, written=replace(written, at=at(-11)), **here)
    assert (again.no, [one.at for one in await step_history(session, day.room.id)]) == (2, [at(-12), at(-11)])


async def test_a_colleagues_password_counts_like_signing_in(session: AsyncSession, day: Day) -> None:
    other = await second(session, day)
    assert other.account_id
    assert await accounts.prove(session, account_id=other.account_id, secret="correct-horse", now=NOW)
    assert not await accounts.prove(session, account_id=other.account_id, secret="wrong", now=NOW)
    assert not await accounts.prove(session, account_id=uuid4(), secret="wrong", now=NOW)
    failures = await session.scalar(text("SELECT failures FROM exam.accounts WHERE login = 'second'"))
    assert failures == 1


async def test_the_plan_of_a_room_names_its_version(session: AsyncSession, day: Day) -> None:
    found = await queries.room_session(session, day.room.id)
    assert found.terms.plan_version in PLANS
    assert plan_of(replace(found, terms=replace(found.terms, plan_version=99))) == plan_of(found)


async def test_many_steps_follow_the_same_rules_at_once(session: AsyncSession, day: Day) -> None:
    other = await second(session, day)
    times = {step.key: step.due(day.room) for step in plan_of(day.room)}
    await actions.check_in_many(session, day.invigilator, sitting_ids=day.ids, now=at(-5))
    await actions.begin_room(session, day.invigilator, room_session_id=day.room.id, now=at(0))
    await actions.collect(session, day.invigilator, room_session_id=day.room.id, now=at(90))
    counts = {"unseal": {"received": 5}, "count": {"used": 3, "blank": 0, "spare": 1, "absent": 0}}
    here: dict[str, Any] = {"room_session_id": day.room.id, "second": other, "times": times, "now": at(120)}
    with pytest.raises(CountsDiffer):
        await steps.record_steps(session, day.invigilator, counts=counts, **here)
    counts["count"]["spare"] = 2
    made = await steps.record_steps(session, day.invigilator, counts=counts, **here)
    assert made == [step.key for step in plan_of(day.room) if step.act is None]
    found = await step_records(session, day.room.id)
    assert (found["seal"].at, found["seal"].second_name, found["rules"].second_name) == (at(-12), "监考乙", "")
    assert await steps.record_steps(session, day.invigilator, counts=counts, **here) == []
