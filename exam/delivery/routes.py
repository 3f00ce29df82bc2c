"""The candidate's exam in the browser: ready, writing, checking, handed in. The answer-saving API is docs/formats/http.md."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Permission
from exam.catalogue.rules import ItemKind
from exam.delivery import actions, queries
from exam.delivery.forms import AnswerForm, AnswersBody, SubmitForm
from exam.delivery.queries import view
from exam.delivery.rules import AnswerIn
from exam.kernel.errors import N_, Invalid
from exam.kernel.forms import parse_form
from exam.kernel.pages import json_response, page, redirect
from exam.sittings.queries import desk
from exam.sittings.rules import DONE, STATUS_LABELS, SittingStatus

PLACE = "/exam/delivery/{sitting_id:uuid}"
PAGES = "pages/exam/delivery"


class Unreadable(Invalid):
    """A flush that is not the documented JSON."""

    message = N_("答案的格式无法读取，没有保存。")


@get(PLACE, guards=[needs(Permission.EXAM_SIT)])
async def exam_page(request: AppRequest, services: AppServices, sitting_id: FromPath[UUID]) -> Response[Any]:
    """Show what is next in this exam: waiting, the paper, or that it is handed in. Opening the paper takes the pen."""
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        await actions.settle(session, sitting_id=sitting_id, now=now)
    async with services.db.transaction() as session:
        place = await view.own_place(session, actor, sitting_id)
        run = await queries.run(session, sitting_id)
        if run is not None and run.submitted_at is None and place.sitting.status is SittingStatus.STARTED:
            opened = await actions.take_over(session, actor, sitting_id=sitting_id, now=now)
            return page(request, f"{PAGES}/exam.html", place=place, opened=opened, at=now, kinds=ItemKind)
    if run is not None or place.sitting.status in DONE:
        return page(request, f"{PAGES}/done.html", place=place, run=run, at=now, status_labels=STATUS_LABELS)
    return page(request, f"{PAGES}/ready.html", place=place, at=now, statuses=SittingStatus)


@post(PLACE + "/start", guards=[needs(Permission.EXAM_SIT)])
async def start(request: AppRequest, services: AppServices, sitting_id: FromPath[UUID]) -> Response[Any]:
    """Begin the exam."""
    async with services.db.transaction() as session:
        await actions.start(session, actor_of(request), sitting_id=sitting_id, now=services.clock.now())
    return redirect(request, f"/exam/delivery/{sitting_id}")


@post(PLACE + "/answers", guards=[needs(Permission.EXAM_SIT)], status_code=200)
async def save_answers(request: AppRequest, services: AppServices, sitting_id: FromPath[UUID]) -> Response[Any]:
    """Save answers: a flush of the script as JSON, or one plain form."""
    if "json" not in request.headers.get("Content-Type", ""):
        return await _save_form(request, services, sitting_id)
    try:
        body = msgspec.json.decode(await request.body(), type=AnswersBody)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Unreadable from error
    answers = [answer.answer() for answer in body.answers]
    now = services.clock.now()
    async with services.db.transaction() as session:
        saved = await actions.save_answers(
            session, actor_of(request), sitting_id=sitting_id, epoch=body.epoch, answers=answers, now=now
        )
    return json_response({
        "saved": list(saved.keys), "saved_at": saved.saved_at, "deadline_at": saved.deadline_at, "now": now,
    })  # fmt: skip


async def _save_form(request: AppRequest, services: AppServices, sitting_id: UUID) -> Response[Any]:
    form = await parse_form(request, AnswerForm)
    sent = (await request.form()).getall("value", [])  # as it stands: an empty blank keeps its place
    values = [value for value in sent if isinstance(value, str)]
    key = f"form-{form.epoch:06d}-{form.no:04d}"
    answer = AnswerIn(key=key, seq=1, item_id=form.item_id, value=values or None)
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        await actions.save_answer(session, actor, sitting_id=sitting_id, epoch=form.epoch, answer=answer, now=now)
    return redirect(request, f"/exam/delivery/{sitting_id}#q{form.no}", N_("第 %(no)s 题已保存。"), no=form.no)


@get(PLACE + "/state", guards=[needs(Permission.EXAM_SIT)])
async def state(request: AppRequest, services: AppServices, sitting_id: FromPath[UUID]) -> Response[Any]:
    """Tell the page the server's clock, the deadline as it is now, who holds the pen, and how the sitting stands."""
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        sitting, run = await actions.current(session, actor, sitting_id=sitting_id)
    return json_response({
        "now": now, "deadline_at": run.deadline_at, "epoch": run.epoch, "status": sitting.status,
        "submitted": run.submitted_at is not None,
    })  # fmt: skip


@get(PLACE + "/review", guards=[needs(Permission.EXAM_SIT)])
async def review_page(
    request: AppRequest,
    services: AppServices,
    sitting_id: FromPath[UUID],
    epoch: Annotated[int, QueryParameter(ge=1, le=2**31 - 1)],
) -> Response[Any]:
    """Show what is unanswered before handing in."""
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        place = await view.own_place(session, actor, sitting_id)
        _, run = await actions.current(session, actor, sitting_id=sitting_id)
        found = await view.review(session, run)
    if run.submitted_at is not None:
        return redirect(request, f"/exam/delivery/{sitting_id}")
    return page(
        request, f"{PAGES}/review.html", place=place, run=run, review=found, epoch=epoch, at=now, minutes=minutes
    )


@post(PLACE + "/submit", guards=[needs(Permission.EXAM_SIT)])
async def submit(request: AppRequest, services: AppServices, sitting_id: FromPath[UUID]) -> Response[Any]:
    """Hand in."""
    form = await parse_form(request, SubmitForm)
    async with services.db.transaction() as session:
        await actions.submit(
            session, actor_of(request), sitting_id=sitting_id, epoch=form.epoch, now=services.clock.now()
        )
    return redirect(request, f"/exam/delivery/{sitting_id}")


@get("/exam/delivery/rooms/{room_session_id:uuid}/progress", guards=[needs(Permission.ROOM_RUN)])
async def progress(request: AppRequest, services: AppServices, room_session_id: FromPath[UUID]) -> Response[Any]:
    """Tell the invigilator how many answers each candidate has saved, never which; hand in whoever is due."""
    now = services.clock.now()
    async with services.db.transaction() as session:
        await actions.submit_due(session, now=now)
    async with services.db.transaction() as session:
        room = await desk.require_readable(session, actor_of(request), room_session_id)
        found = await view.room_progress(session, room.id)
    return json_response({"now": now, "progress": found})


def minutes(count: int) -> timedelta:
    """A span of minutes, for templates that add one to an instant."""
    return timedelta(minutes=count)


ROUTES = [exam_page, start, save_answers, state, review_page, submit, progress]
