"""Pages of 如果……会怎样: what would be asked, everything side by side, one what-if with who would move, its end."""

from __future__ import annotations

import secrets
from typing import Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Permission
from exam.kernel.errors import N_, Refusal
from exam.kernel.forms import parse_form
from exam.kernel.pages import page, redirect, status_of
from exam.kernel.services import Services
from scheduling.forks import actions, queries
from scheduling.forks.forms import WishForm
from scheduling.forks.routes.labels import LABELS
from scheduling.forks.rules.wishes import Variant

SEEDS: Final = 2**31 - 1


@get("/scheduling/plans/{batch_id:uuid}/forks", guards=[needs(Permission.PLAN_READ)])
async def forks_page(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """Show the what-ifs of a batch side by side, and what can be asked."""
    return await _forks_page(request, services, batch_id)


@post("/scheduling/plans/{batch_id:uuid}/forks", guards=[needs(Permission.PLAN_MANAGE)], status_code=200)
async def ask(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """Ask what would be and show how far it is; whoever asks the same is shown the one under way."""
    form = None
    try:
        form = await parse_form(request, WishForm)
        wish = form.wish(secrets.randbelow(SEEDS))
        async with services.db.transaction() as session:
            run_id, new = await actions.ask(
                session, actor_of(request), batch_id=batch_id, wish=wish, now=services.clock.now()
            )
    except Refusal as refusal:
        return await _forks_page(request, services, batch_id, form=form, refusal=refusal)
    return redirect(
        request, f"/scheduling/plans/runs/{run_id}", "" if new else N_("同样的试算已经在进行，没有另起一次。")
    )


async def _forks_page(
    request: AppRequest,
    services: Services,
    batch_id: UUID,
    *,
    form: WishForm | None = None,
    refusal: Refusal | None = None,
) -> Response[Any]:
    async with services.db.transaction() as session:
        view = await queries.board(session, actor_of(request), batch_id)
    return page(
        request,
        "pages/scheduling/forks/board.html",
        status=status_of(refusal) if refusal else 200,
        view=view,
        variants=list(Variant),
        form=form,
        refusal=refusal,
        **LABELS,
    )


@get("/scheduling/plans/forks/{fork_id:uuid}", guards=[needs(Permission.PLAN_READ)])
async def fork_page(
    request: AppRequest, services: AppServices, fork_id: FromPath[UUID], number: FromQuery[int] = 1
) -> Response[Any]:
    """Show one what-if: figures, who would move, what can be done with it."""
    return await _fork_page(request, services, fork_id, number=number)


async def _fork_page(
    request: AppRequest, services: Services, fork_id: UUID, *, number: int = 1, refusal: Refusal | None = None
) -> Response[Any]:
    async with services.db.transaction() as session:
        view = await queries.fork_view(session, actor_of(request), fork_id, page=number)
    return page(
        request,
        "pages/scheduling/forks/fork.html",
        status=status_of(refusal) if refusal else 200,
        view=view,
        refusal=refusal,
        **LABELS,
    )


@post("/scheduling/plans/forks/{fork_id:uuid}/adopt", guards=[needs(Permission.PLAN_MANAGE)], status_code=200)
async def adopt(request: AppRequest, services: AppServices, fork_id: FromPath[UUID]) -> Response[Any]:
    """Make a what-if the new draft."""
    try:
        async with services.db.transaction() as session:
            plan = await actions.adopt(session, actor_of(request), fork_id=fork_id, now=services.clock.now())
    except Refusal as refusal:
        return await _fork_page(request, services, fork_id, refusal=refusal)
    notice = N_("已采用为草案第 %(version)s 版。")
    return redirect(request, f"/scheduling/plans/{plan.batch_id}", notice, version=plan.version)


@post("/scheduling/plans/forks/{fork_id:uuid}/delete", guards=[needs(Permission.PLAN_MANAGE)], status_code=200)
async def delete(request: AppRequest, services: AppServices, fork_id: FromPath[UUID]) -> Response[Any]:
    """Forget a what-if."""
    async with services.db.transaction() as session:
        fork = await actions.delete(session, actor_of(request), fork_id=fork_id, now=services.clock.now())
    return redirect(request, f"/scheduling/plans/{fork.batch_id}/forks", N_("试算已删除。"))


ROUTES = [forks_page, ask, fork_page, adopt, delete]
