"""Runs: how far a proposal or a print is, its stop, its file."""

from __future__ import annotations

import asyncio
import base64
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Permission
from exam.kernel.errors import N_
from exam.kernel.pages import file_response, page, redirect
from exam.kernel.services import Services
from exam.registration import queries as registration
from scheduling.timetable import actions, queries
from scheduling.timetable.routes.labels import LABELS
from scheduling.timetable.rules.runs import GivenUp, PrintExpired, Run, RunKind, RunStatus

_READERS = needs(Permission.PLAN_MANAGE, Permission.PRINT_SET)


@get("/scheduling/plans/runs/{run_id:uuid}", guards=[_READERS])
async def run_page(request: AppRequest, services: AppServices, run_id: FromPath[UUID]) -> Response[Any]:
    """Show how far a run is; a finished proposal leads on to its arrangement."""
    view = await _view(request, services, run_id)
    run: Run = view["run"]
    if run.kind is RunKind.PROPOSAL and run.status is RunStatus.DONE:
        notice = N_(
            "草案第 %(version)s 版已编排：安排 %(placed)s 人，未安排 %(unplaced)s 人，岗位空缺 %(unfilled)s 个。"
        )
        figures = run.result["figures"]
        assert isinstance(figures, dict)
        facts = {name: figures.get(name, 0) for name in ("placed", "unplaced", "unfilled")}
        return redirect(request, f"/scheduling/plans/{run.batch_id}", notice, version=run.result["version"], **facts)
    if run.leads_to:
        return redirect(request, run.leads_to)
    return page(request, "pages/scheduling/timetable/run.html", **view)


@get("/scheduling/plans/runs/{run_id:uuid}/progress", guards=[_READERS])
async def progress(request: AppRequest, services: AppServices, run_id: FromPath[UUID]) -> Response[Any]:
    """The moving part of the page."""
    view = await _view(request, services, run_id)
    answer = page(request, "pages/scheduling/timetable/_run.html", **view)
    if not view["active"]:
        answer.set_header("X-Done", "true")
    return answer


@post("/scheduling/plans/runs/{run_id:uuid}/stop", guards=[_READERS], status_code=200)
async def stop(request: AppRequest, services: AppServices, run_id: FromPath[UUID]) -> Response[Any]:
    """Stop a run; what it has made so far is thrown away."""
    async with services.db.transaction() as session:
        run = await actions.stop(session, actor_of(request), run_id=run_id, now=services.clock.now())
    return redirect(request, run.comes_from, N_("已停止，没有留下任何改动。"))


@post("/scheduling/plans/runs/{run_id:uuid}/finish", guards=[needs(Permission.PLAN_MANAGE)], status_code=200)
async def finish(request: AppRequest, services: AppServices, run_id: FromPath[UUID]) -> Response[Any]:
    """End a proposal with the best plan so far."""
    async with services.db.transaction() as session:
        await actions.finish(session, actor_of(request), run_id=run_id)
    return redirect(request, f"/scheduling/plans/runs/{run_id}")


@get("/scheduling/plans/runs/{run_id:uuid}/file", guards=[needs(Permission.PRINT_SET)])
async def run_file(request: AppRequest, services: AppServices, run_id: FromPath[UUID]) -> Response[Any]:
    """Hand a finished print to who asked for it, while it is kept and while they still may have it."""
    async with services.db.transaction() as session:
        run = await queries.visible_run(session, actor_of(request), run_id)
    if not run.fetchable(services.clock.now()) or not services.files.exists(str(run.result.get("sha256"))):
        raise PrintExpired
    data = await asyncio.to_thread(_opened, services, run)
    kind = run.order.what.media_type if run.order else "application/pdf"
    return file_response(data, kind, str(run.result["name"]), inline=kind == "application/pdf")


def _opened(services: Services, run: Run) -> bytes:
    sealed = services.files.get(str(run.result["sha256"])).decode()
    return base64.b64decode(services.vault.open(sealed, queries.run_key(run.id)))


async def _view(request: AppRequest, services: Services, run_id: UUID) -> dict[str, Any]:
    now = services.clock.now()
    async with services.db.transaction() as session:
        run = await queries.visible_run(session, actor_of(request), run_id)
        given_up = run.status.active and await queries.is_abandoned(session, run_id)
        if given_up:  # between the two reads it may have ended well
            run = await queries.run(session, run_id)
            given_up = run.status.active
        batch = await registration.batch(session, run.batch_id)
    return {
        "run": run,
        "batch": batch,
        "active": run.status.active and not given_up,
        "failure": actions.failure_of(GivenUp()) if given_up else run.failure,
        "seconds_left": run.seconds_left(now),
        "fetchable": run.fetchable(now),
        **LABELS,
    }


ROUTES = [run_page, progress, stop, finish, run_file]
