"""What needs somebody now: one line of a first page, told by the folder that knows (design.md, "First pages")."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Tone = Literal["needs", "warning", "stopped", "done"]


@dataclass(frozen=True, kw_only=True)
class Need:
    """A thing to do: its words, how many, where to do it, until when."""

    text: str  # msgid; may use %(n)s for the count and the names in facts
    href: str
    count: int = 1
    facts: Mapping[str, object] = field(default_factory=dict)
    tone: Tone = "needs"
    due: datetime | None = None
