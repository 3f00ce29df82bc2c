"""A published batch at two sites with a spare room, for tests of the repairs."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from exam.catalogue.rules import Form
from exam.kernel.crypto import Vault
from exam.registration.models import InstitutionRow
from exam.sittings import queries as sittings
from exam.sittings.rules import RoomSession, Sitting
from scheduling.repairs import actions
from scheduling.repairs.rules.asking import Asked
from scheduling.sites import actions as sites
from scheduling.timetable import actions as timetable
from scheduling.timetable import queries
from tests.exam.registration.world import NOW
from tests.scheduling.world import World, close, make_world, open_site, register, staff


@dataclass
class Published:
    """What is published, by whom, and who sits where."""

    world: World
    plan: queries.PlanRecord
    places: Mapping[UUID, Sitting]
    rooms: Mapping[UUID, RoomSession]


async def publish(session: AsyncSession, vault: Vault, *, candidates: int = 12) -> Published:
    """Two schools, two sites, one more computer room and one more workshop at the first."""
    world = await make_world(session)
    for school, (lat, lon) in zip(world.schools, ((30.6, 114.3), (30.5, 114.4), (30.36, 113.45)), strict=True):
        await session.execute(
            update(InstitutionRow).where(InstitutionRow.id == school.id).values(latitude=lat, longitude=lon)
        )
    for code, form, seats in (("R8", Form.COMPUTER, 30), ("R9", _practical(world), 10)):
        await sites.add_room(
            session, world.secretaries[0], site_id=world.site_id, code=code, name_zh=f"{code} 考场", form=form,
            seats=seats, spares=2, now=NOW,
        )  # fmt: skip
    await open_site(session, world, 2)
    await register(session, world, candidates, school=0)
    await register(session, world, 3, school=2)
    await staff(session, world, 0, 8, may_invigilate=True, may_head=True)
    await staff(session, world, 1, 8, may_invigilate=True, may_head=True, assess=True)
    await close(session, world)
    plan = await timetable.propose(session, world.officer, batch_id=world.batch.id, seed=1, now=NOW)
    await timetable.publish(session, world.officer, vault, plan_id=plan.id, gaps_reason="演示", now=NOW)
    return await stand(session, world)


def _practical(world: World) -> Form:
    return next(part.form for part in world.scheme.components if part.form.practical)


async def stand(session: AsyncSession, world: World) -> Published:
    """What is published now."""
    plan = await queries.published(session, world.batch.id)
    assert plan is not None
    return Published(
        world=world,
        plan=plan,
        places={one.id: one for one in await sittings.sittings(session, batch_id=world.batch.id)},
        rooms={one.id: one for one in await sittings.room_sessions(session, batch_id=world.batch.id)},
    )


async def propose(session: AsyncSession, world: World, asked: Asked, *, most_moved: int = 0) -> UUID:
    """Work a repair out, as the job does."""
    question = await actions.prepare(
        session, world.officer, batch_id=world.batch.id, asked=asked, reason="水管爆裂", most_moved=most_moved, now=NOW
    )
    return await actions.keep(session, world.officer, question, actions.compute(question), now=NOW)
