"""Reads of the exam day: frozen records for other folders, the invigilator's room, and the invariants of `kaowu check`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.kernel.errors import N_, NotFound
from exam.kernel.needs import Need
from exam.sittings.models import DutyRow, IncidentRow, MoveRow, RoomSessionRow, SittingRow
from exam.sittings.rules import (
    Duty,
    DutySpec,
    Effect,
    Headcount,
    IncidentStatus,
    Move,
    RoomSession,
    RoomStatus,
    Sitting,
    SittingStatus,
    Step,
    Terms,
    VoidPart,
    covers,
    headcount,
    next_step,
)

_SITTING_COLUMNS = tuple(getattr(SittingRow, field.name) for field in fields(Sitting))


@dataclass(frozen=True)
class Incident:
    """A discipline incident as the pages and the printed record show it."""

    id: UUID
    batch_id: UUID
    number: int
    sitting_id: UUID
    room_session_id: UUID
    registration_id: UUID
    component_id: UUID
    code: str
    facts: str
    evidence: str
    seen_at: datetime
    signed: bool
    witnesses: tuple[str, ...]
    reported_name: str
    reported_at: datetime
    status: IncidentStatus
    confirmed_name: str | None
    confirmed_at: datetime | None
    effect: Effect | None
    basis: str | None
    decision: str | None
    decided_name: str | None
    decided_at: datetime | None
    objection_until: datetime | None
    statement: str | None
    final_at: datetime | None


@dataclass(frozen=True)
class RoomView:
    """One room as its invigilator sees it."""

    room: RoomSession
    sittings: tuple[Sitting, ...]  # by seat
    count: Headcount
    step: Step
    moves: tuple[Move, ...]
    incidents: tuple[Incident, ...]
    duties: tuple[DutySpec, ...]

    @property
    def late(self) -> tuple[Sitting, ...]:
        """Who came after the start."""
        return tuple(sitting for sitting in self.sittings if sitting.late_minutes)

    @property
    def missing(self) -> tuple[Sitting, ...]:
        """Who is neither here nor absent yet."""
        return tuple(sitting for sitting in self.sittings if sitting.status is SittingStatus.SCHEDULED)


async def room_sessions(
    session: AsyncSession,
    *,
    batch_id: UUID | None = None,
    ids: Iterable[UUID] | None = None,
    account_id: UUID | None = None,
    site_id: UUID | None = None,
    registration_id: UUID | None = None,
) -> list[RoomSession]:
    """Room sessions by time and room; filters add up. `account_id`: those in which the account has a duty."""
    query = select(RoomSessionRow).order_by(RoomSessionRow.starts_at, RoomSessionRow.site_code, RoomSessionRow.room_name)
    if batch_id is not None:
        query = query.where(RoomSessionRow.batch_id == batch_id)
    if ids is not None:
        query = query.where(RoomSessionRow.id.in_(list(ids)))
    if site_id is not None:
        query = query.where(RoomSessionRow.site_id == site_id)
    if account_id is not None:
        query = query.where(
            RoomSessionRow.id.in_(select(DutyRow.room_session_id).where(DutyRow.account_id == account_id))
        )
    if registration_id is not None:
        query = query.where(
            RoomSessionRow.id.in_(select(SittingRow.room_session_id).where(SittingRow.registration_id == registration_id))
        )
    rows = await session.scalars(query.execution_options(populate_existing=True))
    return [room_record(row) for row in rows]


async def room_session(session: AsyncSession, room_session_id: UUID) -> RoomSession:
    """One room session; NotFound when there is none."""
    found = await room_sessions(session, ids=[room_session_id])
    if not found:
        raise NotFound
    return found[0]


async def sittings(
    session: AsyncSession,
    *,
    batch_id: UUID | None = None,
    room_session_id: UUID | None = None,
    registration_id: UUID | None = None,
    registration_ids: Iterable[UUID] | None = None,
    ids: Iterable[UUID] | None = None,
) -> list[Sitting]:
    """Sittings by time, room and seat; filters add up. Reads columns, not objects: a batch has thousands."""
    query = select(*_SITTING_COLUMNS).order_by(SittingRow.starts_at, SittingRow.room_session_id, SittingRow.seat_no)
    return [sitting_record(row) for row in await session.execute(_narrow(query, batch_id, room_session_id,
                                                                         registration_id, registration_ids, ids))]


def _narrow(
    query: Select[Any],
    batch_id: UUID | None,
    room_session_id: UUID | None,
    registration_id: UUID | None,
    registration_ids: Iterable[UUID] | None,
    ids: Iterable[UUID] | None,
) -> Select[Any]:
    if batch_id is not None:
        query = query.where(SittingRow.batch_id == batch_id)
    if room_session_id is not None:
        query = query.where(SittingRow.room_session_id == room_session_id)
    if registration_id is not None:
        query = query.where(SittingRow.registration_id == registration_id)
    if registration_ids is not None:
        query = query.where(SittingRow.registration_id.in_(list(registration_ids)))
    if ids is not None:
        query = query.where(SittingRow.id.in_(list(ids)))
    return query


async def sitting(session: AsyncSession, sitting_id: UUID) -> Sitting:
    """One sitting; NotFound when there is none."""
    found = await sittings(session, ids=[sitting_id])
    if not found:
        raise NotFound
    return found[0]


async def sitting_by_ticket(session: AsyncSession, room_session_id: UUID, ticket_no: str) -> Sitting | None:
    """The sitting of a ticket in this room, for the QR code on the admission ticket."""
    query = select(*_SITTING_COLUMNS).where(
        SittingRow.room_session_id == room_session_id, SittingRow.ticket_no == ticket_no
    )
    row = (await session.execute(query)).first()
    return sitting_record(row) if row else None


async def duties(
    session: AsyncSession,
    *,
    account_id: UUID | None = None,
    room_session_id: UUID | None = None,
    batch_id: UUID | None = None,
) -> list[DutySpec]:
    """Duties by time and name; filters add up."""
    query = select(DutyRow).order_by(DutyRow.starts_at, DutyRow.name, DutyRow.duty)
    if account_id is not None:
        query = query.where(DutyRow.account_id == account_id)
    if room_session_id is not None:
        query = query.where(DutyRow.room_session_id == room_session_id)
    if batch_id is not None:
        query = query.where(DutyRow.batch_id == batch_id)
    return [_duty(row) for row in await session.scalars(query)]


async def on_duty(
    session: AsyncSession, account_id: UUID, room: RoomSession, now: datetime, kinds: Sequence[Duty]
) -> bool:
    """Whether the account holds one of these duties in this room session, and its window covers `now`."""
    query = select(DutyRow.starts_at, DutyRow.ends_at).where(
        DutyRow.account_id == account_id, DutyRow.room_session_id == room.id, DutyRow.duty.in_(list(kinds))
    )
    return any(covers(row.starts_at, row.ends_at, room.terms, now) for row in await session.execute(query))


async def void_parts(session: AsyncSession, batch_id: UUID) -> list[VoidPart]:
    """The parts that final decisions make void; a part named None means all parts of the registration (3.12)."""
    query = select(IncidentRow.registration_id, IncidentRow.component_id, IncidentRow.effect, IncidentRow.id).where(
        IncidentRow.batch_id == batch_id,
        IncidentRow.status == IncidentStatus.FINAL,
        IncidentRow.effect.in_([Effect.PART_VOID, Effect.ALL_VOID]),
    )
    return [
        VoidPart(row.registration_id, None if row.effect == Effect.ALL_VOID else row.component_id, row.id)
        for row in await session.execute(query.order_by(IncidentRow.number))
    ]


async def incidents(
    session: AsyncSession,
    *,
    batch_id: UUID | None = None,
    room_session_id: UUID | None = None,
    registration_id: UUID | None = None,
    ids: Iterable[UUID] | None = None,
) -> list[Incident]:
    """Incidents in the order of their numbers; filters add up."""
    query = select(IncidentRow).order_by(IncidentRow.reported_at, IncidentRow.number)
    if batch_id is not None:
        query = query.where(IncidentRow.batch_id == batch_id)
    if room_session_id is not None:
        query = query.where(IncidentRow.room_session_id == room_session_id)
    if registration_id is not None:
        query = query.where(IncidentRow.registration_id == registration_id)
    if ids is not None:
        query = query.where(IncidentRow.id.in_(list(ids)))
    rows = await session.scalars(query.execution_options(populate_existing=True))
    return [incident_record(row) for row in rows]


async def moves(
    session: AsyncSession, *, room_session_id: UUID | None = None, sitting_id: UUID | None = None
) -> list[Move]:
    """Seat and room changes into or out of a room session, oldest first."""
    query = select(MoveRow).order_by(MoveRow.at)
    if room_session_id is not None:
        query = query.where(
            (MoveRow.from_room_session_id == room_session_id) | (MoveRow.to_room_session_id == room_session_id)
        )
    if sitting_id is not None:
        query = query.where(MoveRow.sitting_id == sitting_id)
    return [_record(Move, row) for row in await session.scalars(query)]


async def room_view(session: AsyncSession, room_session_id: UUID, now: datetime) -> RoomView:
    """Everything the room's page shows, read at one moment."""
    room = await room_session(session, room_session_id)
    people = await sittings(session, room_session_id=room_session_id)
    count = headcount(person.status for person in people)
    not_started = sum(person.status is SittingStatus.CHECKED_IN for person in people)
    return RoomView(
        room=room,
        sittings=tuple(people),
        count=count,
        step=next_step(room, count, not_started, now),
        moves=tuple(await moves(session, room_session_id=room_session_id)),
        incidents=tuple(await incidents(session, room_session_id=room_session_id)),
        duties=tuple(await duties(session, room_session_id=room_session_id)),
    )


