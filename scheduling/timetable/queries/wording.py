"""Words for what the planner knows by key: names in both languages, days and times, nobody's name unless the reader may have it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.catalogue.rules import LEVEL_LABELS, Scheme
from exam.kernel.errors import N_, Problem
from exam.kernel.filters import format_daterange, format_day
from exam.kernel.i18n import Name, Said, translate
from exam.registration import queries as registration
from scheduling.duties import queries as duties
from scheduling.planning.rules.problem import Group, Pin
from scheduling.planning.rules.problem import Problem as Planning
from scheduling.timetable.queries.naming import Names, names_of
from scheduling.timetable.rules.lengthened import component_of
from scheduling.timetable.rules.pins import PLACE_LABELS


@dataclass(frozen=True)
class Time:
    """A window: day and hours."""

    starts: datetime
    ends: datetime

    def __str__(self) -> str:
        return format_daterange(self.starts, self.ends)


@dataclass(frozen=True)
class Days:
    """Days in a row of words."""

    days: tuple[datetime, ...]

    def __str__(self) -> str:
        return translate(N_("、")).join(format_day(day) for day in self.days)


@dataclass(frozen=True)
class Row:
    """Several words in a row."""

    words: tuple[object, ...]
    between: str = " · "

    def __str__(self) -> str:
        return translate(self.between).join(text for text in map(str, self.words) if text)


class Words:
    """The names of a batch's problem (:class:`scheduling.planning.rules.naming.Names`); what is gone keeps its key."""

    def __init__(self, problem: Planning, names: Names, *, people: Mapping[str, str], staff: Mapping[str, str]) -> None:
        self.problem, self._names, self._people, self._staff = problem, names, people, staff

    @cached_property
    def _institutions(self) -> Mapping[str, Name]:
        return {one.code: Name(one.name_zh, one.name_en) for one in self._names.institutions.values()}

    @cached_property
    def _schemes(self) -> Mapping[tuple[str, str], Scheme]:
        """(certificate code, level) -> the newest scheme that has the components of the problem."""
        return {(one.certificate_code, one.level.value): one for one in self._names.schemes.values()}

    @cached_property
    def _sites(self) -> Mapping[str, Name]:
        return {one.code: Name(one.name_zh, one.name_en) for one in self._names.sites.values()}

    @cached_property
    def _rooms(self) -> Mapping[tuple[str, str], Name]:
        return {
            (site.code, room.code): Name(room.name_zh, room.name_en)
            for site in self._names.sites.values()
            for room in site.rooms
        }

    def institution(self, id: str) -> object:
        """An institution, or the members of society of a prefecture."""
        if id in self._institutions:
            return self._institutions[id]
        prefecture = self._names.prefectures.get(id.removeprefix("society-"))
        if prefecture is None:
            return id
        return Said(N_("社会考生（%(prefecture)s）"), {"prefecture": Name(prefecture.name_zh, prefecture.name_en)})

    def certificate(self, id: str) -> object:
        """A certificate."""
        found = (one for (code, _), one in self._schemes.items() if code == id)
        return next((Name(one.certificate_name_zh, one.certificate_name_en) for one in found), id)

    def scheme(self, certificate: str, level: str) -> object:
        """A certificate with its level."""
        scheme = self._schemes.get((certificate, level))
        if scheme is None:
            return certificate
        return Row((self.certificate(certificate), Said(LEVEL_LABELS[scheme.level], {})), " ")

    def site(self, id: str) -> object:
        """A site."""
        return self._sites.get(id, id)

    def place(self, site: str, id: str) -> object:
        """A room; of a shared workshop, the room it lies in."""
        return self._rooms.get((site, id)) or self._rooms.get((site, id.partition("/")[0]), id)

    def slot(self, id: str) -> object:
        """A slot: day and time."""
        slot = self.problem.slot.get(id)
        return id if slot is None else Time(slot.starts, slot.ends)

    def days(self, slots: tuple[str, ...]) -> object:
        """The days of slots, each once."""
        first = {self.problem.slot[id].day: self.problem.slot[id].starts for id in slots}
        return Days(tuple(first.values()))

    def component(self, group: Group, id: str) -> object:
        """A component of a group's scheme."""
        return self.part(group.certificate, group.level.value, id)

    def part(self, certificate: str, level: str, id: str) -> object:
        """A component of a scheme."""
        scheme = self._schemes.get((certificate, level))
        found = (one for one in scheme.components if one.code == component_of(id)) if scheme else iter(())
        return next((Name(one.name_zh, one.name_en) for one in found), id)

    def site_id(self, id: str) -> UUID | None:
        """The site itself, for a link."""
        return next((one.id for one in self._names.sites.values() if one.code == id), None)

    def prefecture(self, id: str) -> object:
        """A prefecture."""
        found = self._names.prefectures.get(id)
        return Name(found.name_zh, found.name_en) if found else id

    def alone(self, group: Group) -> object | None:
        """Who stands alone in a group, by name where the reader may have it; None for a group of many."""
        if group.person is None:
            return None
        return self._people.get(group.id) or Said(N_("单独安排的考生"), {})

    def components(self, group: Group) -> object:
        """What a group sits, in order."""
        return Row(tuple(self.component(group, part.id) for part in self.problem.parts_of(group)), "、")

    def exam(self, group: Group) -> object:
        """Certificate and level; with the components where it is not all of them."""
        scheme = self.scheme(group.certificate, group.level.value)
        schemes = self.problem.certificate[group.certificate].schemes
        whole = next(len(one.components) for one in schemes if one.level is group.level)
        return Row((scheme, self.components(group))) if len(group.components) < whole else scheme

    def group(self, id: str) -> object:
        """A group: where its members come from and what they sit; who stands alone by name, where the reader may have it."""
        group = self.problem.group.get(id)
        if group is None:
            return Row((self.institution(id.partition("/")[0]), id.split("/")[1] if id.count("/") > 1 else ""))
        return Row((self.institution(group.institution), self.exam(group), self.alone(group) if group.person else ""))

    def person(self, id: str) -> object:
        """A member of staff, where the reader may have the name."""
        return self._staff.get(id) or Said(N_("一名工作人员"), {})

    def worded(self, fault: Problem) -> Problem:
        """A contradiction in words: its keys replaced by names, its pins called by their numbers."""
        facts, pins = dict(fault.facts), {pin.id: pin for pin in self.problem.pins}
        mine = [pins[id] for id in map(str, (facts.get("pin"), facts.get("one"))) if id in pins]
        if "pins" in facts:
            mine = [pin for pin in self.problem.pins if f"{pin.id}（" in str(facts["pins"])]
            facts["pins"] = "、".join(dict.fromkeys(_called(pin) for pin in mine))
        pin = mine[0] if mine else None
        for name in ("pin", "one", "other"):
            if name in facts:
                facts[name] = _number(str(facts[name]))
        if "group" in facts:
            group = self.problem.group.get(str(facts["group"]))
            facts["group"] = self.group(str(facts["group"]))
            if group is not None and "component" in facts:
                facts["component"] = self.component(group, str(facts["component"]))
        if "slot" in facts:
            facts["slot"] = self.slot(str(facts["slot"]))
        if "km" in facts:
            facts["km"] = f"{float(str(facts['km'])):.1f}"
        if pin is not None:
            facts |= self._of_pin(pin, facts)
        return replace(fault, facts=facts, field="")

    def _of_pin(self, pin: Pin, facts: Mapping[str, object]) -> dict[str, object]:
        found: dict[str, object] = {}
        if "site" in facts and pin.site is not None:
            found["site"] = self.site(pin.site)
        if "room" in facts and pin.site is not None:
            found["room"] = self.place(pin.site, str(facts["room"]))
        if "person" in facts and pin.person is not None:
            found["person"] = self.person(pin.person)
        if "duty" in facts and pin.duty is not None:
            found["duty"] = PLACE_LABELS[pin.duty]
        return found


async def words_of(
    session: AsyncSession,
    problem: Planning,
    members: Mapping[str, tuple[UUID, ...]],
    *,
    by_name: bool,
    with_staff: bool = True,
) -> Words:
    """The words of a batch's problem; `by_name`: people are named, for who arranges the batch; staff where they are spoken of."""
    people: dict[str, str] = {}
    staff: dict[str, str] = {}
    if by_name:
        alone = {own[0]: group for group, own in members.items() if own and _is_alone(problem, group)}
        found = await registration.registrations(session, ids=list(alone)) if alone else []
        people = {alone[one.id]: one.name for one in found}
        staff = {str(id): name for id, name in (await duties.names(session)).items()} if with_staff else {}
    return Words(problem, await names_of(session), people=people, staff=staff)


def _is_alone(problem: Planning, group: str) -> bool:
    return group in problem.group and problem.group[group].person is not None


def _number(id: str) -> str:
    return id.partition(".")[0]


def _called(pin: Pin) -> str:
    return f"{_number(pin.id)}（{pin.author}：{pin.reason}）"
