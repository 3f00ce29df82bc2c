"""Practical sheets: open, save, sign, correct with two signatures; the lead decides beyond the tolerance (3.6, section 4).

A veto item that happened needs evidence or a second person's signature, as the sheet's data says (`rules.vetoes`).

An assessor acts only with a duty in that room session at that time (domain 2), on the own sheet, and never sees another
assessor's. The server adds up; nobody's total is taken over.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.catalogue.rules import Sheet, plain
from exam.kernel import audit
from exam.kernel.errors import N_, Conflict, Forbidden, Invalid, NotFound
from exam.kernel.ids import new_id
from exam.sittings import queries as sittings
from exam.sittings.rules import PRESENT, Duty, Sitting, SittingStatus
from scoring.marking import queries
from scoring.marking.actions.marks import write_marks
from scoring.marking.actions.settling import settle, sheet_mark
from scoring.marking.models import LeadDecisionRow, ScoreSheetRow
from scoring.marking.queries import ScoreSheet, sheet_record
from scoring.marking.rules import (
    MarkSource,
    Path,
    SheetScore,
    SheetSigned,
    SheetStatus,
    proof_needed,
    read_entries,
    read_evidence,
    require_complete,
    require_sheet_change,
    score_sheet,
)

AT_WORK = PRESENT - {SittingStatus.CHECKED_IN, SittingStatus.VOIDED}


class NotAssessing(Forbidden):
    message = N_("您此刻在这个考场没有考评职责。")
    way_out = N_("请在派遣单所列的时间和考场评分，或联系考评组长。")


class NobodyToScore(Conflict):
    message = N_("考生现为“缺考”或尚未入场，不能评分。")
    way_out = N_("请先由监考员登记考生到场。")


class NotStarted(Conflict):
    message = N_("考生还没有开始操作，评分表不能签名。")
    way_out = N_("请监考员先登记开考。")


class ReasonMissing(Invalid):
    message = N_("请写明理由。")


class CorrectionOpen(Conflict):
    message = N_("这份评分表已有一个更正正在办理。")


class OwnSignature(Conflict):
    message = N_("须由第二人签名，不能由评分人本人会签。")
    way_out = N_("更正请由考评组长会签；否决项由同考场的另一名考评员或考评组长会签。")


class NotWaiting(Conflict):
    message = N_("这份评分表没有在等第二人签名，或已有新的更正版本。")
    way_out = N_("请刷新页面，会签新的版本。")


class NothingToDecide(Conflict):
    message = N_("这名考生的评分没有需要裁定的差异。")


class EnoughSheets(Conflict):
    message = N_("这名考生的评分表已经够了，不需要再评。")
    way_out = N_("请评下一名考生；两名考评员评分差过大、需要第三人时，这里会提示。")


class OwnSheet(Conflict):
    message = N_("您是这名考生的考评员之一，不能裁定自己的评分。")
    way_out = N_("请由没有参与评分的考评组长裁定。")


async def open_sheet(session: AsyncSession, actor: Actor, *, sitting_id: UUID, now: datetime) -> ScoreSheet:
    """The actor's own sheet for a candidate, made when it is opened for the first time."""
    sitting = await _assessable(session, actor, sitting_id, now)
    own = await queries.sheets(session, sitting_ids=[sitting_id], assessor_id=actor.account_id)
    if own:
        return own[0]
    if not (await queries.wanted_sheet(session, sitting)).more:
        raise EnoughSheets
    assert actor.account_id is not None
    row = ScoreSheetRow(
        id=new_id(), batch_id=sitting.batch_id, room_session_id=sitting.room_session_id, sitting_id=sitting.id,
        registration_id=sitting.registration_id, component_id=sitting.component_id, assessor_id=actor.account_id,
        version=1, revision=0, status=SheetStatus.DRAFT.value, answers={}, note="", opened_at=now, saved_at=now,
        evidence={}, evidence_needed=[], second_needed=False, decline_reason="",
    )  # fmt: skip
    session.add(row)
    await session.flush()
    await _record(session, actor, "marking.open_sheet", row, now)
    return sheet_record(row)


async def save_sheet(
    session: AsyncSession,
    actor: Actor,
    *,
    sheet_id: UUID,
    answers: Mapping[str, Any],
    overtime_minutes: int | None,
    now: datetime,
    note: str | None = None,
    evidence: Mapping[str, Any] | None = None,
) -> ScoreSheet:
    """Save the rows that were sent into the own draft: a row that was not sent stays as it is, None clears it."""
    row = await _own_draft(session, actor, sheet_id, now)
    definition = await queries.sheet_definition(session, row.component_id)
    _fill(row, definition, answers, overtime_minutes, note, now, evidence)
    await session.flush()
    await _record(session, actor, "marking.save_sheet", row, now)
    return sheet_record(row)


