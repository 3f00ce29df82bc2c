"""How many of a batch are due a place, counted in the database: by scheme, by institution, of those with the same needs."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select, union
from sqlalchemy.ext.asyncio import AsyncSession

from exam.registration.models import ExemptionRow, RegistrationRow, RetainedPartRow
from exam.registration.queries.registrations import in_statuses
from exam.registration.rules.status import RegistrationStatus

_R = RegistrationRow
_DUE = tuple(status for status in RegistrationStatus if status.confirmed and status is not RegistrationStatus.OUTCOME)


@dataclass(frozen=True, kw_only=True)
class Due:
    """How many registrations of one scheme are due a place in a batch."""

    scheme_id: UUID
    candidates_count: int
    institutions_count: int
    social_count: int  # of no institution
    spared: Mapping[UUID, int]  # component -> how many need not sit it: exempt, or retained


async def due(session: AsyncSession, batch_id: UUID) -> list[Due]:
    """Who is due a place in a batch (3.4), by scheme."""
    query = (
        select(
            _R.scheme_id,
            func.count(),
            func.count(_R.institution_id.distinct()),
            func.count().filter(_R.institution_id.is_(None)),
        )
        .where(_due(batch_id))
        .group_by(_R.scheme_id)
        .order_by(_R.scheme_id)
    )
    rows = (await session.execute(query)).all()
    spared = await _spared(session, batch_id) if rows else {}
    return [
        Due(
            scheme_id=scheme_id,
            candidates_count=people,
            institutions_count=schools,
            social_count=social,
            spared=spared.get(scheme_id, {}),
        )
        for scheme_id, people, schools, social in rows
    ]


async def homes(session: AsyncSession, batch_id: UUID) -> dict[UUID, UUID | None]:
    """Registration -> institution (None: of no institution), of everybody in a batch."""
    rows = (await session.execute(select(_R.id, _R.institution_id).where(_R.batch_id == batch_id))).all()
    return {id: home for id, home in rows}  # noqa: C416 - rows are no pairs to a type checker


async def alike(
    session: AsyncSession, batch_id: UUID, *, institution_id: UUID | None, scheme_id: UUID, prefecture_code: str
) -> int:
    """How many of an institution (or of no one) and a prefecture are due a place for a scheme."""
    query = (
        select(func.count())
        .select_from(_R)
        .where(
            _due(batch_id),
            _R.institution_id.is_not_distinct_from(institution_id),
            _R.scheme_id == scheme_id,
            _R.prefecture_code == prefecture_code,
        )
    )
    return int(await session.scalar(query) or 0)


async def _spared(session: AsyncSession, batch_id: UUID) -> dict[UUID, dict[UUID, int]]:
    parts = union(
        select(ExemptionRow.registration_id, ExemptionRow.component_id),
        select(RetainedPartRow.registration_id, RetainedPartRow.component_id),
    ).subquery()
    query = (
        select(_R.scheme_id, parts.c.component_id, func.count())
        .join(parts, parts.c.registration_id == _R.id)
        .where(_due(batch_id))
        .group_by(_R.scheme_id, parts.c.component_id)
    )
    found: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    for scheme_id, component_id, count in await session.execute(query):
        found[scheme_id][component_id] = count
    return dict(found)


def _due(batch_id: UUID) -> ColumnElement[bool]:
    return and_(_R.batch_id == batch_id, in_statuses(_DUE))
