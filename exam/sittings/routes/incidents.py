"""Incidents: the list, one incident, and its way to a final decision (3.12)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Actor, Permission
from exam.kernel.clock import CHINA, china_date
from exam.kernel.errors import N_, NotFound
from exam.kernel.forms import parse_form
from exam.kernel.i18n import use_locale
from exam.kernel.pages import file_response, locale_of, page, redirect
from exam.kernel.workdays import add_workdays
from exam.sittings import actions, documents, queries
from exam.sittings.actions import hearing
from exam.sittings.forms import (
    ConclusionForm,
    DecisionForm,
    ItemForm,
    ReasonForm,
    ReturnForm,
    RulingForm,
    ServiceForm,
    SignatureForm,
    WordsForm,
)
from exam.sittings.queries import desk
from exam.sittings.queries.minutes import colleagues
from exam.sittings.routes.rooms import READERS
from exam.sittings.routes.steps import WORK, proved
from exam.sittings.rules import (
    CODES,
    DUTY_LABELS,
    EFFECT_LABELS,
    INCIDENT_LABELS,
    Duty,
    Effect,
    IncidentStatus,
    RoomSession,
    covers,
)
from exam.sittings.rules.incidents import RULING_LABELS, SERVICE_LABELS

PLACE = "/exam/sittings/incidents/{incident_id:uuid}"
TONES = {
    "recorded": "needs",
    "confirmed": "needs",
    "decided": "warning",
    "objected": "needs",
    "final": "stopped",
    "dismissed": "done",
}
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


@get(PLACE, guards=[needs(*READERS, Permission.SHEET_SCORE)])
async def incident_page(request: AppRequest, services: AppServices, incident_id: FromPath[UUID]) -> Response[Any]:
    """Show one incident."""
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        if incident_id not in {entry.id for entry in await queries.visible_incidents(session, actor)}:
            raise NotFound
        line = await desk.incident_desk(session, incident_id)
        kept = await queries.items(session, incident_id)
        said = await queries.statements(session, incident_id)
        ruled = await queries.rulings(session, incident_id)
        others = [one for one in await colleagues(session, line.room) if one.account_id != actor.account_id]
        here = actor.account_id is not None and await on_the_spot(session, actor, line.room, now)
        subject = (await desk.subjects(session)).get(line.incident.component_id)
    return page(
        request, "pages/exam/sittings/incident.html", line=line, incident=line.incident, subject=subject, at=now,
        codes=CODES, tones=TONES, incident_labels=INCIDENT_LABELS, effect_labels=EFFECT_LABELS, effects=Effect,
        statuses=IncidentStatus, may_confirm=actor.may(Permission.SITE_RUN), may_decide=actor.may(Permission.INCIDENT_DECIDE),
        objection_on=add_workdays(china_date(now), OBJECTION_WORKDAYS).on, kept=kept, said=said, rulings=ruled, here=here,
        others=others, services=SERVICE_LABELS, ruling_labels=RULING_LABELS, duty_labels=DUTY_LABELS,
        may_return=may_return(actor, line.room.site_id),
    )  # fmt: skip


async def on_the_spot(session: AsyncSession, actor: Actor, room: RoomSession, now: datetime) -> bool:
    """Whether the reader works in the room now: reads the text, takes the signature."""
    head = actor.within(Permission.SITE_RUN, site_id=room.site_id)
    if head:
        return covers(room.starts_at, room.ends_at, room.terms, now)
    return actor.account_id is not None and await queries.on_duty(session, actor.account_id, room, now, tuple(Duty))


def may_return(actor: Actor, site_id: UUID) -> bool:
    """Whether the page offers to give things back."""
    return actor.within(Permission.SITE_RUN, site_id=site_id) or actor.may(Permission.INCIDENT_DECIDE)


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
    ends = _end_of(form.objection_until)
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


@post(PLACE + "/read", guards=[needs(*WORK)])
async def read(request: AppRequest, services: AppServices, incident_id: FromPath[UUID]) -> Response[Any]:
    """Note that the text was read to the candidate."""
    async with services.db.transaction() as session:
        await hearing.read_incident(session, actor_of(request), incident_id=incident_id, now=services.clock.now())
    return _here(request, incident_id, N_("已登记宣读，请考生签字。"))


@post(PLACE + "/sign", guards=[needs(*WORK)])
async def sign(request: AppRequest, services: AppServices, incident_id: FromPath[UUID]) -> Response[Any]:
    """Note that the candidate signed, or that two of the staff sign the refusal."""
    form = await parse_form(request, SignatureForm)
    now, actor = services.clock.now(), actor_of(request)
    second = await proved(services, form.second, form.password, now)
    async with services.db.transaction() as session:
        await hearing.sign_incident(
            session, actor, incident_id=incident_id, signed=form.signed == "yes", second_account_id=second, now=now
        )
    return _here(request, incident_id, N_("已登记，待主考确认。"))


@post(PLACE + "/items", guards=[needs(*WORK)])
async def keep(request: AppRequest, services: AppServices, incident_id: FromPath[UUID]) -> Response[Any]:
    """Keep something as evidence."""
    form = await parse_form(request, ItemForm)
    async with services.db.transaction() as session:
        await hearing.keep_item(
            session, actor_of(request), incident_id=incident_id, item=form.item, now=services.clock.now()
        )
    return _here(request, incident_id, N_("已登记暂扣，请打印收据交考生。"))


@post(PLACE + "/items/{item_id:uuid}/return", guards=[needs(Permission.SITE_RUN, Permission.INCIDENT_DECIDE)])
async def give_back(
    request: AppRequest, services: AppServices, incident_id: FromPath[UUID], item_id: FromPath[UUID]
) -> Response[Any]:
    """Give a kept thing back."""
    form = await parse_form(request, ReturnForm)
    async with services.db.transaction() as session:
        await hearing.return_item(
            session, actor_of(request), incident_id=incident_id, item_id=item_id, to_name=form.to_name,
            now=services.clock.now(),
        )  # fmt: skip
    return _here(request, incident_id, N_("已登记发还。"))


@post(PLACE + "/serve", guards=[needs(Permission.INCIDENT_DECIDE)])
async def serve(request: AppRequest, services: AppServices, incident_id: FromPath[UUID]) -> Response[Any]:
    """Note when and how the decision reached the candidate."""
    form = await parse_form(request, ServiceForm)
    at = form.served_at.replace(tzinfo=CHINA) if form.served_at and not form.served_at.tzinfo else form.served_at
    async with services.db.transaction() as session:
        await hearing.serve_decision(
            session, actor_of(request), incident_id=incident_id, how=form.how, served_at=at,
            objection_until=_end_of(form.objection_until), now=services.clock.now(),
        )  # fmt: skip
    return _here(request, incident_id, N_("已登记送达，申诉期从送达起算。"))


@post(PLACE + "/say", guards=[needs(Permission.INCIDENT_DECIDE)])
async def say(request: AppRequest, services: AppServices, incident_id: FromPath[UUID]) -> Response[Any]:
    """Write down what the candidate says."""
    form = await parse_form(request, WordsForm)
    async with services.db.transaction() as session:
        await hearing.say(
            session, actor_of(request), incident_id=incident_id, words=form.words, now=services.clock.now()
        )
    return _here(request, incident_id, N_("已记入陈述、申诉。"))


@post(PLACE + "/rule", guards=[needs(Permission.INCIDENT_DECIDE)])
async def rule(request: AppRequest, services: AppServices, incident_id: FromPath[UUID]) -> Response[Any]:
    """Decide an objection."""
    form = await parse_form(request, RulingForm)
    async with services.db.transaction() as session:
        await hearing.rule_objection(
            session, actor_of(request), incident_id=incident_id, ruling=form.ruling, reason=form.reason,
            effect=form.effect, now=services.clock.now(),
        )  # fmt: skip
    return _here(request, incident_id, N_("申诉已处理。"))


def _end_of(day: date | None) -> datetime | None:
    """The instant a day in China ends."""
    return datetime.combine(day + timedelta(days=1), time(), CHINA).astimezone(UTC) if day else None


def _here(request: AppRequest, incident_id: UUID, notice: str) -> Response[Any]:
    return redirect(request, f"/exam/sittings/incidents/{incident_id}", notice)


ROUTES = [
    incidents_page, incident_page, incident_record, read, sign, keep, give_back, confirm, decide, serve, say, rule,
    conclude, dismiss,
]  # fmt: skip
