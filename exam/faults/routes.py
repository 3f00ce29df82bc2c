"""Faults: the list, one ticket, a room's and a site's page with what may be done there, and the batch's ladder."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Actor, Permission
from exam.faults import actions, queries
from exam.faults.forms import CreditForm, LadderForm, ReportForm, WordsForm
from exam.faults.rules import (
    CREDIT_LABELS,
    FAULT_LABELS,
    KIND_LABELS,
    LEVEL_LABELS,
    SCOPE_LABELS,
    STEP_LABELS,
    CreditStatus,
    Ladder,
    Scope,
)
from exam.kernel.errors import N_, Invalid, NotFound, Refusal
from exam.kernel.forms import parse_form
from exam.kernel.pages import page, redirect, status_of
from exam.registration import queries as registration
from exam.signals import queries as signals
from exam.signals.rules import Beat, Source
from exam.sittings import queries as sittings
from exam.sittings.queries import desk

_P = Permission
STAFF = (_P.ROOM_RUN, _P.SHEET_SCORE, _P.SITE_RUN, _P.PLAN_MANAGE)
WATCHERS = (*STAFF, _P.PLAN_READ)
LABELS: dict[str, Any] = {
    "kind_labels": KIND_LABELS,
    "fault_labels": FAULT_LABELS,
    "scope_labels": SCOPE_LABELS,
    "step_labels": STEP_LABELS,
    "level_labels": LEVEL_LABELS,
    "credit_labels": CREDIT_LABELS,
    "credit_tones": {CreditStatus.PROPOSED: "warning", CreditStatus.APPLIED: "done", CreditStatus.REFUSED: "plain"},
    "waiting": CreditStatus.PROPOSED,
}


@get("/exam/faults", guards=[needs(*WATCHERS)])
async def faults_page(request: AppRequest, services: AppServices) -> Response[Any]:
    """List the faults that concern the reader: the open ones first."""
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        found = await queries.mine(session, actor, now)
        view = await signals.sight(session, actor, now)
        sites = {site_id: await sittings.room_sessions(session, site_id=site_id) for site_id in sorted(view.sites)}
        batches = [one for one in await registration.batches(session) if one.id in view.batches]
    names = [(site_id, rooms[0]) for site_id, rooms in sites.items() if rooms]
    return page(
        request,
        "pages/exam/faults/faults.html",
        faults=found,
        sites=names,
        batches=batches,
        acting=False,
        sent={},
        at=now,
        **LABELS,
    )


@get("/exam/faults/rooms/{room_session_id:uuid}", guards=[needs(*WATCHERS)])
async def room_page(request: AppRequest, services: AppServices, room_session_id: FromPath[UUID]) -> Response[Any]:
    """Show a room's faults, time credits and announcements, with the forms for more."""
    return await _room(request, services, room_session_id)


async def _room(
    request: AppRequest,
    services: AppServices,
    room_session_id: UUID,
    *,
    refusal: Refusal | None = None,
    sent: dict[str, Any] | None = None,
) -> Response[Any]:
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        room = await desk.require_readable(session, actor, room_session_id)
        place = await actions.where(session, room_session_id=room_session_id, now=now)
        site_wide = [one for one in await queries.faults(session, now, site_id=room.site_id) if one.scope is Scope.SITE]
        return page(
            request,
            "pages/exam/faults/room.html",
            status=status_of(refusal) if refusal else 200,
            room=room,
            faults=[
                *[one for one in site_wide if one.open],
                *await queries.faults(session, now, room_session_id=room.id),
            ],
            credits=await queries.credits(session, room_session_id=room.id),
            announcements=await signals.for_room(session, room, now),
            acting=await actions.rank(session, actor, place, now) is not None,
            seats=await sittings.sittings(session, room_session_id=room.id),
            at=now,
            refusal=refusal,
            sent=sent or {},
            **LABELS,
        )


@get("/exam/faults/rooms/{room_session_id:uuid}/panel", guards=[needs(*WATCHERS)])
async def room_panel(request: AppRequest, services: AppServices, room_session_id: FromPath[UUID]) -> Response[Any]:
    """Give the room's page what is open now: faults, credits to confirm, announcements to read; and its token of life."""
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        room = await desk.require_readable(session, actor, room_session_id)
        opened = [one for one in await queries.faults(session, now, site_id=room.site_id, only_open=True)
                  if one.room_session_id in (None, room.id)]  # fmt: skip
        proposed = [
            one
            for one in await queries.credits(session, room_session_id=room.id)
            if one.status is CreditStatus.PROPOSED
        ]
        unread = [
            one for one in await signals.for_room(session, room, now) if not one.read_by(room.id, actor.account_id)
        ]
        serves = actor.account_id is not None and room.id in (await signals.sight(session, actor, now)).rooms
    token = ""
    if serves and actor.account_id is not None:
        token = signals.beat_token(services.vault, Beat(Source.PAGE, actor.account_id, room.id))
    return page(
        request, "pages/exam/faults/_panel.html", room=room, faults=opened, proposed=proposed, unread=unread,
        token=token, at=now, **LABELS,
    )  # fmt: skip


