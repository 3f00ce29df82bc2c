"""A live batch as a planning problem (``docs/formats/scheduling.md``): groups with their numbers, and nobody's name.

Slots follow from the working hours (:mod:`rules.hours`). Members of society form one group for each prefecture; who has two
registrations, or an exam of another batch in these days, stands alone under an opaque key. A practical room that serves
several certificates is shared out evenly among them, because a workshop of the planner belongs to one. What other batches
have published is taken: their rooms are closed, their people away, their staff not available.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from exam.catalogue import queries as catalogue
from exam.catalogue.rules import Form, Scheme
from exam.kernel.clock import china_date
from exam.registration import queries as registration
from exam.registration.rules import Batch, Institution, Prefecture, Registration
from scheduling.duties import queries as duties
from scheduling.duties.rules import Examiner, Staffing
from scheduling.planning.rules import problem as planning
from scheduling.planning.rules.capacity import rounds
from scheduling.sites import queries as sites
from scheduling.sites.rules import Approval, ApprovalStatus, Room, Site
from scheduling.timetable.queries.intake import Busy, busy, confirmed, parts_of
from scheduling.timetable.rules.hours import Hours, Wanted, slots

_MIDDLE = (31.0, 112.0)  # where a prefecture without a placed institution is taken to lie
_FORMS = {
    Form.PAPER: planning.Form.PAPER,
    Form.COMPUTER: planning.Form.COMPUTER,
    Form.PRACTICAL_GENERAL: planning.Form.PRACTICAL,
    Form.PRACTICAL_SPECIAL: planning.Form.PRACTICAL,
}


@dataclass(frozen=True, kw_only=True)
class Drafted:
    """The problem of a batch as the records stand, and whom its numbers mean."""

    problem: planning.Problem
    members: Mapping[str, tuple[UUID, ...]]  # group -> registrations, in the order of their numbers


@dataclass(frozen=True, kw_only=True)
class _Ground:
    """What the records of a batch lean on."""

    slots: tuple[planning.Slot, ...]
    hours: Hours
    staffing: Staffing
    schemes: Mapping[UUID, Scheme]
    institutions: Mapping[UUID, Institution]
    prefectures: Sequence[Prefecture]
    middle: Mapping[str, tuple[float, float]]  # of a prefecture
    busy: Busy

    def blocked(self, taken: Iterable[tuple[datetime, datetime]], pause_minutes: int) -> tuple[str, ...]:
        """The slots that what is taken, with a pause around it, runs into."""
        pause = timedelta(minutes=pause_minutes)
        spans = [(starts - pause, ends + pause) for starts, ends in taken]
        return tuple(
            slot.id for slot in self.slots if any(starts < slot.ends and slot.starts < ends for starts, ends in spans)
        )


async def drafted(
    session: AsyncSession, batch: Batch, hours: Hours | None = None, staffing: Staffing | None = None
) -> Drafted:
    """The batch as a problem, as the records stand now."""
    people = confirmed(await registration.registrations(session, batch_id=batch.id))
    schemes = {one.id: one for one in await catalogue.schemes(session, {one.scheme_id for one in people})}
    institutions = {one.id: one for one in await registration.institutions(session)}
    prefectures = await registration.prefectures(session)
    hours = hours or Hours()
    ground = _Ground(
        slots=await _slots(session, batch, people, schemes, hours),
        hours=hours,
        staffing=staffing or Staffing(),
        schemes=schemes,
        institutions=institutions,
        prefectures=prefectures,
        middle=_middles(institutions.values(), prefectures),
        busy=await busy(session, batch),
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
        Wanted(form=_FORMS[part.form], minutes=part.duration_minutes, count=sat[part.id])
        for scheme in sorted(schemes.values(), key=lambda one: str(one.id))
        for part in scheme.components
    ]
    approved = await sites.approvals(session, statuses=[ApprovalStatus.ACTIVE])
    certificates = {one.certificate_id for one in schemes.values()}
    places = await sites.sites(session, {one.site_id for one in approved if one.certificate_id in certificates})
    seats: Counter[planning.Form] = Counter()
    for place in places:
        for room in place.rooms:
            seats[_FORMS[room.form]] += room.usable
    days_count = (batch.last_day - batch.first_day).days + 1
    return slots(hours, wanted, batch.first_day, days_count, seats=seats, components=most)


async def _problem(
    session: AsyncSession, batch: Batch, people: Sequence[Registration], members: _Members, ground: _Ground
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
        prefectures=tuple(_prefecture(one, batch, ground) for one in ground.prefectures),
        institutions=(*_institutions(ground), *_societies(people, ground)),
        certificates=_certificates(ground),
        sites=tuple(_site(one, approvals, code_of, ground) for one in sorted(places, key=lambda one: one.code)),
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
            _person(one, code_of, homes, ground)
            for one in sorted(await duties.pool(session), key=lambda one: str(one.id))
            if one.active
        ),
    )


def _rules(ground: _Ground) -> planning.Rules:
    return planning.Rules(
        gap_minutes=ground.hours.gap_minutes,
        turnaround_minutes=ground.hours.practical_turnaround_minutes,
        invigilators_per_room=ground.staffing.invigilators_per_room,
        assessors_per_session=ground.staffing.assessors_minimum,
        candidates_per_assessor=ground.staffing.candidates_per_assessor,
    )


def _middles(institutions: Iterable[Institution], prefectures: Sequence[Prefecture]) -> dict[str, tuple[float, float]]:
    known: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for one in institutions:
        if one.latitude is not None and one.longitude is not None:
            known[one.prefecture_code].append((one.latitude, one.longitude))
    return {
        one.code: (
            (
                sum(lat for lat, _ in known[one.code]) / len(known[one.code]),
                sum(lon for _, lon in known[one.code]) / len(known[one.code]),
            )
            if known[one.code]
            else _MIDDLE
        )
        for one in prefectures
    }


def _prefecture(one: Prefecture, batch: Batch, ground: _Ground) -> planning.Prefecture:
    lat, lon = ground.middle[one.code]
    return planning.Prefecture(id=one.code, name=one.name_zh, province=batch.province_code, lat=lat, lon=lon)


def _institutions(ground: _Ground) -> list[planning.Institution]:
    found = []
    for one in sorted(ground.institutions.values(), key=lambda one: one.code):
        lat, lon = ground.middle[one.prefecture_code]
        found.append(
            planning.Institution(
                id=one.code,
                name=one.name_zh,
                prefecture=one.prefecture_code,
                lat=lat if one.latitude is None else one.latitude,
                lon=lon if one.longitude is None else one.longitude,
            )
        )
    return found


def _society(prefecture: str) -> str:
    return f"society-{prefecture}"


def _societies(people: Sequence[Registration], ground: _Ground) -> list[planning.Institution]:
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


def _certificates(ground: _Ground) -> tuple[planning.Certificate, ...]:
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


def _own_rules(schemes: Sequence[Scheme], ground: _Ground) -> planning.Rules | None:
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
            planning.Component(id=part.code, form=_FORMS[part.form], minutes=part.duration_minutes, order=part.seq)
            for part in scheme.components
        ),
    )


def _site(site: Site, approvals: Sequence[Approval], code_of: Mapping[UUID, str], ground: _Ground) -> planning.Site:
    own = [one for one in approvals if one.site_id == site.id]
    lat, lon = ground.middle[site.prefecture_code]
    return planning.Site(
        id=site.code,
        name=site.name_zh,
        institution=ground.institutions[site.institution_id].code,
        prefecture=site.prefecture_code,
        lat=lat if site.latitude is None else site.latitude,
        lon=lon if site.longitude is None else site.longitude,
        approvals=tuple(
            planning.Approval(
                certificate=code_of[one.certificate_id],
                levels=tuple(planning.Level(level.value) for level in one.levels),
                valid_from=one.valid_from,
                valid_to=one.valid_to,
            )
            for one in own
        ),
        rooms=tuple(_room(room, ground) for room in site.rooms if not room.form.practical and room.usable),
        workshops=tuple(
            shop for room in site.rooms if room.form.practical for shop in _workshops(room, own, code_of, ground)
        ),
        closed=tuple(slot.id for slot in ground.slots if slot.day in site.closed_on),
    )


def _room(room: Room, ground: _Ground) -> planning.Room:
    return planning.Room(
        id=room.code,
        form=_FORMS[room.form],
        seats=room.seats,
        spare=room.spares,
        floor=room.floor,
        closed=ground.blocked(ground.busy.rooms.get(room.id, ()), ground.hours.turnaround_minutes),
    )


def served(room: Room, certificates: Iterable[UUID], code_of: Mapping[UUID, str]) -> list[str]:
    """The certificates, by code, that share the stations of a practical room."""
    return sorted({code_of[id] for id in certificates if not room.certificate_ids or id in room.certificate_ids})


def _workshops(
    room: Room, approvals: Sequence[Approval], code_of: Mapping[UUID, str], ground: _Ground
) -> list[planning.Workshop]:
    """The stations of a room for each certificate it serves."""
    codes = served(room, (one.certificate_id for one in approvals), code_of)
    pause = ground.hours.practical_turnaround_minutes
    return [
        planning.Workshop(
            id=room.code if len(codes) == 1 else f"{room.code}/{code}",
            certificate=code,
            stations=room.usable // len(codes) + (at < room.usable % len(codes)),
            floor=room.floor,
            closed=ground.blocked(ground.busy.rooms.get(room.id, ()), pause),
        )
        for at, code in enumerate(codes)
        if room.usable // len(codes) + (at < room.usable % len(codes))
    ]


_Members = dict[tuple[str, str, str, tuple[str, ...], str], list[Registration]]


def _home(one: Registration, ground: _Ground) -> str:
    return ground.institutions[one.institution_id].code if one.institution_id else _society(one.prefecture_code)


def _homes(people: Sequence[Registration], ground: _Ground) -> Mapping[UUID, frozenset[str]]:
    """Of each person: the institutions they register from."""
    found: dict[UUID, set[str]] = defaultdict(set)
    for one in people:
        found[one.person_id].add(_home(one, ground))
    return {person: frozenset(homes) for person, homes in found.items()}


def _members(people: Sequence[Registration], ground: _Ground) -> _Members:
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
    key: tuple[str, str, str, tuple[str, ...], str], own: Sequence[Registration], ground: _Ground
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


def _person(
    one: Examiner, code_of: Mapping[UUID, str], homes: Mapping[UUID, frozenset[str]], ground: _Ground
) -> planning.Person:
    """A member of staff. Every invigilator is trained to be the first of a room; whose relative registers is tied to
    the institution the relative registers from."""
    school = ground.institutions[one.institution_id]
    lat, lon = ground.middle[one.prefecture_code]
    duty = planning.Duty
    held = [item for item in one.qualifications if item.certificate_id in code_of]
    roles = [
        (one.may_invigilate, duty.HEAD_INVIGILATOR),
        (one.may_invigilate, duty.INVIGILATOR),
        (any(item.may_lead for item in held), duty.LEAD_ASSESSOR),
        (bool(held), duty.ASSESSOR),
    ]
    related = {ground.institutions[id].code for id in one.related_institutions}
    related |= {home for person in one.related_people for home in homes.get(person, ())}
    return planning.Person(
        id=str(one.id),
        name="",
        institution=school.code,
        lat=lat if school.latitude is None else school.latitude,
        lon=lon if school.longitude is None else school.longitude,
        duties=tuple(role for may, role in roles if may),
        qualifications=tuple(
            planning.Qualification(
                certificate=code_of[item.certificate_id], valid_from=item.valid_from, valid_to=item.valid_to
            )
            for item in held
        ),
        related=tuple(sorted(related)),
        available=_available(one, ground),
    )


def _available(one: Examiner, ground: _Ground) -> tuple[str, ...] | None:
    """The slots of the days on which they are neither away nor on duty for another batch; None: all of them."""
    away = {*one.away_on, *(china_date(starts) for starts, _ in ground.busy.staff.get(one.account_id, ()))}
    found = tuple(slot.id for slot in ground.slots if slot.day not in away)
    return None if len(found) == len(ground.slots) else found