async def headcounts(session: AsyncSession, room_session_ids: Iterable[UUID]) -> dict[UUID, Headcount]:
    """The counts of many rooms in one statement; a room without sittings counts zero."""
    ids = list(room_session_ids)
    found: dict[UUID, list[SittingStatus]] = {room_id: [] for room_id in ids}
    query = (
        select(SittingRow.room_session_id, SittingRow.status, func.count())
        .where(SittingRow.room_session_id.in_(ids))
        .group_by(SittingRow.room_session_id, SittingRow.status)
    )
    for room_id, status, count in await session.execute(query):
        found[room_id] += [SittingStatus(status)] * count
    return {room_id: headcount(statuses) for room_id, statuses in found.items()}


async def statuses(session: AsyncSession, batch_id: UUID) -> Mapping[SittingStatus, int]:
    """How many sittings of a batch stand in each state, in the order of the states."""
    query = select(SittingRow.status, func.count()).where(SittingRow.batch_id == batch_id).group_by(SittingRow.status)
    counts = Counter({SittingStatus(status): count for status, count in await session.execute(query)})
    return {status: counts[status] for status in SittingStatus}


async def my_rooms(session: AsyncSession, actor: Actor, now: datetime, *, days: int = 7) -> list[RoomSession]:
    """The room sessions of the actor's duties, from today's first to those of the next days."""
    if actor.account_id is None:
        return []
    found = await room_sessions(session, account_id=actor.account_id)
    day_start, horizon = now - timedelta(hours=20), now + timedelta(days=days)
    return [room for room in found if room.ends_at >= day_start and room.starts_at <= horizon]


