"""One step of a room's minute plan: recorded alone or by two, not done, keyed in from paper; and the room's forms to print."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter

from exam.accounts import actions as accounts
from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Permission
from exam.kernel.clock import CHINA
from exam.kernel.errors import N_, Forbidden, Invalid, NotFound
from exam.kernel.forms import parse_form
from exam.kernel.pages import file_response, locale_of, page, redirect
from exam.kernel.services import Services
from exam.sittings import documents
from exam.sittings.actions import minutes as actions
from exam.sittings.forms import ReasonForm, StepForm, WrittenForm
from exam.sittings.queries import desk, papers
from exam.sittings.queries.minutes import colleagues, step_history
from exam.sittings.routes.rooms import COUNTERS, READERS, back, keeps, step_words
from exam.sittings.rules import covers
from exam.sittings.rules.minutes import Paper, StepRecord, StepState

ROOM = "/exam/sittings/rooms/{room_session_id:uuid}"
PLACE = ROOM + "/steps/{step:str}"
WORK = (Permission.ROOM_RUN, Permission.SHEET_SCORE)
KEEPERS = (Permission.SITE_RUN, Permission.PLAN_MANAGE)


class SecondUnproved(Forbidden):
    """The colleague's password does not fit."""

    message = N_("第二人的密码不正确，没有登记。")
    way_out = N_("请本人重新输入；也可以不填，由其在自己的设备上确认。")


@get(PLACE, guards=[needs(*COUNTERS, Permission.SHEET_SCORE)])
async def step_page(
    request: AppRequest, services: AppServices, room_session_id: FromPath[UUID], step: FromPath[str]
) -> Response[Any]:
    """Show one step: what to do, what was recorded, and the paper it stands on."""
    return await _step_page(request, services, room_session_id, step)


async def _step_page(
    request: AppRequest,
    services: AppServices,
    room_session_id: UUID,
    step: str,
    refusal: Invalid | None = None,
    typed: Mapping[str, Any] | None = None,
) -> Response[Any]:
    """The page of a step; after a refusal with what was typed, except the password."""
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        room = await desk.require_readable(session, actor, room_session_id)
        found = await desk.room_desk(session, room_session_id, now)
        history = [one for one in await step_history(session, room_session_id) if one.step == step]
        others = [one for one in await colleagues(session, room) if one.account_id != actor.account_id]
        working = await desk.may_see_people(session, actor, room, now)
    line = next((one for one in found.view.plan if one.step.key == step), None)
    if line is None:
        raise NotFound
    in_time = covers(room.starts_at, room.ends_at, room.terms, now)
    return page(
        request, "pages/exam/sittings/step.html", desk=found, room=room, line=line, history=history, others=others, at=now,
        acting=in_time and working and any(actor.may(one) for one in WORK), keeper=keeps(actor, room.site_id),
        printing=working, refusal=refusal, typed=typed or {}, status=422 if refusal else 200, **step_words(),
    )  # fmt: skip


@post(PLACE, guards=[needs(*WORK)])
async def record_step(
    request: AppRequest, services: AppServices, room_session_id: FromPath[UUID], step: FromPath[str]
) -> Response[Any]:
    """Record a step as done now; with a colleague's password the second person stands by."""
    form = await parse_form(request, StepForm)
    now, actor = services.clock.now(), actor_of(request)
    second = await proved(services, form.second, form.password, now)
    try:
        async with services.db.transaction() as session:
            made = await actions.record_step(
                session, actor, room_session_id=room_session_id, step=step, counts=form.counts, reason=form.reason,
                second_account_id=second, now=now,
            )  # fmt: skip
    except Invalid as refusal:
        typed = {**form.counts, "second": form.second, "reason": form.reason}
        return await _step_page(request, services, room_session_id, step, refusal, typed)
    return _said(request, room_session_id, made)


async def proved(services: Services, second: UUID | None, password: str, now: datetime) -> UUID | None:
    """The second person whose password fits; in a transaction of its own, so that a failure is counted."""
    if not password:
        return None
    if second is None:
        raise SecondUnproved
    async with services.db.transaction() as session:
        fits = await accounts.prove(session, account_id=second, secret=password, now=now)
    if not fits:
        raise SecondUnproved
    return second


@post(PLACE + "/confirm", guards=[needs(*WORK)])
async def confirm_step(
    request: AppRequest, services: AppServices, room_session_id: FromPath[UUID], step: FromPath[str]
) -> Response[Any]:
    """Confirm on an own device what a colleague recorded."""
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        made = await actions.confirm_step(session, actor, room_session_id=room_session_id, step=step, now=now)
    return _said(request, room_session_id, made)


@post(PLACE + "/skip", guards=[needs(*WORK)])
async def skip_step(
    request: AppRequest, services: AppServices, room_session_id: FromPath[UUID], step: FromPath[str]
) -> Response[Any]:
    """Record that a step was not done, and why."""
    form = await parse_form(request, ReasonForm)
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        await actions.skip_step(session, actor, room_session_id=room_session_id, step=step, reason=form.reason, now=now)
    return back(request, room_session_id, N_("已登记没有做，原因已写入记录。"))


@post(PLACE + "/paper", guards=[needs(*KEEPERS)])
async def key_in_step(
    request: AppRequest, services: AppServices, room_session_id: FromPath[UUID], step: FromPath[str]
) -> Response[Any]:
    """Enter afterwards what a paper form says."""
    form = await parse_form(request, WrittenForm)
    now, actor = services.clock.now(), actor_of(request)
    at = form.at if form.at.tzinfo else form.at.replace(tzinfo=CHINA)
    written = actions.Written(at, form.by_name, form.second_name, form.counts, form.reason)
    async with services.db.transaction() as session:
        await actions.key_in_step(session, actor, room_session_id=room_session_id, step=step, written=written, now=now)
    return redirect(
        request, f"/exam/sittings/rooms/{room_session_id}/steps/{step}", N_("已按纸质记录补录，两个时间都保留。")
    )


@get(ROOM + "/papers/{paper:str}", guards=[needs(*READERS)])
async def room_paper(
    request: AppRequest,
    services: AppServices,
    room_session_id: FromPath[UUID],
    paper: FromPath[str],
    blank: Annotated[bool, QueryParameter()] = False,
) -> Response[bytes]:
    """Print one form of the room: filled from what was recorded, or blank to write on."""
    now, actor, locale = services.clock.now(), actor_of(request), locale_of(request)
    name = paper.removesuffix(".pdf")
    if name not in set(Paper):
        raise NotFound
    async with services.db.transaction() as session:
        room = await desk.require_readable(session, actor, room_session_id)
        await desk.require_people(session, actor, room, now)
        found = await papers.read_paper(session, room_session_id, now)
    photos = papers.photos_of(found.desk, services.files) if name == Paper.SIGN_IN else {}
    data = await documents.room_paper(
        Paper(name), found, printed_by=actor.name, now=now, photos=photos, blank=blank, locale=locale,
        home=services.settings.home,
    )  # fmt: skip
    return file_response(data, "application/pdf", f"{name}-{room.site_code}-{room.room_name}.pdf", inline=True)


def _said(request: AppRequest, room_session_id: UUID, made: StepRecord) -> Response[Any]:
    if made.state is StepState.ASKED:
        return back(request, room_session_id, N_("已登记，等待第二人确认。"))
    if made.second_name:
        return back(request, room_session_id, N_("已登记，%(a)s、%(b)s 两人确认。"), a=made.by_name, b=made.second_name)
    return back(request, room_session_id, N_("已登记。"))


ROUTES = [step_page, record_step, confirm_step, skip_step, key_in_step, room_paper]
