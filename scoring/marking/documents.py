"""The printed score sheet (document 7 of domain section 7): the paper form of one assessor's sheet, and the summary of a room with
spread and path."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts import queries as accounts
from exam.catalogue.rules import DIMENSION_LABELS, EFFECT_LABELS, ROW_LABELS, Row, RowKind, Section, Sheet
from exam.kernel.filters import format_daterange, format_mark, format_percent, format_time
from exam.kernel.i18n import N_, translate
from exam.kernel.printing import PrintHead, render_print
from exam.sittings import queries as sittings
from exam.sittings.rules import STATUS_LABELS
from scoring.marking import queries
from scoring.marking.queries import ScoreSheet, SummaryLine
from scoring.marking.rules import (
    STATE_LABELS,
    Entry,
    Evidence,
    Path,
    SheetScore,
    SheetStatus,
    read_entries,
    read_evidence,
)
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
    return _sheet_page(
        definition, head, entries, score, read_evidence(definition, sheet.evidence) if signed else {},
        station=sitting.seat_no, ticket_no=sitting.ticket_no, sheet_version=sheet.version, reason=sheet.reason or "",
        note=sheet.note, started=format_time(sitting.started_at), finished=format_time(sitting.finished_at),
        overtime_minutes=sheet.overtime_minutes if signed else None, full_marks=format_mark(component.full_marks, 0),
        total=format_mark(sheet.total) if signed else "", assessor=names.get(sheet.assessor_id, "") if signed else "",
        second=names.get(sheet.countersigned_by, "") if sheet.countersigned_by else "", sha256=sheet.signed_sha256 or "",
    )  # fmt: skip


def blank_sheet(definition: Sheet, *, certificate: str, session: str, printed_by: str, now: datetime) -> str:
    """The paper form of a sheet nobody has been assessed with yet: a preview."""
    head = PrintHead(
        title=translate(N_("实操评分表")), title_en="Practical score sheet", document_id="preview", number="—",
        printed_at=now, certificate=certificate, session=session, printed_by=printed_by,
    )  # fmt: skip
    return _sheet_page(
        definition, head, {}, None, {}, station="", ticket_no="", sheet_version="", reason="", note="", started="",
        finished="", overtime_minutes=None, full_marks=format_mark(definition.full_marks, 0), total="", assessor="",
        second="", sha256="",
    )  # fmt: skip


def _sheet_page(
    definition: Sheet,
    head: PrintHead,
    entries: Mapping[str, Entry],
    score: SheetScore | None,
    evidence: Mapping[str, Evidence],
    **facts: Any,
) -> str:
    return render_print(
        "score_sheet", "v2", head=head, title=definition.title.zh, task=definition.task,
        sections=[_section(one, entries, score, evidence) for one in definition.sections],
        overtime=_overtime(definition), overtime_lost=format_mark(score.overtime_lost) if score else "",
        dimensions=_dimensions(score), **facts,
    )  # fmt: skip


async def score_summary(session: AsyncSession, room_session_id: UUID, printed_by: str, now: datetime) -> str:
    """A room's candidates with everybody's total, the spread, the mark and the path to it, as a page for the printer."""
    room, scheme, component, lines = await queries.summary(session, room_session_id)
    definition = await queries.sheet_definition(session, component.id)
    names = await accounts.names(
        session, sorted({sheet.assessor_id for line in lines for sheet in line.sheets}, key=str)
    )
    tolerance = definition.agreement.tolerance
    pairs = [line.spread for line in lines if line.spread is not None]
    head = PrintHead(
        title=translate(N_("实操评分汇总表")), title_en="Summary of practical score sheets", document_id=room.id,
        number=str(room.id)[-12:].upper(), printed_at=now,
        certificate=f"{scheme.certificate_name_zh} {translate(scheme.level.zh)}",
        site=f"{room.site_name} {room.site_code}", room=room.room_name,
        session=f"{component.name_zh} {format_daterange(room.starts_at, room.ends_at)}", printed_by=printed_by,
    )  # fmt: skip
    return render_print(
        "score_summary", head=head, present=len(lines), marked=sum(line.mark is not None for line in lines),
        full_marks=format_mark(component.full_marks, 0), tolerance=format_mark(tolerance),
        decided=sum(line.path is not None and line.path.path is Path.LEAD for line in lines),
        agreement=format_percent(sum(one <= tolerance for one in pairs), len(pairs), places=0) if pairs else "—",
        assessors="、".join(names[id] for id in sorted(names, key=str)), lines=[_line(one) for one in lines],
    )  # fmt: skip


def _line(line: SummaryLine) -> dict[str, Any]:
    valued = line.mark is not None and line.mark.value is not None
    return {
        "station": line.sitting.seat_no,
        "ticket_no": line.sitting.ticket_no,
        "totals": " / ".join(format_mark(one.total) for one in line.sheets),
        "spread": "" if line.spread is None else format_mark(line.spread),
        "mark": format_mark(line.mark.value) if line.mark is not None and valued else "",
        "path": _path(line),
        "reason": line.path.reason if line.path else "",
    }


def _path(line: SummaryLine) -> str:
    if line.path is not None:
        return translate(line.path.for_office, **line.path.facts)
    if line.mark is not None:
        return translate(STATE_LABELS[line.mark.state])
    return translate(STATUS_LABELS[line.sitting.status])


def _section(
    section: Section, entries: Mapping[str, Entry], score: SheetScore | None, evidence: Mapping[str, Evidence]
) -> dict[str, Any]:
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
                "standard": _standard(row),
                "levels": [level.zh for level in row.levels],
                "veto": row.kind is RowKind.VETO,
                "points": format_mark(row.points, 0) if row.points else "",
                "result": _result(row, entries.get(row.code)) if row.code in entries or not score else _undone(),
                "evidence": evidence[row.code].text if row.code in evidence and entries.get(row.code) else "",
                "lost": format_mark(earned[row.code].lost) if earned else "",
                "earned": format_mark(earned[row.code].earned) if earned else "",
            }
            for row in section.rows
        ],
    }


def _standard(row: Row) -> str:
    """The standard in words; for a veto item what it does."""
    words = row.standard.zh or translate(ROW_LABELS[row.kind])
    return words if row.effect is None else f"{words}：{translate(EFFECT_LABELS[row.effect])}"


def _undone() -> str:
    return translate(N_("已终止，未做"))


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