async def sign_sheet(session: AsyncSession, actor: Actor, *, sheet_id: UUID, now: datetime) -> ScoreSheet:
    """Sign the own complete draft. A first version is then immutable; a correction waits for the second signature, and so
    does a veto item that happened and needs one.

    Raises SheetIncomplete with the first blank row, EvidenceMissing.
    """
    row = await _own_draft(session, actor, sheet_id, now)
    sitting = await sittings.sitting(session, row.sitting_id)
    return await _sign(session, actor, row, sitting, await queries.sheet_definition(session, row.component_id), now)


async def record_sheet(
    session: AsyncSession,
    actor: Actor,
    *,
    sitting_id: UUID,
    answers: Mapping[str, Any],
    overtime_minutes: int | None,
    now: datetime,
    note: str | None = None,
    evidence: Mapping[str, Any] | None = None,
    seconded_by: UUID | None = None,
) -> ScoreSheet:
    """Open, fill and sign in one step: for sheets that are keyed in whole.

    ``seconded_by``: who signed a veto item as the second on the same device. It counts where that person assesses in the
    room and is not the assessor; otherwise the sheet is signed and waits, as it does without.
    """
    opened = await open_sheet(session, actor, sitting_id=sitting_id, now=now)
    row = await _lock(session, opened.id)
    if row.status != SheetStatus.DRAFT:
        raise SheetSigned()
    definition = await queries.sheet_definition(session, row.component_id)
    _fill(row, definition, answers, overtime_minutes, note, now, evidence)
    sitting = await sittings.sitting(session, sitting_id)
    return await _sign(session, actor, row, sitting, definition, now, seconded_by)


async def correct_sheet(
    session: AsyncSession, actor: Actor, *, sheet_id: UUID, reason: str, now: datetime
) -> ScoreSheet:
    """Begin a correction of the own signed sheet: a new version, with its reason; the old one stays as it is. So is a first
    version taken back whose veto item nobody else signs."""
    if not reason.strip():
        raise ReasonMissing()
    old = await _lock(session, sheet_id)
    await _assessable(session, actor, old.sitting_id, now)
    if old.assessor_id != actor.account_id:
        raise NotFound
    newest = await _newest(session, old)
    closed = old.status == SheetStatus.SIGNED or (old.status == SheetStatus.COUNTERSIGN and old.version == 1)
    if not closed or newest != old.version:
        raise CorrectionOpen()
    row = ScoreSheetRow(
        id=new_id(), batch_id=old.batch_id, room_session_id=old.room_session_id, sitting_id=old.sitting_id,
        registration_id=old.registration_id, component_id=old.component_id, assessor_id=old.assessor_id,
        version=old.version + 1, revision=0, status=SheetStatus.DRAFT.value, answers=dict(old.answers),
        overtime_minutes=old.overtime_minutes, note=old.note, opened_at=now, saved_at=now, corrects_id=old.id,
        reason=reason.strip(), evidence=dict(old.evidence), evidence_needed=[], second_needed=False, decline_reason="",
    )  # fmt: skip
    session.add(row)
    await session.flush()
    await _record(session, actor, "marking.correct_sheet", row, now, reason=reason.strip())
    return sheet_record(row)


async def countersign_sheet(session: AsyncSession, actor: Actor, *, sheet_id: UUID, now: datetime) -> ScoreSheet:
    """The second signature: the lead's under a correction; the lead's or another assessor's of the room under a veto item.
    Only now the sheet counts."""
    row = await _second(session, actor, sheet_id)
    row.status, row.countersigned_by, row.countersigned_at = SheetStatus.SIGNED.value, actor.account_id, now
    await session.flush()
    await _record(session, actor, "marking.countersign_sheet", row, now, total=str(row.total))
    sitting = await sittings.sitting(session, row.sitting_id)
    await settle(session, actor, sitting, now, reason=row.reason)
    return sheet_record(row)


async def decline_sheet(
    session: AsyncSession, actor: Actor, *, sheet_id: UUID, reason: str, now: datetime
) -> ScoreSheet:
    """Somebody asked to sign as the second did not see it so: the sheet goes on waiting, its assessor reads why."""
    if not reason.strip():
        raise ReasonMissing()
    row = await _second(session, actor, sheet_id)
    row.declined_by, row.declined_at, row.decline_reason = actor.account_id, now, reason.strip()[:500]
    await session.flush()
    await _record(session, actor, "marking.decline_sheet", row, now, reason=row.decline_reason)
    return sheet_record(row)


