"""A live batch as a planning problem (``docs/formats/scheduling.md``): groups with their numbers, and nobody's name.

Slots follow from the working hours (:mod:`rules.hours`). Members of society form one group for each prefecture; who has two
registrations, an exam of another batch in these days, or a room of their own (H16), stands alone under an opaque key; other
accommodations divide a group. A practical room that serves
several certificates is shared out evenly among them, because a workshop of the planner belongs to one. What other batches
have published is taken: their rooms are closed, their people away, their staff not available.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from exam.catalogue import queries as catalogue
from exam.catalogue.rules import Component, Scheme
from exam.registration import queries as registration
from exam.registration.rules import Batch, Measures, Registration
from scheduling.duties import queries as duties
from scheduling.norms.queries import norms_of
from scheduling.norms.rules import Norms, NormSet
from scheduling.planning.rules import problem as planning
from scheduling.planning.rules.capacity import rounds
from scheduling.sites import queries as sites
from scheduling.sites.rules import ApprovalStatus
from scheduling.timetable.queries import stored
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
from scheduling.timetable.rules.hours import Wanted, slots
from scheduling.timetable.rules.lengthened import accommodations_of, class_of, longer_turn
from scheduling.timetable.rules.terms import on_terms


@dataclass(frozen=True, kw_only=True)
class Drafted:
    """The problem of a batch as the records stand, and whom its numbers mean."""

    problem: planning.Problem
    members: Mapping[str, tuple[UUID, ...]]  # group -> registrations, in the order of their numbers


async def drafted(
    session: AsyncSession,
    batch: Batch,
    norms: NormSet | None = None,
    taken: Busy | None = None,
) -> Drafted:
    """The batch as a problem, as the records stand now; by the norms in force unless others are given, and by what was
    decided for this batch in place of them; `taken` by other batches, where it is known already."""
    people = confirmed(await registration.registrations(session, batch_id=batch.id))
    schemes = {one.id: one for one in await catalogue.schemes(session, {one.scheme_id for one in people})}
    institutions = {one.id: one for one in await registration.institutions(session)}
    prefectures = await registration.prefectures(session)
    norms = norms or await norms_for(session, batch)
    ground = Supply(
        slots=await _slots(session, batch, people, schemes, norms.common),
        norms=norms,
        schemes=schemes,
        institutions=institutions,
        prefectures=prefectures,
        middle=middles(institutions.values(), prefectures),
        busy=taken or await busy(session, batch),
    )
    members = _members(people, ground)
    problem = await _problem(session, batch, people, members, ground)
    return Drafted(problem=on_terms(problem, await stored.terms(session, batch.id)), members=_numbered(members))


async def _slots(
    session: AsyncSession,
    batch: Batch,
    people: Sequence[Registration],
    schemes: Mapping[UUID, Scheme],
    norms: Norms,
) -> tuple[planning.Slot, ...]:
    """The pattern of slots that suits what is asked for and what the sites in force have."""
    sat: Counter[UUID] = Counter()
    longer: Counter[tuple[planning.Form, int]] = Counter()  # by minutes, of who is granted extra time
    most = 1
    for one in people:
        own = parts_of(schemes[one.scheme_id], one)
        sat.update(own)
        for part in schemes[one.scheme_id].components if one.measures.extra_percent else ():
            if part.id in own:
                more = one.measures.extra_minutes(part.duration_minutes)
                longer[FORMS[part.form], part.duration_minutes + more] += 1
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
    extended = [Wanted(form=form, minutes=minutes, count=n) for (form, minutes), n in sorted(longer.items())]
    return slots(norms, wanted, batch.first_day, days_count, seats=seats, components=most, longer=extended)


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
        certificates=_certificates(people, ground),
        sites=tuple(site_of(one, approvals, code_of, ground) for one in sorted(places, key=lambda one: one.code)),
        groups=tuple(_group(key, own, ground) for key, own in sorted(members.items())),
        rules=_rules(ground.norms.common),
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


async def norms_for(session: AsyncSession, batch: Batch) -> NormSet:
    """The norms in force on the first day of a batch, of every certificate of its schemes."""
    known = await catalogue.schemes(session, batch.scheme_ids)
    return await norms_of(session, {one.certificate_id for one in known}, batch.first_day)


def _rules(norms: Norms) -> planning.Rules:
    return planning.Rules(
        version=norms.version,
        gap_minutes=norms.gap_minutes,
        turnaround_minutes=norms.station_turnaround_minutes,
        speed_km_per_hour=norms.speed_km_per_hour,
        travel_limit_km=norms.travel_limit_km,
        other_province=bool(norms.other_province),
        invigilators_per_room=norms.invigilators_per_room,
        candidates_per_invigilator=norms.candidates_per_invigilator,
        assessors_per_session=norms.assessors_minimum,
        candidates_per_assessor=norms.candidates_per_assessor,
        positions_per_standby=norms.positions_per_standby,
        overnight_km=norms.overnight_km,
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


def _certificates(people: Sequence[Registration], ground: Supply) -> tuple[planning.Certificate, ...]:
    percents: dict[UUID, set[int]] = defaultdict(set)
    for one in people:
        percents[one.scheme_id] |= {one.measures.extra_percent} - {0}
    by_code: dict[str, list[Scheme]] = defaultdict(list)
    for scheme in ground.schemes.values():
        by_code[scheme.certificate_code].append(scheme)
    return tuple(
        planning.Certificate(
            id=code,
            name=own[0].certificate_name_zh,
            schemes=tuple(_scheme(one, percents[one.id]) for one in sorted(own, key=lambda one: one.level.digit)),
            rules=_own_rules(code, own, ground),
            fee_cents=int(max(one.fee_yuan for one in own) * 100),
            fee_cap_cents=int(max(one.fee_cap_yuan for one in own) * 100),
        )
        for code, own in sorted(by_code.items())
    )


def _own_rules(code: str, schemes: Sequence[Scheme], ground: Supply) -> planning.Rules | None:
    """An assessor watches so many candidates at a time; a station of the planner's session serves several in turn."""
    own = _rules(ground.norms.of(code))
    lengths = [part.duration_minutes for scheme in schemes for part in scheme.components if part.form.practical]
    turns = max((rounds(length, slot, own) for length in lengths for slot in ground.slots), default=1)
    own = msgspec.structs.replace(own, candidates_per_assessor=own.candidates_per_assessor * max(1, turns))
    return own if own != _rules(ground.norms.common) else None


