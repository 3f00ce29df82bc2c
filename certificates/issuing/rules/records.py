"""The frozen record of one version of a certificate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from certificates.issuing.rules.face import Face
from certificates.issuing.rules.status import CertificateStatus


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """One version of a certificate."""

    id: UUID
    number: str
    version: int
    token: str
    status: CertificateStatus
    registration_id: UUID
    outcome_id: UUID
    batch_id: UUID
    person_id: UUID
    organisation_id: UUID
    face: Face
    photo_sha256: str
    sha256: str | None
    numbered_at: datetime
    signed_at: datetime | None
    issued_at: datetime | None
    issued_on: date
    issued_by: UUID | None
    ended_at: datetime | None
    renewal: str
    reason: str
