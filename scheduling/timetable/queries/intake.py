"""The problem of a batch: who is confirmed, which parts they still sit, which sites may take them, what is taken."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.catalogue import queries as catalogue
from exam.catalogue.rules import Scheme
from exam.kernel.clock import china_date
from exam.registration import queries as registration
from exam.registration.rules import Batch, Registration, RegistrationStatus
from exam.sittings import queries as sittings
from exam.sittings.rules import SittingStatus
from scheduling.duties.rules import Occupied
from scheduling.sites import queries as sites
from scheduling.sites.rules import Approval, ApprovalStatus, Site, Standing
from scheduling.timetable.rules.problem import (
    Candidate,
    Hours,
    Licence,
    Part,
    Place,
    Problem,
    SchemeParts,
    Taken,
    Venue,
)

_RANK = {Standing.DESIGNATED: 0, Standing.BRANCH: 1, Standing.RESERVE: 2}
_OVER = frozenset({SittingStatus.ABSENT, SittingStatus.VOIDED})


@dataclass(frozen=True, kw_only=True)
class DemandLine:
    """What one scheme asks for in a batch."""

    scheme: Scheme
    candidates_count: int
    sittings_count: int
    spared_count: int  # components not sat: exempt or retained
    institutions_count: int
    social_count: int


def confirmed(registrations: Iterable[Registration]) -> list[Registration]:
    """Those a place is due to (3.4)."""
    return [r for r in registrations if r.status.confirmed and r.status is not RegistrationStatus.OUTCOME]


async def demand(session: AsyncSession, batch: Batch) -> list[DemandLine]:
    """Demand by scheme, largest first."""
    own: dict[UUID, list[Registration]] = defaultdict(list)
    for one in confirmed(await registration.registrations(session, batch_id=batch.id)):
        own[one.scheme_id].append(one)
    found = [_line(scheme, own[scheme.id]) for scheme in await catalogue.schemes(session, list(own))]
    return sorted(found, key=lambda line: (-line.candidates_count, line.scheme.certificate_code, line.scheme.level))


def _line(scheme: Scheme, members: list[Registration]) -> DemandLine:
    sat = [_parts(scheme, one) for one in members]
    return DemandLine(
        scheme=scheme,
        candidates_count=len(members),
        sittings_count=sum(len(parts) for parts in sat),
        spared_count=sum(len(scheme.components) - len(parts) for parts in sat),
        institutions_count=len({one.institution_id for one in members if one.institution_id}),
        social_count=sum(one.institution_id is None for one in members),
    )


async def problem(session: AsyncSession, batch: Batch, hours: Hours | None = None) -> Problem:
    """Everything the solver needs, read in one go."""
    hours = hours or Hours()
    people = confirmed(await registration.registrations(session, batch_id=batch.id))
    schemes = {scheme.id: scheme for scheme in await catalogue.schemes(session, {one.scheme_id for one in people})}
    certificates = {scheme.certificate_id for scheme in schemes.values()}
    approvals = [
        approval
        for approval in await sites.approvals(session, statuses=[ApprovalStatus.ACTIVE])
        if approval.certificate_id in certificates
    ]
    places = await sites.sites(session, {approval.site_id for approval in approvals})
    waived = {
        (str(waiver.certificate_id), waiver.prefecture_code)
        for waiver in await sites.waivers(session)
        if waiver.valid_from <= batch.first_day and batch.last_day <= waiver.valid_to
    }
    bare = Problem(
        first_day=batch.first_day,
        days_count=(batch.last_day - batch.first_day).days + 1,
        schemes=tuple(_scheme(scheme) for scheme in sorted(schemes.values(), key=lambda scheme: str(scheme.id))),
        venues=tuple(_venue(place, approvals) for place in sorted(places, key=lambda place: place.code)),
        candidates=tuple(_candidate(one, schemes[one.scheme_id]) for one in people),
        hours=hours,
        waived=frozenset(waived),
        positions={one.code: (float(one.tile_x), float(one.tile_y)) for one in await registration.prefectures(session)},
    )
    return await _with_taken(session, bare, batch, {one.person_id for one in people})


async def _with_taken(session: AsyncSession, bare: Problem, batch: Batch, people: set[UUID]) -> Problem:
    """Add what other batches have published in these days: rooms and people."""
    rooms: dict[str, list[Taken]] = defaultdict(list)
    persons: dict[str, list[Taken]] = defaultdict(list)
    for other in await _neighbours(session, batch):
        published = {room.id: room for room in await sittings.room_sessions(session, batch_id=other.id)}
        for room in published.values():
            span = Taken(start=bare.minute(room.starts_at), end=bare.minute(room.ends_at), site_id=str(room.site_id))
            rooms[str(room.room_id)].append(span)
        for one in await sittings.sittings(session, batch_id=other.id):
            if one.person_id in people and one.status not in _OVER:
                site_id = str(published[one.room_session_id].site_id)
                span = Taken(start=bare.minute(one.starts_at), end=bare.minute(one.ends_at), site_id=site_id)
                persons[str(one.person_id)].append(span)
    return Problem(
        first_day=bare.first_day,
        days_count=bare.days_count,
        schemes=bare.schemes,
        venues=bare.venues,
        candidates=bare.candidates,
        hours=bare.hours,
        waived=bare.waived,
        positions=bare.positions,
        taken_rooms={room: tuple(spans) for room, spans in rooms.items()},
        taken_people={person: tuple(spans) for person, spans in persons.items()},
    )


async def taken_staff(session: AsyncSession, batch: Batch) -> dict[UUID, list[Occupied]]:
    """Duties that other batches have published in these days, by account."""
    found: dict[UUID, list[Occupied]] = defaultdict(list)
    for other in await _neighbours(session, batch):
        site_of = {room.id: room.site_id for room in await sittings.room_sessions(session, batch_id=other.id)}
        for duty in await sittings.duties(session, batch_id=other.id):
            found[duty.account_id].append(
                Occupied(
                    site_id=site_of[duty.session_id],
                    day=china_date(duty.starts_at),
                    starts_at=duty.starts_at,
                    ends_at=duty.ends_at,
                )
            )
    return found


async def _neighbours(session: AsyncSession, batch: Batch) -> list[Batch]:
    return [
        other
        for other in await registration.batches(session)
        if other.id != batch.id and other.first_day <= batch.last_day and batch.first_day <= other.last_day
    ]


def _scheme(scheme: Scheme) -> SchemeParts:
    return SchemeParts(
        id=str(scheme.id),
        certificate_id=str(scheme.certificate_id),
        level=scheme.level,
        parts=tuple(
            Part(id=str(part.id), seq=part.seq, form=part.form, duration_minutes=part.duration_minutes)
            for part in scheme.components
        ),
    )


def _parts(scheme: Scheme, one: Registration) -> tuple[str, ...]:
    """The components still to be sat: neither exempt nor retained (D12, 3.6)."""
    return tuple(
        str(part.id) for part in scheme.components if part.id not in one.exempt and part.id not in one.retained
    )


def _candidate(one: Registration, scheme: Scheme) -> Candidate:
    return Candidate(
        id=str(one.id),
        person_id=str(one.person_id),
        scheme_id=str(one.scheme_id),
        institution_id=str(one.institution_id) if one.institution_id else None,
        prefecture_code=one.prefecture_code,
        part_ids=_parts(scheme, one),
    )


def _venue(place: Site, approvals: Iterable[Approval]) -> Venue:
    return Venue(
        id=str(place.id),
        code=place.code,
        prefecture_code=place.prefecture_code,
        closed_on=frozenset(place.closed_on),
        places=tuple(
            Place(
                id=str(room.id),
                site_id=str(place.id),
                code=room.code,
                form=room.form,
                usable=room.usable,
                columns=room.columns,
                certificate_ids=frozenset(str(id) for id in room.certificate_ids),
            )
            for room in place.rooms
        ),
        licences=tuple(
            Licence(
                certificate_id=str(approval.certificate_id),
                levels=frozenset(approval.levels),
                rank=_RANK[approval.standing],
                valid_from=approval.valid_from,
                valid_to=approval.valid_to,
            )
            for approval in approvals
            if approval.site_id == place.id
        ),
    )
