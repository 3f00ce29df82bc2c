"""How the certificates of each batch stand, and what needs an officer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.issuing.models import CertificateRow
from certificates.issuing.queries.eligible import count_eligible, may_issue
from certificates.issuing.rules.records import Certificate as Certificate
from certificates.issuing.rules.status import UNFINISHED, CertificateStatus
from exam.accounts.rules import Actor, Permission
from exam.kernel.errors import N_
from exam.kernel.i18n import Name
from exam.kernel.needs import Need
from exam.registration import queries as registration
from exam.registration.rules import ROAD, Batch, BatchStatus


@dataclass(frozen=True, kw_only=True)
class BatchLine:
    """One batch as the certificate officer sees it."""

    batch: Batch
    eligible: int
    unfinished: int
    issued: int
    ended: int

    @property
    def ready(self) -> bool:
        return may_issue(self.batch.status)

    @property
    def left(self) -> int:
        return self.eligible + self.unfinished


async def batch_lines(session: AsyncSession, actor: Actor) -> list[BatchLine]:
    """The batches that have published results, the newest first, with what is left to do in each."""
    mine = actor.scope_ids(Permission.CERTIFICATE_ISSUE, "organisation")
    reached = ROAD[ROAD.index(BatchStatus.PUBLISHED) :]
    lines = [
        await batch_line(session, actor, batch)
        for batch in await registration.batches(session, reached)
        if mine is None or {str(id) for id in batch.organisation_ids} & mine
    ]
    return sorted(lines, key=lambda line: (line.left == 0, line.batch.last_day))


async def batch_line(session: AsyncSession, actor: Actor, batch: Batch) -> BatchLine:
    """How the certificates of one batch stand."""
    waiting = await count_eligible(session, actor, batch)
    query = (
        select(CertificateRow.status, func.count())
        .where(CertificateRow.batch_id == batch.id)
        .group_by(CertificateRow.status)
    )
    by_status = {CertificateStatus(status): number for status, number in (await session.execute(query)).all()}
    return BatchLine(
        batch=batch,
        eligible=waiting,
        unfinished=sum(by_status.get(status, 0) for status in UNFINISHED),
        issued=by_status.get(CertificateStatus.ISSUED, 0),
        ended=sum(
            by_status.get(status, 0)
            for status in (CertificateStatus.SUPERSEDED, CertificateStatus.REISSUED, CertificateStatus.REVOKED)
        ),
    )


async def needs(session: AsyncSession, actor: Actor, now: datetime) -> list[Need]:
    """Batches whose results are final and whose certificates are not issued; numbers whose certificate is unfinished."""
    if not actor.may(Permission.CERTIFICATE_ISSUE):
        return []
    return [
        Need(
            text=N_("%(batch)s：%(n)s 本证书待颁发"),
            href=f"/certificates/batches/{line.batch.id}",
            count=line.left,
            facts={"batch": Name(line.batch.name_zh, line.batch.name_en)},
        )
        for line in await batch_lines(session, actor)
        if line.ready and line.left
    ]
