"""Incidents: the list, one incident, and its way to a final decision (3.12)."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Permission
from exam.kernel.clock import CHINA, china_date
from exam.kernel.errors import N_, NotFound
from exam.kernel.forms import parse_form
from exam.kernel.i18n import use_locale
from exam.kernel.pages import file_response, locale_of, page, redirect
from exam.kernel.workdays import add_workdays
from exam.sittings import actions, documents, queries
from exam.sittings.forms import ConclusionForm, DecisionForm, ReasonForm
from exam.sittings.queries import desk
from exam.sittings.routes.rooms import READERS
from exam.sittings.rules import CODES, EFFECT_LABELS, INCIDENT_LABELS, Effect, IncidentStatus

PLACE = "/exam/sittings/incidents/{incident_id:uuid}"
TONES = {"recorded": "needs", "confirmed": "needs", "decided": "warning", "final": "stopped", "dismissed": "done"}
OBJECTION_WORKDAYS = 5
"""The time to object that a new decision proposes [C]; the officer may set another."""


@get("/exam/sittings/incidents", guards=[needs(*READERS)])
async def incidents_page(
    request: AppRequest, services: AppServices, status: Annotated[str, QueryParameter(max_length=12)] = ""
) -> Response[Any]:
    """List the incidents the reader is concerned with."""
    async with services.db.transaction() as session:
        found = await queries.visible_incidents(session, actor_of(request))
        listed = [entry for entry in found if status in ("", entry.status)]
        lines = await desk.incident_lines(session, listed)
    return page(
        request, "pages/exam/sittings/incidents.html", lines=lines, wanted=status, codes=CODES, tones=TONES,
        incident_labels=INCIDENT_LABELS, effect_labels=EFFECT_LABELS,
    )  # fmt: skip


@get(PLACE, guards=[needs(*READERS)])
async def incident_page(request: AppRequest, services: AppServices, incident_id: FromPath[UUID]) -> Response[Any]:
    """Show one incident."""
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        if incident_id not in {entry.id for entry in await queries.visible_incidents(session, actor)}:
            raise NotFound
        line = await desk.incident_desk(session, incident_id)
        subject = (await desk.subjects(session)).get(line.incident.component_id)
    return page(
        request, "pages/exam/sittings/incident.html", line=line, incident=line.incident, subject=subject, at=now,
        codes=CODES, tones=TONES, incident_labels=INCIDENT_LABELS, effect_labels=EFFECT_LABELS, effects=Effect,
        statuses=IncidentStatus, may_confirm=actor.may(Permission.SITE_RUN), may_decide=actor.may(Permission.INCIDENT_DECIDE),
        objection_on=add_workdays(china_date(now), OBJECTION_WORKDAYS).on,
    )  # fmt: skip


@get(PLACE + "/record.pdf", guards=[needs(*READERS)])
async def incident_record(request: AppRequest, services: AppServices, incident_id: FromPath[UUID]) -> Response[bytes]:
    """Print the record, with receipt and decision where they apply."""
    now, actor, locale = services.clock.now(), actor_of(request), locale_of(request)
    async with services.db.transaction() as session:
        if incident_id not in {entry.id for entry in await queries.visible_incidents(session, actor)}:
            raise NotFound
        with use_locale(locale):
            found = await desk.incident_print(session, incident_id)
    data = await documents.incident_record(
        found, printed_by=actor.name, now=now, locale=locale, home=services.settings.home
    )
    return file_response(data, "application/pdf", f"WJ-{found.batch_code}-{found.number}.pdf", inline=True)


@post(PLACE + "/confirm", guards=[needs(Permission.SITE_RUN)])
async def confirm(request: AppRequest, services: AppServices, incident_id: FromPath[UUID]) -> Response[Any]:
    """Confirm what was written down."""
    async with services.db.transaction() as session:
        await actions.confirm_incident(session, actor_of(request), incident_id=incident_id, now=services.clock.now())
    return _here(request, incident_id, N_("已确认，转考务管理员处理。"))


@post(PLACE + "/decide", guards=[needs(Permission.INCIDENT_DECIDE)])
async def decide(request: AppRequest, services: AppServices, incident_id: FromPath[UUID]) -> Response[Any]:
    """Decide what it means for the marks."""
    form = await parse_form(request, DecisionForm)
    until = form.objection_until
    ends = datetime.combine(until + timedelta(days=1), time(), CHINA).astimezone(UTC) if until else None
    async with services.db.transaction() as session:
        await actions.decide_incident(
            session, actor_of(request), incident_id=incident_id, effect=form.effect, basis=form.basis,
            decision=form.decision, statement=form.statement, objection_until=ends, now=services.clock.now(),
        )  # fmt: skip
    return _here(request, incident_id, N_("决定已作出，待申辩期满后生效。"))


@post(PLACE + "/conclude", guards=[needs(Permission.INCIDENT_DECIDE)])
async def conclude(request: AppRequest, services: AppServices, incident_id: FromPath[UUID]) -> Response[Any]:
    """Make the decision final and apply it."""
    form = await parse_form(request, ConclusionForm)
    async with services.db.transaction() as session:
        await actions.conclude_incident(
            session, actor_of(request), incident_id=incident_id, waived=form.waived, statement=form.statement,
            now=services.clock.now(),
        )  # fmt: skip
    return _here(request, incident_id, N_("决定已生效并记入成绩。"))


@post(PLACE + "/dismiss", guards=[needs(Permission.INCIDENT_DECIDE)])
async def dismiss(request: AppRequest, services: AppServices, incident_id: FromPath[UUID]) -> Response[Any]:
    """Close the incident without effect."""
    form = await parse_form(request, ReasonForm)
    async with services.db.transaction() as session:
        await actions.dismiss_incident(
            session, actor_of(request), incident_id=incident_id, reason=form.reason, now=services.clock.now()
        )
    return _here(request, incident_id, N_("已不予认定，不影响成绩。"))


def _here(request: AppRequest, incident_id: UUID, notice: str) -> Response[Any]:
    return redirect(request, f"/exam/sittings/incidents/{incident_id}", notice)


ROUTES = [incidents_page, incident_page, incident_record, confirm, decide, conclude, dismiss]
