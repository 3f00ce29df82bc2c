"""The sheets of a room session (documents 2-5): door list, seat plan, sign-in sheet, room record."""

from __future__ import annotations

import math
from typing import Any

from exam.catalogue.rules import FORM_LABELS
from exam.kernel.errors import N_
from exam.kernel.filters import format_daterange, format_time
from exam.kernel.i18n import bilingual, translate
from exam.registration.rules import CHANNEL_LABELS
from exam.sittings.rules import Duty
from scheduling.timetable.documents.paper import Press, Sheet, certificate_words, head, number_of, site_name
from scheduling.timetable.rules.prints import RoomPack
from scheduling.timetable.rules.seats import position


def room_sheet(pack: RoomPack, kind: Sheet, press: Press) -> dict[str, Any]:
    room = pack.room
    name = bilingual(room, "room_name")
    when = format_daterange(room.starts_at, pack.ends_at)
    numbers = sorted(line.ticket_no for line in pack.seats)
    lead = [duty.name for duty in pack.team if duty.duty in (Duty.LEAD_ASSESSOR, Duty.ASSESSOR)]
    return {
        "head": head(
            kind,
            press,
            room.id,
            number_of(room),
            batch=pack.batch.code,
            certificate=certificate_words(pack.scheme),
            site=site_name(pack.site),
            room=name,
            session=f"{bilingual(pack.component)} {when}",
        ),
        "site": bilingual(pack.site),
        "room": name,
        "component": bilingual(pack.component),
        "form": translate(FORM_LABELS[pack.component.form]),
        "practical": pack.component.form.practical,
        "computer": pack.component.form == "computer",
        "certificate": certificate_words(pack.scheme),
        "when": when,
        "late_limit": pack.component.late_limit_minutes,
        "expected": len(pack.seats),
        "spares": max(0, room.seats_count - len(pack.seats)),
        "first_ticket": numbers[0] if numbers else "",
        "last_ticket": numbers[-1] if numbers else "",
        "lines": [
            {
                "seat": f"{line.seat_no:02d}",
                "name": line.registration.name,
                "ticket_no": line.ticket_no,
                "id_masked": line.registration.id_masked,
                "institution": bilingual(line.registration, "institution_name")
                or translate(CHANNEL_LABELS[line.registration.channel]),
                "photo": line.registration.photo_sha256 or "",
            }
            for line in pack.seats
        ],
        "longer": [
            translate(
                N_("%(seat)s 号 %(name)s 至 %(time)s"),
                seat=f"{line.seat_no:02d}",
                name=line.registration.name,
                time=format_time(line.ends_at),
            )
            for line in pack.seats
            if line.granted_minutes
        ],
        "alone": any(line.measures.own_room for line in pack.seats),
        "invigilators": [duty.name for duty in pack.team if duty.duty is Duty.INVIGILATOR],
        "assessors": lead,
        "heads": sorted({duty.name for duty in pack.team if duty.duty is Duty.SITE_HEAD}),
    }


def seat_plan(pack: RoomPack, kind: Sheet, press: Press) -> dict[str, Any]:
    return {**room_sheet(pack, kind, press), **grid(pack)}


def grid(pack: RoomPack) -> dict[str, Any]:
    """The grid of the room seen from the platform: rows from the back to the front, columns from left to right."""
    columns = pack.place.columns if pack.place else 5
    seats = max(pack.place.usable if pack.place else 0, max((line.seat_no for line in pack.seats), default=0), 1)
    rows = max(1, math.ceil(seats / columns))
    grid: list[list[dict[str, Any] | None]] = [[None] * columns for _ in range(rows)]
    taken = {line.seat_no: line for line in pack.seats}
    for number in range(1, seats + 1):
        column, row = position(number, seats, columns)
        line = taken.get(number)
        grid[rows - 1 - row][columns - 1 - column] = {
            "seat": f"{number:02d}",
            "name": line.registration.name if line else "",
            "ticket_no": line.ticket_no if line else "",
            "photo": (line.registration.photo_sha256 or "") if line else "",
        }
    return {"grid": grid, "columns": columns, "seats": seats}
