"""Issuing a batch: who waits and who is held back, the proposal and its approval, the progress, the stop switch."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.designs import queries as designed
from certificates.designs.rules.records import WEASYPRINT, Design, Template
from certificates.issuing import actions, queries
from certificates.issuing.actions import FINISH_JOB, GROUP_JOB
from certificates.issuing.documents import issue_register
from certificates.issuing.documents.samples import picture_of, problems_of, sample_of
from certificates.issuing.forms import DecideForm, HaltForm, ProposeForm, ReasonForm
from certificates.issuing.routes.shared import PAGES, HaltLine, halt_line
from certificates.issuing.rules.face import Eligible
from certificates.issuing.rules.releases import (
    HELD_LABELS,
    RELEASE_LABELS,
    RELEASE_TONES,
    Release,
    ReleaseStatus,
    list_sha256,
)
from certificates.issuing.rules.status import LABELS, TONES, UNFINISHED, CertificateStatus
from certificates.issuing.signer import signer_of
from exam.accounts import queries as accounts
from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Actor, Permission
from exam.kernel import jobs
from exam.kernel.clock import china_date
from exam.kernel.errors import N_, NotFound, Problem
from exam.kernel.forms import parse_form
from exam.kernel.pages import file_response, locale_of, page, redirect
from exam.kernel.services import Services
from exam.registration import queries as registration
from exam.registration.rules import BATCH_STATUS_LABELS, Batch

_P = Permission
SHOWN: Final = 100
"""People held back that a page names; the rest is counted."""
Which = Annotated[int, QueryParameter(ge=0, le=1)]


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """Who waits for a certificate and stands on no list yet, as an officer would propose it."""

    waiting: Sequence[Eligible]
    problems: Mapping[UUID, Sequence[Problem]]
    designs: Mapping[UUID, Design | None]  # in force for each organisation of the list; None: the built-in one

    @property
    def templates(self) -> dict[UUID, Template]:
        return {id: one.template if one else designed.built_in_template() for id, one in self.designs.items()}

    @property
    def sha256(self) -> str:
        return list_sha256(actions.items_of(self.waiting, self.codes))

    @property
    def codes(self) -> dict[UUID, list[str]]:
        return {id: [one.code for one in found] for id, found in self.problems.items()}

    @property
    def issue_count(self) -> int:
        return len(self.waiting) - len(self.problems)

    @property
    def samples(self) -> list[Eligible]:
        """The first on the list and the longest name of the others: what is looked at before thousands are printed."""
        fit = [one for one in self.waiting if one.registration_id not in self.problems]
        return [*fit[:1], *([max(fit[1:], key=lambda one: len(one.face.holder_name))] if fit[1:] else [])]


_NOBODY: Final = Candidates(waiting=(), problems={}, designs={})


@dataclass(frozen=True, kw_only=True)
class ReleaseView:
    """A release with the names of its people, how far it is, and what the reader may do about it."""

    release: Release
    progress: queries.ReleaseProgress
    proposed_by: str
    decided_by: str
    held: Sequence[tuple[str, Sequence[str]]]  # name, and codes of the reasons
    own: bool  # proposed by the reader

    @property
    def is_open(self) -> bool:
        return self.release.status is ReleaseStatus.PROPOSED


@get("/certificates/batches/{batch_id:uuid}", guards=[needs(_P.CERTIFICATE_ISSUE)])
async def batch_page(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """Show who is to get a certificate and who is held back and why, and where the release stands."""
    actor = actor_of(request)
    view = await _progress_view(services, actor, batch_id)
    listed = await _candidates(services, actor, batch_id) if view["line"].ready else _NOBODY
    async with services.db.transaction() as session:
        unfinished = await queries.unfinished(session, actor, batch_id)
    return page(
        request,
        f"{PAGES}/batch.html",
        **view,
        listed=listed,
        own=sum(one.published_by == actor.account_id for one in listed.waiting if one.published_by is not None),
        unfinished=unfinished,
        signer=signer_of(services.settings),
        labels=LABELS,
        tones=TONES,
        held_labels=HELD_LABELS,
        release_labels=RELEASE_LABELS,
        release_tones=RELEASE_TONES,
        shown=SHOWN,
        weasyprint=WEASYPRINT,
        status_label=BATCH_STATUS_LABELS[view["batch"].status],
    )


@get("/certificates/batches/{batch_id:uuid}/progress", guards=[needs(_P.CERTIFICATE_ISSUE)])
async def progress(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """The moving part of the page."""
    view = await _progress_view(services, actor_of(request), batch_id)
    answer = page(request, f"{PAGES}/_progress.html", **view)
    if not view["running"]:
        answer.set_header("X-Done", "true")
    return answer


@get("/certificates/batches/{batch_id:uuid}/sample.png", guards=[needs(_P.CERTIFICATE_ISSUE)])
async def sample(
    request: AppRequest, services: AppServices, batch_id: FromPath[UUID], which: Which = 0
) -> Response[bytes]:
    """A picture of what a certificate of this batch will look like; its number is invented and it is not signed."""
    actor = actor_of(request)
    listed = await _candidates(services, actor, batch_id, printable=False)
    chosen = listed.samples
    if which >= len(chosen):
        raise NotFound
    intent = sample_of(chosen[which], listed.templates[chosen[which].organisation_id], services.clock.now())
    picture = await asyncio.to_thread(
        picture_of,
        intent,
        photo=services.files.get(intent.photo_sha256),
        base_url=services.settings.base_url,
        signer_name=signer_of(services.settings).name,
        home=services.settings.home,
    )
    return file_response(picture, "image/png", "sample.png", inline=True)


@post("/certificates/batches/{batch_id:uuid}/propose", guards=[needs(_P.CERTIFICATE_ISSUE)], status_code=200)
async def propose(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """Propose to issue to everybody on the list that was shown."""
    form = await parse_form(request, ProposeForm)
    actor = actor_of(request)
    async with services.db.transaction() as session:
        await actions.require_ready(session, actor, batch_id)
    listed = await _candidates(services, actor, batch_id)
    async with services.db.transaction() as session:
        await actions.propose(
            session,
            actor,
            batch_id=batch_id,
            waiting=listed.waiting,
            problems=listed.codes,
            seen=form.seen,
            now=services.clock.now(),
        )
    return redirect(request, f"/certificates/batches/{batch_id}", N_("已提出颁发申请，请另一名发证员批准。"))


@post("/certificates/releases/{release_id:uuid}/approve", guards=[needs(_P.CERTIFICATE_ISSUE)], status_code=200)
async def approve(request: AppRequest, services: AppServices, release_id: FromPath[UUID]) -> Response[Any]:
    """The second officer approves the list that was shown; issuing begins in the background."""
    form = await parse_form(request, DecideForm)
    async with services.db.transaction() as session:
        batch_id = await actions.approve(
            session, actor_of(request), release_id=release_id, seen=form.seen, now=services.clock.now()
        )
    return redirect(request, f"/certificates/batches/{batch_id}", N_("已批准并开始颁发，可以离开本页，进度会保留。"))


@post("/certificates/releases/{release_id:uuid}/return", guards=[needs(_P.CERTIFICATE_ISSUE)], status_code=200)
async def send_back(request: AppRequest, services: AppServices, release_id: FromPath[UUID]) -> Response[Any]:
    """The second officer returns the list with a reason."""
    form = await parse_form(request, ReasonForm)
    async with services.db.transaction() as session:
        batch_id = await actions.send_back(
            session, actor_of(request), release_id=release_id, reason=form.reason, now=services.clock.now()
        )
    return redirect(request, f"/certificates/batches/{batch_id}", N_("已退回颁发申请。"))


@post("/certificates/releases/{release_id:uuid}/withdraw", guards=[needs(_P.CERTIFICATE_ISSUE)], status_code=200)
async def withdraw(request: AppRequest, services: AppServices, release_id: FromPath[UUID]) -> Response[Any]:
    """Whoever proposed the list takes it back."""
    async with services.db.transaction() as session:
        batch_id = await actions.withdraw(session, actor_of(request), release_id=release_id, now=services.clock.now())
    return redirect(request, f"/certificates/batches/{batch_id}", N_("已撤回颁发申请。"))


@post("/certificates/halt", guards=[needs(_P.CERTIFICATE_ISSUE)], status_code=200)
async def halt(request: AppRequest, services: AppServices) -> Response[Any]:
    """Stop all issuing at once."""
    form = await parse_form(request, HaltForm)
    async with services.db.transaction() as session:
        await actions.halt(session, actor_of(request), reason=form.reason, now=services.clock.now())
    return redirect(request, _back(form.batch), N_("证书颁发已停止；正在办理的证书停在原处，编号不会丢失。"))


@post("/certificates/resume", guards=[needs(_P.CERTIFICATE_ISSUE)], status_code=200)
async def resume(request: AppRequest, services: AppServices) -> Response[Any]:
    """Agree to go on; the second person's agreement ends the stop."""
    form = await parse_form(request, DecideForm)
    async with services.db.transaction() as session:
        found = await actions.resume(session, actor_of(request), now=services.clock.now())
    words = N_("还须另一名发证员同意。") if found.in_force else N_("证书颁发已恢复，从停下的地方继续。")
    return redirect(request, _back(form.batch), words)


