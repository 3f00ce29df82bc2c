"""Pages of printing: paper and its balance, printers and their test sheet, orders with their sheets, spoiled paper."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter

from certificates.issuing import queries as issuing
from certificates.printing import actions, documents, queries
from certificates.printing.forms import IntakeForm, OrderForm, PrinterForm, SpoilForm
from certificates.printing.rules.papers import LABELS, TONES, NoPaper, PaperStatus
from exam.accounts import queries as accounts
from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.kernel import jobs
from exam.kernel.errors import N_, Conflict, Invalid, NotFound, Refusal
from exam.kernel.forms import parse_form
from exam.kernel.pages import file_response, page, redirect
from exam.kernel.services import Services
from exam.registration import queries as registration

PAGES: Final = "pages/certificates/printing"
HOME: Final = "/certificates/printing"
Serial = Annotated[str, QueryParameter(max_length=20)]
SHOWN: Final = 500
"""Sheets that the page of an order lists; the others stand on their certificates' pages."""
_GUARD: Final = [needs(Permission.CERTIFICATE_ISSUE)]


class NoFrameHere(Invalid):
    """The setting asks for pages without their frame, and a page has none that can be left out."""

    message = N_("这批证书的边框不能单独去掉，不能印在预印边框的纸上。")
    way_out = N_("请换用空白纸的打印机设置。")


class InParts(Conflict):
    """The order has more sheets than one file holds."""

    message = N_("这张印制单分成多份文件。")
    way_out = N_("请在印制单页面逐份下载。")


@get(HOME, guards=_GUARD)
async def index(request: AppRequest, services: AppServices) -> Response[Any]:
    """Show paper, printers, orders and what waits for a second person."""
    return await _index(request, services)


@post(f"{HOME}/intake", guards=_GUARD, status_code=200)
async def intake(request: AppRequest, services: AppServices) -> Response[Any]:
    """Take in blank paper."""
    form = await parse_form(request, IntakeForm)
    async with services.db.transaction() as session:
        count = await actions.take_in(
            session,
            actor_of(request),
            organisation_id=form.organisation_id,
            first=form.first,
            last=form.last,
            now=services.clock.now(),
        )
    return redirect(request, HOME, N_("已登记 %(count)s 张空白证书纸。"), count=count)


@post(f"{HOME}/printers", guards=_GUARD, status_code=200)
async def save_printer(request: AppRequest, services: AppServices) -> Response[Any]:
    """Keep a printer's setting."""
    form = await parse_form(request, PrinterForm)
    async with services.db.transaction() as session:
        await actions.save_printer(
            session,
            actor_of(request),
            organisation_id=form.organisation_id,
            name=form.name,
            setting=form.setting,
            now=services.clock.now(),
        )
    return redirect(request, HOME, N_("打印机设置已保存，请打印测试页核对。"))


@get(f"{HOME}/printers/{{printer_id:uuid}}/test.pdf", guards=_GUARD)
async def printer_test(request: AppRequest, services: AppServices, printer_id: FromPath[UUID]) -> Response[bytes]:
    """Hand out the test sheet of a printer."""
    async with services.db.transaction() as session:
        one = await queries.printer(session, actor_of(request), printer_id)
    return file_response(documents.test_sheet(one.setting), "application/pdf", f"测试页-{one.name}.pdf", inline=True)


@post(f"{HOME}/orders", guards=_GUARD, status_code=200)
async def order(request: AppRequest, services: AppServices) -> Response[Any]:
    """Order a print; what stands in the way is said on the page."""
    actor = actor_of(request)
    form = await parse_form(request, OrderForm)
    try:
        async with services.db.transaction() as session:
            id = await actions.order(
                session,
                actor,
                printer=await queries.printer(session, actor, form.printer_id),
                batch_id=form.batch_id,
                institution=form.institution,
                numbers=form.chosen,
                now=services.clock.now(),
            )
    except (actions.NothingToPrint, NoPaper) as refusal:
        return await _index(request, services, refusal=refusal)
    return redirect(request, f"{HOME}/orders/{id}", N_("印制单已建立，每本证书已对应一张证书纸。"))


@get(f"{HOME}/orders/{{order_id:uuid}}", guards=_GUARD)
async def order_page(request: AppRequest, services: AppServices, order_id: FromPath[UUID]) -> Response[Any]:
    """Show an order: its files, each sheet with what stands on it, and the deed of spoiling."""
    actor = actor_of(request)
    view = await _files(services, actor, order_id)
    async with services.db.transaction() as session:
        one = await queries.order(session, actor, order_id)
        papers = await queries.papers_of(session, order_id)
        found = await issuing.certificates(session, [sheet.certificate_id for sheet in papers if sheet.certificate_id])
        batch = await registration.batch(session, one.batch_id)
        names = await accounts.names(
            session, [id for sheet in papers for id in (sheet.reported_by,) if id] + [one.made_by]
        )
    return page(
        request, f"{PAGES}/order.html", **view, more=max(0, len(papers) - SHOWN), papers=papers[:SHOWN], certificates={each.id: each for each in found},
        batch=batch, names=names, labels=LABELS, tones=TONES, me=actor.account_id,
    )  # fmt: skip


@get(f"{HOME}/orders/{{order_id:uuid}}/progress", guards=_GUARD)
async def order_progress(request: AppRequest, services: AppServices, order_id: FromPath[UUID]) -> Response[Any]:
    """The moving part of the page."""
    view = await _files(services, actor_of(request), order_id)
    answer = page(request, f"{PAGES}/_files.html", **view)
    if not view["running"]:
        answer.set_header("X-Done", "true")
    return answer


