"""Proposals and publication on a real database."""

import itertools
import zlib
from collections import Counter, defaultdict
from datetime import date
from uuid import UUID

import pytest
from msgspec.structs import replace
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Role
from exam.kernel.clock import china_date
from exam.kernel.crypto import Vault
from exam.kernel.errors import Forbidden
from exam.registration import actions as registration_actions
from exam.registration import queries as registration
from exam.registration.rules import BatchStatus, RegistrationStatus
from exam.sittings import queries as sittings
from exam.sittings.rules import Duty
from scheduling.duties import queries as duties
from scheduling.planning.rules.checking import check
from scheduling.planning.rules.plan import UnplacedReason
from scheduling.planning.rules.serial import plan_bytes
from scheduling.sites import actions as sites
from scheduling.sites.rules import ApprovalStatus
from scheduling.timetable import actions, queries
from scheduling.timetable.models import PlanFileRow, PlannedSittingRow
from scheduling.timetable.rules.lifecycle import (
    AlreadyPublished,
    GapsUnexplained,
    NothingToPlace,
    PlanNotDraft,
    PlanStale,
    PlanStatus,
    RegistrationOpen,
)
from scheduling.timetable.rules.plan import SiteReason
from tests.exam.registration.world import NOW, person
from tests.scheduling.world import World, close, make_world, register, staff


@pytest.fixture
def vault() -> Vault:
    return Vault({"001": b"k" * 32}, "001")


async def _staffed(session: AsyncSession, candidates: int = 12) -> World:
    world = await make_world(session)
    await register(session, world, candidates, school=0)
    await register(session, world, 3, school=2)
    await register(session, world, 2, school=None)
    await staff(session, world, 0, 6, may_invigilate=True, may_head=True)
    await staff(session, world, 1, 6, may_invigilate=True, may_head=False, assess=True)
    await close(session, world)
    return world


async def test_nothing_to_place(session: AsyncSession) -> None:
    world = await make_world(session)
    with pytest.raises(NothingToPlace):
        await actions.propose(session, world.officer, batch_id=world.batch.id, seed=1, now=NOW)


async def test_a_stranger_proposes_nothing(session: AsyncSession) -> None:
    world = await _staffed(session)
    stranger = person(Role.EXAM_OFFICER, "organisation", world.batch.id)
    with pytest.raises(Forbidden):
        await actions.propose(session, stranger, batch_id=world.batch.id, seed=1, now=NOW)
    with pytest.raises(Forbidden):
        await queries.arrangement(session, stranger, world.batch.id)


async def test_everybody_has_a_place_and_a_team(session: AsyncSession) -> None:
    world = await _staffed(session)
    plan = await actions.propose(session, world.officer, batch_id=world.batch.id, seed=1, now=NOW)
    assert (plan.figures["placed"], plan.figures["unplaced"], plan.figures["unfilled"]) == (17, 0, 0)
    placements = await queries.placements(session, plan.id)
    assert {placements[id].reason for id in world.registrations} == {SiteReason.NEAREST}  # Xiantao's people go to Wuhan
    tickets = [one.ticket_no for one in placements.values()]
    assert len(set(tickets)) == 17
    assert all(ticket.isdigit() and ticket.startswith("26001") for ticket in tickets)
    first = {seat.registration_id: seat for seat in reversed(await queries.planned_sittings(session, plan.id))}
    assert all(placements[id].ticket_no[-2:] == f"{seat.seat_no:02d}" for id, seat in first.items())
    school = {one.id: one.institution_id for one in await registration.registrations(session, batch_id=world.batch.id)}
    sat = await queries.planned_sittings(session, plan.id)
    pool = {one.id: one for one in await duties.pool(session)}
    for duty in await duties.planned(session, plan.id):
        if duty.duty in (Duty.ASSESSOR, Duty.LEAD_ASSESSOR):
            schools = {school[seat.registration_id] for seat in sat if seat.session_id == duty.session_id}
            assert pool[duty.examiner_id].institution_id not in schools


