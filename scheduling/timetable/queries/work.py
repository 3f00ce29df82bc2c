"""What waits for the officer and the institution, and the invariants of `kaowu check`."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.catalogue.rules import Level
from exam.kernel.clock import china_date
from exam.kernel.errors import N_, Invalid
from exam.kernel.i18n import Name
from exam.kernel.needs import Need
from exam.registration import queries as registration
from exam.registration.rules import BatchStatus, RegistrationStatus
from exam.sittings import queries as sittings
from exam.sittings.rules import Duty, RoomSession, Sitting
from scheduling.duties import queries as duties
from scheduling.duties.rules import Examiner, Post, in_conflict
from scheduling.planning.rules.checking import check
from scheduling.planning.rules.reading import read_plan
from scheduling.planning.rules.serial import plan_bytes, plan_sha256
from scheduling.sites import queries as sites
from scheduling.sites.rules import Approval, ApprovalStatus, Site
from scheduling.timetable.models import PlanRow
from scheduling.timetable.queries import stored
from scheduling.timetable.queries.accommodations import accommodation_failures
from scheduling.timetable.queries.scope import may_manage
from scheduling.timetable.queries.worked import as_stored
from scheduling.timetable.rules.lifecycle import PlanStatus

_ASSESSING = (Duty.ASSESSOR, Duty.LEAD_ASSESSOR)
# An approval that was in force when the exam was held does not stop being so because it ended later.
_ONCE_IN_FORCE = (ApprovalStatus.ACTIVE, ApprovalStatus.SUSPENDED, ApprovalStatus.EXPIRED, ApprovalStatus.REVOKED)


async def needs(session: AsyncSession, actor: Actor, now: datetime) -> list[Need]:
    """Batches to arrange, drafts to publish, people left over; for institutions, tickets to print."""
    found: list[Need] = []
    if actor.may(Permission.PLAN_MANAGE):
        for batch in await registration.batches(session, [BatchStatus.REGISTRATION_CLOSED]):
            if not may_manage(actor, batch):
                continue
            href = f"/scheduling/plans/{batch.id}"
            plan = await stored.latest(session, batch.id)
            facts = {"batch": Name(batch.name_zh, batch.name_en)}
            if plan is None:
                found.append(Need(text=N_("%(batch)s报名已截止，可以编排"), href=href, facts=facts))
                continue
            left = plan.figures.get("unplaced", 0)
            if left:
                text = N_("%(batch)s的草案有 %(n)s 人未安排")
                found.append(Need(text=text, href=f"{href}#unplaced", count=left, facts=facts, tone="warning"))
            found.append(Need(text=N_("%(batch)s的安排草案等待发布"), href=href, facts=facts))
    own = actor.scope_ids(Permission.PRINT_SET, "institution")
    if own and actor.may(Permission.ROSTER_IMPORT):
        for batch in await registration.batches(session, [BatchStatus.TICKETS_RELEASED, BatchStatus.PAPERS_SEALED]):
            for institution_id in own:
                people = await registration.registrations(
                    session, batch_id=batch.id, institution_id=UUID(institution_id)
                )
                count = sum(person.status is RegistrationStatus.SEATED for person in people)
                if count:
                    text = N_("%(batch)s有 %(n)s 份准考证可以打印")
                    href = f"/scheduling/plans/{batch.id}/own"
                    facts = {"batch": Name(batch.name_zh, batch.name_en)}
                    found.append(Need(text=text, href=href, count=count, facts=facts, tone="done"))
    return found


async def invariants(session: AsyncSession) -> list[str]:
    """Capacity and approval hold on the date, no assessor in conflict, every published plan stands as facts."""
    failures: list[str] = []
    places = {place.id: place for place in await sites.sites(session)}
    approvals = await sites.approvals(session, statuses=_ONCE_IN_FORCE)
    pool = {examiner.account_id: examiner for examiner in await duties.pool(session)}
    certificate_of = {
        part.id: (scheme.certificate_id, scheme.level)
        for scheme in await catalogue.schemes(session)
        for part in scheme.components
    }
    plan_ids = await session.scalars(select(PlanRow.id).where(PlanRow.status == PlanStatus.PUBLISHED))
    for plan_id in plan_ids.all():
        plan = await stored.plan(session, plan_id)
        failures += await _file_failures(session, plan)
        rooms = await sittings.room_sessions(session, batch_id=plan.batch_id)
        seats: dict[UUID, list[Sitting]] = defaultdict(list)
        for one in await sittings.sittings(session, batch_id=plan.batch_id):
            seats[one.room_session_id].append(one)
        for room in rooms:
            certificate_id, level = certificate_of[room.component_id]
            failures += _room_failures(room, seats[room.id], places)
            failures += _approval_failures(
                room, [a for a in approvals if a.certificate_id == certificate_id and level in a.levels]
            )
        failures += await _staff_failures(session, plan, rooms, seats, pool, certificate_of)
    return failures + await accommodation_failures(session)


async def _file_failures(session: AsyncSession, plan: stored.PlanRecord) -> list[str]:
    """The stored plan is the one that was published, and breaks no hard constraint (a missing site, H1, breaks none)."""
    found = await as_stored(session, plan.id)
    failures = []
    if plan_sha256(found.plan) != plan.sha256:
        failures.append(f"plan {plan.id}: the stored file is not the one that was published")
    try:
        report = check(found.problem, read_plan(plan_bytes(found.plan)))
    except Invalid as refusal:
        return [*failures, *(f"plan {plan.id}: {one.code} at {one.field}" for one in refusal.problems)]
    return failures + [f"plan {plan.id}: {one.h} {one.where}" for one in report.violations if one.h != "H1"]


def _room_failures(room: RoomSession, seats: list[Sitting], places: dict[UUID, Site]) -> list[str]:
    where = f"room session {room.id} ({room.site_code} {room.room_name} {room.starts_at:%Y-%m-%d %H:%M}Z)"
    place = places.get(room.site_id)
    own = next((one for one in place.rooms if one.id == room.room_id), None) if place else None
    if own is None:
        return [f"{where}: the site has no such room"]
    failures = []
    if len(seats) > own.seats:
        failures.append(f"{where}: {len(seats)} people, {own.seats} seats")
    if own.form != room.form:
        failures.append(f"{where}: the room is for {own.form}, the session {room.form}")
    return failures


def _approval_failures(room: RoomSession, approvals: list[Approval]) -> list[str]:
    day = china_date(room.starts_at)
    if any(a.site_id == room.site_id and a.valid_from <= day <= a.valid_to for a in approvals):
        return []
    return [f"room session {room.id}: site {room.site_code} has no approval for it on {day}"]


async def _staff_failures(
    session: AsyncSession,
    plan: stored.PlanRecord,
    rooms: list[RoomSession],
    seats: dict[UUID, list[Sitting]],
    pool: dict[UUID, Examiner],
    certificate_of: dict[UUID, tuple[UUID, Level]],
) -> list[str]:
    school = {one.id: one.institution_id for one in await registration.registrations(session, batch_id=plan.batch_id)}
    by_id = {room.id: room for room in rooms}
    failures: list[str] = []
    for duty in await sittings.duties(session, batch_id=plan.batch_id):
        examiner, room = pool.get(duty.account_id), by_id[duty.session_id]
        if duty.duty not in _ASSESSING or examiner is None:
            continue
        certificate_id = certificate_of[room.component_id][0]
        post = Post(
            session_id=room.id,
            site_id=room.site_id,
            host_institution_id=room.site_id,
            prefecture_code=room.prefecture_code,
            room_id=room.room_id,
            certificate_id=certificate_id,
            practical=True,
            day=china_date(room.starts_at),
            starts_at=room.starts_at,
            ends_at=room.ends_at,
            candidates_count=len(seats[room.id]),
            institution_ids=frozenset(s for one in seats[room.id] if (s := school.get(one.registration_id))),
            person_ids=frozenset(one.person_id for one in seats[room.id]),
        )
        if in_conflict(examiner, post):
            failures.append(f"room session {room.id}: {duty.duty} {duty.account_id} has a conflict of interest")
        if not examiner.qualified(certificate_id, post.day):
            failures.append(f"room session {room.id}: {duty.duty} {duty.account_id} lacks the advanced certificate")
    return failures
