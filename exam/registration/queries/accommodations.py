"""Accommodations of registrations: what is done for everybody who must know it, why only for who decides and for the candidate."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.kernel.crypto import Vault
from exam.kernel.errors import N_, NotFound
from exam.registration.models import AccommodationRow, RegistrationRow
from exam.registration.rules.accommodations import Accommodation, AccommodationStatus, Measures

_TEXTS: Final = ("reason", "evidence", "decision", "withdrawal")


class AccommodationNotFound(NotFound):
    message = N_("没有找到这份便利措施申请。")
    way_out = N_("请从报名页面重新进入。")


def text_context(id: UUID, name: str) -> str:
    """The associated data under which a text of a request is sealed."""
    return f"accommodation:{id}:{name}"


async def accommodations(
    session: AsyncSession, registration_ids: Iterable[UUID], *, vault: Vault | None = None
) -> list[Accommodation]:
    """The requests of some registrations, newest first; with `vault` their texts are opened."""
    query = select(AccommodationRow).where(AccommodationRow.registration_id.in_(list(registration_ids)))
    query = query.order_by(AccommodationRow.asked_at.desc(), AccommodationRow.id)
    return [accommodation_record(row, vault) for row in await session.scalars(query)]


async def accommodations_of(
    session: AsyncSession, batch_id: UUID, *, institution_id: UUID | None = None
) -> list[Accommodation]:
    """The requests of a batch, or of one institution in it: who waits first, then the newest. No texts."""
    query = select(AccommodationRow).join(RegistrationRow, RegistrationRow.id == AccommodationRow.registration_id)
    query = query.where(RegistrationRow.batch_id == batch_id)
    if institution_id is not None:
        query = query.where(RegistrationRow.institution_id == institution_id)
    waits = AccommodationRow.status == AccommodationStatus.ASKED.value
    query = query.order_by(waits.desc(), AccommodationRow.asked_at.desc(), AccommodationRow.id)
    return [accommodation_record(row, None) for row in await session.scalars(query)]


async def accommodations_waiting(session: AsyncSession, batch_ids: Iterable[UUID]) -> dict[UUID, int]:
    """How many requests of each batch wait for a decision."""
    query = (
        select(RegistrationRow.batch_id, func.count())
        .join(AccommodationRow, AccommodationRow.registration_id == RegistrationRow.id)
        .where(
            RegistrationRow.batch_id.in_(list(batch_ids)), AccommodationRow.status == AccommodationStatus.ASKED.value
        )
        .group_by(RegistrationRow.batch_id)
    )
    return {row[0]: row[1] for row in await session.execute(query)}


def accommodation_record(row: AccommodationRow, vault: Vault | None) -> Accommodation:
    """A row as its record."""
    texts = {
        name: vault.open(sealed, text_context(row.id, name))
        for name in _TEXTS
        if vault is not None and (sealed := getattr(row, f"{name}_sealed"))
    }
    return Accommodation(
        id=row.id,
        registration_id=row.registration_id,
        measures=Measures(row.extra_percent, row.own_room, row.ground_floor),
        version=row.version,
        status=AccommodationStatus(row.status),
        asked_by=row.asked_name,
        asked_at=row.asked_at,
        decided_by=row.decided_name,
        decided_at=row.decided_at,
        withdrawn_by=row.withdrawn_name,
        withdrawn_at=row.withdrawn_at,
        **texts,
    )
