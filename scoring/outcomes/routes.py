"""Pages of outcomes: batches, one batch with its distribution, one result explained, the candidate's own results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts import queries as accounts
from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Permission
from exam.kernel.errors import N_, Conflict, NotFound, Refusal
from exam.kernel.forms import parse_form
from exam.kernel.pages import file_response, page, redirect, status_of
from exam.kernel.pdf import render_pdfs
from exam.kernel.services import Services
from exam.registration import queries as registration
from exam.registration.rules import BATCH_STATUS_LABELS
from exam.sittings import queries as sittings
from scoring.marking.rules import SOURCE_LABELS, STATE_LABELS
from scoring.outcomes import actions, documents, queries
from scoring.outcomes.forms import ComputeForm
from scoring.outcomes.queries import Line, Overview
from scoring.outcomes.rules import DECISION_LABELS, DECISION_TONES, STATUS_LABELS, Decision, OutcomeStatus

READ = [needs(Permission.OUTCOME_READ, Permission.OUTCOME_VERIFY, Permission.OUTCOME_PUBLISH)]
WORK = [needs(Permission.OUTCOME_VERIFY, Permission.OUTCOME_PUBLISH)]
PAGE_SIZE = 50
LABELS: dict[str, Any] = {
    "decision_labels": DECISION_LABELS,
    "decision_tones": DECISION_TONES,
    "status_labels": STATUS_LABELS,
    "state_labels": STATE_LABELS,
    "source_labels": SOURCE_LABELS,
}


@dataclass(frozen=True)
class Bin:
    """One step of the distribution."""

    low: int
    high: int
    count: int


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What the list shows, as it stands in the address."""

    decision: str = ""
    scheme: str = ""
    search: str = ""
    number: int = 1


@dataclass(frozen=True, kw_only=True)
class Pages:
    """A page of a list, as the pager wants it."""

    number: int
    total: int
    size: int = PAGE_SIZE

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.size))


class NothingToPrint(Conflict):
    message = N_("还没有结果可以打印。")
    way_out = N_("请先计算并核定结果。")


@get("/scoring/outcomes", guards=READ)
async def batches(request: AppRequest, services: AppServices) -> Response[Any]:
    """Show the batches that have outcomes or wait for them."""
    async with services.db.transaction() as session:
        found = await queries.batches(session, actor_of(request))
    return page(
        request, "pages/scoring/outcomes/batches.html", batches=found, batch_labels=BATCH_STATUS_LABELS,
        S=OutcomeStatus, **LABELS,
    )  # fmt: skip


@get("/scoring/outcomes/batches/{batch_id:uuid}", guards=READ)
async def batch_page(
    request: AppRequest,
    services: AppServices,
    batch_id: FromPath[UUID],
    decision: Annotated[str, QueryParameter(max_length=20)] = "",
    scheme: Annotated[str, QueryParameter(max_length=40)] = "",
    search: Annotated[str, QueryParameter(name="q", max_length=40)] = "",
    number: Annotated[int, QueryParameter(name="page", ge=1, le=100_000)] = 1,
) -> Response[Any]:
    """Show a batch: numbers, distribution, every result, and the next of the three steps."""
    filters = Filters(decision=decision, scheme=scheme, search=search.strip(), number=number)
    async with services.db.transaction() as session:
        return await _batch_page(request, session, batch_id, filters, None)


