"""Publication: what scheduling decided becomes fact, in one transaction, all of it or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.catalogue.rules import Component
from exam.kernel import audit
from exam.kernel.db import insert_many
from exam.kernel.errors import N_, Problem
from exam.sittings import queries
from exam.sittings.actions.authority import require_officer
from exam.sittings.models import DutyRow, RoomSessionRow, SittingRow
from exam.sittings.rules import (
    Admission,
    DutySpec,
    Publication,
    RoomSession,
    RoomStatus,
    SittingSpec,
    SittingStatus,
    Terms,
)
from exam.sittings.rules.publication import AlreadyPublished, PublicationClash, PublicationInvalid, problems_of

CLASHES: Mapping[str, str] = {
    "ex_sittings_person": N_("同一考生的时间重叠"),
    "ex_room_sessions_room": N_("同一考场的时间重叠"),
    "ex_duties_account": N_("同一工作人员的时间重叠"),
    "uq_sittings_room_session_id_seat_no": N_("同一座位安排了两人"),
    "uq_sittings_registration_id_component_id": N_("同一报名的同一科目安排了两次"),
}


async def admit(session: AsyncSession, actor: Actor, *, publication: Publication, now: datetime) -> Admission:
    """Take a published plan over. A repeated publication leaves what stands unchanged; a changed one is refused."""
    await require_officer(session, actor, Permission.PLAN_MANAGE, publication.batch_id)
    known = {room.id: room for room in await queries.room_sessions(session, batch_id=publication.batch_id)}
    parts = await components(session)
    _require_sound(publication, known, parts)
    rooms = [with_terms(room, parts[room.component_id]) for room in publication.sessions]
    published = await _published(session, publication.batch_id)
    duties = {duty.id: duty for duty in await queries.duties(session, batch_id=publication.batch_id)}
    _require_unchanged(rooms, publication, known, published, duties)
    new_rooms = [room for room in rooms if room.id not in known]
    new_sittings = [spec for spec in publication.sittings if spec.id not in published]
    new_duties = [duty for duty in publication.duties if duty.id not in duties]
    await _insert(session, publication, new_rooms, new_sittings, new_duties)
    given = len(publication.sessions) + len(publication.sittings) + len(publication.duties)
    added = len(new_rooms) + len(new_sittings) + len(new_duties)
    result = Admission(len(new_rooms), len(new_sittings), len(new_duties), given - added)
    if added:
        await audit.record(
            session, actor, "sittings.admit", subject="sitting", ids=[spec.id for spec in new_sittings],
            stream=f"batch:{publication.batch_id}", now=now,
            data={"plan_id": publication.plan_id, "plan_version": publication.plan_version, **asdict(result)},
        )  # fmt: skip
    return result


async def components(session: AsyncSession) -> dict[UUID, Component]:
    """Every component of every scheme."""
    return {component.id: component for scheme in await catalogue.schemes(session) for component in scheme.components}


def _require_sound(
    publication: Publication, known: Mapping[UUID, RoomSession], components: Mapping[UUID, Component]
) -> None:
    problems = problems_of(publication, known)
    problems += [
        Problem(message=N_("%(room)s 的科目不在任何考核方案中。"), facts={"room": room.room_name}, code="no_component")
        for room in publication.sessions
        if room.component_id not in components
    ]
    if problems:
        raise PublicationInvalid(problems=problems, n=len(problems))


def with_terms(room: RoomSession, component: Component) -> RoomSession:
    """A room session as it begins: planned, with the terms of its component."""
    return replace(room, terms=terms_of(component), status=RoomStatus.PLANNED, opened_at=None, closed_at=None)


def terms_of(component: Component) -> Terms:
    """The terms a component's room sessions run by: its own numbers, others from `terms` of its blueprint."""
    names = {field.name for field in fields(Terms)}
    own = {name: value for name, value in dict(component.blueprint.get("terms") or {}).items() if name in names}
    return Terms(
        **{
            **own,
            "duration_minutes": component.duration_minutes,
            "late_limit_minutes": component.late_limit_minutes,
            "earliest_leave_minutes": component.earliest_leave_minutes,
        }
    )


