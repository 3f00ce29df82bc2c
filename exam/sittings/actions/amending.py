"""Correcting attendance afterwards, also in a closed room: with a reason, what stood before is kept, results keep to their own rules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.kernel import audit
from exam.kernel.errors import N_, Conflict
from exam.kernel.ids import new_id
from exam.sittings import queries
from exam.sittings.actions.attendance import ReasonMissing
from exam.sittings.actions.authority import lock_room, lock_sittings, require_keeper
from exam.sittings.actions.changes import room_stream
from exam.sittings.models import AmendmentRow, RoomSessionRow, SittingRow
from exam.sittings.queries import sitting as sitting_of
from exam.sittings.rules import (
    STATUS_LABELS,
    RoomSession,
    RoomStatus,
    Sitting,
    SittingStatus,
    headcount,
    require_absence,
)

_S = SittingStatus
_WAS_THERE = frozenset({_S.CHECKED_IN, _S.STARTED, _S.SUBMITTED, _S.AUTO_SUBMITTED})
_FACTS = (
    "status",
    "checked_in_at",
    "check_in_method",
    "late_minutes",
    "started_at",
    "finished_at",
    "left_at",
    "absent_at",
)


class NotAmendable(Conflict):
    """Only attendance is corrected here: absent to present, present to absent."""

    message = N_("考次现为“%(present)s”，出勤不能这样更正。")
    way_out = N_("终止和作废的考次按违纪或故障的程序处理。")


class NothingWritten(Conflict):
    """At a computer nobody who was absent has answered anything."""

    message = N_("机考没有作答记录，不能把缺考改为到考。")
    way_out = N_("确因考务原因未能参加的，请安排补考。")


class WorkExists(Conflict):
    """Who has answered at a computer was there."""

    message = N_("考生已在机位上开始作答，不能改为缺考。")
    way_out = N_("如由他人冒名代考，请按违纪登记。")


class StillOpen(Conflict):
    """While the session runs, attendance is corrected in the room."""

    message = N_("本场还没有结束，请在考场内更正登记。")


async def amend_attendance(
    session: AsyncSession, actor: Actor, *, sitting_id: UUID, present: bool, reason: str, now: datetime
) -> Sitting:
    """Make an absent candidate present, or a present one absent, after the session; officers and the site's head."""
    if not reason.strip():
        raise ReasonMissing
    before = await sitting_of(session, sitting_id)
    room = await lock_room(session, before.room_session_id, alone=True)
    await require_keeper(session, actor, room)
    [sitting] = await lock_sittings(session, [sitting_id])
    if now < room.ends_at and room.status is not RoomStatus.CLOSED:
        raise StillOpen
    values = _present(sitting, room) if present else _absent(sitting, room, now)
    await session.execute(update(SittingRow).where(SittingRow.id == sitting_id).values(**values, reason=reason.strip()))
    session.add(
        AmendmentRow(
            id=new_id(), sitting_id=sitting.id, room_session_id=room.id, from_status=sitting.status,
            to_status=values["status"], before=_told(sitting), after={**_told(sitting), **_plain(values)},
            reason=reason.strip(), room_closed=room.status is RoomStatus.CLOSED, by_account_id=actor.account_id,
            by_name=actor.name, at=now,
        )
    )  # fmt: skip
    await session.flush()
    await _recount(session, room)
    await audit.record(
        session, actor, "sittings.amend_attendance", subject="sitting", ids=[sitting.id], stream=room_stream(room.id),
        data={"from": sitting.status, "to": values["status"], "reason": reason.strip()}, now=now,
    )  # fmt: skip
    return await sitting_of(session, sitting_id)


def _present(sitting: Sitting, room: RoomSession) -> dict[str, Any]:
    """Whoever sat there all the time: from the start to the own end."""
    if sitting.status is not _S.ABSENT:
        raise NotAmendable(present=_word(sitting))
    if room.form == "computer":
        raise NothingWritten
    return {
        "status": _S.SUBMITTED, "absent_at": None, "checked_in_at": sitting.starts_at, "check_in_method": "correction",
        "late_minutes": 0, "started_at": sitting.starts_at, "finished_at": sitting.ends_at,
    }  # fmt: skip


def _absent(sitting: Sitting, room: RoomSession, now: datetime) -> dict[str, Any]:
    if sitting.status not in _WAS_THERE:
        raise NotAmendable(present=_word(sitting))
    if room.form == "computer" and sitting.started_at is not None:
        raise WorkExists
    require_absence(sitting.starts_at, room.terms, now)
    return {
        "status": _S.ABSENT, "absent_at": now, "checked_in_at": None, "check_in_method": None, "late_minutes": 0,
        "started_at": None, "finished_at": None, "left_at": None,
    }  # fmt: skip


def _word(sitting: Sitting) -> str:
    return STATUS_LABELS[sitting.status]


def _told(sitting: Sitting) -> dict[str, Any]:
    return _plain({name: getattr(sitting, name) for name in _FACTS})


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


async def _recount(session: AsyncSession, room: RoomSession) -> None:
    """A closed room's counts follow, so that expected = present + absent still holds."""
    if room.status is not RoomStatus.CLOSED:
        return
    count = headcount(one.status for one in await queries.sittings(session, room_session_id=room.id))
    await session.execute(
        update(RoomSessionRow).where(RoomSessionRow.id == room.id).values(present=count.present, absent=count.absent)
    )
