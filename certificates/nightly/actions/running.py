"""A run begins, notes what it read, ends. What it found stands in the audit log; the readings themselves are written over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.nightly import queries
from certificates.nightly.models import CheckRow, ReadingRow
from certificates.nightly.queries import Check
from certificates.nightly.queries.runs import check_of
from certificates.nightly.rules import Difference, share
from exam.accounts.rules import SYSTEM, Actor, Permission
from exam.kernel import audit, jobs
from exam.kernel.errors import Forbidden
from exam.kernel.ids import new_id

NIGHTLY_JOB: Final = "certificates.nightly_check"
STREAM: Final = "certificates.nightly"


async def ask(session: AsyncSession, actor: Actor) -> bool:
    """Queue a run that reads everything; False when one already waits or runs."""
    if not actor.may(Permission.CERTIFICATE_ISSUE):
        raise Forbidden
    payload = {"whole": True, "asked_by": str(actor.account_id) if actor.account_id else None}
    return await jobs.enqueue(session, NIGHTLY_JOB, payload, dedupe=NIGHTLY_JOB)


async def begin(session: AsyncSession, *, now: datetime, whole: bool = False, asked_by: UUID | None = None) -> Check:
    """The run that is open, or a new one: `whole` reads every file, else a night's share."""
    opened = await queries.open_check(session)
    if opened is not None:
        return opened
    stands = await queries.standing(session)
    due = stands.total if whole else share(stands.total, stands.unread + stands.wrong)
    row = CheckRow(
        id=new_id(),
        started_at=now,
        ended_at=None,
        asked_by=asked_by,
        total_count=stands.total,
        due_count=due,
        read_count=0,
        wrong_count=0,
        ledger_findings=[],
    )
    session.add(row)
    await session.flush()
    return check_of(row)


async def note(
    session: AsyncSession, *, check_id: UUID, read: Mapping[UUID, Sequence[Difference]], now: datetime
) -> None:
    """Note what was read; a run that is cut goes on after its last note."""
    row = await session.get_one(CheckRow, check_id, with_for_update=True)
    values = [
        {"certificate_id": id, "check_id": check_id, "read_at": now, "differences": [one.as_data() for one in found]}
        for id, found in sorted(read.items())
    ]
    adding = insert(ReadingRow)
    changing = {name: adding.excluded[name] for name in ("check_id", "read_at", "differences")}
    await session.execute(adding.on_conflict_do_update(index_elements=["certificate_id"], set_=changing), values)
    row.read_count += len(values)
    row.wrong_count += sum(bool(found) for found in read.values())
    row.due_count = max(row.due_count, row.read_count)
    row.total_count = max(row.total_count, row.due_count)


async def end(session: AsyncSession, *, check_id: UUID, ledger_findings: Sequence[str], now: datetime) -> Check:
    """Close a run; what it did and found goes into the audit log."""
    row = await session.get_one(CheckRow, check_id, with_for_update=True)
    if row.ended_at is not None:
        return check_of(row)
    row.ended_at, row.ledger_findings = now, list(ledger_findings)
    row.due_count = row.read_count  # certificates that went meanwhile were not there to be read
    await session.flush()
    await audit.record(
        session,
        SYSTEM,
        "certificates.nightly_check",
        subject="nightly_check",
        ids=[row.id],
        stream=STREAM,
        data={
            "read": row.read_count,
            "of": row.total_count,
            "wrong": row.wrong_count,
            "ledger_findings": len(row.ledger_findings),
        },
        now=now,
    )
    return check_of(row)
