"""Repairs on a real database: what is lost is moved, everybody else stands, and one of two is refused."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import SYSTEM
from exam.kernel.crypto import Vault
from exam.kernel.services import Services
from exam.registration import actions as registration_actions
from exam.registration import queries as registration
from exam.registration.rules import Measures, RegistrationStatus
from exam.sittings import actions as sitting_actions
from exam.sittings import queries as sittings
from exam.sittings.rules import Sitting
from scheduling.duties import queries as duties
from scheduling.repairs import actions, queries
from scheduling.repairs.actions import deciding
from scheduling.repairs.rules.asking import Asked
from scheduling.repairs.rules.repair import (
    LossIncomplete,
    NobodyLate,
    NothingLost,
    NothingPublished,
    ReasonMissing,
    RepairDecided,
    RepairStale,
    RepairStatus,
    What,
)
from scheduling.sites import queries as sites
from scheduling.sites.rules import Site
from scheduling.timetable import queries as timetable
from scheduling.timetable.queries.accommodations import accommodation_failures
from scheduling.timetable.rules.lifecycle import PlanStatus
from tests.exam.registration.world import NOW
from tests.scheduling.repairs.world import Published, propose, publish, stand
from tests.scheduling.world import close, make_world, register


@pytest.fixture
def vault() -> Vault:
    return Vault({"001": b"k" * 32}, "001")


def place(one: Sitting) -> tuple[UUID, int]:
    return one.room_session_id, one.seat_no


def codes(before: Published, after: Published) -> dict[UUID, str]:
    return {id: one.room_name for id, one in {**before.rooms, **after.rooms}.items()}


async def test_a_flooded_room_is_left_and_everybody_else_stands(session: AsyncSession, vault: Vault) -> None:
    before = await publish(session, vault)
    world = before.world
    room = next(one for one in before.rooms.values() if one.form == "computer" and one.site_id == world.site_id)
    site = next(one for one in await _sites(session) if one.id == world.site_id)
    code = next(one.code for one in site.rooms if one.id == room.room_id)
    repair_id = await propose(session, world, Asked(what=What.ROOM, site=site.code, room=code))
    found = await queries.repair(session, repair_id)
    hit = [one for one in before.places.values() if before.rooms[one.room_session_id].room_id == room.room_id]
    assert found.figures["moved"] == len({one.registration_id for one in hit}) > 0
    assert (found.figures["others_moved"], found.figures["unplaced"], found.figures["other_site"]) == (0, 0, 0)
    assert found.figures["same_time"] == found.figures["moved"]
    after_plan = await actions.accept(session, world.officer, vault, repair_id=repair_id, now=NOW)
    after = await stand(session, world)
    moved = {one.id for one in hit}
    assert {id for id in before.places if place(before.places[id]) != place(after.places[id])} == moved
    for id in moved:
        old, new = before.places[id], after.places[id]
        assert (old.starts_at, old.ends_at, old.paper_version, old.ticket_no) == (
            new.starts_at, new.ends_at, new.paper_version, new.ticket_no,
        )  # fmt: skip
        assert (after.rooms[new.room_session_id].room_id != room.room_id, new.moves_count) == (True, 1)
        assert [one.reason for one in await sittings.moves(session, sitting_id=id)] == ["水管爆裂"]
    assert not any(one.room_id == room.room_id for one in after.rooms.values())
    assert (after_plan.version, after_plan.status, after_plan.repair_reason) == (2, PlanStatus.PUBLISHED, "水管爆裂")
    assert (await timetable.plan(session, before.plan.id)).status is PlanStatus.SUPERSEDED
    await _agrees(session, world.batch.id, after_plan.id)


async def test_the_team_goes_with_its_session_and_nobody_else_is_sent_elsewhere(
    session: AsyncSession, vault: Vault
) -> None:
    before = await publish(session, vault)
    world = before.world
    own = {
        (one.session_id, one.account_id, one.duty) for one in await sittings.duties(session, batch_id=world.batch.id)
    }
    room = next(one for one in before.rooms.values() if one.form == "computer" and one.site_id == world.site_id)
    site = next(one for one in await _sites(session) if one.id == world.site_id)
    code = next(one.code for one in site.rooms if one.id == room.room_id)
    repair_id = await propose(session, world, Asked(what=What.ROOM, site=site.code, room=code))
    await actions.accept(session, world.officer, vault, repair_id=repair_id, now=NOW)
    after = {
        (one.session_id, one.account_id, one.duty) for one in await sittings.duties(session, batch_id=world.batch.id)
    }
    assert {one for one in own if one[0] != room.id} == {one for one in after if one[0] in before.rooms}
    team = {(account, duty) for id, account, duty in own if id == room.id}
    (fresh,) = {id for id, _, _ in after} - before.rooms.keys()
    assert {(account, duty) for id, account, duty in after if id == fresh} == team


async def test_a_lost_site_goes_to_the_other_and_two_accept_once(session: AsyncSession, vault: Vault) -> None:
    before = await publish(session, vault)
    world = before.world
    site = next(one for one in await _sites(session) if one.id != world.site_id)
    first = await propose(session, world, Asked(what=What.SITE, site=site.code))
    second = await propose(session, world, Asked(what=What.SITE, site=site.code))
    await actions.accept(session, world.officer, vault, repair_id=first, now=NOW)
    with pytest.raises(RepairStale):
        await actions.accept(session, world.officer, vault, repair_id=second, now=NOW)
    with pytest.raises(RepairDecided):
        await actions.accept(session, world.officer, vault, repair_id=first, now=NOW)
    after = await stand(session, world)
    assert {one.site_id for one in after.rooms.values()} == {world.site_id}
    stood = {id for id, one in before.places.items() if before.rooms[one.room_session_id].site_id == world.site_id}
    assert all(place(before.places[id]) == place(after.places[id]) for id in stood)
    assert len(after.places) == len(before.places)
    await _agrees(session, world.batch.id, after.plan.id)
    await actions.discard(session, world.officer, repair_id=second, now=NOW)
    assert (await queries.repair(session, second)).status is RepairStatus.DISCARDED


async def test_of_two_officers_at_once_one_accepts_and_the_other_is_told(services: Services) -> None:
    async with services.db.transaction() as session:
        before = await publish(session, services.vault)
        site = next(one for one in await _sites(session) if one.id != before.world.site_id)
        ids = [await propose(session, before.world, Asked(what=What.SITE, site=site.code)) for _ in range(2)]

    async def one(repair_id: UUID) -> None:
        async with services.db.transaction() as session:
            await actions.accept(session, before.world.officer, services.vault, repair_id=repair_id, now=NOW)

    ended = await asyncio.gather(one(ids[0]), one(ids[1]), one(ids[0]), return_exceptions=True)
    refused = [found for found in ended if found is not None]
    assert (len(refused), {type(found) for found in refused} <= {RepairStale, RepairDecided}) == (2, True)
    async with services.db.transaction() as session:
        after = await stand(session, before.world)
        assert (after.plan.version, len(after.places)) == (2, len(before.places))
        await _agrees(session, before.world.batch.id, after.plan.id)


@pytest.mark.parametrize("killed", ["rearrange", "insert_many", "_admit_late"])
async def test_an_acceptance_that_is_killed_changes_nothing(
    services: Services, monkeypatch: pytest.MonkeyPatch, killed: str
) -> None:
    async with services.db.transaction() as session:
        before = await publish(session, services.vault)
        site = next(one for one in await _sites(session) if one.id != before.world.site_id)
        repair_id = await propose(session, before.world, Asked(what=What.SITE, site=site.code))
        sent = await sittings.duties(session, batch_id=before.world.batch.id)

    async def dies(*_: object, **__: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(sitting_actions if killed == "rearrange" else deciding, killed, dies)
        with pytest.raises(ConnectionError):
            async with services.db.transaction() as session:
                await actions.accept(session, before.world.officer, services.vault, repair_id=repair_id, now=NOW)
    async with services.db.transaction() as session:
        after = await stand(session, before.world)
        assert (after.plan, after.places, after.rooms) == (before.plan, before.places, before.rooms)
        assert await sittings.duties(session, batch_id=before.world.batch.id) == sent
        assert (await queries.repair(session, repair_id)).status is RepairStatus.PROPOSED
        await actions.accept(session, before.world.officer, services.vault, repair_id=repair_id, now=NOW)
        assert (await stand(session, before.world)).plan.version == 2


async def test_without_another_site_the_lost_are_listed_and_can_be_seated_later(
    session: AsyncSession, vault: Vault
) -> None:
    before = await publish(session, vault, candidates=60)
    world = before.world
    site = next(one for one in await _sites(session) if one.id == world.site_id)
    asked = Asked(what=What.SITE, site=site.code, days=(world.batch.first_day,))
    repair_id = await propose(session, world, asked)
    found = await queries.repair(session, repair_id)
    view = await queries.repair_view(session, world.officer, repair_id)
    assert len(view.left) == found.figures["unplaced"]
    await actions.accept(session, world.officer, vault, repair_id=repair_id, ask_papers=True, now=NOW)
    after = await stand(session, world)
    assert not any(
        room.site_id == world.site_id and room.starts_at.date() == world.batch.first_day
        for room in after.rooms.values()
    )
    without = set(world.registrations) - {one.registration_id for one in after.places.values()}
    assert len(without) == found.figures["unplaced"]
    assert set(await queries.late_candidates(session, world.batch.id)) == without
    await _agrees(session, world.batch.id, after.plan.id)


async def test_late_candidates_move_nobody_and_get_the_next_tickets(session: AsyncSession, vault: Vault) -> None:
    before = await publish(session, vault)
    world = before.world
    with pytest.raises(NobodyLate):
        await actions.ask(
            session, world.officer, batch_id=world.batch.id, asked=Asked(what=What.LATE), reason="补报", most_moved=0,
            now=NOW,
        )  # fmt: skip
    late = await register(session, world, 4)
    repair_id = await propose(session, world, Asked(what=What.LATE))
    assert (await queries.repair(session, repair_id)).figures["placed"] == 4
    await actions.accept(session, world.officer, vault, repair_id=repair_id, now=NOW)
    after = await stand(session, world)
    assert all(place(one) == place(after.places[id]) for id, one in before.places.items())
    fresh = [one for one in after.places.values() if one.registration_id in late]
    assert len(fresh) == 8
    tickets = {one.registration_id: one.ticket_no for one in after.places.values()}
    assert len(set(tickets.values())) == len(tickets) == 19
    people = await registration.registrations(session, ids=late)
    assert {one.status for one in people} == {RegistrationStatus.SEATED}
    await _agrees(session, world.batch.id, after.plan.id)


async def test_what_is_granted_after_publication_places_the_candidate_anew_and_nobody_else(
    session: AsyncSession, vault: Vault
) -> None:
    before = await publish(session, vault)
    world = before.world
    own = world.registrations[0]
    asked = await registration_actions.ask_accommodation(
        session, SYSTEM, vault, registration_id=own, measures=Measures(25, ground_floor=True), reason="骨折",
        evidence="诊断证明", now=NOW,
    )  # fmt: skip
    assert await queries.late_candidates(session, world.batch.id) == []
    await registration_actions.decide_accommodation(
        session, world.officer, vault, accommodation_id=asked.id, grant=True, reason="核对", now=NOW
    )
    assert await accommodation_failures(session) != []  # named until it is done
    assert await queries.late_candidates(session, world.batch.id) == [own]
    repair_id = await propose(session, world, Asked(what=What.LATE))
    assert (await queries.repair(session, repair_id)).figures["unplaced"] == 0
    await actions.accept(session, world.officer, vault, repair_id=repair_id, now=NOW)
    after = await stand(session, world)
    assert len(after.places) == len(before.places)
    assert all(place(one) == place(after.places[id]) for id, one in before.places.items() if one.registration_id != own)
    mine = [one for one in after.places.values() if one.registration_id == own]
    assert {(one.granted_minutes, one.ends_at - one.starts_at) for one in mine} == {(15, timedelta(minutes=75))}
    assert {one.ticket_no for one in mine} == {
        one.ticket_no for one in before.places.values() if one.registration_id == own
    }
    assert await accommodation_failures(session) == []
    assert await queries.late_candidates(session, world.batch.id) == []
    await _agrees(session, world.batch.id, after.plan.id)


async def test_who_is_ill_is_replaced_and_nobody_moves(session: AsyncSession, vault: Vault) -> None:
    before = await publish(session, vault)
    world = before.world
    own = await sittings.duties(session, batch_id=world.batch.id)
    pool = {one.account_id: one for one in await duties.pool(session)}
    for kind in ("assessor", "invigilator", "site_head"):
        own = await sittings.duties(session, batch_id=world.batch.id)
        ill = pool[next(one.account_id for one in own if one.duty == kind)]
        repair_id = await propose(session, world, Asked(what=What.STAFF, person=str(ill.id)))
        await actions.accept(session, world.officer, vault, repair_id=repair_id, now=NOW)
        after = await sittings.duties(session, batch_id=world.batch.id)
        assert ill.account_id not in {one.account_id for one in after}, kind
        stood = {(one.session_id, one.account_id, one.duty) for one in own if one.account_id != ill.account_id}
        assert stood <= {(one.session_id, one.account_id, one.duty) for one in after}, kind
    after_all = await stand(session, world)
    assert {id: place(one) for id, one in before.places.items()} == {
        id: place(one) for id, one in after_all.places.items()
    }
    await _agrees(session, world.batch.id, after_all.plan.id)


async def test_a_seat_changed_by_hand_makes_a_proposal_stale_and_stands_afterwards(
    session: AsyncSession, vault: Vault
) -> None:
    before = await publish(session, vault)
    world = before.world
    site = next(one for one in await _sites(session) if one.id != world.site_id)
    asked = Asked(what=What.SITE, site=site.code)
    early = await propose(session, world, asked)
    one = next(
        one
        for one in before.places.values()
        if before.rooms[one.room_session_id].site_id == world.site_id
        and before.rooms[one.room_session_id].form == "computer"
    )
    seat = before.rooms[one.room_session_id].seats_count
    await sitting_actions.move(session, world.officer, sitting_id=one.id, seat_no=seat, reason="机器故障", now=NOW)
    with pytest.raises(RepairStale):
        await actions.accept(session, world.officer, vault, repair_id=early, now=NOW)
    again = await propose(session, world, asked)
    await actions.accept(session, world.officer, vault, repair_id=again, now=NOW)
    after = await stand(session, world)
    assert after.places[one.id].seat_no == seat
    await _agrees(session, world.batch.id, after.plan.id)


async def test_what_cannot_be_asked_is_refused_in_words(session: AsyncSession, vault: Vault) -> None:
    bare = await make_world(session)
    await register(session, bare, 4)
    with pytest.raises(NothingPublished):
        await propose(session, bare, Asked(what=What.LATE))
    await close(session, bare)


async def test_a_reason_and_a_thing_that_is_there_are_asked_for(session: AsyncSession, vault: Vault) -> None:
    before = await publish(session, vault)
    world = before.world
    with pytest.raises(ReasonMissing):
        await actions.ask(
            session, world.officer, batch_id=world.batch.id, asked=Asked(what=What.SITE), reason=" ", most_moved=0,
            now=NOW,
        )  # fmt: skip
    with pytest.raises(LossIncomplete):
        await propose(session, world, Asked(what=What.SITE, site="nowhere"))
    used = {one.room_id for one in before.rooms.values()}
    places = [(site, room) for site in await _sites(session) for room in site.rooms if room.id not in used]
    assert places
    with pytest.raises(NothingLost):
        await propose(session, world, Asked(what=What.ROOM, site=places[0][0].code, room=places[0][1].code))


async def _sites(session: AsyncSession) -> list[Site]:
    return await sites.sites(session)


async def _agrees(session: AsyncSession, batch_id: UUID, plan_id: UUID) -> None:
    """The published version and the exam day say the same, and every invariant holds."""
    held = {one.id: one.room_session_id for one in await timetable.sessions(session, plan_id)}
    planned = {
        (one.registration_id, one.component_id): (held[one.session_id], one.seat_no, one.starts_at, one.ends_at)
        for one in await timetable.planned_sittings(session, plan_id)
    }
    facts = {
        (one.registration_id, one.component_id): (one.room_session_id, one.seat_no, one.starts_at, one.ends_at)
        for one in await sittings.sittings(session, batch_id=batch_id)
    }
    assert planned == facts
    sent = {(held[one.session_id], one.account_id, one.duty) for one in await duties.planned(session, plan_id)}
    assert sent == {
        (one.session_id, one.account_id, one.duty) for one in await sittings.duties(session, batch_id=batch_id)
    }
    assert await timetable.invariants(session) == []
    assert await sittings.invariants(session) == []
    assert await duties.invariants(session) == []
