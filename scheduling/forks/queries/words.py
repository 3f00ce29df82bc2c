"""Puts words to what the planner calls by codes: groups, sites, rooms, slots, sessions, people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.catalogue.rules import LEVEL_LABELS, Component, Scheme
from exam.kernel.filters import format_day, format_time
from exam.kernel.i18n import Name, Said
from exam.registration import queries as registration
from scheduling.duties import queries as duties
from scheduling.planning.rules.plan import Plan
from scheduling.planning.rules.problem import Problem
from scheduling.sites.rules import Room, Site
from scheduling.timetable import queries as timetable
from scheduling.timetable.rules.lengthened import component_of


@dataclass(frozen=True)
class Moment:
    """A time that is read in the reader's language."""

    at: datetime

    def __str__(self) -> str:
        return f"{format_day(self.at)} {format_time(self.at)}"


@dataclass(frozen=True)
class Joined:
    """Several words as one text."""

    parts: tuple[object, ...]

    def __str__(self) -> str:
        return " ".join(str(one) for one in self.parts if str(one))


@dataclass(frozen=True, kw_only=True)
class Words:
    """The records behind a problem."""

    problem: Problem
    site: Mapping[str, Site]  # by code
    institution: Mapping[str, object]  # by code; members of society by their prefecture
    scheme: Mapping[tuple[str, str], Scheme]  # by certificate code and level
    staff: Mapping[str, str] = field(default_factory=dict)  # by the examiner's id
    sessions: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)  # key -> site, place, slot

    def room(self, site: str, place: str) -> Room | None:
        """The room of a place; a shared practical room is one place for each of its certificates."""
        code = place.partition("/")[0]
        return next((room for room in self.site[site].rooms if room.code == code), None)

    def place(self, site: str, place: str) -> object:
        """The name of a room."""
        found = self.room(site, place)
        return Name(found.name_zh, found.name_en) if found else place

    def slot(self, slot: str) -> object:
        """When it starts."""
        found = self.problem.slot.get(slot)
        return Moment(found.starts) if found else slot

    def group(self, group: str) -> object:
        """Institution, certificate and level."""
        found = self.problem.group[group]
        return Joined((self.institution[found.institution], self.exam(found.certificate, found.level.value)))

    def exam(self, certificate: str, level: str) -> object:
        """Certificate and level."""
        scheme = self.scheme[certificate, level]
        name = Name(scheme.certificate_name_zh, scheme.certificate_name_en)
        return Joined((name, Said(LEVEL_LABELS[scheme.level])))

    def component(self, certificate: str, level: str, component: str) -> Component:
        """The component of that code."""
        return next(one for one in self.scheme[certificate, level].components if one.code == component_of(component))

    def session(self, key: str) -> object:
        """Its room and start."""
        return self.spot(*self.sessions[key])

    def spot(self, site: str, place: str, slot: str) -> object:
        """A room and a start."""
        return Joined((self.place(site, place), self.slot(slot)))

    def said(self, facts: Mapping[str, object]) -> dict[str, object]:
        """The facts of a violation in words."""
        return {name: self._said(name, value, facts) for name, value in facts.items()}

    def _said(self, name: str, value: object, facts: Mapping[str, object]) -> object:
        if not isinstance(value, str):
            return value
        if value in self.problem.slot:
            return self.slot(value)
        if value in self.problem.group:
            return self.group(value)
        if value in self.staff:
            return self.staff[value]
        if value in self.sessions:
            return self.session(value)
        if part := self._part(value, facts):
            return part
        if name == "place":
            return self._of_any_site(value, facts)
        if value in self.site:
            return _name(self.site[value])
        if "@" in value and value.count("/") >= 1:
            where, slot = value.rsplit("@", 1)
            site, place = where.split("/", 1)
            return Joined((self.place(site, place), self.slot(slot))) if site in self.site else value
        return ", ".join(str(self.slot(one)) for one in value.split(", ")) if name == "slots" else value

    def _part(self, code: str, facts: Mapping[str, object]) -> Name | None:
        """The component of that code, where the facts name its group."""
        group = self.problem.group.get(str(facts.get("group", "")))
        if group is None or code not in group.components:
            return None
        found = self.component(group.certificate, group.level.value, code)
        return Name(found.name_zh, found.name_en)

    def _of_any_site(self, place: str, facts: Mapping[str, object]) -> object:
        """Violations name the site by its Chinese name beside the room's code."""
        named = [code for code, site in self.site.items() if site.name_zh == facts.get("site")]
        return self.place(named[0], place) if named else place


def _name(site: Site) -> Name:
    return Name(site.name_zh, site.name_en)


async def words_of(
    session: AsyncSession, batch_id: UUID, problem: Problem, plan: Plan | None = None, *, staff: bool = False
) -> Words:
    """The words of a batch's problem; with `staff` also people's names, for who arranges the batch."""
    names = await timetable.names_of(session)
    plain = timetable.Words(problem, names, people={}, staff={})
    schemes = [names.schemes[id] for id in (await registration.batch(session, batch_id)).scheme_ids]
    return Words(
        problem=problem,
        site={one.code: one for one in names.sites.values()},
        institution={one.id: plain.institution(one.id) for one in problem.institutions},
        scheme={(one.certificate_code, one.level.value): one for one in schemes},
        staff={str(id): name for id, name in (await duties.names(session)).items()} if staff else {},
        sessions={one.id: (one.site, one.place, one.slot) for one in plan.sessions} if plan else {},
    )
