"""A changed time needs another paper (H9): one that is at hand is taken, else the item author is asked and the room waits."""

from uuid import UUID

import pytest
from msgspec import structs
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import SYSTEM, Actor, Role, Scope
from exam.kernel.crypto import Vault
from exam.papers import actions as papers
from exam.papers import queries as paper_queries
from exam.sittings import actions as sittings
from exam.sittings import queries as sitting_queries
from exam.sittings.actions.rooms import PaperAwaited
from scheduling.planning.rules.plan import Plan
from scheduling.repairs import actions, queries
from scheduling.repairs.rules.asking import Asked
from scheduling.repairs.rules.papers import NoPaperAwaited, PapersLacking, assigned, fresh, lacking
from scheduling.repairs.rules.repair import RepairStatus, What
from scheduling.sites import queries as sites
from tests.exam.day import drafts, person
from tests.exam.registration.world import NOW
from tests.scheduling.planning import small
from tests.scheduling.repairs.world import Published, propose, publish, stand
from tests.scheduling.world import World

EXAM = ("C1", "intermediate", "theory")


@pytest.fixture
def vault() -> Vault:
    return Vault({"001": b"k" * 32}, "001")


def plan(*papers_at: tuple[str, str]) -> Plan:
    """Sessions of theory with a paper in a slot, and a practical one."""
    theory = [small.session(f"N{at}", slot=slot, paper=letter) for at, (slot, letter) in enumerate(papers_at, start=1)]
    return small.plan(sessions=(*theory, small.session("N9", "W1", "1c", "skill", paper="Z")))


def letters(found: Plan) -> list[str]:
    return [one.paper for one in found.sessions if one.component == "theory"]


def test_a_new_start_takes_a_sealed_paper_that_no_session_uses() -> None:
    problem, before, after = small.problem(), plan(("1a", "A")), plan(("1a", "A"), ("1b", "B"))
    assert fresh(problem, before, after) == {(EXAM, "B")}
    assert letters(assigned(problem, before, after, {EXAM: ("A", "B")})) == ["A", "B"]
    assert letters(assigned(problem, before, after, {EXAM: ("A", "AA", "D")})) == ["A", "D"]
    assert letters(assigned(problem, before, after, {EXAM: ("A",)})) == ["A", "B"]
    assert letters(assigned(problem, before, after, {})) == ["A", "B"]
    assert assigned(problem, before, small.plan(sessions=()), {EXAM: ("A",)}).sessions == ()


def test_a_paper_that_nobody_uses_any_more_is_taken_first() -> None:
    problem, before = small.problem(), plan(("1a", "A"), ("1b", "B"))
    after = plan(("1b", "B"), ("1c", "C"))
    moved = assigned(problem, before, after, {})
    assert letters(moved) == ["B", "A"]
    assert lacking(problem, before, moved, {}) == frozenset()


def test_what_is_not_at_hand_is_lacking_and_so_is_what_rooms_wait_for() -> None:
    problem, before, after = small.problem(), plan(("1a", "A")), plan(("1a", "A"), ("1b", "B"), ("1c", "C"))
    assert lacking(problem, before, after, {EXAM: ("C",)}) == {(EXAM, "B")}
    assert lacking(problem, before, before, {}, {(EXAM, "A"), (EXAM, "Q")}) == {(EXAM, "A")}
    assert lacking(problem, before, before, {}) == frozenset()


