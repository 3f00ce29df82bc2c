"""What the pages of announcements send."""

from __future__ import annotations

from uuid import UUID

import msgspec

from exam.signals.rules import Reach


class AnnounceForm(msgspec.Struct):
    """An announcement: `target` is `room:<id>`, `site:<id>` or `batch:<id>`."""

    target: str
    zh: str = ""
    en: str = ""
    back: str = ""

    def aim(self) -> tuple[Reach, UUID]:
        """Whom it is for."""
        kind, _, id = self.target.partition(":")
        return Reach(kind), UUID(id)


class AcknowledgeForm(msgspec.Struct):
    """Read, in which room."""

    room: UUID
