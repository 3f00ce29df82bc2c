"""Who must be told of an accepted repair: a candidate, one of the staff, an institution of its candidates, the head of a site.

A notice stands on the first page until the last of what it tells of is over.
"""

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
from exam.registration import queries as registration
from exam.registration.rules import Registration
from scheduling.repairs.models import NoticeRow, RepairRow
from scheduling.repairs.queries.papers import paper_needs
from scheduling.repairs.queries.stored import dated
from scheduling.repairs.rules.repair import RepairStatus

CHANGES = "/scheduling/changes"
_MANY = 10_000  # no institution sends more candidates to a batch that is repaired


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A change that somebody is told of."""

    at: datetime
    reason: str
    lines: tuple[Mapping[str, Any], ...]
    batch_id: UUID
    version: int
    registration_id: UUID | None  # None: one of the staff

    @property
    def last(self) -> datetime:
        """When the last of what it tells of ends: it is shown until then."""
        places = [place for line in self.lines for place in (line["before"], line["after"]) if place]
        last: datetime = max(place["ends_at"] for place in places)
        return last

    @property
    def stands(self) -> bool:
        """Whether there is a place or a duty now: a ticket or a letter to print again."""
        return any(line["after"] for line in self.lines)


@dataclass(frozen=True, kw_only=True)
class Pupil:
    """A candidate of an institution, and what has changed for them."""

    registration: Registration
    notice: Notice


@dataclass(frozen=True, kw_only=True)
class SiteChange:
    """What a repair has changed at a site: how many sessions are new, changed or gone."""

    batch_id: UUID
    version: int
    reason: str
    at: datetime
    site: Mapping[str, str]
    site_id: UUID
    sessions_count: int


@dataclass(frozen=True, kw_only=True)
class Changes:
    """Everything that the reader is told of."""

    own: tuple[Notice, ...]
    pupils: tuple[Pupil, ...]
    sites: tuple[SiteChange, ...]


async def changes_of(session: AsyncSession, actor: Actor, now: datetime) -> Changes:
    """What has changed for the reader, for the candidates of their institution, and at their site."""
    return Changes(
        own=tuple(await notices_of(session, actor, now)),
        pupils=tuple(await _pupils(session, actor, now)),
        sites=tuple(await _sites(session, actor, now)),
    )


async def notices_of(session: AsyncSession, actor: Actor, now: datetime) -> list[Notice]:
    """The changes of somebody's own places and duties that are still to come, the newest first."""
    mine = _own(actor)
    wanted: list[ColumnElement[bool]] = []
    if mine:
        wanted.append(NoticeRow.registration_id.in_(list(mine)))
    if actor.account_id is not None:
        wanted.append(NoticeRow.account_id == actor.account_id)
    return await _notices(session, or_(*wanted), now) if wanted else []


async def _notices(session: AsyncSession, wanted: ColumnElement[bool], now: datetime) -> list[Notice]:
    query = (
        select(NoticeRow, RepairRow)
        .join(RepairRow, RepairRow.id == NoticeRow.repair_id)
        .where(wanted)
        .order_by(NoticeRow.at.desc(), NoticeRow.id)
        .limit(_MANY)
    )
    found = [
        Notice(
            at=row.at,
            reason=repair.reason,
            lines=dated(row.changes),
            batch_id=repair.batch_id,
            version=repair.version or 0,
            registration_id=row.registration_id,
        )
        for row, repair in await session.execute(query)
    ]
    return [one for one in found if one.lines and one.last > now]


async def _pupils(session: AsyncSession, actor: Actor, now: datetime) -> list[Pupil]:
    """The candidates of the reader's institution, by name; of each the newest change first."""
    schools = _scope(actor, "institution")
    if not schools:
        return []
    people = {
        one.id: one for id in schools for one in await registration.registrations(session, institution_id=UUID(id))
    }
    found = await _notices(session, NoticeRow.registration_id.in_(list(people)), now) if people else []
    pupils = [Pupil(registration=people[one.registration_id], notice=one) for one in found if one.registration_id]
    return sorted(pupils, key=lambda one: (one.registration.name_sort, str(one.registration.id)))


async def _sites(session: AsyncSession, actor: Actor, now: datetime) -> list[SiteChange]:
    """What accepted repairs have changed at the reader's site, the newest first."""
    own = set(_scope(actor, "site"))
    if not own:
        return []
    query = select(RepairRow).where(RepairRow.status == RepairStatus.ACCEPTED).order_by(RepairRow.decided_at.desc())
    return [
        SiteChange(
            batch_id=row.batch_id,
            version=row.version or 0,
            reason=row.reason,
            at=row.decided_at or row.made_at,
            site=one["site"],
            site_id=UUID(one["site_id"]),
            sessions_count=one["sessions"],
        )
        for row in await session.scalars(query)
        for one in row.outcome.get("sites", ())
        if one["site_id"] in own and datetime.fromisoformat(one["ends_at"]) > now
    ]


async def needs(session: AsyncSession, actor: Actor, now: datetime) -> list[Need]:
    """Changed places and duties, until they are over; papers to prepare."""
    found = await paper_needs(session, actor)
    if actor.account_id is None:
        return found
    told = await changes_of(session, actor, now)
    own = N_("您的考试安排有变，请查看新的时间和地点") if _own(actor) else N_("您的考务派遣有变，请查看新的时间和地点")
    for text, count, at in (
        (own, len(told.own), [one.at for one in told.own]),
        (N_("%(n)s 名考生的考试安排有变，请通知本人"), len(told.pupils), [one.notice.at for one in told.pupils]),
        (N_("考点有 %(n)s 次安排变动，请换用更正资料"), len(told.sites), [one.at for one in told.sites]),
    ):
        if count:
            found.append(Need(text=text, href=CHANGES, count=count, tone="warning", due=max(at)))
    return found


def _own(actor: Actor) -> Iterable[UUID]:
    return actor.scope_uuids(Permission.EXAM_SIT, "registration") or []


def _scope(actor: Actor, kind: str) -> list[str]:
    return sorted(actor.scope_ids(Permission.PRINT_SET, kind) or ())
