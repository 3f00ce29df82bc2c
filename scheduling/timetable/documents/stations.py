"""工位轮次表: one workshop's day, a row per station, a column per round; when to wait, when to change over (document 5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from exam.catalogue.rules import FORM_LABELS
from exam.kernel.db import chunks
from exam.kernel.filters import format_date, format_time
from exam.kernel.i18n import bilingual, translate
from exam.sittings.rules import Duty
from scheduling.timetable.documents.paper import Press, Sheet, certificate_words, head, number_of, site_name
from scheduling.timetable.rules.prints import Rota

ROUNDS_ABREAST = 6
"""Columns of rounds on a landscape page; a longer day goes on in another table below."""

Round = tuple[datetime, datetime]


def rota_sheet(rota: Rota, kind: Sheet, press: Press) -> dict[str, Any]:
    pack, rounds = rota.first, rota.rounds
    people = sum(len(one.seats) for one in rota.packs)
    return {
        "head": head(
            kind, press, f"{pack.room.id}:{rota.day:%Y%m%d}", number_of(pack.room), batch=rota.batch.code,
            certificate=certificate_words(pack.scheme), site=site_name(rota.site),
            room=bilingual(pack.room, "room_name"), session=f"{bilingual(pack.component)} {format_date(rota.day)}",
        ),
        "room": bilingual(pack.room, "room_name"),
        "component": bilingual(pack.component),
        "form": translate(FORM_LABELS[pack.component.form]),
        "date": format_date(rota.day),
        "people": people,
        "rounds_count": len(rounds),
        "stations_count": len(_stations(rota)),
        "leads": _named(rota, Duty.LEAD_ASSESSOR),
        "assessors": _named(rota, Duty.ASSESSOR),
        "invigilators": _named(rota, Duty.INVIGILATOR),
        "tables": [_table(rota, rounds, some) for some in chunks(range(len(rounds)), ROUNDS_ABREAST)],
    }  # fmt: skip


def _table(rota: Rota, rounds: Sequence[Round], shown: Sequence[int]) -> dict[str, Any]:
    at = {(line.seat_no, (line.starts_at, line.ends_at)): line for pack in rota.packs for line in pack.seats}
    opens = timedelta(minutes=max(pack.room.terms.entry_minutes for pack in rota.packs))
    rows = []
    for station in _stations(rota):
        lines = [at.get((station, rounds[index])) for index in shown]
        rows.append(
            {
                "station": f"{station:02d}",
                "cells": [
                    {"name": line.registration.name, "ticket_no": line.ticket_no} if line else None for line in lines
                ],
            }
        )
    return {
        "rounds": [
            {
                "number": index + 1,
                "time": f"{format_time(rounds[index][0])}–{format_time(rounds[index][1])}",
                "waiting": format_time(rounds[index][0] - opens),
                "turnaround": turnaround(rounds, index),
                "count": sum((line.starts_at, line.ends_at) == rounds[index] for p in rota.packs for line in p.seats),
            }
            for index in shown
        ],
        "rows": rows,
    }


def turnaround(rounds: Sequence[Round], index: int) -> int | None:
    """Minutes to clear the stations before a round; None before the first one, or where rounds overlap."""
    ended = [ends_at for _, ends_at in rounds[:index]]
    gap = (rounds[index][0] - max(ended)).total_seconds() // 60 if ended else -1
    return int(gap) if gap >= 0 else None


def _stations(rota: Rota) -> list[int]:
    """Every station somebody works at, by number."""
    return sorted({line.seat_no for pack in rota.packs for line in pack.seats})


def _named(rota: Rota, duty: Duty) -> list[str]:
    return sorted({one.name for pack in rota.packs for one in pack.team if one.duty is duty})
