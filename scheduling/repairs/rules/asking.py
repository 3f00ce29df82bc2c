"""What an officer asks, as losses of the planner; and late candidates as members that its plan does not know."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import structs

from exam.kernel.errors import N_
from scheduling.planning.rules.losses import Away, Losses, LostPlace, LostSite
from scheduling.planning.rules.problem import Certificate, Group, Problem, Scheme
from scheduling.repairs.rules.repair import LossIncomplete, What
from scheduling.timetable.rules.laying import room_of

Span = tuple[datetime, datetime]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is lost. No days and no slots: all that are still to come."""

    what: What
    site: str = ""  # code
    room: str = ""  # code
    person: str = ""  # examiner
    days: tuple[date, ...] = ()
    slots: tuple[str, ...] = ()
    from_slot: str = ""  # of a person: from this slot on


def as_json(asked: Asked) -> dict[str, Any]:
    """For the record of the run and of the repair."""
    found: dict[str, Any] = msgspec.to_builtins(asked)
    return found


def read(data: Mapping[str, Any]) -> Asked:
    """The same back."""
    return msgspec.convert(data, type=Asked, strict=False)


def slots_of(problem: Problem, asked: Asked) -> tuple[str, ...]:
    """The slots that are meant; none: all."""
    if asked.from_slot in problem.slot:
        starts = problem.slot[asked.from_slot].starts
        return tuple(slot.id for slot in problem.slots if slot.starts >= starts)
    return tuple(slot.id for slot in problem.slots if slot.id in asked.slots or slot.day in asked.days)


def losses(problem: Problem, asked: Asked) -> Losses:
    """The losses that are meant.

    :raises LossIncomplete: nothing, or something that the plan does not have, is named
    """
    slots = slots_of(problem, asked)
    if (asked.days or asked.slots or asked.from_slot) and not slots:
        raise LossIncomplete(what=N_("时段"))
    if asked.what is What.SITE:
        if asked.site not in problem.site:
            raise LossIncomplete(what=N_("考点"))
        return Losses(sites=(LostSite(site=asked.site, slots=slots),))
    if asked.what is What.ROOM:
        site = problem.site.get(asked.site)
        places = [one.id for one in site.places if room_of(one.id) == asked.room] if site else []
        if not places:
            raise LossIncomplete(what=N_("考场"))
        return Losses(places=tuple(LostPlace(site=asked.site, place=one, slots=slots) for one in places))
    if asked.what is What.STAFF:
        if not asked.person:
            raise LossIncomplete(what=N_("工作人员"))
        # Who serves around the teams only is not of the planner's.
        return Losses(people=(Away(person=asked.person, slots=slots),) if asked.person in problem.person else ())
    return Losses()


def ill_spans(problem: Problem, asked: Asked) -> dict[UUID, list[Span]]:
    """When somebody cannot come."""
    if asked.what is not What.STAFF:
        return {}
    slots = slots_of(problem, asked)
    return {UUID(asked.person): [(slot.starts, slot.ends) for slot in problem.slots if not slots or slot.id in slots]}


@dataclass(frozen=True, kw_only=True)
class Newcomers:
    """A problem with late candidates in it."""

    problem: Problem
    members: Mapping[str, tuple[UUID, ...]]


def without(problem: Problem, members: Mapping[str, Sequence[UUID]], ids: Collection[UUID]) -> Newcomers:
    """Take members out of their groups: who is granted something else since (H16) is placed as a late candidate is."""
    kept = {group: tuple(one for one in own if one not in ids) for group, own in members.items()}
    groups = [structs.replace(one, count=len(kept[one.id])) for one in problem.groups if kept.get(one.id)]
    left = {one.id for one in groups}
    pins = tuple(one for one in problem.pins if one.group is None or one.group in left)
    return Newcomers(
        problem=structs.replace(problem, groups=tuple(groups), pins=pins),
        members={group: own for group, own in kept.items() if own},
    )


