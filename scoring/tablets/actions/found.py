"""The tablet a change is about: found, locked, still in use; and the audit of its changes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.kernel import audit
from exam.kernel.clock import CHINA
from scoring.tablets.models import TabletRow
from scoring.tablets.rules.devices import TabletRevoked, TabletUnknown


async def tablet_row(session: AsyncSession, tablet_id: UUID, *, lock: bool = False) -> TabletRow:
    """The tablet; raises TabletUnknown. `lock`: for one change at a time."""
    query = select(TabletRow).where(TabletRow.id == tablet_id)
    row = await session.scalar((query.with_for_update() if lock else query).execution_options(populate_existing=True))
    if row is None:
        raise TabletUnknown
    return row


def require_active(row: TabletRow) -> None:
    """Refuse a tablet whose key was revoked."""
    if row.revoked_at is not None:
        raise TabletRevoked(label=row.label, at=f"{row.revoked_at.astimezone(CHINA):%Y-%m-%d %H:%M}")


async def record(session: AsyncSession, actor: Actor, action: str, row: TabletRow, now: datetime, **data: Any) -> None:
    """The audit record of a change to a tablet, on the stream of its site."""
    await audit.record(
        session, actor, action, subject="tablet", ids=[row.id], stream=f"site:{row.site_id}", data=data, now=now
    )
