"""How many people are registered for what, by institution: what places for exams are planned from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.catalogue.rules import Level
from exam.registration.models import RegistrationRow
from exam.registration.queries.registrations import live


@dataclass(frozen=True, kw_only=True)
class Registered:
    """Registrations that still count, of one institution (or of members of society of one prefecture)."""

    institution_id: UUID | None
    prefecture_code: str
    certificate_id: UUID
    level: Level
    count: int


async def registered(session: AsyncSession, batch_ids: Iterable[UUID]) -> list[Registered]:
    """The registrations of these batches that still count, counted; no names."""
    row = RegistrationRow
    columns = (row.institution_id, row.prefecture_code, row.certificate_id, row.level)
    query = select(*columns, func.count()).where(row.batch_id.in_(list(batch_ids)), live()).group_by(*columns)
    return [
        Registered(
            institution_id=institution_id,
            prefecture_code=prefecture_code,
            certificate_id=certificate_id,
            level=Level(level),
            count=count,
        )
        for institution_id, prefecture_code, certificate_id, level, count in await session.execute(
            query.order_by(*columns)
        )
    ]
