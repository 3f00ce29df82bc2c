"""Pages of designs: the list with what is in force, the editor with its live preview, approval and publication."""

from __future__ import annotations

import asyncio
import base64
from typing import Annotated, Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter

from certificates.designs import actions, checker, documents, queries
from certificates.designs.forms import BeginForm, ReturnForm, SourceForm
from certificates.designs.rules.changes import changes
from certificates.designs.rules.dummies import DUMMIES
from certificates.designs.rules.fields import SOURCES
from certificates.designs.rules.records import (
    BUILT_IN,
    LABELS,
    PRESS,
    TONES,
    WEASYPRINT,
    Design,
    DesignStatus,
    HasProblems,
    Source,
)
from exam.accounts import queries as accounts
from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.catalogue.rules import Organisation
from exam.kernel.errors import N_, Invalid, NotFound, Problem
from exam.kernel.forms import parse_form
from exam.kernel.pages import file_response, json_response, page, redirect, wants_json
from exam.kernel.services import Services

PAGES: Final = "pages/certificates/designs"
_GUARD: Final = [needs(Permission.CERTIFICATE_ISSUE)]
Key = Annotated[str, QueryParameter(max_length=20)]


@get("/certificates/designs", guards=_GUARD)
async def index(request: AppRequest, services: AppServices) -> Response[Any]:
    """Show what is in force for each organisation, every version, and the form that begins one."""
    actor = actor_of(request)
    async with services.db.transaction() as session:
        found = await queries.designs(session, actor)
        organisations = [one for one in await catalogue.organisations(session) if queries.may_see(actor, one.id)]
        rows = [(one, await queries.in_force(session, one.id)) for one in organisations]
    return page(
        request, f"{PAGES}/index.html", designs=found, rows=rows, organisations={one.id: one for one in organisations},
        labels=LABELS, tones=TONES, built_in=BUILT_IN, weasyprint=WEASYPRINT,
    )  # fmt: skip


@post("/certificates/designs", guards=_GUARD, status_code=200)
async def begin(request: AppRequest, services: AppServices) -> Response[Any]:
    """Begin a version."""
    form = await parse_form(request, BeginForm)
    async with services.db.transaction() as session:
        id = await actions.begin(
            session,
            actor_of(request),
            title=form.title,
            organisation_id=form.organisation_id,
            based_on=form.based_on,
            now=services.clock.now(),
        )
    return redirect(request, f"/certificates/designs/{id}")


@get("/certificates/designs/{design_id:uuid}", guards=_GUARD)
async def show(
    request: AppRequest, services: AppServices, design_id: FromPath[UUID], dummy: Key = "usual"
) -> Response[Any]:
    """Show one version: the editor while it is a draft, else what it says; its problems, its differences, the next step."""
    return await _show(request, services, design_id, dummy)


@post("/certificates/designs/{design_id:uuid}/save", guards=_GUARD, status_code=200)
async def save(request: AppRequest, services: AppServices, design_id: FromPath[UUID]) -> Response[Any]:
    """Keep what was edited."""
    form = await parse_form(request, SourceForm)
    async with services.db.transaction() as session:
        revision = await actions.save(
            session,
            actor_of(request),
            id=design_id,
            source=form.source,
            revision=form.revision,
            now=services.clock.now(),
        )
    if wants_json(request):
        return json_response({"revision": revision})
    return redirect(request, f"/certificates/designs/{design_id}?dummy={_key(form.dummy)}", N_("版式已保存。"))


@post("/certificates/designs/{design_id:uuid}/preview", guards=_GUARD, status_code=200)
async def preview(request: AppRequest, services: AppServices, design_id: FromPath[UUID]) -> Response[Any]:
    """Draw what is typed, unsaved, on one dummy: its picture and its problems."""
    form = await parse_form(request, SourceForm)
    async with services.db.transaction() as session:
        one = await queries.design(session, actor_of(request), design_id)
        name = await _organisation_name(session, one.organisation_id)
    try:
        view = await _drawn(services, form.source, _key(form.dummy), name)
    except Invalid as refusal:
        view = {"problems": list(refusal.problems), "picture": "", "key": _key(form.dummy), "dummies": DUMMIES}
    return page(request, f"{PAGES}/_preview.html", **view)