async def needs(session: AsyncSession, actor: Actor, now: datetime) -> list[Need]:
    """What the exam day wants from this person: a room to run, an incident to confirm or decide, a sitting to go to."""
    return [
        *await _needs_of_duties(session, actor, now),
        *await _needs_of_incidents(session, actor),
        *await _needs_of_candidate(session, actor, now),
    ]


async def _needs_of_duties(session: AsyncSession, actor: Actor, now: datetime) -> list[Need]:
    if actor.account_id is None or not actor.may(Permission.ROOM_RUN):
        return []
    rooms = [room for room in await my_rooms(session, actor, now) if room.status is not RoomStatus.CLOSED]
    return [
        Need(
            text=N_("%(room)s：今天监考，应到 %(n)s 人"),
            href=f"/exam/sittings/rooms/{room.id}",
            count=count.expected,
            facts={"room": f"{room.site_name} {room.room_name}"},
            tone="warning" if now > room.late_until and count.undecided else "needs",
            due=room.starts_at,
        )
        for room, count in await _counted(session, rooms)
        if room.starts_at - now < timedelta(hours=24)
    ]


async def _counted(session: AsyncSession, rooms: list[RoomSession]) -> list[tuple[RoomSession, Headcount]]:
    counts = await headcounts(session, [room.id for room in rooms]) if rooms else {}
    return [(room, counts[room.id]) for room in rooms]