async def test_every_room_has_a_head_and_every_person_one_place_at_a_time(session: AsyncSession) -> None:
    world = await _staffed(session)
    plan = await actions.propose(session, world.officer, batch_id=world.batch.id, seed=1, now=NOW)
    held = {one.id: one for one in await queries.sessions(session, plan.id)}
    teams: dict[UUID, list[Duty]] = defaultdict(list)
    for duty in await duties.planned(session, plan.id):
        teams[duty.session_id].append(duty.duty)
    for id, one in held.items():
        wanted = {Duty.SITE_HEAD: 1, Duty.INVIGILATOR: 2} | (
            {Duty.LEAD_ASSESSOR: 1, Duty.ASSESSOR: 1} if one.form.practical else {}
        )
        assert Counter(teams[id]) == wanted
    waiting = {(one.examiner_id, one.day) for one in await duties.standby(session, plan.id)}
    serving = {(one.examiner_id, china_date(one.starts_at)) for one in await duties.planned(session, plan.id)}
    assert not waiting & serving


async def test_a_practical_session_is_held_in_rounds_at_its_stations(session: AsyncSession) -> None:
    world = await _staffed(session, 60)
    plan = await actions.propose(session, world.officer, batch_id=world.batch.id, seed=1, now=NOW)
    rounds = [one for one in await queries.sessions(session, plan.id) if one.form.practical]
    assert max(one.round_no for one in rounds) > 1
    by_key: dict[str, list[queries.PlannedSession]] = defaultdict(list)
    for one in rounds:
        by_key[one.key].append(one)
    for turns in by_key.values():
        for before, after in itertools.pairwise(turns):
            assert (after.starts_at - before.ends_at).total_seconds() == 600  # a station is made ready in ten minutes
    worked = await queries.worked(session, plan.id)
    assert sum(map(len, worked.members.values())) == 65
    assert check(worked.problem, worked.plan).violations == ()


async def test_the_same_seed_gives_the_same_plan(session: AsyncSession) -> None:
    world = await _staffed(session)
    first = await actions.propose(session, world.officer, batch_id=world.batch.id, seed=7, now=NOW)
    again = await actions.propose(session, world.officer, batch_id=world.batch.id, seed=7, now=NOW)
    other = await actions.propose(session, world.officer, batch_id=world.batch.id, seed=8, now=NOW)
    assert first.sha256 == again.sha256 != other.sha256
    assert [plan.status for plan in await queries.plans(session, world.batch.id)] == [
        PlanStatus.DRAFT,
        PlanStatus.SUPERSEDED,
        PlanStatus.SUPERSEDED,
    ]


async def test_publishing_makes_the_facts(session: AsyncSession, vault: Vault) -> None:
    world = await _staffed(session)
    plan = await actions.propose(session, world.officer, batch_id=world.batch.id, seed=1, now=NOW)
    done = await actions.publish(session, world.officer, vault, plan_id=plan.id, now=NOW)
    assert (done.sittings, len(done.tickets)) == (34, 17)
    batch = await registration.batch(session, world.batch.id)
    assert batch.status is BatchStatus.TICKETS_RELEASED
    people = await registration.registrations(session, batch_id=batch.id)
    assert {one.status for one in people} == {RegistrationStatus.SEATED}
    facts = await sittings.sittings(session, batch_id=batch.id)
    assert {one.ticket_no for one in facts} == set(done.tickets.values())
    assert len(await sittings.duties(session, batch_id=batch.id)) == done.duties > 0
    cards = await queries.tickets(session, world.officer, vault, batch_id=batch.id)
    assert all(card.secret and len(card.parts) == 2 for card in cards)
    assert await queries.invariants(session) == []
    assert await duties.invariants(session) == []
    with pytest.raises(AlreadyPublished):
        await actions.propose(session, world.officer, batch_id=batch.id, seed=2, now=NOW)
    with pytest.raises(PlanNotDraft):
        await actions.publish(session, world.officer, vault, plan_id=plan.id, now=NOW)


