"""Pages of the item bank: certificate x level with counts by kind, importing items, drawing and sealing papers."""

from __future__ import annotations

import secrets
from typing import Any

from litestar import Response, get, post

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Permission
from exam.catalogue import queries as catalogue
from exam.catalogue.rules import KIND_LABELS, Component, ItemKind
from exam.kernel.errors import N_, Invalid, NotFound, Refusal
from exam.kernel.forms import Upload, parse_form, uploads
from exam.kernel.pages import page, redirect, status_of
from exam.papers import actions, queries
from exam.papers.forms import AssembleForm, ItemsForm
from exam.papers.rules import read_items

LIMIT_BYTES = 2_000_000
MOST_VERSIONS = 8


class NotText(Invalid):
    """Items come as text a person can read."""

    message = N_("文件不是 UTF-8 或 GB18030 文本，没有导入任何试题。")
    way_out = N_("请另存为文本文件后重试。")


@get("/exam/papers", guards=[needs(Permission.ITEM_WRITE)])
async def bank_page(request: AppRequest, services: AppServices) -> Response[Any]:
    """Show the bank by certificate and level."""
    return await _bank(request, services)


async def _bank(request: AppRequest, services: AppServices, refusal: Refusal | None = None) -> Response[Any]:
    async with services.db.transaction() as session:
        lines = await queries.bank_lines(session, actor_of(request))
    return page(
        request, "pages/exam/papers/bank.html", status=status_of(refusal) if refusal else 200, lines=lines,
        kinds=ItemKind, kind_labels=KIND_LABELS, refusal=refusal,
    )  # fmt: skip


@post("/exam/papers/items", guards=[needs(Permission.ITEM_WRITE)], status_code=200)
async def import_items(request: AppRequest, services: AppServices) -> Response[Any]:
    """Import items from a text or a file; every wrong line is named and nothing is taken."""
    try:
        form = await parse_form(request, ItemsForm)
        files = await uploads(request, "file", limit_bytes=LIMIT_BYTES)
        drafts = read_items(_text(files[0]) if files else form.items)
        async with services.db.transaction() as session:
            result = await actions.add_items(
                session, actor_of(request), certificate_id=form.certificate_id, level=form.level, items=drafts,
                now=services.clock.now(),
            )  # fmt: skip
    except Invalid as refusal:
        return await _bank(request, services, refusal)
    return redirect(
        request,
        "/exam/papers",
        N_("已导入 %(added)s 题，%(known)s 题题库中已有。"),
        added=result.added,
        known=result.known,
    )


@post("/exam/papers/assemble", guards=[needs(Permission.ITEM_WRITE)], status_code=200)
async def assemble(request: AppRequest, services: AppServices) -> Response[Any]:
    """Draw and seal the versions of one component's paper."""
    form = await parse_form(request, AssembleForm)
    seed = form.seed if form.seed is not None else secrets.randbits(53)
    versions = [chr(ord("A") + index) for index in range(max(1, min(form.versions, MOST_VERSIONS)))]
    try:
        async with services.db.transaction() as session:
            component = await _component(session, form)
            made = await actions.assemble(
                session, actor_of(request), component=component, versions=versions, seed=seed, now=services.clock.now()
            )
    except Refusal as refusal:
        return await _bank(request, services, refusal)
    return redirect(request, "/exam/papers", N_("已组卷并封存 %(n)s 份试卷，种子 %(seed)s。"), n=len(made), seed=seed)


async def _component(session: Any, form: AssembleForm) -> Component:
    for scheme in await catalogue.schemes(session):
        for component in scheme.components:
            if component.id == form.component_id:
                return component
    raise NotFound


def _text(file: Upload) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return file.data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise NotText


ROUTES = [bank_page, import_items, assemble]
