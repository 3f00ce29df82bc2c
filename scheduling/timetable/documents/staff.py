"""What the people on duty are given: duty letter with its pledge, work schedule of a site, hand-over sheets (document 6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from exam.catalogue.rules import FORM_LABELS, Form
from exam.kernel.clock import china_date
from exam.kernel.errors import N_
from exam.kernel.filters import format_date, format_time
from exam.kernel.i18n import bilingual, translate
from exam.sittings.rules import DUTY_LABELS, Duty
from scheduling.timetable.documents.paper import Press, Sheet, certificate_words, head, number_of, site_name
from scheduling.timetable.rules.prints import DutyLetter, LetterLine, RoomPack, SiteDay

ARRIVE_MINUTES = 60
"""How long before a duty begins its people are there, as the duty letter tells them [C]."""
UNSEAL_MINUTES = 10
"""Sealed papers are opened in front of the candidates, T-10 (domain section 7)."""


def letter_sheet(letter: DutyLetter, kind: Sheet, press: Press) -> dict[str, Any]:
    return {
        "head": head(
            kind,
            press,
            letter.account_id,
            f"{letter.batch.code}-{str(letter.account_id)[-6:]}",
            batch=f"{bilingual(letter.batch)}（{letter.batch.code}）",
        ),
        "name": letter.name,
        "institution": bilingual(letter.institution) if letter.institution else "",
        "batch": bilingual(letter.batch),
        "hours": f"{letter.minutes / 60:.1f}",
        "days": len({china_date(line.starts_at) for line in letter.lines}),
        "assesses": any(line.duty in (Duty.ASSESSOR, Duty.LEAD_ASSESSOR) for line in letter.lines),
        "lines": [_letter_line(line) for line in letter.lines],
    }


def _letter_line(line: LetterLine) -> dict[str, Any]:
    certificate = certificate_words(line.scheme) if line.scheme else ""
    return {
        "date": format_date(line.starts_at),
        "time": f"{format_time(line.starts_at)}–{format_time(line.ends_at)}",
        "duty": translate(DUTY_LABELS[line.duty]),
        "site": site_name(line.site),
        "address": bilingual(line.site, "address"),
        "room": bilingual(line.room, "room_name")
        if line.component
        else translate(N_("全部 %(n)s 个考场"), n=line.rooms_count),
        "work": f"{certificate} {bilingual(line.component)}" if line.component else "",
    }


def schedule(days: Sequence[SiteDay], kind: Sheet, press: Press) -> dict[str, Any]:
    """One site's days: day by day every room session with who does what, and when they are there."""
    first, last = days[0], days[-1]
    site, batch = first.site, first.batch
    sessions = [pack for day in days for pack in day.packs]
    return {
        "head": head(
            kind, press, f"{batch.id}:{site.id}", f"{batch.code}-{site.code}",
            batch=f"{bilingual(batch)}（{batch.code}）", site=site_name(site),
        ),
        "site": bilingual(site),
        "address": bilingual(site, "address"),
        "route": bilingual(site, "route"),
        "when": format_date(first.day) if first is last else f"{format_date(first.day)} – {format_date(last.day)}",
        "sessions": len(sessions),
        "sittings": sum(len(pack.seats) for pack in sessions),
        "rooms": len({pack.room.room_id for pack in sessions}),
        "staff": len({duty.account_id for pack in sessions for duty in pack.team}),
        "arrive_minutes": ARRIVE_MINUTES,
        "days": [_schedule_day(day) for day in days],
    }  # fmt: skip


def _schedule_day(day: SiteDay) -> dict[str, Any]:
    return {
        "date": format_date(day.day),
        "heads": [duty.name for duty in day.heads],
        "heads_at": format_time(_arrival(min(pack.room.starts_at for pack in day.packs))),
        "lines": [
            {
                "arrive": format_time(_arrival(pack.room.starts_at)),
                "time": f"{format_time(pack.room.starts_at)}–{format_time(pack.room.ends_at)}",
                "room": bilingual(pack.room, "room_name"),
                "work": f"{certificate_words(pack.scheme)} {bilingual(pack.component)}",
                "form": translate(FORM_LABELS[pack.component.form]),
                "expected": len(pack.seats),
                "invigilators": named(pack, Duty.INVIGILATOR),
                "leads": named(pack, Duty.LEAD_ASSESSOR),
                "assessors": named(pack, Duty.ASSESSOR),
            }
            for pack in day.packs
        ],
    }


def _arrival(starts_at: datetime) -> datetime:
    return starts_at - timedelta(minutes=ARRIVE_MINUTES)


def named(pack: RoomPack, duty: Duty) -> list[str]:
    return [one.name for one in pack.team if one.duty is duty]


def handover(day: SiteDay, kind: Sheet, press: Press) -> dict[str, Any]:
    """One day of a site: every room session with what goes out and comes back, each time two people."""
    batch, site = day.batch, day.site
    return {
        "head": head(
            kind, press, f"{site.id}:{day.day:%Y%m%d}", f"{batch.code}-{site.code}-{day.day:%m%d}",
            batch=batch.code, site=site_name(site), session=format_date(day.day),
        ),
        "site": bilingual(site),
        "date": format_date(day.day),
        "heads": [duty.name for duty in day.heads],
        "unseal_minutes": UNSEAL_MINUTES,
        "lines": [
            {
                "bag": number_of(pack.room).removeprefix(f"{site.code}-"),
                "time": f"{format_time(pack.room.starts_at)}–{format_time(pack.room.ends_at)}",
                "room": bilingual(pack.room, "room_name"),
                "work": f"{certificate_words(pack.scheme)} {bilingual(pack.component)}",
                "form": translate(FORM_LABELS[pack.component.form]),
                "computer": pack.component.form is Form.COMPUTER,
                "practical": pack.component.form.practical,
                "version": "" if pack.component.form.practical else pack.paper_version,
                "unseal": format_time(pack.room.starts_at - timedelta(minutes=UNSEAL_MINUTES)),
                "expected": len(pack.seats),
                "assessors": len(named(pack, Duty.ASSESSOR)) + len(named(pack, Duty.LEAD_ASSESSOR)),
                "invigilators": named(pack, Duty.INVIGILATOR),
            }
            for pack in day.packs
        ],
    }  # fmt: skip
