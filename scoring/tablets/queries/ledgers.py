"""The completeness ledger of a session."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, union
from sqlalchemy.ext.asyncio import AsyncSession

from exam.sittings import queries as sittings
from exam.sittings.rules import PRESENT, Duty, SittingStatus
from scoring.marking import queries as marking
from scoring.marking.rules import SheetStatus
from scoring.tablets.models import TabletEventRow, TabletHandoutRow
from scoring.tablets.queries.chains import events, numbers, states
from scoring.tablets.queries.devices import tablets
from scoring.tablets.rules.events import Event, SheetKey, broken_links
from scoring.tablets.rules.ledger import DeviceAccount, Ledger, balance


async def ledger(session: AsyncSession, room_session_id: UUID) -> Ledger:
    """The completeness ledger of a session: its tablets' chains, and a sheet of every assessor for everybody who is there."""
    given = select(TabletHandoutRow.tablet_id).where(
        TabletHandoutRow.room_session_id == room_session_id, TabletHandoutRow.unused_reason == ""
    )
    worked = select(TabletEventRow.tablet_id).where(TabletEventRow.room_session_id == room_session_id)
    own = await tablets(session, ids=list(await session.scalars(union(given, worked))))
    chains: dict[UUID, list[Event]] = defaultdict(list)
    for one in await events(session, tablet_ids=[tablet.id for tablet in own]):
        chains[one.device_id].append(one)
    accounts = [
        DeviceAccount(
            device_id=one.id, label=one.label, numbers=await numbers(session, one.id), last=one.last_number,
            seen_at=one.seen_at, broken=_broken(chains[one.id]),
        )
        for one in own
    ]  # fmt: skip
    people = await sittings.sittings(session, room_session_id=room_session_id)
    assessors = [
        one.account_id for one in await marking.assessing(session, room_session_id) if one.duty is Duty.ASSESSOR
    ]
    wanted = [
        SheetKey(sitting_id=one.id, assessor_id=assessor)
        for one in people
        if one.status in PRESENT and one.status is not SittingStatus.VOIDED
        for assessor in assessors
    ]
    signed = await marking.sheets(session, room_session_ids=[room_session_id])
    settled = {
        SheetKey(sitting_id=one.sitting_id, assessor_id=one.assessor_id)
        for one in signed
        if one.status is SheetStatus.SIGNED
    }
    return balance(accounts, wanted, await states(session, room_session_id), settled=settled)


def _broken(chain: Sequence[Event]) -> bool:
    """A fork (two events under one number) or an event that does not follow from the one before."""
    return len({one.number for one in chain}) < len(chain) or any(True for _ in broken_links(chain))
