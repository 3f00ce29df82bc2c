"""Reads of enquiries: an awarding organisation's own enquirers with keys and requests; whose a key is; what is left today."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.enquiries.models import EnquirerRow, EnquiryKeyRow, EnquiryRow
from certificates.enquiries.rules.keys import Caller, Channel, Check, Key, Organisation, Quota, next_day
from certificates.verification.rules import Verdict
from exam.accounts.rules import Actor, Permission
from exam.kernel.clock import CHINA, china_date
from exam.kernel.crypto import Vault
from exam.kernel.db import Database
from exam.kernel.errors import NotFound

SHOWN: Final = 50
_KEY_LIMIT: Final = 100
_CALLER: Final = text(
    "SELECT k.id, k.enquirer_id, e.purpose FROM certificates.enquiry_keys AS k "
    "JOIN certificates.enquirers AS e ON e.id = k.enquirer_id "
    "WHERE k.key_hash = :hash AND k.revoked_at IS NULL AND k.ends_at > :now AND e.closed_at IS NULL AND e.ends_at > :now"
)


def hash_of(vault: Vault, key: str) -> str:
    """What is kept of a key."""
    return vault.blind(key.strip()[:_KEY_LIMIT], "enquiry key")


async def caller(db: Database, vault: Vault, key: str, now: datetime) -> Caller | None:
    """Whose key this is; an unknown, ended or revoked one is None by the same statement."""
    rows = await db.look_up(_CALLER, {"hash": hash_of(vault, key), "now": now})
    return Caller(rows[0].enquirer_id, rows[0].id, rows[0].purpose) if rows else None


async def organisations(session: AsyncSession, actor: Actor) -> list[Organisation]:
    """Whom the actor's awarding organisations let in, the newest first."""
    own = actor.scope_uuids(Permission.CERTIFICATE_ISSUE, "organisation")
    query = select(EnquirerRow).order_by(EnquirerRow.made_at.desc(), EnquirerRow.id.desc())
    if own is not None:
        query = query.where(EnquirerRow.organisation_id.in_(own))
    return [organisation_of(row) for row in await session.scalars(query)]


async def organisation(session: AsyncSession, actor: Actor, id: UUID) -> Organisation:
    """One of them; NotFound for anybody else's."""
    row = await session.get(EnquirerRow, id, populate_existing=True)
    if row is None or not actor.within(Permission.CERTIFICATE_ISSUE, organisation_id=row.organisation_id):
        raise NotFound
    return organisation_of(row)


async def keys(session: AsyncSession, id: UUID) -> list[Key]:
    """The keys of an organisation, the newest first."""
    query = (
        select(EnquiryKeyRow)
        .where(EnquiryKeyRow.enquirer_id == id)
        .order_by(EnquiryKeyRow.made_at.desc(), EnquiryKeyRow.id.desc())
    )
    return [key_of(row) for row in await session.scalars(query)]


async def checks(session: AsyncSession, id: UUID) -> list[Check]:
    """The latest requests of an organisation."""
    query = (
        select(EnquiryRow)
        .where(EnquiryRow.enquirer_id == id)
        .order_by(EnquiryRow.at.desc(), EnquiryRow.id.desc())
        .limit(SHOWN)
    )
    return [_check(row) for row in await session.scalars(query)]


async def quota(session: AsyncSession, id: UUID, limit: int, now: datetime) -> Quota:
    """What an organisation has used today, in China."""
    used = select(func.coalesce(func.sum(EnquiryRow.rows_count), 0)).where(
        EnquiryRow.enquirer_id == id, EnquiryRow.day == china_date(now)
    )
    return Quota(limit, int((await session.execute(used)).scalar_one()), next_day(now.astimezone(CHINA)))


async def in_last_minute(session: AsyncSession, id: UUID, now: datetime) -> int:
    """How many requests an organisation made in the last minute."""
    query = select(func.count()).where(EnquiryRow.enquirer_id == id, EnquiryRow.at > now - timedelta(minutes=1))
    return int((await session.execute(query)).scalar_one())


def organisation_of(row: EnquirerRow) -> Organisation:
    """The frozen form of a row."""
    return Organisation(**_same(row, ("id", "organisation_id", "name", "contact", "purpose", "quota", "made_at", "ends_at", "closed_at", "reason")))  # fmt: skip


def key_of(row: EnquiryKeyRow) -> Key:
    """The frozen form of a row."""
    values = _same(row, ("id", "prefix", "label", "made_at", "ends_at", "revoked_at", "last_used_at"))
    return Key(**values, organisation_id=row.enquirer_id)


def _check(row: EnquiryRow) -> Check:
    counts = {Verdict(verdict): int(count) for verdict, count in row.counts.items()}
    return Check(at=row.at, channel=Channel(row.channel), reason=row.reason, rows=row.rows_count, counts=counts)


def _same(row: object, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}
