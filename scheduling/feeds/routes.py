"""The calendars themselves, behind their secret addresses, and the pages where an address is made, renewed, revoked."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs, public
from exam.accounts.rules import Permission
from exam.kernel.errors import N_, Refusal
from exam.kernel.forms import parse_form
from exam.kernel.pages import locale_of, page, redirect, status_of
from exam.kernel.printing import qr_svg
from exam.kernel.services import Services
from scheduling.feeds import actions, documents, queries
from scheduling.feeds.forms import FeedForm
from scheduling.feeds.rules import (
    CALENDAR_TYPE,
    KIND_LABELS,
    Address,
    FeedKind,
    FeedUnknown,
    etag,
    feed_url,
    same_tag,
)

_SUFFIX = ".ics"
_OWN = needs(Permission.ROOM_RUN, Permission.SHEET_SCORE, Permission.SITE_RUN, Permission.OWN_READ)
_ANY = needs(
    Permission.ROOM_RUN, Permission.SHEET_SCORE, Permission.SITE_RUN, Permission.OWN_READ, Permission.PLAN_MANAGE
)


@get("/feeds/{name:str}", guards=[public], exclude_from_csrf=True)
async def feed_file(request: AppRequest, services: AppServices, name: FromPath[str]) -> Response[bytes]:
    """Hand a calendar to a program that knows its address; unknown and revoked addresses are not found."""
    if not name.endswith(_SUFFIX):
        raise FeedUnknown
    async with services.db.transaction() as session:
        feed = await queries.of_token(session, name.removesuffix(_SUFFIX))
        if feed is None:
            raise FeedUnknown
        said = await actions.tell(session, feed, now=services.clock.now())
        site, room = await queries.title(session, feed)
    data = documents.calendar_file(feed, said, site=site, room=room, base_url=services.settings.base_url)
    tag = etag(data)
    headers = {
        "ETag": tag,
        "Cache-Control": "private, no-cache",  # the program's own copy only, asked about each time
        "X-Robots-Tag": "noindex, nofollow",
        "Referrer-Policy": "no-referrer",
    }
    if same_tag(request.headers.get("If-None-Match", ""), tag):
        return Response(b"", status_code=304, headers=headers)
    headers["Content-Disposition"] = f'inline; filename="{documents.file_name(feed)}"'
    return Response(data, media_type=CALENDAR_TYPE, headers=headers)


@get("/scheduling/feeds", guards=[_OWN])
async def own_page(request: AppRequest, services: AppServices) -> Response[Any]:
    """Show a person whether their calendar has an address, and how to add it to a calendar program."""
    return await _own_page(request, services)


@get("/scheduling/feeds/sites/{site_id:uuid}", guards=[needs(Permission.SITE_RUN, Permission.PLAN_MANAGE)])
async def site_page(request: AppRequest, services: AppServices, site_id: FromPath[UUID]) -> Response[Any]:
    """Show the addresses of a site and of its rooms."""
    return await _site_page(request, services, site_id)


@post("/scheduling/feeds/renew", guards=[_ANY], status_code=200)
async def renew(request: AppRequest, services: AppServices) -> Response[Any]:
    """Make an address or renew it, and show it this once."""
    form = await parse_form(request, FeedForm)
    try:
        async with services.db.transaction() as session:
            made = await actions.renew(
                session,
                actor_of(request),
                kind=form.kind,
                owner_id=form.owner_id,
                locale=locale_of(request),
                now=services.clock.now(),
            )
    except Refusal as refusal:
        return await _page_of(request, services, form, refusal=refusal)
    return await _page_of(request, services, form, made=made)


@post("/scheduling/feeds/revoke", guards=[_ANY], status_code=200)
async def revoke(request: AppRequest, services: AppServices) -> Response[Any]:
    """Let an address answer no longer."""
    form = await parse_form(request, FeedForm)
    try:
        async with services.db.transaction() as session:
            await actions.revoke(
                session, actor_of(request), kind=form.kind, owner_id=form.owner_id, now=services.clock.now()
            )
            back = "" if form.kind.personal else f"/sites/{await queries.site_id_of(session, form.kind, form.owner_id)}"
    except FeedUnknown as refusal:
        return await _page_of(request, services, form, refusal=refusal)
    return redirect(request, f"/scheduling/feeds{back}", N_("日历地址已停用，订阅了它的日历不再更新。"))


async def _page_of(
    request: AppRequest,
    services: Services,
    form: FeedForm,
    *,
    made: Address | None = None,
    refusal: Refusal | None = None,
) -> Response[Any]:
    if form.kind.personal:
        return await _own_page(request, services, made=made, refusal=refusal)
    async with services.db.transaction() as session:
        site_id = await queries.site_id_of(session, form.kind, form.owner_id)
    return await _site_page(request, services, site_id, made=made, refusal=refusal)


async def _own_page(
    request: AppRequest, services: Services, *, made: Address | None = None, refusal: Refusal | None = None
) -> Response[Any]:
    own = queries.own_feed(actor_of(request))
    if own is None:
        raise FeedUnknown
    kind, owner_id = own
    async with services.db.transaction() as session:
        feed = await queries.feed_of(session, kind, owner_id)
    return page(
        request,
        "pages/scheduling/feeds/own.html",
        status=status_of(refusal) if refusal else 200,
        kind=kind,
        owner_id=owner_id,
        feed=feed,
        frame="layout/phone.html" if kind is FeedKind.CANDIDATE else "layout/site.html",
        refusal=refusal,
        kind_labels=KIND_LABELS,
        **_shown(services, made),
    )


async def _site_page(
    request: AppRequest,
    services: Services,
    site_id: UUID,
    *,
    made: Address | None = None,
    refusal: Refusal | None = None,
) -> Response[Any]:
    async with services.db.transaction() as session:
        place = await queries.place(session, actor_of(request), site_id)
    return page(
        request,
        "pages/scheduling/feeds/site.html",
        status=status_of(refusal) if refusal else 200,
        place=place,
        refusal=refusal,
        **_shown(services, made),
    )


def _shown(services: Services, made: Address | None) -> dict[str, Any]:
    """A fresh address as the page shows it: to copy, to open in a program, to read with a phone."""
    url = feed_url(services.settings.base_url, made.token) if made else ""
    return {
        "made": made.feed if made else None,
        "url": url,
        "webcal": url.replace("https://", "webcal://", 1).replace("http://", "webcal://", 1),
        "qr_svg": qr_svg,
    }


ROUTES = [feed_file, own_page, site_page, renew, revoke]
