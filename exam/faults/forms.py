"""What the pages of faults send."""

from __future__ import annotations

from datetime import datetime, time
from uuid import UUID

import msgspec

from exam.faults.rules import FaultKind
from exam.kernel.clock import CHINA


class ReportForm(msgspec.Struct):
    """A ticket: `place` is `room:<id>`, `site:<id>` or `sitting:<id>`; `since` is the wall clock of the day."""

    place: str
    kind: FaultKind
    facts: str = ""
    since: str = ""

    def begun(self, now: datetime) -> datetime:
        """The instant on this day; now where nothing was typed. ValueError when it is no time."""
        if not self.since:
            return now
        return datetime.combine(now.astimezone(CHINA).date(), time.fromisoformat(self.since), CHINA)


class CreditForm(msgspec.Struct):
    """Time given back."""

    place: str
    minutes: int
    reason: str = ""
    second_name: str = ""
    fault: UUID | None = None


class WordsForm(msgspec.Struct):
    """A step with its words."""

    words: str = ""


class LadderForm(msgspec.Struct):
    """After how many minutes faults go up."""

    site_minutes: int
    organisation_minutes: int
    province_minutes: int
    reason: str = ""
