"""Rosters that were registered, and the sealed result of a check that found something."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.kernel.crypto import Vault
from exam.kernel.errors import N_, NotFound
from exam.registration.models import RosterCheckRow, RosterRow
from exam.registration.rules.roster import RosterResult


class CheckNotFound(NotFound):
    message = N_("这次检查的结果已经不在了。")
    way_out = N_("检查结果保留 7 天；请重新导入名单。")


@dataclass(frozen=True, kw_only=True)
class RosterNote:
    """A roster that was registered."""

    id: UUID
    filename: str
    sha256: str
    rows_count: int
    imported_at: datetime


@dataclass(frozen=True, kw_only=True)
class RosterCheck:
    """A kept check: where it belongs and what it found."""

    id: UUID
    batch_id: UUID
    institution_id: UUID
    expires_at: datetime
    result: RosterResult


def check_context(id: UUID) -> str:
    """The associated data under which a check is sealed."""
    return f"roster_check:{id}"


async def rosters(session: AsyncSession, *, batch_id: UUID, institution_id: UUID) -> list[RosterNote]:
    """What an institution has registered in a batch, latest first."""
    query = (
        select(RosterRow)
        .where(RosterRow.batch_id == batch_id, RosterRow.institution_id == institution_id)
        .order_by(RosterRow.imported_at.desc())
    )
    return [
        RosterNote(
            id=row.id,
            filename=row.filename,
            sha256=row.sha256,
            rows_count=row.rows_count,
            imported_at=row.imported_at,
        )
        for row in await session.scalars(query)
    ]


async def check(session: AsyncSession, vault: Vault, actor: Actor, id: UUID, now: datetime) -> RosterCheck:
    """A kept check of the actor's institution; CheckNotFound when it has gone."""
    row = await session.get(RosterCheckRow, id)
    if row is None or row.expires_at <= now:
        raise CheckNotFound
    actor.require(Permission.ROSTER_IMPORT, institution_id=row.institution_id)
    body = vault.open(row.sealed, check_context(id))
    return RosterCheck(
        id=row.id,
        batch_id=row.batch_id,
        institution_id=row.institution_id,
        expires_at=row.expires_at,
        result=msgspec.json.decode(body.encode(), type=RosterResult),
    )
