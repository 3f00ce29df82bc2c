"""Pages of an officer: which organisations may check many certificates, their keys, what they asked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from certificates.enquiries import actions, queries
from certificates.enquiries.forms import AdmitForm, CloseForm, KeyForm
from certificates.enquiries.rules.keys import (
    CHANNEL_LABELS,
    LABELS,
    LONGEST_DAYS,
    QUOTA_LIMIT,
    TEXT_LIMIT,
    TONES,
    KeyState,
)
from certificates.verification.rules import WORDS
from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Permission
from exam.catalogue import queries as catalogue
from exam.kernel.clock import china_date
from exam.kernel.errors import N_, Invalid
from exam.kernel.forms import parse_form
from exam.kernel.pages import page, redirect
from exam.kernel.services import Services

PAGES: Final = "pages/certificates/enquiries"
HOME: Final = "/certificates/enquirers"
_GUARD: Final = [needs(Permission.CERTIFICATE_ISSUE)]


@get(HOME, guards=_GUARD)
async def index(request: AppRequest, services: AppServices) -> Response[Any]:
    """Show the organisations, and let another in."""
    return await _index(request, services)


@post(HOME, guards=_GUARD)
async def admit(request: AppRequest, services: AppServices) -> Response[Any]:
    """Let an organisation in."""
    typed = {name: str(text) for name, text in (await request.form()).items() if isinstance(text, str)}
    try:
        form = await parse_form(request, AdmitForm)
        async with services.db.transaction() as session:
            id = await actions.admit(
                session,
                actor_of(request),
                organisation_id=form.organisation_id,
                name=form.name,
                contact=form.contact,
                purpose=form.purpose,
                quota=form.quota,
                ends_on=form.ends_on,
                now=services.clock.now(),
            )
    except Invalid as refusal:
        return await _index(request, services, refusal, typed)
    return redirect(request, f"{HOME}/{id}", N_("已登记。下一步：给它一个密钥。"))


@get(f"{HOME}/{{id:uuid}}", guards=_GUARD)
async def show(request: AppRequest, services: AppServices, id: FromPath[UUID]) -> Response[Any]:
    """Show one organisation: its keys and its requests."""
    return await _show(request, services, id)


@post(f"{HOME}/{{id:uuid}}/keys", guards=_GUARD, status_code=200)
async def give_key(request: AppRequest, services: AppServices, id: FromPath[UUID]) -> Response[Any]:
    """Make a key and show it, this once."""
    try:
        form = await parse_form(request, KeyForm)
        async with services.db.transaction() as session:
            secret = await actions.give_key(
                session,
                actor_of(request),
                services.vault,
                id=id,
                label=form.label,
                ends_on=form.ends_on,
                now=services.clock.now(),
            )
    except Invalid as refusal:
        return await _show(request, services, id, refusal=refusal)
    return await _show(request, services, id, secret=secret)


@post(f"{HOME}/{{id:uuid}}/keys/{{key_id:uuid}}/revoke", guards=_GUARD)
async def revoke_key(
    request: AppRequest, services: AppServices, id: FromPath[UUID], key_id: FromPath[UUID]
) -> Response[Any]:
    """End a key."""
    async with services.db.transaction() as session:
        await actions.revoke_key(session, actor_of(request), id=id, key_id=key_id, now=services.clock.now())
    return redirect(request, f"{HOME}/{id}", N_("密钥已停用，立即生效。"))


@post(f"{HOME}/{{id:uuid}}/close", guards=_GUARD, status_code=200)
async def close(request: AppRequest, services: AppServices, id: FromPath[UUID]) -> Response[Any]:
    """End an organisation's right with all its keys."""
    try:
        form = await parse_form(request, CloseForm)
        async with services.db.transaction() as session:
            await actions.close(session, actor_of(request), id=id, reason=form.reason, now=services.clock.now())
    except Invalid as refusal:
        return await _show(request, services, id, refusal=refusal)
    return redirect(request, f"{HOME}/{id}", N_("已停用这个单位，它的所有密钥立即失效。"))


async def _index(
    request: AppRequest,
    services: Services,
    refusal: Invalid | None = None,
    typed: dict[str, str] | None = None,
) -> Response[Any]:
    actor, now = actor_of(request), services.clock.now()
    async with services.db.transaction() as session:
        found = await queries.organisations(session, actor)
        own = actor.scope_uuids(Permission.CERTIFICATE_ISSUE, "organisation")
        issuers = [one for one in await catalogue.organisations(session) if own is None or one.id in own]
    return page(
        request,
        f"{PAGES}/index.html",
        status=422 if refusal else 200,
        found=[(one, one.state(now)) for one in found],
        issuers=issuers,
        refusal=refusal,
        typed=typed or {},
        labels=LABELS,
        tones=TONES,
        quota_limit=QUOTA_LIMIT,
        text_limit=TEXT_LIMIT,
        first_day=china_date(now),
        last_day=china_date(now) + timedelta(days=LONGEST_DAYS - 1),
    )


async def _show(
    request: AppRequest, services: Services, id: UUID, *, refusal: Invalid | None = None, secret: str = ""
) -> Response[Any]:
    actor, now = actor_of(request), services.clock.now()
    async with services.db.transaction() as session:
        one = await queries.organisation(session, actor, id)
        keys = await queries.keys(session, id)
        checks = await queries.checks(session, id)
        quota = await queries.quota(session, id, one.quota, now)
    return page(
        request,
        f"{PAGES}/organisation.html",
        status=422 if refusal else 200,
        one=one,
        state=one.state(now),
        usable=one.state(now) is KeyState.LIVE,
        keys=[(key, key.state(now)) for key in keys],
        live=KeyState.LIVE,
        checks=checks,
        quota=quota,
        refusal=refusal,
        secret=secret,
        labels=LABELS,
        tones=TONES,
        channels=CHANNEL_LABELS,
        words=WORDS,
        text_limit=TEXT_LIMIT,
        first_day=china_date(now),
        last_day=china_date(one.last_at),
        base_url=services.settings.base_url,
    )


ROUTES = [index, admit, show, give_key, revoke_key, close]
