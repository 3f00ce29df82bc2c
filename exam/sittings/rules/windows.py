"""When a duty counts: its own window with the room session's margins before and after (domain section 2)."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from exam.sittings.rules.records import Terms

_CHINA = ZoneInfo("Asia/Shanghai")


def clock_text(instant: datetime) -> str:
    """The wall clock in China, for the sentences of refusals."""
    return f"{instant.astimezone(_CHINA):%H:%M}"


def duty_window(starts_at: datetime, ends_at: datetime, terms: Terms) -> tuple[datetime, datetime]:
    """The instants between which the holder of a duty may act in the room, both included."""
    return (
        starts_at - timedelta(minutes=terms.duty_before_minutes),
        ends_at + timedelta(minutes=terms.duty_after_minutes),
    )


def covers(starts_at: datetime, ends_at: datetime, terms: Terms, now: datetime) -> bool:
    """Whether a duty from `starts_at` to `ends_at` lets its holder act at `now`."""
    opens, closes = duty_window(starts_at, ends_at, terms)
    return opens <= now <= closes