async def test_open_registration_publishes_nothing(session: AsyncSession, vault: Vault) -> None:
    world = await make_world(session)
    await register(session, world, 4)
    plan = await actions.propose(session, world.officer, batch_id=world.batch.id, seed=1, now=NOW)
    with pytest.raises(RegistrationOpen):
        await actions.publish(session, world.officer, vault, plan_id=plan.id, gaps_reason="试排", now=NOW)


async def test_gaps_need_a_reason(session: AsyncSession, vault: Vault) -> None:
    world = await make_world(session)
    await register(session, world, 4)
    await close(session, world)
    plan = await actions.propose(session, world.officer, batch_id=world.batch.id, seed=1, now=NOW)
    with pytest.raises(GapsUnexplained) as refusal:
        await actions.publish(session, world.officer, vault, plan_id=plan.id, gaps_reason="  ", now=NOW)
    assert refusal.value.facts["unplaced"] == 0
    assert refusal.value.facts["unfilled"] == plan.figures["unfilled"] > 0
    await actions.publish(session, world.officer, vault, plan_id=plan.id, gaps_reason="由省考试院派人", now=NOW)
    assert (await queries.plan(session, plan.id)).gaps_reason == "由省考试院派人"


async def test_a_draft_older_than_the_registrations_is_stale(session: AsyncSession, vault: Vault) -> None:
    world = await _staffed(session)
    plan = await actions.propose(session, world.officer, batch_id=world.batch.id, seed=1, now=NOW)
    await register(session, world, 1)
    with pytest.raises(PlanStale):
        await actions.publish(session, world.officer, vault, plan_id=plan.id, now=NOW)


async def test_an_exempt_part_is_not_sat(session: AsyncSession) -> None:
    world = await _staffed(session)
    practical = world.scheme.components[1]
    await registration_actions.grant_exemption(
        session,
        world.officer,
        registration_id=world.registrations[0],
        component_id=practical.id,
        reason="技能大赛获奖",
        proof="证书",
        now=NOW,
    )
    plan = await actions.propose(session, world.officer, batch_id=world.batch.id, seed=1, now=NOW)
    seats = await queries.planned_sittings(session, plan.id, registration_ids=[world.registrations[0]])
    assert [seat.component_id for seat in seats] == [world.scheme.components[0].id]


async def test_without_a_site_in_force_people_are_listed(session: AsyncSession) -> None:
    world = await make_world(session, waiver=False)
    await register(session, world, 3, school=2)
    await sites.move(
        session, world.province, approval_id=world.approval_id, to=ApprovalStatus.SUSPENDED, reason="整改", now=NOW
    )
    plan = await actions.propose(session, world.officer, batch_id=world.batch.id, seed=1, now=NOW)
    view = await queries.arrangement(session, world.officer, world.batch.id)
    assert plan.figures["unplaced"] == 3
    assert [(line.reason, len(line.people)) for line in view.unplaced] == [(UnplacedReason.NO_SITE, 3)]
    why = await queries.why(session, world.officer, plan.id, world.registrations[0])
    assert why.site is None
    assert why.unplaced is not None
    assert why.unplaced.prefecture is not None
    assert why.unplaced.prefecture.name_zh == "仙桃市"


async def test_capacity_short_by_exactly_k(session: AsyncSession) -> None:
    world = await make_world(session)
    await register(session, world, 100)
    plan = await actions.propose(session, world.officer, batch_id=world.batch.id, seed=1, now=NOW)
    view = await queries.arrangement(session, world.officer, world.batch.id)
    assert {line.reason for line in view.unplaced} <= {UnplacedReason.CAPACITY, UnplacedReason.TIME}
    assert sum(len(line.people) for line in view.unplaced) == plan.figures["unplaced"] == 100 - plan.figures["placed"]
    assert plan.figures["placed"] == 81  # 27 machines in each of the three slots after which there is a practical one


