"""The forms of one room (domain section 7, documents 4-6 and 8): blank to be written on, or filled from what was recorded.

The templates are those scheduling prints for a whole batch; here they are one tap away for whoever stands in the room.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from exam.catalogue.rules import FORM_LABELS, Form
from exam.kernel.clock import CHINA
from exam.kernel.errors import N_
from exam.kernel.filters import format_date, format_daterange, format_time
from exam.kernel.i18n import Locale, bilingual, translate, use_locale
from exam.kernel.pdf import render_pdf
from exam.kernel.printing import PrintHead, render_print
from exam.sittings.queries.desk import RoomDesk, Row
from exam.sittings.queries.papers import RoomPaper
from exam.sittings.rules import CODES, DONE, PRESENT, Duty, SittingStatus
from exam.sittings.rules.minutes import COUNT_LABELS, MinuteLine, Paper, StepState

TITLES: Mapping[Paper, tuple[str, str]] = {
    Paper.SIGN_IN: ("QD", N_("考生签到表")),
    Paper.RECORD: ("JL", N_("考场情况记录单")),
    Paper.HANDOVER: ("JJ", N_("试卷与数据交接单")),
    Paper.INCIDENT: ("WJ", N_("违纪作弊情况记录单")),
}
UNSEAL_MINUTES = 10
_NEVER = "　"


async def room_paper(
    paper: Paper,
    found: RoomPaper,
    *,
    printed_by: str,
    now: datetime,
    photos: Mapping[str, bytes] | None = None,
    blank: bool = False,
    locale: Locale = "zh",
    home: Path | None = None,
) -> bytes:
    """One form of one room as PDF. `blank`: only what was known before the day, with lines to write on."""
    with use_locale(locale):
        sheet = sheet_of(paper, found, printed_by=printed_by, now=now, blank=blank)
    html = render_print(paper, locale=locale, sheets=[sheet])
    return await render_pdf(html, assets={f"photo-{name}": data for name, data in (photos or {}).items()}, home=home)


def sheet_of(paper: Paper, found: RoomPaper, *, printed_by: str, now: datetime, blank: bool) -> dict[str, Any]:
    """The words of one form."""
    head = _head(paper, found, printed_by, now)
    if paper is Paper.HANDOVER:
        return _handover(found, head, blank)
    if paper is Paper.INCIDENT:
        return _incident(head)
    return _room(found, head, blank)


def _head(paper: Paper, found: RoomPaper, printed_by: str, now: datetime) -> PrintHead:
    room, subject = found.desk.view.room, found.desk.subject
    code, title = TITLES[paper]
    name = bilingual(room, "room_name")
    component = f"{bilingual(subject.component)} " if subject else ""
    return PrintHead(
        title=translate(title),
        document_id=f"{code}:{room.id}",
        number=f"{code}-{room.site_code}-{room.room_name}-{room.starts_at.astimezone(CHINA):%m%d%H%M}",
        printed_at=now,
        batch=found.batch_code,
        certificate=_certificate(found.desk),
        site=f"{bilingual(room, 'site_name')}（{room.site_code}）",
        room=name,
        session=f"{component}{format_daterange(room.starts_at, room.ends_at)}",
        printed_by=printed_by,
    )


def _certificate(desk: RoomDesk) -> str:
    if desk.subject is None:
        return ""
    scheme = desk.subject.scheme
    return f"{bilingual(scheme, 'certificate_name')} {translate(scheme.level.zh)}"


def _names(desk: RoomDesk, *duties: Duty) -> list[str]:
    return [one.name for one in desk.view.duties if one.duty in duties]


def _room(found: RoomPaper, head: PrintHead, blank: bool) -> dict[str, Any]:
    desk, room = found.desk, found.desk.view.room
    form = Form(room.form)
    numbers = sorted(row.sitting.ticket_no for row in desk.rows)
    sheet = {
        "head": head,
        "site": bilingual(room, "site_name"),
        "room": bilingual(room, "room_name"),
        "component": bilingual(desk.subject.component) if desk.subject else "",
        "form": translate(FORM_LABELS[form]),
        "practical": form.practical,
        "computer": form is Form.COMPUTER,
        "certificate": _certificate(desk),
        "when": format_daterange(room.starts_at, room.ends_at),
        "late_limit": room.terms.late_limit_minutes,
        "expected": len(desk.rows),
        "spares": max(0, room.seats_count - len(desk.rows)),
        "first_ticket": numbers[0] if numbers else "",
        "last_ticket": numbers[-1] if numbers else "",
        "lines": [_line(row, blank) for row in desk.rows],
        "longer": [
            translate(N_("%(seat)s 号 %(name)s 至 %(time)s"), seat=f"{row.sitting.seat_no:02d}", name=row.name,
                      time=format_time(row.sitting.ends_at))
            for row in desk.rows if row.sitting.granted_minutes
        ],
        "alone": any(row.sitting.needs.own_room for row in desk.rows),
        "invigilators": _names(desk, Duty.INVIGILATOR),
        "assessors": _names(desk, Duty.LEAD_ASSESSOR, Duty.ASSESSOR),
        "heads": list(found.heads),
    }  # fmt: skip
    return sheet if blank else {**sheet, "told": _told(found)}


def _line(row: Row, blank: bool) -> dict[str, Any]:
    sitting = row.sitting
    here = sitting.status in PRESENT and not blank
    return {
        "seat": f"{sitting.seat_no:02d}",
        "name": row.name,
        "ticket_no": sitting.ticket_no,
        "id_masked": row.person.id_masked if row.person else "",
        "institution": bilingual(row.person, "institution_name") if row.person else "",
        "photo": (row.person.photo_sha256 or "") if row.person else "",
        "seen": here,
        "came": _clock(sitting.checked_in_at) if here else "",
        "left": _clock(sitting.left_at) if here else "",
    }


def _clock(at: datetime | None) -> str:
    return format_time(at) if at else ""


def _told(found: RoomPaper) -> dict[str, Any]:
    """What the room's record says: counts, times, who was absent, faults, early leavers, incidents and every step."""
    desk, room = found.desk, found.desk.view.room
    began = [row.sitting.started_at for row in desk.rows if row.sitting.started_at]
    ended = [row.sitting.finished_at for row in desk.rows if row.sitting.finished_at]
    early = [row for row in desk.rows if _left_early(row)]
    return {
        "present": desk.view.count.present,
        "absent": desk.view.count.absent,
        "incidents_count": len(desk.view.incidents),
        "begun": _clock(min(began, default=None)),
        "ended": _clock(max(ended, default=None)),
        "counts": {name: value for line in found.plan if line.record for name, value in line.record.counts.items()},
        "absentees": [_seat(row) for row in desk.by(SittingStatus.ABSENT)],
        "faults": [
            f"{_seat(row)} {translate(N_('补时 %(n)s 分钟'), n=row.sitting.extra_minutes)}"
            for row in desk.rows if row.sitting.extra_minutes
        ],
        "moved": [_seat(row) for row in desk.moved],
        "early": [f"{row.sitting.seat_no:02d} {_clock(row.sitting.finished_at)}" for row in early],
        "incidents": [
            f"{one.number}　{one.code} {translate(CODES[one.code].text)}" for one in desk.view.incidents
        ],
        "note": found.note,
        "done": [line.step.key for line in found.plan if line.state is StepState.DONE],
        "steps": [_step(line) for line in found.plan if line.record],
        "opened": _clock(room.opened_at),
        "closed": _clock(room.closed_at),
    }  # fmt: skip


