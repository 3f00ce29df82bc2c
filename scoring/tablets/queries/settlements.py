"""Reads of what became of tablets' work: entered, waiting, refused, contradicting; and what has to be tried (again)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, and_, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.catalogue.rules import Sheet, plain
from exam.sittings import queries as sittings
from scoring.marking.rules import read_entries
from scoring.tablets.models import TabletEventRow, TabletSettlementRow
from scoring.tablets.rules.events import Kind
from scoring.tablets.rules.settling import Matter, Outcome

FRESH: Final = timedelta(days=2)
RETRIED_FOR: Final = timedelta(days=14)
_SETTLED = {Kind.SIGNED: Matter.SHEET, Kind.STOPPED: Matter.STOP}


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """What became of one version of one sheet, or of one safety stop."""

    sitting_id: UUID
    assessor_id: UUID
    version: int
    matter: Matter
    room_session_id: UUID
    outcome: Outcome
    code: str
    message: str
    way_out: str
    facts: Mapping[str, Any]
    signed: str
    sheet_id: UUID | None
    at: datetime


async def settlements(
    session: AsyncSession, *, room_session_ids: Collection[UUID] | None = None, open_only: bool = False
) -> list[Settlement]:
    """What became of tablets' work, by sitting, assessor and version; filters add up. `open_only`: what is not entered."""
    query = select(TabletSettlementRow).order_by(
        TabletSettlementRow.sitting_id, TabletSettlementRow.assessor_id, TabletSettlementRow.version,
        TabletSettlementRow.matter,
    )  # fmt: skip
    if room_session_ids is not None:
        query = query.where(TabletSettlementRow.room_session_id.in_(list(room_session_ids)))
    found = [_settlement(row) for row in await session.scalars(query)]
    return _open(found) if open_only else found


async def pending(session: AsyncSession, room_session_id: UUID, *, again: bool = False) -> list[tuple[UUID, UUID]]:
    """The (sitting, assessor) pairs of a session with something that is not entered yet, sorted: new signatures, and what waits.
    `again`: what was refused, too."""
    query = _unsettled(again=again).where(TabletEventRow.room_session_id == room_session_id)
    return sorted({(row.sitting_id, row.assessor_id) for row in await session.execute(query)})


async def pending_rooms(session: AsyncSession, now: datetime) -> list[UUID]:
    """The sessions with a signature of the last two days, whenever they were (a tablet may come back late), and those of the
    last two weeks with something that waits: where a try may bring something. Later ones are tried from the ledger's page."""
    signed = select(TabletEventRow.room_session_id).where(
        TabletEventRow.kind.in_([kind.value for kind in _SETTLED]), TabletEventRow.received_at >= now - FRESH
    )
    waits = select(TabletSettlementRow.room_session_id).where(TabletSettlementRow.outcome == Outcome.WAITING.value)
    fresh, waiting = set(await session.scalars(signed.distinct())), set(await session.scalars(waits.distinct()))
    rooms = await sittings.room_sessions(session, ids=fresh | waiting) if fresh | waiting else []
    return [one.id for one in rooms if one.id in fresh or one.ends_at >= now - RETRIED_FOR]


def entered(definition: Sheet, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Answers as a score sheet keeps them: exact, in one spelling; raises EntriesInvalid."""
    entries = read_entries(definition, {code: one for code, one in answers.items() if one not in (None, "")})
    return {code: entry if isinstance(entry, (bool, int)) else plain(entry) for code, entry in entries.items()}


def _unsettled(*, again: bool) -> Select[UUID, UUID, UUID]:
    matter = case({kind.value: matter.value for kind, matter in _SETTLED.items()}, value=TabletEventRow.kind)
    row = TabletSettlementRow
    tried = (Outcome.WAITING, Outcome.REFUSED) if again else (Outcome.WAITING,)
    key = (TabletEventRow.sitting_id, TabletEventRow.assessor_id, TabletEventRow.version, TabletEventRow.kind)
    return (
        select(TabletEventRow.room_session_id, TabletEventRow.sitting_id, TabletEventRow.assessor_id)
        .outerjoin(
            row,
            and_(
                row.sitting_id == TabletEventRow.sitting_id,
                row.assessor_id == TabletEventRow.assessor_id,
                row.version == TabletEventRow.version,
                row.matter == matter,
            ),
        )
        .where(TabletEventRow.kind.in_([kind.value for kind in _SETTLED]))
        .group_by(TabletEventRow.room_session_id, *key)
        .having(
            or_(
                func.count() != func.coalesce(func.max(row.events_count), 0),
                func.bool_or(row.outcome.in_([one.value for one in tried])),
            )
        )
    )


def _open(found: list[Settlement]) -> list[Settlement]:
    """Without what is entered, and without what a later version that is entered has put right."""
    latest: dict[tuple[UUID, UUID], int] = {}
    for one in found:
        if one.outcome is Outcome.APPLIED and one.matter is Matter.SHEET:
            key = (one.sitting_id, one.assessor_id)
            latest[key] = max(latest.get(key, 0), one.version)
    return [
        one
        for one in found
        if one.outcome is not Outcome.APPLIED
        and not (one.matter is Matter.SHEET and one.version < latest.get((one.sitting_id, one.assessor_id), 0))
    ]


def _settlement(row: TabletSettlementRow) -> Settlement:
    return Settlement(
        sitting_id=row.sitting_id, assessor_id=row.assessor_id, version=row.version, matter=Matter(row.matter),
        room_session_id=row.room_session_id, outcome=Outcome(row.outcome), code=row.code, message=row.message,
        way_out=row.way_out, facts=dict(row.facts), signed=row.signed, sheet_id=row.sheet_id, at=row.at,
    )  # fmt: skip
