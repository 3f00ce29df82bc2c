"""Reads that stand before a migration: plain statements, because the tables may be those of an older version."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from exam.deployment.rules import CALM, NearSession, Override

_NEAR = text(
    "SELECT starts_at, site_name, room_name FROM exam.room_sessions"
    " WHERE status <> 'closed' AND starts_at < :until AND ends_at > :now ORDER BY starts_at, site_name, room_name"
)
_OVERRIDES = text(
    "SELECT id, fingerprint, reason, first_by, first_name, first_at, second_by, second_name, second_at"
    " FROM exam.deployment_overrides WHERE fingerprint = :fingerprint ORDER BY first_at DESC, id"
)


async def revision(session: AsyncSession) -> str | None:
    """The schema's version; None for a database without one: there is nothing yet that a migration could disturb."""
    if not await _exists(session, "public.alembic_version"):
        return None
    found: str | None = await session.scalar(text("SELECT version_num FROM alembic_version"))
    return found


async def near(session: AsyncSession, now: datetime) -> list[NearSession]:
    """Sessions that run, or start within a day, by time."""
    if not await _exists(session, "exam.room_sessions"):
        return []
    rows = await session.execute(_NEAR, {"now": now, "until": now + CALM})
    return [NearSession(starts_at=row.starts_at, site_name=row.site_name, room_name=row.room_name) for row in rows]


async def overrides(session: AsyncSession, fingerprint: str) -> list[Override]:
    """What was signed for a version, the newest first."""
    if not await _exists(session, "exam.deployment_overrides"):
        return []
    return [Override(**row._asdict()) for row in await session.execute(_OVERRIDES, {"fingerprint": fingerprint})]


async def running(session: AsyncSession) -> str | None:
    """The version that began to run last; None where none was ever noted."""
    if not await _exists(session, "exam.deployments"):
        return None
    found: str | None = await session.scalar(
        text("SELECT fingerprint FROM exam.deployments ORDER BY at DESC, id DESC LIMIT 1")
    )
    return found


async def _exists(session: AsyncSession, name: str) -> bool:
    return await session.scalar(text("SELECT to_regclass(:name)"), {"name": name}) is not None
