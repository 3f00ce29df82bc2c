"""The printed readiness record of a site, with room for the signatures on paper."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from exam.kernel.errors import N_
from exam.kernel.filters import format_date, format_datetime
from exam.kernel.i18n import Locale, bilingual, translate, use_locale
from exam.kernel.pdf import render_pdf
from exam.kernel.printing import PrintHead, render_print
from exam.rehearsal.queries import Rehearsal
from exam.rehearsal.rules import DRILL_LABELS
from scheduling.sites.rules import Site


async def readiness_record(
    found: Rehearsal, place: Site, *, printed_by: str, now: datetime, locale: Locale = "zh", home: Path | None = None
) -> bytes:
    """One page; unsigned it says so."""
    with use_locale(locale):
        ready = found.readiness
        head = PrintHead(
            title=translate(N_("考核站点就绪记录")), document_id=f"JX:{found.id}", number=f"JX-{place.code}-{found.starts_at:%Y%m%d}",
            printed_at=now, site=f"{bilingual(place)}（{place.code}）", session=format_datetime(found.starts_at),
            printed_by=printed_by,
        )  # fmt: skip
        html = render_print(
            "readiness_record", locale=locale, head=head,
            rooms=[
                {"name": bilingual(room, "room_name"), "expected": found.counts[room.id].expected,
                 "present": found.counts[room.id].present, "absent": found.counts[room.id].absent,
                 "opened": format_datetime(room.opened_at) if room.opened_at else "",
                 "closed": format_datetime(room.closed_at) if room.closed_at else ""}
                for room in found.rooms
            ],
            drills=[
                {"drill": translate(DRILL_LABELS[one.drill]), "seen": one.seen, "by": f"{one.by_name} · {format_datetime(one.at)}"}
                for one in found.drills
            ],
            missing=[translate(DRILL_LABELS[one]) for one in found.missing],
            signed=ready is not None and ready.signed,
            period=f"{format_date(ready.valid_from)} – {format_date(ready.valid_to)}" if ready else "",
            note=ready.note if ready else "",
            first=f"{ready.head_name} · {format_datetime(ready.head_at)}" if ready else "",
            second=f"{ready.second_name} · {format_datetime(ready.second_at)}" if ready and ready.second_at else "",
        )  # fmt: skip
    return await render_pdf(html, home=home)
