"""Pages of the catalogue: certificates with their levels, one scheme to read, publishing the next version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Permission
from exam.catalogue import actions, queries
from exam.catalogue.forms import ApprovalForm, TitleForm
from exam.catalogue.rules import (
    CAPS_YUAN,
    DRAFT_LABELS,
    EFFECT_LABELS,
    FORM_LABELS,
    KIND_LABELS,
    PARTIAL_LABELS,
    PROOF_LABELS,
    Blueprint,
    Certificate,
    Component,
    Form,
    Level,
    Organisation,
    Scheme,
    Sheet,
    parse_blueprint,
    parse_sheet,
)
from exam.kernel.errors import N_, Invalid, Refusal
from exam.kernel.forms import parse_form, upload
from exam.kernel.pages import file_response, page, redirect, status_of

FILE_LIMIT_BYTES = 2_000_000
PUBLISH = "pages/exam/catalogue/publish.html"


@dataclass(frozen=True, kw_only=True)
class CertificateLine:
    """A certificate with its organisation and the newest scheme of each level (None = not published yet)."""

    certificate: Certificate
    organisation: Organisation
    schemes: Mapping[Level, Scheme | None]


@dataclass(frozen=True, kw_only=True)
class ComponentView:
    """A component with what its cost ceiling comes from, its paper or its sheet."""

    component: Component
    cap_yuan: Decimal
    share_yuan: Decimal
    blueprint: Blueprint | None
    sheet: Sheet | None


class Unreadable(Invalid):
    message = N_("文件不是可以读取的 JSON，没有发布。")
    way_out = N_("请检查第 %(line)s 行附近的括号、逗号和引号；文件须为 UTF-8 编码。")


@get("/exam/catalogue", guards=[needs(Permission.CATALOGUE_READ)])
async def catalogue_page(
    request: AppRequest,
    services: AppServices,
    batch_no: Annotated[str, QueryParameter(name="batch", max_length=2)] = "",
    organisation: Annotated[str, QueryParameter(max_length=40)] = "",
) -> Response[Any]:
    """Show the certificates, filtered by batch (A02) and organisation."""
    async with services.db.transaction() as session:
        organisations = {one.id: one for one in await queries.organisations(session)}
        certificates = await queries.certificates(session)
        newest = await queries.newest(session)
        drafts = await queries.open_drafts(session, actor_of(request))
    lines = [
        CertificateLine(
            certificate=one,
            organisation=organisations[one.organisation_id],
            schemes={level: newest.get((one.id, level)) for level in one.levels},
        )
        for one in certificates
        if batch_no in ("", str(one.batch_no)) and organisation in ("", str(one.organisation_id))
    ]
    return page(
        request, "pages/exam/catalogue/certificates.html", lines=lines, organisations=list(organisations.values()),
        batches=sorted({one.batch_no for one in certificates}), batch_no=batch_no, organisation=organisation,
        may_publish=actor_of(request).may(Permission.CATALOGUE_WRITE), drafts=drafts, draft_labels=DRAFT_LABELS,
    )  # fmt: skip


@get("/exam/catalogue/schemes/{scheme_id:uuid}", guards=[needs(Permission.CATALOGUE_READ)])
async def scheme_page(request: AppRequest, services: AppServices, scheme_id: FromPath[UUID]) -> Response[Any]:
    """Show one scheme: components, weights, the pass rule in words, the fee against its ceiling."""
    async with services.db.transaction() as session:
        scheme = await queries.scheme(session, scheme_id)
        versions = await queries.versions(session, scheme.certificate_id, scheme.level)
        _, sha256 = await queries.definition(session, scheme_id)
    return page(
        request, "pages/exam/catalogue/scheme.html", scheme=scheme, versions=versions, sha256=sha256,
        parts=[_view(one) for one in scheme.components], form_labels=FORM_LABELS, kind_labels=KIND_LABELS,
        partial_labels=PARTIAL_LABELS, effect_labels=EFFECT_LABELS, proof_labels=PROOF_LABELS,
        may_publish=actor_of(request).within(Permission.CATALOGUE_WRITE, organisation_id=scheme.organisation_id),
    )  # fmt: skip


@get("/exam/catalogue/schemes/{scheme_id:uuid}/definition", guards=[needs(Permission.CATALOGUE_READ)])
async def definition_file(services: AppServices, scheme_id: FromPath[UUID]) -> Response[Any]:
    """Give the definition as it was published: the start of the next version."""
    async with services.db.transaction() as session:
        scheme = await queries.scheme(session, scheme_id)
        data, _ = await queries.definition(session, scheme_id)
    text = json.dumps(data, ensure_ascii=False, indent=2)
    name = f"{scheme.certificate_name_zh}-{scheme.level.zh}-v{scheme.version}.json"
    return file_response(text.encode(), "application/json", name)


@get("/exam/catalogue/cancelled", guards=[needs(Permission.CATALOGUE_READ)])
async def cancelled_page(request: AppRequest, services: AppServices) -> Response[Any]:
    """Show the cancelled vocational qualifications, which no certificate may bring back (A04)."""
    async with services.db.transaction() as session:
        return await _cancelled(request, session, None, {})


@post("/exam/catalogue/cancelled", guards=[needs(Permission.CATALOGUE_WRITE)], status_code=200)
async def cancel_title(request: AppRequest, services: AppServices) -> Response[Any]:
    """Enter one from the official list."""
    sent = dict(await request.form())
    try:
        form = await parse_form(request, TitleForm)
        async with services.db.transaction() as session:
            await actions.cancel_title(
                session, actor_of(request), name_zh=form.name, cancelled_on=form.cancelled_on, source=form.source,
                now=services.clock.now(),
            )  # fmt: skip
    except Refusal as refusal:
        async with services.db.transaction() as session:
            return await _cancelled(request, session, refusal, sent)
    return redirect(request, "/exam/catalogue/cancelled", N_("已加入名单。"))


async def _cancelled(
    request: AppRequest, session: AsyncSession, refusal: Refusal | None, typed: Mapping[str, Any]
) -> Response[Any]:
    return page(
        request, "pages/exam/catalogue/cancelled.html", status=status_of(refusal) if refusal else 200,
        titles=await queries.cancelled_titles(session), refusal=refusal, typed=typed,
        may_write=actor_of(request).may(Permission.CATALOGUE_WRITE),
    )  # fmt: skip


@get("/exam/catalogue/publish", guards=[needs(Permission.CATALOGUE_WRITE)])
async def publish_page(request: AppRequest) -> Response[Any]:
    """Show the form for the next version."""
    return page(request, PUBLISH, refusal=None, form=ApprovalForm())


@post("/exam/catalogue/publish", guards=[needs(Permission.CATALOGUE_WRITE)], status_code=200)
async def publish(request: AppRequest, services: AppServices) -> Response[Any]:
    """Publish the next version from a file; what is wrong is listed by its place in the file."""
    form = await parse_form(request, ApprovalForm)
    try:
        sent = await upload(request, "definition", limit_bytes=FILE_LIMIT_BYTES)
        definition = _with_approval(read_definition(sent.data), form)
        actor, now = actor_of(request), services.clock.now()
        async with services.db.transaction() as session:
            second = await actions.needs_second_person(session, definition)
            act = actions.submit_file if second else actions.publish_scheme
            made = await act(session, actor, definition=definition, now=now)
    except Refusal as refusal:
        return page(request, PUBLISH, status=status_of(refusal), refusal=refusal, form=form)
    if second:
        notice = N_("文件中有新的或改过的评分表，须由第二人批准后发布。已提交。")
        return redirect(request, f"/exam/catalogue/drafts/{made}", notice)
    scheme_id = made
    return redirect(request, f"/exam/catalogue/schemes/{scheme_id}", N_("考核方案的新版本已发布。"))


def read_definition(data: bytes) -> Mapping[str, Any]:
    """The JSON object of a file; decimals stay exact. Unreadable names the line otherwise."""
    try:
        found = json.loads(data.decode("utf-8-sig"), parse_float=Decimal, parse_constant=str)
    except json.JSONDecodeError as error:
        raise Unreadable(line=error.lineno) from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(line=1) from error
    if not isinstance(found, dict):
        raise Unreadable(line=1)
    return found


def _with_approval(definition: Mapping[str, Any], form: ApprovalForm) -> Mapping[str, Any]:
    if not form.approval_number and not form.approval_reason:
        return definition
    return {**definition, "fee_approval": {"number": form.approval_number, "reason": form.approval_reason}}


def _view(component: Component) -> ComponentView:
    cap = CAPS_YUAN[component.form]
    return ComponentView(
        component=component,
        cap_yuan=cap,
        share_yuan=cap * component.weight,
        blueprint=parse_blueprint(component.blueprint) if component.form is Form.COMPUTER else None,
        sheet=parse_sheet(component.sheet) if component.sheet is not None else None,
    )


ROUTES = [catalogue_page, cancelled_page, cancel_title, scheme_page, definition_file, publish_page, publish]
