"""Pages after publication: what is lost is told, the repair shown, accepted or set aside; versions and their states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs, signed_in
from exam.accounts.rules import Permission
from exam.kernel.errors import N_, Refusal
from exam.kernel.forms import parse_form
from exam.kernel.pages import file_response, page, redirect, status_of
from exam.kernel.services import Services
from exam.sittings.rules import DUTY_LABELS
from scheduling.repairs import actions, documents, queries
from scheduling.repairs.forms import AcceptForm, FileForm, PlanForm, RepairForm
from scheduling.repairs.rules.repair import LEFT_REASONS, STATUS_LABELS, STATUS_TONES, WHAT_LABELS, What
from scheduling.timetable import actions as timetable
from scheduling.timetable.rules.lifecycle import PLAN_LABELS

LABELS: Mapping[str, Any] = {
    "what_labels": WHAT_LABELS,
    "repair_labels": STATUS_LABELS,
    "repair_tones": STATUS_TONES,
    "left_reasons": LEFT_REASONS,
    "duty_labels": DUTY_LABELS,
    "plan_labels": PLAN_LABELS,
}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_OFFICER = needs(Permission.PLAN_MANAGE)


# -------------------------------------------------------------------- asking


@get("/scheduling/plans/{batch_id:uuid}/repair", guards=[_OFFICER])
async def ask_page(
    request: AppRequest,
    services: AppServices,
    batch_id: FromPath[UUID],
    what: FromQuery[str] = "site",
    site: FromQuery[str] = "",
    room: FromQuery[str] = "",
) -> Response[Any]:
    """Ask what is lost."""
    chosen = What(what) if what in set(What) else What.SITE
    return await _ask_page(request, services, batch_id, chosen, {"site": site, "room": room})


@post("/scheduling/plans/{batch_id:uuid}/repair", guards=[_OFFICER], status_code=200)
async def ask(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """Begin to work a repair out, in the background."""
    sent = dict(await request.form())
    try:
        form = await parse_form(request, RepairForm)
        async with services.db.transaction() as session:
            run_id, new = await actions.ask(
                session,
                actor_of(request),
                batch_id=batch_id,
                asked=form.asked(),
                reason=form.reason,
                most_moved=form.most_moved,
                now=services.clock.now(),
            )
    except Refusal as refusal:
        what = What(sent["what"]) if sent.get("what") in set(What) else What.SITE
        return await _ask_page(request, services, batch_id, what, sent, refusal=refusal)
    notice = "" if new else N_("本批次已有一份方案正在计算，没有另起一份。")
    return redirect(request, f"/scheduling/plans/runs/{run_id}", notice)


async def _ask_page(
    request: AppRequest,
    services: Services,
    batch_id: UUID,
    what: What,
    values: Mapping[str, Any],
    *,
    refusal: Refusal | None = None,
) -> Response[Any]:
    async with services.db.transaction() as session:
        view = await queries.ask_view(session, actor_of(request), batch_id, services.clock.now())
    return page(
        request,
        "pages/scheduling/repairs/ask.html",
        status=status_of(refusal) if refusal else 200,
        view=view,
        what=what,
        kinds=list(What),
        values=values,
        refusal=refusal,
        **LABELS,
    )


# -------------------------------------------------------------------- deciding


@get("/scheduling/repairs/{repair_id:uuid}", guards=[_OFFICER])
async def repair_page(request: AppRequest, services: AppServices, repair_id: FromPath[UUID]) -> Response[Any]:
    """Show a repair: who keeps, who goes where, who has no place."""
    return await _repair_page(request, services, repair_id)


@post("/scheduling/repairs/{repair_id:uuid}/accept", guards=[_OFFICER], status_code=200)
async def accept(request: AppRequest, services: AppServices, repair_id: FromPath[UUID]) -> Response[Any]:
    """Make a repair fact."""
    form = await parse_form(request, AcceptForm)
    try:
        async with services.db.transaction() as session:
            plan = await actions.accept(
                session,
                actor_of(request),
                services.vault,
                repair_id=repair_id,
                ask_papers=form.ask_papers,
                now=services.clock.now(),
            )
    except Refusal as refusal:
        return await _repair_page(request, services, repair_id, refusal=refusal)
    notice = N_("已采纳，安排现为第 %(version)s 版；请通知名单上的人。")
    return redirect(request, f"/scheduling/repairs/{repair_id}", notice, version=plan.version)


@post("/scheduling/repairs/{repair_id:uuid}/discard", guards=[_OFFICER], status_code=200)
async def discard(request: AppRequest, services: AppServices, repair_id: FromPath[UUID]) -> Response[Any]:
    """Set a repair aside."""
    try:
        async with services.db.transaction() as session:
            await actions.discard(session, actor_of(request), repair_id=repair_id, now=services.clock.now())
            found = await queries.repair(session, repair_id)
    except Refusal as refusal:
        return await _repair_page(request, services, repair_id, refusal=refusal)
    return redirect(request, f"/scheduling/plans/{found.batch_id}/versions", N_("已放弃这份方案，安排没有任何变动。"))


async def _repair_page(
    request: AppRequest, services: Services, repair_id: UUID, *, refusal: Refusal | None = None
) -> Response[Any]:
    async with services.db.transaction() as session:
        view = await queries.repair_view(session, actor_of(request), repair_id)
    return page(
        request,
        "pages/scheduling/repairs/repair.html",
        status=status_of(refusal) if refusal else 200,
        view=view,
        refusal=refusal,
        **LABELS,
    )


@get("/scheduling/repairs/{repair_id:uuid}/notify.xlsx", guards=[_OFFICER])
async def notify_book(request: AppRequest, services: AppServices, repair_id: FromPath[UUID]) -> Response[Any]:
    """The list of those to notify."""
    async with services.db.transaction() as session:
        view = await queries.repair_view(session, actor_of(request), repair_id)
    return file_response(documents.notify_book(view), XLSX, f"{view.batch.code}-通知名单.xlsx")


@get("/scheduling/changes", guards=[signed_in])
async def changes_page(request: AppRequest, services: AppServices) -> Response[Any]:
    """Show what has changed for the reader, for the candidates of their institution, and at their site."""
    async with services.db.transaction() as session:
        changes = await queries.changes_of(session, actor_of(request), services.clock.now())
    return page(request, "pages/scheduling/repairs/changes.html", changes=changes, **LABELS)


# -------------------------------------------------------------------- versions


@get("/scheduling/plans/{batch_id:uuid}/versions", guards=[needs(Permission.PLAN_READ)])
async def versions_page(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """Show every version of a batch's plan, its state and its hash."""
    return await _versions_page(request, services, batch_id)


