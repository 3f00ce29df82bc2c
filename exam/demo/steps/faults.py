"""The one fault of the demo: a computer that stops, another that goes on, and the lost minutes given back by two people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.faults import actions as faults
from exam.faults.rules import FaultKind
from exam.sittings.rules import RoomSession, Sitting

_LOST_MINUTES = 4


async def a_computer_stops(session: AsyncSession, room: RoomSession, sitting: Sitting, staff: Sequence[Actor]) -> None:
    """Eighteen minutes into the session, for one candidate; `staff` are the two who see it."""
    keeper, second = staff[:2]
    since = room.starts_at + timedelta(minutes=18)
    back = since + timedelta(minutes=_LOST_MINUTES)
    place = await faults.where(session, sitting_id=sitting.id, now=since)
    ticket = await faults.report(
        session, keeper, place, kind=FaultKind.COMPUTER, facts="屏幕变黑，无法重新启动，已换用备用机。", since=since, now=since,
    )  # fmt: skip
    await faults.credit(
        session, keeper, place, minutes=_LOST_MINUTES, reason="更换备用机", second_name=second.name, fault_id=ticket.id, now=back,
    )  # fmt: skip
    await faults.solve(session, keeper, fault_id=ticket.id, words="已在备用机上继续作答", now=back)
