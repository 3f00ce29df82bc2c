"""Pins of a live batch: they stand in the next proposal, and what cannot hold is refused in words before anything changes."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from exam.kernel.clock import china_date
from exam.kernel.errors import Forbidden, Invalid
from exam.kernel.i18n import translate, use_locale
from exam.registration.models import RegistrationRow
from exam.sittings.rules import Duty
from scheduling.duties import queries as duty_queries
from scheduling.duties.models import ExaminerRow
from scheduling.timetable import actions, queries
from scheduling.timetable.models import PinRow
from scheduling.timetable.queries import Choice
from scheduling.timetable.rules.pins import (
    NewPin,
    PinLevel,
    PinPart,
    PinRecord,
    PinRefused,
    PinRemoved,
    PinsContradict,
    PinState,
)
from tests.exam.registration.world import NOW
from tests.scheduling.world import World, close, make_world, open_site, register, staff

TODAY = china_date(NOW)


@pytest.fixture
async def world(session: AsyncSession) -> World:
    """Twelve of a school that has a site, three of another prefecture with a site of its own."""
    made = await make_world(session)
    await open_site(session, made, 2)
    await register(session, made, 12, school=0)
    await register(session, made, 3, school=2)
    await staff(session, made, 0, 6, may_invigilate=True, may_head=True)
    await staff(session, made, 1, 6, may_invigilate=True, may_head=False, assess=True)
    await close(session, made)
    return made


async def keys(session: AsyncSession, world: World) -> tuple[str, str, list[str], list[str]]:
    """(large group, small group, sites, slots) as the planner calls them."""
    found = (await queries.drafted(session, world.batch)).problem
    large, small = sorted(found.groups, key=lambda one: -one.count)
    return large.id, small.id, [one.id for one in found.sites], [one.id for one in found.slots]


def wish(**changes: Any) -> NewPin:
    values: dict[str, Any] = {"level": PinLevel.GROUP, "site": "", "reason": "院校有约"}
    return NewPin(**values | changes)


async def add(session: AsyncSession, world: World, **changes: Any) -> PinRecord:
    return await actions.add_pin(session, world.officer, batch_id=world.batch.id, wish=wish(**changes), now=NOW)


async def propose(session: AsyncSession, world: World, seed: int = 3) -> queries.Worked:
    plan = await actions.propose(session, world.officer, batch_id=world.batch.id, seed=seed, now=NOW)
    return await queries.worked(session, plan.id)


def told(refusal: PinRefused | PinsContradict) -> list[str]:
    return [translate(one.message, **one.facts) for one in refusal.problems]


async def test_a_group_sits_where_it_is_pinned(session: AsyncSession, world: World) -> None:
    large, _, sites, _ = await keys(session, world)
    before = {one.site for one in (await propose(session, world)).plan.placements if one.group == large}
    other = next(site for site in sites if site not in before)
    made = await add(session, world, parts=(PinPart(group=large, count=5),), site=other)
    assert (made.number, made.made_by, made.reason) == (1, world.officer.name, "院校有约")
    placed = (await propose(session, world)).plan.placements
    assert sum(one.count for one in placed if (one.group, one.site) == (large, other)) >= 5
    await actions.remove_pin(session, world.officer, pin_id=made.id, reason="约定取消", now=NOW)
    placed = (await propose(session, world)).plan.placements
    assert {one.site for one in placed if one.group == large} == before


async def test_a_component_sits_in_its_slot_and_a_member_of_staff_serves(session: AsyncSession, world: World) -> None:
    large, _, _, slots = await keys(session, world)
    first = await propose(session, world)
    theory = first.problem.parts_of(first.problem.group[large])[0].id
    site = first.plan.placements[0].site
    part = (PinPart(group=large),)
    await add(session, world, level=PinLevel.PART, parts=part, site=site, component=theory, slot=slots[2])
    await add(session, world, level=PinLevel.PERSON, site=site, slot=slots[2], examiner_id=world.examiners[7])
    plan = (await propose(session, world)).plan
    held = [one for one in plan.sessions if one.component == theory and any(p.group == large for p in one.parts)]
    assert {one.slot for one in held} == {slots[2]}
    serving = {one.session for one in plan.assignments if one.person == str(world.examiners[7])}
    assert serving & {one.id for one in plan.sessions if one.slot == slots[2]}


async def test_who_is_pinned_to_a_team_is_not_sent_as_head(session: AsyncSession, world: World) -> None:
    await session.execute(update(ExaminerRow).values(may_head=False))
    (only,) = await staff(session, world, 1, 1, may_invigilate=True, may_head=True)
    first = await propose(session, world)
    latest = await queries.latest(session, world.batch.id)
    assert latest
    sent = await duty_queries.planned(session, latest.id)
    heads = {china_date(one.starts_at) for one in sent if (one.examiner_id, one.duty) == (only, Duty.SITE_HEAD)}
    held = next(one for one in first.plan.sessions if one.place == "R1" and first.problem.slot[one.slot].day in heads)
    await add(session, world, level=PinLevel.PERSON, site=held.site, slot=held.slot, examiner_id=only)
    again = await propose(session, world)
    there = {one.id for one in again.plan.sessions if (one.site, one.slot) == (held.site, held.slot)}
    assert {one.session for one in again.plan.assignments if one.person == str(only)} & there


async def test_every_session_of_a_draft_can_be_kept(session: AsyncSession, world: World) -> None:
    first = await propose(session, world)
    latest = await queries.latest(session, world.batch.id)
    assert latest
    for one in await queries.sessions(session, latest.id):
        await actions.pin_session(
            session, world.officer, session_id=one.id, reason="已与考点确认", expires=None, now=NOW
        )
    await register(session, world, 30, school=0)
    again = await propose(session, world, seed=99)

    def held(worked: queries.Worked) -> Counter[tuple[Any, ...]]:
        return Counter(
            {
                (one.site, one.place, one.slot, one.component, part.group): sum(
                    other.count for other in one.parts if other.group == part.group
                )
                for one in worked.plan.sessions
                for part in one.parts
            }
        )

    assert held(first) <= held(again)


async def test_a_pin_that_collides_is_refused_with_the_other(session: AsyncSession, world: World) -> None:
    large, _, sites, _ = await keys(session, world)
    await add(session, world, parts=(PinPart(group=large),), site=sites[0])
    with pytest.raises(PinRefused) as refused:
        await add(session, world, parts=(PinPart(group=large),), site=sites[1], reason="另一个约定")
    (text,) = told(refused.value)
    assert "演示学校1 · 网页开发" in text
    assert "固定项 1（" in text
    assert "院校有约" in text
    assert "另一个约定" in text
    assert "4299900001/" not in text  # no key of the planner
    with use_locale("en", "scheduling_timetable"):
        assert "Demo School 1" in told(refused.value)[0]
    assert len(await queries.pins(session, world.batch.id)) == 1


async def test_a_pin_without_reason_or_with_a_past_day_is_refused(session: AsyncSession, world: World) -> None:
    large, _, sites, _ = await keys(session, world)
    parts = (PinPart(group=large, count=0),)
    with pytest.raises(Invalid) as refused:
        await add(session, world, parts=parts, site=sites[0], reason=" ", expires=TODAY - timedelta(days=1))
    assert {one.field for one in refused.value.problems} == {"reason", "expires", "count"}
    with pytest.raises(Invalid) as refused:
        await add(session, world, level=PinLevel.PERSON, site=sites[0])
    assert {one.field for one in refused.value.problems} == {"slot", "examiner"}
    with pytest.raises(Invalid) as refused:
        await add(session, world, parts=(), site=sites[0])
    assert {one.field for one in refused.value.problems} == {"group"}
    with pytest.raises(Invalid) as refused:
        await add(session, world, level=PinLevel.PART, parts=(PinPart(group=large),), site=sites[0])
    assert {one.field for one in refused.value.problems} == {"component", "slot"}
    assert await queries.pins(session, world.batch.id) == []


async def test_records_that_change_under_a_pin_keep_a_proposal_away(session: AsyncSession, world: World) -> None:
    _, small, sites, _ = await keys(session, world)
    await add(session, world, parts=(PinPart(group=small, count=3),), site=sites[0])
    await session.execute(
        update(RegistrationRow).where(RegistrationRow.id == world.registrations[-1]).values(status="withdrawn")
    )
    await session.flush()
    assert await queries.contradictory_pins(session, world.batch, TODAY) == (1,)
    with pytest.raises(PinsContradict) as refused:
        await propose(session, world)
    assert refused.value.facts == {"pins": "1"}
    assert "固定了 3 人" in told(refused.value)[0]
    with pytest.raises(PinsContradict):
        await actions.ask_proposal(session, world.officer, batch_id=world.batch.id, seed=1, now=NOW)
    view = await queries.pins_view(session, world.officer, world.batch.id, choice=Choice(), today=TODAY)
    assert [(line.state, len(line.faults)) for line in view.lines] == [(PinState.CONTRADICTORY, 1)]


async def test_an_expired_pin_is_void(session: AsyncSession, world: World) -> None:
    large, _, sites, _ = await keys(session, world)
    await add(session, world, parts=(PinPart(group=large),), site=sites[0], expires=TODAY)
    later = TODAY + timedelta(days=1)
    view = await queries.pins_view(session, world.officer, world.batch.id, choice=Choice(), today=later)
    assert [line.state for line in view.lines] == [PinState.EXPIRED]
    drafted = await queries.drafted(session, world.batch)
    assert (await queries.with_pins(session, world.batch, drafted, later)).problem.pins == ()
    assert len((await queries.with_pins(session, world.batch, drafted, TODAY)).problem.pins) == 1


async def test_what_a_pin_names_and_is_gone_is_said(session: AsyncSession, world: World) -> None:
    large, _, sites, _ = await keys(session, world)
    await add(session, world, parts=(PinPart(group=large),), site=sites[0])
    await session.execute(
        update(PinRow).values(
            site="nowhere", slot="0101-0000", parts=[{"group": "X/Y/advanced/Z", "count": 1, "registration_id": None}]
        )
    )
    await session.flush()
    session.expire_all()
    view = await queries.pins_view(session, world.officer, world.batch.id, choice=Choice(), today=TODAY)
    texts = [translate(fault.message, **fault.facts) for fault in view.lines[0].faults]
    assert ["考点现在没有资格" in texts[0], "时段现在不在考期内" in texts[1], "现在没有考生" in texts[2]] == [True] * 3


async def test_removing_asks_for_a_reason_and_happens_once(session: AsyncSession, world: World) -> None:
    large, _, sites, _ = await keys(session, world)
    made = await add(session, world, parts=(PinPart(group=large),), site=sites[0])
    with pytest.raises(Invalid):
        await actions.remove_pin(session, world.officer, pin_id=made.id, reason=" ", now=NOW)
    gone = await actions.remove_pin(session, world.officer, pin_id=made.id, reason="改期", now=NOW)
    assert (gone.removed_by, gone.removal_reason) == (world.officer.name, "改期")
    with pytest.raises(PinRemoved):
        await actions.remove_pin(session, world.officer, pin_id=made.id, reason="改期", now=NOW)
    assert await queries.contradictory_pins(session, world.batch, TODAY) == ()


async def test_only_who_arranges_the_batch_may_pin(session: AsyncSession, world: World) -> None:
    large, _, sites, _ = await keys(session, world)
    with pytest.raises(Forbidden):
        await actions.add_pin(
            session, world.province, batch_id=world.batch.id, wish=wish(parts=(PinPart(group=large),), site=sites[0]),
            now=NOW,
        )  # fmt: skip


async def test_pickers_offer_what_fits(session: AsyncSession, world: World) -> None:
    large, _, sites, slots = await keys(session, world)

    async def offered(**chosen: Any) -> Any:
        view = await queries.pins_view(session, world.officer, world.batch.id, choice=Choice(**chosen), today=TODAY)
        return view.pickers

    assert len((await offered()).groups) == 2
    group = await offered(group=large)
    assert (group.complete, group.most, group.sites[0][0]) == (True, 12, sites[0])
    assert " · 0.0 km" in str(group.sites[0][1])
    part = await offered(level=PinLevel.PART, group=large, site=sites[0], component="THEORY")
    assert part.components
    first = part.components[0][0]
    part = await offered(level=PinLevel.PART, group=large, site=sites[0], component=first)
    assert [len(part.slots), len(part.rooms)] == [len(slots), 1]
    person = await offered(level=PinLevel.PERSON, examiner=str(world.examiners[0]), site=sites[0])
    assert ([id for id, _ in person.duties], person.complete) == (["invigilator"], True)


async def test_when_nobody_is_left_to_place_nothing_contradicts(session: AsyncSession, world: World) -> None:
    large, _, sites, _ = await keys(session, world)
    await add(session, world, parts=(PinPart(group=large),), site=sites[0])
    await session.execute(update(RegistrationRow).values(status="withdrawn"))
    view = await queries.pins_view(session, world.officer, world.batch.id, choice=Choice(), today=TODAY)
    assert [line.state for line in view.lines] == [PinState.IN_FORCE]
