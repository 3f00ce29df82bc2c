"""Pages of pins: the list with its states, the form that offers what fits, removal; keeping a session where it is."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Permission
from exam.kernel.clock import china_date
from exam.kernel.errors import N_, NotFound, Refusal
from exam.kernel.forms import parse_form
from exam.kernel.pages import page, redirect, status_of
from exam.kernel.services import Services
from scheduling.timetable import actions, queries
from scheduling.timetable.forms import KeepForm, PinForm, RemovePinForm
from scheduling.timetable.queries import Choice
from scheduling.timetable.routes.labels import LABELS
from scheduling.timetable.rules.pins import (
    LEVEL_LABELS,
    LEVEL_NOTES,
    STATE_LABELS,
    STATE_TONES,
    NewPin,
    PinLevel,
    PinPart,
)

_MANAGERS = needs(Permission.PLAN_MANAGE)
_ADDED = N_("固定项 %(number)s 已生效，下一次编排起作用。")


@get("/scheduling/plans/{batch_id:uuid}/pins", guards=[_MANAGERS])
async def pins_page(
    request: AppRequest,
    services: AppServices,
    batch_id: FromPath[UUID],
    level: FromQuery[str] = "group",
    group: FromQuery[str] = "",
    examiner: FromQuery[str] = "",
    site: FromQuery[str] = "",
    component: FromQuery[str] = "",
    slot: FromQuery[str] = "",
    room: FromQuery[str] = "",
) -> Response[Any]:
    """List the pins of a batch and offer to add one; what is chosen stands in the address."""
    if level not in {one.value for one in PinLevel}:
        raise NotFound
    choice = Choice(
        level=PinLevel(level), group=group, examiner=examiner, site=site, component=component, slot=slot, room=room
    )
    return await _pins_page(request, services, batch_id, choice)


@post("/scheduling/plans/{batch_id:uuid}/pins", guards=[_MANAGERS], status_code=200)
async def add_pin(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """Add a pin, or say what it collides with."""
    form = await parse_form(request, PinForm)
    try:
        async with services.db.transaction() as session:
            added = await actions.add_pin(
                session, actor_of(request), batch_id=batch_id, wish=_wish(form), now=services.clock.now()
            )
    except Refusal as refusal:
        return await _pins_page(request, services, batch_id, _choice(form), refusal=refusal, form=form)
    return redirect(request, f"/scheduling/plans/{batch_id}/pins", _ADDED, number=added.number)


@post("/scheduling/plans/pins/{pin_id:uuid}/remove", guards=[_MANAGERS], status_code=200)
async def remove_pin(request: AppRequest, services: AppServices, pin_id: FromPath[UUID]) -> Response[Any]:
    """Take a pin back."""
    form = await parse_form(request, RemovePinForm)
    async with services.db.transaction() as session:
        batch_id = (await queries.pin(session, pin_id)).batch_id
    try:
        async with services.db.transaction() as session:
            gone = await actions.remove_pin(
                session, actor_of(request), pin_id=pin_id, reason=form.reason, now=services.clock.now()
            )
    except Refusal as refusal:
        return await _pins_page(request, services, batch_id, Choice(), refusal=refusal)
    notice = N_("固定项 %(number)s 已撤销。")
    return redirect(request, f"/scheduling/plans/{batch_id}/pins", notice, number=gone.number)


@post("/scheduling/plans/sessions/{session_id:uuid}/pin", guards=[_MANAGERS], status_code=200)
async def keep_session(request: AppRequest, services: AppServices, session_id: FromPath[UUID]) -> Response[Any]:
    """Keep a planned session where it is, from its own page."""
    form = await parse_form(request, KeepForm)
    async with services.db.transaction() as session:
        view = await queries.session_view(session, actor_of(request), session_id)
    try:
        async with services.db.transaction() as session:
            added = await actions.pin_session(
                session, actor_of(request), session_id=session_id, reason=form.reason, expires=form.expires,
                now=services.clock.now(),
            )  # fmt: skip
    except Refusal as refusal:
        choice = Choice(level=PinLevel.SESSION)
        return await _pins_page(request, services, view.batch.id, choice, refusal=refusal)
    return redirect(request, f"/scheduling/plans/{view.batch.id}/pins", _ADDED, number=added.number)


def _wish(form: PinForm) -> NewPin:
    parts = (PinPart(group=form.group, count=form.count),) if form.level is not PinLevel.PERSON else ()
    return NewPin(
        level=form.level,
        parts=parts,
        site=form.site,
        component=form.component if form.level is PinLevel.PART else None,
        slot=form.slot if form.level is not PinLevel.GROUP else None,
        room=form.room if form.level is not PinLevel.GROUP else None,
        examiner_id=form.examiner if form.level is PinLevel.PERSON else None,
        duty=form.duty if form.level is PinLevel.PERSON else None,
        reason=form.reason,
        expires=form.expires,
    )


def _choice(form: PinForm) -> Choice:
    return Choice(
        level=form.level,
        group=form.group,
        examiner=str(form.examiner or ""),
        site=form.site,
        component=form.component or "",
        slot=form.slot or "",
        room=form.room or "",
    )


async def _pins_page(
    request: AppRequest,
    services: Services,
    batch_id: UUID,
    choice: Choice,
    *,
    refusal: Refusal | None = None,
    form: PinForm | None = None,
) -> Response[Any]:
    today = china_date(services.clock.now())
    async with services.db.transaction() as session:
        view = await queries.pins_view(session, actor_of(request), batch_id, choice=choice, today=today)
    return page(
        request,
        "pages/scheduling/timetable/pins.html",
        status=status_of(refusal) if refusal else 200,
        view=view,
        refusal=refusal,
        form=form,
        levels=list(PinLevel),
        level_notes=LEVEL_NOTES,
        pin_levels=LEVEL_LABELS,
        state_labels=STATE_LABELS,
        state_tones=STATE_TONES,
        **LABELS,
    )


ROUTES = [pins_page, add_pin, remove_pin, keep_session]
