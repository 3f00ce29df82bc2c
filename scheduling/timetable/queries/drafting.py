"""A live batch as a planning problem (``docs/formats/scheduling.md``): groups with their numbers, and nobody's name.

Slots follow from the working hours (:mod:`rules.hours`). Members of society form one group for each prefecture; who has two
registrations, or an exam of another batch in these days, stands alone under an opaque key. A practical room that serves
several certificates is shared out evenly among them, because a workshop of the planner belongs to one. What other batches
have published is taken: their rooms are closed, their people away, their staff not available.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from exam.catalogue import queries as catalogue
from exam.catalogue.rules import Scheme
from exam.registration import queries as registration
from exam.registration.rules import Batch, Registration
from scheduling.duties import queries as duties
from scheduling.duties.rules import Staffing
from scheduling.planning.rules import problem as planning
from scheduling.planning.rules.capacity import rounds
from scheduling.sites import queries as sites
from scheduling.sites.rules import ApprovalStatus
from scheduling.timetable.queries.intake import Busy, busy, confirmed, parts_of
from scheduling.timetable.queries.supplying import (
    FORMS,
    Supply,
    institutions_of,
    middles,
    person_of,
    prefecture_of,
    site_of,
)
from scheduling.timetable.rules.hours import Hours, Wanted, slots


@dataclass(frozen=True, kw_only=True)
class Drafted:
    """The problem of a batch as the records stand, and whom its numbers mean."""

    problem: planning.Problem
    members: Mapping[str, tuple[UUID, ...]]  # group -> registrations, in the order of their numbers


async def drafted(
    session: AsyncSession,
    batch: Batch,
    hours: Hours | None = None,
    staffing: Staffing | None = None,
    taken: Busy | None = None,
) -> Drafted:
    """The batch as a problem, as the records stand now; `taken` by other batches, where it is known already."""
    people = confirmed(await registration.registrations(session, batch_id=batch.id))
    schemes = {one.id: one for one in await catalogue.schemes(session, {one.scheme_id for one in people})}
    institutions = {one.id: one for one in await registration.institutions(session)}
    prefectures = await registration.prefectures(session)
    hours = hours or Hours()
    ground = Supply(
        slots=await _slots(session, batch, people, schemes, hours),
        hours=hours,
        staffing=staffing or Staffing(),
        schemes=schemes,
        institutions=institutions,
        prefectures=prefectures,
        middle=middles(institutions.values(), prefectures),
        busy=taken or await busy(session, batch),
    )
    members = _members(people, ground)
    return Drafted(problem=await _problem(session, batch, people, members, ground), members=_numbered(members))


async def _slots(
    session: AsyncSession,
    batch: Batch,
    people: Sequence[Registration],
    schemes: Mapping[UUID, Scheme],
    hours: Hours,
) -> tuple[planning.Slot, ...]:
    """The pattern of slots that suits what is asked for and what the sites in force have."""
    sat: Counter[UUID] = Counter()
    most = 1
    for one in people:
        own = parts_of(schemes[one.scheme_id], one)
        sat.update(own)
        most = max(most, len(own))
    wanted = [
        Wanted(form=FORMS[part.form], minutes=part.duration_minutes, count=sat[part.id])
        for scheme in sorted(schemes.values(), key=lambda one: str(one.id))
        for part in scheme.components
    ]
    approved = await sites.approvals(session, statuses=[ApprovalStatus.ACTIVE])
    certificates = {one.certificate_id for one in schemes.values()}
    places = await sites.sites(session, {one.site_id for one in approved if one.certificate_id in certificates})
    seats: Counter[planning.Form] = Counter()
    for place in places:
        for room in place.rooms:
            seats[FORMS[room.form]] += room.usable
    days_count = (batch.last_day - batch.first_day).days + 1
    return slots(hours, wanted, batch.first_day, days_count, seats=seats, components=most)


async def _problem(
    session: AsyncSession, batch: Batch, people: Sequence[Registration], members: _Members, ground: Supply
) -> planning.Problem:
    certificates = {one.certificate_id for one in ground.schemes.values()}
    code_of = {one.certificate_id: one.certificate_code for one in ground.schemes.values()}
    approvals = [
        one
        for one in await sites.approvals(session, statuses=[ApprovalStatus.ACTIVE])
        if one.certificate_id in certificates
    ]
    places = await sites.sites(session, {one.site_id for one in approvals})
    homes = _homes(people, ground)
    return planning.Problem(
        format=planning.FORMAT,
        name=batch.code,
        on=None,
        slots=ground.slots,
        prefectures=tuple(prefecture_of(one, batch, ground) for one in ground.prefectures),
        institutions=(*institutions_of(ground), *_societies(people, ground)),
        certificates=_certificates(ground),
        sites=tuple(site_of(one, approvals, code_of, ground) for one in sorted(places, key=lambda one: one.code)),
        groups=tuple(_group(key, own, ground) for key, own in sorted(members.items())),
        rules=_rules(ground),
        pilots=tuple(
            planning.Pilot(
                institution=ground.institutions[one.institution_id].code, certificate=code_of[one.certificate_id]
            )
            for one in await registration.pilots(session, batch.first_day.year)
            if one.certificate_id in code_of
        ),
        waivers=tuple(
            planning.Waiver(certificate=code_of[one.certificate_id], prefecture=one.prefecture_code, reason=one.reason)
            for one in await sites.waivers(session)
            if one.certificate_id in code_of and one.valid_from <= batch.first_day and batch.last_day <= one.valid_to
        ),
        staff=tuple(
            person_of(one, code_of, homes, ground)
            for one in sorted(await duties.pool(session), key=lambda one: str(one.id))
            if one.active
        ),
    )


def _rules(ground: Supply) -> planning.Rules:
    return planning.Rules(
        gap_minutes=ground.hours.gap_minutes,
        turnaround_minutes=ground.hours.practical_turnaround_minutes,
        invigilators_per_room=ground.staffing.invigilators_per_room,
        assessors_per_session=ground.staffing.assessors_minimum,
        candidates_per_assessor=ground.staffing.candidates_per_assessor,
    )


def _society(prefecture: str) -> str:
    return f"society-{prefecture}"


def _societies(people: Sequence[Registration], ground: Supply) -> list[planning.Institution]:
    """Where members of society come from: their prefecture."""
    codes = sorted({one.prefecture_code for one in people if one.institution_id is None})
    names = {one.code: one.name_zh for one in ground.prefectures}
    return [
        planning.Institution(
            id=_society(code),
            name=f"社会人员（{names[code]}）",
            prefecture=code,
            lat=ground.middle[code][0],
            lon=ground.middle[code][1],
        )
        for code in codes
    ]


def _certificates(ground: Supply) -> tuple[planning.Certificate, ...]:
    by_code: dict[str, list[Scheme]] = defaultdict(list)
    for scheme in ground.schemes.values():
        by_code[scheme.certificate_code].append(scheme)
    return tuple(
        planning.Certificate(
            id=code,
            name=own[0].certificate_name_zh,
            schemes=tuple(_scheme(one) for one in sorted(own, key=lambda one: one.level.digit)),
            rules=_own_rules(own, ground),
            fee_cents=int(max(one.fee_yuan for one in own) * 100),
            fee_cap_cents=int(max(one.fee_cap_yuan for one in own) * 100),
        )
        for code, own in sorted(by_code.items())
    )


def _own_rules(schemes: Sequence[Scheme], ground: Supply) -> planning.Rules | None:
    """An assessor watches so many candidates at a time; a station of the planner's session serves several in turn."""
    shared = _rules(ground)
    lengths = [part.duration_minutes for scheme in schemes for part in scheme.components if part.form.practical]
    turns = max((rounds(length, slot, shared) for length in lengths for slot in ground.slots), default=1)
    if turns <= 1:
        return None
    return msgspec.structs.replace(shared, candidates_per_assessor=shared.candidates_per_assessor * turns)


