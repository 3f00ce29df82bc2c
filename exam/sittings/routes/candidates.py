"""One candidate at the site: identity with photo, what happened so far, and every step with its reason."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Permission
from exam.kernel.errors import N_, NotFound
from exam.kernel.forms import parse_form
from exam.kernel.pages import file_response, page, redirect
from exam.registration import queries as registration
from exam.sittings import actions, queries
from exam.sittings.actions.amending import amend_attendance
from exam.sittings.forms import AmendForm, IncidentForm, MethodForm, MoveForm, ReasonForm, ResumeForm
from exam.sittings.queries import desk
from exam.sittings.queries.minutes import colleagues
from exam.sittings.routes.rooms import READERS, TONES, back, keeps, minutes
from exam.sittings.rules import (
    CODES,
    DUTY_LABELS,
    EFFECT_LABELS,
    INCIDENT_LABELS,
    STATUS_LABELS,
    Sitting,
    SittingStatus,
    covers,
)

PLACE = "/exam/sittings/candidates/{sitting_id:uuid}"
WORK = (Permission.ROOM_RUN, Permission.SHEET_SCORE)


@get(PLACE, guards=[needs(*READERS)])
async def candidate_page(request: AppRequest, services: AppServices, sitting_id: FromPath[UUID]) -> Response[Any]:
    """Show one candidate."""
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        found = await desk.candidate_desk(session, sitting_id, now)
        await desk.require_people(session, actor, found.room, now)
        others = [one for one in await colleagues(session, found.room) if one.account_id != actor.account_id]
    return page(
        request, "pages/exam/sittings/candidate.html", desk=found, row=found.row, sitting=found.row.sitting,
        room=found.room, at=now, acting=covers(found.room.starts_at, found.room.ends_at, found.room.terms, now),
        status_labels=STATUS_LABELS, tones=TONES, statuses=SittingStatus, minutes=minutes, codes=CODES,
        incident_labels=INCIDENT_LABELS, effect_labels=EFFECT_LABELS,
        others=others, duty_labels=DUTY_LABELS, keeper=now >= found.room.ends_at and keeps(actor, found.room.site_id),
    )  # fmt: skip


@get(PLACE + "/photo", guards=[needs(*READERS)])
async def photo(request: AppRequest, services: AppServices, sitting_id: FromPath[UUID]) -> Response[bytes]:
    """Return the photo the identity is compared with, to whoever may see the candidate now."""
    async with services.db.transaction() as session:
        sitting = await queries.sitting(session, sitting_id)
        room = await queries.room_session(session, sitting.room_session_id)
        await desk.require_people(session, actor_of(request), room, services.clock.now())
        try:
            data = await registration.photo(session, services.files, sitting.registration_id)
        except FileNotFoundError as error:
            raise NotFound from error
    response = file_response(data, "image/jpeg", "photo.jpg", inline=True)
    response.headers["Cache-Control"] = "private, max-age=7200"
    return response


@post(PLACE + "/check-in", guards=[needs(Permission.ROOM_RUN)])
async def check_in(request: AppRequest, services: AppServices, sitting_id: FromPath[UUID]) -> Response[Any]:
    """Record that the identity was seen."""
    form = await parse_form(request, MethodForm)
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        sitting = await actions.check_in(session, actor, sitting_id=sitting_id, method=form.method, now=now)
        name = await _name(session, sitting)
    notice = (
        N_("%(name)s 已入场，迟到 %(late)s 分钟。")
        if sitting.late_minutes
        else N_("%(name)s 已入场，%(seat)s 号座位。")
    )
    return back(request, sitting.room_session_id, notice, name=name, late=sitting.late_minutes, seat=sitting.seat_no)


@post(PLACE + "/absent", guards=[needs(Permission.ROOM_RUN)])
async def mark_absent(request: AppRequest, services: AppServices, sitting_id: FromPath[UUID]) -> Response[Any]:
    """Record an absence."""
    async with services.db.transaction() as session:
        sitting = await actions.mark_absent(session, actor_of(request), sitting_id=sitting_id, now=services.clock.now())
        name = await _name(session, sitting)
    return back(request, sitting.room_session_id, N_("%(name)s 已登记缺考。"), name=name)


@post(PLACE + "/begin", guards=[needs(*WORK)])
async def begin(request: AppRequest, services: AppServices, sitting_id: FromPath[UUID]) -> Response[Any]:
    """Start one candidate's work."""
    async with services.db.transaction() as session:
        sitting = await actions.begin(session, actor_of(request), sitting_id=sitting_id, now=services.clock.now())
        name = await _name(session, sitting)
    return back(request, sitting.room_session_id, N_("%(name)s 已开始作答。"), name=name)


@post(PLACE + "/finish", guards=[needs(*WORK)])
async def finish(request: AppRequest, services: AppServices, sitting_id: FromPath[UUID]) -> Response[Any]:
    """Hand in one candidate's work and note the leaving."""
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        sitting = await actions.finish(session, actor, sitting_id=sitting_id, now=now)
        name = await _name(session, sitting)
    return back(request, sitting.room_session_id, N_("%(name)s 已交卷。"), name=name)