@get("/exam/faults/sites/{site_id:uuid}", guards=[needs(_P.SITE_RUN, _P.PLAN_MANAGE)])
async def site_page(request: AppRequest, services: AppServices, site_id: FromPath[UUID]) -> Response[Any]:
    """Show a site's day of faults, with the forms for the whole site."""
    return await _site(request, services, site_id)


async def _site(
    request: AppRequest,
    services: AppServices,
    site_id: UUID,
    *,
    refusal: Refusal | None = None,
    sent: dict[str, Any] | None = None,
) -> Response[Any]:
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        rooms = await sittings.room_sessions(session, site_id=site_id)
        view = await signals.sight(session, actor, now)
        if not rooms or not view.runs(site_id=site_id, batch_ids={room.batch_id for room in rooms}):
            raise NotFound
        try:
            place = await actions.where(session, site_id=site_id, now=now)
        except NotFound:
            place = None
        return page(
            request,
            "pages/exam/faults/site.html",
            status=status_of(refusal) if refusal else 200,
            first=rooms[0],
            rooms=place.rooms if place else (),
            faults=await queries.faults(session, now, site_id=site_id),
            credits=await queries.credits(session, site_id=site_id),
            acting=place is not None,
            at=now,
            refusal=refusal,
            sent=sent or {},
            **LABELS,
        )


@get("/exam/faults/{fault_id:uuid}", guards=[needs(*WATCHERS)])
async def fault_page(request: AppRequest, services: AppServices, fault_id: FromPath[UUID]) -> Response[Any]:
    """Show one ticket with its clock and history."""
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        found = await queries.fault(session, fault_id, now)
        if not queries.concerns(await signals.sight(session, actor, now), found):
            raise NotFound
        acting = await actions.rank(session, actor, await actions.where_of(session, found), now) is not None
    return page(request, "pages/exam/faults/fault.html", fault=found, acting=acting, sent={}, at=now, **LABELS)


@post("/exam/faults", guards=[needs(*STAFF)])
async def report(request: AppRequest, services: AppServices) -> Response[Any]:
    """Report a fault."""
    form = await parse_form(request, ReportForm)
    now, actor = services.clock.now(), actor_of(request)
    try:
        begun = form.begun(now)
    except ValueError as error:
        raise Invalid from error
    try:
        async with services.db.transaction() as session:
            place = await _place(session, form.place, now)
            found = await actions.report(session, actor, place, kind=form.kind, facts=form.facts, since=begun, now=now)
    except Refusal as refusal:
        return await _again(
            request, services, form.place, refusal, {"kind": form.kind, "facts": form.facts, "since": form.since}
        )
    return redirect(request, f"/exam/faults/{found.id}", N_("故障已登记，开始计时。"))


@post("/exam/faults/credits", guards=[needs(*STAFF)])
async def credit(request: AppRequest, services: AppServices) -> Response[Any]:
    """Give time back, or propose to."""
    form = await parse_form(request, CreditForm)
    now, actor = services.clock.now(), actor_of(request)
    try:
        async with services.db.transaction() as session:
            place = await _place(session, form.place, now)
            made = await actions.credit(
                session, actor, place, minutes=form.minutes, reason=form.reason, second_name=form.second_name,
                fault_id=form.fault, now=now,
            )  # fmt: skip
    except Refusal as refusal:
        sent = {"minutes": form.minutes, "reason": form.reason, "second_name": form.second_name, "place": form.place}
        return await _again(request, services, form.place, refusal, sent)
    words = N_("已补时 %(n)s 分钟。") if made.applied_at else N_("已提出补时 %(n)s 分钟，请另一人登录确认后生效。")
    return redirect(request, _home_of(made), words, n=made.minutes)


@post("/exam/faults/credits/{credit_id:uuid}/confirm", guards=[needs(*STAFF)])
async def confirm_credit(request: AppRequest, services: AppServices, credit_id: FromPath[UUID]) -> Response[Any]:
    """Apply a proposed credit as the second person."""
    async with services.db.transaction() as session:
        made = await actions.confirm_credit(session, actor_of(request), credit_id=credit_id, now=services.clock.now())
    return redirect(
        request, _home_of(made), N_("已补时 %(n)s 分钟，%(people)s 人。"), n=made.minutes, people=made.people_count
    )


