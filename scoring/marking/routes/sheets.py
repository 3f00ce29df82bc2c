"""The assessor's pages, on a tablet: own stations, one sheet at a time, the lead's decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts import queries as accounts
from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Actor, Permission
from exam.catalogue.rules import (
    DIMENSION_LABELS,
    EFFECT_LABELS,
    PROOF_LABELS,
    ROW_LABELS,
    Component,
    Level,
    Scheme,
    Sheet,
)
from exam.kernel.errors import N_, NotFound, Refusal
from exam.kernel.forms import parse_form
from exam.kernel.i18n import translate
from exam.kernel.pages import file_response, json_response, page, redirect, status_of, wants_json
from exam.kernel.pdf import render_pdf
from exam.kernel.services import Services
from exam.registration import queries as registration
from exam.sittings import queries as sittings
from exam.sittings.rules import DUTY_LABELS, STATUS_LABELS, Duty, RoomSession, Sitting
from scoring.marking import actions, documents, queries
from scoring.marking.forms import ReasonForm, sheet_sent
from scoring.marking.queries import ScoreSheet
from scoring.marking.rules import (
    SHEET_LABELS,
    Entry,
    Evidence,
    SheetScore,
    SheetStatus,
    missing,
    read_entries,
    read_evidence,
    score_sheet,
)

SHEET = "pages/scoring/marking/sheet.html"
SCORE = [needs(Permission.SHEET_SCORE)]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What stands in a preview for a candidate, a room and a scheme that are not there yet."""

    certificate_name_zh: str = ""
    certificate_name_en: str = ""
    level: Level = Level.ELEMENTARY
    name_zh: str = ""
    name_en: str = ""
    full_marks: Decimal = Decimal(0)
    seat_no: int = 7
    ticket_no: str = "00000000000000"
    room_name_zh: str = "样例考场"
    room_name_en: str = "Sample room"


@dataclass(frozen=True, kw_only=True)
class SheetView:
    """Everything one sheet's page shows."""

    sheet: ScoreSheet
    definition: Sheet
    scheme: Scheme | Sample
    component: Component | Sample
    sitting: Sitting | Sample
    room: RoomSession | Sample
    entries: Mapping[str, Entry]
    score: SheetScore
    missing: tuple[str, ...]
    evidence: Mapping[str, Evidence]  # by veto row
    names: Mapping[UUID, str]  # of who signed or declined as the second
    has_photo: bool
    ends_at: datetime

    @property
    def earned(self) -> Mapping[str, Decimal]:
        return {row.code: row.earned for row in self.score.rows}

    @property
    def open(self) -> bool:
        return self.sheet.status is SheetStatus.DRAFT


@dataclass(frozen=True, kw_only=True)
class Preview:
    """Where a preview leads instead of a sheet's own addresses."""

    here: str
    back: str
    print: str


@get("/scoring/marking/stations", guards=SCORE)
async def stations(request: AppRequest, services: AppServices) -> Response[Any]:
    """Show the own stations with their candidates."""
    now = services.clock.now()
    async with services.db.transaction() as session:
        found = await queries.stations(session, actor_of(request), now)
    return page(
        request, "pages/scoring/marking/stations.html", stations=found, at=now, duty_labels=DUTY_LABELS,
        sheet_labels=SHEET_LABELS, sitting_labels=STATUS_LABELS, Duty=Duty,
    )  # fmt: skip


@post("/scoring/marking/sittings/{sitting_id:uuid}/sheet", guards=SCORE, status_code=200)
async def open_sheet(request: AppRequest, services: AppServices, sitting_id: FromPath[UUID]) -> Response[Any]:
    """Open the own sheet for a candidate."""
    async with services.db.transaction() as session:
        sheet = await actions.open_sheet(session, actor_of(request), sitting_id=sitting_id, now=services.clock.now())
    return redirect(request, f"/scoring/marking/sheets/{sheet.id}")


