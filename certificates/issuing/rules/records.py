"""The frozen record of one version of a certificate, and what the ledger commits to."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

from certificates.issuing.rules.face import Face
from certificates.issuing.rules.status import CertificateStatus
from exam.kernel.canonical import canonical

RECORD_FORMAT: Final = "kaowu-certificate/1"


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
    begun_by: UUID
    release_id: UUID | None
    template: str
    template_sha256: str
    compiled: (
        str  # SHA-256 of the compiled shape that it was begun with; "weasyprint" where the press could not serve it
    )
    record_sha256: str
    leaf_index: int | None


def record_of(
    *,
    number: str,
    version: int,
    token: str,
    face: Face,
    id_number: str,
    photo_sha256: str,
    template: str,
    template_sha256: str,
    numbered_at: datetime,
) -> dict[str, Any]:
    """Everything that is printed on one version, and how: what the ledger's entry commits to before anything is drawn.

    The ID number stands in it in full, for the commitment hides it; whoever shows the record shows the certificate too.
    """
    return {
        "format": RECORD_FORMAT,
        "number": number,
        "version": version,
        "token": token,
        "face": face.as_data(),
        "id_number": id_number,
        "photo_sha256": photo_sha256,
        "template": template,
        "template_sha256": template_sha256,
        "numbered_at": numbered_at.astimezone(UTC).isoformat(timespec="microseconds"),
    }


def record_sha256(record: dict[str, Any]) -> str:
    """SHA-256 of the record's canonical JSON (RFC 8785)."""
    return hashlib.sha256(canonical(record)).hexdigest()
