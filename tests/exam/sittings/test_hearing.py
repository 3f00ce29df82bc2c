"""An incident between record and final decision: read, signed or refused by two, items, service, objections; marks only at the end."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts import actions as accounts
from exam.accounts.rules import SYSTEM, Actor, Grant, Role
from exam.kernel.errors import Forbidden
from exam.sittings import actions, queries
from exam.sittings.actions import hearing
from exam.sittings.queries import Incident
from exam.sittings.rules import Duty, Effect, IncidentStatus, SittingStatus
from exam.sittings.rules.counting import SamePerson, SecondUnknown
from exam.sittings.rules.incidents import (
    IncidentStatusRefused,
    ItemGone,
    NothingSaid,
    NotRead,
    NotServed,
    NotSigned,
    ObjectionTooLate,
    Ruling,
    SameDecider,
    Service,
    WitnessesMissing,
)
from tests.conftest import NOW
from tests.exam.day import Day, make_day, make_duty, person

START = NOW + timedelta(hours=1)
S = IncidentStatus


def at(n: float) -> datetime:
    return START + timedelta(minutes=n)


@pytest.fixture
async def day(session: AsyncSession) -> Day:
    """A paper room in which all three candidates work."""
    made = await make_day(session, START, component=1, paper=False)
    await actions.open_room(session, made.invigilator, room_session_id=made.room.id, now=at(-30))
    await actions.check_in_many(session, made.invigilator, sitting_ids=made.ids, now=at(-5))
    await actions.begin_room(session, made.invigilator, room_session_id=made.room.id, now=at(0))
    return made


async def seen(session: AsyncSession, day: Day, items: Sequence[str] = ()) -> Incident:
    return await actions.report_incident(
        session, day.invigilator, sitting_id=day.ids[0], code="C4", facts="10:20 使用手机", items=items, now=at(20)
    )


async def decided(session: AsyncSession, day: Day, effect: Effect = Effect.PART_VOID) -> Incident:
    """Read, signed, confirmed and decided; everybody has handed in."""
    incident = await seen(session, day)
    await hearing.read_incident(session, day.invigilator, incident_id=incident.id, now=at(21))
    await hearing.sign_incident(session, day.invigilator, incident_id=incident.id, signed=True, now=at(22))
    await actions.confirm_incident(session, day.head, incident_id=incident.id, now=at(30))
    await actions.collect(session, day.invigilator, room_session_id=day.room.id, now=at(90))
    return await actions.decide_incident(
        session, day.officer, incident_id=incident.id, effect=effect, basis="考务规定第 12 条", decision="成绩无效",
        objection_until=at(60 * 24 * 5), now=at(200),
    )  # fmt: skip


async def second(session: AsyncSession, day: Day) -> Actor:
    [account] = await accounts.create_many_staff(
        session, SYSTEM, accounts=[("second", "监考乙", "correct-horse", (Grant(Role.INVIGILATOR),))], now=NOW
    )
    actor = Actor(account, "监考乙", (Grant(Role.INVIGILATOR),))
    duty = make_duty(day.room, actor, Duty.INVIGILATOR)
    publication = type(day.publication)(**{**day.publication.__dict__, "duties": (*day.publication.duties, duty)})
    await actions.admit(session, day.officer, publication=publication, now=NOW)
    return actor


async def test_nothing_is_signed_before_it_is_read_or_confirmed_before_it_is_signed(
    session: AsyncSession, day: Day
) -> None:
    incident = await seen(session, day)
    assert (incident.signed, incident.read_at) == (None, None)
    with pytest.raises(NotRead):
        await hearing.sign_incident(session, day.invigilator, incident_id=incident.id, signed=True, now=at(21))
    with pytest.raises(Forbidden):
        await hearing.read_incident(session, person(Role.INVIGILATOR), incident_id=incident.id, now=at(21))
    await hearing.read_incident(session, day.invigilator, incident_id=incident.id, now=at(21))
    with pytest.raises(NotSigned):
        await actions.confirm_incident(session, day.head, incident_id=incident.id, now=at(30))
    signed = await hearing.sign_incident(session, day.invigilator, incident_id=incident.id, signed=True, now=at(22))
    assert (signed.signed, signed.read_at, signed.signed_at) == (True, at(21), at(22))
    with pytest.raises(IncidentStatusRefused):
        await hearing.sign_incident(session, day.invigilator, incident_id=incident.id, signed=True, now=at(23))


async def test_a_refusal_is_signed_by_two_who_work_here(session: AsyncSession, day: Day) -> None:
    other = await second(session, day)
    incident = await seen(session, day)
    await hearing.read_incident(session, day.invigilator, incident_id=incident.id, now=at(21))
    here: dict[str, Any] = {"incident_id": incident.id, "signed": False, "now": at(22)}
    with pytest.raises(WitnessesMissing):
        await hearing.sign_incident(session, day.invigilator, **here)
    with pytest.raises(SamePerson):
        await hearing.sign_incident(session, day.invigilator, second_account_id=day.invigilator.account_id, **here)
    [far] = await accounts.create_many_staff(
        session, SYSTEM, accounts=[("far", "外人", "correct-horse", (Grant(Role.INVIGILATOR),))], now=NOW
    )
    with pytest.raises(SecondUnknown):
        await hearing.sign_incident(session, day.invigilator, second_account_id=far, **here)
    made = await hearing.sign_incident(session, day.invigilator, second_account_id=other.account_id, **here)
    assert (made.signed, made.witnesses) == (False, ("监考甲", "监考乙"))
    with pytest.raises(IntegrityError, match="witnesses"):
        async with session.begin_nested():
            await session.execute(text("UPDATE exam.incidents SET witnesses = ARRAY['甲', '甲']"))


async def test_kept_items_stand_on_the_receipt_and_go_back_once(session: AsyncSession, day: Day) -> None:
    incident = await seen(session, day, ["黑色手机一部", " ", "耳机一副"])
    kept = await queries.items(session, incident.id)
    assert [one.item for one in kept] == ["黑色手机一部", "耳机一副"]
    here: dict[str, Any] = {"incident_id": incident.id, "item_id": kept[0].id, "to_name": "林样本", "now": at(120)}
    with pytest.raises(Forbidden):
        await hearing.return_item(session, day.invigilator, **here)
    await hearing.return_item(session, day.head, **here)
    with pytest.raises(ItemGone):
        await hearing.return_item(session, day.head, **here)
    first, other = await queries.items(session, incident.id)
    assert (first.returned_at, first.to_name, first.return_name, other.returned_at) == (
        at(120),
        "林样本",
        "主考甲",
        None,
    )


async def test_marks_are_touched_only_by_a_decision_that_was_served_and_is_final(
    session: AsyncSession, day: Day
) -> None:
    incident = await decided(session, day)
    here: dict[str, Any] = {"incident_id": incident.id}
    with pytest.raises(NotServed):
        await actions.conclude_incident(session, day.officer, now=at(60 * 24 * 6), **here)
    served = await hearing.serve_decision(
        session, day.officer, how=Service.IN_PERSON, objection_until=at(60 * 24 * 7), now=at(300), **here
    )
    assert (served.served_at, served.served_how, served.served_name) == (at(300), "in_person", "考务甲")
    assert await queries.void_parts(session, day.batch_id) == []
    assert (await queries.sitting(session, day.ids[0])).status is SittingStatus.SUBMITTED
    await actions.conclude_incident(session, day.officer, now=at(60 * 24 * 7), **here)
    assert (await queries.sitting(session, day.ids[0])).status is SittingStatus.VOIDED
    assert [part.incident_id for part in await queries.void_parts(session, day.batch_id)] == [incident.id]


async def test_the_candidate_objects_and_somebody_else_decides(session: AsyncSession, day: Day) -> None:
    incident = await decided(session, day)
    other = person(Role.EXAM_OFFICER, name="考务乙")
    here: dict[str, Any] = {"incident_id": incident.id}
    with pytest.raises(NothingSaid):
        await hearing.say(session, day.candidate(0), words=" ", now=at(400), **here)
    with pytest.raises(Forbidden):
        await hearing.say(session, day.candidate(1), words="不是我", now=at(400), **here)
    with pytest.raises(ObjectionTooLate):
        await hearing.say(session, day.candidate(0), words="晚了", now=at(60 * 24 * 5), **here)
    objected = await hearing.say(session, day.candidate(0), words="手机是同学的", now=at(400), **here)
    assert objected.status is S.OBJECTED
    with pytest.raises(IncidentStatusRefused):
        await actions.conclude_incident(session, day.officer, waived=True, now=at(500), **here)
    rule: dict[str, Any] = {**here, "ruling": Ruling.CHANGED, "reason": "只见携带", "effect": Effect.RECORD_KEPT}
    with pytest.raises(SameDecider):
        await hearing.rule_objection(session, day.officer, now=at(600), **rule)
    ruled = await hearing.rule_objection(session, other, now=at(600), **rule)
    assert (ruled.status, ruled.effect) == (S.DECIDED, Effect.RECORD_KEPT)
    [kept] = await queries.rulings(session, incident.id)
    assert (kept.first_effect, kept.first_decision, kept.by_name) == (Effect.PART_VOID, "成绩无效", "考务乙")
    await actions.conclude_incident(session, day.officer, now=at(601), **here)
    assert await queries.void_parts(session, day.batch_id) == []
    assert (await queries.sitting(session, day.ids[0])).status is SittingStatus.SUBMITTED


async def test_an_objection_that_is_right_ends_it(session: AsyncSession, day: Day) -> None:
    incident = await decided(session, day)
    await hearing.say(session, day.candidate(0), words="录像可证明", now=at(400), incident_id=incident.id)
    ended = await hearing.rule_objection(
        session, person(Role.EXAM_OFFICER, name="考务乙"), incident_id=incident.id, ruling=Ruling.LIFTED, reason="录像证明",
        now=at(600),
    )  # fmt: skip
    assert ended.status is S.DISMISSED
    assert await queries.void_parts(session, day.batch_id) == []


async def test_a_defence_is_heard_before_the_decision(session: AsyncSession, day: Day) -> None:
    incident = await seen(session, day)
    said = await hearing.say(session, day.candidate(0), words="我在看时间", now=at(40), incident_id=incident.id)
    assert said.status is S.RECORDED
    [one] = await queries.statements(session, incident.id)
    assert (one.kind, one.words) == ("defence", "我在看时间")


async def test_what_was_said_and_ruled_is_never_altered(session: AsyncSession, day: Day) -> None:
    incident = await seen(session, day, ["手机"])
    await hearing.say(session, day.candidate(0), words="我在看时间", now=at(40), incident_id=incident.id)
    for table in ("incident_items", "incident_statements"):
        with pytest.raises(IntegrityError, match="append-only"):
            async with session.begin_nested():
                await session.execute(text(f"DELETE FROM exam.{table}"))
