"""How registrations are moved: locked, their scope checked, every step by the table, one audit record per batch."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.kernel import audit
from exam.kernel.errors import N_, Invalid
from exam.registration.models import BatchRow, RegistrationRow
from exam.registration.queries.registrations import RegistrationNotFound, registrations
from exam.registration.rules.records import Registration
from exam.registration.rules.status import RegistrationStatus, check_registration_move

_R = RegistrationStatus
_ONE_STATEMENT = 20_000


class ReasonMissing(Invalid):
    message = N_("没有填写理由。")
    way_out = N_("请写明理由，理由会告诉院校和考生。")


async def rows_of(session: AsyncSession, ids: Iterable[UUID]) -> list[RegistrationRow]:
    """The rows, locked; RegistrationNotFound when one of them is missing."""
    wanted = list(dict.fromkeys(ids))
    rows: list[RegistrationRow] = []
    for part in _parts(wanted):
        query = select(RegistrationRow).where(RegistrationRow.id.in_(part)).order_by(RegistrationRow.id)
        rows += await session.scalars(query.with_for_update().execution_options(populate_existing=True))
    if len(rows) != len(wanted):
        raise RegistrationNotFound
    return rows


def _parts(ids: Sequence[UUID]) -> Iterable[Sequence[UUID]]:
    return (ids[start : start + _ONE_STATEMENT] for start in range(0, len(ids), _ONE_STATEMENT))


def check_institution(actor: Actor, permission: Permission, rows: Iterable[RegistrationRow]) -> None:
    """Every row is of an institution in which the actor may do this."""
    for institution_id in {row.institution_id for row in rows}:
        actor.require(permission, institution_id=institution_id)


async def check_officer(
    session: AsyncSession,
    actor: Actor,
    rows: Sequence[RegistrationRow],
    permission: Permission = Permission.REGISTRATION_ACCEPT,
) -> None:
    """The officer's organisation owns the certificate of every row."""
    query = select(BatchRow.id, BatchRow.province_code).where(BatchRow.id.in_({row.batch_id for row in rows}))
    provinces = {row[0]: row[1] for row in await session.execute(query)}
    schemes = await catalogue.schemes(session, {row.scheme_id for row in rows})
    owners = {scheme.id: scheme.organisation_id for scheme in schemes}
    for scheme_id, batch_id in {(row.scheme_id, row.batch_id) for row in rows}:
        actor.require(permission, organisation_id=owners[scheme_id], province_code=provinces[batch_id])


async def walk(
    session: AsyncSession,
    actor: Actor,
    rows: Sequence[RegistrationRow],
    steps: Callable[[RegistrationRow], tuple[RegistrationStatus, ...]],
    *,
    action: str,
    now: datetime,
    reason: str = "",
    receipt: str | None = None,
    data: Mapping[str, Any] | None = None,
) -> list[Registration]:
    """Walk every row along its steps, each checked by the table; one refused row stops all."""
    moved: Counter[str] = Counter()
    for row in rows:
        for step in steps(row):
            check_registration_move(_R(row.status), step)
            row.status = step.value
        row.return_reason = reason
        row.fee_receipt = row.fee_receipt if receipt is None else receipt
        moved[row.status] += 1
    await session.flush()
    await record(session, actor, rows, action, {**(data or {}), "to": dict(moved), "reason": reason}, now)
    return await registrations(session, ids=[row.id for row in rows])


async def record(
    session: AsyncSession,
    actor: Actor,
    rows: Sequence[RegistrationRow],
    action: str,
    data: Mapping[str, Any],
    now: datetime,
) -> None:
    """One audit record per batch that the rows belong to."""
    by_batch: dict[UUID, list[UUID]] = {}
    for row in rows:
        by_batch.setdefault(row.batch_id, []).append(row.id)
    for batch_id, ids in by_batch.items():
        await audit.record(
            session, actor, f"registration.{action}", subject="registration", ids=ids, stream=f"batch:{batch_id}",
            data=data, now=now,
        )  # fmt: skip
