"""What a batch asks for: who is confirmed and which parts they still sit; and what other batches have taken in its days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.catalogue import queries as catalogue
from exam.catalogue.rules import Scheme
from exam.registration import queries as registration
from exam.registration.queries.counts import Due, due
from exam.registration.rules import Batch, Registration, RegistrationStatus
from exam.sittings import queries as sittings
from exam.sittings.rules import SittingStatus

_OVER = frozenset({SittingStatus.ABSENT, SittingStatus.VOIDED})
Span = tuple[datetime, datetime]


@dataclass(frozen=True, kw_only=True)
class DemandLine:
    """What one scheme asks for in a batch."""

    scheme: Scheme
    candidates_count: int
    sittings_count: int
    spared_count: int  # components not sat: exempt or retained
    institutions_count: int
    social_count: int


@dataclass(frozen=True, kw_only=True)
class Busy:
    """What other batches have published in the days of a batch."""

    rooms: Mapping[UUID, tuple[Span, ...]]
    people: Mapping[UUID, tuple[Span, ...]]  # candidates, by person
    staff: Mapping[UUID, tuple[Span, ...]]  # by account


def confirmed(registrations: Iterable[Registration]) -> list[Registration]:
    """Those a place is due to (3.4)."""
    return [r for r in registrations if r.status.confirmed and r.status is not RegistrationStatus.OUTCOME]


def parts_of(scheme: Scheme, one: Registration) -> frozenset[UUID]:
    """The components still to be sat: neither exempt nor retained (D12, 3.6)."""
    return frozenset(part.id for part in scheme.components if part.id not in one.exempt and part.id not in one.retained)


async def wanted(session: AsyncSession, batch_id: UUID) -> dict[UUID, frozenset[UUID]]:
    """Registration -> the components a place is due for, as the records stand now."""
    people = confirmed(await registration.registrations(session, batch_id=batch_id))
    schemes = {one.id: one for one in await catalogue.schemes(session, {one.scheme_id for one in people})}
    found = {one.id: parts_of(schemes[one.scheme_id], one) for one in people}
    return {id: parts for id, parts in found.items() if parts}


async def demand(session: AsyncSession, batch: Batch) -> list[DemandLine]:
    """Demand by scheme, largest first."""
    own = {one.scheme_id: one for one in await due(session, batch.id)}
    found = [_line(scheme, own[scheme.id]) for scheme in await catalogue.schemes(session, list(own))]
    return sorted(found, key=lambda line: (-line.candidates_count, line.scheme.certificate_code, line.scheme.level))


def _line(scheme: Scheme, own: Due) -> DemandLine:
    spared = sum(own.spared.get(part.id, 0) for part in scheme.components)
    return DemandLine(
        scheme=scheme,
        candidates_count=own.candidates_count,
        sittings_count=own.candidates_count * len(scheme.components) - spared,
        spared_count=spared,
        institutions_count=own.institutions_count,
        social_count=own.social_count,
    )


async def busy(session: AsyncSession, batch: Batch) -> Busy:
    """What other batches have published in these days: rooms, candidates and staff."""
    rooms: dict[UUID, list[Span]] = defaultdict(list)
    people: dict[UUID, list[Span]] = defaultdict(list)
    staff: dict[UUID, list[Span]] = defaultdict(list)
    for other in await _neighbours(session, batch):
        for room in await sittings.room_sessions(session, batch_id=other.id):
            rooms[room.room_id].append((room.starts_at, room.ends_at))
        for one in await sittings.sittings(session, batch_id=other.id):
            if one.status not in _OVER:
                people[one.person_id].append((one.starts_at, one.ends_at))
        for duty in await sittings.duties(session, batch_id=other.id):
            staff[duty.account_id].append((duty.starts_at, duty.ends_at))
    return Busy(rooms=_frozen(rooms), people=_frozen(people), staff=_frozen(staff))


def _frozen(found: Mapping[UUID, list[Span]]) -> dict[UUID, tuple[Span, ...]]:
    return {id: tuple(sorted(spans)) for id, spans in found.items()}


async def _neighbours(session: AsyncSession, batch: Batch) -> list[Batch]:
    return [
        other
        for other in await registration.batches(session)
        if other.id != batch.id and other.first_day <= batch.last_day and batch.first_day <= other.last_day
    ]