def _scheme(scheme: Scheme) -> planning.Scheme:
    return planning.Scheme(
        level=planning.Level(scheme.level.value),
        components=tuple(
            planning.Component(id=part.code, form=FORMS[part.form], minutes=part.duration_minutes, order=part.seq)
            for part in scheme.components
        ),
    )


_Members = dict[tuple[str, str, str, tuple[str, ...], str], list[Registration]]


def _home(one: Registration, ground: Supply) -> str:
    return ground.institutions[one.institution_id].code if one.institution_id else _society(one.prefecture_code)


def _homes(people: Sequence[Registration], ground: Supply) -> Mapping[UUID, frozenset[str]]:
    """Of each person: the institutions they register from."""
    found: dict[UUID, set[str]] = defaultdict(set)
    for one in people:
        found[one.person_id].add(_home(one, ground))
    return {person: frozenset(homes) for person, homes in found.items()}


def _members(people: Sequence[Registration], ground: Supply) -> _Members:
    """Alike candidates together; who has two registrations, or another exam in these days, alone."""
    counted = Counter(one.person_id for one in people)
    alone = {person for person, count in counted.items() if count > 1 or person in ground.busy.people}
    number = {person: f"person-{at + 1:05d}" for at, person in enumerate(sorted(alone, key=str))}
    found: _Members = defaultdict(list)
    for one in sorted(people, key=lambda one: str(one.id)):
        scheme, wanted = ground.schemes[one.scheme_id], parts_of(ground.schemes[one.scheme_id], one)
        codes = tuple(part.code for part in scheme.components if part.id in wanted)
        if codes:
            key = (
                _home(one, ground),
                scheme.certificate_code,
                scheme.level.value,
                codes,
                number.get(one.person_id, ""),
            )
            found[key].append(one)
    return dict(found)


def _id(key: tuple[str, str, str, tuple[str, ...], str]) -> str:
    home, certificate, level, codes, person = key
    return f"{home}/{certificate}/{level}/{'+'.join(codes)}{'/' + person if person else ''}"


def _numbered(members: _Members) -> dict[str, tuple[UUID, ...]]:
    return {_id(key): tuple(one.id for one in own) for key, own in members.items()}


def _group(
    key: tuple[str, str, str, tuple[str, ...], str], own: Sequence[Registration], ground: Supply
) -> planning.Group:
    home, certificate, level, codes, person = key
    taken = ground.busy.people.get(own[0].person_id, ()) if person else ()
    return planning.Group(
        id=_id(key),
        institution=home,
        certificate=certificate,
        level=planning.Level(level),
        components=codes,
        count=len(own),
        person=person or None,
        away=ground.blocked(taken, ground.hours.travel_minutes),
    )
