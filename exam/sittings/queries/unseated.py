"""Candidates without a seat: confirmed registrations of a published batch that lack a sitting for a part they have to sit.

Why nobody placed them is scheduling's to say; here stands who they are, so that nobody is overlooked on the day.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from exam.registration import queries as registration
from exam.registration.rules import Registration, RegistrationStatus

_DUE = sorted(
    status.value for status in RegistrationStatus if status.confirmed and status is not RegistrationStatus.OUTCOME
)
_MISSING = """
    SELECT r.id, c.id AS component_id, c.name_zh, c.name_en, r.batch_id FROM exam.registrations r
    JOIN exam.components c ON c.scheme_id = r.scheme_id
    WHERE r.batch_id = ANY(:batches) AND r.status = ANY(:due)
    AND (:prefecture = '' OR r.prefecture_code = :prefecture)
    AND (CAST(:component AS uuid) IS NULL OR c.id = :component)
    AND EXISTS (SELECT FROM exam.sittings s WHERE s.batch_id = r.batch_id)
    AND NOT EXISTS (SELECT FROM exam.sittings s WHERE s.registration_id = r.id AND s.component_id = c.id)
    AND NOT EXISTS (SELECT FROM exam.exemptions e WHERE e.registration_id = r.id AND e.component_id = c.id)
    AND NOT EXISTS (SELECT FROM exam.retained_parts p WHERE p.registration_id = r.id AND p.component_id = c.id)
"""


@dataclass(frozen=True)
class Part:
    """A component somebody has no seat for."""

    id: UUID
    name_zh: str
    name_en: str


@dataclass(frozen=True)
class Unseated:
    """A candidate and the parts that lack a seat."""

    person: Registration
    parts: tuple[Part, ...]


async def unseated(
    session: AsyncSession, batch_ids: Iterable[UUID], *, prefecture_code: str = "", component_id: UUID | None = None
) -> list[Unseated]:
    """Who lacks a seat, by name; nobody in a batch that is not published."""
    values = {"batches": list(batch_ids), "due": _DUE, "prefecture": prefecture_code, "component": component_id}
    found: dict[UUID, list[Part]] = {}
    for row in await session.execute(text(_MISSING + " ORDER BY r.id, c.seq"), values):
        found.setdefault(row.id, []).append(Part(row.component_id, row.name_zh, row.name_en))
    if not found:
        return []
    people = await registration.registrations(session, ids=found)
    return [Unseated(one, tuple(found[one.id])) for one in sorted(people, key=lambda one: (one.name_sort, str(one.id)))]


async def unseated_count(
    session: AsyncSession, batch_ids: Iterable[UUID], *, prefecture_code: str = "", component_id: UUID | None = None
) -> int:
    """How many candidates lack a seat."""
    values = {"batches": list(batch_ids), "due": _DUE, "prefecture": prefecture_code, "component": component_id}
    count = await session.scalar(text(f"SELECT count(DISTINCT missing.id) FROM ({_MISSING}) missing"), values)
    return int(count or 0)
