"""The platform pages: deadlines, receipts, what was sent back; batch files and their receipts; ours against theirs."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from typing import Annotated, Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.platform import actions, queries
from certificates.platform.client import PlatformDown, by_files, platform_name, read_receipts
from certificates.platform.documents import XLSX, batch_file, format_of, formats
from certificates.platform.forms import STATUS_FILTERS, URGENCY_FILTERS, FileForm
from certificates.platform.rules import PLATFORM_LABELS, PLATFORM_TONES, PlatformStatus, Urgency
from certificates.platform.rules.batches import FILE_LABELS, FILE_TONES, FileStatus
from certificates.platform.rules.reconciling import DIFFERENCE_LABELS, FIELD_LABELS, WAYS_OUT
from certificates.registry.server import SIGNATURE, registry_key
from exam.accounts.guards import AppRequest, AppServices, actor_of, needs, public
from exam.accounts.rules import SYSTEM, Permission
from exam.kernel.clock import china_date
from exam.kernel.db import chunks
from exam.kernel.errors import N_, Forbidden, Invalid, NotFound
from exam.kernel.forms import parse_form, upload
from exam.kernel.ids import id_of
from exam.kernel.pages import PER_PAGE, ListPage, file_response, page, redirect
from exam.registration import queries as registration

INDEX: Final = "pages/certificates/platform/index.html"
FILES: Final = "pages/certificates/platform/files.html"
FILE: Final = "pages/certificates/platform/file.html"
RECONCILIATION: Final = "pages/certificates/platform/reconciliation.html"
RECEIPT_LIMIT_BYTES: Final = 10_000_000
_CALLBACK_LIMIT_BYTES: Final = 5_000_000
_TOGETHER: Final = 100
Text = Annotated[str, QueryParameter(max_length=60)]
Number = Annotated[int, QueryParameter(name="page", ge=1, le=100_000)]


@get("/certificates/platform", guards=[needs(Permission.PLATFORM_RUN)])
async def platform(
    request: AppRequest, services: AppServices, show: Text = "", batch: Text = "", search: Text = "", number: Number = 1
) -> Response[Any]:
    """Show how the registrations stand, the earliest due first."""
    actor = actor_of(request)
    today = china_date(services.clock.now())
    mine = actor.scope_uuids(Permission.PLATFORM_RUN, "organisation")
    batch_id = id_of(batch)
    chosen: dict[str, Any] = {
        "statuses": [STATUS_FILTERS[show]] if show in STATUS_FILTERS else [],
        "only": URGENCY_FILTERS.get(show),
        "batch_id": batch_id,
        "organisation_ids": mine,
        "search": search.upper().replace(" ", ""),
    }
    async with services.db.transaction() as session:
        counts = await queries.counts(session, today=today, batch_id=batch_id, organisation_ids=mine)
        found = await queries.lines(session, today=today, limit=PER_PAGE, offset=(number - 1) * PER_PAGE, **chosen)
        total = await queries.count_lines(session, today=today, **chosen)
        batches = {one.id: one for one in await registration.batches(session)}
        waiting = await queries.to_send(session, organisation_ids=mine)
    return page(
        request,
        INDEX,
        counts=counts,
        lines=found,
        batches=batches,
        show=show,
        batch=batch,
        search=search,
        labels=PLATFORM_LABELS,
        tones=PLATFORM_TONES,
        urgency=Urgency,
        rejected=PlatformStatus.ROW_REJECTED,
        waiting=len(waiting),
        today=today,
        client=platform_name(services),
        statuses=STATUS_FILTERS,
        list_page=ListPage(number=number, total=total, filters={"show": show, "batch": batch, "search": search}),
    )


@post("/certificates/platform/run", guards=[needs(Permission.PLATFORM_RUN)], status_code=200)
async def run(request: AppRequest, services: AppServices) -> Response[Any]:
    """Queue everything that is not registered yet."""
    actor = actor_of(request)
    async with services.db.transaction() as session:
        ids = await queries.to_send(
            session, organisation_ids=actor.scope_uuids(Permission.PLATFORM_RUN, "organisation")
        )
        for part in chunks(ids, _TOGETHER):
            await actions.hurry(session, actor, part)
    return redirect(
        request, "/certificates/platform", N_("%(n)s 本证书已交给后台上报，回执到达后自动更新。"), n=len(ids)
    )


@post("/certificates/platform/{registration_id:uuid}/requeue", guards=[needs(Permission.PLATFORM_RUN)], status_code=200)
async def requeue(request: AppRequest, services: AppServices, registration_id: FromPath[UUID]) -> Response[Any]:
    """Send a refused registration again."""
    async with services.db.transaction() as session:
        await actions.requeue(session, actor_of(request), registration_id, now=services.clock.now())
    return redirect(request, "/certificates/platform", N_("已重新上报。"))


@get("/certificates/platform/files", guards=[needs(Permission.PLATFORM_RUN)])
async def files(request: AppRequest, services: AppServices) -> Response[Any]:
    """Show the batch files, and how many certificates the next one would hold."""
    mine = actor_of(request).scope_uuids(Permission.PLATFORM_RUN, "organisation")
    async with services.db.transaction() as session:
        found = await queries.files(session, organisation_ids=mine)
        waiting = len(await queries.to_export(session, organisation_ids=mine, limit=actions.MOST_ROWS))
    known = await asyncio.to_thread(formats, services.settings.home)
    return page(
        request, FILES, files=found, waiting=waiting, most=actions.MOST_ROWS, format=known[-1], labels=FILE_LABELS,
        tones=FILE_TONES, carried=by_files(services),
    )  # fmt: skip


@post("/certificates/platform/files", guards=[needs(Permission.PLATFORM_RUN)], status_code=200)
async def export(request: AppRequest, services: AppServices) -> Response[Any]:
    """Write what waits into a batch file."""
    form = await parse_form(request, FileForm)
    actor = actor_of(request)
    format = await asyncio.to_thread(format_of, services.settings.home)
    async with services.db.transaction() as session:
        id = await actions.export_file(
            session, actor, services.vault, format=format, reason=form.reason, now=services.clock.now(),
            organisation_ids=actor.scope_uuids(Permission.PLATFORM_RUN, "organisation"),
        )  # fmt: skip
    return redirect(request, f"/certificates/platform/files/{id}", N_("上报文件已生成，请下载后在平台上提交。"))


@get("/certificates/platform/files/{file_id:uuid}", guards=[needs(Permission.PLATFORM_RUN)])
async def file(request: AppRequest, services: AppServices, file_id: FromPath[UUID]) -> Response[Any]:
    """Show one batch file, row by row."""
    async with services.db.transaction() as session:
        found = await _file(session, request, file_id)
        rows = await queries.file_rows(session, file_id)
    return page(
        request, FILE, file=found, rows=rows, labels=FILE_LABELS, tones=FILE_TONES, status_labels=PLATFORM_LABELS,
        status_tones=PLATFORM_TONES, states=FileStatus,
    )  # fmt: skip


@get("/certificates/platform/files/{file_id:uuid}/download.xlsx", guards=[needs(Permission.PLATFORM_RUN)])
async def download(request: AppRequest, services: AppServices, file_id: FromPath[UUID]) -> Response[bytes]:
    """Hand out the bytes, made again from what was frozen; the audit log keeps who took them."""
    actor = actor_of(request)
    async with services.db.transaction() as session:
        found = await _file(session, request, file_id)
        rows = await queries.file_submissions(session, services.vault, file_id)
        await actions.note_download(session, actor, file_id, now=services.clock.now())
    format = await asyncio.to_thread(format_of, services.settings.home, found.format, found.format_version)
    data = await asyncio.to_thread(batch_file, format, found.number, rows)
    if hashlib.sha256(data).hexdigest() != found.sha256:
        raise actions.FileChanged(number=found.number)
    return file_response(data, XLSX, f"平台上报-{found.number}.xlsx")


@post("/certificates/platform/files/{file_id:uuid}/hand-in", guards=[needs(Permission.PLATFORM_RUN)], status_code=200)
async def hand_in(request: AppRequest, services: AppServices, file_id: FromPath[UUID]) -> Response[Any]:
    """Note that the file was handed in on the platform."""
    async with services.db.transaction() as session:
        await actions.hand_in(session, actor_of(request), file_id, now=services.clock.now())
    return redirect(request, f"/certificates/platform/files/{file_id}", N_("已记为提交，等待回执。"))


@post("/certificates/platform/files/{file_id:uuid}/cancel", guards=[needs(Permission.PLATFORM_RUN)], status_code=200)
async def cancel(request: AppRequest, services: AppServices, file_id: FromPath[UUID]) -> Response[Any]:
    """Give up a file that was never handed in."""
    async with services.db.transaction() as session:
        await actions.cancel_file(session, actor_of(request), file_id, now=services.clock.now())
    return redirect(request, "/certificates/platform/files", N_("文件已取消，其中的证书重新等待上报。"))


@post("/certificates/platform/files/{file_id:uuid}/receipt", guards=[needs(Permission.PLATFORM_RUN)], status_code=200)
async def receipt(request: AppRequest, services: AppServices, file_id: FromPath[UUID]) -> Response[Any]:
    """Read the receipt file."""
    sent = await upload(request, "receipt", limit_bytes=RECEIPT_LIMIT_BYTES)
    async with services.db.transaction() as session:
        found = await _file(session, request, file_id)
        format = await asyncio.to_thread(format_of, services.settings.home, found.format, found.format_version)
        stored = await actions.store_receipt_file(
            session, actor_of(request), file_id=file_id, home_format=format, name=sent.filename, data=sent.data,
            now=services.clock.now(),
        )  # fmt: skip
        ids = [row.registration_id for row in await queries.file_rows(session, file_id)]
        await actions.enqueue_open(
            session, actor_of(request), ids
        )  # the job moves the exam batch on when all are through
    return redirect(
        request, f"/certificates/platform/files/{file_id}", N_("回执已读入：入库 %(accepted)s 本，退回 %(refused)s 本。"),
        accepted=stored.accepted, refused=stored.refused,
    )  # fmt: skip


@post("/certificates/platform/receipts", guards=[public], exclude_from_csrf=True, status_code=204)
async def called_back(request: AppRequest, services: AppServices) -> None:
    """Take receipts that the platform sends by itself: signed with the key of the line, believed like any other answer."""
    raw = await request.body()
    wanted = hmac.new(registry_key(services), raw, hashlib.sha256).hexdigest()
    if len(raw) > _CALLBACK_LIMIT_BYTES or not hmac.compare_digest(request.headers.get(SIGNATURE, ""), wanted):
        raise Forbidden
    try:
        receipts = read_receipts(json.loads(raw))
    except (ValueError, TypeError, PlatformDown) as error:
        raise Invalid from error
    async with services.db.transaction() as session:
        await actions.store_receipts(
            session, SYSTEM, receipts, platform=platform_name(services), now=services.clock.now()
        )


@get("/certificates/platform/reconciliation", guards=[needs(Permission.PLATFORM_RUN)])
async def reconciliation(request: AppRequest, services: AppServices, run: Text = "") -> Response[Any]:
    """Show ours against theirs: the last comparison, or an earlier one."""
    mine = actor_of(request).scope_uuids(Permission.PLATFORM_RUN, "organisation")
    async with services.db.transaction() as session:
        past = await queries.last_reconciliations(session, organisation_ids=mine)
        chosen = next((one for one in past if str(one.id) == run), past[0] if past else None)
        found = await queries.differences(session, chosen.id, organisation_ids=mine) if chosen else []
    return page(
        request, RECONCILIATION, past=past, chosen=chosen, differences=found, labels=DIFFERENCE_LABELS, ways=WAYS_OUT, fields=FIELD_LABELS,
        client=platform_name(services), carried=by_files(services),
    )  # fmt: skip


@post("/certificates/platform/reconciliation", guards=[needs(Permission.PLATFORM_RUN)], status_code=200)
async def compare(request: AppRequest, services: AppServices) -> Response[Any]:
    """Compare now, in the background."""
    async with services.db.transaction() as session:
        await actions.enqueue_comparison(session, actor_of(request))
    return redirect(request, "/certificates/platform/reconciliation", N_("已交给后台核对，完成后刷新本页查看结果。"))


async def _file(session: AsyncSession, request: AppRequest, file_id: UUID) -> queries.FileLine:
    found = await queries.files(
        session,
        organisation_ids=actor_of(request).scope_uuids(Permission.PLATFORM_RUN, "organisation"),
        file_id=file_id,
    )
    if not found:
        raise NotFound
    return found[0]


ROUTES = [
    platform, run, requeue, files, export, file, download, hand_in, cancel, receipt, called_back, reconciliation, compare,
]  # fmt: skip