@post("/scheduling/plans/{batch_id:uuid}/file", guards=[_OFFICER], status_code=200)
async def file(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """Note that a draft was handed in."""
    try:
        form = await parse_form(request, FileForm)
        async with services.db.transaction() as session:
            await timetable.file(
                session,
                actor_of(request),
                plan_id=form.plan_id,
                filed_with=form.filed_with,
                filed_on=form.filed_on,
                now=services.clock.now(),
            )
    except Refusal as refusal:
        return await _versions_page(request, services, batch_id, refusal=refusal)
    return redirect(
        request, f"/scheduling/plans/{batch_id}/versions", N_("已登记报备；这份安排不再改动，可以发布或撤回报备。")
    )


@post("/scheduling/plans/{batch_id:uuid}/take-back", guards=[_OFFICER], status_code=200)
async def take_back(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """A filed plan is a draft again."""
    form = await parse_form(request, PlanForm)
    try:
        async with services.db.transaction() as session:
            await timetable.take_back(session, actor_of(request), plan_id=form.plan_id, now=services.clock.now())
    except Refusal as refusal:
        return await _versions_page(request, services, batch_id, refusal=refusal)
    return redirect(request, f"/scheduling/plans/{batch_id}/versions", N_("已撤回报备，这份安排又是草案。"))


@post("/scheduling/plans/{batch_id:uuid}/lock", guards=[_OFFICER], status_code=200)
async def lock(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """Lock a published plan before its time."""
    form = await parse_form(request, PlanForm)
    try:
        async with services.db.transaction() as session:
            await timetable.lock(session, actor_of(request), plan_id=form.plan_id, now=services.clock.now())
    except Refusal as refusal:
        return await _versions_page(request, services, batch_id, refusal=refusal)
    return redirect(request, f"/scheduling/plans/{batch_id}/versions", N_("已锁定。"))


async def _versions_page(
    request: AppRequest, services: Services, batch_id: UUID, *, refusal: Refusal | None = None
) -> Response[Any]:
    now = services.clock.now()
    async with services.db.transaction() as session:
        view = await queries.versions_view(session, actor_of(request), batch_id, now)
    return page(
        request,
        "pages/scheduling/repairs/versions.html",
        status=status_of(refusal) if refusal else 200,
        view=view,
        refusal=refusal,
        **LABELS,
    )


@get("/scheduling/plans/{batch_id:uuid}/difference", guards=[needs(Permission.PLAN_READ)])
async def diff_page(
    request: AppRequest,
    services: AppServices,
    batch_id: FromPath[UUID],
    before: FromQuery[int],
    after: FromQuery[int],
) -> Response[Any]:
    """Show two versions side by side."""
    async with services.db.transaction() as session:
        view = await queries.diff_view(session, actor_of(request), batch_id, before, after)
    return page(request, "pages/scheduling/repairs/difference.html", view=view, **LABELS)


ROUTES = [
    ask_page,
    ask,
    repair_page,
    accept,
    discard,
    notify_book,
    changes_page,
    versions_page,
    file,
    take_back,
    lock,
    diff_page,
]
