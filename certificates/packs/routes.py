"""Pages of packs: order one, see how far it is, take it; a download that broke off is taken up again (RFC 9110, 14)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Stream
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.packs import actions, documents, queries
from certificates.packs.forms import PackForm
from certificates.packs.queries import Owner
from certificates.packs.rules.contents import Names
from certificates.packs.rules.ranges import Unsatisfiable, byte_range
from certificates.packs.rules.status import (
    LABELS,
    TONES,
    NotReadyYet,
    OwnerKind,
    Pack,
    PackChanged,
    PackOver,
    PackStatus,
)
from exam.accounts import queries as accounts
from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.kernel.errors import N_, Invalid, Problem
from exam.kernel.forms import parse_form
from exam.kernel.i18n import Name
from exam.kernel.pages import page, redirect
from exam.kernel.services import Services
from exam.registration import queries as registration

PAGES: Final = "pages/certificates/packs"
HOME: Final = "/certificates/packs"
_GUARD: Final = [needs(Permission.CERTIFICATE_READ)]


@dataclass(frozen=True, kw_only=True)
class PackView:
    """A pack with the names of what it is of."""

    pack: Pack
    batch: Name
    of: Name | None  # the institution; None for all of them, or for a print order
    made_by: str
    over: bool


@get(HOME, guards=_GUARD)
async def index(request: AppRequest, services: AppServices) -> Response[Any]:
    """Show the packs, and order another."""
    actor = actor_of(request)
    async with services.db.transaction() as session:
        views = [await _view(session, services, one) for one in await queries.packs(session, actor)]
        names = await _owner_names(session, queries.owners(actor))
        batches = await registration.batches(session)
        institutions = await registration.institutions(session)
    return page(
        request, f"{PAGES}/index.html", views=views, owners=names, batches=batches, institutions=institutions,
        labels=LABELS, tones=TONES, may_choose=actor.may(Permission.CERTIFICATE_ISSUE), masked=Names.MASKED,
    )  # fmt: skip


@post(HOME, guards=_GUARD, status_code=200)
async def order(request: AppRequest, services: AppServices) -> Response[Any]:
    """Order a pack; it is prepared in the background."""
    actor = actor_of(request)
    form = await parse_form(request, PackForm)
    async with services.db.transaction() as session:
        now = services.clock.now()
        if form.order_id is not None:
            id = await actions.order_print(session, actor, order_id=form.order_id, now=now)
        else:
            if form.batch_id is None:
                raise Invalid(problems=[Problem(message=N_("请选择批次。"), field="batch_id", code="missing")])
            id = await actions.order(
                session,
                actor,
                owner=_owner(actor, form.owner),
                batch_id=form.batch_id,
                institution_id=_uuid(form.institution),
                ended=form.ended,
                now=now,
            )
        count = (await queries.pack(session, actor, id)).count
    return redirect(request, f"{HOME}/{id}", N_("已列入 %(count)s 本证书。"), count=count)


@get(f"{HOME}/{{pack_id:uuid}}", guards=_GUARD)
async def show(request: AppRequest, services: AppServices, pack_id: FromPath[UUID]) -> Response[Any]:
    """Show one pack: how far it is, or its link and when that ends."""
    return await _show(request, services, pack_id, "pack.html")


@get(f"{HOME}/{{pack_id:uuid}}/progress", guards=_GUARD)
async def progress(request: AppRequest, services: AppServices, pack_id: FromPath[UUID]) -> Response[Any]:
    """The moving part of the page."""
    return await _show(request, services, pack_id, "_progress.html")


@get(f"{HOME}/{{pack_id:uuid}}/file", guards=_GUARD)
async def file(request: AppRequest, services: AppServices, pack_id: FromPath[UUID]) -> Response[Any]:
    """Hand the pack out, whole or from a byte on; every time is written down."""
    actor, now = actor_of(request), services.clock.now()
    async with services.db.transaction() as session:
        one = await queries.pack(session, actor, pack_id)
        if one.status is not PackStatus.READY:
            raise NotReadyYet
        if one.over(now):
            raise PackOver
        items, about = await queries.items(session, one.id), await queries.about(session, one)
    made = await asyncio.to_thread(documents.plan, items, about)
    if made.etag != one.etag:
        raise PackChanged
    size, etag = made.layout.size, f'"{made.etag}"'
    wanted = request.headers.get("range") if request.headers.get("if-range", etag) == etag else None
    headers = {"Accept-Ranges": "bytes", "ETag": etag, "Cache-Control": "private, no-store"}
    try:
        part = byte_range(wanted, size)
    except Unsatisfiable:
        return Response(b"", status_code=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    start, stop = part or (0, size)
    async with services.db.transaction() as session:
        await actions.tell(session, actor, "pack_taken", one, now, start=start)
    stem = f"证书-{about.batch}-{one.made_at:%Y%m%d}"
    headers |= {
        "Content-Length": str(stop - start),
        "Content-Disposition": f"attachment; filename=\"pack.zip\"; filename*=UTF-8''{quote(stem)}.zip",
    }
    if part is not None:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return Stream(
        _bytes(services, made, start, stop), media_type="application/zip", headers=headers,
        status_code=200 if part is None else 206,
    )  # fmt: skip


async def _bytes(services: Services, made: documents.Plan, start: int, stop: int) -> AsyncIterator[bytes]:
    """A stored file that is no longer what it was breaks the download off: no reader takes it for whole."""
    pieces = documents.stream(made, start, stop, services.files.get)
    while (data := await asyncio.to_thread(next, pieces, None)) is not None:
        yield data


async def _show(request: AppRequest, services: Services, pack_id: UUID, template: str) -> Response[Any]:
    async with services.db.transaction() as session:
        one = await queries.pack(session, actor_of(request), pack_id)
        view = await _view(session, services, one)
    running = one.status is PackStatus.PREPARING
    answer = page(
        request, f"{PAGES}/{template}", view=view, one=one, running=running, labels=LABELS, tones=TONES,
        masked=Names.MASKED,
    )  # fmt: skip
    if not running:
        answer.set_header("X-Done", "true")
    return answer


async def _view(session: AsyncSession, services: Services, one: Pack) -> PackView:
    batch = await registration.batch(session, one.batch_id)
    of = await registration.institution(session, one.institution_id) if one.institution_id else None
    names = await accounts.names(session, [one.made_by])
    return PackView(
        pack=one,
        batch=Name(batch.name_zh, batch.name_en),
        of=Name(of.name_zh, of.name_en) if of else None,
        made_by=names.get(one.made_by, ""),
        over=one.over(services.clock.now()),
    )


async def _owner_names(session: AsyncSession, owners: list[Owner]) -> list[tuple[str, Name]]:
    known = {one.id: one for one in await catalogue.organisations(session)}
    found = []
    for one in owners:
        if one.kind is OwnerKind.ORGANISATION and one.id in known:
            found.append((f"{one.kind}:{one.id}", Name(known[one.id].name_zh, known[one.id].name_en)))
        elif one.kind is OwnerKind.INSTITUTION:
            school = await registration.institution(session, one.id)
            found.append((f"{one.kind}:{one.id}", Name(school.name_zh, school.name_en)))
    return found


def _owner(actor: Actor, text: str) -> Owner:
    """For whom a pack is ordered: what was chosen, or the only one there is."""
    own = queries.owners(actor)
    chosen = [one for one in own if f"{one.kind}:{one.id}" == text or (not text and len(own) == 1)]
    if not chosen:
        raise Invalid(problems=[Problem(message=N_("请选择为谁打包。"), field="owner", code="missing")])
    return chosen[0]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise Invalid(
            problems=[Problem(message=N_("请从列表中选择院校。"), field="institution", code="unknown")]
        ) from None


ROUTES = [index, order, show, progress, file]
