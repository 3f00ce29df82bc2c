"""Pages of coverage: the map with its gaps, the reason for a gap, the published conditions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Permission
from exam.catalogue import queries as catalogue
from exam.catalogue.rules import Certificate
from exam.kernel.clock import china_date
from exam.kernel.errors import N_, NotFound, Refusal
from exam.kernel.forms import parse_form
from exam.kernel.pages import page, redirect, status_of
from exam.kernel.services import Services
from exam.registration import queries as registration
from scheduling.sites import actions, queries
from scheduling.sites.forms import (
    ConditionsForm,
    WaiverForm,
    chosen,
)
from scheduling.sites.queries import suggesting
from scheduling.sites.routes.labels import LABELS
from scheduling.sites.rules import (
    CoverageState,
)

_TONES = {CoverageState.COVERED: "done", CoverageState.WAIVED: "warning", CoverageState.MISSING: "stopped"}


@get("/scheduling/coverage", guards=[needs(Permission.SITE_READ)])
async def coverage_page(
    request: AppRequest,
    services: AppServices,
    certificate: FromQuery[str] = "",
    prefecture: FromQuery[str] = "",
    coverage: FromQuery[str] = "",
) -> Response[Any]:
    """Show which prefectures have a site, by certificate, and the gaps by name."""
    actor, today = actor_of(request), china_date(services.clock.now())
    async with services.db.transaction() as session:
        view = await queries.coverage_view(session, today, chosen(certificate))
        asked = await suggesting.asked(session, actor, today)
    answers = await suggesting.answered(asked)
    found = None if answers is None else suggesting.told(asked, answers, chosen(certificate))
    lines = [
        line for line in view.lines if prefecture in ("", line.prefecture.code) and coverage in ("", str(line.state))
    ]
    return page(
        request,
        "pages/scheduling/sites/coverage.html",
        view=view,
        tiles=view.tiles if found is None else suggesting.marked(view, found),
        lines=lines,
        prefecture=prefecture,
        state=coverage,
        tones=_TONES,
        may_waive=actor.may(Permission.COVERAGE_WAIVE),
        asked=asked,
        found=found,
        **LABELS,
    )


@get("/scheduling/coverage/suggestions", guards=[needs(Permission.COVERAGE_WAIVE)])
async def suggestions(
    request: AppRequest, services: AppServices, certificate: FromQuery[str] = "", prefecture: FromQuery[str] = ""
) -> Response[Any]:
    """The part of the page that is still being computed; done, the page is shown again with its map."""
    wanted, today = chosen(certificate), china_date(services.clock.now())
    async with services.db.transaction() as session:
        asked = await suggesting.asked(session, actor_of(request), today)
    answers = await suggesting.answered(asked)
    found = None if answers is None else suggesting.told(asked, answers, wanted)
    answer = page(
        request,
        "pages/scheduling/sites/_suggestions.html",
        asked=asked,
        found=found,
        certificate=wanted or "",
        prefecture=prefecture,
        **LABELS,
    )
    if found is not None:
        answer.set_header("X-Done", "true")
    return answer


@get("/scheduling/coverage/waive", guards=[needs(Permission.COVERAGE_WAIVE)])
async def waive_page(
    request: AppRequest, services: AppServices, certificate: FromQuery[UUID], prefecture: FromQuery[str]
) -> Response[Any]:
    """Ask for the reason why a prefecture goes without a site."""
    return await _waive_page(request, services, certificate, prefecture)


@post("/scheduling/coverage/waive", guards=[needs(Permission.COVERAGE_WAIVE)], status_code=200)
async def waive(request: AppRequest, services: AppServices) -> Response[Any]:
    """Record the reason."""
    form = await parse_form(request, WaiverForm)
    try:
        async with services.db.transaction() as session:
            await actions.waive(
                session,
                actor_of(request),
                certificate_id=form.certificate_id,
                prefecture_code=form.prefecture_code,
                reason=form.reason,
                valid_from=form.valid_from,
                valid_to=form.valid_to,
                now=services.clock.now(),
            )
    except Refusal as refusal:
        return await _waive_page(request, services, form.certificate_id, form.prefecture_code, form, refusal)
    return redirect(request, "/scheduling/coverage", N_("理由已记录，覆盖情况已更新。"))


async def _waive_page(
    request: AppRequest,
    services: Services,
    certificate_id: UUID,
    prefecture_code: str,
    form: WaiverForm | None = None,
    refusal: Refusal | None = None,
) -> Response[Any]:
    today = china_date(services.clock.now())
    async with services.db.transaction() as session:
        certificate = await _certificate(session, certificate_id)
        prefectures = {one.code: one for one in await registration.prefectures(session)}
    if prefecture_code not in prefectures:
        raise NotFound
    return page(
        request,
        "pages/scheduling/sites/waive.html",
        status=status_of(refusal) if refusal else 200,
        certificate=certificate,
        prefecture=prefectures[prefecture_code],
        valid_from=form.valid_from if form else today,
        valid_to=form.valid_to if form else date(today.year, 12, 31),
        reason=form.reason if form else "",
        refusal=refusal,
    )


@get("/scheduling/conditions/{certificate_id:uuid}", guards=[needs(Permission.SITE_READ)])
async def conditions_page(request: AppRequest, services: AppServices, certificate_id: FromPath[UUID]) -> Response[Any]:
    """Show the published site conditions of a certificate."""
    return await _conditions_page(request, services, certificate_id)


@post("/scheduling/conditions/{certificate_id:uuid}", guards=[needs(Permission.SITE_AGREE)], status_code=200)
async def publish_conditions(
    request: AppRequest, services: AppServices, certificate_id: FromPath[UUID]
) -> Response[Any]:
    """Publish the next version of the conditions."""
    sent = await request.form()
    try:
        form = await parse_form(request, ConditionsForm)
        async with services.db.transaction() as session:
            version = await actions.publish_conditions(
                session,
                actor_of(request),
                certificate_id=certificate_id,
                body=form.body,
                minimum=form.minimum(),
                now=services.clock.now(),
            )
    except Refusal as refusal:
        return await _conditions_page(request, services, certificate_id, refusal=refusal, sent=dict(sent))
    path = f"/scheduling/conditions/{certificate_id}"
    return redirect(request, path, N_("站点条件第 %(version)s 版已公布。"), version=version)


async def _conditions_page(
    request: AppRequest,
    services: Services,
    certificate_id: UUID,
    *,
    refusal: Refusal | None = None,
    sent: Mapping[str, Any] | None = None,
) -> Response[Any]:
    actor = actor_of(request)
    async with services.db.transaction() as session:
        certificate = await _certificate(session, certificate_id)
        known = await queries.conditions(session, certificate_id)
    return page(
        request,
        "pages/scheduling/sites/conditions.html",
        status=status_of(refusal) if refusal else 200,
        certificate=certificate,
        conditions=known,
        may_publish=actor.within(Permission.SITE_AGREE, organisation_id=certificate.organisation_id),
        refusal=refusal,
        sent=sent or {},
        **LABELS,
    )


async def _certificate(session: AsyncSession, certificate_id: UUID) -> Certificate:
    for one in await catalogue.certificates(session):
        if one.id == certificate_id:
            return one
    raise NotFound


ROUTES = [coverage_page, suggestions, waive_page, waive, conditions_page, publish_conditions]
