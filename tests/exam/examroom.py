"""A site on its exam day, for tests that look at pages: registered candidates with photos, staff who can sign in.

Candidates come in through the roster and the photo check; the room is published by an officer; staff and candidates get
accounts. Nobody in it exists.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts import actions as accounts
from exam.accounts.actions import CandidateAccess
from exam.accounts.rules import SYSTEM, Grant, Role, Scope
from exam.demo.photos import portrait
from exam.kernel.ids import new_id
from exam.kernel.services import Services
from exam.papers import actions as papers
from exam.registration import actions as registration
from exam.registration import queries as registered
from exam.registration.rules import Registration
from exam.sittings import actions as sittings
from exam.sittings.rules import Duty, DutySpec, RoomSession, SittingSpec
from tests.exam.day import drafts, make_publication, make_room, make_specs
from tests.exam.registration.world import NOW, World, make_world, row, workbook

PASSWORD = "correct-horse-staple"


@dataclass
class ExamRoom:
    """One room, its people, and how they sign in."""

    world: World
    room: RoomSession
    specs: list[SittingSpec]
    people: list[Registration]
    tickets: Mapping[UUID, str]
    secrets: Mapping[str, str]  # ticket number -> one-time secret

    @property
    def ids(self) -> list[UUID]:
        """The sittings, by seat."""
        return [spec.id for spec in self.specs]

    def sign_in(self, index: int = 0) -> tuple[str, str]:
        """Ticket number and secret of one candidate."""
        ticket = self.tickets[self.specs[index].registration_id]
        return ticket, self.secrets[ticket]


async def make_examroom(
    services: Services, starts_at: datetime, *, count: int = 4, component: int = 0, late_seats: int = 30
) -> ExamRoom:
    """Register, photograph and seat some candidates; staff logins are invigilator, head, officer and author."""
    async with services.db.transaction() as session:
        world = await make_world(session)
        people = await _candidates(session, services, world, count)
        room = make_room(world.web, world.batch.id, starts_at, component, seats_count=late_seats)
        specs = [
            replace(spec, registration_id=person.id, person_id=person.person_id)
            for spec, person in zip(make_specs(room, count), people, strict=True)
        ]
        duties = await _staff(session, world, room)
        publication = make_publication(world.batch.id, [room], specs, duties)
        await papers.add_items(
            session, SYSTEM, certificate_id=world.web.certificate_id, level=world.web.level, items=drafts(), now=NOW
        )
        await papers.assemble(session, SYSTEM, component=world.web.components[0], seed=7, now=NOW)
        await sittings.admit(session, world.officer, publication=publication, now=NOW)
        access = [
            CandidateAccess(person.id, person.person_id, publication.tickets[person.id], person.name)
            for person in people
        ]
        secrets = await accounts.open_candidate_access(session, SYSTEM, services.vault, tickets=access, now=NOW)
    return ExamRoom(world, room, specs, people, publication.tickets, secrets)


async def _candidates(session: AsyncSession, services: Services, world: World, count: int) -> list[Registration]:
    result = await registration.import_roster(
        session, world.secretary, services.vault, batch_id=world.batch.id, institution_id=world.school.id,
        filename="名单.xlsx", data=workbook([row(serial) for serial in range(1, count + 1)]), now=NOW,
    )  # fmt: skip
    assert result.registered_count == count, result.problems
    found = await registered.registrations(session, batch_id=world.batch.id)
    photos = {person.person_id: portrait(number) for number, person in enumerate(found)}
    await registration.set_photos(session, world.secretary, services.files, photos=photos, now=NOW)
    return await registered.registrations(session, batch_id=world.batch.id)


async def _staff(session: AsyncSession, world: World, room: RoomSession) -> list[DutySpec]:
    grants = {
        "invigilator": Grant(Role.INVIGILATOR),
        "head": Grant(Role.SITE_HEAD, Scope("site", str(room.site_id))),
        "officer": Grant(Role.EXAM_OFFICER, Scope("organisation", str(world.web.organisation_id))),
        "author": Grant(Role.ITEM_AUTHOR, Scope("organisation", str(world.web.organisation_id))),
        "stranger": Grant(Role.INVIGILATOR),
    }
    names = {"invigilator": "监考甲", "head": "主考甲", "officer": "考务甲", "author": "命题甲", "stranger": "监考乙"}
    ids = await accounts.create_many_staff(
        session,
        SYSTEM,
        accounts=[(login, names[login], PASSWORD, (grant,)) for login, grant in grants.items()],
        now=NOW,
    )
    known = dict(zip(grants, ids, strict=True))
    return [
        DutySpec(new_id(), room.id, known["invigilator"], names["invigilator"], Duty.INVIGILATOR,
                 room.starts_at, room.ends_at)
    ]  # fmt: skip
