"""The papers that moved sessions wait for: the item author prepares them, the officer sees what is still missing."""

from __future__ import annotations

import secrets
from typing import Any

from litestar import Response, get, post

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Permission
from exam.kernel.errors import N_, Refusal
from exam.kernel.forms import parse_form
from exam.kernel.pages import page, redirect, status_of
from exam.kernel.services import Services
from scheduling.repairs import actions, queries
from scheduling.repairs.forms import PaperForm

PAPERS = "/scheduling/papers"


@get(PAPERS, guards=[needs(Permission.ITEM_WRITE, Permission.PLAN_MANAGE)])
async def papers_page(request: AppRequest, services: AppServices) -> Response[Any]:
    """Show the papers that rooms wait for."""
    return await _papers_page(request, services)


@post(PAPERS, guards=[needs(Permission.ITEM_WRITE)], status_code=200)
async def supply(request: AppRequest, services: AppServices) -> Response[Any]:
    """Prepare a paper: its rooms may open."""
    form = await parse_form(request, PaperForm)
    try:
        async with services.db.transaction() as session:
            done = await actions.supply(
                session,
                actor_of(request),
                batch_id=form.batch_id,
                component_id=form.component_id,
                version=form.version,
                seed=secrets.randbits(53),
                now=services.clock.now(),
            )
    except Refusal as refusal:
        return await _papers_page(request, services, refusal=refusal)
    notice = N_("%(version)s 卷已备好，%(rooms)s 个场次可以开启考场。")
    if done.shared_count:
        notice = N_(
            "%(version)s 卷已备好，%(rooms)s 个场次可以开启考场；题库不够，其中 %(shared)s 题与先前的试卷相同。"
        )
    facts = {"version": form.version, "rooms": done.rooms_count, "shared": done.shared_count}
    return redirect(request, PAPERS, notice, **facts)


async def _papers_page(request: AppRequest, services: Services, *, refusal: Refusal | None = None) -> Response[Any]:
    async with services.db.transaction() as session:
        tasks = await queries.paper_tasks(session, actor_of(request))
    return page(
        request,
        "pages/scheduling/repairs/papers.html",
        status=status_of(refusal) if refusal else 200,
        tasks=tasks,
        refusal=refusal,
    )


ROUTES = [papers_page, supply]
