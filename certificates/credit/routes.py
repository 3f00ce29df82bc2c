"""The credit pages: what certificates are worth, who has not stored, schools' decisions, the reporting tables."""

from __future__ import annotations

import asyncio
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final

from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter

from certificates.credit import actions, queries
from certificates.credit.documents import TABLES, XLSX, reporting_table
from certificates.credit.forms import SHOW, DecisionForm, ProposalForm, RequestForm
from certificates.credit.rules import (
    NOT_STORED,
    PERSON_LABELS,
    PERSON_TONES,
    TYPE_LABELS,
    TYPE_TONES,
    PersonStatus,
    TypeStatus,
)
from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.kernel.clock import china_date
from exam.kernel.errors import N_, NotFound
from exam.kernel.forms import parse_form
from exam.kernel.pages import file_response, page, redirect

INDEX: Final = "pages/certificates/credit/index.html"
PEOPLE: Final = "pages/certificates/credit/people.html"
PER_PAGE: Final = 100
Text = Annotated[str, QueryParameter(max_length=40)]
Number = Annotated[int, QueryParameter(name="page", ge=1, le=100_000)]


@get("/certificates/credit", guards=[needs(Permission.PLATFORM_RUN)])
async def index(request: AppRequest, services: AppServices) -> Response[Any]:
    """Show what every certificate and level is worth, what is due, and how many stored."""
    today = china_date(services.clock.now())
    mine = actor_of(request).scope_uuids(Permission.PLATFORM_RUN, "organisation")
    async with services.db.transaction() as session:
        lines = await queries.types(session, today=today, organisation_ids=mine)
        counts = await queries.counts(session, organisation_ids=mine)
    return page(
        request, INDEX, lines=lines, counts=counts, labels=TYPE_LABELS, tones=TYPE_TONES, states=TypeStatus, tables=TABLES,
        person=PersonStatus, not_stored=sum(counts[one] for one in NOT_STORED),
    )  # fmt: skip


@post("/certificates/credit/proposals", guards=[needs(Permission.PLATFORM_RUN)], status_code=200)
async def propose(request: AppRequest, services: AppServices) -> Response[Any]:
    """Propose a credit value."""
    form = await parse_form(request, ProposalForm)
    try:
        certificate_id, level = form.which()
    except ValueError as error:
        raise NotFound from error
    async with services.db.transaction() as session:
        owner = {one.id: one.organisation_id for one in await catalogue.certificates(session)}
        if certificate_id not in owner:
            raise NotFound
        await actions.propose(
            session, actor_of(request), certificate_id=certificate_id, organisation_id=owner[certificate_id], level=level,
            hours=form.hours, credits=form.credits, rule=form.rule, now=services.clock.now(),
        )  # fmt: skip
    return redirect(request, "/certificates/credit", N_("学分建议已提出，正在送往学分银行。"))


@post("/certificates/credit/run", guards=[needs(Permission.PLATFORM_RUN)], status_code=200)
async def run(request: AppRequest, services: AppServices) -> Response[Any]:
    """Exchange with the bank now."""
    async with services.db.transaction() as session:
        await actions.request_run(session, actor_of(request))
    return redirect(request, "/certificates/credit", N_("正在后台与学分银行交换数据，稍后刷新。"))


@get("/certificates/credit/export/{file:str}", guards=[needs(Permission.PLATFORM_RUN)])
async def export(request: AppRequest, services: AppServices, file: FromPath[str]) -> Response[bytes]:
    """Hand out a reporting table; the audit log keeps who took it."""
    table = next((key for key, (title, _, _) in TABLES.items() if file == f"{title}.xlsx"), None)
    if table is None:
        raise NotFound
    actor, now = actor_of(request), services.clock.now()
    async with services.db.transaction() as session:
        records = await queries.reported(
            session, organisation_ids=actor.scope_uuids(Permission.PLATFORM_RUN, "organisation")
        )
        await actions.note_export(session, actor, table=table, count=len(records), now=now)
    data, _ = await asyncio.to_thread(reporting_table, table, records, at=now)
    return file_response(data, XLSX, f"{TABLES[table][0]}-{china_date(now):%Y%m%d}.xlsx")


@get("/certificates/credit/people", guards=[needs(Permission.PLATFORM_RUN, Permission.ROSTER_IMPORT)])
async def people(request: AppRequest, services: AppServices, show: Text = "", number: Number = 1) -> Response[Any]:
    """Show whose certificates are stored and whose are not."""
    where = _people_scope(actor_of(request))
    async with services.db.transaction() as session:
        counts = await queries.counts(session, **where)
        lines = await queries.lines(
            session, statuses=SHOW.get(show, ()), limit=PER_PAGE, offset=(number - 1) * PER_PAGE, **where
        )
    total = sum(counts[one] for one in (SHOW.get(show) or tuple(PersonStatus)))
    return page(
        request, PEOPLE, lines=lines, counts=counts, labels=PERSON_LABELS, tones=PERSON_TONES, show=show, states=PersonStatus,
        not_stored=sum(counts[one] for one in NOT_STORED), total=total, number=number, per_page=PER_PAGE,
        school="institution_ids" in where,
    )  # fmt: skip


@post("/certificates/credit/people/{number:str}/request", guards=[needs(Permission.ROSTER_IMPORT)], status_code=200)
async def request_conversion(request: AppRequest, services: AppServices, number: FromPath[str]) -> Response[Any]:
    """Take a holder's wish to convert."""
    form = await parse_form(request, RequestForm)
    async with services.db.transaction() as session:
        await actions.request_conversion(
            session, actor_of(request), number, course=form.course, now=services.clock.now()
        )
    return redirect(request, "/certificates/credit/people?show=school_review", N_("转换申请已登记，等待审核。"))


@post("/certificates/credit/people/{number:str}/decide", guards=[needs(Permission.ROSTER_IMPORT)], status_code=200)
async def decide(request: AppRequest, services: AppServices, number: FromPath[str]) -> Response[Any]:
    """Convert, or refuse with a reason."""
    form = await parse_form(request, DecisionForm)
    async with services.db.transaction() as session:
        await actions.decide(
            session, actor_of(request), number, converted=form.decision == "convert", course="", credits=_decimal(form.credits),
            reason=form.reason, now=services.clock.now(),
        )  # fmt: skip
    return redirect(request, "/certificates/credit/people", N_("审核结果已保存，将告知学分银行。"))


def _decimal(text: str) -> Decimal | None:
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _people_scope(actor: Actor) -> dict[str, Any]:
    """An officer sees the organisation's certificates, a school its own."""
    if actor.may(Permission.PLATFORM_RUN):
        return {"organisation_ids": actor.scope_uuids(Permission.PLATFORM_RUN, "organisation")}
    return {"institution_ids": actor.scope_uuids(Permission.ROSTER_IMPORT, "institution") or []}


ROUTES = [index, propose, run, export, people, request_conversion, decide]
