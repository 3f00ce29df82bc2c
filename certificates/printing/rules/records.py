"""Frozen records of printing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from certificates.printing.rules.papers import PaperStatus
from certificates.printing.rules.sheets import Setting


@dataclass(frozen=True, kw_only=True)
class Printer:
    """A printer's profile."""

    id: UUID
    organisation_id: UUID
    name: str
    setting: Setting


@dataclass(frozen=True, kw_only=True)
class PrintOrder:
    """Certificates that are printed together."""

    id: UUID
    organisation_id: UUID
    batch_id: UUID
    institution: str
    printer: str
    setting: Setting
    made_by: UUID
    made_at: datetime


@dataclass(frozen=True, kw_only=True)
class Part:
    """Some sheets of an order as one file."""

    order_id: UUID
    part: int
    first_serial: str
    last_serial: str
    sheets_count: int
    sha256: str | None
    problem: str


@dataclass(frozen=True, kw_only=True)
class Paper:
    """One sheet."""

    id: UUID
    organisation_id: UUID
    serial: str
    status: PaperStatus
    certificate_id: UUID | None
    order_id: UUID | None
    place: int | None
    reason: str
    reported_by: UUID | None
    confirmed_by: UUID | None

    @property
    def reported(self) -> bool:
        """Whether somebody says that it is spoiled and nobody has confirmed it yet."""
        return self.reported_by is not None and self.confirmed_by is None
