"""What publishing and repairing hand over alike: a room session with the names it is printed with, and candidates' access."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts import actions as accounts
from exam.accounts.rules import Actor
from exam.kernel.crypto import Vault
from exam.registration.rules import Registration
from exam.sittings.rules import RoomSession
from scheduling.sites.rules import Room, Site


class Window(Protocol):
    """When, and on which seats of the room."""

    @property
    def starts_at(self) -> datetime: ...
    @property
    def ends_at(self) -> datetime: ...
    @property
    def first_seat(self) -> int: ...
    @property
    def seats_count(self) -> int: ...


def room_session(
    window: Window, place: Site, room: Room, *, id: UUID, batch_id: UUID, component_id: UUID, form: str
) -> RoomSession:
    """A session as the exam day keeps it: with the names of its site and room, which may change later."""
    return RoomSession(
        id=id,
        batch_id=batch_id,
        site_id=place.id,
        site_code=place.code,
        site_name=place.name_zh,
        site_address=place.address_zh,
        prefecture_code=place.prefecture_code,
        room_id=room.id,
        room_name=room.name_zh,
        component_id=component_id,
        form=form,
        starts_at=window.starts_at,
        ends_at=window.ends_at,
        first_seat=window.first_seat,
        seats_count=window.seats_count,
        site_name_en=place.name_en,
        site_address_en=place.address_en,
        room_name_en=room.name_en,
    )


async def open_access(
    session: AsyncSession,
    actor: Actor,
    vault: Vault,
    people: Iterable[Registration],
    tickets: Mapping[UUID, str],
    now: datetime,
) -> None:
    """Let candidates sign in with their tickets."""
    access = [
        accounts.CandidateAccess(
            registration_id=person.id, person_id=person.person_id, ticket_no=tickets[person.id], name=person.name
        )
        for person in people
    ]
    await accounts.open_candidate_access(session, actor, vault, tickets=access, now=now)
