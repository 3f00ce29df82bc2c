"""Reads of share codes: the holder's list, and what a code that was typed or followed lets its reader see."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.sharing.models import ShareRow, ShareUseRow
from certificates.sharing.rules import Share, Shown, Use
from exam.kernel.crypto import Vault
from exam.kernel.db import Database
from exam.kernel.ids import normal_secret

_CODE_LIMIT: Final = 64
_LIVE: Final = text(
    "SELECT id, certificate_id, shows_name, shows_photo FROM certificates.share_codes "
    "WHERE code_hash = :hash AND revoked_at IS NULL AND ends_at > :now"
)


def hash_of(vault: Vault, code: str) -> str:
    """What is kept of a code: a keyed hash, so that a copy of the database opens nothing."""
    return vault.blind(normal_secret(code[:_CODE_LIMIT]), "share code")


async def live(db: Database, vault: Vault, code: str, now: datetime) -> Shown | None:
    """What a code shows now. One that is unknown, ended or revoked is None by the same statement: nothing tells them apart."""
    rows = await db.look_up(_LIVE, {"hash": hash_of(vault, code), "now": now})
    return Shown(rows[0].id, rows[0].certificate_id, rows[0].shows_name, rows[0].shows_photo) if rows else None


async def shares(session: AsyncSession, certificate_id: UUID) -> list[Share]:
    """The codes of a certificate, the newest first, with how often they were opened."""
    query = (
        select(ShareRow)
        .where(ShareRow.certificate_id == certificate_id)
        .order_by(ShareRow.made_at.desc(), ShareRow.id.desc())
    )
    rows = list(await session.scalars(query))
    uses = defaultdict(list)
    counted = select(ShareUseRow).where(ShareUseRow.share_id.in_([row.id for row in rows])).order_by(ShareUseRow.day)
    for use in await session.scalars(counted.execution_options(populate_existing=True)):
        uses[use.share_id].append(use)
    return [share_of(row, uses[row.id]) for row in rows]


def share_of(row: ShareRow, uses: list[ShareUseRow]) -> Share:
    """The frozen form of a row."""
    return Share(
        id=row.id,
        certificate_id=row.certificate_id,
        label=row.label,
        shows_name=row.shows_name,
        shows_photo=row.shows_photo,
        made_at=row.made_at,
        ends_at=row.ends_at,
        revoked_at=row.revoked_at,
        last_used_at=max((use.last_at for use in uses), default=None),
        uses=tuple(Use(use.day, use.count) for use in uses),
    )
