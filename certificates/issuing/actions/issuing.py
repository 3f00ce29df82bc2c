"""From a reserved number to an issued certificate: the signed bytes are stored, the platform is queued (3.7).

A worker that was cut off and comes back late finds its certificates further on than it left them: what it drew is not
taken, and nothing is issued twice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.issuing import queries
from certificates.issuing.actions.shared import id_context, locked, record_of_row, stream
from certificates.issuing.models import CertificateRow
from certificates.issuing.rules.face import Face
from certificates.issuing.rules.status import (
    RENEWED,
    CertificateStatus,
    RenewalKind,
    move,
)
from certificates.platform import actions as platform
from certificates.platform.actions import ToRegister
from certificates.platform.rules import PlatformRecord
from exam.accounts.rules import Actor, Permission
from exam.kernel import audit
from exam.kernel.crypto import Vault
from exam.kernel.errors import N_, Conflict, Problem

S = CertificateStatus


class OutcomeChanged(Conflict):
    """The outcome that a number was taken for no longer stands."""

    message = N_("证书 %(number)s 对应的成绩已经变更，不能颁发。")
    way_out = N_("请先核对成绩；若不应发证，请作废这个编号并写明理由。")

    @classmethod
    def problem(cls, number: str) -> Problem:
        """The same as one line of a run's report."""
        return Problem(message=cls.message, facts={"number": number}, way_out=cls.way_out, code=cls.__name__)


@dataclass(frozen=True)
class Issued:
    """How many certificates were issued, and the numbers that were held back because their outcome changed."""

    count: int
    blocked: tuple[str, ...]

    def __add__(self, other: Issued) -> Issued:
        return Issued(self.count + other.count, self.blocked + other.blocked)


async def store(session: AsyncSession, actor: Actor, *, signed: Mapping[UUID, str], now: datetime) -> int:
    """Note that the signed bytes of these certificates stand in the file store under their hash.

    Only those that still wait for it: the rest was stored by another worker meanwhile. Returns how many were noted.
    """
    rows = [row for row in await locked(session, signed) if S(row.status) in (S.NUMBERED, S.RENDERED)]
    for row in rows:
        status = move(row.number, S(row.status), S.RENDERED) if S(row.status) is S.NUMBERED else S(row.status)
        row.status = move(row.number, status, S.SIGNED)
        row.sha256, row.signed_at = signed[row.id], now
    await session.flush()
    if rows:
        await audit.record(
            session,
            actor,
            "certificates.sign",
            subject="certificate",
            ids=[row.id for row in rows],
            stream=stream(rows[0].batch_id),
            data={"sha256": [row.sha256 for row in rows]},
            now=now,
        )
    return len(rows)


async def issue(session: AsyncSession, actor: Actor, vault: Vault, *, ids: Sequence[UUID], now: datetime) -> Issued:
    """Issue signed certificates: registration on the platform queued, older version ended, as one.

    Raises `Halted` while issuing is stopped.
    """
    await queries.require_running(session)
    signed = [row for row in await locked(session, ids) if S(row.status) is S.SIGNED]
    standing = await queries.standing(session, {row.outcome_id for row in signed})
    rows = [row for row in signed if row.outcome_id in standing]
    for organisation_id in sorted({row.organisation_id for row in rows}):
        actor.require(Permission.CERTIFICATE_ISSUE, organisation_id=organisation_id)
    for row in rows:
        if row.renewal:
            await _end_older(session, row, now)
        row.status = move(row.number, S(row.status), S.ISSUED)
        row.issued_at, row.issued_by = now, actor.account_id
    await session.flush()
    await platform.queue(session, vault, [_to_register(vault, row) for row in rows], now=now)
    if rows:
        await audit.record(
            session,
            actor,
            "certificates.issue",
            subject="certificate",
            ids=[row.id for row in rows],
            stream=stream(rows[0].batch_id),
            now=now,
            data={"numbers": [row.number for row in rows], "sha256": [row.sha256 for row in rows]},
        )
    return Issued(len(rows), tuple(row.number for row in signed if row.outcome_id not in standing))


async def _end_older(session: AsyncSession, row: CertificateRow, now: datetime) -> None:
    older = (
        await session.scalars(
            select(CertificateRow)
            .where(CertificateRow.number == row.number, CertificateRow.status == str(S.ISSUED))
            .with_for_update()
        )
    ).one()
    older.status = move(older.number, S.ISSUED, RENEWED[RenewalKind(row.renewal)])
    older.ended_at, older.reason = now, row.reason
    await session.flush()
    await platform.mark_renewed(session, older.id)


async def records(session: AsyncSession, vault: Vault, ids: Collection[UUID]) -> dict[UUID, dict[str, Any]]:
    """What the ledger committed to for these versions, the ID number open, by certificate: for drawing them."""
    query = select(CertificateRow).where(CertificateRow.id.in_(list(ids)))
    return {row.id: record_of_row(vault, row) for row in await session.scalars(query)}


def _to_register(vault: Vault, row: CertificateRow) -> ToRegister:
    face = Face.from_data(row.face)
    record = PlatformRecord(
        number=row.number,
        version=row.version,
        holder_name=face.holder_name,
        id_type=face.id_type_zh,
        id_number=vault.open(row.id_sealed, id_context(row.id)),
        certificate_code=face.certificate_code,
        certificate_name=face.certificate_name_zh,
        level=face.level_zh,
        organisation_code=face.organisation_code,
        organisation_name=face.organisation_name_zh,
        institution_name=face.institution_zh,
        batch_code=face.batch_code,
        issued_on=face.issued_on,
        sha256=row.sha256 or "",
    )
    return ToRegister(certificate_id=row.id, batch_id=row.batch_id, organisation_id=row.organisation_id, record=record)