@get("/scoring/marking/sheets/{sheet_id:uuid}", guards=SCORE)
async def sheet_page(request: AppRequest, services: AppServices, sheet_id: FromPath[UUID]) -> Response[Any]:
    """Show the own sheet: to fill in while it is a draft, to read once it is signed."""
    async with services.db.transaction() as session:
        view = await _view(session, actor_of(request), sheet_id)
    return sheet_response(request, services, view)


@post("/scoring/marking/sheets/{sheet_id:uuid}", guards=SCORE, status_code=200)
async def save_sheet(request: AppRequest, services: AppServices, sheet_id: FromPath[UUID]) -> Response[Any]:
    """Save what was entered; a script is answered with what the server now holds."""
    actor = actor_of(request)
    try:
        await _save(request, services, actor, sheet_id)
    except Refusal as refusal:
        if wants_json(request):
            raise
        return await _refused(request, services, sheet_id, refusal)
    if wants_json(request):
        async with services.db.transaction() as session:
            return json_response(saved_data(await _view(session, actor, sheet_id)))
    return redirect(request, f"/scoring/marking/sheets/{sheet_id}", N_("已保存。"))


@post("/scoring/marking/sheets/{sheet_id:uuid}/sign", guards=SCORE, status_code=200)
async def sign_sheet(request: AppRequest, services: AppServices, sheet_id: FromPath[UUID]) -> Response[Any]:
    """Save what the page shows and sign it, in one step."""
    try:
        await _save(request, services, actor_of(request), sheet_id)
        async with services.db.transaction() as session:
            signed = await actions.sign_sheet(session, actor_of(request), sheet_id=sheet_id, now=services.clock.now())
    except Refusal as refusal:
        return await _refused(request, services, sheet_id, refusal)
    notice = N_("评分表已签名。")
    if signed.status is not SheetStatus.SIGNED:
        notice = N_("更正已签名，等待组长会签。") if signed.version > 1 else N_("已签名；否决项等待第二人签名。")
    return redirect(request, f"/scoring/marking/sheets/{sheet_id}", notice)


@post("/scoring/marking/sheets/{sheet_id:uuid}/correct", guards=SCORE, status_code=200)
async def correct_sheet(request: AppRequest, services: AppServices, sheet_id: FromPath[UUID]) -> Response[Any]:
    """Begin a correction with its reason."""
    form = await parse_form(request, ReasonForm)
    async with services.db.transaction() as session:
        new = await actions.correct_sheet(
            session, actor_of(request), sheet_id=sheet_id, reason=form.reason, now=services.clock.now()
        )
    return redirect(request, f"/scoring/marking/sheets/{new.id}", N_("已建立更正版本，原评分表保留不变。"))


@get("/scoring/marking/sheets/{sheet_id:uuid}/photo", guards=SCORE)
async def photo(request: AppRequest, services: AppServices, sheet_id: FromPath[UUID]) -> Response[Any]:
    """Show the candidate's photo to the assessor of this sheet."""
    async with services.db.transaction() as session:
        sheet = await _readable(session, actor_of(request), sheet_id)
        data = await registration.photo(session, services.files, sheet.registration_id)
    return file_response(data, "image/png" if data[:4] == b"\x89PNG" else "image/jpeg", "photo", inline=True)


@get("/scoring/marking/sheets/{sheet_id:uuid}/print", guards=SCORE)
async def print_sheet(request: AppRequest, services: AppServices, sheet_id: FromPath[UUID]) -> Response[Any]:
    """Give the printed score sheet (document 7): filled in when signed, else to be filled in by hand."""
    async with services.db.transaction() as session:
        sheet = await _readable(session, actor_of(request), sheet_id)
        html = await documents.score_sheet(session, sheet, actor_of(request).name, services.clock.now())
    return file_response(await render_pdf(html), "application/pdf", f"score-sheet-{sheet_id}.pdf", inline=True)


