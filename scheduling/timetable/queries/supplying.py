"""What a batch can be examined with, as the planner knows it: prefectures, institutions, sites with rooms and stations, staff.

A practical room that serves several certificates is shared out evenly among them, because a workshop of the planner belongs to
one. What other batches have published is taken: their rooms are closed, their staff not available.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from exam.catalogue.rules import Form, Scheme
from exam.kernel.clock import china_date
from exam.registration.rules import Batch, Institution, Prefecture
from scheduling.duties.rules import Examiner
from scheduling.norms.rules import NormSet
from scheduling.planning.rules import problem as planning
from scheduling.sites.rules import Approval, Room, Site
from scheduling.timetable.queries.intake import Busy

_MIDDLE = (31.0, 112.0)  # where a prefecture without a placed institution is taken to lie
FORMS = {
    Form.PAPER: planning.Form.PAPER,
    Form.COMPUTER: planning.Form.COMPUTER,
    Form.PRACTICAL_GENERAL: planning.Form.PRACTICAL,
    Form.PRACTICAL_SPECIAL: planning.Form.PRACTICAL,
}


@dataclass(frozen=True, kw_only=True)
class Supply:
    """What the records of a batch lean on."""

    slots: tuple[planning.Slot, ...]
    norms: NormSet
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


def middles(institutions: Iterable[Institution], prefectures: Sequence[Prefecture]) -> dict[str, tuple[float, float]]:
    """The middle of each prefecture: of its institutions whose place is known."""
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


def prefecture_of(one: Prefecture, batch: Batch, ground: Supply) -> planning.Prefecture:
    """A prefecture of the province."""
    lat, lon = ground.middle[one.code]
    return planning.Prefecture(id=one.code, name=one.name_zh, province=batch.province_code, lat=lat, lon=lon)


def institutions_of(ground: Supply) -> list[planning.Institution]:
    """Every institution; one whose place is not known stands in the middle of its prefecture."""
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


def site_of(site: Site, approvals: Sequence[Approval], code_of: Mapping[UUID, str], ground: Supply) -> planning.Site:
    """A site with what it is approved for, its rooms, stations and closures."""
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


def _room(room: Room, ground: Supply) -> planning.Room:
    return planning.Room(
        id=room.code,
        form=FORMS[room.form],
        seats=room.seats,
        spare=room.spares,
        floor=room.floor,
        closed=ground.blocked(ground.busy.rooms.get(room.id, ()), ground.norms.common.room_turnaround_minutes),
    )


def served(room: Room, certificates: Iterable[UUID], code_of: Mapping[UUID, str]) -> list[str]:
    """The certificates, by code, that share the stations of a practical room."""
    return sorted({code_of[id] for id in certificates if not room.certificate_ids or id in room.certificate_ids})


def _workshops(
    room: Room, approvals: Sequence[Approval], code_of: Mapping[UUID, str], ground: Supply
) -> list[planning.Workshop]:
    """The stations of a room for each certificate it serves."""
    codes = served(room, (one.certificate_id for one in approvals), code_of)
    return [
        planning.Workshop(
            id=room.code if len(codes) == 1 else f"{room.code}/{code}",
            certificate=code,
            stations=room.usable // len(codes) + (at < room.usable % len(codes)),
            floor=room.floor,
            closed=ground.blocked(ground.busy.rooms.get(room.id, ()), ground.norms.of(code).station_turnaround_minutes),
        )
        for at, code in enumerate(codes)
        if room.usable // len(codes) + (at < room.usable % len(codes))
    ]


def person_of(
    one: Examiner, code_of: Mapping[UUID, str], homes: Mapping[UUID, frozenset[str]], ground: Supply
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


def _available(one: Examiner, ground: Supply) -> tuple[str, ...] | None:
    """The slots of the days on which they are neither away nor on duty for another batch; None: all of them."""
    away = {*one.away_on, *(china_date(starts) for starts, _ in ground.busy.staff.get(one.account_id, ()))}
    found = tuple(slot.id for slot in ground.slots if slot.day not in away)
    return None if len(found) == len(ground.slots) else found
