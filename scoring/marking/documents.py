"""The printed score sheet (document 7 of domain section 7): the paper form of one assessor's sheet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts import queries as accounts
from exam.catalogue.rules import DIMENSION_LABELS, ROW_LABELS, Row, RowKind, Section, Sheet
from exam.kernel.filters import format_daterange, format_mark, format_time
from exam.kernel.i18n import N_, translate
from exam.kernel.printing import PrintHead, render_print
from exam.sittings import queries as sittings
from scoring.marking import queries
from scoring.marking.queries import ScoreSheet
from scoring.marking.rules import Entry, SheetScore, SheetStatus, read_entries
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
        title=translate(N_("实操评分表")), title_en="Practical score sheet", document_id=sheet.id,
        number=str(sheet.id)[-12:].upper(), printed_at=now,
        certificate=f"{scheme.certificate_name_zh} {translate(scheme.level.zh)}",
        site=f"{room.site_name} {room.site_code}", room=room.room_name,
        session=f"{component.name_zh} {format_daterange(room.starts_at, room.ends_at)}", printed_by=printed_by,
    )  # fmt: skip
    return render_print(
        "score_sheet", head=head, title=definition.title.zh, station=sitting.seat_no, ticket_no=sitting.ticket_no,
        sheet_version=sheet.version, reason=sheet.reason or "", note=sheet.note,
        started=format_time(sitting.started_at), finished=format_time(sitting.finished_at),
        sections=[_section(one, entries, score) for one in definition.sections], overtime=_overtime(definition),
        overtime_minutes=sheet.overtime_minutes if signed else None,
        overtime_lost=format_mark(score.overtime_lost) if score else "", full_marks=format_mark(component.full_marks, 0),
        total=format_mark(sheet.total) if signed else "", dimensions=_dimensions(score),
        assessor=names.get(sheet.assessor_id, "") if signed else "",
        second=names.get(sheet.countersigned_by, "") if sheet.countersigned_by else "",
        sha256=sheet.signed_sha256 or "",
    )  # fmt: skip


def _section(section: Section, entries: Mapping[str, Entry], score: SheetScore | None) -> dict[str, Any]:
    scored = next((one for one in score.sections if one.code == section.code), None) if score else None
    earned = {one.code: one for one in score.rows} if score else {}
    return {
        "code": section.code,
        "name": section.name.zh,
        "dimension": DIMENSION_LABELS[section.dimension],
        "points": format_mark(section.points, 0),
        "gate": "" if section.gate is None else format_mark(section.gate, 0),
        "zeroed_by": scored.zeroed_by if scored else "",
        "counted": format_mark(scored.counted) if scored else "",
        "rows": [
            {
                "code": row.code,
                "name": row.name.zh,
                "standard": row.standard.zh or translate(ROW_LABELS[row.kind]),
                "veto": row.kind is RowKind.VETO,
                "points": format_mark(row.points, 0),
                "result": _result(row, entries.get(row.code)),
                "lost": format_mark(earned[row.code].lost) if earned else "",
                "earned": format_mark(earned[row.code].earned) if earned else "",
            }
            for row in section.rows
        ],
    }


def _result(row: Row, entry: Entry | None) -> str:
    """What was seen, in words; empty to be written by hand."""
    if entry is None:
        return ""
    match row.kind:
        case RowKind.MEASURED:
            return f"{entry} {row.unit}"
        case RowKind.JUDGED | RowKind.GLOBAL:
            return f"{entry}/{row.top}"
        case RowKind.OCCURRENCE:
            return translate(N_("%(n)s 处"), n=entry)
        case RowKind.ALL_OR_NOTHING:
            return translate(N_("无误")) if entry else translate(N_("有错误"))
        case RowKind.VETO:
            return translate(N_("发生，否决")) if entry else translate(N_("未发生"))


def _overtime(definition: Sheet) -> str:
    if definition.overtime is None:
        return ""
    return translate(
        N_("每超时 %(every)s 分钟扣 %(points)s 分，%(stop)s 分钟终止"), every=definition.overtime.every_minutes,
        points=format_mark(definition.overtime.points, 0), stop=definition.overtime.stop_minutes,
    )  # fmt: skip


def _dimensions(score: SheetScore | None) -> list[tuple[str, str]]:
    if score is None:
        return [(label, "") for label in DIMENSION_LABELS.values()]
    return [(DIMENSION_LABELS[one], format_mark(value)) for one, value in score.dimensions.items()]
