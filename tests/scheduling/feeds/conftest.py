"""A published day at one site: a computer session and two practical rounds, three candidates, staff on duty."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts import actions as accounts
from exam.accounts import queries as account_queries
from exam.accounts.models import Account, AccountGrant
from exam.accounts.rules import SYSTEM, Actor
from exam.kernel.ids import new_id
from exam.kernel.services import Services
from exam.registration import queries as registration
from exam.sittings import actions as sittings
from exam.sittings.models import DutyRow
from exam.sittings.rules import Duty, DutySpec, Publication, RoomSession, SittingSpec
from scheduling.duties import queries as pool
from scheduling.sites import queries as sites
from tests.exam.registration.world import NOW
from tests.scheduling.world import World, close, make_world, register, staff

NINE = datetime(2026, 6, 20, 1, 0, tzinfo=UTC)
"""Saturday 20 June 2026, 09:00 in China."""


@dataclass
class Published:
    """What stands after the publication."""

    world: World
    rooms: list[RoomSession]  # theory, practical first and second round
    specs: list[SittingSpec]
    officer: Actor
    invigilator: Actor
    head: Actor
    candidates: list[Actor]

    @property
    def site_id(self) -> UUID:
        """Where it is held."""
        return self.world.site_id


async def drop_duty(session: AsyncSession, duty_id: UUID) -> None:
    """Take somebody off a duty, as a repair does."""
    await session.execute(delete(DutyRow).where(DutyRow.id == duty_id))


@pytest.fixture
async def published(services: Services) -> Published:
    async with services.db.transaction() as session:
        world = await make_world(session)
        ids = await register(session, world, 3, school=0)
        await staff(session, world, 0, 2, may_invigilate=True, may_head=True)
        await close(session, world)
        people = await registration.registrations(session, ids=ids)
        people.sort(key=lambda person: person.name_sort)
        rooms = await _rooms(session, world)
        specs = [
            SittingSpec(
                id=new_id(), registration_id=person.id, person_id=person.person_id, component_id=room.component_id,
                session_id=room.id, seat_no=seat, starts_at=room.starts_at, ends_at=room.ends_at,
            )
            for seat, person in enumerate(people, start=1)
            for room in (rooms[0], rooms[1] if seat < 3 else rooms[2])
        ]  # fmt: skip
        held = {one.id: one for one in await pool.pool(session)}
        first, second = (held[id] for id in world.examiners)
        duties = [_duty(rooms[0], first.account_id, first.name, Duty.INVIGILATOR)]
        duties += [_duty(room, second.account_id, second.name, Duty.SITE_HEAD) for room in rooms]
        tickets = {person.id: f"20264201{number:04d}" for number, person in enumerate(people, start=1)}
        publication = Publication(
            batch_id=world.batch.id, plan_id=new_id(), plan_version=1, sessions=tuple(rooms), sittings=tuple(specs),
            duties=tuple(duties), tickets=tickets,
        )  # fmt: skip
        await sittings.admit(session, world.officer, publication=publication, now=NOW)
        access = [
            accounts.CandidateAccess(
                registration_id=person.id, person_id=person.person_id, ticket_no=tickets[person.id], name=person.name
            )
            for person in people
        ]
        await accounts.open_candidate_access(session, SYSTEM, services.vault, tickets=access, now=NOW)
        session.add(
            AccountGrant(account_id=second.account_id, role="site_head", scope_kind="site", scope_id=str(world.site_id))
        )
        await session.flush()
        invigilator = await account_queries.actor(session, first.account_id)
        own = await account_queries.actor(session, second.account_id)
        return Published(
            world=world,
            rooms=rooms,
            specs=specs,
            officer=await _signed_in(session, world.officer),
            invigilator=invigilator,
            head=own,
            candidates=[await _candidate(session, ticket) for ticket in tickets.values()],
        )


async def _rooms(session: AsyncSession, world: World) -> list[RoomSession]:
    site = await sites.site(session, world.site_id)
    made = []
    for part, starts_at in (
        (world.scheme.components[0], NINE),
        (world.scheme.components[1], NINE + timedelta(hours=4)),
        (world.scheme.components[1], NINE + timedelta(hours=5, minutes=15)),
    ):
        room = next(room for room in site.rooms if room.form == part.form)
        made.append(
            RoomSession(
                id=new_id(), batch_id=world.batch.id, site_id=site.id, site_code=site.code, site_name=site.name_zh,
                site_address=site.address_zh, prefecture_code=site.prefecture_code, room_id=room.id,
                room_name=room.name_zh, component_id=part.id, form=part.form, starts_at=starts_at,
                ends_at=starts_at + timedelta(minutes=60), seats_count=room.usable, site_name_en="Demo Site",
                room_name_en=f"Room {room.code}",
            )
        )  # fmt: skip
    return made


def _duty(room: RoomSession, account_id: UUID, name: str, duty: Duty) -> DutySpec:
    return DutySpec(new_id(), room.id, account_id, name, duty, room.starts_at - timedelta(minutes=60), room.ends_at)


async def _signed_in(session: AsyncSession, actor: Actor) -> Actor:
    id = await accounts.create_staff(
        session, SYSTEM, login="officer", name=actor.name, password="a long password", grants=actor.grants, now=NOW
    )
    return replace(actor, account_id=id)


async def _candidate(session: AsyncSession, ticket_no: str) -> Actor:
    account_id = (await session.scalars(select(Account.id).where(Account.login == ticket_no))).one()
    return await account_queries.actor(session, account_id)
