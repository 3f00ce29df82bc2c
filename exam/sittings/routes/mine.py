"""The candidate's own page on a phone: the next exam with time, place and seat, and the road of seven steps."""

from __future__ import annotations

from typing import Any

from litestar import Response, get

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Permission
from exam.kernel.pages import page
from exam.sittings.queries.candidate import STEPS, own_exams
from exam.sittings.routes.rooms import TONES
from exam.sittings.rules import STATUS_LABELS, SittingStatus


@get("/exam/sittings/mine", guards=[needs(Permission.EXAM_SIT)])
async def mine_page(request: AppRequest, services: AppServices) -> Response[Any]:
    """Show what comes next."""
    now = services.clock.now()
    async with services.db.transaction() as session:
        exams = await own_exams(session, actor_of(request))
    return page(
        request, "pages/exam/sittings/mine.html", exams=exams, at=now, steps=STEPS, status_labels=STATUS_LABELS,
        tones=TONES, statuses=SittingStatus,
    )  # fmt: skip


ROUTES = [mine_page]