@get("/certificates/batches/{batch_id:uuid}/register", guards=[needs(_P.CERTIFICATE_ISSUE)])
async def register(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[bytes]:
    """Print the issue register."""
    actor = actor_of(request)
    async with services.db.transaction() as session:
        batch = await registration.batch(session, batch_id)
        found, _ = await queries.page_of(session, actor, batch_id=batch_id, limit=100_000)
    data = await issue_register(
        [one for one in found if one.status not in (*UNFINISHED, CertificateStatus.VOIDED)],
        batch,
        printed_at=services.clock.now(),
        printed_by=actor.name,
        locale=locale_of(request),
        home=services.settings.home,
    )
    return file_response(data, "application/pdf", f"证书发放登记表-{batch.code}.pdf")


async def _progress_view(services: Services, actor: Actor, batch_id: UUID) -> dict[str, Any]:
    async with services.db.transaction() as session:
        batch = await registration.batch(session, batch_id)
        releases = [await _release_view(session, actor, one) for one in await queries.releases_of(session, batch_id)]
        backlog = await jobs.backlog(session, GROUP_JOB, FINISH_JOB)
        stop: HaltLine | None = await halt_line(session)
        line = await _line(session, actor, batch)
    left = sum(one.progress.left for one in releases if one.release.status is ReleaseStatus.APPROVED)
    return {
        "line": line,
        "batch": batch,
        "releases": releases,
        "proposal": next((one for one in releases if one.is_open), None),
        "left": left,
        "halt": stop,
        "me": actor.account_id,
        "backlog": backlog,
        "running": stop is None and bool(backlog.waiting + backlog.running) and left > 0,
    }


async def _line(session: AsyncSession, actor: Actor, batch: Batch) -> queries.BatchLine:
    return await queries.batch_line(session, actor, batch)


async def _release_view(session: AsyncSession, actor: Actor, one: Release) -> ReleaseView:
    names = await accounts.names(session, [id for id in (one.proposed_by, one.decided_by) if id is not None])
    held = await queries.held_items(session, one.id)
    people = {
        each.id: each.name
        for each in await registration.registrations(session, ids=[item.registration_id for item in held[:SHOWN]])
    }
    return ReleaseView(
        release=one,
        progress=await queries.progress_of(session, one),
        proposed_by=names.get(one.proposed_by, ""),
        decided_by=names.get(one.decided_by, "") if one.decided_by else "",
        held=[(people[item.registration_id], item.held.split()) for item in held[:SHOWN]],
        own=one.proposed_by == actor.account_id,
    )


async def _candidates(services: Services, actor: Actor, batch_id: UUID, *, printable: bool = True) -> Candidates:
    async with services.db.transaction() as session:
        waiting = await queries.eligible(
            session,
            actor,
            batch_id,
            issued_on=china_date(services.clock.now()),
            specimen=signer_of(services.settings).specimen,
        )
        listed = await queries.listed(session, [one.registration_id for one in waiting])
        organisations = sorted({one.organisation_id for one in waiting})
        designs = {id: await designed.in_force(session, id) for id in organisations}
    found = Candidates(waiting=waiting, problems={}, designs=designs)
    free = [one for one in waiting if one.registration_id not in listed] if printable else waiting
    problems = await asyncio.to_thread(problems_of, free, services.settings.home, templates=found.templates)
    return replace(found, waiting=free, problems=problems)


def _back(batch: UUID | None) -> str:
    return "/certificates" if batch is None else f"/certificates/batches/{batch}"


ROUTES = [
    batch_page, progress, sample, propose, approve, send_back, withdraw, halt, resume, register,
]  # fmt: skip
