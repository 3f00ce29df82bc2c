"""Pages of the norms: what holds for each certificate, and the form for the next version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Permission
from exam.kernel.clock import china_date
from exam.kernel.errors import N_, Refusal
from exam.kernel.forms import parse_form
from exam.kernel.pages import page, redirect, status_of
from exam.kernel.services import Services
from scheduling.norms import actions, queries
from scheduling.norms.forms import DecideForm, numbers
from scheduling.norms.rules import DESCRIBED, GROUPS, OF_CERTIFICATES, Unit, shown

UNITS: Mapping[Unit, str] = {
    Unit.CLOCK: "",
    Unit.MINUTES: N_("分钟"),
    Unit.PEOPLE: N_("人"),
    Unit.POSITIONS: N_("个岗位"),
    Unit.KM: N_("公里"),
    Unit.SPEED: N_("公里/小时"),
    Unit.YES_NO: "",
}


@get("/scheduling/norms", guards=[needs(Permission.PLAN_MANAGE)])
async def norms_page(request: AppRequest, services: AppServices) -> Response[Any]:
    """Show what holds today."""
    async with services.db.transaction() as session:
        found = await queries.overview(session, actor_of(request), china_date(services.clock.now()))
    return page(request, "pages/scheduling/norms/norms.html", organisations=found, **_WORDS)


@get("/scheduling/norms/{organisation_id:uuid}", guards=[needs(Permission.PLAN_MANAGE)])
async def general_page(request: AppRequest, services: AppServices, organisation_id: FromPath[UUID]) -> Response[Any]:
    """Show the norms of an organisation, with the form."""
    return await _one(request, services, organisation_id, None)


@get(
    "/scheduling/norms/{organisation_id:uuid}/{certificate_id:uuid}",
    guards=[needs(Permission.PLAN_MANAGE)],
)
async def own_page(
    request: AppRequest, services: AppServices, organisation_id: FromPath[UUID], certificate_id: FromPath[UUID]
) -> Response[Any]:
    """Show the norms of a certificate, with the form."""
    return await _one(request, services, organisation_id, certificate_id)


@post("/scheduling/norms/{organisation_id:uuid}", guards=[needs(Permission.PLAN_MANAGE)], status_code=200)
async def decide_general(request: AppRequest, services: AppServices, organisation_id: FromPath[UUID]) -> Response[Any]:
    """Decide the next version for all certificates of an organisation."""
    return await _decide(request, services, organisation_id, None)


@post(
    "/scheduling/norms/{organisation_id:uuid}/{certificate_id:uuid}",
    guards=[needs(Permission.PLAN_MANAGE)],
    status_code=200,
)
async def decide_own(
    request: AppRequest, services: AppServices, organisation_id: FromPath[UUID], certificate_id: FromPath[UUID]
) -> Response[Any]:
    """Decide the next version for one certificate."""
    return await _decide(request, services, organisation_id, certificate_id)


async def _decide(
    request: AppRequest, services: Services, organisation_id: UUID, certificate_id: UUID | None
) -> Response[Any]:
    sent = dict(await request.form())
    try:
        values = numbers(sent, OF_CERTIFICATES if certificate_id else tuple(DESCRIBED))
        form = await parse_form(request, DecideForm)
        async with services.db.transaction() as session:
            version = await actions.decide(
                session,
                actor_of(request),
                organisation_id=organisation_id,
                certificate_id=certificate_id,
                values=values,
                effective_on=form.effective_on,
                reason=form.reason,
                based_on=form.based_on,
                now=services.clock.now(),
            )
    except Refusal as refusal:
        return await _one(request, services, organisation_id, certificate_id, refusal=refusal, sent=sent)
    path = f"/scheduling/norms/{organisation_id}" + (f"/{certificate_id}" if certificate_id else "")
    notice = N_("编排标准第 %(n)s 版已保存；%(day)s 起的考核在下一次编排时使用。")
    return redirect(request, path, notice, n=version, day=form.effective_on.isoformat())


async def _one(
    request: AppRequest,
    services: Services,
    organisation_id: UUID,
    certificate_id: UUID | None,
    *,
    refusal: Refusal | None = None,
    sent: Mapping[str, Any] | None = None,
) -> Response[Any]:
    today = china_date(services.clock.now())
    async with services.db.transaction() as session:
        found = await queries.holding(session, actor_of(request), organisation_id, certificate_id, today)
    return page(
        request,
        "pages/scheduling/norms/own.html",
        status=status_of(refusal) if refusal else 200,
        view=found,
        codes=OF_CERTIFICATES if certificate_id else tuple(DESCRIBED),
        today=today,
        refusal=refusal,
        sent=sent or {},
        **_WORDS,
    )


_WORDS: Mapping[str, Any] = {
    "described": DESCRIBED,
    "groups": GROUPS,
    "units": UNITS,
    "shown": shown,
    "own_codes": OF_CERTIFICATES,
}

ROUTES = [norms_page, general_page, own_page, decide_general, decide_own]