@post(PLACE + "/leave", guards=[needs(Permission.ROOM_RUN)])
async def leave(request: AppRequest, services: AppServices, sitting_id: FromPath[UUID]) -> Response[Any]:
    """Record when a candidate left the room."""
    async with services.db.transaction() as session:
        sitting = await actions.leave(session, actor_of(request), sitting_id=sitting_id, now=services.clock.now())
        name = await _name(session, sitting)
    return back(request, sitting.room_session_id, N_("%(name)s 已离场。"), name=name)


@post(PLACE + "/correct", guards=[needs(Permission.ROOM_RUN)])
async def correct(request: AppRequest, services: AppServices, sitting_id: FromPath[UUID]) -> Response[Any]:
    """Take back a mistaken tap."""
    form = await parse_form(request, ReasonForm)
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        await actions.correct(session, actor, sitting_id=sitting_id, reason=form.reason, now=now)
    return _here(request, sitting_id, N_("登记已更正。"))


@post(PLACE + "/amend", guards=[needs(Permission.SITE_RUN, Permission.PLAN_MANAGE)])
async def amend(request: AppRequest, services: AppServices, sitting_id: FromPath[UUID]) -> Response[Any]:
    """Correct attendance after the session."""
    form = await parse_form(request, AmendForm)
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        await amend_attendance(session, actor, sitting_id=sitting_id, present=form.present, reason=form.reason, now=now)
    return _here(request, sitting_id, N_("出勤已更正，原登记保留。"))


@post(PLACE + "/interrupt", guards=[needs(*WORK)])
async def interrupt(request: AppRequest, services: AppServices, sitting_id: FromPath[UUID]) -> Response[Any]:
    """Record a fault that keeps the candidate from working."""
    form = await parse_form(request, ReasonForm)
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        await actions.interrupt(session, actor, sitting_id=sitting_id, reason=form.reason, now=now)
    return _here(request, sitting_id, N_("已登记中断。"))


@post(PLACE + "/resume", guards=[needs(Permission.ROOM_RUN)])
async def resume(request: AppRequest, services: AppServices, sitting_id: FromPath[UUID]) -> Response[Any]:
    """Let the candidate go on with extra time."""
    form = await parse_form(request, ResumeForm)
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        await actions.resume(
            session, actor, sitting_id=sitting_id, extra_minutes=form.extra_minutes,
            second_person=form.second_person, reason=form.reason, now=now,
        )  # fmt: skip
    return _here(request, sitting_id, N_("已恢复考试，补时 %(n)s 分钟。"), n=form.extra_minutes)


@post(PLACE + "/stop", guards=[needs(*WORK)])
async def stop(request: AppRequest, services: AppServices, sitting_id: FromPath[UUID]) -> Response[Any]:
    """End a candidate's work."""
    form = await parse_form(request, ReasonForm)
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        await actions.stop(session, actor, sitting_id=sitting_id, reason=form.reason, now=now)
    return _here(request, sitting_id, N_("已终止该考生的考试。"))


@post(PLACE + "/move", guards=[needs(Permission.ROOM_RUN, Permission.PLAN_MANAGE)])
async def move(request: AppRequest, services: AppServices, sitting_id: FromPath[UUID]) -> Response[Any]:
    """Give the candidate another seat."""
    form = await parse_form(request, MoveForm)
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        await actions.move(session, actor, sitting_id=sitting_id, seat_no=form.seat_no, reason=form.reason, now=now)
    return _here(request, sitting_id, N_("已调整到 %(seat)s 号座位。"), seat=form.seat_no)


@post(PLACE + "/incident", guards=[needs(*WORK)])
async def report_incident(request: AppRequest, services: AppServices, sitting_id: FromPath[UUID]) -> Response[Any]:
    """Write an incident down."""
    form = await parse_form(request, IncidentForm)
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        incident = await actions.report_incident(
            session, actor, sitting_id=sitting_id, code=form.code, facts=form.facts, evidence=form.evidence,
            items=form.items.splitlines(), now=now,
        )  # fmt: skip
    return redirect(
        request,
        f"/exam/sittings/incidents/{incident.id}",
        N_("违纪记录 %(n)s 号已登记，请当场向考生宣读。"),
        n=incident.number,
    )


async def _name(session: Any, sitting: Sitting) -> str:
    found = await registration.registrations(session, ids=[sitting.registration_id])
    return found[0].name if found else sitting.ticket_no


def _here(request: AppRequest, sitting_id: UUID, notice: str, **facts: object) -> Response[Any]:
    return redirect(request, f"/exam/sittings/candidates/{sitting_id}", notice, **facts)


ROUTES = [
    candidate_page, photo, check_in, mark_absent, begin, finish, leave, correct, amend, interrupt, resume, stop, move,
    report_incident,
]  # fmt: skip
