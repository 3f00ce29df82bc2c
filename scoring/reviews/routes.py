"""Pages of reviews: the candidate asks and follows, the officers accept, look again and answer."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Permission
from exam.kernel.clock import china_date
from exam.kernel.errors import N_, NotFound, Refusal
from exam.kernel.forms import parse_form
from exam.kernel.pages import page, redirect, status_of
from scoring.marking import queries as marking
from scoring.outcomes import queries as outcomes
from scoring.outcomes.rules import DECISION_LABELS
from scoring.reviews import actions, queries
from scoring.reviews.forms import RecheckForm, RefuseForm, RequestForm, corrections_sent
from scoring.reviews.rules import FINDING_LABELS, GROUND_LABELS, STATUS_LABELS, STATUS_TONES, window

OFFICE = [needs(Permission.OUTCOME_PUBLISH, Permission.MARK_VERIFY)]
OWN = [needs(Permission.OWN_READ)]
LABELS: dict[str, Any] = {
    "status_labels": STATUS_LABELS,
    "status_tones": STATUS_TONES,
    "ground_labels": GROUND_LABELS,
    "finding_labels": FINDING_LABELS,
    "decision_labels": DECISION_LABELS,
}


@get("/scoring/reviews/mine", guards=OWN)
async def mine(
    request: AppRequest, services: AppServices, outcome: Annotated[str, QueryParameter(max_length=40)] = ""
) -> Response[Any]:
    """Show the own requests, and the form for a result that can still be asked about."""
    async with services.db.transaction() as session:
        return await _mine(request, session, services, outcome, None)


@post("/scoring/reviews", guards=OWN, status_code=200)
async def request_review(request: AppRequest, services: AppServices) -> Response[Any]:
    """Ask for a review."""
    sent = dict(await request.form())
    try:
        form = await parse_form(request, RequestForm)
        async with services.db.transaction() as session:
            await actions.request_review(
                session, actor_of(request), outcome_id=form.outcome_id, ground=form.ground, statement=form.statement,
                now=services.clock.now(),
            )  # fmt: skip
    except Refusal as refusal:
        async with services.db.transaction() as session:
            return await _mine(request, session, services, str(sent.get("outcome_id", "")), refusal, sent)
    return redirect(request, "/scoring/reviews/mine", N_("复核申请已提交。"))


@get("/scoring/reviews", guards=OFFICE)
async def work_list(request: AppRequest, services: AppServices) -> Response[Any]:
    """Show the reviews of the own organisation by due day."""
    async with services.db.transaction() as session:
        found = await queries.lines(session, actor_of(request))
    return page(
        request, "pages/scoring/reviews/list.html", lines=found, today=china_date(services.clock.now()), **LABELS
    )


@get("/scoring/reviews/{review_id:uuid}", guards=OFFICE)
async def review_page(request: AppRequest, services: AppServices, review_id: FromPath[UUID]) -> Response[Any]:
    """Show one review with the result it is about and the next step."""
    async with services.db.transaction() as session:
        return await _page(request, session, review_id, None)


@post("/scoring/reviews/{review_id:uuid}/accept", guards=[needs(Permission.OUTCOME_PUBLISH)], status_code=200)
async def accept(request: AppRequest, services: AppServices, review_id: FromPath[UUID]) -> Response[Any]:
    """Accept a request."""
    async with services.db.transaction() as session:
        await actions.accept_review(session, actor_of(request), review_id=review_id, now=services.clock.now())
    return redirect(request, f"/scoring/reviews/{review_id}", N_("已受理，请安排没有参与过的人员复查。"))


@post("/scoring/reviews/{review_id:uuid}/refuse", guards=[needs(Permission.OUTCOME_PUBLISH)], status_code=200)
async def refuse(request: AppRequest, services: AppServices, review_id: FromPath[UUID]) -> Response[Any]:
    """Refuse a request with its reason."""
    form = await parse_form(request, RefuseForm)
    async with services.db.transaction() as session:
        await actions.refuse_review(
            session, actor_of(request), review_id=review_id, reason=form.reason, now=services.clock.now()
        )
    return redirect(request, f"/scoring/reviews/{review_id}", N_("已答复考生不予受理。"))


@post("/scoring/reviews/{review_id:uuid}/recheck", guards=[needs(Permission.MARK_VERIFY)], status_code=200)
async def recheck(request: AppRequest, services: AppServices, review_id: FromPath[UUID]) -> Response[Any]:
    """Record what looking again has found."""
    try:
        form = await parse_form(request, RecheckForm)
        corrections = corrections_sent(dict(await request.form()).items())
        async with services.db.transaction() as session:
            await actions.recheck(
                session, actor_of(request), review_id=review_id, finding=form.finding, answer=form.answer,
                corrections=corrections, now=services.clock.now(),
            )  # fmt: skip
    except NotFound:
        raise
    except Refusal as refusal:
        async with services.db.transaction() as session:
            return await _page(request, session, review_id, refusal)
    return redirect(request, f"/scoring/reviews/{review_id}", N_("复查结论已记录，由另一人答复考生。"))


@post("/scoring/reviews/{review_id:uuid}/answer", guards=[needs(Permission.OUTCOME_PUBLISH)], status_code=200)
async def answer(request: AppRequest, services: AppServices, review_id: FromPath[UUID]) -> Response[Any]:
    """Serve the answer."""
    async with services.db.transaction() as session:
        await actions.answer_review(session, actor_of(request), review_id=review_id, now=services.clock.now())
    return redirect(request, f"/scoring/reviews/{review_id}", N_("已答复考生。"))


async def _mine(
    request: AppRequest, session: AsyncSession, services: AppServices, outcome: str, refusal: Refusal | None,
    typed: dict[str, Any] | None = None,
) -> Response[Any]:  # fmt: skip
    actor = actor_of(request)
    found = await queries.lines(session, actor)
    asked = {line.review.outcome_id for line in found}
    chosen = next(
        (line for line in await outcomes.mine(session, actor)
         if line.outcome is not None and str(line.outcome.id) == outcome and line.outcome.id not in asked), None,
    )  # fmt: skip
    until = None
    if chosen is not None and chosen.outcome is not None and chosen.outcome.published_at is not None:
        until = window(china_date(chosen.outcome.published_at))
    return page(
        request, "pages/scoring/reviews/mine.html", status=200 if refusal is None else status_of(refusal), lines=found,
        chosen=chosen, until=until, open=until is not None and china_date(services.clock.now()) <= until.on,
        refusal=refusal, typed=typed or {}, **LABELS,
    )  # fmt: skip


async def _page(request: AppRequest, session: AsyncSession, review_id: UUID, refusal: Refusal | None) -> Response[Any]:
    actor = actor_of(request)
    found = await queries.line(session, actor, review_id)
    marks = {one.component_id: one for one in await marking.marks(session, registration_id=found.registration.id)}
    return page(
        request, "pages/scoring/reviews/review.html", status=200 if refusal is None else status_of(refusal), line=found,
        outcome=await outcomes.outcome(session, found.review.outcome_id), marks=marks, refusal=refusal,
        may_decide=actor.may(Permission.OUTCOME_PUBLISH), may_recheck=actor.may(Permission.MARK_VERIFY), **LABELS,
    )  # fmt: skip


ROUTES = [mine, request_review, work_list, review_page, accept, refuse, recheck, answer]
