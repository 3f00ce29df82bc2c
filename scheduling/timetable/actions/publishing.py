"""A proposal is published: handed over to ``exam.sittings`` in one transaction.

Sittings, tickets and access of the candidates, duties, the batch's status; from then on the sitting is the truth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.kernel.crypto import Vault
from exam.registration import actions as registration_actions
from exam.registration import queries as registration
from exam.registration.rules import BATCH_STATUS_LABELS, Batch, BatchStatus
from exam.sittings import actions as sittings
from exam.sittings.rules import DutySpec, Publication, SittingSpec
from scheduling.duties import queries as duty_queries
from scheduling.sites import queries as sites
from scheduling.timetable import queries
from scheduling.timetable.actions.admitting import open_access, room_session
from scheduling.timetable.actions.ground import lock_draft, record, rooms_by_id
from scheduling.timetable.models import (
    PlanRow,
)
from scheduling.timetable.rules.lifecycle import (
    AccommodationsChanged,
    GapsUnexplained,
    PlanStale,
    PlanStatus,
    RegistrationOpen,
)

_OPEN = (PlanStatus.DRAFT, PlanStatus.FILED)


@dataclass(frozen=True, kw_only=True)
class Published:
    """What a publication did."""

    plan_id: UUID
    sessions: int
    sittings: int
    duties: int
    tickets: Mapping[UUID, str]  # registration -> ticket number


async def publish(
    session: AsyncSession, actor: Actor, vault: Vault, *, plan_id: UUID, gaps_reason: str = "", now: datetime
) -> Published:
    """Publish a draft: admit the sittings, open the candidates' access, move the batch to released tickets."""
    row = await lock_draft(session, plan_id, filed=True)
    batch = await registration.batch(session, row.batch_id)
    queries.require_manage(actor, batch)
    if batch.status is not BatchStatus.REGISTRATION_CLOSED:
        raise RegistrationOpen(status=BATCH_STATUS_LABELS[batch.status])
    await _require_fresh(session, batch, row)
    await _require_explained(session, row, gaps_reason)
    publication = await _publication(session, row)
    people = await registration.registrations(session, ids=list(publication.tickets))
    await registration_actions.move_batch(session, actor, batch_id=batch.id, to=BatchStatus.ARRANGED, now=now)
    done = await sittings.admit(session, actor, publication=publication, now=now)
    await registration_actions.mark_seated(session, actor, registration_ids=list(publication.tickets), now=now)
    await open_access(session, actor, vault, people, publication.tickets, now)
    row.status, row.published_at, row.published_by = PlanStatus.PUBLISHED, now, actor.name
    row.gaps_reason = gaps_reason.strip()
    await session.execute(
        update(PlanRow)
        .where(PlanRow.batch_id == batch.id, PlanRow.status.in_(_OPEN), PlanRow.id != row.id)
        .values(status=PlanStatus.SUPERSEDED)
    )
    await session.flush()
    data = {"sha256": row.sha256, "sittings": done.sittings, "duties": done.duties, "gaps_reason": row.gaps_reason}
    await record(session, actor, "timetable.publish", batch.id, row, data, now)
    await registration_actions.move_batch(session, actor, batch_id=batch.id, to=BatchStatus.TICKETS_RELEASED, now=now)
    return Published(
        plan_id=row.id,
        sessions=done.sessions,
        sittings=done.sittings,
        duties=done.duties,
        tickets=publication.tickets,
    )


async def _require_fresh(session: AsyncSession, batch: Batch, row: PlanRow) -> None:
    """A draft older than a change of the registrations is not published."""
    held: dict[UUID, set[UUID]] = {}
    honoured: dict[UUID, str] = {}
    for seat in await queries.planned_sittings(session, row.id):
        held.setdefault(seat.registration_id, set()).add(seat.component_id)
        honoured[seat.registration_id] = seat.measures
    left = {one.registration_id for one in await queries.unplaced(session, row.id)}
    wanted = await queries.wanted(session, batch.id)
    same = all(held.get(id, set()) == parts for id, parts in wanted.items() if id not in left)
    if held.keys() | left != wanted.keys() or not same:
        raise PlanStale(planned=len(held.keys() | left), now=len(wanted))
    people = await registration.registrations(session, batch_id=batch.id)
    changed = sum(one.id in honoured and honoured[one.id] != one.measures.key for one in people)
    if changed:
        raise AccommodationsChanged(n=changed)


async def _require_explained(session: AsyncSession, row: PlanRow, gaps_reason: str) -> None:
    unplaced, unfilled = await queries.gaps_reason_needed(session, queries.plan_record(row))
    if (unplaced or unfilled) and not gaps_reason.strip():
        raise GapsUnexplained(unplaced=unplaced, unfilled=unfilled)


async def _publication(session: AsyncSession, row: PlanRow) -> Publication:
    places = {place.id: place for place in await sites.sites(session)}
    rooms = rooms_by_id(places)
    held = await queries.sessions(session, row.id)
    version = {one.id: one.paper_version for one in held}
    return Publication(
        batch_id=row.batch_id,
        plan_id=row.id,
        plan_version=row.version,
        sessions=tuple(
            room_session(
                one,
                places[one.site_id],
                rooms[one.room_id],
                id=one.id,
                batch_id=row.batch_id,
                component_id=one.component_id,
                form=str(one.form),
            )
            for one in held
        ),
        sittings=tuple(
            SittingSpec(
                id=seat.id,
                registration_id=seat.registration_id,
                person_id=seat.person_id,
                component_id=seat.component_id,
                session_id=seat.session_id,
                seat_no=seat.seat_no,
                starts_at=seat.starts_at,
                ends_at=seat.ends_at,
                paper_version=version[seat.session_id],
                granted_minutes=seat.granted_minutes,
                measures=seat.measures,
            )
            for seat in await queries.planned_sittings(session, row.id)
        ),
        duties=tuple(
            DutySpec(
                id=duty.id,
                session_id=duty.session_id,
                account_id=duty.account_id,
                name=duty.name,
                duty=duty.duty,
                starts_at=duty.starts_at,
                ends_at=duty.ends_at,
            )
            for duty in await duty_queries.planned(session, row.id)
        ),
        tickets={one.registration_id: one.ticket_no for one in (await queries.placements(session, row.id)).values()},
    )
