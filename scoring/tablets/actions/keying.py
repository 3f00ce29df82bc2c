"""A lost tablet's sheets keyed in from signed paper: one person types, the slip proves it, a second person checks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.kernel import audit
from exam.kernel.errors import NotFound
from exam.kernel.ids import new_id
from exam.sittings import queries as sittings
from scoring.marking import queries as marking
from scoring.marking.actions.received import Received, receive_sheet
from scoring.marking.rules import SheetStatus
from scoring.tablets import queries
from scoring.tablets.actions.closing import require_acting
from scoring.tablets.models import KeyedSheetRow
from scoring.tablets.rules.closing import WordsMissing
from scoring.tablets.rules.keying import (
    CorrectionReasonMissing,
    KeyedAlready,
    KeyingReasonMissing,
    NothingToCorrect,
    NotWaiting,
    SheetThere,
    require_other,
    require_signed,
)
from scoring.tablets.rules.slips import require_same
from scoring.tablets.rules.standing import plain_answers


async def key_in(
    session: AsyncSession,
    actor: Actor,
    *,
    sitting_id: UUID,
    assessor_id: UUID,
    answers: Mapping[str, Any],
    overtime_minutes: int | None,
    note: str,
    evidence: Mapping[str, str],
    slip: str,
    reason: str,
    now: datetime,
    correcting: bool = False,
    correction: str = "",
) -> UUID:
    """Keep what was typed from a signed paper sheet, once its slip agrees. It counts after a second person's check.

    ``correcting``: it is the paper's correction of the version that stands signed on the server, with the assessor's reason;
    after the check it waits for the lead's signature like every correction.
    """
    sitting = await sittings.sitting(session, sitting_id)
    room, _ = await require_acting(session, actor, sitting.room_session_id)
    if assessor_id not in {one.account_id for one in await marking.assessing(session, room.id)}:
        raise NotFound
    require_other(actor.account_id, assessor=assessor_id)
    await session.execute(
        select(func.pg_advisory_xact_lock(func.hashtextextended(f"keying:{sitting.id}:{assessor_id}", 0)))
    )
    version = await _version(session, sitting_id, assessor_id, correcting=correcting)
    definition = await marking.sheet_definition(session, sitting.component_id)
    badges = await queries.badge_numbers(session, assessor_id)
    proved = require_signed(
        definition,
        ticket=sitting.ticket_no,
        badges=badges,
        version=version,
        answers=answers,
        overtime=overtime_minutes,
        typed=slip,
    )
    if not reason.strip():
        raise KeyingReasonMissing
    if correcting and not correction.strip():
        raise CorrectionReasonMissing
    assert actor.account_id is not None
    row = KeyedSheetRow(
        id=new_id(), room_session_id=room.id, sitting_id=sitting.id, assessor_id=assessor_id, version=version,
        correction=correction.strip()[:500] if correcting else "",
        answers=plain_answers(definition, answers), overtime_minutes=overtime_minutes, note=note.strip()[:500], evidence=dict(evidence), slip=proved,
        reason=reason.strip()[:500], keyed_by=actor.account_id, keyed_name=actor.name, keyed_at=now, checked_by=None,
        checked_name="", checked_at=None, withdrawn_at=None, withdrawal="", sheet_id=None,
    )  # fmt: skip
    session.add(row)
    await session.flush()
    await _record(session, actor, "tablets.key_in", row, now)
    return row.id


async def check_keyed(session: AsyncSession, actor: Actor, *, keyed_id: UUID, slip: str, now: datetime) -> UUID:
    """The second person reads the slip off the paper again: now the sheet counts as the assessor's own. Returns its id."""
    row = await _waiting(session, actor, keyed_id)
    require_other(actor.account_id, assessor=row.assessor_id, keyed_by=row.keyed_by)
    require_same(slip, row.slip)
    sheet = await receive_sheet(
        session,
        actor,
        Received(
            sitting_id=row.sitting_id, assessor_id=row.assessor_id, answers=row.answers,
            overtime_minutes=row.overtime_minutes, note=row.note, evidence=row.evidence,
            corrects=row.version > 1, reason=row.correction,
        ),
        now=now,
    )  # fmt: skip
    row.checked_by, row.checked_name, row.checked_at, row.sheet_id = actor.account_id, actor.name, now, sheet.id
    await session.flush()
    await _record(session, actor, "tablets.check_keyed", row, now)
    return sheet.id


async def withdraw_keyed(session: AsyncSession, actor: Actor, *, keyed_id: UUID, words: str, now: datetime) -> None:
    """Take back what was keyed in wrongly, before it counts; it may be keyed in again."""
    row = await _waiting(session, actor, keyed_id)
    if not words.strip():
        raise WordsMissing
    row.withdrawn_at, row.withdrawal = now, f"{actor.name}：{words.strip()[:400]}"
    await session.flush()
    await _record(session, actor, "tablets.withdraw_keyed", row, now)


async def _version(session: AsyncSession, sitting_id: UUID, assessor_id: UUID, *, correcting: bool) -> int:
    """Which version may be keyed in; refuses what is there, and a correction of nothing."""
    there = await marking.sheets(session, sitting_ids=[sitting_id], assessor_id=assessor_id)
    newest = there[0] if there else None
    if not correcting:
        version = 1
        if newest is not None and (newest.status is not SheetStatus.DRAFT or newest.version > 1):
            raise SheetThere
    elif newest is None or (newest.status is SheetStatus.DRAFT and newest.version == 1):
        raise NothingToCorrect
    elif newest.status is SheetStatus.COUNTERSIGN:
        raise SheetThere
    else:  # a correction that was begun on the page gives way to the signed one
        version = newest.version + (newest.status is SheetStatus.SIGNED)
    query = select(KeyedSheetRow.keyed_name).where(
        KeyedSheetRow.sitting_id == sitting_id,
        KeyedSheetRow.assessor_id == assessor_id,
        KeyedSheetRow.version == version,
        KeyedSheetRow.withdrawn_at.is_(None),
    )
    if (name := await session.scalar(query)) is not None:
        raise KeyedAlready(name=name)
    return version


async def _waiting(session: AsyncSession, actor: Actor, keyed_id: UUID) -> KeyedSheetRow:
    row = await session.get(KeyedSheetRow, keyed_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound
    await require_acting(session, actor, row.room_session_id)
    if row.checked_at is not None or row.withdrawn_at is not None:
        raise NotWaiting
    return row


async def _record(session: AsyncSession, actor: Actor, action: str, row: KeyedSheetRow, now: datetime) -> None:
    await audit.record(
        session, actor, action, subject="keyed_sheet", ids=[row.id], stream=f"room_session:{row.room_session_id}", now=now,
        data={"sitting_id": str(row.sitting_id), "assessor_id": str(row.assessor_id), "slip": row.slip,
              "version": row.version, "reason": row.reason, "correction": row.correction, "withdrawal": row.withdrawal, "sheet_id": str(row.sheet_id or "")},
    )  # fmt: skip
