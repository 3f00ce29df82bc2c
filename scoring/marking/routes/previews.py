"""A draft's score sheet as the assessor will see it: the very page, filled in on trial, and the printed form. Nothing is saved."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.catalogue.queries import SchemeDraft
from exam.catalogue.rules import parse_sheet
from exam.kernel.errors import NotFound, Refusal
from exam.kernel.i18n import translate
from exam.kernel.pages import file_response, json_response, wants_json
from exam.kernel.pdf import render_pdf
from scoring.marking import documents
from scoring.marking.forms import SheetSent, sheet_sent
from scoring.marking.queries import ScoreSheet
from scoring.marking.routes.sheets import Preview, Sample, SheetView, saved_data, sheet_response
from scoring.marking.rules import SheetStatus, missing, read_entries, read_evidence, score_sheet

WRITE = [needs(Permission.CATALOGUE_WRITE)]
NOBODY = UUID(int=0)
BLANK = SheetSent(answers={}, overtime_minutes=None, note="", evidence={})


@get("/scoring/marking/previews/{draft_id:uuid}/{seq:int}", guards=WRITE)
async def preview(
    request: AppRequest, services: AppServices, draft_id: FromPath[UUID], seq: FromPath[int]
) -> Response[Any]:
    """Show a draft's sheet, blank."""
    async with services.db.transaction() as session:
        draft, part = await _part(session, actor_of(request), draft_id, seq)
    view = _view(draft, part, BLANK, services.clock.now())
    return sheet_response(request, services, view, preview=_addresses(draft_id, seq))


@post("/scoring/marking/previews/{draft_id:uuid}/{seq:int}", guards=WRITE, status_code=200)
async def try_out(
    request: AppRequest, services: AppServices, draft_id: FromPath[UUID], seq: FromPath[int]
) -> Response[Any]:
    """Add up what was entered on trial."""
    async with services.db.transaction() as session:
        draft, part = await _part(session, actor_of(request), draft_id, seq)
    now = services.clock.now()
    try:
        view = _view(draft, part, sheet_sent(dict(await request.form())), now)
    except Refusal as refusal:
        if wants_json(request):
            raise
        return sheet_response(
            request, services, _view(draft, part, BLANK, now), refusal, preview=_addresses(draft_id, seq)
        )
    if wants_json(request):
        return json_response(saved_data(view))
    return sheet_response(request, services, view, preview=_addresses(draft_id, seq))


@get("/scoring/marking/previews/{draft_id:uuid}/{seq:int}/print", guards=WRITE)
async def preview_print(
    request: AppRequest, services: AppServices, draft_id: FromPath[UUID], seq: FromPath[int]
) -> Response[Any]:
    """Give the printed form of a draft's sheet."""
    actor = actor_of(request)
    async with services.db.transaction() as session:
        draft, part = await _part(session, actor, draft_id, seq)
    html = documents.blank_sheet(
        parse_sheet(part["sheet"]), certificate=f"{draft.certificate.name_zh} {translate(draft.level.zh)}",
        session=str(part.get("name_zh", "")), printed_by=actor.name, now=services.clock.now(),
    )  # fmt: skip
    return file_response(await render_pdf(html), "application/pdf", f"score-sheet-draft-{seq}.pdf", inline=True)


async def _part(session: AsyncSession, actor: Actor, draft_id: UUID, seq: int) -> tuple[SchemeDraft, Mapping[str, Any]]:
    """The draft and its component (counted from 1) that has a sheet; NotFound for any other."""
    draft = await catalogue.draft(session, draft_id)
    actor.require(Permission.CATALOGUE_WRITE, organisation_id=draft.certificate.organisation_id)
    parts = draft.definition.get("components", [])
    if not 1 <= seq <= len(parts) or parts[seq - 1].get("sheet") is None:
        raise NotFound
    part: Mapping[str, Any] = parts[seq - 1]
    return draft, part


def _view(draft: SchemeDraft, part: Mapping[str, Any], sent: SheetSent, now: datetime) -> SheetView:
    """The page's view of a sheet that nobody keeps; raises SheetInvalid, EntriesInvalid, OvertimePastStop."""
    definition = parse_sheet(part["sheet"])
    entries = read_entries(definition, sent.answers)
    evidence = read_evidence(definition, sent.evidence)
    sheet = ScoreSheet(
        id=NOBODY, batch_id=NOBODY, room_session_id=NOBODY, sitting_id=NOBODY, registration_id=NOBODY,
        component_id=NOBODY, assessor_id=NOBODY, version=1, revision=1, status=SheetStatus.DRAFT, answers=sent.answers,
        overtime_minutes=sent.overtime_minutes, note=sent.note, total=None, scored=None, opened_at=now, saved_at=now,
        signed_at=None, signed_sha256=None, corrects_id=None, reason=None, countersigned_by=None,
        countersigned_at=None, evidence={code: one.data for code, one in evidence.items()}, second_needed=False,
        declined_by=None, declined_at=None, decline_reason="",
    )  # fmt: skip
    sample = Sample(
        certificate_name_zh=draft.certificate.name_zh, certificate_name_en=draft.certificate.name_en,
        level=draft.level, name_zh=str(part.get("name_zh", "")), name_en=str(part.get("name_en", "")),
        full_marks=Decimal(definition.full_marks),
    )  # fmt: skip
    return SheetView(
        sheet=sheet, definition=definition, scheme=sample, component=sample, sitting=sample, room=sample,
        entries=entries, score=score_sheet(definition, entries, sent.overtime_minutes),
        missing=tuple(missing(definition, entries, sent.overtime_minutes)), evidence=evidence, names={},
        has_photo=False, ends_at=now + timedelta(minutes=int(part.get("duration_minutes", 60))),
    )  # fmt: skip


def _addresses(draft_id: UUID, seq: int) -> Preview:
    here = f"/scoring/marking/previews/{draft_id}/{seq}"
    return Preview(here=here, back=f"/exam/catalogue/drafts/{draft_id}/sheets/{seq}", print=f"{here}/print")


ROUTES = [preview, try_out, preview_print]
