"""What the verbs of issuing share: rows under lock, the intent of a certificate, its entries in the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.designs.rules.records import Template
from certificates.issuing.models import CertificateRow
from certificates.issuing.rules.face import Eligible, Face
from certificates.issuing.rules.records import record_of, record_sha256
from certificates.issuing.rules.status import CertificateStatus, NotAllowedNow, RenewalKind
from certificates.issuing.rules.words import require_clean
from certificates.ledger import actions as ledger
from certificates.ledger.actions import Draft
from certificates.ledger.rules import LedgerEvent
from exam.kernel.crypto import Vault
from exam.kernel.db import insert_many
from exam.kernel.errors import N_, Invalid, Problem
from exam.kernel.ids import new_id, token

S = CertificateStatus
_TOKEN_BITS: Final = 128
_EVENTS: Final = {
    "": LedgerEvent.ISSUE,
    str(RenewalKind.CORRECTION): LedgerEvent.CORRECT,
    str(RenewalKind.REPLACEMENT): LedgerEvent.REPLACE,
}


@dataclass(frozen=True, kw_only=True)
class Begin:
    """By whom and how a version is begun: whose deed it is, the release it belongs to, the templates of the organisations.

    `compiled` names by registration the compiled shape that will be pressed (`certificates.issuing.documents.Prepared`).
    """

    by: UUID
    templates: Mapping[UUID, Template]
    compiled: Mapping[UUID, str]
    release_id: UUID | None = None
    version: int = 1
    renewal: str = ""
    reason: str = ""


def intent(
    vault: Vault, item: Eligible, number: str, face: Face, id_number: str, begin: Begin, *, now: datetime
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The row of a reserved certificate, its ID number sealed to this row, and the record of all that will be printed."""
    require_clean(face.texts)
    row_id, secret = new_id(), token(_TOKEN_BITS)
    template = begin.templates[item.organisation_id]
    record = record_of(
        number=number,
        version=begin.version,
        token=secret,
        face=face,
        id_number=id_number,
        photo_sha256=item.photo_sha256 or "",
        template=template.name,
        template_sha256=template.sha256,
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
        "template": template.name,
        "template_sha256": template.sha256,
        "compiled": begin.compiled.get(item.registration_id, ""),
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


async def announce(
    session: AsyncSession, made: Sequence[tuple[dict[str, Any], dict[str, Any]]], *, now: datetime
) -> list[dict[str, Any]]:
    """Enter intents in the ledger, before anything is drawn, and write their rows with the places of their entries."""
    drafts = [
        Draft(
            event=_EVENTS[row["renewal"]],
            certificate_id=row["id"],
            number=row["number"],
            version=row["version"],
            record=record,
            reason=row["reason"],
        )
        for row, record in made
    ]
    places = await ledger.append(session, drafts, now=now)
    rows = [{**row, "leaf_index": place} for (row, _), place in zip(made, places, strict=True)]
    await insert_many(session, CertificateRow, rows)
    return rows


async def take_back(session: AsyncSession, vault: Vault, row: CertificateRow, reason: str, *, now: datetime) -> None:
    """The entry that ends what a version's first entry announced."""
    draft = Draft(
        event=LedgerEvent.REVOKE,
        certificate_id=row.id,
        number=row.number,
        version=row.version,
        record=record_of_row(vault, row),
        reason=reason,
    )
    await ledger.append(session, [draft], now=now)


def record_of_row(vault: Vault, row: CertificateRow) -> dict[str, Any]:
    """What the entries of a version commit to, from its frozen row."""
    return record_of(
        number=row.number,
        version=row.version,
        token=row.token,
        face=Face.from_data(row.face),
        id_number=vault.open(row.id_sealed, id_context(row.id)),
        photo_sha256=row.photo_sha256,
        template=row.template,
        template_sha256=row.template_sha256,
        numbered_at=row.numbered_at,
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
