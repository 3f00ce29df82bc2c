"""The platform page: deadlines, receipts, what was sent back; run, repeat, export."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter

from certificates.platform import actions, queries
from certificates.platform.client import client_of
from certificates.platform.documents import XLSX, platform_list
from certificates.platform.forms import STATUS_FILTERS, URGENCY_FILTERS, ExportForm
from certificates.platform.rules import PLATFORM_LABELS, PLATFORM_TONES, Urgency
from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Actor, Permission
from exam.kernel.clock import china_date
from exam.kernel.db import chunks
from exam.kernel.errors import N_
from exam.kernel.forms import parse_form
from exam.kernel.pages import file_response, page, query_string, redirect
from exam.registration import queries as registration

PLATFORM: Final = "pages/certificates/platform/index.html"
PER_PAGE: Final = 50
_TOGETHER: Final = 100
Text = Annotated[str, QueryParameter(max_length=60)]
Number = Annotated[int, QueryParameter(name="page", ge=1, le=100_000)]


@dataclass(frozen=True, kw_only=True)
class ListPage:
    """Which page of the list, as ``ui.pager`` wants it."""

    number: int
    total: int
    filters: Mapping[str, object]

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PER_PAGE))

    def href(self, number: int) -> str:
        return query_string(self.filters, page=number)


@get("/certificates/platform", guards=[needs(Permission.PLATFORM_RUN)])
async def platform(
    request: AppRequest, services: AppServices, show: Text = "", batch: Text = "", search: Text = "", number: Number = 1
) -> Response[Any]:
    """Show how the registrations stand, the earliest due first."""
    actor = actor_of(request)
    today = china_date(services.clock.now())
    mine = _organisations(actor)
    batch_id = _uuid(batch)
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
        PLATFORM,
        counts=counts,
        lines=found,
        batches=batches,
        show=show,
        batch=batch,
        search=search,
        labels=PLATFORM_LABELS,
        tones=PLATFORM_TONES,
        urgency=Urgency,
        waiting=len(waiting),
        today=today,
        client=client_of(services).name,
        statuses=STATUS_FILTERS,
        list_page=ListPage(number=number, total=total, filters={"show": show, "batch": batch, "search": search}),
    )


@post("/certificates/platform/run", guards=[needs(Permission.PLATFORM_RUN)], status_code=200)
async def run(request: AppRequest, services: AppServices) -> Response[Any]:
    """Queue everything that is not registered yet."""
    actor = actor_of(request)
    async with services.db.transaction() as session:
        ids = await queries.to_send(session, organisation_ids=_organisations(actor))
        for part in chunks(ids, _TOGETHER):
            await actions.enqueue_open(session, actor, part)
    return redirect(
        request, "/certificates/platform", N_("%(n)s 本证书已交给后台上报，回执到达后自动更新。"), n=len(ids)
    )


@post("/certificates/platform/{registration_id:uuid}/requeue", guards=[needs(Permission.PLATFORM_RUN)], status_code=200)
async def requeue(request: AppRequest, services: AppServices, registration_id: FromPath[UUID]) -> Response[Any]:
    """Send a refused registration again."""
    async with services.db.transaction() as session:
        await actions.requeue(session, actor_of(request), registration_id, now=services.clock.now())
    return redirect(request, "/certificates/platform", N_("已重新上报。"))


@post("/certificates/platform/export", guards=[needs(Permission.PLATFORM_RUN)], status_code=200)
async def export(request: AppRequest, services: AppServices) -> Response[bytes]:
    """Hand out the batch list as a workbook; the audit log keeps who took it and why."""
    form = await parse_form(request, ExportForm)
    actor, now = actor_of(request), services.clock.now()
    async with services.db.transaction() as session:
        found = await queries.lines(
            session, today=china_date(now), batch_id=_uuid(form.batch), organisation_ids=_organisations(actor)
        )
        records = await queries.records(session, services.vault, [line.id for line in found])
        await actions.note_export(session, actor, ids=[line.id for line in found], reason=form.reason, now=now)
    return file_response(platform_list(records), XLSX, f"平台上报清单-{china_date(now):%Y%m%d}.xlsx")


def _organisations(actor: Actor) -> list[UUID] | None:
    mine = actor.scope_ids(Permission.PLATFORM_RUN, "organisation")
    return None if mine is None else [UUID(id) for id in sorted(mine)]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


ROUTES = [platform, run, requeue, export]
