"""Reads of devices: who they are, when they were last heard."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.kernel.i18n import Name
from exam.sittings import queries as sittings
from scoring.tablets.models import TabletRow


@dataclass(frozen=True, kw_only=True)
class TabletRecord:
    """One tablet."""

    id: UUID
    site_id: UUID
    label: str
    public_key: bytes
    registered_at: datetime
    revoked_at: datetime | None
    revocation_reason: str
    seen_at: datetime | None
    last_number: int


async def tablets(
    session: AsyncSession, *, ids: Iterable[UUID] | None = None, site_id: UUID | None = None
) -> list[TabletRecord]:
    """Tablets by label; filters add up."""
    query = select(TabletRow).order_by(TabletRow.label)
    if ids is not None:
        query = query.where(TabletRow.id.in_(list(ids)))
    if site_id is not None:
        query = query.where(TabletRow.site_id == site_id)
    return [
        TabletRecord(
            id=row.id, site_id=row.site_id, label=row.label, public_key=row.public_key, registered_at=row.registered_at,
            revoked_at=row.revoked_at, revocation_reason=row.revocation_reason, seen_at=row.seen_at,
            last_number=row.last_number,
        )
        for row in await session.scalars(query)
    ]  # fmt: skip


async def site_name(session: AsyncSession, site_id: UUID) -> Name:
    """A site as its sessions name it; empty while it has none."""
    rooms = await sittings.room_sessions(session, site_id=site_id)
    return Name(rooms[-1].site_name, rooms[-1].site_name_en) if rooms else Name("", "")


async def site_of_room(session: AsyncSession, room_session_id: UUID) -> UUID:
    """The site of a session; NotFound when there is none."""
    return (await sittings.room_session(session, room_session_id)).site_id