async def test_without_a_paper_the_author_is_asked_and_the_room_waits(session: AsyncSession, vault: Vault) -> None:
    before = await publish(session, vault)
    world = before.world
    author = await _bank(session, world, per_kind=80)
    await papers.assemble(session, author, component=world.scheme.components[0], versions=["A"], seed=1, now=NOW)
    repair_id = await propose(session, world, await _lost_day(session, before))
    (line,) = (await queries.repair_view(session, world.officer, repair_id)).papers
    assert (line.version, line.lacking) == ("B", True)
    with pytest.raises(PapersLacking):
        await actions.accept(session, world.officer, vault, repair_id=repair_id, now=NOW)
    assert (await queries.repair(session, repair_id)).status is RepairStatus.PROPOSED
    await actions.accept(session, world.officer, vault, repair_id=repair_id, ask_papers=True, now=NOW)
    after = await stand(session, world)
    (room,) = (one for one in after.rooms.values() if one.awaits_paper)
    assert (room.form, room.id in before.rooms, room.awaits_paper) == ("computer", False, "B")
    doors = room.starts_at
    with pytest.raises(PaperAwaited):
        await sittings.open_room(session, SYSTEM, room_session_id=room.id, now=doors)
    wanted: dict[str, UUID | str] = {"batch_id": world.batch.id, "component_id": room.component_id, "version": "B"}
    stranger = person(Role.ITEM_AUTHOR, Scope("organisation", str(world.batch.id)))
    assert (await queries.paper_tasks(session, stranger), await queries.needs(session, stranger, NOW)) == ([], [])
    with pytest.raises(NoPaperAwaited):
        await _supply(session, stranger, wanted)
    (task,) = await queries.paper_tasks(session, author)
    assert (task.version, task.drawn, task.sealed, task.mine, task.rooms) == ("B", True, False, True, (room,))
    assert [one.href for one in await queries.needs(session, author, NOW)] == ["/scheduling/papers"]
    assert [one.mine for one in await queries.paper_tasks(session, world.officer)] == [False]
    done = await _supply(session, author, wanted)
    assert (done.rooms_count, done.drawn, done.shared_count) == (1, True, 0)
    given = await paper_queries.paper_for(session, room.component_id, "B", world.batch.id)
    other = await paper_queries.paper_for(session, room.component_id, "A", world.batch.id)
    assert not {one.id for one in given.questions} & {one.id for one in other.questions}
    assert not (await queries.repair_view(session, world.officer, repair_id)).papers[0].lacking
    await sittings.open_room(session, SYSTEM, room_session_id=room.id, now=doors)
    with pytest.raises(NoPaperAwaited):
        await _supply(session, author, wanted)


async def test_a_sealed_paper_is_given_in_the_same_step_whatever_its_letter(
    session: AsyncSession, vault: Vault
) -> None:
    before = await publish(session, vault)
    world = before.world
    author = await _bank(session, world, per_kind=80)
    await papers.assemble(session, author, component=world.scheme.components[0], versions=["A", "D"], seed=1, now=NOW)
    repair_id = await propose(session, world, await _lost_day(session, before))
    await actions.accept(session, world.officer, vault, repair_id=repair_id, now=NOW)
    after = await stand(session, world)
    assert not [one for one in after.rooms.values() if one.awaits_paper]
    moved = {
        after.places[id].paper_version
        for id, one in before.places.items()
        if one.starts_at != after.places[id].starts_at and before.rooms[one.room_session_id].form == "computer"
    }
    assert moved == {"D"}
    assert structs.asdict((await queries.repair(session, repair_id)).asked)["what"] is What.SITE
    assert await queries.paper_tasks(session, author) == []


async def test_a_room_that_is_given_up_waits_for_nothing(session: AsyncSession, vault: Vault) -> None:
    before = await publish(session, vault)
    world = before.world
    repair_id = await propose(session, world, await _lost_day(session, before))
    await actions.accept(session, world.officer, vault, repair_id=repair_id, ask_papers=True, now=NOW)
    (room,) = await sitting_queries.room_sessions(session, awaiting_paper=True)
    site = next(one for one in await sites.sites(session) if one.id == room.site_id)
    again = await propose(session, world, Asked(what=What.SITE, site=site.code))
    held = await queries.repair_view(session, world.officer, again)
    assert held.papers == ()  # at the other site everybody begins with the others
    await actions.accept(session, world.officer, vault, repair_id=again, now=NOW)
    assert await sitting_queries.room_sessions(session, awaiting_paper=True) == []


async def _bank(session: AsyncSession, world: World, *, per_kind: int) -> Actor:
    """An item author with a bank of so many items a kind."""
    author = person(Role.ITEM_AUTHOR, Scope("organisation", str(world.scheme.organisation_id)))
    await papers.add_items(
        session, author, certificate_id=world.scheme.certificate_id, level=world.scheme.level,
        items=drafts(per_kind), now=NOW,
    )  # fmt: skip
    return author


async def _lost_day(session: AsyncSession, before: Published) -> Asked:
    """The smaller site cannot be used on the first day: everybody there goes to the second."""
    site = next(one for one in await sites.sites(session) if one.id != before.world.site_id)
    return Asked(what=What.SITE, site=site.code, days=(before.world.batch.first_day,))


async def _supply(session: AsyncSession, actor: Actor, wanted: dict[str, UUID | str]) -> actions.Supplied:
    return await actions.supply(
        session, actor, batch_id=UUID(str(wanted["batch_id"])), component_id=UUID(str(wanted["component_id"])),
        version=str(wanted["version"]), seed=2, now=NOW,
    )  # fmt: skip
