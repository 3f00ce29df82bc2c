"""A person leaves the ledger: one officer asks, another decides; then the salts of the certificate are gone.

What is left in the ledger is a number that nobody can open any more. The hashes, and every proof, stay as they were.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.ledger.models import ChainRow, ErasureRow, LeafRow
from certificates.ledger.rules import ErasureStatus
from exam.accounts.rules import Actor, Permission
from exam.kernel import audit
from exam.kernel.errors import N_, Conflict, Forbidden, Invalid, NotFound, Problem
from exam.kernel.ids import new_id

STREAM = "certificates.ledger"


class NothingToErase(Conflict):
    """No entry of this certificate can still be opened."""

    message = N_("登记簿里没有 %(number)s 第 %(version)s 版可以抹除的条目。")
    way_out = N_("请核对证书编号和版本；已经抹除的不必再次申请。")


class AlreadyAsked(Conflict):
    """The erasure was asked for before."""

    message = N_("%(number)s 的抹除已经有人申请。")
    way_out = N_("请由另一人在登记簿页上决定。")


class SamePerson(Forbidden):
    """Who asks does not decide."""

    message = N_("抹除须由两人办理：提出申请的人不能自己决定。")
    way_out = N_("请另一名有权限的人决定。")


async def ask_erasure(
    session: AsyncSession, actor: Actor, *, number: str, version: int, organisation_id: UUID, reason: str, now: datetime
) -> UUID:
    """Ask that the salts of a certificate's version be erased; `organisation_id`: whose certificate it is."""
    _require(actor, organisation_id)
    if not reason.strip():
        raise Invalid(problems=[Problem(message=N_("请写明理由。"), field="reason", code="missing")])
    certificate_id = await session.scalar(
        select(LeafRow.certificate_id)
        .where(LeafRow.number == number, LeafRow.version == version, LeafRow.salt.is_not(None))
        .limit(1)
    )
    if certificate_id is None:
        raise NothingToErase(number=number, version=version)
    row = ErasureRow(
        id=new_id(), certificate_id=certificate_id, organisation_id=organisation_id, number=number, version=version, status=str(ErasureStatus.ASKED), reason=reason.strip(),
        asked_by=actor.account_id, asked_at=now, decided_by=None, decided_at=None,
    )  # fmt: skip
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise AlreadyAsked(number=number) from error
    await _record(session, actor, "ledger.ask_erasure", row, now)
    return row.id


async def decide_erasure(session: AsyncSession, actor: Actor, *, erasure_id: UUID, grant: bool, now: datetime) -> None:
    """Grant the erasure, and the salts go at once; or refuse it."""
    row = await session.get(ErasureRow, erasure_id, with_for_update=True)
    if row is None:
        raise NotFound
    _require(actor, row.organisation_id)
    if row.status != str(ErasureStatus.ASKED):
        raise Conflict
    if row.asked_by == actor.account_id:
        raise SamePerson
    row.status = str(ErasureStatus.GRANTED if grant else ErasureStatus.REFUSED)
    row.decided_by, row.decided_at = actor.account_id, now
    await session.flush()
    if grant:
        for table in (LeafRow, ChainRow):
            await session.execute(
                update(table)
                .where(table.certificate_id == row.certificate_id, table.salt.is_not(None))
                .values(salt=None)
                .execution_options(synchronize_session=False)
            )
    await _record(session, actor, "ledger.erase" if grant else "ledger.refuse_erasure", row, now)


def _require(actor: Actor, organisation_id: UUID) -> None:
    actor.require(Permission.CERTIFICATE_REVOKE, organisation_id=organisation_id)
    if actor.account_id is None:
        raise Forbidden


async def _record(session: AsyncSession, actor: Actor, action: str, row: ErasureRow, now: datetime) -> None:
    await audit.record(
        session, actor, action, subject="ledger_erasure", ids=[row.id], stream=STREAM,
        data={"number": row.number, "reason": row.reason, "certificate_id": str(row.certificate_id)}, now=now,
    )  # fmt: skip
