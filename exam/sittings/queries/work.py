"""What the exam day wants from a person: a room to run, an incident to confirm or decide, a sitting to go to."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.kernel.errors import N_
from exam.kernel.needs import Need
from exam.sittings.queries.incidents import incidents, visible_incidents
from exam.sittings.queries.minutes import steps_of
from exam.sittings.queries.places import headcounts, my_rooms, room_sessions, sittings
from exam.sittings.rules import Headcount, IncidentStatus, RoomSession, RoomStatus
from exam.sittings.rules.minutes import plan_of

_KEYED_IN_WITHIN = timedelta(days=2)  # a site head is asked that long for what stands on paper


async def needs(session: AsyncSession, actor: Actor, now: datetime) -> list[Need]:
    """What the exam day wants from this person: a room to run, an incident to confirm or decide, a sitting to go to."""
    return [
        *await _needs_of_duties(session, actor, now),
        *await _needs_of_sites(session, actor, now),
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


async def _needs_of_sites(session: AsyncSession, actor: Actor, now: datetime) -> list[Need]:
    """Rooms of the own sites that are over and not counted and closed."""
    rooms = [
        room
        for site_id in actor.scope_uuids(Permission.SITE_RUN, "site") or ()
        for room in await room_sessions(session, site_id=site_id)
        if room.ends_at < now
    ]
    found = []
    if open_rooms := [room for room in rooms if room.status is RoomStatus.OPEN]:
        text = N_("%(n)s 个考场已到时间，还没有清点关闭")
        first = open_rooms[0].ends_at
        found.append(Need(text=text, href="/exam/sittings", count=len(open_rooms), tone="warning", due=first))
    if unrecorded := await _unrecorded(session, [room for room in rooms if now - room.ends_at < _KEYED_IN_WITHIN]):
        text = N_("%(n)s 个考场有步骤没有登记，请按纸质记录补录")
        href = f"/exam/sittings/rooms/{unrecorded[0].id}#plan"
        found.append(Need(text=text, href=href, count=len(unrecorded)))
    return found


async def _unrecorded(session: AsyncSession, rooms: list[RoomSession]) -> list[RoomSession]:
    """Closed rooms whose minute plan has steps that nobody recorded."""
    closed = [room for room in rooms if room.status is RoomStatus.CLOSED]
    records = await steps_of(session, [room.id for room in closed]) if closed else {}
    return [
        room for room in closed if {step.key for step in plan_of(room) if not step.act} - set(records.get(room.id, ()))
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
        wanted.append((IncidentStatus.OBJECTED, N_("%(n)s 起申诉待处理")))
    if not wanted:
        return []
    counts: Counter[IncidentStatus] = Counter(entry.status for entry in await visible_incidents(session, actor))
    return [
        Need(text=message, href=f"/exam/sittings/incidents?status={status}", count=counts[status])
        for status, message in wanted
        if counts[status]
    ]


def registration_ids(actor: Actor) -> list[UUID]:
    """The registrations a candidate may sit for."""
    return actor.scope_uuids(Permission.EXAM_SIT, "registration") or []


async def _needs_of_candidate(session: AsyncSession, actor: Actor, now: datetime) -> list[Need]:
    mine = registration_ids(actor)
    if not mine:
        return []
    told = [
        Need(
            text=N_("有一份违纪处理决定，请查看；您可以申诉。"),
            href=f"/exam/sittings/mine/incidents/{one.id}",
            count=1,
            tone="warning",
        )
        for registration_id in mine
        for one in await incidents(session, registration_id=registration_id)
        if one.status is IncidentStatus.DECIDED
    ]
    ahead = [found for found in await sittings(session, registration_ids=mine) if found.ends_at > now]
    if not ahead:
        return told
    return [
        *told,
        Need(text=N_("您有 %(n)s 场考试"), href="/exam/sittings/mine", count=len(ahead), due=ahead[0].starts_at),
    ]