def _left_early(row: Row) -> bool:
    sitting = row.sitting
    return sitting.status in DONE and sitting.finished_at is not None and sitting.finished_at < sitting.ends_at


def _seat(row: Row) -> str:
    return f"{row.sitting.seat_no:02d} {row.sitting.ticket_no} {row.name}"


def _step(line: MinuteLine) -> dict[str, Any]:
    record = line.record
    assert record is not None
    counts = "　".join(f"{translate(COUNT_LABELS[name])} {value}" for name, value in record.counts.items())
    keyed = translate(N_("补录：%(name)s"), name=record.keyed_name) if record.source == "paper" else ""
    skipped = translate(N_("没有做")) if record.state is StepState.SKIPPED else ""
    waiting = translate(N_("等待第二人")) if record.state is StepState.ASKED else ""
    return {
        "due": format_time(line.due_at),
        "at": format_time(record.at),
        "title": translate(line.step.title),
        "by": "、".join(name for name in (record.by_name, record.second_name) if name),
        "words": "；".join(word for word in (skipped, waiting, counts, record.reason, keyed) if word),
    }


def _handover(found: RoomPaper, head: PrintHead, blank: bool) -> dict[str, Any]:
    desk, room = found.desk, found.desk.view.room
    form = Form(room.form)
    out, back = (None, None) if blank else (_passed(found.plan, "unseal"), _passed(found.plan, "handover"))
    counted = None if blank else _passed(found.plan, "count")
    line = {
        "bag": f"{room.room_name}-{room.starts_at.astimezone(CHINA):%m%d%H%M}",
        "time": f"{format_time(room.starts_at)}–{format_time(room.ends_at)}",
        "room": bilingual(room, "room_name"),
        "work": f"{_certificate(desk)} {bilingual(desk.subject.component) if desk.subject else ''}",
        "form": translate(FORM_LABELS[form]),
        "computer": form is Form.COMPUTER,
        "practical": form.practical,
        "version": "" if form.practical or not desk.rows else desk.rows[0].sitting.paper_version,
        "unseal": format_time(room.starts_at - timedelta(minutes=UNSEAL_MINUTES)),
        "expected": len(desk.rows),
        "assessors": len(_names(desk, Duty.ASSESSOR, Duty.LEAD_ASSESSOR)),
        "invigilators": _names(desk, Duty.INVIGILATOR),
    }
    told = {"out": out, "counted": counted, "back": back}
    if any(told.values()):
        line["told"] = told
    return {
        "head": head,
        "site": bilingual(room, "site_name"),
        "date": format_date(room.starts_at),
        "heads": list(found.heads),
        "unseal_minutes": UNSEAL_MINUTES,
        "lines": [line],
    }


def _passed(plan: Sequence[MinuteLine], key: str) -> dict[str, Any] | None:
    """One hand-over as it was recorded: when, by whom, counted."""
    line = next((one for one in plan if one.step.key == key and one.state is StepState.DONE), None)
    if line is None or line.record is None:
        return None
    record = line.record
    return {
        "at": format_time(record.at),
        "by": record.by_name,
        "second": record.second_name,
        "counts": [{"label": translate(COUNT_LABELS[name]), "n": value} for name, value in record.counts.items()],
        "reason": record.reason,
    }


def _incident(head: PrintHead) -> dict[str, Any]:
    """A record to be written by hand."""
    words = ("name", "ticket_no", "id_masked", "seat", "seen_at", "code", "act", "reported", "confirmed")
    return {
        **dict.fromkeys(words, _NEVER), "kind": "record", "head": head, "facts": _NEVER, "evidence": _NEVER, "read": "",
        "signed": None, "witnesses": (), "items": [{"item": _NEVER}],
    }  # fmt: skip
