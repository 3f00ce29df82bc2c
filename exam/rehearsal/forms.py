"""What the pages of rehearsals send."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from exam.rehearsal.rules import VALID_DAYS, Drill


class RehearseForm(msgspec.Struct):
    """A rehearsal: which component, rooms, when (the wall clock in China), how many, who serves (logins)."""

    component: UUID
    starts_at: datetime
    candidates: int = 3
    rooms: list[UUID] = []
    logins: str = ""


class TickForm(msgspec.Struct):
    """A drill that was done."""

    drill: Drill
    seen: str = ""


class SignForm(msgspec.Struct):
    """A signature: the head says for how many days."""

    days: int = VALID_DAYS
    note: str = ""