@get("/certificates/designs/{design_id:uuid}/picture.webp", guards=_GUARD)
async def picture(
    request: AppRequest, services: AppServices, design_id: FromPath[UUID], dummy: Key = "usual"
) -> Response[bytes]:
    """Hand out what is saved, drawn on one dummy, as a picture."""
    one, tried = await _saved(request, services, design_id, dummy)
    return file_response(tried.png, "image/webp", f"{one.name}.webp", inline=True)


@get("/certificates/designs/{design_id:uuid}/preview.pdf", guards=_GUARD)
async def preview_pdf(
    request: AppRequest, services: AppServices, design_id: FromPath[UUID], dummy: Key = "usual"
) -> Response[bytes]:
    """Hand out what is saved, drawn on one dummy, as PDF."""
    one, tried = await _saved(request, services, design_id, dummy)
    return file_response(tried.pdf, "application/pdf", f"版式预览-{one.name}.pdf", inline=True)


async def _saved(request: AppRequest, services: Services, design_id: UUID, dummy: str) -> tuple[Design, checker.Tried]:
    async with services.db.transaction() as session:
        one = await queries.design(session, actor_of(request), design_id)
        name = await _organisation_name(session, one.organisation_id)
    problems, tried = await _try(services, one.source, _key(dummy), name)
    if not tried.pdf:
        raise HasProblems(problems=problems, count=len(problems))
    return one, tried


@post("/certificates/designs/{design_id:uuid}/submit", guards=_GUARD, status_code=200)
async def submit(request: AppRequest, services: AppServices, design_id: FromPath[UUID]) -> Response[Any]:
    """Try the draft on every dummy and hand it to a second person."""
    actor = actor_of(request)
    async with services.db.transaction() as session:
        one = await queries.design(session, actor, design_id)
    problems = await asyncio.to_thread(checker.every_problem, one.source, services.settings.home)
    try:
        async with services.db.transaction() as session:
            await actions.submit(
                session, actor, id=design_id, tried=one.sha256, problems=problems, now=services.clock.now()
            )
    except HasProblems as refusal:
        return await _show(request, services, design_id, "usual", refusal=refusal)
    return redirect(request, f"/certificates/designs/{design_id}", N_("版式已提交，等待另一名发证员批准。"))


@post("/certificates/designs/{design_id:uuid}/return", guards=_GUARD, status_code=200)
async def give_back(request: AppRequest, services: AppServices, design_id: FromPath[UUID]) -> Response[Any]:
    """Return a submitted design to its authors."""
    form = await parse_form(request, ReturnForm)
    async with services.db.transaction() as session:
        await actions.give_back(session, actor_of(request), id=design_id, reason=form.reason, now=services.clock.now())
    return redirect(request, f"/certificates/designs/{design_id}", N_("版式已退回修改。"))


@post("/certificates/designs/{design_id:uuid}/approve", guards=_GUARD, status_code=200)
async def approve(request: AppRequest, services: AppServices, design_id: FromPath[UUID]) -> Response[Any]:
    """Approve what somebody else wrote."""
    async with services.db.transaction() as session:
        await actions.approve(session, actor_of(request), id=design_id, now=services.clock.now())
    return redirect(request, f"/certificates/designs/{design_id}", N_("版式已批准，可以启用。"))


@post("/certificates/designs/{design_id:uuid}/publish", guards=_GUARD, status_code=200)
async def publish(request: AppRequest, services: AppServices, design_id: FromPath[UUID]) -> Response[Any]:
    """Put an approved design in force."""
    actor = actor_of(request)
    async with services.db.transaction() as session:
        one = await queries.design(session, actor, design_id)
    way, why = await asyncio.to_thread(documents.compile_design, one.template, services.settings.home)
    async with services.db.transaction() as session:
        await actions.publish(session, actor, id=design_id, way=way, why=why, now=services.clock.now())
    return redirect(request, f"/certificates/designs/{design_id}", N_("版式已启用。"))


