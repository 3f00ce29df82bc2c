"""Reads of discipline incidents and of what final decisions make void (3.12)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.registration import queries as registration
from exam.sittings.models import (
    IncidentItemRow,
    IncidentReturnRow,
    IncidentRow,
    IncidentRulingRow,
    IncidentStatementRow,
)
from exam.sittings.queries.places import room_sessions
from exam.sittings.rules import Effect, IncidentStatus, VoidPart
from exam.sittings.rules.incidents import Ruling


@dataclass(frozen=True)
class Incident:
    """A discipline incident as the pages and the printed record show it."""

    id: UUID
    batch_id: UUID
    number: int
    sitting_id: UUID
    room_session_id: UUID
    registration_id: UUID
    component_id: UUID
    code: str
    facts: str
    evidence: str
    seen_at: datetime
    read_at: datetime | None
    read_name: str | None
    signed: bool | None  # None: not yet
    signed_at: datetime | None
    witnesses: tuple[str, ...]
    reported_name: str
    reported_at: datetime
    status: IncidentStatus
    confirmed_name: str | None
    confirmed_at: datetime | None
    effect: Effect | None
    basis: str | None
    decision: str | None
    decided_name: str | None
    decided_at: datetime | None
    objection_until: datetime | None
    served_at: datetime | None
    served_how: str | None
    served_name: str | None
    statement: str | None
    final_at: datetime | None


@dataclass(frozen=True)
class Item:
    """Something kept, and when it was given back to whom."""

    id: UUID
    item: str
    kept_name: str
    kept_at: datetime
    returned_at: datetime | None
    to_name: str
    return_name: str


@dataclass(frozen=True)
class Statement:
    """What the candidate said."""

    kind: str
    words: str
    at: datetime
    by_name: str


@dataclass(frozen=True)
class RulingMade:
    """What became of an objection, and what stood before."""

    ruling: Ruling
    reason: str
    first_effect: Effect
    first_decision: str
    by_name: str
    at: datetime


async def items(session: AsyncSession, incident_id: UUID) -> list[Item]:
    """What was kept in an incident, in its order."""
    back = IncidentReturnRow
    query = (
        select(IncidentItemRow, back.at, back.to_name, back.by_name)
        .outerjoin(back, back.item_id == IncidentItemRow.id)
        .where(IncidentItemRow.incident_id == incident_id)
        .order_by(IncidentItemRow.kept_at, IncidentItemRow.id)
    )
    return [
        Item(row.id, row.item, row.kept_name, row.kept_at, at, to_name or "", by_name or "")
        for row, at, to_name, by_name in await session.execute(query)
    ]


async def statements(session: AsyncSession, incident_id: UUID) -> list[Statement]:
    """What the candidate said about an incident, in its order."""
    query = select(IncidentStatementRow).where(IncidentStatementRow.incident_id == incident_id)
    rows = await session.scalars(query.order_by(IncidentStatementRow.at, IncidentStatementRow.id))
    return [Statement(row.kind, row.words, row.at, row.by_name) for row in rows]


async def rulings(session: AsyncSession, incident_id: UUID) -> list[RulingMade]:
    """The decisions on objections, in their order."""
    query = select(IncidentRulingRow).where(IncidentRulingRow.incident_id == incident_id)
    rows = await session.scalars(query.order_by(IncidentRulingRow.at, IncidentRulingRow.id))
    return [
        RulingMade(Ruling(row.ruling), row.reason, Effect(row.first_effect), row.first_decision, row.by_name, row.at)
        for row in rows
    ]


async def void_parts(session: AsyncSession, batch_id: UUID) -> list[VoidPart]:
    """The parts that final decisions make void; a part named None means all parts of the registration (3.12)."""
    query = select(IncidentRow.registration_id, IncidentRow.component_id, IncidentRow.effect, IncidentRow.id).where(
        IncidentRow.batch_id == batch_id,
        IncidentRow.status == IncidentStatus.FINAL,
        IncidentRow.effect.in_([Effect.PART_VOID, Effect.ALL_VOID]),
    )
    return [
        VoidPart(row.registration_id, None if row.effect == Effect.ALL_VOID else row.component_id, row.id)
        for row in await session.execute(query.order_by(IncidentRow.number))
    ]


async def incidents(
    session: AsyncSession,
    *,
    batch_id: UUID | None = None,
    room_session_id: UUID | None = None,
    registration_id: UUID | None = None,
    ids: Iterable[UUID] | None = None,
) -> list[Incident]:
    """Incidents in the order of their numbers; filters add up."""
    query = select(IncidentRow).order_by(IncidentRow.reported_at, IncidentRow.number)
    if batch_id is not None:
        query = query.where(IncidentRow.batch_id == batch_id)
    if room_session_id is not None:
        query = query.where(IncidentRow.room_session_id == room_session_id)
    if registration_id is not None:
        query = query.where(IncidentRow.registration_id == registration_id)
    if ids is not None:
        query = query.where(IncidentRow.id.in_(list(ids)))
    rows = await session.scalars(query.execution_options(populate_existing=True))
    return [incident_record(row) for row in rows]


async def visible_incidents(session: AsyncSession, actor: Actor) -> list[Incident]:
    """The incidents the actor may read: officers those of their batches, others those of own duties and sites."""
    found = await incidents(session)
    if not found or actor.within(Permission.INCIDENT_DECIDE):
        return found
    rooms = await _own_rooms(session, actor, {entry.room_session_id for entry in found})
    batches = await _own_batches(session, actor)
    return [entry for entry in found if entry.room_session_id in rooms or entry.batch_id in batches]


async def _own_rooms(session: AsyncSession, actor: Actor, room_ids: set[UUID]) -> set[UUID]:
    own = await room_sessions(session, account_id=actor.account_id) if actor.account_id else []
    every = await room_sessions(session, ids=room_ids) if actor.may(Permission.SITE_RUN) else []
    heading = [room for room in every if actor.within(Permission.SITE_RUN, site_id=room.site_id)]
    return {room.id for room in (*own, *heading)}


async def _own_batches(session: AsyncSession, actor: Actor) -> set[UUID]:
    if not actor.may(Permission.INCIDENT_DECIDE):
        return set()
    return {
        batch.id
        for batch in await registration.batches(session)
        if any(actor.within(Permission.INCIDENT_DECIDE, organisation_id=one) for one in batch.organisation_ids)
    }


def incident_record(row: IncidentRow) -> Incident:
    """The frozen record of an incident's row."""
    values = {field.name: getattr(row, field.name) for field in fields(Incident)}
    return Incident(
        **values
        | {
            "status": IncidentStatus(row.status),
            "effect": Effect(row.effect) if row.effect else None,
            "witnesses": tuple(row.witnesses),
        }
    )
