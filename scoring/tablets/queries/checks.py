"""What must hold of ledgers on the live data, for `kaowu check`: closings, photos, keyed-in sheets, and marks that waited for them."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from scoring.marking import queries as marking
from scoring.tablets.models import RoomClosingRow, TabletEvidenceRow
from scoring.tablets.queries.paper import keyed
from scoring.tablets.rules.standing import same

_EARLY = text(
    "SELECT mark.id FROM scoring.marks mark JOIN exam.sittings sitting ON sitting.id = mark.sitting_id "
    "JOIN scoring.room_holds hold ON hold.room_session_id = sitting.room_session_id "
    "WHERE mark.live AND mark.status = 'verified' AND mark.verified_at >= hold.held_at "
    "AND (hold.released_at IS NULL OR mark.verified_at < hold.released_at) ORDER BY mark.id"
)


async def ledger_invariants(session: AsyncSession, exists: Callable[[str], bool]) -> list[str]:
    """Everything that is wrong with ledgers, by name. `exists`: whether the file store has bytes of a hash."""
    failures = [f"mark {id}: verified before its session was closed" for id in await session.scalars(_EARLY)]
    closed = await session.scalars(select(RoomClosingRow).order_by(RoomClosingRow.id))
    failures += [
        f"closing {row.id}: a gap that no officer signed with a reason"
        for row in closed
        if row.gaps and not (row.by_officer and row.reason.strip())
    ]
    photos = await session.scalars(select(TabletEvidenceRow.sha256).order_by(TabletEvidenceRow.sha256))
    failures += [f"photo {one}: its bytes are gone" for one in photos if not exists(one)]
    return failures + await _keyed(session)


async def _keyed(session: AsyncSession) -> list[str]:
    """Keyed-in sheets that say something else than the score sheets they became."""
    failures = []
    for one in await keyed(session):
        if one.sheet_id is None:
            continue
        found = await marking.versions(session, [one.sheet_id])
        if not found:
            failures.append(f"keyed-in sheet {one.id}: there is no such score sheet")
            continue
        definition = await marking.sheet_definition(session, found[0].component_id)
        if not same(definition, one.answers, one.overtime_minutes, found[0].answers, found[0].overtime_minutes):
            failures.append(f"keyed-in sheet {one.id}: its score sheet says something else")
    return failures
