"""Rehearse: hold sessions on invented candidates, tick drills, sign readiness by two people."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts import queries as accounts
from exam.accounts.rules import SYSTEM, Actor, Permission, Role
from exam.catalogue import queries as catalogue
from exam.catalogue.rules import Component, Form
from exam.kernel import audit
from exam.kernel.clock import china_date
from exam.kernel.errors import Forbidden, NotFound
from exam.kernel.ids import new_id
from exam.rehearsal import queries
from exam.rehearsal.models import DrillRow, ReadinessRow, RehearsalRow
from exam.rehearsal.rules import (
    MOST_CANDIDATES,
    MOST_VALID_DAYS,
    SUFFIX,
    SUFFIX_EN,
    TICKET,
    AlreadySigned,
    Drill,
    NothingChosen,
    SamePerson,
    SeenMissing,
    ValidityWrong,
    require_complete,
)
from exam.sittings import actions as sittings
from exam.sittings.rules import Duty, DutySpec, Publication, RoomSession, SittingSpec
from scheduling.sites import queries as sites
from scheduling.sites.rules import Room, Site


async def rehearse(
    session: AsyncSession,
    actor: Actor,
    *,
    site_id: UUID,
    component_id: UUID,
    room_ids: Collection[UUID],
    candidates: int,
    starts_at: datetime,
    invigilators: Sequence[str] = (),
    now: datetime,
) -> UUID:
    """Hold a session of a component in rooms of the site. The people named (by login) serve the rooms in turn; the site head
    serves them all. A computer component is rehearsed as a paper one: no sealed paper is opened for a rehearsal."""
    actor.require(Permission.SITE_RUN, site_id=site_id)
    place = await sites.site(session, site_id)
    chosen = [room for room in place.rooms if room.id in set(room_ids)]
    smallest = min((room.usable for room in chosen), default=0)
    if not chosen or not 1 <= candidates <= min(MOST_CANDIDATES, smallest) or starts_at <= now:
        raise NothingChosen(most=MOST_CANDIDATES)
    component = await _component(session, component_id)
    made = RehearsalRow(
        id=new_id(), site_id=site_id, starts_at=starts_at, made_by=actor.account_id, made_name=actor.name, made_at=now
    )
    session.add(made)
    await session.flush()
    rooms = [_room(made.id, place, room, component, starts_at) for room in chosen]
    specs = [spec for room in rooms for spec in _invented(room, candidates)]
    people = await _staff(session, invigilators)
    duties = [
        DutySpec(new_id(), rooms[number % len(rooms)].id, id, name, duty, starts_at, rooms[0].ends_at)
        for number, (id, name, duty) in enumerate(people)
    ]
    tickets = {spec.registration_id: f"{TICKET}{number:06d}" for number, spec in enumerate(specs, start=1)}
    publication = Publication(made.id, new_id(), 1, tuple(rooms), tuple(specs), tuple(duties), tickets)
    await sittings.admit(session, SYSTEM, publication=publication, now=now)
    await audit.record(
        session, actor, "rehearsal.rehearse", subject="rehearsal", ids=[made.id], stream=f"site:{site_id}",
        data={"rooms": len(rooms), "candidates": candidates, "component": component_id}, now=now,
    )  # fmt: skip
    return made.id


async def _component(session: AsyncSession, component_id: UUID) -> Component:
    for scheme in await catalogue.schemes(session):
        for component in scheme.components:
            if component.id == component_id:
                return component
    raise NotFound


def _room(rehearsal_id: UUID, place: Site, room: Room, component: Component, starts_at: datetime) -> RoomSession:
    return RoomSession(
        id=new_id(), batch_id=rehearsal_id, site_id=place.id, site_code=place.code, site_name=place.name_zh,
        site_name_en=place.name_en, site_address=place.address_zh, site_address_en=place.address_en,
        prefecture_code=place.prefecture_code, room_id=room.id, room_name=f"{room.name_zh}{SUFFIX}",
        room_name_en=f"{room.name_en or room.name_zh}{SUFFIX_EN}", component_id=component.id,
        form=Form(component.form).value if Form(component.form).practical else Form.PAPER.value, starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=component.duration_minutes), seats_count=room.usable,
    )  # fmt: skip


def _invented(room: RoomSession, count: int) -> list[SittingSpec]:
    return [
        SittingSpec(
            id=new_id(), registration_id=new_id(), person_id=new_id(), component_id=room.component_id, session_id=room.id,
            seat_no=seat, starts_at=room.starts_at, ends_at=room.ends_at,
        )
        for seat in range(1, count + 1)
    ]  # fmt: skip


async def _staff(session: AsyncSession, logins: Sequence[str]) -> list[tuple[UUID, str, Duty]]:
    """The accounts of these logins with the duty their role has; NotFound for a login that nobody on site has."""
    known = {}
    for role, duty in ((Role.ASSESSOR, Duty.ASSESSOR), (Role.INVIGILATOR, Duty.INVIGILATOR)):
        known.update({one.login: (one.id, one.name, duty) for one in await accounts.accounts_of_role(session, role)})
    wanted = list(dict.fromkeys(one.strip() for one in logins if one.strip()))
    if any(one not in known for one in wanted):
        raise NotFound
    return [known[one] for one in wanted]


async def tick(
    session: AsyncSession, actor: Actor, *, rehearsal_id: UUID, drill: Drill, seen: str, now: datetime
) -> None:
    """Note that a drill was done and what was seen. Whoever takes part may."""
    found = await queries.rehearsal(session, rehearsal_id)
    _require_part(actor, found)
    if found.readiness is not None:
        raise AlreadySigned
    if not seen.strip():
        raise SeenMissing
    row = DrillRow(
        id=new_id(), rehearsal_id=rehearsal_id, drill=drill, seen=seen.strip(), by_account_id=actor.account_id,
        by_name=actor.name, at=now,
    )  # fmt: skip
    session.add(row)
    await session.flush()
    await _audit(session, actor, "tick", rehearsal_id, found.site_id, {"drill": drill}, now)


async def sign(
    session: AsyncSession, actor: Actor, *, rehearsal_id: UUID, days: int, note: str = "", now: datetime
) -> None:
    """Sign that the site is ready: first its head, who says for how long, then somebody else who took part or an officer."""
    found = await queries.rehearsal(session, rehearsal_id)
    if actor.account_id is None:
        raise SamePerson
    if found.readiness is None:
        actor.require(Permission.SITE_RUN, site_id=found.site_id)
        require_complete([room.status.value for room in found.rooms], found.drills)
        if not 1 <= days <= MOST_VALID_DAYS:
            raise ValidityWrong(most=MOST_VALID_DAYS)
        first = china_date(now)
        session.add(
            ReadinessRow(
                id=new_id(), rehearsal_id=rehearsal_id, site_id=found.site_id, valid_from=first,
                valid_to=first + timedelta(days=days), note=note.strip(), head_by=actor.account_id, head_name=actor.name,
                head_at=now, second_by=None, second_name="", second_at=None,
            )
        )  # fmt: skip
        await session.flush()
    else:
        await _countersign(session, actor, found, now)
    await _audit(session, actor, "sign", rehearsal_id, found.site_id, {"days": days}, now)


async def _countersign(session: AsyncSession, actor: Actor, found: queries.Rehearsal, now: datetime) -> None:
    assert found.readiness is not None
    if found.readiness.signed:
        raise AlreadySigned
    row = await session.get_one(ReadinessRow, found.readiness.id, with_for_update=True)
    took_part = actor.account_id in {duty.account_id for duty in found.duties}
    if row.head_by == actor.account_id or not (took_part or actor.may(Permission.PLAN_MANAGE)):
        raise SamePerson
    values = {"second_by": actor.account_id, "second_name": actor.name, "second_at": now}
    await session.execute(update(ReadinessRow).where(ReadinessRow.id == row.id).values(**values))


def _require_part(actor: Actor, found: queries.Rehearsal) -> None:
    serves = actor.account_id in {duty.account_id for duty in found.duties}
    if not serves and not actor.within(Permission.SITE_RUN, site_id=found.site_id):
        raise Forbidden


async def _audit(
    session: AsyncSession,
    actor: Actor,
    verb: str,
    rehearsal_id: UUID,
    site_id: UUID,
    data: dict[str, object],
    now: datetime,
) -> None:
    await audit.record(
        session, actor, f"rehearsal.{verb}", subject="rehearsal", ids=[rehearsal_id], stream=f"site:{site_id}", data=data,
        now=now,
    )  # fmt: skip
