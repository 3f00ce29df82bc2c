"""Reads of faults: tickets with their clock and history, time credits, and what must hold of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.faults.models import CreditedRow, FaultLadderRow, FaultRow, FaultStepRow, TimeCreditRow
from exam.faults.rules import (
    DEFAULT_LADDER,
    CreditStatus,
    FaultKind,
    FaultStatus,
    Ladder,
    Level,
    Scope,
    StepKind,
    level_after,
    lost_minutes,
    next_limit,
)
from exam.kernel.errors import N_, NotFound
from exam.kernel.needs import Need
from exam.signals import queries as signals
from exam.signals.rules import Sight


@dataclass(frozen=True, kw_only=True)
class Step:
    """One entry of a ticket's history."""

    kind: StepKind
    words: str
    by_name: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Credit:
    """Time given back, or proposed to be."""

    id: UUID
    fault_id: UUID | None
    scope: Scope
    site_id: UUID
    room_session_id: UUID | None
    sitting_id: UUID | None
    minutes: int
    reason: str
    given_by: UUID | None
    given_name: str
    given_level: Level
    given_at: datetime
    second_name: str
    applied_at: datetime | None
    refused_at: datetime | None
    refusal: str
    people_count: int  # whose end it moved

    @property
    def status(self) -> CreditStatus:
        """Where it stands."""
        if self.applied_at:
            return CreditStatus.APPLIED
        return CreditStatus.REFUSED if self.refused_at else CreditStatus.PROPOSED


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A ticket, with the clock as it stands at the moment of reading."""

    id: UUID
    scope: Scope
    site_id: UUID
    site_name: str
    prefecture_code: str
    batch_ids: tuple[UUID, ...]
    room_session_id: UUID | None
    room_name: str
    sitting_id: UUID | None
    seat_no: int | None
    kind: FaultKind
    facts: str
    since: datetime
    reported_name: str
    reported_at: datetime
    status: FaultStatus
    ended_at: datetime | None
    minutes: int  # lost so far, or in all
    level: Level
    ladder: Ladder
    steps: tuple[Step, ...] = ()
    credits: tuple[Credit, ...] = ()

    @property
    def open(self) -> bool:
        """Whether its clock runs."""
        return self.status is FaultStatus.OPEN

    @property
    def goes_up_at(self) -> datetime | None:
        """When it goes one level higher by itself."""
        limit = next_limit(self.ladder, self.level)
        return self.since + timedelta(minutes=limit) if self.open and limit is not None else None

    @property
    def tone(self) -> str:
        """How it is shown: over the first limit it is no longer the room's own affair."""
        if not self.open:
            return "done" if self.status is FaultStatus.SOLVED else "plain"
        return "stopped" if self.level >= Level.ORGANISATION else "warning"


async def ladders(session: AsyncSession, batch_ids: Iterable[UUID] | None = None) -> dict[UUID, Ladder]:
    """The ladder in force of batches that have one of their own."""
    query = select(FaultLadderRow).order_by(FaultLadderRow.version)
    if batch_ids is not None:
        query = query.where(FaultLadderRow.batch_id.in_(list(batch_ids)))
    return {
        row.batch_id: Ladder(
            site_minutes=row.site_minutes, organisation_minutes=row.organisation_minutes,
            province_minutes=row.province_minutes,
        )
        for row in await session.scalars(query)
    }  # fmt: skip


def strictest(known: Mapping[UUID, Ladder], batch_ids: Iterable[UUID]) -> Ladder:
    """The ladder of several batches at once: whichever tells earlier."""
    own = [known.get(one, DEFAULT_LADDER) for one in batch_ids] or [DEFAULT_LADDER]
    return Ladder(
        site_minutes=min(one.site_minutes for one in own),
        organisation_minutes=min(one.organisation_minutes for one in own),
        province_minutes=min(one.province_minutes for one in own),
    )


