"""Corrections of attendance that were made after a session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.sittings.models import AmendmentRow
from exam.sittings.rules import SittingStatus


@dataclass(frozen=True)
class Amendment:
    """One correction."""

    from_status: SittingStatus
    to_status: SittingStatus
    reason: str
    by_name: str
    at: datetime


async def amendments(session: AsyncSession, sitting_id: UUID) -> list[Amendment]:
    """The corrections of one sitting, oldest first."""
    query = select(AmendmentRow).where(AmendmentRow.sitting_id == sitting_id).order_by(AmendmentRow.at, AmendmentRow.id)
    return [
        Amendment(SittingStatus(row.from_status), SittingStatus(row.to_status), row.reason, row.by_name, row.at)
        for row in await session.scalars(query)
    ]
