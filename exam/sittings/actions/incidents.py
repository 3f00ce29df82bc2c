"""Discipline incidents (3.12): recorded in the room, confirmed by the site head, decided by an officer, then applied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.kernel import audit
from exam.kernel.errors import N_, Conflict, Forbidden, NotFound
from exam.kernel.ids import new_id
from exam.sittings import queries
from exam.sittings.actions.attendance import ReasonMissing
from exam.sittings.actions.authority import WORK, lock_room, lock_sittings, require_duty, require_officer
from exam.sittings.models import IncidentItemRow, IncidentRow, RoomSessionRow, SittingRow
from exam.sittings.queries import Incident
from exam.sittings.rules import Effect, IncidentStatus, SittingStatus, clock_text, require_change
from exam.sittings.rules.incidents import NotServed, NotSigned, ObjectionOpen, require_incident_change, require_report

_VOIDABLE = frozenset({SittingStatus.SUBMITTED, SittingStatus.AUTO_SUBMITTED, SittingStatus.STOPPED})
_RUNNING = frozenset({SittingStatus.CHECKED_IN, SittingStatus.STARTED, SittingStatus.INTERRUPTED})


class SamePerson(Forbidden):
    """Who reports an incident neither confirms nor decides it."""

    message = N_("报告违纪的人不能确认或决定同一违纪。")
    way_out = N_("请由另一名有权限的人员办理。")


class StillRunning(Conflict):
    """A decision is applied to finished work."""

    message = N_("考生还在考试，决定尚不能生效。")
    way_out = N_("请在本场结束后办理。")


async def report_incident(
    session: AsyncSession,
    actor: Actor,
    *,
    sitting_id: UUID,
    code: str,
    facts: str,
    evidence: str = "",
    seen_at: datetime | None = None,
    signed: bool | None = None,
    witnesses: Sequence[str] = (),
    items: Sequence[str] = (),
    now: datetime,
) -> Incident:
    """Write an incident down on the spot. `signed` None: reading and signing follow as steps of their own
    (actions.hearing); else it is entered with both, as a paper record is. `items`: what is kept, each with a receipt."""
    names = tuple(name.strip() for name in witnesses if name.strip())
    require_report(code, facts, signed, names)
    sitting = await queries.sitting(session, sitting_id)
    room = await lock_room(session, sitting.room_session_id, alone=False)
    await require_duty(session, actor, room, now, WORK)
    row = IncidentRow(
        id=new_id(),
        batch_id=sitting.batch_id,
        number=await _next_number(session, sitting.batch_id),
        sitting_id=sitting.id,
        room_session_id=sitting.room_session_id,
        registration_id=sitting.registration_id,
        component_id=sitting.component_id,
        code=code,
        facts=facts.strip(),
        evidence=evidence.strip(),
        seen_at=min(seen_at or now, now),
        read_at=None if signed is None else now,
        read_name=None if signed is None else actor.name,
        signed=signed,
        signed_at=None if signed is None else now,
        witnesses=list(names),
        reported_by=actor.account_id,
        reported_name=actor.name,
        reported_at=now,
        status=IncidentStatus.RECORDED,
    )
    session.add(row)
    await session.flush()
    kept = [item.strip() for item in items if item.strip()]
    session.add_all(
        IncidentItemRow(id=new_id(), incident_id=row.id, item=item, kept_name=actor.name, kept_at=now) for item in kept
    )
    await session.flush()
    data = {"code": code, "signed": signed, "items": len(kept)}
    await record(session, actor, "report_incident", row, data, now)
    return queries.incident_record(row)


async def confirm_incident(session: AsyncSession, actor: Actor, *, incident_id: UUID, now: datetime) -> Incident:
    """The site head confirms what was written down. The site's head may do so after the session, too."""
    row = await lock_incident(session, incident_id)
    room = await session.get_one(RoomSessionRow, row.room_session_id)
    served = actor.account_id is not None and any(
        duty.duty == "site_head"
        for duty in await queries.duties(session, account_id=actor.account_id)
        if duty.session_id == room.id
    )
    if not served:
        actor.require(Permission.SITE_RUN, site_id=room.site_id)
    _require_other(row, actor)
    if row.signed is None:
        raise NotSigned
    values = {"confirmed_by": actor.account_id, "confirmed_name": actor.name, "confirmed_at": now}
    return await step(session, actor, "confirm_incident", row, IncidentStatus.CONFIRMED, values, {}, now)


