"""Badges: the site head makes and prints them, replaces lost ones, resets PINs; each assessor chooses the own PIN."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Permission
from exam.kernel.errors import N_, Refusal
from exam.kernel.forms import parse_form
from exam.kernel.pages import file_response, page, redirect, status_of
from exam.kernel.pdf import render_pdf
from exam.sittings.rules import DUTY_LABELS
from scoring.tablets import actions, documents, queries
from scoring.tablets.forms import BadgeForm, PinForm
from scoring.tablets.routes.fleet import RUN, SITE, chosen_site

HREF = "/scoring/tablets/badges"


@get("/scoring/tablets/badges", guards=RUN)
async def badges_page(request: AppRequest, services: AppServices, site: Annotated[str, SITE] = "") -> Response[Any]:
    """Show the assessors of these days: their badges, and who has chosen a PIN."""
    now = services.clock.now()
    async with services.db.transaction() as session:
        own, site_id = await chosen_site(session, actor_of(request), site)
        lines = await queries.badge_lines(session, site_id, now) if site_id else []
    return page(
        request, "pages/scoring/tablets/badges.html", sites=own, site_id=site_id, lines=lines, at=now, duty_labels=DUTY_LABELS
    )  # fmt: skip


@post("/scoring/tablets/badges/print", guards=RUN, status_code=200)
async def print_badges(request: AppRequest, services: AppServices) -> Response[Any]:
    """Make the badges that are missing and hand all of these days out for printing. It is recorded: they carry secrets."""
    form, actor, now = await parse_form(request, BadgeForm), actor_of(request), services.clock.now()
    async with services.db.transaction() as session:
        lines = await queries.badge_lines(session, form.site_id, now)
        accounts = [one.account_id for one in lines]
        await actions.give_badges(session, services.vault, actor, site_id=form.site_id, account_ids=accounts, now=now)
        await actions.record_print(session, actor, site_id=form.site_id, account_ids=accounts, now=now)
        html = await documents.badges(session, services.vault, form.site_id, actor.name, now)
    if not lines:
        return redirect(request, f"{HREF}?site={form.site_id}", N_("近日没有考评员，没有可打印的评分证。"))
    return file_response(await render_pdf(html), "application/pdf", "assessor-badges.pdf", inline=True)


@post("/scoring/tablets/badges/{account_id:uuid}/reset", guards=RUN, status_code=200)
async def reset(request: AppRequest, services: AppServices, account_id: FromPath[UUID]) -> Response[Any]:
    """Forget an assessor's PIN."""
    form = await parse_form(request, BadgeForm)
    async with services.db.transaction() as session:
        await actions.reset_pin(
            session, actor_of(request), site_id=form.site_id, account_id=account_id, reason=form.reason,
            now=services.clock.now(),
        )  # fmt: skip
    return redirect(request, f"{HREF}?site={form.site_id}", N_("PIN 已重置，请考评员在“我的评分证”页面重新设置。"))


@post("/scoring/tablets/badges/{account_id:uuid}/replacement", guards=RUN, status_code=200)
async def replace(request: AppRequest, services: AppServices, account_id: FromPath[UUID]) -> Response[Any]:
    """Replace a lost badge."""
    form = await parse_form(request, BadgeForm)
    async with services.db.transaction() as session:
        await actions.replace_badge(
            session, services.vault, actor_of(request), site_id=form.site_id, account_id=account_id, reason=form.reason,
            now=services.clock.now(),
        )  # fmt: skip
    return redirect(
        request, f"{HREF}?site={form.site_id}", N_("旧证已作废，新证已生成：请打印新证，并请考评员重新设置 PIN。")
    )


@get("/scoring/tablets/badge", guards=[needs(Permission.SHEET_SCORE)])
async def own_page(request: AppRequest, services: AppServices) -> Response[Any]:
    """Show an assessor the own badge, and let them choose its PIN."""
    return await _own(request, services)


@post("/scoring/tablets/badge", guards=[needs(Permission.SHEET_SCORE)], status_code=200)
async def choose_pin(request: AppRequest, services: AppServices) -> Response[Any]:
    """Choose the PIN of the own badge."""
    try:
        form = await parse_form(request, PinForm)
        async with services.db.transaction() as session:
            await actions.choose_pin(
                session, services.vault, actor_of(request), pin=form.pin, again=form.again, now=services.clock.now()
            )
    except Refusal as refusal:
        return await _own(request, services, refusal)
    return redirect(request, "/scoring/tablets/badge", N_("PIN 已设置。已下载到平板的考务包在下次更新时改用新 PIN。"))


async def _own(request: AppRequest, services: AppServices, refusal: Refusal | None = None) -> Response[Any]:
    account_id = actor_of(request).account_id
    assert account_id is not None
    async with services.db.transaction() as session:
        badge = (await queries.badges(session, [account_id])).get(account_id)
    return page(
        request, "pages/scoring/tablets/badge.html", status=200 if refusal is None else status_of(refusal), badge=badge,
        refusal=refusal,
    )  # fmt: skip


ROUTES = [badges_page, print_badges, reset, replace, own_page, choose_pin]