@post("/certificates/designs/{design_id:uuid}/retire", guards=_GUARD, status_code=200)
async def retire(request: AppRequest, services: AppServices, design_id: FromPath[UUID]) -> Response[Any]:
    """Take a design out of force, or put a draft aside."""
    async with services.db.transaction() as session:
        await actions.retire(session, actor_of(request), id=design_id, now=services.clock.now())
    return redirect(request, "/certificates/designs", N_("版式已停用；已颁发的证书不变。"))


async def _show(
    request: AppRequest, services: Services, design_id: UUID, dummy: str, *, refusal: HasProblems | None = None
) -> Response[Any]:
    actor = actor_of(request)
    async with services.db.transaction() as session:
        one = await queries.design(session, actor, design_id)
        base, source = await queries.before(session, one)
        people = [id for id in (*one.authors, one.submitted_by, one.approved_by, one.published_by) if id]
        names = await accounts.names(session, people)
        organisation = await _organisation(session, one.organisation_id)
    problems, tried = await _try(services, one.source, _key(dummy), "", picture=False)
    picture = f"/certificates/designs/{one.id}/picture.webp?dummy={dummy}&v={one.revision}" if tried.measured else ""
    view = {"problems": problems, "picture": picture, "key": dummy, "dummies": DUMMIES}
    return page(
        request, f"{PAGES}/design.html", status=422 if refusal else 200, one=one, base=base, organisation=organisation,
        names=names, differences=changes(source, one.source), labels=LABELS, tones=TONES, press=PRESS,
        may_approve=_may_approve(actor, one.authors, one.submitted_by), statuses=DesignStatus, fields=SOURCES,
        refusal=refusal, **view,
    )  # fmt: skip


async def _drawn(services: Services, source: Source, key: str, organisation_name: str) -> dict[str, Any]:
    """What the page of a typed design shows: its problems, and its picture in the page itself."""
    problems, tried = await _try(services, source, key, organisation_name)
    picture = f"data:image/webp;base64,{base64.b64encode(tried.png).decode()}" if tried.png else ""
    return {"problems": problems, "picture": picture, "key": key, "dummies": DUMMIES}


async def _try(
    services: Services, source: Source, key: str, organisation_name: str, *, picture: bool = True
) -> tuple[list[Problem], checker.Tried]:
    home = services.settings.home

    def work() -> tuple[list[Problem], checker.Tried]:
        static = checker.static_problems(source)
        if any(one.code == "too_long" for one in static):
            return static, checker.Tried()
        if not picture:
            found, tried = checker.try_one(source, key, home, picture=False)
            return checker.once([*static, *found]), tried
        under = documents.frame(home)
        seal = documents.seal(organisation_name or DUMMIES[key][1]["face"]["organisation_name_zh"], home)
        found, tried = checker.try_one(source, key, home, under=under, seal=seal)
        return checker.once([*static, *found]), tried

    return await asyncio.to_thread(work)


def _may_approve(actor: Actor, authors: Any, submitted_by: UUID | None) -> bool:
    return actor.account_id is not None and actor.account_id not in (*authors, submitted_by)


def _key(dummy: str) -> str:
    if dummy not in DUMMIES:
        raise NotFound
    return dummy


async def _organisation(session: Any, id: UUID | None) -> Organisation | None:
    return next((one for one in await catalogue.organisations(session) if one.id == id), None)


async def _organisation_name(session: Any, id: UUID | None) -> str:
    found = await _organisation(session, id)
    return found.name_zh if found else ""


ROUTES = [index, begin, show, save, preview, picture, preview_pdf, submit, give_back, approve, publish, retire]
