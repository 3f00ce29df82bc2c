"""The deeds of share codes: a holder makes one, takes one back; somebody opens one."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.issuing.rules.status import CertificateStatus
from certificates.sharing import queries
from certificates.sharing.models import ShareRow, ShareUseRow
from certificates.sharing.rules import (
    AlreadyRevoked,
    NotShareable,
    Share,
    ShareState,
    checked_label,
    end_of,
    require_room,
)
from certificates.verification import queries as verification
from exam.accounts.rules import Actor
from exam.kernel import audit
from exam.kernel.clock import china_date
from exam.kernel.crypto import Vault
from exam.kernel.errors import Forbidden, NotFound
from exam.kernel.ids import new_id, spoken_secret


async def make(
    session: AsyncSession,
    actor: Actor,
    vault: Vault,
    *,
    certificate_id: UUID,
    days: int,
    shows_name: bool,
    shows_photo: bool,
    label: str,
    now: datetime,
) -> tuple[Share, str]:
    """Make a code for a certificate of one's own; returns it with the code, which is kept nowhere."""
    found = await verification.own(session, actor, certificate_id)
    if actor.account_id is None:
        raise Forbidden
    if found.status is not CertificateStatus.ISSUED:
        raise NotShareable
    ends_at, note = end_of(days, now), checked_label(label)
    await _alone(session, certificate_id)
    require_room(await queries.shares(session, certificate_id), now)
    code = spoken_secret()
    row = ShareRow(
        id=new_id(),
        certificate_id=certificate_id,
        code_hash=queries.hash_of(vault, code),
        label=note,
        shows_name=shows_name,
        shows_photo=shows_photo,
        made_by=actor.account_id,
        made_at=now,
        ends_at=ends_at,
    )
    session.add(row)
    await session.flush()
    await _tell(session, actor, "share_made", row, now, days=days, name=shows_name, photo=shows_photo)
    return queries.share_of(row, []), code


async def revoke(
    session: AsyncSession, actor: Actor, *, certificate_id: UUID, share_id: UUID, now: datetime
) -> None:  # fmt: skip
    """Take a code of one's own certificate back, at once; a revoked or replaced certificate's too."""
    await verification.own(session, actor, certificate_id)
    row = await session.get(ShareRow, share_id, with_for_update=True)
    if row is None or row.certificate_id != certificate_id:
        raise NotFound
    if queries.share_of(row, []).state(now) is not ShareState.LIVE:
        raise AlreadyRevoked
    row.revoked_at = now
    await _tell(session, actor, "share_revoked", row, now)


async def count_use(session: AsyncSession, share_id: UUID, *, now: datetime) -> None:
    """Count an opening on its day; nothing is kept of who it was."""
    row = insert(ShareUseRow).values(share_id=share_id, day=china_date(now), count=1, last_at=now)
    once_more = {"count": ShareUseRow.count + 1, "last_at": row.excluded.last_at}
    await session.execute(row.on_conflict_do_update(index_elements=["share_id", "day"], set_=once_more))


async def _alone(session: AsyncSession, certificate_id: UUID) -> None:
    """Two codes asked for at the same time wait for each other, so that the limit holds."""
    key = f"share codes {certificate_id}"
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})


async def _tell(session: AsyncSession, actor: Actor, deed: str, row: ShareRow, now: datetime, **data: object) -> None:
    await audit.record(
        session,
        actor,
        f"certificates.{deed}",
        subject="share_code",
        ids=[row.id, row.certificate_id],
        stream=f"certificate:{row.certificate_id}",
        data=dict(data),
        now=now,
    )
