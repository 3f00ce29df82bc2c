"""Pages of share codes: the holder's own, and what the reader of a code sees, without signing in.

An unknown, an ended and a revoked code are one answer: the same words after the same two statements.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from certificates.issuing import queries as issuing
from certificates.issuing.rules.numbers import grouped
from certificates.issuing.rules.status import LABELS as STATUS_LABELS
from certificates.issuing.rules.status import TONES as STATUS_TONES
from certificates.issuing.rules.status import CertificateStatus
from certificates.ledger.rules import EVENT_LABELS
from certificates.sharing import actions, queries
from certificates.sharing.forms import ShareForm
from certificates.sharing.rules import DAYS, LABEL_LIMIT, LABELS, LIVE_LIMIT, TONES, USUAL_DAYS, Share, Shown
from certificates.verification import queries as verification
from certificates.verification.routes.shared import as_data, count, unlisted
from certificates.verification.rules import EXPLANATIONS, WORDS, Answer, Verdict
from certificates.verification.rules import TONES as VERDICT_TONES
from exam.accounts.guards import AppRequest, AppServices, actor_of, needs, public
from exam.accounts.rules import Permission
from exam.kernel.errors import N_, Invalid, NotFound
from exam.kernel.forms import parse_form
from exam.kernel.i18n import use_locale
from exam.kernel.pages import file_response, json_response, locale_of, page, redirect, wants_json
from exam.kernel.printing import qr_svg
from exam.kernel.services import Services

PAGES: Final = "pages/certificates/sharing"
_GUARD: Final = [needs(Permission.OWN_READ)]
_NOBODY: Final = UUID(int=0)


@get("/certificates/mine/{certificate_id:uuid}/shares", guards=_GUARD)
async def mine(request: AppRequest, services: AppServices, certificate_id: FromPath[UUID]) -> Response[Any]:
    """Show the codes of a certificate of one's own, and make another."""
    return await _mine(request, services, certificate_id)


@post("/certificates/mine/{certificate_id:uuid}/shares", guards=_GUARD, status_code=200)
async def make(request: AppRequest, services: AppServices, certificate_id: FromPath[UUID]) -> Response[Any]:
    """Make a code and show it, this once."""
    try:
        form = await parse_form(request, ShareForm)
        async with services.db.transaction() as session:
            share, code = await actions.make(
                session,
                actor_of(request),
                services.vault,
                certificate_id=certificate_id,
                days=form.days,
                shows_name=form.name,
                shows_photo=form.photo,
                label=form.label,
                now=services.clock.now(),
            )
    except Invalid as refusal:
        return await _mine(request, services, certificate_id, refusal=refusal)
    return await _mine(request, services, certificate_id, made=share, code=code)


@post("/certificates/mine/{certificate_id:uuid}/shares/{share_id:uuid}/revoke", guards=_GUARD)
async def revoke(
    request: AppRequest, services: AppServices, certificate_id: FromPath[UUID], share_id: FromPath[UUID]
) -> Response[Any]:
    """Take a code back."""
    async with services.db.transaction() as session:
        await actions.revoke(
            session, actor_of(request), certificate_id=certificate_id, share_id=share_id, now=services.clock.now()
        )
    return redirect(request, f"/certificates/mine/{certificate_id}/shares", N_("已收回，链接立即失效。"))


@get("/s/{code:str}", guards=[public])
async def shared(request: AppRequest, services: AppServices, code: FromPath[str]) -> Response[Any]:
    """What a code lets its reader see, as the register stands now."""
    count(request, services)
    shown, answer = await _answer(services, code)
    if shown is not None:
        async with services.db.transaction() as session:
            await actions.count_use(session, shown.share_id, now=services.clock.now())
    if wants_json(request):
        with use_locale(locale_of(request)):
            return unlisted(json_response(as_data(answer)))
    return unlisted(
        page(
            request,
            f"{PAGES}/shared.html",
            answer=answer,
            shown=shown,
            photo=f"/s/{code}/photo" if _has_photo(shown, answer) else "",
            words=WORDS,
            explanations=EXPLANATIONS,
            tones=VERDICT_TONES,
            labels=STATUS_LABELS,
            status_tones=STATUS_TONES,
            events=EVENT_LABELS,
            grouped=grouped,
            checked_at=services.clock.now(),
        )
    )


@get("/s/{code:str}/photo", guards=[public])
async def photo(request: AppRequest, services: AppServices, code: FromPath[str]) -> Response[Any]:
    """The photo of the certificate, where the holder lets it be seen and the certificate stands."""
    count(request, services)
    shown, answer = await _answer(services, code)
    if shown is None or not _has_photo(shown, answer):
        raise NotFound
    async with services.db.transaction() as session:
        found = await issuing.certificate(session, shown.certificate_id)
    data = await asyncio.to_thread(services.files.get, found.photo_sha256)
    return unlisted(file_response(data, "image/jpeg", "photo.jpg", inline=True))


async def _answer(services: Services, code: str) -> tuple[Shown | None, Answer]:
    """What a code shows; a code that shows nothing costs the same two statements."""
    shown = await queries.live(services.db, services.vault, code, services.clock.now())
    wanted, in_full = (shown.certificate_id, shown.name) if shown is not None else (_NOBODY, False)
    return shown, await verification.by_id(services.db, wanted, full_name=in_full)


def _has_photo(shown: Shown | None, answer: Answer) -> bool:
    return shown is not None and shown.photo and answer.verdict is Verdict.GENUINE


async def _mine(
    request: AppRequest,
    services: Services,
    certificate_id: UUID,
    *,
    made: Share | None = None,
    code: str = "",
    refusal: Invalid | None = None,
) -> Response[Any]:
    async with services.db.transaction() as session:
        found = await verification.own(session, actor_of(request), certificate_id)
        listed = await queries.shares(session, certificate_id)
    now = services.clock.now()
    link = f"{services.settings.base_url}/s/{code}" if code else ""
    return page(
        request,
        f"{PAGES}/mine.html",
        status=422 if refusal else 200,
        certificate=found,
        usable=found.status is CertificateStatus.ISSUED,
        shares=[(one, one.state(now)) for one in listed],
        labels=LABELS,
        tones=TONES,
        made=made,
        code=code,
        link=link,
        code_picture=qr_svg(link) if link else "",
        refusal=refusal,
        days=[(one, now + timedelta(days=one)) for one in DAYS],
        usual=USUAL_DAYS,
        limit=LIVE_LIMIT,
        label_limit=LABEL_LIMIT,
        grouped=grouped,
    )


ROUTES = [mine, make, revoke, shared, photo]
