"""Pins are added and removed by hand (H17): refused before anything is changed where they could not hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.kernel import audit
from exam.kernel.clock import china_date
from exam.kernel.errors import N_, Invalid, NotFound, Problem
from exam.kernel.ids import new_id
from exam.registration import queries as registration
from scheduling.timetable import queries
from scheduling.timetable.models import PinRow, PlannedSessionRow
from scheduling.timetable.rules.pins import (
    NewPin,
    PinLevel,
    PinPart,
    PinRecord,
    PinRefused,
    PinRemoved,
    PinUnknown,
    incomplete,
    stand,
)


async def add_pin(session: AsyncSession, actor: Actor, *, batch_id: UUID, wish: NewPin, now: datetime) -> PinRecord:
    """Add a pin; :class:`PinRefused` names what it collides with, and nothing is changed."""
    batch = await registration.batch(session, batch_id)
    queries.require_manage(actor, batch)
    today = china_date(now)
    if problems := incomplete(wish, today):
        raise Invalid(problems=problems)
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('scheduling.pins'))"))
    last = await session.scalar(select(func.max(PinRow.number)).where(PinRow.batch_id == batch_id))
    found = await queries.drafted(session, batch)
    parts = tuple(
        part if part.registration_id else queries.part_of(found, part.group, part.count) for part in wish.parts
    )
    record = _record(replace(wish, parts=parts), batch_id, (last or 0) + 1, actor, now)
    standing = stand(found.problem, found.members, [*await queries.pins(session, batch_id), record], today)
    if faults := standing.faults.get(record.number):
        words = await queries.words_of(session, standing.problem, found.members, by_name=True)
        raise PinRefused(problems=[words.worded(fault) for fault in faults])
    session.add(_row(record))
    await session.flush()
    await _note(session, actor, "timetable.pin", record, {"level": record.level, "reason": record.reason}, now)
    return record


async def pin_session(
    session: AsyncSession, actor: Actor, *, session_id: UUID, reason: str, expires: date | None, now: datetime
) -> PinRecord:
    """Keep a planned session where it is: its room, its slot, and how many of each group sit in it."""
    row = await session.get(PlannedSessionRow, session_id)
    if row is None:
        raise NotFound
    plan = await queries.plan(session, row.plan_id)
    batch = await registration.batch(session, plan.batch_id)
    queries.require_manage(actor, batch)
    worked = await queries.worked(session, row.plan_id)
    held = worked.plan.session[row.key]
    counts: dict[str, int] = {}
    for part in held.parts:
        counts[part.group] = counts.get(part.group, 0) + part.count
    known = queries.Drafted(problem=worked.problem, members=worked.members)
    wish = NewPin(
        level=PinLevel.SESSION,
        parts=tuple(queries.part_of(known, group, count) for group, count in sorted(counts.items())),
        site=held.site,
        component=held.component,
        slot=held.slot,
        room=held.place,
        reason=reason,
        expires=expires,
    )
    return await add_pin(session, actor, batch_id=batch.id, wish=wish, now=now)


async def remove_pin(session: AsyncSession, actor: Actor, *, pin_id: UUID, reason: str, now: datetime) -> PinRecord:
    """Take a pin back; it stays on the list with who, when and why."""
    query = select(PinRow).where(PinRow.id == pin_id).with_for_update()
    row = (await session.scalars(query.execution_options(populate_existing=True))).one_or_none()
    if row is None:
        raise PinUnknown
    queries.require_manage(actor, await registration.batch(session, row.batch_id))
    if row.removed_at is not None:
        raise PinRemoved
    if not reason.strip():
        raise Invalid(problems=[Problem(field="reason", message=N_("请写明为什么撤销。"), code="reason")])
    row.removed_at, row.removed_by, row.removal_reason = now, actor.name, reason.strip()
    await session.flush()
    record = queries.pin_record(row)
    await _note(session, actor, "timetable.unpin", record, {"reason": record.removal_reason}, now)
    return record


def _record(wish: NewPin, batch_id: UUID, number: int, actor: Actor, now: datetime) -> PinRecord:
    return PinRecord(
        id=new_id(),
        batch_id=batch_id,
        number=number,
        level=wish.level,
        parts=wish.parts,
        site=wish.site,
        component=wish.component,
        slot=wish.slot,
        room=wish.room,
        examiner_id=wish.examiner_id,
        duty=wish.duty,
        reason=wish.reason.strip(),
        expires=wish.expires,
        made_at=now,
        made_by=actor.name,
    )


def _row(record: PinRecord) -> PinRow:
    return PinRow(
        id=record.id,
        batch_id=record.batch_id,
        number=record.number,
        level=record.level,
        parts=[_part(part) for part in record.parts],
        site=record.site,
        component=record.component,
        slot=record.slot,
        room=record.room,
        examiner_id=record.examiner_id,
        duty=record.duty,
        reason=record.reason,
        expires=record.expires,
        made_at=record.made_at,
        made_by=record.made_by,
        removed_at=None,
        removed_by="",
        removal_reason="",
    )


def _part(part: PinPart) -> dict[str, object]:
    registration_id = str(part.registration_id) if part.registration_id else None
    return {"group": part.group, "count": part.count, "registration_id": registration_id}


async def _note(
    session: AsyncSession, actor: Actor, action: str, record: PinRecord, data: dict[str, object], now: datetime
) -> None:
    await audit.record(
        session,
        actor,
        action,
        subject="pin",
        ids=[record.id],
        stream=f"batch:{record.batch_id}",
        data={"number": record.number, **data},
        now=now,
    )
