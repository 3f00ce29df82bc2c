"""What there is of certificates outside the ledger, for whoever holds the ledger against it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.issuing.actions.shared import record_of_row
from certificates.issuing.models import CertificateRow
from certificates.issuing.rules.status import CertificateStatus
from certificates.ledger.rules.complete import Known
from exam.kernel.crypto import Vault

_ENDED = (str(CertificateStatus.REVOKED), str(CertificateStatus.VOIDED))


async def known(session: AsyncSession, vault: Vault) -> Sequence[Known]:
    """Every version of every certificate, by number: whether the ledger has to have its beginning and its end."""
    rows = await session.scalars(select(CertificateRow).order_by(CertificateRow.number, CertificateRow.version))
    return [
        Known(
            id=row.id,
            number=row.number,
            version=row.version,
            begun=row.leaf_index is not None or row.issued_at is not None,
            ended=row.status in _ENDED,
            record=record_of_row(vault, row),
        )
        for row in rows
    ]


async def owner(session: AsyncSession, number: str, version: int) -> UUID | None:
    """The awarding organisation of a certificate's version; None where there is no such one."""
    found: UUID | None = await session.scalar(
        select(CertificateRow.organisation_id).where(CertificateRow.number == number, CertificateRow.version == version)
    )
    return found
