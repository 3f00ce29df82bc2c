"""Announcements: write, read, confirm; and the door for signs of life."""

from __future__ import annotations

from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from litestar import Response, get, post
from litestar.params import FromPath

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs, public
from exam.accounts.rules import Permission
from exam.kernel.db import Database
from exam.kernel.errors import N_, Invalid, NotFound
from exam.kernel.forms import parse_form
from exam.kernel.pages import json_response, page, redirect
from exam.signals import actions, queries
from exam.signals.actions import Pulse
from exam.signals.forms import AcknowledgeForm, AnnounceForm
from exam.signals.rules import REACH_LABELS, Beat, Source
from exam.sittings import queries as sittings

TALKERS = (Permission.SITE_RUN, Permission.PLAN_MANAGE)
_PULSES: WeakKeyDictionary[Database, Pulse] = WeakKeyDictionary()
"""One per installation that this process answers for."""


@get("/exam/signals/announcements", guards=[needs(*TALKERS, Permission.PLAN_READ)])
async def announcements_page(request: AppRequest, services: AppServices) -> Response[Any]:
    """Show what was announced, who has read it where, and the form for another one."""
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        board = await queries.board(session, actor, now)
    return page(
        request, "pages/exam/signals/announcements.html", board=board, reach_labels=REACH_LABELS, at=now,
        talks=any(actor.may(one) for one in TALKERS), back="/exam/signals/announcements",
    )  # fmt: skip


@post("/exam/signals/announcements", guards=[needs(*TALKERS)])
async def announce(request: AppRequest, services: AppServices) -> Response[Any]:
    """Announce something."""
    form = await parse_form(request, AnnounceForm)
    try:
        reach, target = form.aim()
    except ValueError as error:
        raise Invalid from error
    async with services.db.transaction() as session:
        await actions.announce(
            session, actor_of(request), reach=reach, target_id=target, zh=form.zh, en=form.en, now=services.clock.now()
        )
    ours = form.back.startswith("/exam/") and "//" not in form.back
    return redirect(request, form.back if ours else "/exam/signals/announcements", N_("通知已发出。"))


@post(
    "/exam/signals/announcements/{announcement_id:uuid}/read",
    guards=[needs(Permission.ROOM_RUN, Permission.SHEET_SCORE)],
)
async def acknowledge(request: AppRequest, services: AppServices, announcement_id: FromPath[UUID]) -> Response[Any]:
    """Confirm that it was read in a room."""
    form = await parse_form(request, AcknowledgeForm)
    async with services.db.transaction() as session:
        await actions.acknowledge(
            session,
            actor_of(request),
            announcement_id=announcement_id,
            room_session_id=form.room,
            now=services.clock.now(),
        )
    return redirect(request, f"/exam/faults/rooms/{form.room}", N_("已登记：通知已阅。"))


@get("/exam/signals/sittings/{sitting_id:uuid}/beat", guards=[needs(Permission.EXAM_SIT)])
async def beat_of_sitting(request: AppRequest, services: AppServices, sitting_id: FromPath[UUID]) -> Response[Any]:
    """Give a candidate's exam page the token of its signs of life."""
    async with services.db.transaction() as session:
        sitting = await sittings.sitting(session, sitting_id)
    if not actor_of(request).within(Permission.EXAM_SIT, registration_id=sitting.registration_id):
        raise NotFound
    beat = Beat(Source.COMPUTER, sitting.id, sitting.room_session_id)
    return json_response({"token": queries.beat_token(services.vault, beat)})


@post("/exam/signals/beats", guards=[public], exclude_from_csrf=True, status_code=204)
async def take_beat(request: AppRequest, services: AppServices) -> None:
    """Take a sign of life. The token is ours or nothing happens; no sign-in is read, and most of them write nothing."""
    token = (await request.body())[:300].decode("ascii", "replace")
    beat = queries.beat_of(services.vault, token)
    if beat is None:
        raise NotFound
    pulse, now = _PULSES.setdefault(services.db, Pulse()), services.clock.now()
    if pulse.note(beat, now):
        async with services.db.transaction() as session:
            await pulse.write(session, now)


ROUTES = [announcements_page, announce, acknowledge, beat_of_sitting, take_beat]
