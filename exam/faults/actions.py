"""Faults, verb by verb: report, raise, answer, solve, withdraw; and the time that is given back by two people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import SYSTEM, Actor, Permission
from exam.faults import queries
from exam.faults.models import CreditedRow, FaultLadderRow, FaultRow, FaultStepRow, TimeCreditRow
from exam.faults.queries import Credit, Fault
from exam.faults.rules import (
    AlreadyClosed,
    CreditDecided,
    FactsMissing,
    FaultKind,
    FaultStatus,
    HigherNeeded,
    Ladder,
    Level,
    Scope,
    StepKind,
    level_needed,
    require_ladder,
    require_report,
    require_second,
)
from exam.kernel import audit
from exam.kernel.clock import china_date
from exam.kernel.errors import N_, Forbidden, NotFound
from exam.kernel.ids import new_id
from exam.signals import queries as signals
from exam.sittings import actions as sittings
from exam.sittings import queries as sitting_queries
from exam.sittings.actions.progress import SecondPersonMissing
from exam.sittings.rules import RoomSession, RoomStatus, Sitting


@dataclass(frozen=True, kw_only=True)
class Where:
    """What a ticket or a credit is about: a site and its rooms of the day, one of them, or one candidate."""

    scope: Scope
    site_id: UUID
    rooms: tuple[RoomSession, ...]
    sitting: Sitting | None = None

    @property
    def room(self) -> RoomSession | None:
        """The room, where it is about one."""
        return None if self.scope is Scope.SITE else self.rooms[0]

    @property
    def batch_ids(self) -> list[UUID]:
        """Whose rooms they are."""
        return sorted({room.batch_id for room in self.rooms})


async def where(
    session: AsyncSession,
    *,
    site_id: UUID | None = None,
    room_session_id: UUID | None = None,
    sitting_id: UUID | None = None,
    now: datetime,
) -> Where:
    """Name a place by the narrowest id that is given; NotFound when it does not exist."""
    if sitting_id is not None:
        sitting = await sitting_queries.sitting(session, sitting_id)
        room = await sitting_queries.room_session(session, sitting.room_session_id)
        return Where(scope=Scope.PERSON, site_id=room.site_id, rooms=(room,), sitting=sitting)
    if room_session_id is not None:
        room = await sitting_queries.room_session(session, room_session_id)
        return Where(scope=Scope.ROOM, site_id=room.site_id, rooms=(room,))
    if site_id is None:
        raise NotFound
    today = [
        room
        for room in await sitting_queries.room_sessions(session, site_id=site_id)
        if china_date(room.starts_at) == china_date(now) and room.status is not RoomStatus.CLOSED
    ]
    if not today:
        raise NotFound
    return Where(scope=Scope.SITE, site_id=site_id, rooms=tuple(today))


async def rank(session: AsyncSession, actor: Actor, place: Where, now: datetime) -> Level | None:
    """On which level the actor stands for a place; None: it does not concern them. The province oversees only."""
    if actor == SYSTEM:
        return Level.ORGANISATION
    view = await signals.sight(session, actor, now)
    if view.all_batches or not view.batches.isdisjoint(place.batch_ids):
        return Level.ORGANISATION
    if place.site_id in view.sites:
        return Level.SITE
    ids = {room.id for room in place.rooms}
    return Level.ROOM if not view.rooms.isdisjoint(ids) and _works(actor) else None


def _works(actor: Actor) -> bool:
    return actor.may(Permission.ROOM_RUN) or actor.may(Permission.SHEET_SCORE)


async def _require_rank(session: AsyncSession, actor: Actor, place: Where, now: datetime) -> Level:
    found = await rank(session, actor, place, now)
    if found is None:
        raise Forbidden
    return found


async def report(
    session: AsyncSession, actor: Actor, place: Where, *, kind: FaultKind, facts: str, since: datetime, now: datetime
) -> Fault:
    """Open a ticket; its clock runs from `since`."""
    await _require_rank(session, actor, place, now)
    require_report(facts, since, now)
    room = place.room
    row = FaultRow(
        id=new_id(), scope=place.scope, site_id=place.site_id, site_name=place.rooms[0].site_name,
        prefecture_code=place.rooms[0].prefecture_code, batch_ids=place.batch_ids,
        room_session_id=room.id if room else None, room_name=room.room_name if room else "",
        sitting_id=place.sitting.id if place.sitting else None, seat_no=place.sitting.seat_no if place.sitting else None,
        kind=kind, facts=facts.strip(), since=since, reported_by=actor.account_id, reported_name=actor.name,
        reported_at=now, raised=Level.SITE if place.scope is Scope.SITE else Level.ROOM, status=FaultStatus.OPEN, ended_at=None,
    )  # fmt: skip
    session.add(row)
    await session.flush()
    await _step(session, actor, row.id, StepKind.REPORTED, facts.strip(), now)
    return await queries.fault(session, row.id, now)


async def raise_(session: AsyncSession, actor: Actor, *, fault_id: UUID, words: str, now: datetime) -> Fault:
    """Take a ticket one level up before the clock does."""
    one, _ = await _open_fault(session, actor, fault_id, now)
    if one.level < Level.PROVINCE:
        higher = Level(one.level + 1)
        await session.execute(update(FaultRow).where(FaultRow.id == fault_id).values(raised=higher))
        await _step(session, actor, fault_id, StepKind.RAISED, words.strip(), now)
    return await queries.fault(session, fault_id, now)


async def answer(session: AsyncSession, actor: Actor, *, fault_id: UUID, words: str, now: datetime) -> None:
    """Say something to a ticket: what is done, what to do. Whoever sees it may, the province too."""
    one = await queries.fault(session, fault_id, now)
    if not queries.concerns(await signals.sight(session, actor, now), one):
        raise NotFound
    if not words.strip():
        raise FactsMissing
    await _step(session, actor, fault_id, StepKind.ANSWERED, words.strip(), now)


async def solve(
    session: AsyncSession, actor: Actor, *, fault_id: UUID, words: str, withdrawn: bool = False, now: datetime
) -> Fault:
    """Stop the clock: solved, or reported by mistake."""
    await _open_fault(session, actor, fault_id, now)
    if not words.strip():
        raise FactsMissing
    status, kind = (FaultStatus.WITHDRAWN, StepKind.WITHDRAWN) if withdrawn else (FaultStatus.SOLVED, StepKind.SOLVED)
    await session.execute(update(FaultRow).where(FaultRow.id == fault_id).values(status=status, ended_at=now))
    await _step(session, actor, fault_id, kind, words.strip(), now)
    return await queries.fault(session, fault_id, now)


async def _open_fault(session: AsyncSession, actor: Actor, fault_id: UUID, now: datetime) -> tuple[Fault, Where]:
    """Hold a ticket that is open and whose place the actor works at."""
    await session.execute(select(FaultRow.id).where(FaultRow.id == fault_id).with_for_update())
    one = await queries.fault(session, fault_id, now)
    if not one.open:
        raise AlreadyClosed
    place = await where_of(session, one)
    await _require_rank(session, actor, place, now)
    return one, place


async def where_of(session: AsyncSession, one: Fault | Credit) -> Where:
    """The place of a ticket or a credit, as it is now."""
    if one.scope is not Scope.SITE:
        at = one.reported_at if isinstance(one, Fault) else one.given_at
        return await where(session, room_session_id=one.room_session_id, sitting_id=one.sitting_id, now=at)
    day = china_date(one.since if isinstance(one, Fault) else one.given_at)
    rooms = [
        room
        for room in await sitting_queries.room_sessions(session, site_id=one.site_id)
        if china_date(room.starts_at) == day
    ]
    return Where(scope=Scope.SITE, site_id=one.site_id, rooms=tuple(rooms))


async def credit(
    session: AsyncSession,
    actor: Actor,
    place: Where,
    *,
    minutes: int,
    reason: str,
    second_name: str = "",
    fault_id: UUID | None = None,
    now: datetime,
) -> Credit:
    """Give time back. For one candidate and under the first limit a second person may be named on the spot; everything
    else waits for a second account. The clash with what follows is said here already, before anybody confirms."""
    level = await _require_rank(session, actor, place, now)
    if not reason.strip():
        raise FactsMissing
    at_once = bool(second_name.strip()) and place.scope is Scope.PERSON
    if at_once and second_name.strip() == actor.name:
        raise SecondPersonMissing
    if at_once:
        await _require_level(session, place, minutes, level)
    row = TimeCreditRow(
        id=new_id(), fault_id=fault_id, scope=place.scope, site_id=place.site_id,
        room_session_id=place.room.id if place.room else None, sitting_id=place.sitting.id if place.sitting else None,
        minutes=minutes, reason=reason.strip(), given_by=actor.account_id, given_name=actor.name, given_level=level, given_at=now,
        second_by=None, second_name=second_name.strip() if at_once else "", applied_at=now if at_once else None,
        refused_at=None, refusal="",
    )  # fmt: skip
    async with session.begin_nested() as trial:
        people = await _extend(session, actor, place, minutes, reason, now)
        if not at_once:
            await trial.rollback()  # only to hear of clashes now
    session.add(row)
    await session.flush()
    await _audit_credit(session, actor, row.id, place, "credit", minutes, reason, now)
    if at_once:
        await _note_people(session, row.id, people, minutes)
    if fault_id is not None:
        await _step(session, actor, fault_id, StepKind.CREDITED, f"{minutes}: {reason.strip()}", now)
    return (await queries.credits(session, ids=[row.id]))[0]


async def confirm_credit(session: AsyncSession, actor: Actor, *, credit_id: UUID, now: datetime) -> Credit:
    """The second person applies a proposed credit."""
    one, place, level = await _proposed(session, actor, credit_id, now)
    await _require_level(session, place, one.minutes, max(level, one.given_level))
    people = await _extend(session, actor, place, one.minutes, one.reason, now)
    values = {"second_by": actor.account_id, "second_name": actor.name, "applied_at": now}
    await session.execute(update(TimeCreditRow).where(TimeCreditRow.id == credit_id).values(**values))
    await _note_people(session, credit_id, people, one.minutes)
    await _audit_credit(session, actor, credit_id, place, "confirm_credit", one.minutes, one.reason, now)
    if one.fault_id is not None:
        await _step(session, actor, one.fault_id, StepKind.CREDITED, f"{one.minutes}: {one.reason}", now)
    return (await queries.credits(session, ids=[credit_id]))[0]


async def refuse_credit(session: AsyncSession, actor: Actor, *, credit_id: UUID, reason: str, now: datetime) -> Credit:
    """A second person does not agree; whoever proposed it may take it back the same way."""
    if not reason.strip():
        raise FactsMissing
    one, place, _ = await _proposed(session, actor, credit_id, now, alone=True)
    values = {"refused_at": now, "refusal": f"{reason.strip()}（{actor.name}）"}
    await session.execute(update(TimeCreditRow).where(TimeCreditRow.id == credit_id).values(**values))
    await _audit_credit(session, actor, credit_id, place, "refuse_credit", one.minutes, reason.strip(), now)
    return (await queries.credits(session, ids=[credit_id]))[0]


async def _proposed(
    session: AsyncSession, actor: Actor, credit_id: UUID, now: datetime, *, alone: bool = False
) -> tuple[Credit, Where, Level]:
    await session.execute(select(TimeCreditRow.id).where(TimeCreditRow.id == credit_id).with_for_update())
    found = await queries.credits(session, ids=[credit_id])
    if not found:
        raise NotFound
    place = await where_of(session, found[0])
    level = await _require_rank(session, actor, place, now)
    if found[0].applied_at or found[0].refused_at:
        raise CreditDecided
    if not alone:
        require_second(found[0].given_by, actor.account_id)
    return found[0], place, level


async def _require_level(session: AsyncSession, place: Where, minutes: int, level: Level) -> None:
    ladder = queries.strictest(await queries.ladders(session, place.batch_ids), place.batch_ids)
    needed = max(level_needed(ladder, minutes), Level.SITE if place.scope is Scope.SITE else Level.ROOM)
    if level < needed:
        limit = ladder.organisation_minutes if needed is Level.ORGANISATION else ladder.site_minutes
        raise HigherNeeded(minutes=limit - 1, level=_LEVEL_HOLDERS[needed])


_LEVEL_HOLDERS = {Level.SITE: N_("主考"), Level.ORGANISATION: N_("考务管理员")}


async def _extend(
    session: AsyncSession, actor: Actor, place: Where, minutes: int, reason: str, now: datetime
) -> list[Sitting]:
    return await sittings.extend(
        session, actor, minutes=minutes, reason=reason.strip(), now=now,
        sitting_ids=[place.sitting.id] if place.sitting else [],
        room_session_ids=[] if place.sitting else [room.id for room in place.rooms],
    )  # fmt: skip


async def _note_people(session: AsyncSession, credit_id: UUID, people: Sequence[Sitting], minutes: int) -> None:
    session.add_all(CreditedRow(credit_id=credit_id, sitting_id=one.id, minutes=minutes) for one in people)
    await session.flush()


async def set_ladder(
    session: AsyncSession, actor: Actor, *, batch_id: UUID, ladder: Ladder, reason: str, now: datetime
) -> None:
    """Set after how many minutes faults of a batch go up; a new version each time."""
    view = await signals.sight(session, actor, now)
    if not (view.everywhere or view.all_batches or batch_id in view.batches):
        raise Forbidden
    require_ladder(ladder)
    if not reason.strip():
        raise FactsMissing
    newest = select(func.max(FaultLadderRow.version)).where(FaultLadderRow.batch_id == batch_id)
    version = (await session.scalar(newest) or 0) + 1
    session.add(
        FaultLadderRow(
            batch_id=batch_id,
            version=version,
            site_minutes=ladder.site_minutes,
            organisation_minutes=ladder.organisation_minutes,
            province_minutes=ladder.province_minutes,
            reason=reason.strip(),
            set_by=actor.account_id,
            set_name=actor.name,
            set_at=now,
        )
    )
    await session.flush()
    await audit.record(
        session, actor, "faults.set_ladder", subject="batch", ids=[batch_id], stream=f"batch:{batch_id}", now=now,
        data={"version": version, "site": ladder.site_minutes, "organisation": ladder.organisation_minutes,
              "province": ladder.province_minutes, "reason": reason.strip()},
    )  # fmt: skip


async def _step(session: AsyncSession, actor: Actor, fault_id: UUID, kind: StepKind, words: str, now: datetime) -> None:
    session.add(
        FaultStepRow(
            id=new_id(),
            fault_id=fault_id,
            kind=kind,
            words=words,
            by_account_id=actor.account_id,
            by_name=actor.name,
            at=now,
        )
    )
    await session.flush()
    await audit.record(
        session, actor, f"faults.{kind}", subject="fault", ids=[fault_id], stream=f"fault:{fault_id}", data={}, now=now
    )


async def _audit_credit(
    session: AsyncSession,
    actor: Actor,
    credit_id: UUID,
    place: Where,
    verb: str,
    minutes: int,
    reason: str,
    now: datetime,
) -> None:
    data = {"scope": place.scope, "minutes": minutes, "reason": reason.strip()}
    await audit.record(
        session, actor, f"faults.{verb}", subject="time_credit", ids=[credit_id], stream=f"time_credit:{credit_id}",
        data=data, now=now,
    )  # fmt: skip
