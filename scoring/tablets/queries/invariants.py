"""What must hold of tablets on the live data, for `kaowu check`: every event is what was signed, every sheet what the events say.

Nothing trusts what was stored when the event came: hashes are computed again, chains are walked again, sheets folded again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from scoring.marking import queries as marking
from scoring.marking.queries import ScoreSheet
from scoring.tablets.models import TabletEventRow, TabletOddityRow, TabletSettlementRow
from scoring.tablets.queries.settlements import entered
from scoring.tablets.rules.events import FIRST, Event, Kind, SheetKey
from scoring.tablets.rules.folding import SheetState, fold
from scoring.tablets.rules.settling import Matter, Outcome


async def invariants(session: AsyncSession) -> list[str]:
    """Everything that is wrong with tablets' events and with the sheets that came from them, by name."""
    stored = [(row.hash, _event(row)) for row in await session.execute(select(TabletEventRow.__table__))]
    aside = select(TabletOddityRow.tablet_id, TabletOddityRow.number, TabletOddityRow.hash, TabletOddityRow.body)
    kept = [(row.tablet_id, row.number, row.hash) for row in await session.execute(aside)]
    failures = [
        f"event {one.device_id} #{one.number}: its hash is not that of its content"
        for hash, one in stored
        if one.hash != hash
    ]
    known = [(one.device_id, one.number, hash) for hash, one in stored] + kept
    failures += list(_unlinked([(hash, one) for hash, one in stored], known))
    failures += await _sheets(session, fold(one for _, one in stored))
    return sorted(failures)


def _unlinked(stored: Iterable[tuple[str, Event]], known: Iterable[tuple[UUID, int, str]]) -> Iterator[str]:
    """Events that follow from none of those that are there under the number before them."""
    hashes: dict[tuple[UUID, int], set[str]] = defaultdict(set)
    for device, number, hash in known:
        hashes[device, number].add(hash)
    for _, one in stored:
        before = {FIRST} if one.number == 1 else hashes.get((one.device_id, one.number - 1), set())
        if before and one.previous not in before:
            yield f"event {one.device_id} #{one.number}: it does not follow from the one before"


async def _sheets(session: AsyncSession, states: Mapping[SheetKey, SheetState]) -> list[str]:
    """Score sheets that came from tablets and say something else than their events."""
    query = select(TabletSettlementRow).where(
        TabletSettlementRow.matter == Matter.SHEET.value, TabletSettlementRow.sheet_id.is_not(None)
    )
    rows = list(await session.scalars(query))
    sheets = {one.id: one for one in await marking.versions(session, [row.sheet_id for row in rows if row.sheet_id])}
    failures = []
    for row in rows:
        key = SheetKey(sitting_id=row.sitting_id, assessor_id=row.assessor_id, version=row.version)
        sheet = sheets.get(row.sheet_id) if row.sheet_id else None
        if sheet is None or key not in states:
            failures.append(f"sheet {row.sheet_id}: there is no such sheet, or there are no events of it")
        elif not await _told(session, sheet, states[key], Outcome(row.outcome)):
            failures.append(f"sheet {sheet.id}: its entries are not those that were signed on the tablet")
    return failures


async def _told(session: AsyncSession, sheet: ScoreSheet, state: SheetState, outcome: Outcome) -> bool:
    """Whether a sheet's entries are those of the signature; of two that contradict each other, of one of them."""
    definition = await marking.sheet_definition(session, sheet.component_id)
    signatures = [one for one in (state.signed_by, *state.contradicting) if one is not None]
    if outcome is Outcome.APPLIED:
        signatures = signatures[:1]

    def said(signature: Event) -> tuple[dict[str, Any], int | None]:
        overtime = signature.data["overtime"] if definition.overtime is not None else None
        return entered(definition, signature.data["answers"]), overtime

    return any((dict(sheet.answers), sheet.overtime_minutes) == said(one) for one in signatures)


def _event(row: Any) -> Event:
    return Event(
        device_id=row.tablet_id, number=row.number, previous=row.previous, id=row.id, counter=row.counter,
        kind=Kind(row.kind), said_at=row.said_at, data=row.data,
        sheet=SheetKey(sitting_id=row.sitting_id, assessor_id=row.assessor_id, version=row.version),
    )  # fmt: skip
