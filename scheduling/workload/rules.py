"""Hours of duty (D15): time counts once, however many duties or rooms a person had at the same time.

Planned is the duty as published; served is from the room's real opening to its closing, and only where both are on record.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby
from uuid import UUID

from exam.kernel.errors import N_, Invalid

MOST_DAYS = 400


class PeriodWrong(Invalid):
    """A period has a first and a last day."""

    message = N_("起止日期须先后有序，最长 %(most)s 天。")


@dataclass(frozen=True, kw_only=True)
class Served:
    """One duty of one person in one room session."""

    account_id: UUID
    name: str
    institution: str
    institution_en: str
    duty: str
    batch_code: str
    site_name: str
    room_name: str
    starts_at: datetime
    ends_at: datetime
    opened_at: datetime | None
    closed_at: datetime | None

    @property
    def served(self) -> bool:
        """Whether the session was really held."""
        return self.opened_at is not None and self.closed_at is not None


@dataclass(frozen=True, kw_only=True)
class PersonHours:
    """What a person served in a period, in one kind of duty; `duty` is empty in the line of all together."""

    account_id: UUID
    name: str
    institution: str
    institution_en: str
    duty: str
    sessions: int
    sessions_held: int
    planned_minutes: int
    served_minutes: int


def require_period(first: date, last: date) -> None:
    """Refuse a period that ends before it begins, or is longer than a year and a month."""
    if not timedelta(0) <= last - first <= timedelta(days=MOST_DAYS):
        raise PeriodWrong(most=MOST_DAYS)


def union_minutes(spans: Iterable[tuple[datetime, datetime]]) -> int:
    """Whole minutes covered by the spans, overlaps once; nothing covers nothing, an empty span neither."""
    total, until = timedelta(0), None
    for begin, end in sorted(spans):
        start = begin if until is None else max(begin, until)
        if end > start:
            total += end - start
        until = end if until is None else max(until, end)
    return int(total.total_seconds() // 60)


def hours(minutes: int) -> Decimal:
    """Hours with two places (half up): what workload is counted in."""
    return (Decimal(minutes) / 60).quantize(Decimal("0.01"), ROUND_HALF_UP)


def per_person(duties: Sequence[Served]) -> list[PersonHours]:
    """A line for each person and duty by institution and name, and one for all duties where there are several."""
    found: list[PersonHours] = []
    ordered = sorted(duties, key=lambda one: (one.institution, one.name, one.account_id, one.duty, one.starts_at))
    for _, group in groupby(ordered, key=lambda one: one.account_id):
        own = list(group)
        kinds = [list(part) for _, part in groupby(own, key=lambda one: one.duty)]
        found += [_line(part, part[0].duty) for part in kinds]
        if len(kinds) > 1:
            found.append(_line(own, ""))
    return found


def _line(own: Sequence[Served], duty: str) -> PersonHours:
    first = own[0]
    held = [one for one in own if one.served]
    return PersonHours(
        account_id=first.account_id,
        name=first.name,
        institution=first.institution,
        institution_en=first.institution_en,
        duty=duty,
        sessions=len({one.starts_at for one in own}),
        sessions_held=len({one.starts_at for one in held}),
        planned_minutes=union_minutes((one.starts_at, one.ends_at) for one in own),
        served_minutes=union_minutes((one.opened_at, one.closed_at) for one in held if one.opened_at and one.closed_at),
    )