@post(f"{HOME}/orders/{{order_id:uuid}}/make", guards=_GUARD, status_code=200)
async def make_again(request: AppRequest, services: AppServices, order_id: FromPath[UUID]) -> Response[Any]:
    """Make the files that are not there."""
    async with services.db.transaction() as session:
        count = await actions.make_again(session, actor_of(request), order_id=order_id, now=services.clock.now())
    return redirect(request, f"{HOME}/orders/{order_id}", N_("正在制作 %(count)s 份印制文件。"), count=count)


@get(f"{HOME}/orders/{{order_id:uuid}}/parts/{{part:int}}/file", guards=_GUARD)
async def part_file(
    request: AppRequest, services: AppServices, order_id: FromPath[UUID], part: FromPath[int]
) -> Response[bytes]:
    """Hand out one file of an order, as it was made."""
    async with services.db.transaction() as session:
        await queries.order(session, actor_of(request), order_id)
        found = next((one for one in await queries.parts_of(session, order_id) if one.part == part), None)
    if found is None or found.sha256 is None:
        raise NotFound
    data = await asyncio.to_thread(services.files.get, found.sha256)
    return file_response(data, "application/pdf", f"证书印制-{found.first_serial}-{found.last_serial}.pdf")


@get(f"{HOME}/orders/{{order_id:uuid}}/sheets.pdf", guards=_GUARD)
async def order_file(
    request: AppRequest, services: AppServices, order_id: FromPath[UUID], serial: Serial = ""
) -> Response[bytes]:
    """Hand out one sheet of an order, or a small order whole: the stored pages, placed."""
    async with services.db.transaction() as session:
        one = await queries.order(session, actor_of(request), order_id)
        papers = sorted(
            (
                sheet
                for sheet in await queries.papers_of(session, order_id)
                if sheet.status is PaperStatus.BOUND and serial in ("", sheet.serial)
            ),
            key=lambda sheet: sheet.serial,
        )
        ids = [sheet.certificate_id for sheet in papers if sheet.certificate_id]
        stored = {each.id: each.sha256 for each in await issuing.certificates(session, ids)}
    if len(ids) > actions.PART:
        raise InParts
    hashes = [sha256 for id in ids if (sha256 := stored[id])]
    if not hashes:
        raise NotFound
    try:
        data = await asyncio.to_thread(
            lambda: documents.sheets([services.files.get(sha256) for sha256 in hashes], one.setting)
        )
    except documents.NoFrame:
        raise NoFrameHere from None
    return file_response(data, "application/pdf", f"证书印制-{papers[0].serial}-{papers[-1].serial}.pdf")


@post(f"{HOME}/papers/{{paper_id:uuid}}/report", guards=_GUARD, status_code=200)
async def report(request: AppRequest, services: AppServices, paper_id: FromPath[UUID]) -> Response[Any]:
    """Say that a sheet is spoiled."""
    form = await parse_form(request, SpoilForm)
    async with services.db.transaction() as session:
        await actions.report(
            session, actor_of(request), paper_id=paper_id, reason=form.reason, now=services.clock.now()
        )
    return redirect(request, HOME, N_("已报告作废，等待另一名发证员核对废页后确认。"))


@post(f"{HOME}/papers/{{paper_id:uuid}}/confirm", guards=_GUARD, status_code=200)
async def confirm(request: AppRequest, services: AppServices, paper_id: FromPath[UUID]) -> Response[Any]:
    """Confirm that a sheet is spoiled; its certificate moves to the next one."""
    async with services.db.transaction() as session:
        serial = await actions.confirm(session, actor_of(request), paper_id=paper_id, now=services.clock.now())
    if serial is None:
        return redirect(request, HOME, N_("证书纸已作废。"))
    return redirect(request, HOME, N_("证书纸已作废，证书改印在 %(serial)s 上，登记簿已记录补印。"), serial=serial)


async def _files(services: Services, actor: Actor, order_id: UUID) -> dict[str, Any]:
    """The order with its files and how far they are."""
    async with services.db.transaction() as session:
        one = await queries.order(session, actor, order_id)
        parts = await queries.parts_of(session, order_id)
        waiting = [await jobs.promised(session, f"{actions.PART_JOB}:{order_id}:{each.part}") for each in parts]
    left = [each for each, waits in zip(parts, waiting, strict=True) if each.sha256 is None and not waits]
    return {"one": one, "parts": parts, "running": any(waiting), "left": left}


async def _index(request: AppRequest, services: Services, *, refusal: Refusal | None = None) -> Response[Any]:
    actor = actor_of(request)
    async with services.db.transaction() as session:
        organisations = [one for one in await catalogue.organisations(session) if queries.may_print(actor, one.id)]
        balances = [(one, await queries.balance(session, one.id)) for one in organisations]
        printers = await queries.printers(session, actor)
        orders = await queries.orders(session, actor)
        waiting = await queries.reported(session, actor)
        batches = await registration.batches(session)
        names = await accounts.names(session, [one.reported_by for one in waiting if one.reported_by])
    return page(
        request, f"{PAGES}/index.html", status=409 if refusal else 200, balances=balances, printers=printers,
        orders=orders, waiting=waiting, batches={one.id: one for one in batches}, names=names, me=actor.account_id,
        organisations={one.id: one for one in organisations}, refusal=refusal,
    )  # fmt: skip


ROUTES = [
    index,
    intake,
    save_printer,
    printer_test,
    order,
    order_page,
    order_progress,
    make_again,
    part_file,
    order_file,
    report,
    confirm,
]
