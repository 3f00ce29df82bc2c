"""What the instances have in common: days and slots, kinds of certificates, rooms, stations, real prefectures.

The figures are those of the national instance as it is described in `benchmarks/README.md`; a generator that wants
another one says so where it uses it.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from string import ascii_uppercase
from typing import Final

from scheduling.planning.rules.problem import Component, Form, Level, Prefecture, Slot

LEVELS: Final = tuple(Level)
SLACK: Final = 1.13  # capacity of stations for each candidate
STATION_MINUTES: Final = (30, 40, 60, 90, 120)
WRITTEN_MINUTES: Final = 90
PAPER_SEATS: Final = 30
COMPUTER_SEATS: Final = (40, 50, 60)
FIRST_PRACTICAL_SLOT: Final = 2  # what follows a written part cannot be at the very beginning
KINDS: Final = (
    (Form.PAPER,),
    (Form.COMPUTER,),
    (Form.PAPER, Form.PRACTICAL),
    (Form.COMPUTER, Form.PRACTICAL),
    (Form.PAPER, Form.COMPUTER, Form.PRACTICAL),
)
"""The forms of a certificate's components, in their order."""
KIND_PERCENT: Final = (12, 13, 29, 28, 18)

FIRST_DAY: Final = date(2027, 4, 10)
LONG_DAY: Final = (("08:30", 180), ("13:00", 180), ("16:30", 180))
SHORT_DAY: Final = (("08:30", 120), ("11:00", 120), ("14:00", 180))
"""Start (in China) and minutes of each slot of a day."""


def slots(
    days: int,
    *,
    first: date = FIRST_DAY,
    windows: Sequence[tuple[str, int]] = LONG_DAY,
    prefix: str = "D",
    letters: str = ascii_uppercase,
) -> tuple[Slot, ...]:
    """The same windows on each day: "D1A", "D1B", "D1C" of the first day, "D2A" ..."""
    made = []
    for day in range(days):
        for letter, (start, minutes) in zip(letters, windows, strict=False):
            begins = datetime.fromisoformat(f"{first + timedelta(days=day)}T{start}:00+08:00")
            made.append(Slot(id=f"{prefix}{day + 1}{letter}", starts=begins, ends=begins + timedelta(minutes=minutes)))
    return tuple(made)


def components(forms: Sequence[Form], station_minutes: int) -> tuple[Component, ...]:
    """One after the other; the practical takes its own time."""
    return tuple(
        Component(
            id=form.value,
            form=form,
            minutes=station_minutes if form is Form.PRACTICAL else WRITTEN_MINUTES,
            order=order,
        )
        for order, form in enumerate(forms)
    )


def prefectures() -> list[tuple[Prefecture, str]]:
    """The 333 prefectures and 4 municipalities with the seats of their governments; and the name of each one's province."""
    with Path(__file__).with_name("prefectures.csv").open(encoding="utf-8") as lines:
        return [
            (
                Prefecture(
                    id=row["code"],
                    name=row["name"],
                    province=row["code"][:2],
                    lat=float(row["latitude"]),
                    lon=float(row["longitude"]),
                ),
                row["province"],
            )
            for row in csv.DictReader(lines)
        ]