def _scheme(scheme: Scheme, percents: Iterable[int] = ()) -> planning.Scheme:
    """The components of a level, and the longer turns at its stations for whoever is granted them."""
    turns = [
        (part, longer_turn(part.code, percent), Measures(percent).extra_minutes(part.duration_minutes))
        for part in scheme.components
        for percent in (0, *(sorted(percents) if part.form.practical else ()))
    ]
    return planning.Scheme(
        level=planning.Level(scheme.level.value),
        components=tuple(
            planning.Component(id=id, form=FORMS[part.form], minutes=part.duration_minutes + more, order=part.seq)
            for part, id, more in turns
        ),
    )


@dataclass(frozen=True, order=True)
class _Key:
    """What the members of a group have in common."""

    home: str
    certificate: str
    level: str
    codes: tuple[str, ...]
    person: str = ""  # of who stands alone
    measures: Measures = Measures()  # noqa: RUF009 # frozen

    @property
    def id(self) -> str:
        """The group's."""
        words = (self.home, self.certificate, self.level, "+".join(self.codes), self.person, class_of(self.measures))
        return "/".join(word for word in words if word)


_Members = dict[_Key, list[Registration]]


def _home(one: Registration, ground: Supply) -> str:
    return ground.institutions[one.institution_id].code if one.institution_id else _society(one.prefecture_code)


def _homes(people: Sequence[Registration], ground: Supply) -> Mapping[UUID, frozenset[str]]:
    """Of each person: the institutions they register from."""
    found: dict[UUID, set[str]] = defaultdict(set)
    for one in people:
        found[one.person_id].add(_home(one, ground))
    return {person: frozenset(homes) for person, homes in found.items()}


def _members(people: Sequence[Registration], ground: Supply) -> _Members:
    """Alike candidates together; who has two registrations, another exam in these days, or a room of their own, alone."""
    counted = Counter(one.person_id for one in people)
    alone = {person for person, count in counted.items() if count > 1 or person in ground.busy.people}
    alone |= {one.person_id for one in people if one.measures.own_room}
    number = {person: f"person-{at + 1:05d}" for at, person in enumerate(sorted(alone, key=str))}
    found: _Members = defaultdict(list)
    for one in sorted(people, key=lambda one: str(one.id)):
        scheme, wanted = ground.schemes[one.scheme_id], parts_of(ground.schemes[one.scheme_id], one)
        codes = tuple(_turn(part, one.measures) for part in scheme.components if part.id in wanted)
        if codes:
            key = _Key(
                _home(one, ground),
                scheme.certificate_code,
                scheme.level.value,
                codes,
                number.get(one.person_id, ""),
                one.measures,
            )
            found[key].append(one)
    return dict(found)


def _turn(part: Component, measures: Measures) -> str:
    """A component as a candidate sits it: at a station, a longer turn is a component of its own."""
    return longer_turn(part.code, measures.extra_percent) if part.form.practical else part.code


def _numbered(members: _Members) -> dict[str, tuple[UUID, ...]]:
    return {key.id: tuple(one.id for one in own) for key, own in members.items()}


def _group(key: _Key, own: Sequence[Registration], ground: Supply) -> planning.Group:
    taken = ground.busy.people.get(own[0].person_id, ()) if key.person else ()
    return planning.Group(
        id=key.id,
        institution=key.home,
        certificate=key.certificate,
        level=planning.Level(key.level),
        components=key.codes,
        count=len(own),
        accommodations=accommodations_of(key.measures),
        extra_time_percent=key.measures.extra_percent or msgspec.UNSET,
        person=key.person or None,
        away=ground.blocked(taken, ground.norms.common.travel_minutes),
    )
