"""Forms of the timetable."""

from __future__ import annotations

from uuid import UUID

import msgspec

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