async def _needs_of_incidents(session: AsyncSession, actor: Actor) -> list[Need]:
    wanted = []
    if actor.may(Permission.SITE_RUN):
        wanted.append((IncidentStatus.RECORDED, N_("%(n)s 起违纪记录待主考确认")))
    if actor.may(Permission.INCIDENT_DECIDE):
        wanted.append((IncidentStatus.CONFIRMED, N_("%(n)s 起违纪待作出决定")))
        wanted.append((IncidentStatus.DECIDED, N_("%(n)s 起违纪决定待生效")))
    if not wanted:
        return []
    counts: Counter[IncidentStatus] = Counter(entry.status for entry in await visible_incidents(session, actor))
    return [
        Need(text=message, href=f"/exam/sittings/incidents?status={status}", count=counts[status])
        for status, message in wanted
        if counts[status]
    ]


async def visible_incidents(session: AsyncSession, actor: Actor) -> list[Incident]:
    """The incidents the actor may read: officers all, a site head those of the rooms of the own duties and sites."""
    found = await incidents(session)
    if actor.may(Permission.INCIDENT_DECIDE) or not found:
        return found
    own = await room_sessions(session, account_id=actor.account_id) if actor.account_id else []
    rooms = {room.id for room in own}
    sites = actor.scope_ids(Permission.SITE_RUN, "site") or set()
    if sites:
        every = await room_sessions(session, ids={entry.room_session_id for entry in found})
        rooms |= {room.id for room in every if str(room.site_id) in sites}
    return [entry for entry in found if entry.room_session_id in rooms]


def registration_ids(actor: Actor) -> list[UUID]:
    """The registrations a candidate may sit for."""
    return [UUID(found) for found in sorted(actor.scope_ids(Permission.EXAM_SIT, "registration") or set())]


async def _needs_of_candidate(session: AsyncSession, actor: Actor, now: datetime) -> list[Need]:
    mine = registration_ids(actor)
    if not mine:
        return []
    ahead = [found for found in await sittings(session, registration_ids=mine) if found.ends_at > now]
    if not ahead:
        return []
    return [Need(text=N_("您有 %(n)s 场考试"), href="/exam/sittings/mine", count=len(ahead), due=ahead[0].starts_at)]


async def invariants(session: AsyncSession) -> list[str]:
    """Everything about the exam day that must hold on the live data; each failure is named with its row."""
    failures: list[str] = []
    for name, statement in _INVARIANTS.items():
        rows = (await session.execute(text(statement))).all()
        failures += [f"sittings.{name}: {' '.join(str(value) for value in row)}" for row in rows]
    return failures


