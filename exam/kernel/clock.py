"""The clock: one place asks for the time, everybody else is told it (as an aware UTC instant)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")


class Clock:
    """The system's clock."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        return datetime.now(UTC)


class FixedClock(Clock):
    """A clock that stands until it is moved: for tests and for the demo's calendar."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        """Return the instant the clock stands at."""
        return self.at

    def advance(self, by: timedelta) -> datetime:
        """Move the clock forward and return the new instant."""
        self.at += by
        return self.at


def china_date(instant: datetime) -> date:
    """Return the calendar date in China at ``instant``."""
    return instant.astimezone(CHINA).date()
