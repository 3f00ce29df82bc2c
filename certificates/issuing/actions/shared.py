"""What the verbs of issuing share: rows under lock, the intent of a certificate, its entry for the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.issuing.models import CertificateRow
from certificates.issuing.rules.face import TEMPLATE, Eligible, Face
from certificates.issuing.rules.records import record_of, record_sha256
from certificates.issuing.rules.status import CertificateStatus, NotAllowedNow
from certificates.issuing.rules.words import require_clean
from certificates.ledger.actions import Draft
from certificates.ledger.rules import LedgerEvent
from exam.kernel.crypto import Vault
from exam.kernel.errors import N_, Invalid, Problem
from exam.kernel.ids import new_id, token

S = CertificateStatus
_TOKEN_BITS: Final = 128


@dataclass(frozen=True, kw_only=True)
class Begin:
    """By whom and how a version is begun: whose deed it is, the release it belongs to, the template's hash."""

    by: UUID
    template_sha256: str
    release_id: UUID | None = None
    version: int = 1
    renewal: str = ""
    reason: str = ""


def intent(
    vault: Vault, item: Eligible, number: str, face: Face, id_number: str, begin: Begin, *, now: datetime
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The row of a reserved certificate, its ID number sealed to this row, and the record of all that will be printed."""
    require_clean(face.text)
    row_id, secret = new_id(), token(_TOKEN_BITS)
    record = record_of(
        number=number,
        version=begin.version,
        token=secret,
        face=face,
        id_number=id_number,
        photo_sha256=item.photo_sha256 or "",
        template=TEMPLATE,
        template_sha256=begin.template_sha256,
        numbered_at=now,
    )
    return {
        "id": row_id,
        "number": number,
        "version": begin.version,
        "token": secret,
        "status": str(S.NUMBERED),
        "registration_id": item.registration_id,
        "outcome_id": item.outcome_id,
        "outcome_version": item.outcome_version,
        "batch_id": item.batch_id,
        "person_id": item.person_id,
        "organisation_id": item.organisation_id,
        "certificate_id": item.certificate_id,
        "release_id": begin.release_id,
        "begun_by": begin.by,
        "template": TEMPLATE,
        "template_sha256": begin.template_sha256,
        "face": face.as_data(),
        "id_sealed": vault.seal(id_number, id_context(row_id)),
        "photo_sha256": item.photo_sha256 or "",
        "record_sha256": record_sha256(record),
        "numbered_at": now,
        "issued_on": face.issued_on,
        "renewal": begin.renewal,
        "reason": begin.reason,
    }, record


async def locked(session: AsyncSession, ids: Sequence[UUID] | Mapping[UUID, str]) -> list[CertificateRow]:
    """These versions, locked in the order of their numbers so that two officers cannot wait for each other."""
    query = (
        select(CertificateRow)
        .where(CertificateRow.id.in_(list(ids)))
        .order_by(CertificateRow.number, CertificateRow.version)
    )
    rows = list(await session.scalars(query.with_for_update().execution_options(populate_existing=True)))
    if len(rows) != len(ids):
        raise NotAllowedNow(number="—", status="—", wanted="—")
    return rows


def draft(row: CertificateRow, event: LedgerEvent, reason: str) -> Draft:
    """The version's entry for the ledger."""
    return Draft(
        event=event,
        certificate_id=row.id,
        number=row.number,
        version=row.version,
        sha256=row.sha256 or "",
        reason=reason,
        commitment={**row.face, "number": row.number, "version": row.version, "sha256": row.sha256},
    )


def reason_of(text: str) -> str:
    """The reason without blanks around it; refuses an empty one."""
    if not text.strip():
        raise Invalid(problems=[Problem(message=N_("请写明理由。"), field="reason", code="missing")])
    return text.strip()


def id_context(certificate_id: UUID) -> str:
    """What the sealed ID number is bound to."""
    return f"certificate:{certificate_id}"


def stream(batch_id: UUID) -> str:
    """The audit chain that a batch's certificates belong to."""
    return f"batch:{batch_id}"
