"""A lost tablet's sheets keyed in from signed paper: choose, type, prove by the slip; a second person checks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.guards import AppRequest, AppServices, actor_of
from exam.catalogue.rules import DIMENSION_LABELS, ROW_LABELS
from exam.kernel.errors import N_, Refusal
from exam.kernel.forms import parse_form
from exam.kernel.pages import page, redirect, status_of
from exam.kernel.services import Services
from exam.sittings import queries as sittings
from scoring.marking import queries as marking
from scoring.tablets import actions, queries
from scoring.tablets.forms import CheckForm, WordsForm, keying_sent, typed
from scoring.tablets.routes.ledger import ACT
from scoring.tablets.rules.standing import STANDING_LABELS, STANDING_TONES, Standing

_CHECKED = {False: N_("已核对，评分表生效。"), True: N_("已核对。更正由考评组长会签后生效。")}
TO_KEY = (Standing.NOTHING, Standing.DRAFT, Standing.SPARE)

CORRECTED = (Standing.SIGNED, Standing.KEYED, Standing.CONTRADICTING)
"""What a paper's correction may follow."""


@get("/scoring/tablets/rooms/{room_session_id:uuid}/keying", guards=ACT)
async def keying_page(
    request: AppRequest,
    services: AppServices,
    room_session_id: FromPath[UUID],
    sitting: Annotated[str, QueryParameter(max_length=36)] = "",
    assessor: Annotated[str, QueryParameter(max_length=36)] = "",
    correcting: Annotated[str, QueryParameter(max_length=1)] = "",
) -> Response[Any]:
    """Choose a candidate and an assessor, then the sheet to type."""
    async with services.db.transaction() as session:
        given = {"sitting": sitting, "assessor": assessor, "correcting": correcting}
        return await _page(request, services, session, room_session_id, given, None)


@post("/scoring/tablets/rooms/{room_session_id:uuid}/keying", guards=ACT, status_code=200)
async def key_in(request: AppRequest, services: AppServices, room_session_id: FromPath[UUID]) -> Response[Any]:
    """Keep what was typed, once the slip agrees."""
    given = dict(await request.form())
    try:
        sent = keying_sent(given)
        async with services.db.transaction() as session:
            made = await actions.key_in(
                session, actor_of(request), sitting_id=sent.sitting_id, assessor_id=sent.assessor_id, answers=sent.answers,
                overtime_minutes=sent.overtime_minutes, note=sent.note, evidence=sent.evidence, slip=sent.slip,
                reason=sent.reason, correcting=sent.correcting, correction=sent.correction, now=services.clock.now(),
            )  # fmt: skip
    except Refusal as refusal:
        async with services.db.transaction() as session:
            return await _page(request, services, session, room_session_id, typed(given), refusal)
    return redirect(request, f"/scoring/tablets/keyed/{made}", N_("凭条相符，已保存。请另一人核对后生效。"))


@get("/scoring/tablets/keyed/{keyed_id:uuid}", guards=ACT)
async def keyed_page(request: AppRequest, services: AppServices, keyed_id: FromPath[UUID]) -> Response[Any]:
    """Show what was keyed in."""
    return await _keyed(request, services, keyed_id, None)


@post("/scoring/tablets/keyed/{keyed_id:uuid}/check", guards=ACT, status_code=200)
async def check(request: AppRequest, services: AppServices, keyed_id: FromPath[UUID]) -> Response[Any]:
    """The second person reads the slip off the paper."""
    try:
        form = await parse_form(request, CheckForm)
        async with services.db.transaction() as session:
            await actions.check_keyed(
                session, actor_of(request), keyed_id=keyed_id, slip=form.slip, now=services.clock.now()
            )
            found = await queries.keyed_sheet(session, keyed_id)
    except Refusal as refusal:
        return await _keyed(request, services, keyed_id, refusal)
    return redirect(request, f"/scoring/tablets/keyed/{keyed_id}", _CHECKED[found.version > 1])


@post("/scoring/tablets/keyed/{keyed_id:uuid}/withdrawal", guards=ACT, status_code=200)
async def withdraw(request: AppRequest, services: AppServices, keyed_id: FromPath[UUID]) -> Response[Any]:
    """Take back what was keyed in wrongly."""
    try:
        form = await parse_form(request, WordsForm)
        async with services.db.transaction() as session:
            await actions.withdraw_keyed(
                session, actor_of(request), keyed_id=keyed_id, words=form.words, now=services.clock.now()
            )
    except Refusal as refusal:
        return await _keyed(request, services, keyed_id, refusal)
    return redirect(request, f"/scoring/tablets/keyed/{keyed_id}", N_("已撤回，可以重新补录。"))


async def _page(
    request: AppRequest, services: Services, session: AsyncSession, room_session_id: UUID, given: Mapping[str, str],
    refusal: Refusal | None,
) -> Response[Any]:  # fmt: skip
    await actions.require_acting(session, actor_of(request), room_session_id)
    view = await queries.room_ledger(session, room_session_id, services.clock.now())
    line = next((one for one in view.lines if str(one.sitting.id) == given.get("sitting")), None)
    who = next((one for one in view.names if str(one) == given.get("assessor")), None)
    return page(
        request, "pages/scoring/tablets/keying.html", status=200 if refusal is None else status_of(refusal),
        refusal=refusal, view=view, line=line, who=who, given=given,
        definition=await marking.sheet_definition(session, view.room.component_id), row_labels=ROW_LABELS,
        dimension_labels=DIMENSION_LABELS, standing_labels=STANDING_LABELS, standing_tones=STANDING_TONES, to_key=TO_KEY, corrected=CORRECTED,
    )  # fmt: skip


async def _keyed(request: AppRequest, services: Services, keyed_id: UUID, refusal: Refusal | None) -> Response[Any]:
    actor = actor_of(request)
    async with services.db.transaction() as session:
        found = await queries.keyed_sheet(session, keyed_id)
        room, _ = await actions.require_acting(session, actor, found.room_session_id)
        duties = {one.account_id: one.name for one in await marking.assessing(session, room.id)}
        definition = await marking.sheet_definition(session, room.component_id)
        sitting = await sittings.sitting(session, found.sitting_id)
    return page(
        request, "pages/scoring/tablets/keyed.html", status=200 if refusal is None else status_of(refusal), refusal=refusal,
        keyed=found, room=room, definition=definition, sitting=sitting, assessor=duties.get(found.assessor_id, "—"),
        mine=found.keyed_by == actor.account_id, row_labels=ROW_LABELS,
    )  # fmt: skip


ROUTES = [keying_page, key_in, keyed_page, check, withdraw]