async def faults(
    session: AsyncSession,
    now: datetime,
    *,
    ids: Collection[UUID] | None = None,
    room_session_id: UUID | None = None,
    site_id: UUID | None = None,
    since: datetime | None = None,
    only_open: bool = False,
    whole: bool = True,
) -> list[Fault]:
    """Tickets: the open ones first, the longest first. `whole`: with history and credits. Filters add up."""
    query = select(FaultRow)
    if ids is not None:
        query = query.where(FaultRow.id.in_(list(ids)))
    if room_session_id is not None:
        query = query.where(FaultRow.room_session_id == room_session_id)
    if site_id is not None:
        query = query.where(FaultRow.site_id == site_id)
    if since is not None:
        query = query.where((FaultRow.since >= since) | (FaultRow.status == FaultStatus.OPEN))
    if only_open:
        query = query.where(FaultRow.status == FaultStatus.OPEN)
    rows = list(await session.scalars(query.execution_options(populate_existing=True)))
    known = await ladders(session, {one for row in rows for one in row.batch_ids}) if rows else {}
    steps = await _steps(session, [row.id for row in rows]) if whole and rows else {}
    given = await credits(session, fault_ids=[row.id for row in rows]) if whole and rows else []
    found = [
        _record(row, strictest(known, row.batch_ids), now, steps.get(row.id, []), [one for one in given if one.fault_id == row.id])
        for row in rows
    ]  # fmt: skip
    return sorted(
        found, key=lambda one: (not one.open, -one.minutes if one.open else 0, -one.since.timestamp(), one.id)
    )


def _record(row: FaultRow, ladder: Ladder, now: datetime, steps: Iterable[Step], given: Iterable[Credit]) -> Fault:
    scope, minutes = Scope(row.scope), lost_minutes(row.since, row.ended_at or now)
    return Fault(
        id=row.id, scope=scope, site_id=row.site_id, site_name=row.site_name, prefecture_code=row.prefecture_code,
        batch_ids=tuple(row.batch_ids), room_session_id=row.room_session_id, room_name=row.room_name,
        sitting_id=row.sitting_id, seat_no=row.seat_no, kind=FaultKind(row.kind), facts=row.facts, since=row.since,
        reported_name=row.reported_name, reported_at=row.reported_at, status=FaultStatus(row.status),
        ended_at=row.ended_at, minutes=minutes, level=level_after(ladder, minutes, scope, Level(row.raised)),
        ladder=ladder, steps=tuple(steps), credits=tuple(given),
    )  # fmt: skip


async def _steps(session: AsyncSession, fault_ids: Collection[UUID]) -> dict[UUID, list[Step]]:
    query = select(FaultStepRow).where(FaultStepRow.fault_id.in_(list(fault_ids)))
    found: dict[UUID, list[Step]] = defaultdict(list)
    for row in await session.scalars(query.order_by(FaultStepRow.at, FaultStepRow.id)):
        found[row.fault_id].append(Step(kind=StepKind(row.kind), words=row.words, by_name=row.by_name, at=row.at))
    return found


async def fault(session: AsyncSession, fault_id: UUID, now: datetime) -> Fault:
    """One ticket; NotFound when there is none."""
    found = await faults(session, now, ids=[fault_id])
    if not found:
        raise NotFound
    return found[0]


