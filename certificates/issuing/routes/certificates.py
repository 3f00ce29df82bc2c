"""Pages of certificates: the list with its filters, one certificate and its deeds."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter

from certificates.issuing import actions, queries
from certificates.issuing.documents.samples import prepare
from certificates.issuing.forms import ReasonForm, RenewForm
from certificates.issuing.routes.shared import PAGES, halt_line
from certificates.issuing.rules.numbers import file_stem, grouped
from certificates.issuing.rules.status import (
    LABELS,
    RENEWAL_LABELS,
    TONES,
    UNFINISHED,
    CertificateStatus,
    RenewalKind,
)
from certificates.ledger import queries as ledger
from certificates.ledger.rules import EVENT_LABELS
from certificates.platform import queries as platform
from certificates.platform.rules import PLATFORM_LABELS, PLATFORM_TONES
from exam.accounts import queries as accounts
from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Permission
from exam.kernel.clock import china_date
from exam.kernel.errors import N_, NotFound
from exam.kernel.forms import parse_form
from exam.kernel.ids import id_of
from exam.kernel.pages import PER_PAGE, ListPage, file_response, page, redirect
from exam.registration import queries as registration
from exam.registration.rules import BATCH_STATUS_LABELS

_P = Permission
Text = Annotated[str, QueryParameter(max_length=60)]
Number = Annotated[int, QueryParameter(name="page", ge=1, le=100_000)]


@get("/certificates", guards=[needs(_P.CERTIFICATE_READ)])
async def index(
    request: AppRequest,
    services: AppServices,
    status: Text = "",
    batch: Text = "",
    search: Text = "",
    number: Number = 1,
) -> Response[Any]:
    """Show the batches to issue and the certificates, with filters that stand in the address."""
    actor = actor_of(request)
    wanted = next((one for one in CertificateStatus if one.value == status), None)
    async with services.db.transaction() as session:
        lines = await queries.batch_lines(session, actor) if actor.may(_P.CERTIFICATE_ISSUE) else []
        halt = await halt_line(session)
        found, total = await queries.page_of(
            session,
            actor,
            batch_id=id_of(batch),
            status=wanted,
            search=search.strip(),
            limit=PER_PAGE,
            offset=(number - 1) * PER_PAGE,
        )
        batches = await registration.batches(session)
    return page(
        request,
        f"{PAGES}/index.html",
        lines=lines,
        halt=halt,
        may_issue=actor.may(_P.CERTIFICATE_ISSUE),
        me=actor.account_id,
        batch_id=None,
        certificates=found,
        batches=batches,
        labels=LABELS,
        tones=TONES,
        batch_labels=BATCH_STATUS_LABELS,
        chosen=status,
        batch=batch,
        search=search,
        may_run=actor.may(_P.PLATFORM_RUN),
        list_page=ListPage(number=number, total=total, filters={"status": status, "batch": batch, "search": search}),
    )


@get("/certificates/{certificate_id:uuid}", guards=[needs(_P.CERTIFICATE_READ)])
async def certificate_page(request: AppRequest, services: AppServices, certificate_id: FromPath[UUID]) -> Response[Any]:
    """Show one certificate, its versions, ledger entries and registration, and what may be done with it."""
    actor = actor_of(request)
    async with services.db.transaction() as session:
        found = await queries.visible(session, actor, certificate_id)
        versions = await queries.versions(session, found.number)
        entries = await ledger.entries(session, certificate_ids=[one.id for one in versions])
        line = await platform.line_of(session, found.id, today=china_date(services.clock.now()))
        batch = await registration.batch(session, found.batch_id)
        names = await accounts.names(session, [one.issued_by for one in versions if one.issued_by])
    deeds = actor.within(_P.CERTIFICATE_REVOKE, organisation_id=found.organisation_id)
    return page(
        request,
        f"{PAGES}/certificate.html",
        one=found,
        versions=versions,
        entries=entries,
        line=line,
        batch=batch,
        names=names,
        labels=LABELS,
        tones=TONES,
        events=EVENT_LABELS,
        platform_labels=PLATFORM_LABELS,
        platform_tones=PLATFORM_TONES,
        renewals=RENEWAL_LABELS,
        kinds=RenewalKind,
        grouped=grouped,
        may_end=deeds and found.status is CertificateStatus.ISSUED,
        may_void=deeds and found.status in UNFINISHED,
        base_url=services.settings.base_url,
    )


@get("/certificates/{certificate_id:uuid}/file", guards=[needs(_P.CERTIFICATE_READ)])
async def certificate_file(
    request: AppRequest, services: AppServices, certificate_id: FromPath[UUID]
) -> Response[bytes]:
    """Hand out the stored bytes."""
    async with services.db.transaction() as session:
        found = await queries.visible(session, actor_of(request), certificate_id)
    if found.sha256 is None or found.issued_at is None:
        raise NotFound
    return file_response(
        services.files.get(found.sha256), "application/pdf", f"{file_stem(found.number)}.pdf", inline=True
    )


@post("/certificates/{certificate_id:uuid}/revoke", guards=[needs(_P.CERTIFICATE_REVOKE)], status_code=200)
async def revoke(request: AppRequest, services: AppServices, certificate_id: FromPath[UUID]) -> Response[Any]:
    """Revoke a certificate."""
    form = await parse_form(request, ReasonForm)
    async with services.db.transaction() as session:
        await actions.revoke(
            session,
            actor_of(request),
            services.vault,
            certificate_id=certificate_id,
            reason=form.reason,
            now=services.clock.now(),
        )
    return redirect(request, f"/certificates/{certificate_id}", N_("证书已撤销，公开查验立即生效。"))


@post("/certificates/{certificate_id:uuid}/renew", guards=[needs(_P.CERTIFICATE_REVOKE)], status_code=200)
async def renew(request: AppRequest, services: AppServices, certificate_id: FromPath[UUID]) -> Response[Any]:
    """Begin a correction or a replacement."""
    form = await parse_form(request, RenewForm)
    async with services.db.transaction() as session:
        new = await actions.renew(
            session,
            actor_of(request),
            services.vault,
            certificate_id=certificate_id,
            kind=form.kind,
            reason=form.reason,
            prepare=partial(prepare, home=services.settings.home, files=services.files),
            now=services.clock.now(),
        )
    return redirect(request, f"/certificates/{new}", N_("新版本正在制作，签名并登记后旧版本自动失效。"))


@post("/certificates/{certificate_id:uuid}/void", guards=[needs(_P.CERTIFICATE_ISSUE)], status_code=200)
async def void(request: AppRequest, services: AppServices, certificate_id: FromPath[UUID]) -> Response[Any]:
    """Give up a number whose certificate was never issued."""
    form = await parse_form(request, ReasonForm)
    async with services.db.transaction() as session:
        await actions.void(
            session,
            actor_of(request),
            services.vault,
            certificate_id=certificate_id,
            reason=form.reason,
            now=services.clock.now(),
        )
    return redirect(request, f"/certificates/{certificate_id}", N_("编号已作废，编号登记簿保留了理由。"))


ROUTES = [index, certificate_page, certificate_file, revoke, renew, void]
