"""Forms of the timetable."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import msgspec

from scheduling.planning.rules.problem import Duty
from scheduling.timetable.rules.pins import PinLevel
from scheduling.timetable.rules.prints import Print


class ProposalForm(msgspec.Struct):
    """Asks for a draft; without a seed one is drawn."""

    seed: int | None = None


class PublishForm(msgspec.Struct):
    """Publishes a draft; the reason is due where people or positions are left."""

    plan_id: UUID
    gaps_reason: str = ""


class PrintForm(msgspec.Struct):
    """Asks for a print; without a place, of everything the reader may print."""

    what: Print
    institution_id: UUID | None = None
    site_id: UUID | None = None
    room_id: UUID | None = None
    version: int | None = None  # only what this version has changed


class PinForm(msgspec.Struct):
    """Pins a group or a member of staff; what the level does not need stays blank."""

    level: PinLevel
    site: str
    group: str = ""
    count: int | None = None
    component: str | None = None
    slot: str | None = None
    room: str | None = None
    examiner: UUID | None = None
    duty: Duty | None = None
    reason: str = ""
    expires: date | None = None


class KeepForm(msgspec.Struct):
    """Keeps a session where it is."""

    reason: str = ""
    expires: date | None = None


class RemovePinForm(msgspec.Struct):
    """Takes a pin back."""

    reason: str = ""
