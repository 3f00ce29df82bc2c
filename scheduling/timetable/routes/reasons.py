"""Pages of reasons: all groups by distance, one group, the bottlenecks by price."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Response, get
from litestar.params import FromPath, FromQuery

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Permission
from exam.kernel.pages import page
from scheduling.timetable import queries
from scheduling.timetable.routes.labels import LABELS, REASONS


@get("/scheduling/plans/{batch_id:uuid}/why", guards=[needs(Permission.PLAN_READ)])
async def reasons_page(
    request: AppRequest,
    services: AppServices,
    batch_id: FromPath[UUID],
    certificate: FromQuery[str] = "",
    prefecture: FromQuery[str] = "",
) -> Response[Any]:
    """List the groups of a plan, the farthest first, and those without a place."""
    async with services.db.transaction() as session:
        view = await queries.reasons_view(
            session, actor_of(request), batch_id, certificate=certificate, prefecture=prefecture
        )
    return page(request, "pages/scheduling/timetable/reasons.html", view=view, **REASONS, **LABELS)


@get("/scheduling/plans/{batch_id:uuid}/why/group", guards=[needs(Permission.PLAN_READ)])
async def group_page(
    request: AppRequest, services: AppServices, batch_id: FromPath[UUID], group: FromQuery[str] = ""
) -> Response[Any]:
    """Say why a group goes where it goes, or why it has no place."""
    async with services.db.transaction() as session:
        view = await queries.group_view(session, actor_of(request), batch_id, group)
    return page(request, "pages/scheduling/timetable/group.html", view=view, **REASONS, **LABELS)


@get("/scheduling/plans/{batch_id:uuid}/bottlenecks", guards=[needs(Permission.PLAN_READ)])
async def bottlenecks_page(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """List what would save most if there were one more of it."""
    async with services.db.transaction() as session:
        view = await queries.bottleneck_view(session, actor_of(request), batch_id)
    return page(request, "pages/scheduling/timetable/bottlenecks.html", view=view, **REASONS, **LABELS)


ROUTES = [reasons_page, group_page, bottlenecks_page]
