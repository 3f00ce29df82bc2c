"""Badges of assessors: made for those on duty, opened by a PIN that only they know, replaced when lost."""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.kernel import audit
from exam.kernel.crypto import Vault
from scoring.tablets import queries
from scoring.tablets.models import AssessorBadgeRow
from scoring.tablets.queries.cards import key_context, secret_context
from scoring.tablets.rules.badges import (
    ROUNDS,
    SALT_BYTES,
    SECRET_BYTES,
    BadgeReasonMissing,
    NoBadge,
    NotOnDutyHere,
    badge_number,
    require_pin,
    wrap_key,
)


async def give_badges(
    session: AsyncSession, vault: Vault, actor: Actor, *, site_id: UUID, account_ids: Sequence[UUID], now: datetime
) -> None:
    """Make badges for those assessors of a site who have none. Doing it twice changes nothing.

    :raises NotOnDutyHere: for somebody who does not assess at this site
    """
    actor.require(Permission.SITE_RUN, site_id=site_id)
    await _require_duty(session, site_id, account_ids)
    held = await queries.badges(session, account_ids)
    for account_id in sorted(set(account_ids) - set(held)):
        await _make(session, vault, actor, account_id, now)


async def record_print(
    session: AsyncSession, actor: Actor, *, site_id: UUID, account_ids: Sequence[UUID], now: datetime
) -> None:
    """Badges are printed with their secrets: by whom and when stays."""
    actor.require(Permission.SITE_RUN, site_id=site_id)
    await audit.record(
        session, actor, "tablets.print_badges", subject="account", ids=sorted(account_ids, key=str),
        stream=f"site:{site_id}", now=now,
    )  # fmt: skip


async def own_badge(session: AsyncSession, vault: Vault, actor: Actor, *, now: datetime) -> None:
    """Make the actor's own badge if there is none: a PIN belongs to one."""
    actor.require(Permission.SHEET_SCORE)
    assert actor.account_id is not None
    if actor.account_id not in await queries.badges(session, [actor.account_id]):
        await _make(session, vault, actor, actor.account_id, now)


async def choose_pin(
    session: AsyncSession, vault: Vault, actor: Actor, *, pin: str, again: str, now: datetime, rounds: int = ROUNDS
) -> None:
    """Choose the PIN of the own badge. Packs that tablets hold already open with the old one until they are asked for anew.

    :raises PinMalformed, PinsDiffer, PinTooEasy: nothing is changed
    """
    require_pin(pin, again)
    await own_badge(session, vault, actor, now=now)
    row = await _live(session, actor.account_id)
    salt = secrets.token_bytes(SALT_BYTES)
    secret = base64.b64decode(vault.open(row.secret_sealed, secret_context(row.number)))
    key = await asyncio.to_thread(wrap_key, pin, salt, secret, rounds)
    row.salt, row.rounds, row.pin_at = salt, rounds, now
    row.key_sealed = vault.seal(base64.b64encode(key).decode(), key_context(row.number))
    await session.flush()
    await _record(session, actor, "tablets.choose_pin", row, now)


async def reset_pin(
    session: AsyncSession, actor: Actor, *, site_id: UUID, account_id: UUID, reason: str, now: datetime
) -> None:
    """Forget an assessor's PIN: the badge opens nothing until a new one is chosen."""
    row = await _of_site(session, actor, site_id, account_id, reason)
    row.salt = row.rounds = row.key_sealed = row.pin_at = None
    await session.flush()
    await _record(session, actor, "tablets.reset_pin", row, now, reason=reason.strip())


async def replace_badge(
    session: AsyncSession, vault: Vault, actor: Actor, *, site_id: UUID, account_id: UUID, reason: str, now: datetime
) -> None:
    """A lost badge: it opens nothing more, and there is a new one with another number, for which a PIN must be chosen."""
    row = await _of_site(session, actor, site_id, account_id, reason)
    row.lost_at, row.lost_by, row.lost_reason = now, actor.name, reason.strip()
    row.salt = row.rounds = row.key_sealed = row.pin_at = None
    await session.flush()
    await _record(session, actor, "tablets.lose_badge", row, now, reason=row.lost_reason)
    await _make(session, vault, actor, account_id, now)


async def _of_site(
    session: AsyncSession, actor: Actor, site_id: UUID, account_id: UUID, reason: str
) -> AssessorBadgeRow:
    actor.require(Permission.SITE_RUN, site_id=site_id)
    if not reason.strip():
        raise BadgeReasonMissing
    await _require_duty(session, site_id, [account_id])
    return await _live(session, account_id)


async def _require_duty(session: AsyncSession, site_id: UUID, account_ids: Collection[UUID]) -> None:
    if not set(account_ids) <= await queries.assessors_of_site(session, site_id):
        raise NotOnDutyHere


async def _live(session: AsyncSession, account_id: UUID | None) -> AssessorBadgeRow:
    query = select(AssessorBadgeRow).where(
        AssessorBadgeRow.account_id == account_id, AssessorBadgeRow.lost_at.is_(None)
    )
    row = await session.scalar(query.with_for_update().execution_options(populate_existing=True))
    if row is None:
        raise NoBadge
    return row


async def _make(session: AsyncSession, vault: Vault, actor: Actor, account_id: UUID, now: datetime) -> None:
    number = badge_number(secrets.randbits(40))
    secret = base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
    row = AssessorBadgeRow(
        number=number, account_id=account_id, secret_sealed=vault.seal(secret, secret_context(number)),
        made_by=actor.name, made_at=now, lost_at=None, lost_by="", lost_reason="", salt=None, rounds=None,
        key_sealed=None, pin_at=None,
    )  # fmt: skip
    session.add(row)
    await session.flush()
    await _record(session, actor, "tablets.make_badge", row, now)


async def _record(
    session: AsyncSession, actor: Actor, action: str, row: AssessorBadgeRow, now: datetime, **data: str
) -> None:
    await audit.record(
        session, actor, action, subject="assessor_badge", ids=[row.account_id], stream=f"account:{row.account_id}",
        data={"badge": row.number, **data}, now=now,
    )  # fmt: skip