# Evaluated without the constraints that also hold them, so that a dropped constraint shows.
_INVARIANTS: Mapping[str, str] = {
    "candidate_overlap": """
        SELECT a.id, b.id FROM exam.sittings a JOIN exam.sittings b ON a.person_id = b.person_id AND a.id < b.id
        AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at""",
    "room_overlap": """
        SELECT a.id, b.id FROM exam.room_sessions a JOIN exam.room_sessions b ON a.room_id = b.room_id AND a.id < b.id
        AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at""",
    "seat_twice": """
        SELECT room_session_id, seat_no, count(*) FROM exam.sittings GROUP BY 1, 2 HAVING count(*) > 1""",
    "part_twice": """
        SELECT registration_id, component_id, count(*) FROM exam.sittings GROUP BY 1, 2 HAVING count(*) > 1""",
    "duty_overlap": """
        SELECT a.id, b.id FROM exam.duties a JOIN exam.duties b ON a.account_id = b.account_id AND a.id < b.id
        AND a.room_session_id <> b.room_session_id AND a.duty <> 'site_head' AND b.duty <> 'site_head'
        AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at""",
    "outside_room_time": """
        SELECT s.id FROM exam.sittings s JOIN exam.room_sessions r ON r.id = s.room_session_id
        WHERE s.starts_at < r.starts_at OR s.ends_at > r.ends_at OR s.component_id <> r.component_id""",
    "room_overfull": """
        SELECT r.id, count(*), r.seats_count FROM exam.room_sessions r JOIN exam.sittings s ON s.room_session_id = r.id
        GROUP BY r.id HAVING count(*) > r.seats_count""",
    "counts_unbalanced": """
        SELECT r.id, r.expected, r.present, r.absent FROM exam.room_sessions r LEFT JOIN exam.sittings s
        ON s.room_session_id = r.id WHERE r.status = 'closed' GROUP BY r.id
        HAVING r.expected <> count(s.id) OR r.absent <> count(s.id) FILTER (WHERE s.status = 'absent')
        OR r.present + r.absent <> r.expected""",
    "undecided_in_closed_room": """
        SELECT s.id, s.status FROM exam.sittings s JOIN exam.room_sessions r ON r.id = s.room_session_id
        WHERE r.status = 'closed' AND s.status IN ('scheduled', 'checked_in', 'started', 'interrupted')""",
    "present_without_open_room": """
        SELECT s.id, s.status FROM exam.sittings s JOIN exam.room_sessions r ON r.id = s.room_session_id
        WHERE r.status = 'planned' AND s.status <> 'scheduled'""",
    "absent_too_early": """
        SELECT s.id FROM exam.sittings s JOIN exam.room_sessions r ON r.id = s.room_session_id
        WHERE s.absent_at <= s.starts_at + make_interval(mins => (r.terms->>'late_limit_minutes')::int)""",
    "void_not_applied": """
        SELECT i.id, s.id FROM exam.incidents i JOIN exam.sittings s ON s.registration_id = i.registration_id
        AND (i.effect = 'all_void' OR s.component_id = i.component_id)
        WHERE i.status = 'final' AND i.effect IN ('part_void', 'all_void')
        AND s.status IN ('submitted', 'auto_submitted', 'stopped') AND s.finished_at <= i.final_at""",
}


def room_record(row: RoomSessionRow) -> RoomSession:
    """The frozen record of a room session's row."""
    values = {field.name: getattr(row, field.name) for field in fields(RoomSession)}
    return RoomSession(**values | {"status": RoomStatus(row.status), "terms": Terms(**row.terms)})


def sitting_record(row: Any) -> Sitting:
    """The frozen record of a sitting's row, whether object or columns."""
    values = {field.name: getattr(row, field.name) for field in fields(Sitting)}
    return Sitting(**values | {"status": SittingStatus(row.status)})


def incident_record(row: IncidentRow) -> Incident:
    """The frozen record of an incident's row."""
    values = {field.name: getattr(row, field.name) for field in fields(Incident)}
    return Incident(
        **values
        | {
            "status": IncidentStatus(row.status),
            "effect": Effect(row.effect) if row.effect else None,
            "witnesses": tuple(row.witnesses),
        }
    )


def terms_json(terms: Terms) -> dict[str, Any]:
    """The stored form of a room session's terms."""
    return asdict(terms)


def _duty(row: DutyRow) -> DutySpec:
    return DutySpec(row.id, row.room_session_id, row.account_id, row.name, Duty(row.duty), row.starts_at, row.ends_at)


def _record(kind: type[Move], row: MoveRow) -> Move:
    return kind(**{field.name: getattr(row, field.name) for field in fields(kind)})