@post("/scoring/outcomes/batches/{batch_id:uuid}/compute", guards=WORK, status_code=200)
async def compute(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """Compute what can be computed."""
    form = await parse_form(request, ComputeForm)
    async with services.db.transaction() as session:
        done = await actions.compute(
            session, actor_of(request), batch_id=batch_id, reason=form.reason, now=services.clock.now()
        )
    return redirect(
        request, f"/scoring/outcomes/batches/{batch_id}",
        N_("新算 %(new)s 人，未变 %(unchanged)s 人，缺成绩 %(waiting)s 人，发布后有变动 %(changed)s 人。"),
        new=done.new, unchanged=done.unchanged, waiting=len(done.waiting), changed=len(done.changed_after_publication),
    )  # fmt: skip


@post("/scoring/outcomes/batches/{batch_id:uuid}/verify", guards=[needs(Permission.OUTCOME_VERIFY)], status_code=200)
async def verify(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """Verify the computed results, as a second person."""
    try:
        async with services.db.transaction() as session:
            count = await actions.verify(session, actor_of(request), batch_id=batch_id, now=services.clock.now())
    except Refusal as refusal:
        return await _refused(request, services, batch_id, refusal)
    return redirect(request, f"/scoring/outcomes/batches/{batch_id}", N_("已核定 %(count)s 人的结果。"), count=count)


@post("/scoring/outcomes/batches/{batch_id:uuid}/publish", guards=[needs(Permission.OUTCOME_PUBLISH)], status_code=200)
async def publish(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """Publish the verified results, as a third person."""
    try:
        async with services.db.transaction() as session:
            count = await actions.publish(session, actor_of(request), batch_id=batch_id, now=services.clock.now())
    except Refusal as refusal:
        return await _refused(request, services, batch_id, refusal)
    return redirect(request, f"/scoring/outcomes/batches/{batch_id}", N_("已向 %(count)s 人发布结果。"), count=count)


@get("/scoring/outcomes/batches/{batch_id:uuid}/register", guards=READ)
async def register(
    request: AppRequest,
    services: AppServices,
    batch_id: FromPath[UUID],
    scheme: Annotated[str, QueryParameter(max_length=40)] = "",
) -> Response[Any]:
    """Give the printed result register (document 9) of one scheme or of all."""
    actor = actor_of(request)
    async with services.db.transaction() as session:
        view = await queries.overview(session, actor, batch_id)
        chosen = _only(view, scheme)
        parts = await documents.result_registers(session, chosen, actor.name, services.clock.now())
    if not parts or all(line.outcome is None for line in chosen.lines):
        raise NothingToPrint
    return file_response(await render_pdfs(parts), "application/pdf", f"{view.batch.code}-成绩登记表.pdf", inline=True)


@get("/scoring/outcomes/{outcome_id:uuid}", guards=READ)
async def outcome_page(request: AppRequest, services: AppServices, outcome_id: FromPath[UUID]) -> Response[Any]:
    """Show one result with its reasons, its marks and all its versions."""
    async with services.db.transaction() as session:
        found = await queries.outcome(session, outcome_id)
        view = await queries.overview(session, actor_of(request), found.batch_id)
        line = next((one for one in view.lines if one.registration.id == found.registration_id), None)
        if line is None or line.outcome is None:
            raise NotFound
        versions = await queries.all_versions(session, registration_id=found.registration_id)
        if not queries.working(actor_of(request), line.scheme):
            versions = [one for one in versions if one.published_at is not None]
        if found.id not in {one.id for one in versions}:
            raise NotFound
        names = await accounts.names(session, _people(line, versions))
        places = await sittings.sittings(session, registration_id=found.registration_id)
        paths = (await queries.paths(session, [found.registration_id]))[found.registration_id]
    return page(
        request, "pages/scoring/outcomes/outcome.html", outcome=found, line=line, versions=versions, names=names,
        steps=queries.steps_of(found), ticket_no=places[0].ticket_no if places else "", batch=view.batch, paths=paths,
        inside=queries.working(actor_of(request), line.scheme), **LABELS,
    )  # fmt: skip


@get("/scoring/outcomes/mine", guards=[needs(Permission.OWN_READ)])
async def mine(request: AppRequest, services: AppServices) -> Response[Any]:
    """Show a candidate the own published results with their reasons."""
    async with services.db.transaction() as session:
        lines = await queries.mine(session, actor_of(request))
        paths = await queries.paths(session, [line.registration.id for line in lines if line.outcome])
        batches = {
            one: await registration.batch(session, one) for one in {line.registration.batch_id for line in lines}
        }
    return page(
        request, "pages/scoring/outcomes/mine.html", lines=lines, batches=batches, paths=paths,
        steps={line.registration.id: queries.steps_of(line.outcome) for line in lines if line.outcome}, **LABELS,
    )  # fmt: skip


async def _refused(request: AppRequest, services: Services, batch_id: UUID, refusal: Refusal) -> Response[Any]:
    async with services.db.transaction() as session:
        return await _batch_page(request, session, batch_id, Filters(), refusal)


async def _batch_page(
    request: AppRequest, session: AsyncSession, batch_id: UUID, filters: Filters, refusal: Refusal | None
) -> Response[Any]:
    actor = actor_of(request)
    view = await queries.overview(session, actor, batch_id)
    chosen = _only(view, filters.scheme)
    tickets = {one.registration_id: one.ticket_no for one in await sittings.sittings(session, batch_id=batch_id)}
    lines = [line for line in chosen.lines if _shown(line, tickets, filters)]
    schemes = {line.scheme.id: line.scheme for line in view.lines}
    marks = {line.scheme.pass_rule.pass_mark for line in chosen.lines}
    start = (filters.number - 1) * PAGE_SIZE
    return page(
        request, "pages/scoring/outcomes/batch.html", status=200 if refusal is None else status_of(refusal), view=view,
        chosen=chosen, lines=lines[start : start + PAGE_SIZE], pages=Pages(number=filters.number, total=len(lines)),
        filters=filters, tickets=tickets, schemes=list(schemes.values()), refusal=refusal,
        bins=[Bin(*one) for one in queries.distribution(chosen.lines)], pass_mark=_one(marks),
        working=any(queries.in_scope(actor, one) for one in schemes.values()),
        may_verify=actor.may(Permission.OUTCOME_VERIFY), may_publish=actor.may(Permission.OUTCOME_PUBLISH),
        batch_labels=BATCH_STATUS_LABELS, D=Decision, S=OutcomeStatus, **LABELS,
    )  # fmt: skip


def _only(view: Overview, scheme: str) -> Overview:
    """The overview narrowed to one scheme."""
    if not scheme:
        return view
    return queries.summed(view.batch, tuple(line for line in view.lines if str(line.scheme.id) == scheme))


def _shown(line: Line, tickets: dict[UUID, str], filters: Filters) -> bool:
    decision = "none" if line.outcome is None else line.outcome.decision.value
    if filters.decision and filters.decision != decision:
        return False
    wanted = filters.search
    return not wanted or wanted in line.registration.name or wanted in tickets.get(line.registration.id, "")


def _people(line: Line, versions: Sequence[Any]) -> list[UUID]:
    people = {one for mark in line.marks.values() for one in (*mark.entered_by, mark.verified_by)}
    people |= {one for version in versions for one in (version.verified_by, version.published_by)}
    return [one for one in people if one is not None]


def _one(marks: set[Decimal]) -> Decimal | None:
    return marks.pop() if len(marks) == 1 else None


ROUTES = [batches, batch_page, compute, verify, publish, register, outcome_page, mine]
