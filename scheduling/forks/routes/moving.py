"""The page 移动这一场: where a session of a draft could go, what speaks against each place, the move itself."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Permission
from exam.kernel.errors import N_, Refusal
from exam.kernel.forms import parse_form
from exam.kernel.i18n import use_locale
from exam.kernel.pages import locale_of, page, redirect, status_of
from exam.kernel.services import Services
from scheduling.forks import actions, queries
from scheduling.forks.forms import MoveForm
from scheduling.forks.routes.labels import LABELS


@get("/scheduling/plans/sessions/{session_id:uuid}/move", guards=[needs(Permission.PLAN_MANAGE)])
async def move_page(request: AppRequest, services: AppServices, session_id: FromPath[UUID]) -> Response[Any]:
    """Show where a session could go."""
    return await _move_page(request, services, session_id)


@post("/scheduling/plans/sessions/{session_id:uuid}/move", guards=[needs(Permission.PLAN_MANAGE)], status_code=200)
async def move(request: AppRequest, services: AppServices, session_id: FromPath[UUID]) -> Response[Any]:
    """Move a session; what speaks against it is said in words."""
    form = None
    try:
        form = await parse_form(request, MoveForm)
        slot, place = form.target()
        async with services.db.transaction() as session:
            moved = await actions.move(
                session,
                actor_of(request),
                session_id=session_id,
                slot=slot,
                place=place,
                reason=form.reason,
                now=services.clock.now(),
            )
    except Refusal as refusal:
        return await _move_page(request, services, session_id, form=form, refusal=refusal)
    notice = N_("这一场（%(n)s 人）已从 %(before)s 移到 %(after)s，草案现为第 %(version)s 版，其余场次不变。")
    with use_locale(locale_of(request)):
        facts = {"before": str(moved.before), "after": str(moved.after)}
    path = f"/scheduling/plans/sessions/{moved.session_id}"
    return redirect(request, path, notice, n=moved.candidates, version=moved.plan.version, **facts)


async def _move_page(
    request: AppRequest,
    services: Services,
    session_id: UUID,
    *,
    form: MoveForm | None = None,
    refusal: Refusal | None = None,
) -> Response[Any]:
    async with services.db.transaction() as session:
        view = await queries.move_view(session, actor_of(request), session_id)
    return page(
        request,
        "pages/scheduling/forks/move.html",
        status=status_of(refusal) if refusal else 200,
        view=view,
        form=form,
        refusal=refusal,
        **LABELS,
    )


ROUTES = [move_page, move]