async def _second(session: AsyncSession, actor: Actor, sheet_id: UUID) -> ScoreSheetRow:
    """A sheet that waits for a second signature, if the actor may give it."""
    row = await _lock(session, sheet_id)
    if row.version > 1:
        await _leading(session, actor, row.room_session_id)
    elif not await _assesses(session, actor.account_id, row.room_session_id):
        raise NotAssessing()
    if row.status == SheetStatus.SIGNED:
        raise SheetSigned()
    if row.status != SheetStatus.COUNTERSIGN or await _newest(session, row) != row.version:
        raise NotWaiting()
    if row.assessor_id == actor.account_id:
        raise OwnSignature()
    return row


async def _newest(session: AsyncSession, row: ScoreSheetRow) -> int:
    """The newest version of the same assessor's sheet."""
    query = select(func.max(ScoreSheetRow.version)).where(
        ScoreSheetRow.sitting_id == row.sitting_id, ScoreSheetRow.assessor_id == row.assessor_id
    )
    return int(await session.scalar(query) or 0)


async def _assesses(session: AsyncSession, account_id: UUID | None, room_session_id: UUID) -> bool:
    """Whether somebody assesses or leads in a room session."""
    return any(duty.account_id == account_id for duty in await queries.assessing(session, room_session_id))


async def decide_sheets(
    session: AsyncSession, actor: Actor, *, sitting_id: UUID, value: Decimal, reason: str, now: datetime
) -> UUID:
    """The lead decides a mark where signed sheets differ beyond the tolerance; nobody's sheet is overwritten."""
    if not reason.strip():
        raise ReasonMissing()
    sitting = await sittings.sitting(session, sitting_id)
    await _leading(session, actor, sitting.room_session_id)
    waiting = [one for one in await queries.disagreements(session, room_session_ids=[sitting.room_session_id])
               if one.sitting.id == sitting_id]  # fmt: skip
    if not waiting:
        raise NothingToDecide()
    group = waiting[0].sheets
    if actor.account_id in {one.assessor_id for one in group}:
        raise OwnSheet()
    definition = await queries.sheet_definition(session, sitting.component_id)
    if not 0 <= value <= definition.full_marks:
        raise Invalid()
    assert actor.account_id is not None
    row = LeadDecisionRow(
        id=new_id(), batch_id=sitting.batch_id, sitting_id=sitting_id, registration_id=sitting.registration_id,
        component_id=sitting.component_id, value=value, reason=reason.strip(), decided_by=actor.account_id,
        decided_at=now, totals=[{"sheet_id": str(one.id), "total": str(one.total)} for one in group],
    )  # fmt: skip
    session.add(row)
    await session.flush()
    await audit.record(
        session, actor, "marking.decide_sheets", subject="lead_decision", ids=[row.id],
        stream=f"batch:{sitting.batch_id}", now=now,
        data={"sitting_id": str(sitting_id), "value": plain(value), "reason": reason.strip()},
    )  # fmt: skip
    mark = sheet_mark(sitting, value, MarkSource.LEAD, [one.assessor_id for one in group] + [actor.account_id],
                 {"sheets": row.totals, "decision_id": str(row.id), "path": Path.LEAD.value,
                  "tolerance": plain(waiting[0].tolerance), "reason": reason.strip()}, reason.strip())  # fmt: skip
    await write_marks(session, actor, batch_id=sitting.batch_id, new=[mark], now=now)
    return row.id


async def _assessable(session: AsyncSession, actor: Actor, sitting_id: UUID, now: datetime) -> Sitting:
    """The sitting, if the actor assesses there now and the candidate is there."""
    if actor.account_id is None or not actor.may(Permission.SHEET_SCORE):
        raise NotAssessing()
    sitting = await sittings.sitting(session, sitting_id)
    room = await sittings.room_session(session, sitting.room_session_id)
    if not await sittings.on_duty(session, actor.account_id, room, now, queries.ASSESSING):
        raise NotAssessing()
    if sitting.status not in PRESENT or sitting.status is SittingStatus.VOIDED:
        raise NobodyToScore()
    return sitting


async def _leading(session: AsyncSession, actor: Actor, room_session_id: UUID) -> None:
    """Refuse whoever is not lead assessor of this room session; deciding may come after the session's window."""
    found = await queries.assessing(session, room_session_id)
    if not any(duty.account_id == actor.account_id and duty.duty is Duty.LEAD_ASSESSOR for duty in found):
        raise NotAssessing()


async def _own_draft(session: AsyncSession, actor: Actor, sheet_id: UUID, now: datetime) -> ScoreSheetRow:
    row = await _lock(session, sheet_id)
    if row.assessor_id != actor.account_id:
        raise NotFound  # blind: another assessor's sheet does not exist for me
    await _assessable(session, actor, row.sitting_id, now)
    if row.status != SheetStatus.DRAFT:
        raise SheetSigned()
    return row


