"""The candidate's own page on a phone: the next exam with time, place and seat, and the road of seven steps."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Actor, Permission
from exam.kernel.errors import N_, NotFound
from exam.kernel.forms import parse_form
from exam.kernel.pages import page, redirect
from exam.sittings import queries
from exam.sittings.actions import hearing
from exam.sittings.forms import WordsForm
from exam.sittings.queries import Incident
from exam.sittings.queries.candidate import STEPS, own_exams, own_incidents
from exam.sittings.routes.incidents import TONES as INCIDENT_TONES
from exam.sittings.routes.rooms import TONES, minutes
from exam.sittings.rules import CODES, EFFECT_LABELS, INCIDENT_LABELS, STATUS_LABELS, IncidentStatus, SittingStatus
from exam.sittings.rules.incidents import RULING_LABELS


@get("/exam/sittings/mine", guards=[needs(Permission.EXAM_SIT)])
async def mine_page(request: AppRequest, services: AppServices) -> Response[Any]:
    """Show what comes next."""
    now = services.clock.now()
    async with services.db.transaction() as session:
        exams = await own_exams(session, actor_of(request))
        found = await own_incidents(session, actor_of(request))
    return page(
        request, "pages/exam/sittings/mine.html", exams=exams, at=now, incidents=found, minutes=minutes, steps=STEPS, status_labels=STATUS_LABELS,
        tones=TONES, statuses=SittingStatus,
    )  # fmt: skip


@get("/exam/sittings/mine/{sitting_id:uuid}/presence", guards=[needs(Permission.EXAM_SIT)])
async def presence(request: AppRequest, services: AppServices, sitting_id: FromPath[UUID]) -> Response[Any]:
    """Say whether the candidate is checked in; the page asks while the door is open."""
    actor = actor_of(request)
    async with services.db.transaction() as session:
        sitting = await queries.sitting(session, sitting_id)
        if not actor.within(Permission.EXAM_SIT, registration_id=sitting.registration_id):
            raise NotFound
        room = await queries.room_session(session, sitting.room_session_id)
    return page(
        request, "pages/exam/sittings/own_presence.html", sitting=sitting, room=room, at=services.clock.now(),
        minutes=minutes,
    )  # fmt: skip


@get("/exam/sittings/mine/incidents/{incident_id:uuid}", guards=[needs(Permission.EXAM_SIT)])
async def own_incident(request: AppRequest, services: AppServices, incident_id: FromPath[UUID]) -> Response[Any]:
    """Show what was recorded about the candidate, what was decided, and the right to speak."""
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        incident = await _own(session, actor, incident_id)
        kept, said = await queries.items(session, incident.id), await queries.statements(session, incident.id)
        ruled = await queries.rulings(session, incident.id)
    open_now = incident.status in (IncidentStatus.RECORDED, IncidentStatus.CONFIRMED)
    in_time = incident.objection_until is None or now < incident.objection_until
    return page(
        request, "pages/exam/sittings/own_incident.html", incident=incident, kept=kept, said=said, rulings=ruled,
        may_speak=open_now or (incident.status is IncidentStatus.DECIDED and in_time), codes=CODES, tones=INCIDENT_TONES,
        incident_labels=INCIDENT_LABELS, effect_labels=EFFECT_LABELS, ruling_labels=RULING_LABELS,
    )  # fmt: skip


@post("/exam/sittings/mine/incidents/{incident_id:uuid}", guards=[needs(Permission.EXAM_SIT)])
async def speak(request: AppRequest, services: AppServices, incident_id: FromPath[UUID]) -> Response[Any]:
    """State in defence, or object."""
    form = await parse_form(request, WordsForm)
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        await _own(session, actor, incident_id)
        await hearing.say(session, actor, incident_id=incident_id, words=form.words, now=now)
    return redirect(request, f"/exam/sittings/mine/incidents/{incident_id}", N_("已提交，考务机构会看到。"))


async def _own(session: AsyncSession, actor: Actor, incident_id: UUID) -> Incident:
    found = [one for one in await own_incidents(session, actor) if one.id == incident_id]
    if not found:
        raise NotFound
    return found[0]


ROUTES = [mine_page, presence, own_incident, speak]
