"""The page 图表: travel, duties and the load of sites in pictures."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Response, get
from litestar.params import FromPath

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Permission
from exam.kernel.pages import page
from scheduling.forks import queries
from scheduling.forks.routes.labels import LABELS


@get("/scheduling/plans/{batch_id:uuid}/pictures", guards=[needs(Permission.PLAN_READ)])
async def pictures_page(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """Show how far people travel, how duties spread and how full the sites are."""
    async with services.db.transaction() as session:
        view = await queries.pictures(session, actor_of(request), batch_id)
    return page(request, "pages/scheduling/forks/pictures.html", view=view, **LABELS)


ROUTES = [pictures_page]
