"""The one deed of the issue register: note what happened to papers, all of those that were ticked or none; and the count of files
that holders were handed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.handover import queries
from certificates.handover.models import EntryRow, TransferRow
from certificates.handover.queries import Line
from certificates.handover.rules import (
    LABELS,
    Deed,
    NotedMeanwhile,
    NotFromHere,
    NothingTicked,
    NotOnPaper,
    Taking,
    next_place,
    taking_problems,
)
from certificates.issuing import queries as issuing
from exam.accounts import queries as accounts
from exam.accounts.rules import Actor
from exam.kernel import audit
from exam.kernel.clock import china_date
from exam.kernel.db import insert_many
from exam.kernel.errors import N_, Forbidden, Invalid, Problem
from exam.kernel.filters import format_datetime
from exam.kernel.ids import new_id

_COUNT: Final = """INSERT INTO certificates.downloads AS d (sha256, count, last_at) VALUES (:sha256, 1, :now)
ON CONFLICT (sha256) DO UPDATE SET count = d.count + 1, last_at = greatest(d.last_at, excluded.last_at)"""


async def count_download(session: AsyncSession, sha256: str, *, now: datetime) -> None:
    """Count one handing out of a file to its holder.

    Nobody waits for the disk: of this count, and of nothing else, a power cut may take the last fraction of a second.
    """
    await session.execute(text("SET LOCAL synchronous_commit = off"))
    await session.execute(text(_COUNT), {"sha256": sha256, "now": now})


async def note(
    session: AsyncSession,
    actor: Actor,
    deed: Deed,
    seen: Mapping[UUID, int],
    *,
    taking: Taking,
    reason: str = "",
    now: datetime,
) -> int:
    """Note one deed of several certificates and return of how many; `seen` is each one's last step as the clerk saw it.

    Raises `NothingTicked`, `NotOnPaper`, `NotedMeanwhile` (another clerk was first), `NotFromHere`, Invalid by field,
    Forbidden; each names the certificate, and then nothing was noted.
    """
    if actor.account_id is None:
        raise Forbidden
    if not seen:
        raise NothingTicked
    problems = [] if deed is Deed.UNDO else taking_problems(deed, taking, today=china_date(now))
    if deed is Deed.UNDO and not reason.strip():
        problems = [Problem(message=N_("请写明理由。"), field="reason", code="missing")]
    if problems:
        raise Invalid(problems=problems)
    found = await queries.chosen(session, actor, seen.keys())
    await _require_all(session, found, seen)
    rows = []
    for one in found:
        if one.step != seen[one.id]:
            raise await _meanwhile(session, one)
        if not (
            queries.may_send(actor, one.organisation_id) if deed is Deed.SEND else queries.may_hand_out(actor, one)
        ):
            raise Forbidden
        if deed is Deed.SEND and one.institution_id is None:
            raise NotFromHere(number=one.number, place=LABELS[one.place], deed=N_("发往院校"))
        rows.append(_row(one, deed, taking, reason.strip(), actor.account_id, now))
    for transfer, part in await _transfers(session, found, deed, taking, actor.account_id, now):
        ids = {one.id for one in part}
        for row in rows:
            if row["certificate_id"] in ids:
                row["transfer_id"] = transfer
    try:
        async with session.begin_nested():
            await insert_many(session, EntryRow, rows)
    except IntegrityError:  # between our look and our note
        again = await queries.chosen(session, actor, seen.keys())
        raise await _meanwhile(session, next((one for one in again if one.step != seen[one.id]), found[0])) from None
    for batch_id in sorted({one.batch_id for one in found}):
        await audit.record(
            session,
            actor,
            f"certificates.handover_{deed}",
            subject="handover",
            ids=[row["id"] for row, one in zip(rows, found, strict=True) if one.batch_id == batch_id],
            stream=f"batch:{batch_id}",
            data={"count": sum(one.batch_id == batch_id for one in found), "reason": reason.strip()},
            now=now,
        )
    return len(rows)


async def _require_all(session: AsyncSession, found: Sequence[Line], seen: Mapping[UUID, int]) -> None:
    missing = sorted(seen.keys() - {one.id for one in found})
    if missing:
        known = await issuing.certificates(session, missing)
        raise NotOnPaper(number=known[0].number if known else "—")


async def _meanwhile(session: AsyncSession, one: Line) -> NotedMeanwhile:
    last = one.last
    names = await accounts.names(session, [last.noted_by] if last else [])
    return NotedMeanwhile(
        number=one.number,
        name=names.get(last.noted_by, "—") if last else "—",
        at=format_datetime(last.noted_at) if last else "—",
        place=LABELS[one.place],
    )


async def _transfers(
    session: AsyncSession, found: Sequence[Line], deed: Deed, taking: Taking, who: UUID, now: datetime
) -> list[tuple[UUID, list[Line]]]:
    """One slip for each organisation, batch and institution of what is sent."""
    if deed is not Deed.SEND:
        return []
    groups: dict[tuple[UUID, UUID, UUID], list[Line]] = {}
    for one in found:
        assert one.institution_id is not None
        groups.setdefault((one.organisation_id, one.batch_id, one.institution_id), []).append(one)
    made = []
    for (organisation_id, batch_id, institution_id), part in sorted(groups.items()):
        row = TransferRow(
            id=new_id(),
            organisation_id=organisation_id,
            batch_id=batch_id,
            institution_id=institution_id,
            count=len(part),
            handed_to=taking.recipient.strip(),
            on_date=taking.on_date,
            noted_by=who,
            noted_at=now,
        )
        session.add(row)
        made.append((row.id, part))
    await session.flush()
    return made


def _row(one: Line, deed: Deed, taking: Taking, reason: str, who: UUID, now: datetime) -> dict[str, Any]:
    recipient = "" if deed is Deed.UNDO else taking.recipient.strip() or one.holder_name
    return {
        "id": new_id(),
        "certificate_id": one.id,
        "step": one.step + 1,
        "deed": str(deed),
        "place": str(next_place(one.number, one.entries, deed)),
        "serial": one.serial,
        "transfer_id": None,
        "recipient": recipient,
        "relation": taking.relation.strip() if deed is Deed.TAKE and taking.recipient.strip() else "",
        "on_date": taking.on_date,
        "reason": reason,
        "noted_by": who,
        "noted_at": now,
    }
