"""Reads of badges: who holds which, who has chosen a PIN, what opens a pack."""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts import queries as accounts
from exam.kernel.crypto import Vault
from exam.sittings import queries as sittings
from scoring.marking.queries import ASSESSING
from scoring.tablets.models import AssessorBadgeRow
from scoring.tablets.rules.badges import badge_text
from scoring.tablets.rules.packs import Opener


@dataclass(frozen=True, kw_only=True)
class Badge:
    """One card of one assessor."""

    number: str
    account_id: UUID
    made_at: datetime
    lost_at: datetime | None
    pin_at: datetime | None


def secret_context(number: str) -> str:
    """The associated data under which a badge's secret is sealed."""
    return f"badge:{number}:secret"


def key_context(number: str) -> str:
    """The associated data under which the key of a badge and its PIN is sealed."""
    return f"badge:{number}:key"


async def badges(session: AsyncSession, account_ids: Iterable[UUID]) -> dict[UUID, Badge]:
    """The badge that each of these holds now; nobody who has none."""
    query = select(AssessorBadgeRow).where(
        AssessorBadgeRow.account_id.in_(list(account_ids)), AssessorBadgeRow.lost_at.is_(None)
    )
    return {row.account_id: _badge(row) for row in await session.scalars(query)}


async def badge_numbers(session: AsyncSession, account_id: UUID) -> list[str]:
    """Every badge that somebody held, the newest first: a slip carries the one of its day."""
    query = (
        select(AssessorBadgeRow.number)
        .where(AssessorBadgeRow.account_id == account_id)
        .order_by(AssessorBadgeRow.made_at.desc(), AssessorBadgeRow.number)
    )
    return list(await session.scalars(query))


async def badge_texts(session: AsyncSession, vault: Vault, account_ids: Collection[UUID]) -> dict[UUID, str]:
    """What the QR codes of these people's badges say: for the printed card only."""
    query = select(AssessorBadgeRow.account_id, AssessorBadgeRow.number, AssessorBadgeRow.secret_sealed).where(
        AssessorBadgeRow.account_id.in_(list(account_ids)), AssessorBadgeRow.lost_at.is_(None)
    )
    return {
        row.account_id: badge_text(
            row.number, base64.b64decode(vault.open(row.secret_sealed, secret_context(row.number)))
        )
        for row in await session.execute(query)
    }


async def openers(session: AsyncSession, vault: Vault, account_ids: Collection[UUID]) -> dict[UUID, Opener]:
    """Of these people the badges that open a pack: those with a PIN."""
    query = (
        select(AssessorBadgeRow)
        .where(
            AssessorBadgeRow.account_id.in_(list(account_ids)),
            AssessorBadgeRow.lost_at.is_(None),
            AssessorBadgeRow.pin_at.is_not(None),
        )
        .order_by(AssessorBadgeRow.number)
    )
    names = await accounts.names(session, account_ids)
    found: dict[UUID, Opener] = {}
    for row in await session.scalars(query):
        assert row.salt is not None and row.rounds is not None and row.key_sealed is not None  # by CHECK
        found[row.account_id] = Opener(
            number=row.number, name=names.get(row.account_id, ""), salt=row.salt, rounds=row.rounds,
            key=base64.b64decode(vault.open(row.key_sealed, key_context(row.number))),
        )  # fmt: skip
    return found


async def assessors_of_site(session: AsyncSession, site_id: UUID) -> set[UUID]:
    """Everybody who assesses in a session of this site."""
    found: set[UUID] = set()
    for room in await sittings.room_sessions(session, site_id=site_id):
        found |= {
            one.account_id for one in await sittings.duties(session, room_session_id=room.id) if one.duty in ASSESSING
        }
    return found


def _badge(row: AssessorBadgeRow) -> Badge:
    return Badge(
        number=row.number, account_id=row.account_id, made_at=row.made_at, lost_at=row.lost_at, pin_at=row.pin_at
    )  # fmt: skip
