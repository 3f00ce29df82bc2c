"""The printed incident record: what was seen, the receipt for what was kept, the decision (domain section 7, document 8)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from exam.kernel.errors import N_
from exam.kernel.filters import format_daterange, format_datetime
from exam.kernel.i18n import Locale, translate, use_locale
from exam.kernel.pdf import render_pdf
from exam.kernel.printing import PrintHead, render_print
from exam.sittings.rules import CODES, EFFECT_LABELS
from exam.sittings.rules.incidents import SERVICE_LABELS, Service
from exam.sittings.rules.prints import IncidentPrint

TITLES: Mapping[str, str] = {
    "record": N_("违纪作弊情况记录单"),
    "receipt": N_("物品暂扣收据"),
    "decision": N_("违纪处理决定书"),
}


async def incident_record(
    incident: IncidentPrint, *, printed_by: str, now: datetime, locale: Locale = "zh", home: Path | None = None
) -> bytes:
    """One PDF with the sheets that apply."""
    with use_locale(locale):
        sheets = [_sheet(incident, kind, printed_by, now) for kind in incident.kinds]
    return await render_pdf(render_print("incident_record", locale=locale, sheets=sheets), home=home)


def _sheet(incident: IncidentPrint, kind: str, printed_by: str, now: datetime) -> dict[str, Any]:
    return {
        "kind": kind,
        "head": _head(incident, kind, printed_by, now),
        "name": incident.name,
        "ticket_no": incident.ticket_no,
        "id_masked": incident.id_masked,
        "seat": f"{incident.seat_no:02d}",
        "seen_at": format_datetime(incident.seen_at),
        "code": incident.code,
        "act": translate(CODES[incident.code].text),
        "facts": incident.facts,
        "evidence": incident.evidence,
        "read": _by(incident.read_name, incident.read_at),
        "signed": incident.signed,
        "items": [
            {"item": one.item, "kept": _by(one.kept_name, one.kept_at), "back": _by(one.to_name, one.returned_at),
             "by": one.return_name}
            for one in incident.items
        ],
        "witnesses": incident.witnesses,
        "reported": _by(incident.reported_name, incident.reported_at),
        "confirmed": _by(incident.confirmed_name, incident.confirmed_at),
        "effect": translate(EFFECT_LABELS[incident.effect]) if incident.effect else "",
        "basis": incident.basis or "",
        "decision": incident.decision or "",
        "statement": incident.statement or "",
        "said": [{"words": one.words, "by": _by(one.by_name, one.at)} for one in incident.said],
        "rulings": [{"words": one.words, "by": _by(one.by_name, one.at)} for one in incident.rulings],
        "served": _by(incident.served_name, incident.served_at),
        "served_how": translate(SERVICE_LABELS[Service(incident.served_how)]) if incident.served_how else "",
        "objection_until": format_datetime(incident.objection_until) if incident.objection_until else "",
        "final_at": format_datetime(incident.final_at) if incident.final_at else "",
        "decided": _by(incident.decided_name, incident.decided_at),
    }  # fmt: skip


def _head(incident: IncidentPrint, kind: str, printed_by: str, now: datetime) -> PrintHead:
    return PrintHead(
        title=translate(TITLES[kind]),
        document_id=f"WJ:{incident.incident_id}",
        number=f"WJ-{incident.batch_code}-{incident.number}",
        printed_at=now,
        batch=incident.batch_code,
        certificate=incident.certificate,
        site=incident.site,
        room=incident.room,
        session=f"{incident.component} {format_daterange(incident.starts_at, incident.ends_at)}",
        printed_by=printed_by,
    )


def _by(name: str | None, at: datetime | None) -> str:
    return f"{name} · {format_datetime(at)}" if name and at else ""
