"""The office's pages of marking: progress per component, typing paper marks, marking by key, verification."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Actor, Permission
from exam.catalogue.rules import FORM_LABELS, Component, Form, Scheme
from exam.kernel.errors import N_, NotFound, Refusal
from exam.kernel.forms import parse_form
from exam.kernel.pages import page, redirect, status_of
from exam.registration import queries as registration
from exam.registration.rules import BATCH_STATUS_LABELS, Batch
from exam.sittings import queries as sittings
from exam.sittings.rules import RoomSession
from scoring.marking import actions, queries
from scoring.marking.actions.papers import HANDED_IN
from scoring.marking.forms import VerifyForm, marks_sent
from scoring.marking.queries import ComponentProgress, Expected
from scoring.marking.rules import ENTRY_LABELS, PATH_LABELS, STATE_LABELS, EntryState, PartState, Path, state_of

OFFICE = [needs(Permission.MARK_ENTER, Permission.MARK_VERIFY)]
PATHS_SHOWN = 50
MARKED = (Path.LEAD, Path.NEAREST_PAIR, Path.MEAN, Path.SINGLE)  # paths that end in a mark
ENTRY = "pages/scoring/marking/entry.html"


@dataclass(frozen=True, kw_only=True)
class EntryLine:
    """One paper in the list: may I type it now, or where does it stand."""

    part: Expected
    state: EntryState
    mine: bool  # read by me already
    handed_in: bool

    @property
    def open(self) -> bool:
        return self.handed_in and not self.mine and self.state not in (EntryState.AGREED, EntryState.DECIDED)


@dataclass(frozen=True, kw_only=True)
class EntryView:
    batch: Batch
    scheme: Scheme
    component: Component
    rooms: tuple[RoomSession, ...]
    room: RoomSession | None
    lines: tuple[EntryLine, ...]

    @property
    def counts(self) -> Mapping[EntryState, int]:
        found = dict.fromkeys(EntryState, 0)
        for line in self.lines:
            found[line.state] += 1
        return found


@get("/scoring/marking", guards=OFFICE)
async def batches(request: AppRequest, services: AppServices) -> Response[Any]:
    """Show the batches that are being marked."""
    actor = actor_of(request)
    async with services.db.transaction() as session:
        found = [
            (one, [line for line in await queries.progress(session, one.id) if queries.in_scope(actor, line.scheme)])
            for one in await registration.batches(session)
            if one.status in queries.MARKED_BATCHES
        ]
    lines = [(batch, progress) for batch, progress in found if progress]
    return page(
        request, "pages/scoring/marking/batches.html", batches=lines, status_labels=BATCH_STATUS_LABELS,
        missing=PartState.MISSING,
    )  # fmt: skip


@get("/scoring/marking/batches/{batch_id:uuid}", guards=OFFICE)
async def batch_page(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """Show how far each component of a batch is, and what to do next."""
    async with services.db.transaction() as session:
        return await _batch_page(request, session, batch_id, None)


@post("/scoring/marking/batches/{batch_id:uuid}/computer", guards=OFFICE, status_code=200)
async def mark_computer(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """Mark the handed-in computer papers and enter what needs no marking."""
    actor, now = actor_of(request), services.clock.now()
    async with services.db.transaction() as session:
        marked = await actions.mark_computer(session, actor, batch_id=batch_id, now=now)
        if actor.may(Permission.MARK_VERIFY):
            await actions.collect(session, actor, batch_id=batch_id, now=now)
    notice = N_("已按答案阅卷 %(count)s 份，%(waiting)s 份尚未交卷。")
    return redirect(request, f"/scoring/marking/batches/{batch_id}", notice, count=marked.count, waiting=marked.waiting)


@post("/scoring/marking/batches/{batch_id:uuid}/verify", guards=[needs(Permission.MARK_VERIFY)], status_code=200)
async def verify(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """Verify what others have entered."""
    form = await parse_form(request, VerifyForm)
    try:
        async with services.db.transaction() as session:
            done = await actions.verify_marks(
                session, actor_of(request), batch_id=batch_id, component_id=form.component_id, now=services.clock.now()
            )
    except Refusal as refusal:
        async with services.db.transaction() as session:
            return await _batch_page(request, session, batch_id, refusal)
    address = f"/scoring/marking/batches/{batch_id}"
    if done.held:
        notice = N_("已复核 %(count)s 个成绩；另有 %(held)s 个要等场次对平关闭。")
        return redirect(request, address, notice, count=done.count, held=done.held)
    return redirect(request, address, N_("已复核 %(count)s 个成绩。"), count=done.count)


@get("/scoring/marking/batches/{batch_id:uuid}/papers/{component_id:uuid}", guards=[needs(Permission.MARK_ENTER)])
async def entry_page(
    request: AppRequest,
    services: AppServices,
    batch_id: FromPath[UUID],
    component_id: FromPath[UUID],
    room: Annotated[str, QueryParameter(max_length=40)] = "",
) -> Response[Any]:
    """Show the papers of one room to type marks for; nobody sees what another has typed."""
    async with services.db.transaction() as session:
        view = await _entry(session, actor_of(request), batch_id, component_id, room)
    return page(request, ENTRY, view=view, refusal=None, typed={}, entry_labels=ENTRY_LABELS)


@post(
    "/scoring/marking/batches/{batch_id:uuid}/papers/{component_id:uuid}", guards=[needs(Permission.MARK_ENTER)],
    status_code=200,
)  # fmt: skip
async def enter(
    request: AppRequest,
    services: AppServices,
    batch_id: FromPath[UUID],
    component_id: FromPath[UUID],
    room: Annotated[str, QueryParameter(max_length=40)] = "",
) -> Response[Any]:
    """Save typed marks; what is wrong is shown beside its field, and nothing is saved."""
    sent = dict(await request.form())
    try:
        entries = marks_sent(sent.items())
        async with services.db.transaction() as session:
            done = await actions.enter_paper_marks(
                session, actor_of(request), batch_id=batch_id, component_id=component_id, entries=entries,
                now=services.clock.now(),
            )  # fmt: skip
    except Refusal as refusal:
        async with services.db.transaction() as session:
            view = await _entry(session, actor_of(request), batch_id, component_id, room)
        return page(request, ENTRY, status=status_of(refusal), view=view, refusal=refusal, typed=sent,
                    entry_labels=ENTRY_LABELS)  # fmt: skip
    address = f"/scoring/marking/batches/{batch_id}/papers/{component_id}" + (f"?room={room}" if room else "")
    notice = N_("已录入 %(count)s 份：%(agreed)s 份确定，%(different)s 份与另一次不一致，%(waiting)s 份等待第二人。")
    return redirect(request, address, notice, count=done.count, agreed=done.agreed, different=done.different,
                    waiting=done.waiting)  # fmt: skip


@get("/scoring/marking/batches/{batch_id:uuid}/paths/{component_id:uuid}", guards=OFFICE)
async def paths_page(
    request: AppRequest,
    services: AppServices,
    batch_id: FromPath[UUID],
    component_id: FromPath[UUID],
    path: Annotated[str, QueryParameter(max_length=20)] = "",
    number: Annotated[int, QueryParameter(name="page", ge=1, le=1000)] = 1,
) -> Response[Any]:
    """Show how the practical marks of a component came about, the largest spread first."""
    async with services.db.transaction() as session:
        scheme, component = await queries.component(session, component_id)
        if not component.form.practical or not queries.in_scope(actor_of(request), scheme):
            raise NotFound
        batch = await registration.batch(session, batch_id)
        found = await queries.component_paths(session, batch_id, component_id)
    counts = {one: sum(line.path.path is one for line in found) for one in MARKED}
    lines = [line for line in found if path in ("", line.path.path.value)]
    pages = max(1, -(-len(lines) // PATHS_SHOWN))
    at = min(number, pages)
    here = f"/scoring/marking/batches/{batch_id}/paths/{component_id}?path={path}&page=%s"
    return page(
        request, "pages/scoring/marking/paths.html", batch=batch, scheme=scheme, component=component, chosen=path,
        lines=lines[(at - 1) * PATHS_SHOWN : at * PATHS_SHOWN], counts=counts, path_labels=PATH_LABELS,
        pager=Pager(number=at, pages=pages, total=len(lines), address=here),
        rooms={line.room.id: line.room for line in found},
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Pager:
    """Where a long list stands."""

    number: int
    pages: int
    total: int
    address: str

    def href(self, number: int) -> str:
        return self.address % number


async def _batch_page(
    request: AppRequest, session: AsyncSession, batch_id: UUID, refusal: Refusal | None
) -> Response[Any]:
    actor = actor_of(request)
    batch = await registration.batch(session, batch_id)
    lines = [one for one in await queries.progress(session, batch_id) if queries.in_scope(actor, one.scheme)]
    return page(
        request, "pages/scoring/marking/batch.html", status=200 if refusal is None else status_of(refusal),
        batch=batch, lines=lines, refusal=refusal, form_labels=FORM_LABELS, state_labels=STATE_LABELS,
        status_labels=BATCH_STATUS_LABELS, missing=PartState.MISSING, scored=PartState.SCORED, total=_total(lines),
        held=await queries.held_rooms(session, batch_id),
        may_enter=actor.may(Permission.MARK_ENTER), may_verify=actor.may(Permission.MARK_VERIFY), Form=Form,
    )  # fmt: skip


def _total(lines: list[ComponentProgress]) -> tuple[int, int, int]:
    """Parts expected, with a mark, verified."""
    return (sum(one.expected for one in lines), sum(one.done for one in lines), sum(one.verified for one in lines))


async def _entry(session: AsyncSession, actor: Actor, batch_id: UUID, component_id: UUID, room_id: str) -> EntryView:
    scheme, component = await queries.component(session, component_id)
    if component.form is not Form.PAPER or not queries.in_scope(actor, scheme):
        raise NotFound
    batch = await registration.batch(session, batch_id)
    rooms = [
        one for one in await sittings.room_sessions(session, batch_id=batch_id) if one.component_id == component_id
    ]
    chosen = next((one for one in rooms if str(one.id) == room_id), None) or (rooms[0] if len(rooms) == 1 else None)
    read = await queries.paper_entries(session, batch_id=batch_id, component_id=component_id)
    parts = [
        one
        for one in await queries.expected(session, batch_id, component_id=component_id)
        if one.sitting is not None and chosen is not None and one.sitting.room_session_id == chosen.id
    ]
    lines = []
    for part in sorted(parts, key=lambda one: one.sitting.seat_no if one.sitting else 0):
        entries = read.get((part.registration.id, component_id), [])
        lines.append(
            EntryLine(
                part=part,
                state=state_of(entries),
                mine=any(one.entered_by == actor.account_id for one in entries),
                handed_in=part.sitting is not None and part.sitting.status in HANDED_IN,
            )
        )
    return EntryView(batch=batch, scheme=scheme, component=component, rooms=tuple(rooms), room=chosen,
                     lines=tuple(lines))  # fmt: skip


ROUTES = [batches, batch_page, mark_computer, verify, entry_page, enter, paths_page]