async def _published(session: AsyncSession, batch_id: UUID) -> dict[UUID, str]:
    query = select(SittingRow.id, SittingRow.published_sha256).where(SittingRow.batch_id == batch_id)
    return {row.id: row.published_sha256 for row in await session.execute(query)}


def _require_unchanged(
    rooms: Sequence[RoomSession],
    publication: Publication,
    known: Mapping[UUID, RoomSession],
    published: Mapping[UUID, str],
    duties: Mapping[UUID, DutySpec],
) -> None:
    changed = sum(room.id in known and not _same_room(room, known[room.id]) for room in rooms)
    changed += sum(spec.id in published and published[spec.id] != fingerprint(spec) for spec in publication.sittings)
    changed += sum(duty.id in duties and duties[duty.id] != duty for duty in publication.duties)
    if changed:
        raise AlreadyPublished(n=changed)


def _same_room(room: RoomSession, known: RoomSession) -> bool:
    told = replace(known, status=room.status, opened_at=None, closed_at=None, terms=room.terms)
    return replace(told, awaits_paper=room.awaits_paper) == room


def fingerprint(spec: SittingSpec) -> str:
    """SHA-256 of a place as published: who, what, where, when and with which paper."""
    parts = (
        spec.registration_id, spec.person_id, spec.component_id, spec.session_id, spec.seat_no,
        spec.starts_at.timestamp(), spec.ends_at.timestamp(), spec.paper_version,
        *([spec.granted_minutes, spec.measures] if spec.measures else []),
    )  # fmt: skip
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()


async def _insert(
    session: AsyncSession,
    publication: Publication,
    rooms: Sequence[RoomSession],
    specs: Sequence[SittingSpec],
    duties: Sequence[DutySpec],
) -> None:
    try:
        async with session.begin_nested():
            await insert_many(session, RoomSessionRow, [room_row(publication, room) for room in rooms])
            await insert_many(session, SittingRow, [sitting_row(publication, spec) for spec in specs])
            await insert_many(session, DutyRow, [duty_row(publication, duty) for duty in duties])
    except IntegrityError as error:
        for name, what in CLASHES.items():
            if name in str(error.orig):
                raise PublicationClash(what=what) from error
        raise


def room_row(publication: Publication, room: RoomSession) -> dict[str, Any]:
    """The row of a new room session."""
    values = {field.name: getattr(room, field.name) for field in fields(RoomSession)}
    return {**values, "batch_id": publication.batch_id, "plan_id": publication.plan_id,
            "form": str(room.form), "status": str(room.status), "terms": asdict(room.terms)}  # fmt: skip


def sitting_row(publication: Publication, spec: SittingSpec) -> dict[str, Any]:
    """The row of a new sitting."""
    return {
        "id": spec.id,
        "batch_id": publication.batch_id,
        "registration_id": spec.registration_id,
        "person_id": spec.person_id,
        "component_id": spec.component_id,
        "room_session_id": spec.session_id,
        "seat_no": spec.seat_no,
        "starts_at": spec.starts_at,
        "ends_at": spec.ends_at,
        "paper_version": spec.paper_version,
        "ticket_no": publication.tickets[spec.registration_id],
        "published_sha256": fingerprint(spec),
        "status": SittingStatus.SCHEDULED,
        "late_minutes": 0,
        "granted_minutes": spec.granted_minutes,
        "measures": spec.measures,
        "extra_minutes": 0,
        "moves_count": 0,
    }


def duty_row(publication: Publication, duty: DutySpec) -> dict[str, Any]:
    """The row of a new duty."""
    return {
        "id": duty.id,
        "batch_id": publication.batch_id,
        "room_session_id": duty.session_id,
        "account_id": duty.account_id,
        "name": duty.name,
        "duty": str(duty.duty),
        "starts_at": duty.starts_at,
        "ends_at": duty.ends_at,
    }
