"""The stop switch: one officer stops all issuing at once; two end the stop, and what waited goes on."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.issuing import queries
from certificates.issuing.actions.releasing import enqueue_groups, group_key
from certificates.issuing.actions.shared import reason_of
from certificates.issuing.models import HaltRow
from certificates.issuing.rules.releases import Halt, NotHalted, SameResumer
from exam.accounts.rules import Actor, Permission
from exam.kernel import audit
from exam.kernel.errors import Forbidden
from exam.kernel.ids import new_id
from exam.kernel.jobs import enqueue_many, given_up

FINISH_JOB: Final = "certificates.finish"
_STREAM: Final = "certificates.halts"


async def halt(session: AsyncSession, actor: Actor, *, reason: str, now: datetime) -> Halt:
    """Stop issuing everywhere. A stop that is in force already stays as it is: pressing twice does no harm."""
    reason = reason_of(reason)
    _require(actor)
    present = await queries.halt_in_force(session)
    if present is not None:
        return present
    row = HaltRow(id=new_id(), reason=reason, halted_by=actor.account_id, halted_at=now)
    session.add(row)
    await session.flush()
    await _record(session, actor, "certificates.halt", row, now, reason)
    return queries.halt_record(row)


async def resume(session: AsyncSession, actor: Actor, *, now: datetime) -> Halt:
    """Agree to go on. The first of two is noted; the second, another person, ends the stop and queues what waited."""
    _require(actor)
    row = await session.scalar(select(HaltRow).where(HaltRow.resumed_at.is_(None)).with_for_update())
    if row is None:
        raise NotHalted
    if row.first_by is None:
        row.first_by, row.first_at = actor.account_id, now
        await session.flush()
        await _record(session, actor, "certificates.resume.first", row, now)
        return queries.halt_record(row)
    if row.first_by == actor.account_id:
        raise SameResumer
    row.resumed_by, row.resumed_at = actor.account_id, now
    await session.flush()
    await _record(session, actor, "certificates.resume", row, now)
    await queue_open(session)
    return queries.halt_record(row)


async def queue_open(session: AsyncSession, release_id: UUID | None = None) -> int:
    """Queue every group and every single certificate that is begun or approved and not finished; returns how many were new.

    A group that was given up after too many failures waits for a person's decision (`kaowu` calls its job parked).
    """
    queued = 0
    for release, groups in sorted((await queries.open_groups(session, release_id)).items()):
        keys = {group_key(release, number): number for number in groups}
        parked = await given_up(session, keys)
        queued += await enqueue_groups(session, release, [number for key, number in keys.items() if key not in parked])
    if release_id is None:
        jobs = [
            ({"certificate_id": str(one.id), "account_id": str(account)}, f"{FINISH_JOB}:{one.id}")
            for one, account in await queries.open_renewals(session)
        ]
        queued += await enqueue_many(session, FINISH_JOB, jobs)
    return queued


def _require(actor: Actor) -> None:
    if actor.account_id is None or not actor.may(Permission.CERTIFICATE_ISSUE):
        raise Forbidden


async def _record(
    session: AsyncSession, actor: Actor, action: str, row: HaltRow, now: datetime, reason: str = ""
) -> None:
    data = {"reason": reason} if reason else {}
    await audit.record(session, actor, action, subject="halt", ids=[row.id], stream=_STREAM, data=data, now=now)
