"""Who must be told of an accepted repair: what a candidate or one of the staff sees on the first page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.kernel.errors import N_
from exam.kernel.needs import Need
from scheduling.repairs.models import NoticeRow, RepairRow
from scheduling.repairs.queries.papers import paper_needs
from scheduling.repairs.queries.stored import dated


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A change that somebody is told of."""

    at: datetime
    reason: str
    lines: tuple[Mapping[str, Any], ...]

    @property
    def last(self) -> datetime:
        """When the last of what it tells of ends: it is shown until then."""
        places = [place for line in self.lines for place in (line["before"], line["after"]) if place]
        last: datetime = max(place["ends_at"] for place in places)
        return last


async def notices_of(session: AsyncSession, actor: Actor, now: datetime) -> list[Notice]:
    """The changes of somebody's own places and duties that are still to come, the newest first."""
    mine = _own(actor)
    query = select(NoticeRow, RepairRow.reason).join(RepairRow, RepairRow.id == NoticeRow.repair_id)
    wanted: list[ColumnElement[bool]] = []
    if mine:
        wanted.append(NoticeRow.registration_id.in_(list(mine)))
    if actor.account_id is not None:
        wanted.append(NoticeRow.account_id == actor.account_id)
    if not wanted:
        return []
    rows = await session.execute(query.where(or_(*wanted)).order_by(NoticeRow.at.desc(), NoticeRow.id))
    found = [Notice(at=row.at, reason=reason, lines=dated(row.changes)) for row, reason in rows]
    return [one for one in found if one.lines and one.last > now]


async def needs(session: AsyncSession, actor: Actor, now: datetime) -> list[Need]:
    """A changed place or duty, until it is over; papers to prepare."""
    prepare = await paper_needs(session, actor)
    if actor.account_id is None:
        return prepare
    found = await notices_of(session, actor, now)
    if not found:
        return prepare
    candidate = bool(_own(actor))
    text = N_("您的考试安排有变，请查看新的时间和地点") if candidate else N_("您的考务派遣有变，请查看新的时间和地点")
    return [*prepare, Need(text=text, href="/scheduling/changes", count=len(found), tone="warning", due=found[0].at)]


def _own(actor: Actor) -> Iterable[UUID]:
    return [UUID(id) for id in actor.scope_ids(Permission.EXAM_SIT, "registration") or ()]
