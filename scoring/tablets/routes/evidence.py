"""Photos of evidence: the door a tablet sends them through, and where those look at them who may see the sheet."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.guards import AppRequest, AppServices, actor_of, public
from exam.accounts.rules import Actor
from exam.kernel.errors import NotFound
from exam.kernel.pages import file_response, is_htmx, json_response, page
from exam.sittings import queries as sittings
from scoring.marking import queries as marking
from scoring.marking.queries import ScoreSheet
from scoring.marking.rules import SheetStatus
from scoring.tablets import actions, queries
from scoring.tablets.routes.ledger import ACT
from scoring.tablets.rules.devices import MessageInvalid
from scoring.tablets.rules.evidence import BYTES_MOST, EvidenceTooLarge

SIGNATURE = "x-tablet-signature"


@post("/scoring/tablets/evidence", guards=[public], exclude_from_csrf=True, status_code=200)
async def keep(
    request: AppRequest,
    services: AppServices,
    device: FromQuery[UUID],
    sha256: Annotated[str, QueryParameter(pattern="^[0-9a-f]{64}$")],
) -> Response[Any]:
    """Keep a photo. Its signature covers hash and length, so nobody else fills the store. Answered after the commit."""
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > BYTES_MOST:
        raise EvidenceTooLarge(size=round(int(length) / 1_000_000, 1), limit=BYTES_MOST // 1_000_000)
    try:
        signature = base64.b64decode(request.headers.get(SIGNATURE, ""), validate=True)
    except (ValueError, binascii.Error) as error:
        raise MessageInvalid from error
    data = await request.body()
    async with services.db.transaction() as session:
        kept = await actions.keep_photo(
            session, services.files, tablet_id=device, sha256=sha256, data=data, signature=signature,
            now=services.clock.now(),
        )  # fmt: skip
    return json_response({"kept": kept})


@get("/scoring/tablets/sheets/{sheet_id:uuid}/records", guards=ACT)
async def records(request: AppRequest, services: AppServices, sheet_id: FromPath[UUID]) -> Response[Any]:
    """Show a sheet's photos and how it came here: a part of its page, or a page by itself."""
    async with services.db.transaction() as session:
        sheet = await _visible(session, actor_of(request), sheet_id)
        photos = await queries.sheet_photos(session, sheet)
        keyed = await queries.keyed(session, sheet_id=sheet.id)
    template = "_records" if is_htmx(request) else "records"
    return page(
        request, f"pages/scoring/tablets/{template}.html", sheet=sheet, photos=photos, keyed=keyed[0] if keyed else None
    )


@get("/scoring/tablets/sheets/{sheet_id:uuid}/photos/{sha256:str}", guards=ACT)
async def photo(
    request: AppRequest, services: AppServices, sheet_id: FromPath[UUID], sha256: FromPath[str]
) -> Response[Any]:
    """Show one photo of a sheet."""
    async with services.db.transaction() as session:
        sheet = await _visible(session, actor_of(request), sheet_id)
        if sha256 not in {one.sha256 for one in await queries.sheet_photos(session, sheet) if one.kept}:
            raise NotFound
    return file_response(services.files.get(sha256), "image/jpeg", f"{sha256[:12]}.jpg", inline=True)


async def _visible(session: AsyncSession, actor: Actor, sheet_id: UUID) -> ScoreSheet:
    """The sheet, for its assessor; once it is signed for the room's lead and the batch's officer. For others there is none."""
    sheet = await marking.sheet(session, sheet_id)
    if sheet.assessor_id == actor.account_id:
        return sheet
    place = await queries.place_of(session, actor, await sittings.room_session(session, sheet.room_session_id))
    if (place.lead or place.officer) and sheet.status is not SheetStatus.DRAFT:
        return sheet
    raise NotFound


ROUTES = [keep, records, photo]