async def _save(request: AppRequest, services: Services, actor: Actor, sheet_id: UUID) -> None:
    sent = sheet_sent(dict(await request.form()))
    async with services.db.transaction() as session:
        await actions.save_sheet(
            session, actor, sheet_id=sheet_id, answers=sent.answers, overtime_minutes=sent.overtime_minutes,
            note=sent.note, evidence=sent.evidence, now=services.clock.now(),
        )  # fmt: skip


async def _readable(session: AsyncSession, actor: Actor, sheet_id: UUID) -> ScoreSheet:
    """The sheet, for its assessor; for the room's lead once it is signed. For anybody else there is none."""
    sheet = await queries.sheet(session, sheet_id)
    if sheet.assessor_id == actor.account_id:
        return sheet
    duties = await queries.assessing(session, sheet.room_session_id)
    leads = any(one.account_id == actor.account_id and one.duty is Duty.LEAD_ASSESSOR for one in duties)
    if leads and sheet.status is not SheetStatus.DRAFT:
        return sheet
    raise NotFound


async def _view(session: AsyncSession, actor: Actor, sheet_id: UUID) -> SheetView:
    sheet = await _readable(session, actor, sheet_id)
    scheme, component = await queries.component(session, sheet.component_id)
    definition = await queries.sheet_definition(session, sheet.component_id)
    sitting = await sittings.sitting(session, sheet.sitting_id)
    room = await sittings.room_session(session, sheet.room_session_id)
    person = await registration.registration(session, sheet.registration_id)
    entries = read_entries(definition, sheet.answers)
    blank = missing(definition, entries, sheet.overtime_minutes)
    seconds = [one for one in (sheet.countersigned_by, sheet.declined_by) if one is not None]
    begun = sitting.started_at or sitting.starts_at
    return SheetView(
        sheet=sheet, definition=definition, scheme=scheme, component=component, sitting=sitting, room=room,
        entries=entries, score=score_sheet(definition, entries, sheet.overtime_minutes), missing=tuple(blank),
        evidence=read_evidence(definition, sheet.evidence), names=await accounts.names(session, seconds),
        has_photo=person.photo_sha256 is not None,
        ends_at=begun + timedelta(minutes=component.duration_minutes + sitting.granted_minutes + sitting.extra_minutes),
    )  # fmt: skip


def sheet_response(
    request: AppRequest,
    services: Services,
    view: SheetView,
    refusal: Refusal | None = None,
    preview: Preview | None = None,
) -> Response[Any]:
    """The page of one sheet; the same for a preview, which saves nothing."""
    return page(
        request, SHEET, status=200 if refusal is None else status_of(refusal), view=view, refusal=refusal,
        at=services.clock.now(), row_labels=ROW_LABELS, dimension_labels=DIMENSION_LABELS, sheet_labels=SHEET_LABELS,
        effect_labels=EFFECT_LABELS, proof_labels=PROOF_LABELS, preview=preview,
        own=preview is not None or view.sheet.assessor_id == actor_of(request).account_id,
    )  # fmt: skip


async def _refused(request: AppRequest, services: Services, sheet_id: UUID, refusal: Refusal) -> Response[Any]:
    """The sheet again, as the server holds it, with what stands in the way."""
    async with services.db.transaction() as session:
        view = await _view(session, actor_of(request), sheet_id)
    return sheet_response(request, services, view, refusal)


def saved_data(view: SheetView) -> dict[str, Any]:
    """What the server now holds: the page shows nothing as saved that is not in here."""
    return {
        "revision": view.sheet.revision,
        "saved_at": view.sheet.saved_at.isoformat(),
        "answers": dict(view.sheet.answers),
        "missing": list(view.missing),
        "earned": {code: f"{mark:.2f}" for code, mark in view.earned.items() if code in view.entries},
        "total": f"{view.score.total:.2f}",
        "vetoes": list(view.score.vetoes),
        "missing_text": translate(N_("还有 %(n)s 项未评"), n=len(view.missing)),
    }


ROUTES = [stations, open_sheet, sheet_page, save_sheet, sign_sheet, correct_sheet, photo, print_sheet]