async def decide_incident(
    session: AsyncSession,
    actor: Actor,
    *,
    incident_id: UUID,
    effect: Effect,
    basis: str,
    decision: str,
    objection_until: datetime | None = None,
    statement: str = "",
    now: datetime,
) -> Incident:
    """Decide what the incident means for the marks, on the named basis. It is applied when it becomes final."""
    if not basis.strip() or not decision.strip():
        raise ReasonMissing
    row = await lock_incident(session, incident_id)
    await require_officer(session, actor, Permission.INCIDENT_DECIDE, row.batch_id)
    _require_other(row, actor)
    values = {
        "effect": effect,
        "basis": basis.strip(),
        "decision": decision.strip(),
        "decided_by": actor.account_id,
        "decided_name": actor.name,
        "decided_at": now,
        "objection_until": objection_until,
        "statement": statement.strip() or None,
    }
    return await step(session, actor, "decide_incident", row, IncidentStatus.DECIDED, values, {"effect": effect}, now)


async def conclude_incident(
    session: AsyncSession, actor: Actor, *, incident_id: UUID, waived: bool = False, statement: str = "", now: datetime
) -> Incident:
    """Make a decision final and apply it, after the time to object or when the candidate waived it in writing."""
    row = await lock_incident(session, incident_id)
    await require_officer(session, actor, Permission.INCIDENT_DECIDE, row.batch_id)
    if row.objection_until and now < row.objection_until and not waived:
        raise ObjectionOpen(until=clock_text(row.objection_until))
    if row.served_at is None and not waived:
        raise NotServed
    require_incident_change(IncidentStatus(row.status), IncidentStatus.FINAL)
    voided = await _apply(session, row)
    values = {"final_at": now, "statement": statement.strip() or row.statement}
    data = {"effect": row.effect, "waived": waived, "voided": voided}
    return await step(session, actor, "conclude_incident", row, IncidentStatus.FINAL, values, data, now)


async def dismiss_incident(
    session: AsyncSession, actor: Actor, *, incident_id: UUID, reason: str, now: datetime
) -> Incident:
    """Close an incident without effect: it was not what it seemed, or the objection was right."""
    if not reason.strip():
        raise ReasonMissing
    row = await lock_incident(session, incident_id)
    await require_officer(session, actor, Permission.INCIDENT_DECIDE, row.batch_id)
    values = {"decision": reason.strip(), "decided_by": actor.account_id, "decided_name": actor.name, "decided_at": now}
    data = {"reason": reason}
    return await step(session, actor, "dismiss_incident", row, IncidentStatus.DISMISSED, values, data, now)


async def _apply(session: AsyncSession, row: IncidentRow) -> list[UUID]:
    """Void the finished sittings the effect names; an absence stays an absence."""
    if row.effect == Effect.RECORD_KEPT:
        return []
    query = select(SittingRow.id).where(SittingRow.registration_id == row.registration_id)
    if row.effect == Effect.PART_VOID:
        query = query.where(SittingRow.component_id == row.component_id)
    found = await lock_sittings(session, list((await session.scalars(query)).all()))
    if any(sitting.status in _RUNNING for sitting in found):
        raise StillRunning
    voidable = [sitting for sitting in found if sitting.status in _VOIDABLE]
    for sitting in voidable:
        require_change(sitting.status, SittingStatus.VOIDED)
    ids = [sitting.id for sitting in voidable]
    await session.execute(update(SittingRow).where(SittingRow.id.in_(ids)).values(status=SittingStatus.VOIDED))
    return ids


async def step(
    session: AsyncSession,
    actor: Actor,
    action: str,
    row: IncidentRow,
    wanted: IncidentStatus,
    values: Mapping[str, Any],
    data: Mapping[str, Any],
    now: datetime,
) -> Incident:
    """Carry one change of status out, by the table, and write it down."""
    require_incident_change(IncidentStatus(row.status), wanted)
    for name, value in {**values, "status": wanted}.items():
        setattr(row, name, value)
    await session.flush()
    await record(session, actor, action, row, data, now)
    return queries.incident_record(row)


def _require_other(row: IncidentRow, actor: Actor) -> None:
    if row.reported_by is not None and row.reported_by == actor.account_id:
        raise SamePerson


async def lock_incident(session: AsyncSession, incident_id: UUID) -> IncidentRow:
    """Read an incident and hold it."""
    query = select(IncidentRow).where(IncidentRow.id == incident_id).with_for_update()
    row = (await session.scalars(query.execution_options(populate_existing=True))).one_or_none()
    if row is None:
        raise NotFound
    return row


async def _next_number(session: AsyncSession, batch_id: UUID) -> int:
    """Numbers run without gaps within a batch: taken one at a time, given back when the transaction fails."""
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:key))"), {"key": f"incident:{batch_id}"})
    highest = await session.scalar(select(func.max(IncidentRow.number)).where(IncidentRow.batch_id == batch_id))
    return (highest or 0) + 1


async def record(
    session: AsyncSession, actor: Actor, action: str, row: IncidentRow, data: Mapping[str, Any], now: datetime
) -> None:
    """Write a change of an incident into the audit."""
    await audit.record(
        session, actor, f"sittings.{action}", subject="incident", ids=[row.id, row.sitting_id],
        stream=f"batch:{row.batch_id}", data={"number": row.number, **data}, now=now,
    )  # fmt: skip
