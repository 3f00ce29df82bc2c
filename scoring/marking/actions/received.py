"""Signed sheets that come from elsewhere: from a tablet that was without a line, or keyed in from paper.

They were signed when they were signed: no duty has to cover the moment of their arrival, only the room, and one more than was
asked for is taken like the others, because which of them is the one too many would depend on the line. All else is as on the
page: the server adds, nothing may be blank, a correction has two signatures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.kernel.ids import new_id
from exam.sittings import queries as sittings
from exam.sittings.rules import PRESENT, Sitting, SittingStatus
from scoring.marking import queries
from scoring.marking.actions.settling import mark_contested
from scoring.marking.actions.sheets import (
    CorrectionOpen,
    NobodyToScore,
    NotAssessing,
    ReasonMissing,
    _assesses,
    _fill,
    _lock,
    _record,
    _sign,
)
from scoring.marking.models import ScoreSheetRow
from scoring.marking.queries import ScoreSheet
from scoring.marking.rules import SheetSigned, SheetStatus


@dataclass(frozen=True, kw_only=True)
class Received:
    """One signed sheet, whole: what is not in it was left blank."""

    sitting_id: UUID
    assessor_id: UUID
    answers: Mapping[str, Any]
    overtime_minutes: int | None
    note: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict, hash=False)
    seconded_by: UUID | None = None
    corrects: bool = False  # a correction of the newest signed version
    reason: str = ""  # of the correction
    contested: bool = False  # something else was signed under the same number: it is kept, and does not count


async def receive_sheet(session: AsyncSession, actor: Actor, sheet: Received, *, now: datetime) -> ScoreSheet:
    """Open, fill and sign in one step what somebody signed elsewhere. An own draft on the server gives way to it.

    :raises NotAssessing, NobodyToScore, NotStarted, CorrectionOpen, SheetSigned, EntriesInvalid, SheetIncomplete,
        OvertimePastStop, EvidenceMissing: nothing is changed
    """
    sitting = await sittings.sitting(session, sheet.sitting_id)
    if not await _assesses(session, sheet.assessor_id, sitting.room_session_id):
        raise NotAssessing
    if sitting.status not in PRESENT or sitting.status is SittingStatus.VOIDED:
        raise NobodyToScore
    found = await queries.sheets(session, sitting_ids=[sitting.id], assessor_id=sheet.assessor_id)
    newest = await _lock(session, found[0].id) if found else None
    row = _next(newest, sitting, sheet, now)
    if row is not newest:
        session.add(row)
        await session.flush()
        await _record(session, actor, "marking.receive_sheet", row, now, reason=sheet.reason)
    definition = await queries.sheet_definition(session, row.component_id)
    row.answers, row.overtime_minutes, row.evidence = {}, None, {}
    _fill(row, definition, sheet.answers, sheet.overtime_minutes, sheet.note, now, sheet.evidence)
    if sheet.contested:
        await mark_contested(session, row.id, now)
    return await _sign(session, actor, row, sitting, definition, now, sheet.seconded_by)


def _next(newest: ScoreSheetRow | None, sitting: Sitting, sheet: Received, now: datetime) -> ScoreSheetRow:
    """The draft that is to be filled: the one there is, or a new version; refuses what may not follow."""
    if newest is None:
        return _draft(sitting, sheet, 1, now)
    if newest.status == SheetStatus.DRAFT:
        return newest
    if not sheet.corrects:
        raise SheetSigned
    if newest.status == SheetStatus.COUNTERSIGN and newest.version > 1:
        raise CorrectionOpen
    if not sheet.reason.strip():
        raise ReasonMissing
    row = _draft(sitting, sheet, newest.version + 1, now)
    row.corrects_id, row.reason = newest.id, sheet.reason.strip()[:500]
    return row


def _draft(sitting: Sitting, sheet: Received, version: int, now: datetime) -> ScoreSheetRow:
    return ScoreSheetRow(
        id=new_id(), batch_id=sitting.batch_id, room_session_id=sitting.room_session_id, sitting_id=sitting.id,
        registration_id=sitting.registration_id, component_id=sitting.component_id, assessor_id=sheet.assessor_id,
        version=version, revision=0, status=SheetStatus.DRAFT.value, answers={}, note="", opened_at=now, saved_at=now,
        evidence={}, evidence_needed=[], second_needed=False, decline_reason="",
    )  # fmt: skip
