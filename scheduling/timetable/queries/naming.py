"""Puts words to identifiers: sites, schemes, institutions, prefectures, the people of a plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.catalogue import queries as catalogue
from exam.catalogue.rules import Component, Scheme
from exam.registration import queries as registration
from exam.registration.rules import Institution, Prefecture, Registration
from scheduling.sites import queries as sites
from scheduling.sites.rules import Room, Site
from scheduling.timetable.queries import stored
from scheduling.timetable.queries.kept import NOTHING, Shelf, records


@dataclass(frozen=True)
class Names:
    """Everything a view needs to put words to identifiers."""

    sites: Mapping[UUID, Site]
    schemes: Mapping[UUID, Scheme]
    institutions: Mapping[UUID, Institution]
    prefectures: Mapping[str, Prefecture]

    def room(self, room_id: UUID) -> Room | None:
        """The room of any site."""
        return next((room for site in self.sites.values() for room in site.rooms if room.id == room_id), None)

    def component(self, component_id: UUID | None) -> Component | None:
        """The component of any scheme."""
        found = (part for scheme in self.schemes.values() for part in scheme.components if part.id == component_id)
        return next(found, None)


@dataclass(frozen=True, kw_only=True)
class SessionLine:
    """A planned session with its names."""

    session: stored.PlannedSession
    site: Site
    room: Room
    scheme: Scheme
    component: Component


_names: Final = Shelf[str, Names](1)


async def names_of(session: AsyncSession) -> Names:
    """The names as the records stand; read again when something was recorded."""
    state = await records(session)
    return await (_read(session) if state == NOTHING else _names.get(state, lambda: _read(session)))


async def _read(session: AsyncSession) -> Names:
    return Names(
        sites={one.id: one for one in await sites.sites(session)},
        schemes={one.id: one for one in await catalogue.schemes(session)},
        institutions={one.id: one for one in await registration.institutions(session)},
        prefectures={one.code: one for one in await registration.prefectures(session)},
    )


async def people_of(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, Registration]:
    return {one.id: one for one in await registration.registrations(session, ids=list(ids))}


def line_of(one: stored.PlannedSession, names: Names) -> SessionLine:
    site, scheme = names.sites[one.site_id], names.schemes[one.scheme_id]
    return SessionLine(
        session=one,
        site=site,
        room=next(room for room in site.rooms if room.id == one.room_id),
        scheme=scheme,
        component=scheme.component(one.component_id),
    )