async def test_the_database_holds_a_person_and_a_seat(session: AsyncSession) -> None:
    world = await _staffed(session)
    plan = await actions.propose(session, world.officer, batch_id=world.batch.id, seed=1, now=NOW)
    seats = await queries.planned_sittings(session, plan.id)
    first, second = [seat for seat in seats if seat.session_id == seats[0].session_id][:2]
    with pytest.raises(IntegrityError):
        async with session.begin_nested():
            await session.execute(
                update(PlannedSittingRow).where(PlannedSittingRow.id == second.id).values(seat_no=first.seat_no)
            )
    with pytest.raises(IntegrityError, match="ex_planned_sittings_person"):
        async with session.begin_nested():
            await session.execute(
                update(PlannedSittingRow).where(PlannedSittingRow.id == second.id).values(person_id=first.person_id)
            )


async def test_two_batches_share_a_room_without_overlap(session: AsyncSession, vault: Vault) -> None:
    world = await _staffed(session)
    plan = await actions.propose(session, world.officer, batch_id=world.batch.id, seed=1, now=NOW)
    await actions.publish(session, world.officer, vault, plan_id=plan.id, now=NOW)
    from tests.exam.registration.world import open_batch

    world.batch = await open_batch(session, [world.scheme], code="B2", last_day=date(2026, 6, 21))
    world.registrations, start = [], len(world.registrations)
    world.registrations = [world.batch.id] * start  # keep the serial numbers of people apart
    await register(session, world, 10)
    await close(session, world)
    second = await actions.propose(session, world.officer, batch_id=world.batch.id, seed=1, now=NOW)
    assert second.figures["placed"] == 10
    done = await actions.publish(session, world.officer, vault, plan_id=second.id, gaps_reason="人员另派", now=NOW)
    assert all(ticket.startswith("26002") for ticket in done.tickets.values())


async def test_needs_follow_the_batch(session: AsyncSession, vault: Vault) -> None:
    world = await make_world(session)
    await register(session, world, 100)
    assert await queries.needs(session, world.officer, NOW) == []
    assert [need.tone for need in await duties.needs(session, world.officer, NOW)] == ["warning"]
    await close(session, world)
    assert [need.text for need in await queries.needs(session, world.officer, NOW)] == ["%(batch)s报名已截止，可以编排"]
    plan = await actions.propose(session, world.officer, batch_id=world.batch.id, seed=1, now=NOW)
    needs = await queries.needs(session, world.officer, NOW)
    assert [need.count for need in needs] == [plan.figures["unplaced"], 1]
    assert await queries.needs(session, world.secretaries[0], NOW) == []
    await actions.publish(session, world.officer, vault, plan_id=plan.id, gaps_reason="另行安排", now=NOW)
    assert await queries.needs(session, world.officer, NOW) == []
    (ready,) = await queries.needs(session, world.secretaries[0], NOW)
    assert ready.href.endswith("/own")
    assert ready.count == plan.figures["placed"]
    assert await queries.needs(session, world.secretaries[2], NOW) == []


async def test_a_stored_plan_that_was_changed_is_noticed(session: AsyncSession, vault: Vault) -> None:
    world = await _staffed(session)
    plan = await actions.propose(session, world.officer, batch_id=world.batch.id, seed=1, now=NOW)
    await actions.publish(session, world.officer, vault, plan_id=plan.id, now=NOW)
    other = await queries.worked(session, plan.id)
    gone = other.plan.sessions[0].id
    fewer = replace(
        other.plan,
        sessions=other.plan.sessions[1:],
        assignments=tuple(one for one in other.plan.assignments if one.session != gone),
    )
    await session.execute(
        update(PlanFileRow).where(PlanFileRow.plan_id == plan.id).values(plan=zlib.compress(plan_bytes(fewer)))
    )
    found = await queries.invariants(session)
    assert any("not the one that was published" in one for one in found)
    assert any(" H2 " in one for one in found)
