"""Export files of tablets without a line: uploaded by the site head or an officer; a revoked tablet's looked at by a second person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Actor, Permission
from exam.kernel.errors import N_, NotFound, Refusal
from exam.kernel.forms import parse_form, upload
from exam.kernel.pages import page, redirect, status_of
from exam.kernel.services import Services
from scoring.tablets import actions, queries
from scoring.tablets.forms import DecisionForm
from scoring.tablets.queries import Import
from scoring.tablets.rules.exports import BYTES_MOST, IMPORT_LABELS, ImportStatus

RUN = [needs(Permission.SITE_RUN, Permission.BATCH_MANAGE)]


@get("/scoring/tablets/imports", guards=RUN)
async def imports_page(request: AppRequest, services: AppServices) -> Response[Any]:
    """Show what was uploaded, and take another file."""
    async with services.db.transaction() as session:
        return await _page(request, session, None)


@post("/scoring/tablets/imports", guards=RUN, status_code=200)
async def take(request: AppRequest, services: AppServices) -> Response[Any]:
    """Take an export file."""
    try:
        file = await upload(request, "file", limit_bytes=BYTES_MOST)
        async with services.db.transaction() as session:
            made = await actions.import_file(
                session, services.vault, services.files, actor_of(request), data=file.data, filename=file.filename,
                now=services.clock.now(),
            )  # fmt: skip
    except Refusal as refusal:
        async with services.db.transaction() as session:
            return await _page(request, session, refusal)
    return redirect(request, f"/scoring/tablets/imports/{made}")


@get("/scoring/tablets/imports/{import_id:uuid}", guards=RUN)
async def import_page(request: AppRequest, services: AppServices, import_id: FromPath[UUID]) -> Response[Any]:
    """Show what a file came to."""
    return await _one(request, services, import_id, None)


@post("/scoring/tablets/imports/{import_id:uuid}", guards=RUN, status_code=200)
async def decide(request: AppRequest, services: AppServices, import_id: FromPath[UUID]) -> Response[Any]:
    """The second person's decision about the file of a revoked tablet."""
    try:
        form = await parse_form(request, DecisionForm)
        async with services.db.transaction() as session:
            await actions.decide_import(
                session, services.vault, services.files, actor_of(request), import_id=import_id, take=form.take,
                reason=form.reason, now=services.clock.now(),
            )  # fmt: skip
    except Refusal as refusal:
        return await _one(request, services, import_id, refusal)
    return redirect(request, f"/scoring/tablets/imports/{import_id}", N_("已记录您的决定。"))


async def _page(request: AppRequest, session: AsyncSession, refusal: Refusal | None) -> Response[Any]:
    actor = actor_of(request)
    found = [one for one in await queries.imports(session) if await _concerns(session, actor, one)]
    return page(
        request, "pages/scoring/tablets/imports.html", status=200 if refusal is None else status_of(refusal), refusal=refusal,
        lines=found, labels=IMPORT_LABELS, ImportStatus=ImportStatus,
    )  # fmt: skip


async def _one(request: AppRequest, services: Services, import_id: UUID, refusal: Refusal | None) -> Response[Any]:
    actor = actor_of(request)
    async with services.db.transaction() as session:
        found = await queries.imports(session, ids=[import_id])
        if not found or not await _concerns(session, actor, found[0]):
            raise NotFound
        rooms = await queries.rooms_of_import(session, found[0].tablet_id)
    return page(
        request, "pages/scoring/tablets/import.html", status=200 if refusal is None else status_of(refusal), refusal=refusal,
        line=found[0], labels=IMPORT_LABELS, ImportStatus=ImportStatus, own=found[0].uploaded_by == actor.account_id,
        rooms=rooms,
    )  # fmt: skip


async def _concerns(session: AsyncSession, actor: Actor, one: Import) -> bool:
    return any(await actions.authority(session, actor, one.site_id))


ROUTES = [imports_page, take, import_page, decide]