async def credits(
    session: AsyncSession,
    *,
    ids: Collection[UUID] | None = None,
    fault_ids: Collection[UUID] | None = None,
    room_session_id: UUID | None = None,
    site_id: UUID | None = None,
) -> list[Credit]:
    """Time credits, oldest first; filters add up."""
    query = select(TimeCreditRow).order_by(TimeCreditRow.given_at, TimeCreditRow.id)
    if ids is not None:
        query = query.where(TimeCreditRow.id.in_(list(ids)))
    if fault_ids is not None:
        query = query.where(TimeCreditRow.fault_id.in_(list(fault_ids)))
    if room_session_id is not None:
        query = query.where(TimeCreditRow.room_session_id == room_session_id)
    if site_id is not None:
        query = query.where(TimeCreditRow.site_id == site_id)
    rows = list(await session.scalars(query.execution_options(populate_existing=True)))
    people: dict[UUID, int] = defaultdict(int)
    moved = select(CreditedRow.credit_id).where(CreditedRow.credit_id.in_([row.id for row in rows]))
    for credit_id in await session.scalars(moved):
        people[credit_id] += 1
    return [
        Credit(
            id=row.id, fault_id=row.fault_id, scope=Scope(row.scope), site_id=row.site_id,
            room_session_id=row.room_session_id, sitting_id=row.sitting_id, minutes=row.minutes, reason=row.reason,
            given_by=row.given_by, given_name=row.given_name, given_level=Level(row.given_level), given_at=row.given_at, second_name=row.second_name,
            applied_at=row.applied_at, refused_at=row.refused_at, refusal=row.refusal, people_count=people[row.id],
        )
        for row in rows
    ]  # fmt: skip


def concerns(view: Sight, one: Fault) -> bool:
    """Whether a ticket concerns somebody: their rooms and sites at once, the organisation and the province with the site."""
    return view.sees(
        site_id=one.site_id, prefecture_code=one.prefecture_code, batch_ids=one.batch_ids,
        room_session_id=one.room_session_id,
    )  # fmt: skip


async def mine(session: AsyncSession, actor: Actor, now: datetime) -> list[Fault]:
    """Tickets of the last day, and every open one, as far as they concern the actor."""
    view = await signals.sight(session, actor, now)
    return [one for one in await faults(session, now, since=now - timedelta(days=1)) if concerns(view, one)]


async def needs(session: AsyncSession, actor: Actor, now: datetime) -> list[Need]:
    """Faults that have come up to the actor's level, and credits that wait for a second person."""
    view = await signals.sight(session, actor, now)
    if not view.oversees:
        return []
    own = Level.SITE if view.sites else Level.ORGANISATION if view.batches or view.all_batches else Level.PROVINCE
    up = [
        one
        for one in await faults(session, now, only_open=True, whole=False)
        if concerns(view, one) and one.level >= own
    ]
    waiting = [
        one
        for one in await credits(session)
        if one.status is CreditStatus.PROPOSED and one.given_by != actor.account_id and one.site_id in view.sites
    ]
    found = []
    if up:
        text_ = N_("%(n)s 起故障已上报到您这一级，还没有排除")
        found.append(
            Need(text=text_, href="/exam/faults", count=len(up), tone="stopped", due=min(one.since for one in up))
        )
    if waiting:
        due = min(one.given_at for one in waiting)
        found.append(
            Need(text=N_("%(n)s 次补时等第二人确认"), href="/exam/faults", count=len(waiting), tone="warning", due=due)
        )
    return found


async def invariants(session: AsyncSession) -> list[str]:
    """What must hold of time credits, read without the constraints that also hold it."""
    failures: list[str] = []
    for name, statement in _INVARIANTS.items():
        rows = (await session.execute(text(statement))).all()
        failures += [f"faults.{name}: {' '.join(str(value) for value in row)}" for row in rows]
    return failures


_INVARIANTS: Mapping[str, str] = {
    "credit_alone": """
        SELECT id, scope FROM exam.time_credits WHERE applied_at IS NOT NULL
        AND (second_name = '' OR (scope <> 'person' AND (second_by IS NULL OR second_by = given_by)))""",
    "credit_not_given": """
        SELECT s.id, s.extra_minutes, sum(c.minutes) FROM exam.time_credit_sittings c
        JOIN exam.sittings s ON s.id = c.sitting_id GROUP BY s.id HAVING sum(c.minutes) > s.extra_minutes""",
    "credit_without_people": """
        SELECT id FROM exam.time_credits c WHERE applied_at IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM exam.time_credit_sittings p WHERE p.credit_id = c.id)""",
}
