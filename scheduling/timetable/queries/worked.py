"""A stored plan as the planner knows it, and what the planner's identifiers mean in the records."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from exam.catalogue import queries as catalogue
from exam.catalogue.rules import Scheme
from exam.kernel.clock import china_date
from exam.registration import queries as registration
from exam.registration.rules import Registration
from scheduling.duties.rules import Post
from scheduling.norms.rules import NormSet
from scheduling.planning.rules.plan import Plan
from scheduling.planning.rules.problem import Problem
from scheduling.sites import queries as sites
from scheduling.sites.rules import Room, Site
from scheduling.timetable.models import PlanFileRow
from scheduling.timetable.queries.kept import KEPT, Shelf
from scheduling.timetable.rules.laying import Hall, Held
from scheduling.timetable.rules.lengthened import component_of
from scheduling.timetable.rules.lifecycle import PlanUnknown


@dataclass(frozen=True, kw_only=True)
class Worked:
    """A plan as the planner knows it."""

    problem: Problem
    plan: Plan
    members: Mapping[str, tuple[UUID, ...]]  # group -> registrations, in the order of their numbers


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What the planner's identifiers mean."""

    site: Mapping[str, Site]  # by code
    scheme: Mapping[tuple[str, str], Scheme]  # by certificate code and level
    person: Mapping[UUID, Registration]
    norms: NormSet

    @cached_property
    def room(self) -> Mapping[tuple[str, str], Room]:
        """(site code, room code) -> room."""
        return {(site.code, room.code): room for site in self.site.values() for room in site.rooms}

    @cached_property
    def halls(self) -> Mapping[tuple[str, str], Hall]:
        """The same, as the laying out needs them."""
        return {
            key: Hall(seats=room.seats, usable=room.usable, columns=room.columns) for key, room in self.room.items()
        }

    def component_id(self, certificate: str, level: str, component: str) -> UUID:
        """The id of a component named by its code, or by that of its longer turns."""
        scheme = self.scheme[certificate, level]
        return next(part.id for part in scheme.components if part.code == component_of(component))

    def post(self, held: Held, members: Mapping[str, Sequence[UUID]], *, session_id: UUID, site_id: UUID) -> Post:
        """A session as a post to be staffed: where, when, and whose candidates sit there (H12)."""
        scheme, place = self.scheme[held.certificate, held.level], self.site[held.site]
        people = [self.person[members[group][member]] for group, member, _ in held.seats]
        return Post(
            session_id=session_id,
            site_id=site_id,
            host_institution_id=place.institution_id,
            prefecture_code=place.prefecture_code,
            room_id=self.room[held.site, held.room].id,
            certificate_id=scheme.certificate_id,
            practical=next(part.form.practical for part in scheme.components if part.code == held.component),
            day=china_date(held.starts_at),
            starts_at=held.starts_at,
            ends_at=held.ends_at,
            candidates_count=len(people),
            invigilators_count=self.norms.of(held.certificate).invigilators_per_room,
            institution_ids=frozenset(one.institution_id for one in people if one.institution_id),
            person_ids=frozenset(one.person_id for one in people),
        )


_files: Final = Shelf[UUID, Worked](KEPT)


async def worked(session: AsyncSession, plan_id: UUID) -> Worked:
    """The planner's files of a stored plan, or :class:`PlanUnknown`; they never change, and the last ones are kept."""
    return await _files.get(plan_id, lambda: as_stored(session, plan_id))


async def as_stored(session: AsyncSession, plan_id: UUID) -> Worked:
    """The same, read from the database whatever was kept: for whoever checks what stands there."""
    row = await session.get(PlanFileRow, plan_id)
    if row is None:
        raise PlanUnknown
    return await asyncio.to_thread(_decoded, row)


def _decoded(row: PlanFileRow) -> Worked:
    return Worked(
        problem=msgspec.json.decode(zlib.decompress(row.problem), type=Problem),
        plan=msgspec.json.decode(zlib.decompress(row.plan), type=Plan),
        members={group: tuple(UUID(id) for id in ids) for group, ids in row.members.items()},
    )


async def ground(session: AsyncSession, batch_id: UUID, norms: NormSet | None = None) -> Ground:
    """The records behind a batch's plan."""
    people = await registration.registrations(session, batch_id=batch_id)
    schemes = await catalogue.schemes(session, {one.scheme_id for one in people})
    return Ground(
        site={one.code: one for one in await sites.sites(session)},
        scheme={(one.certificate_code, one.level.value): one for one in schemes},
        person={one.id: one for one in people},
        norms=norms or NormSet(),
    )
