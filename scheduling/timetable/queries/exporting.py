"""A live batch as a planning problem (``docs/formats/scheduling.md``): groups with their numbers, and nobody's name.

The planner's slots are windows of the working hours, as long as the longest written component and a turnaround apart.
Members of society form one group for each prefecture; who has two registrations stands alone under an opaque key. A practical room
that serves several certificates is shared out evenly among them, because a workshop of the planner belongs to one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.catalogue import queries as catalogue
from exam.catalogue.rules import Form, Scheme
from exam.kernel.clock import CHINA
from exam.registration import queries as registration
from exam.registration.rules import Batch, Institution, Prefecture, Registration
from scheduling.duties import queries as duties
from scheduling.duties.rules import Examiner
from scheduling.planning.rules import problem as planning
from scheduling.sites import queries as sites
from scheduling.sites.rules import Approval, ApprovalStatus, Room, Site
from scheduling.timetable.rules.problem import Hours

_MIDDLE = (31.0, 112.0)  # where a prefecture without a placed institution is taken to lie
_SHORTEST_SLOT = 60
_FORMS = {
    Form.PAPER: planning.Form.PAPER,
    Form.COMPUTER: planning.Form.COMPUTER,
    Form.PRACTICAL_GENERAL: planning.Form.PRACTICAL,
    Form.PRACTICAL_SPECIAL: planning.Form.PRACTICAL,
}


@dataclass(frozen=True)
class _Ground:
    """What the records of a batch lean on."""

    schemes: Mapping[UUID, Scheme]
    institutions: Mapping[UUID, Institution]
    prefectures: Sequence[Prefecture]
    middle: Mapping[str, tuple[float, float]]  # of a prefecture


async def planning_problem(session: AsyncSession, batch: Batch, hours: Hours | None = None) -> planning.Problem:
    """The batch as a problem; what other batches have taken in these days is not in it."""
    people = [one for one in await registration.registrations(session, batch_id=batch.id) if one.status.confirmed]
    schemes = {one.id: one for one in await catalogue.schemes(session, {one.scheme_id for one in people})}
    certificates = {one.certificate_id for one in schemes.values()}
    institutions = {one.id: one for one in await registration.institutions(session)}
    prefectures = await registration.prefectures(session)
    ground = _Ground(schemes, institutions, prefectures, _middles(institutions.values(), prefectures))
    approvals = [
        one
        for one in await sites.approvals(session, statuses=[ApprovalStatus.ACTIVE])
        if one.certificate_id in certificates
    ]
    code_of = {one.certificate_id: one.certificate_code for one in schemes.values()}
    places = await sites.sites(session, {one.site_id for one in approvals})
    year = batch.first_day.year
    return planning.Problem(
        format=planning.FORMAT,
        name=batch.code,
        on=None,
        slots=_slots(batch, schemes.values(), hours or Hours()),
        prefectures=tuple(_prefecture(one, batch, ground) for one in prefectures),
        institutions=(*_institutions(ground), *_societies(people, ground)),
        certificates=_certificates(schemes.values()),
        sites=tuple(_site(one, approvals, code_of, ground) for one in sorted(places, key=lambda one: one.code)),
        groups=_groups(people, ground),
        pilots=tuple(
            planning.Pilot(institution=institutions[one.institution_id].code, certificate=code_of[one.certificate_id])
            for one in await registration.pilots(session, year)
            if one.certificate_id in code_of
        ),
        waivers=tuple(
            planning.Waiver(certificate=code_of[one.certificate_id], prefecture=one.prefecture_code, reason=one.reason)
            for one in await sites.waivers(session)
            if one.certificate_id in code_of and one.valid_from <= batch.first_day and batch.last_day <= one.valid_to
        ),
        staff=tuple(_person(one, code_of, ground) for one in await duties.pool(session) if one.active),
    )


def _slots(batch: Batch, schemes: Iterable[Scheme], hours: Hours) -> tuple[planning.Slot, ...]:
    written = [part.duration_minutes for scheme in schemes for part in scheme.components if not part.form.practical]
    length = max([_SHORTEST_SLOT, *written])
    found = []
    for number in range((batch.last_day - batch.first_day).days + 1):
        day = batch.first_day + timedelta(days=number)
        midnight = datetime(day.year, day.month, day.day, tzinfo=CHINA)
        for opens, closes in ((hours.opens, hours.lunch_from), (hours.lunch_to, hours.closes)):
            start = opens
            while start + length <= closes:
                begins = midnight + timedelta(minutes=start)
                found.append(
                    planning.Slot(
                        id=f"{day:%m%d}-{begins:%H%M}", starts=begins, ends=begins + timedelta(minutes=length)
                    )
                )
                start += length + hours.turnaround_minutes
    return tuple(found)


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


def _certificates(schemes: Iterable[Scheme]) -> tuple[planning.Certificate, ...]:
    by_code: dict[str, list[Scheme]] = defaultdict(list)
    for scheme in schemes:
        by_code[scheme.certificate_code].append(scheme)
    return tuple(
        planning.Certificate(
            id=code,
            name=own[0].certificate_name_zh,
            schemes=tuple(_scheme(one) for one in sorted(own, key=lambda one: one.level.digit)),
            fee_cents=int(max(one.fee_yuan for one in own) * 100),
            fee_cap_cents=int(max(one.fee_cap_yuan for one in own) * 100),
        )
        for code, own in sorted(by_code.items())
    )


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
        rooms=tuple(
            planning.Room(id=room.code, form=_FORMS[room.form], seats=room.seats, floor=room.floor)
            for room in site.rooms
            if not room.form.practical
        ),
        workshops=tuple(shop for room in site.rooms if room.form.practical for shop in _workshops(room, own, code_of)),
    )


def _workshops(room: Room, approvals: Sequence[Approval], code_of: Mapping[UUID, str]) -> list[planning.Workshop]:
    """The stations of a room for each certificate it serves."""
    served = sorted(
        {
            code_of[one.certificate_id]
            for one in approvals
            if not room.certificate_ids or one.certificate_id in room.certificate_ids
        }
    )
    return [
        planning.Workshop(
            id=room.code if len(served) == 1 else f"{room.code}/{code}",
            certificate=code,
            stations=max(1, room.usable // len(served)),
            floor=room.floor,
        )
        for code in served
    ]


def _groups(people: Sequence[Registration], ground: _Ground) -> tuple[planning.Group, ...]:
    """Alike candidates together; who has two registrations in the batch alone."""
    several = {person for person, count in Counter(one.person_id for one in people).items() if count > 1}
    number = {person: f"person-{at + 1:05d}" for at, person in enumerate(sorted(several, key=str))}
    counted: dict[tuple[str, str, str, tuple[str, ...], str], int] = defaultdict(int)
    for one in people:
        scheme = ground.schemes[one.scheme_id]
        parts = tuple(
            part.code for part in scheme.components if part.id not in one.exempt and part.id not in one.retained
        )
        home = ground.institutions[one.institution_id].code if one.institution_id else _society(one.prefecture_code)
        if parts:
            counted[home, scheme.certificate_code, scheme.level.value, parts, number.get(one.person_id, "")] += 1
    return tuple(
        planning.Group(
            id=f"{home}/{certificate}/{level}/{'+'.join(parts)}{'/' + person if person else ''}",
            institution=home,
            certificate=certificate,
            level=planning.Level(level),
            components=parts,
            count=count,
            person=person or None,
        )
        for (home, certificate, level, parts, person), count in sorted(counted.items())
    )


def _person(one: Examiner, code_of: Mapping[UUID, str], ground: _Ground) -> planning.Person:
    lat, lon = ground.middle[one.prefecture_code]
    duty = planning.Duty
    held = [item for item in one.qualifications if item.certificate_id in code_of]
    roles = [
        (one.may_head, duty.HEAD_INVIGILATOR),
        (one.may_invigilate, duty.INVIGILATOR),
        (any(item.may_lead for item in held), duty.LEAD_ASSESSOR),
        (bool(held), duty.ASSESSOR),
    ]
    return planning.Person(
        id=str(one.id),
        name="",
        institution=ground.institutions[one.institution_id].code,
        lat=lat,
        lon=lon,
        duties=tuple(role for may, role in roles if may),
        qualifications=tuple(
            planning.Qualification(
                certificate=code_of[item.certificate_id], valid_from=item.valid_from, valid_to=item.valid_to
            )
            for item in held
        ),
        related=tuple(sorted(ground.institutions[id].code for id in one.related_institutions)),
    )
