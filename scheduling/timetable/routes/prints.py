"""Prints: the page where they are chosen, short ones at once, long ones as a run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Actor, Permission
from exam.kernel.errors import N_, NotFound, Refusal
from exam.kernel.forms import parse_form
from exam.kernel.i18n import Name
from exam.kernel.pages import file_response, locale_of, page, redirect, status_of
from exam.kernel.services import Services
from scheduling.sites import queries as sites
from scheduling.sites.forms import chosen
from scheduling.timetable import actions, documents, queries
from scheduling.timetable.forms import PrintForm
from scheduling.timetable.routes.labels import LABELS
from scheduling.timetable.rules.prints import Print, PrintOrder


@get("/scheduling/plans/{batch_id:uuid}/prints", guards=[needs(Permission.PRINT_SET)])
async def prints_page(
    request: AppRequest,
    services: AppServices,
    batch_id: FromPath[UUID],
    what: FromQuery[str] = "",
    institution: FromQuery[str] = "",
    site: FromQuery[str] = "",
) -> Response[Any]:
    """Choose what to print, and fetch what was printed; the address may name the choice."""
    form = PrintForm(what=_print(what) or Print.PACK, institution_id=chosen(institution), site_id=chosen(site))
    return await _prints_page(request, services, batch_id, form)


@post("/scheduling/plans/{batch_id:uuid}/prints", guards=[needs(Permission.PRINT_SET)], status_code=200)
async def order_print(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """Have something printed; whoever presses twice is shown the print under way."""
    form = await parse_form(request, PrintForm)
    actor, room_id = actor_of(request), form.room_id if form.what is Print.ROOM_BOOK else None
    site_id = form.site_id
    if room_id is not None:
        async with services.db.transaction() as session:
            site_id = (await sites.site_of_room(session, room_id)).id
    order = _own_place(
        actor,
        PrintOrder(
            batch_id=batch_id,
            what=form.what,
            institution_id=None if form.what.of_site else form.institution_id,
            site_id=site_id if form.what.of_site else None,
            room_id=room_id,
            version=form.version,
            locale=locale_of(request),
        ),
    )
    try:
        async with services.db.transaction() as session:
            run_id, new = await actions.ask_print(session, actor, order=order, now=services.clock.now())
    except Refusal as refusal:
        return await _prints_page(request, services, batch_id, form, refusal=refusal)
    return redirect(
        request, f"/scheduling/plans/runs/{run_id}", "" if new else N_("同样的打印已经在进行，没有另起一次。")
    )


async def _prints_page(
    request: AppRequest, services: Services, batch_id: UUID, form: PrintForm, *, refusal: Refusal | None = None
) -> Response[Any]:
    actor, now = actor_of(request), services.clock.now()
    async with services.db.transaction() as session:
        room = await queries.print_room(session, actor, batch_id)
        runs = await queries.own_prints(session, actor, batch_id, now=now)
    return page(
        request,
        "pages/scheduling/timetable/prints.html",
        status=status_of(refusal) if refusal else 200,
        room=room,
        runs=runs,
        form=form,
        places={
            **{one.id: one for one, _ in room.institutions},
            **{one.id: one for one, _ in room.sites},
            **{one.room_id: Name(one.room_name, one.room_name_en) for _, one, _ in room.rooms},
        },
        at=now,
        refusal=refusal,
        **LABELS,
    )


@get("/scheduling/plans/{batch_id:uuid}/tickets.pdf", guards=[needs(Permission.PRINT_SET, Permission.OWN_READ)])
async def ticket_file(
    request: AppRequest,
    services: AppServices,
    batch_id: FromPath[UUID],
    registration_id: FromQuery[str] = "",
    institution: FromQuery[str] = "",
) -> Response[Any]:
    """Print one person's ticket; more of them are chosen on the page of prints."""
    order = PrintOrder(
        batch_id=batch_id,
        what=Print.TICKETS,
        registration_id=chosen(registration_id),
        institution_id=chosen(institution),
        locale=locale_of(request),
    )
    return await _at_once(request, services, order)


@get("/scheduling/plans/{batch_id:uuid}/rooms.pdf", guards=[needs(Permission.PRINT_SET)])
async def room_file(
    request: AppRequest,
    services: AppServices,
    batch_id: FromPath[UUID],
    room_session: FromQuery[str] = "",
    sheet: FromQuery[str] = "pack",
    site: FromQuery[str] = "",
) -> Response[Any]:
    """Print the sheets of one room session: the pack of four, or one kind; more are chosen on the page of prints."""
    what = _print(sheet)
    if what not in (Print.PACK, *documents.PACK):
        raise NotFound
    order = PrintOrder(
        batch_id=batch_id,
        what=what,
        room_session_id=chosen(room_session),
        site_id=chosen(site),
        locale=locale_of(request),
    )
    return await _at_once(request, services, _own_place(actor_of(request), order))


@get(
    "/scheduling/plans/{batch_id:uuid}/letters.pdf",
    guards=[needs(Permission.PRINT_SET, Permission.ROOM_RUN, Permission.SHEET_SCORE)],
)
async def letters_file(
    request: AppRequest,
    services: AppServices,
    batch_id: FromPath[UUID],
    own: FromQuery[bool] = False,
    site: FromQuery[str] = "",
) -> Response[Any]:
    """Print the reader's own duty letter; those of others are chosen on the page of prints."""
    actor = actor_of(request)
    alone = own or not actor.may(Permission.PRINT_SET)
    order = PrintOrder(
        batch_id=batch_id,
        what=Print.LETTERS,
        account_id=actor.account_id if alone else None,
        site_id=None if alone else chosen(site),
        locale=locale_of(request),
    )
    return await _at_once(request, services, order)


async def _at_once(request: AppRequest, services: Services, order: PrintOrder) -> Response[Any]:
    """Draw a short print while the reader waits; lead a long one to the page of prints, with the choice made."""
    if not order.short:
        choice = {"what": order.what, "institution": order.institution_id, "site": order.site_id}
        query = "&".join(f"{name}={value}" for name, value in choice.items() if value)
        return redirect(request, f"/scheduling/plans/{order.batch_id}/prints?{query}")
    actor = actor_of(request)
    async with services.db.transaction() as session:
        found = await queries.material(session, actor, services.vault, order)
    press = documents.press_of(services.settings, services.files, actor.name, services.clock.now(), order.locale)
    drawn = await documents.draw(order.what, found, press)
    return file_response(drawn.data, "application/pdf", drawn.name, inline=True)


def _own_place(actor: Actor, order: PrintOrder) -> PrintOrder:
    """A reader with one institution or site need not name it."""
    kind, named = ("site", order.site_id) if order.what.of_site else ("institution", order.institution_id)
    if named is not None:
        return order
    own = print_scopes(actor, kind)
    if not own:
        return order
    return replace(order, site_id=own[0]) if order.what.of_site else replace(order, institution_id=own[0])


def print_scopes(actor: Actor, kind: str) -> list[UUID]:
    """The institutions or sites the actor prints for."""
    return actor.scope_uuids(Permission.PRINT_SET, kind) or []


def _print(text: str) -> Print | None:
    return next((what for what in Print if what == text), None)


ROUTES = [prints_page, order_print, ticket_file, room_file, letters_file]
