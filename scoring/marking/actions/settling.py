"""The mark of a candidate from all signed sheets that count, written whenever one of them is added, corrected or contested.

It follows from the sheets alone: whatever arrived first, the same signed sheets come to the same mark (`rules.agreeing`). What a
late sheet changes is a new version of the mark, to be verified again; a result that is published stays until somebody computes
it anew with a reason, and a review's correction is never replaced.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.catalogue.rules import plain
from exam.kernel import audit
from exam.kernel.errors import N_
from exam.sittings import queries as sittings
from exam.sittings.rules import Sitting
from scoring.marking import queries
from scoring.marking.actions.marks import NewMark, retire_sheet_mark, write_marks
from scoring.marking.models import ContestedSheetRow
from scoring.marking.queries import ScoreSheet
from scoring.marking.rules import MarkSource, PartState, agree

ANOTHER_SHEET = N_("又有一份评分表入账，按全部已签名的评分表重新计算。")
"""Why a mark has a new version that nobody corrected."""


async def settle(
    session: AsyncSession, actor: Actor, sitting: Sitting, now: datetime, reason: str | None = None
) -> None:
    """Write the mark when the signed sheets agree; two who sign at once wait for each other."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"sheets:{sitting.id}", 0))))
    group = (await queries.signed_sheets(session, [sitting.id])).get(sitting.id, [])
    agreement = await queries.agreement_in(session, sitting.room_session_id, sitting.component_id)
    found = agree(agreement, [one.total for one in group if one.total is not None])
    if found.value is None:  # one more is awaited, or the lead decides: queries.wanted_sheets, queries.disagreements
        await retire_sheet_mark(
            session, actor, registration_id=sitting.registration_id, component_id=sitting.component_id, now=now
        )
        return
    detail = {
        "sheets": [{"sheet_id": str(one.id), "total": str(one.total)} for one in group],
        "wanted": agreement.assessors_count, "third": agreement.third, "tie": agreement.tie.value,
        "path": found.path.value, "used": list(found.used), "tolerance": plain(agreement.tolerance),
    }  # fmt: skip
    people = [group[place].assessor_id for place in found.used]
    why = reason or (ANOTHER_SHEET if len(group) > agreement.assessors_count else None)
    mark = sheet_mark(sitting, found.value, MarkSource.SHEETS, people, detail, why)
    await write_marks(session, actor, batch_id=sitting.batch_id, new=[mark], now=now)


async def contest_sheet(session: AsyncSession, actor: Actor, sheet: ScoreSheet, *, now: datetime) -> None:
    """Let a signed version count no longer, because something else was signed under its number; its mark waits for the
    correction. Twice is once."""
    if not await mark_contested(session, sheet.id, now):
        return
    await audit.record(
        session, actor, "marking.contest_sheet", subject="score_sheet", ids=[sheet.id],
        stream=f"room_session:{sheet.room_session_id}", now=now, data={"version": sheet.version},
    )  # fmt: skip
    await settle(session, actor, await sittings.sitting(session, sheet.sitting_id), now)


async def mark_contested(session: AsyncSession, sheet_id: UUID, now: datetime) -> bool:
    """Only note that a version does not count; False where that is known."""
    noted = insert(ContestedSheetRow).values(sheet_id=sheet_id, contested_at=now).on_conflict_do_nothing()
    return bool((await session.scalars(noted.returning(ContestedSheetRow.sheet_id))).all())


def sheet_mark(
    sitting: Sitting, value: Decimal, source: MarkSource, people: list[UUID], detail: Mapping[str, Any],
    reason: str | None,
) -> NewMark:  # fmt: skip
    """The mark that sheets, or the lead over them, came to."""
    return NewMark(
        registration_id=sitting.registration_id, component_id=sitting.component_id, sitting_id=sitting.id,
        state=PartState.SCORED, value=value, source=source, entered_by=people, detail=detail, reason=reason,
    )  # fmt: skip
