"""The printed score sheet (document 7 of domain section 7): the paper form of one assessor's sheet."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts import queries as accounts
from exam.catalogue.rules import DIMENSION_LABELS, ROW_LABELS
from exam.kernel.filters import format_daterange
from exam.kernel.i18n import gettext
from exam.kernel.printing import PrintHead, render_print
from exam.sittings import queries as sittings
from scoring.marking import queries
from scoring.marking.queries import ScoreSheet
from scoring.marking.rules import SheetStatus, read_entries
from scoring.marking.rules import score_sheet as add_up


async def score_sheet(session: AsyncSession, sheet: ScoreSheet, printed_by: str, now: datetime) -> str:
    """One sheet as a page for the printer: filled in once it is signed, blank to be filled in by hand before."""
    scheme, component = await queries.component(session, sheet.component_id)
    definition = await queries.sheet_definition(session, sheet.component_id)
    sitting = await sittings.sitting(session, sheet.sitting_id)
    room = await sittings.room_session(session, sheet.room_session_id)
    names = await accounts.names(session, [id for id in (sheet.assessor_id, sheet.countersigned_by) if id is not None])
    signed = sheet.status is not SheetStatus.DRAFT
    entries = read_entries(definition, sheet.answers) if signed else {}
    score = add_up(definition, entries, sheet.overtime_minutes) if signed else None
    head = PrintHead(
        title="实操评分表", title_en="Practical score sheet", document_id=sheet.id, number=str(sheet.id)[-12:].upper(),
        printed_at=now, certificate=f"{scheme.certificate_name_zh} · {gettext(scheme.level.zh)}",
        site=f"{room.site_name} {room.site_code}", room=room.room_name,
        session=f"{component.name_zh} · {format_daterange(room.starts_at, room.ends_at)}", printed_by=printed_by,
    )  # fmt: skip
    return render_print(
        "score_sheet", head=head, definition=definition, sheet=sheet, entries=entries, score=score,
        earned={} if score is None else {row.code: row.earned for row in score.rows},
        sections={} if score is None else {one.code: one for one in score.sections},
        station=sitting.seat_no, ticket_no=sitting.ticket_no, started_at=sitting.started_at,
        finished_at=sitting.finished_at, full_marks=component.full_marks, assessor=names.get(sheet.assessor_id, ""),
        second=names.get(sheet.countersigned_by, "") if sheet.countersigned_by else "", row_labels=ROW_LABELS,
        dimension_labels=DIMENSION_LABELS, signed=signed,
    )  # fmt: skip