async def _lock(session: AsyncSession, sheet_id: UUID) -> ScoreSheetRow:
    query = select(ScoreSheetRow).where(ScoreSheetRow.id == sheet_id).with_for_update()
    row = await session.scalar(query.execution_options(populate_existing=True))
    if row is None:
        raise NotFound
    return row


def _fill(
    row: ScoreSheetRow, definition: Sheet, answers: Mapping[str, Any], overtime_minutes: int | None,
    note: str | None, now: datetime, evidence: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    merged = {code: value for code, value in {**row.answers, **answers}.items() if value not in (None, "")}
    entries = read_entries(definition, merged)
    if definition.overtime is not None and overtime_minutes is not None:
        score_sheet(definition, entries, overtime_minutes)  # refuses a time past the stop
        row.overtime_minutes = max(0, overtime_minutes)
    row.answers = {code: entry if isinstance(entry, (bool, int)) else plain(entry) for code, entry in entries.items()}
    row.note = row.note if note is None else note[:500]
    if evidence is not None:
        kept = read_evidence(definition, {**row.evidence, **_beside(row.evidence, evidence)})
        row.evidence = {code: one.data for code, one in kept.items()}
    row.revision += 1
    row.saved_at = now


def _beside(stored: Mapping[str, Any], sent: Mapping[str, Any]) -> dict[str, Any]:
    """Words that were typed, with the photos that stand beside them already."""
    return {
        code: {"text": one, "photos": stored.get(code, {}).get("photos", [])} if isinstance(one, str) else one
        for code, one in sent.items()
    }


async def _sign(
    session: AsyncSession, actor: Actor, row: ScoreSheetRow, sitting: Sitting, definition: Sheet, now: datetime,
    seconded_by: UUID | None = None,
) -> ScoreSheet:  # fmt: skip
    if sitting.status not in AT_WORK:
        raise NotStarted()
    entries = read_entries(definition, row.answers)
    require_complete(definition, entries, row.overtime_minutes)
    score = score_sheet(definition, entries, row.overtime_minutes)
    needed = proof_needed(definition, score.vetoes, read_evidence(definition, row.evidence))
    row.second_needed, row.evidence_needed = needed.second, list(needed.evidence)
    status = SheetStatus.SIGNED if row.version == 1 and not needed.second else SheetStatus.COUNTERSIGN
    other = seconded_by if row.version == 1 and seconded_by != row.assessor_id else None
    if status is SheetStatus.COUNTERSIGN and other and await _assesses(session, other, row.room_session_id):
        status, row.countersigned_by, row.countersigned_at = SheetStatus.SIGNED, other, now
    require_sheet_change(SheetStatus(row.status), status)
    row.total, row.scored, row.signed_at, row.status = score.total, scored_data(score), now, status.value
    row.signed_sha256 = _digest(row)
    await session.flush()
    await _record(session, actor, "marking.sign_sheet", row, now, total=plain(score.total), sha256=row.signed_sha256)
    if status is SheetStatus.SIGNED:
        await settle(session, actor, sitting, now)
    return sheet_record(row)


def scored_data(score: SheetScore) -> dict[str, Any]:
    """The added-up sheet as it is stored: numbers as text."""
    return {
        "rows": {row.code: {"earned": plain(row.earned), "lost": plain(row.lost)} for row in score.rows},
        "sections": {
            one.code: {"raw": plain(one.raw), "counted": plain(one.counted), "zeroed_by": one.zeroed_by}
            for one in score.sections
        },
        "dimensions": {dimension.value: plain(value) for dimension, value in score.dimensions.items()},
        "vetoes": list(score.vetoes),
        "overtime_lost": plain(score.overtime_lost),
        "stopped": score.stopped,
        "undone": list(score.undone),
        "total": plain(score.total),
    }


def _digest(row: ScoreSheetRow) -> str:
    """What is signed: who, for whom, which version, every entry and the sum."""
    body = {
        "sheet": str(row.id), "sitting": str(row.sitting_id), "assessor": str(row.assessor_id),
        "component": str(row.component_id), "version": row.version, "answers": row.answers,
        "overtime_minutes": row.overtime_minutes, "scored": row.scored, "evidence": row.evidence,
        "signed_at": row.signed_at.isoformat() if row.signed_at else None,
    }  # fmt: skip
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


async def _record(
    session: AsyncSession, actor: Actor, action: str, row: ScoreSheetRow, now: datetime, **data: Any
) -> None:
    await audit.record(
        session, actor, action, subject="score_sheet", ids=[row.id], stream=f"room_session:{row.room_session_id}", now=now,
        data={"version": row.version, "revision": row.revision, **data},
    )  # fmt: skip