@post("/exam/faults/credits/{credit_id:uuid}/refuse", guards=[needs(*STAFF)])
async def refuse_credit(request: AppRequest, services: AppServices, credit_id: FromPath[UUID]) -> Response[Any]:
    """Do not agree."""
    form = await parse_form(request, WordsForm)
    async with services.db.transaction() as session:
        made = await actions.refuse_credit(
            session, actor_of(request), credit_id=credit_id, reason=form.words, now=services.clock.now()
        )
    return redirect(request, _home_of(made), N_("没有补时，理由已记录。"))


@post("/exam/faults/{fault_id:uuid}/{verb:str}", guards=[needs(*WATCHERS)])
async def step(
    request: AppRequest, services: AppServices, fault_id: FromPath[UUID], verb: FromPath[str]
) -> Response[Any]:
    """Raise, answer, solve or withdraw a ticket."""
    form = await parse_form(request, WordsForm)
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        match verb:
            case "raise":
                await actions.raise_(session, actor, fault_id=fault_id, words=form.words, now=now)
            case "answer":
                await actions.answer(session, actor, fault_id=fault_id, words=form.words, now=now)
            case "solve" | "withdraw":
                withdrawn = verb == "withdraw"
                await actions.solve(session, actor, fault_id=fault_id, words=form.words, withdrawn=withdrawn, now=now)
            case _:
                raise NotFound
    return redirect(request, f"/exam/faults/{fault_id}", N_("已记录。"))


@get("/exam/faults/batches/{batch_id:uuid}", guards=[needs(_P.PLAN_MANAGE)])
async def ladder_page(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """Show after how many minutes faults of a batch go up."""
    actor = actor_of(request)
    async with services.db.transaction() as session:
        batch = await _own_batch(session, actor, batch_id, services.clock.now())
        ladder = queries.strictest(await queries.ladders(session, [batch_id]), [batch_id])
    return page(request, "pages/exam/faults/ladder.html", batch=batch, ladder=ladder)


@post("/exam/faults/batches/{batch_id:uuid}", guards=[needs(_P.PLAN_MANAGE)])
async def set_ladder(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """Set them."""
    form = await parse_form(request, LadderForm)
    ladder = Ladder(
        site_minutes=form.site_minutes,
        organisation_minutes=form.organisation_minutes,
        province_minutes=form.province_minutes,
    )
    async with services.db.transaction() as session:
        await actions.set_ladder(
            session, actor_of(request), batch_id=batch_id, ladder=ladder, reason=form.reason, now=services.clock.now()
        )
    return redirect(request, f"/exam/faults/batches/{batch_id}", N_("上报时限已更新，立即生效。"))


async def _own_batch(session: AsyncSession, actor: Actor, batch_id: UUID, now: datetime) -> Any:
    view = await signals.sight(session, actor, now)
    if not (view.all_batches or batch_id in view.batches):
        raise NotFound
    return await registration.batch(session, batch_id)


async def _place(session: AsyncSession, words: str, now: datetime) -> actions.Where:
    kind, _, id = words.partition(":")
    try:
        wanted = UUID(id)
    except ValueError as error:
        raise NotFound from error
    return await actions.where(
        session, now=now, site_id=wanted if kind == "site" else None,
        room_session_id=wanted if kind == "room" else None, sitting_id=wanted if kind == "sitting" else None,
    )  # fmt: skip


async def _again(
    request: AppRequest, services: AppServices, place: str, refusal: Refusal, sent: dict[str, Any]
) -> Response[Any]:
    """The page the form stood on, with what was typed and what is wrong; NotFound stays what it is."""
    if isinstance(refusal, NotFound):
        raise refusal
    kind, _, id = place.partition(":")
    if kind == "site":
        return await _site(request, services, UUID(id), refusal=refusal, sent=sent)
    room_id = UUID(id)
    if kind == "sitting":
        async with services.db.transaction() as session:
            room_id = (await sittings.sitting(session, room_id)).room_session_id
    return await _room(request, services, room_id, refusal=refusal, sent={**sent, "place": place})


def _home_of(one: queries.Credit) -> str:
    return f"/exam/faults/rooms/{one.room_session_id}" if one.room_session_id else f"/exam/faults/sites/{one.site_id}"


ROUTES = [
    faults_page, room_page, room_panel, site_page, fault_page, report, credit, confirm_credit, refuse_credit, step,
    ladder_page, set_ladder,
]  # fmt: skip