def with_late(
    problem: Problem,
    members: Mapping[str, Sequence[UUID]],
    drafted: Problem,
    drafted_members: Mapping[str, Sequence[UUID]],
    late: Collection[UUID],
    sat: Mapping[UUID, Sequence[Span]],
) -> Newcomers:
    """Add late candidates: to their group where it is known, else as a group of their own.

    `drafted`: the problem as the records stand now; `sat`: when they sit another exam of the batch.
    """
    known = {id for ids in members.values() for id in ids}
    groups = dict(problem.group)
    found: dict[str, tuple[UUID, ...]] = {group: tuple(ids) for group, ids in members.items()}
    for id in sorted(drafted_members):
        group = drafted.group[id]
        for one in sorted((one for one in drafted_members[id] if one in late and one not in known), key=str):
            away = {*group.away, *_during(problem, sat.get(one, ()))} & problem.slot.keys()
            if id in groups and not away and group.person is None and groups[id].person is None:
                groups[id] = structs.replace(groups[id], count=groups[id].count + 1)
                found[id] = (*found[id], one)
            else:
                own = _own_id(groups, id)
                groups[own] = structs.replace(group, id=own, count=1, person=None, away=tuple(sorted(away)), late=True)
                found[own] = (one,)
    return Newcomers(problem=_grown(problem, drafted, groups.values()), members=found)


def _own_id(groups: Collection[str], id: str) -> str:
    number = 1
    while (own := f"{id[:68]}/late-{number:04d}") in groups:
        number += 1
    return own


def _during(problem: Problem, spans: Iterable[Span]) -> list[str]:
    return [slot.id for slot in problem.slots for starts, ends in spans if starts < slot.ends and slot.starts < ends]


def _grown(problem: Problem, drafted: Problem, groups: Iterable[Group]) -> Problem:
    """The problem with these groups, and with the institutions and certificates that they need."""
    wanted = tuple(groups)
    schools = {one.institution for one in wanted} - problem.institution.keys()
    certificates = {one.certificate for one in wanted}
    levels = {(one.id, scheme.level) for one in problem.certificates for scheme in one.schemes}
    outdated = {
        one.certificate for one in wanted if (one.certificate, one.level) not in levels
    } & drafted.certificate.keys()
    approvals = certificates - problem.certificate.keys()
    return structs.replace(
        problem,
        groups=wanted,
        institutions=(
            *problem.institutions,
            *(one for one in drafted.institutions if one.id in schools),
        ),
        certificates=(
            *(_with_turns(one, wanted, drafted) for one in problem.certificates if one.id not in outdated),
            *(drafted.certificate[id] for id in sorted(outdated)),
        ),
        sites=tuple(
            structs.replace(
                site,
                approvals=(
                    *site.approvals,
                    *(
                        one
                        for one in (drafted.site[site.id].approvals if site.id in drafted.site else ())
                        if one.certificate in approvals
                    ),
                ),
            )
            for site in problem.sites
        ),
    )


def _with_turns(certificate: Certificate, groups: Iterable[Group], drafted: Problem) -> Certificate:
    """A certificate with the longer turns at its stations that somebody of a group is granted since (H16)."""
    asked = {(one.level, part) for one in groups if one.certificate == certificate.id for part in one.components}
    known = {(scheme.level, part.id) for scheme in certificate.schemes for part in scheme.components}
    missing = asked - known
    if not missing or certificate.id not in drafted.certificate:
        return certificate

    def longer(scheme: Scheme) -> Scheme:
        new = (
            drafted.component[certificate.id, scheme.level, part]
            for level, part in sorted(missing)
            if level is scheme.level and (certificate.id, level, part) in drafted.component
        )
        return structs.replace(scheme, components=(*scheme.components, *new))

    return structs.replace(certificate, schemes=tuple(longer(one) for one in certificate.schemes))


def with_taken(
    problem: Problem, rooms: Mapping[tuple[str, str], Sequence[Span]], staff: Mapping[str, Sequence[Span]]
) -> Problem:
    """Close what other batches have published since: rooms by (site, room) code, people of the staff by id."""

    def closed(site: str, place: str, before: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted({*before, *_during(problem, rooms.get((site, room_of(place)), ()))}))

    sites = tuple(
        structs.replace(
            site,
            rooms=tuple(structs.replace(one, closed=closed(site.id, one.id, one.closed)) for one in site.rooms),
            workshops=tuple(structs.replace(one, closed=closed(site.id, one.id, one.closed)) for one in site.workshops),
        )
        for site in problem.sites
    )
    people = []
    for person in problem.staff:
        busy = set(_during(problem, staff.get(person.id, ())))
        can = tuple(slot.id for slot in problem.slots) if person.available is None else person.available
        people.append(structs.replace(person, available=tuple(id for id in can if id not in busy)) if busy else person)
    return structs.replace(problem, sites=sites, staff=tuple(people))
