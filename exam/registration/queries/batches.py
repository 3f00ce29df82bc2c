"""Exam batches, what they offer, and their timeline."""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.catalogue import queries as catalogue
from exam.catalogue.rules.records import Scheme
from exam.kernel.errors import N_, NotFound
from exam.registration.models import BatchMoveRow, BatchRow, BatchSchemeRow
from exam.registration.rules.records import Batch, BatchMove
from exam.registration.rules.status import BatchStatus


class BatchNotFound(NotFound):
    message = N_("没有找到这个批次。")
    way_out = N_("请从批次列表重新进入。")


async def batch(session: AsyncSession, id: UUID) -> Batch:
    """One batch; BatchNotFound when there is none."""
    row = await session.get(BatchRow, id)
    if row is None:
        raise BatchNotFound
    return (await _records(session, [row]))[0]


async def batches(session: AsyncSession, statuses: Iterable[BatchStatus] | None = None) -> list[Batch]:
    """All batches, or those in some statuses; the latest exam days first."""
    query = select(BatchRow).order_by(BatchRow.first_day.desc(), BatchRow.code)
    if statuses is not None:
        query = query.where(BatchRow.status.in_([status.value for status in statuses]))
    return await _records(session, list(await session.scalars(query)))


async def offered(session: AsyncSession, batch: Batch) -> list[Scheme]:
    """The schemes of the certificates and levels that a batch offers."""
    return await catalogue.schemes(session, batch.scheme_ids)


async def batch_moves(session: AsyncSession, batch_id: UUID) -> list[BatchMove]:
    """The timeline of a batch, oldest first."""
    query = select(BatchMoveRow).where(BatchMoveRow.batch_id == batch_id).order_by(BatchMoveRow.at, BatchMoveRow.id)
    return [
        BatchMove(
            from_status=BatchStatus(row.from_status), to_status=BatchStatus(row.to_status), at=row.at, reason=row.reason
        )
        for row in await session.scalars(query)
    ]


async def _records(session: AsyncSession, rows: list[BatchRow]) -> list[Batch]:
    query = select(BatchSchemeRow.batch_id, BatchSchemeRow.scheme_id).where(
        BatchSchemeRow.batch_id.in_([row.id for row in rows])
    )
    schemes: dict[UUID, list[UUID]] = defaultdict(list)
    for batch_id, scheme_id in await session.execute(query.order_by(BatchSchemeRow.scheme_id)):
        schemes[batch_id].append(scheme_id)
    return [_record(row, tuple(schemes[row.id])) for row in rows]


def _record(row: BatchRow, scheme_ids: tuple[UUID, ...]) -> Batch:
    return Batch(
        id=row.id,
        code=row.code,
        name_zh=row.name_zh,
        name_en=row.name_en,
        organisation_ids=tuple(row.organisation_ids),
        province_code=row.province_code,
        status=BatchStatus(row.status),
        registration_opens_at=row.registration_opens_at,
        registration_closes_at=row.registration_closes_at,
        first_day=row.first_day,
        last_day=row.last_day,
        scheme_ids=scheme_ids,
        filing_no=row.filing_no,
    )
