"""Pages of the issue register: how many papers are where, the list of an institution with its ticks, the sheet to be signed."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.handover import actions, documents, queries
from certificates.handover.forms import NoteForm
from certificates.handover.queries import Line
from certificates.handover.rules import (
    ALLOWED,
    DEED_LABELS,
    LABELS,
    LATE_DAYS,
    LIMIT,
    TONES,
    Deed,
    Place,
)
from exam.accounts import queries as accounts
from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Actor, Permission
from exam.kernel.clock import china_date
from exam.kernel.errors import N_, NotFound, Refusal
from exam.kernel.forms import parse_form
from exam.kernel.i18n import Name
from exam.kernel.pages import file_response, locale_of, page, redirect, status_of
from exam.kernel.services import Services
from exam.registration import queries as registration

PAGES: Final = "pages/certificates/handover"
HOME: Final = "/certificates/handover"
SOCIETY: Final = "society"
_GUARD: Final = [needs(Permission.CERTIFICATE_READ)]
Where = Annotated[str, QueryParameter(max_length=20)]


@get(HOME, guards=_GUARD)
async def index(request: AppRequest, services: AppServices) -> Response[Any]:
    """Show how many paper certificates are where, by batch and institution."""
    async with services.db.transaction() as session:
        found = await queries.slots(session, actor_of(request))
        batches = {one.id: one for one in await registration.batches(session)}
        schools = {one.id: one for one in await registration.institutions(session)}
    today = china_date(services.clock.now())
    waits = [(today - china_date(slot.oldest)).days if slot.oldest else None for slot in found]
    return page(
        request, f"{PAGES}/index.html", slots=list(zip(found, waits, strict=True)), batches=batches, schools=schools,
        labels=LABELS, places=list(Place), late=LATE_DAYS,
    )  # fmt: skip


@get(f"{HOME}/{{batch_id:uuid}}/{{institution:str}}", guards=_GUARD)
async def register(
    request: AppRequest, services: AppServices, batch_id: FromPath[UUID], institution: FromPath[str], place: Where = ""
) -> Response[Any]:
    """Show the register of one institution in a batch."""
    return await _register(request, services, batch_id, institution, place)


@post(f"{HOME}/{{batch_id:uuid}}/{{institution:str}}", guards=_GUARD, status_code=200)
async def note(
    request: AppRequest, services: AppServices, batch_id: FromPath[UUID], institution: FromPath[str], place: Where = ""
) -> Response[Any]:
    """Note a deed of the ticked certificates; a refusal stands above the list, which is the present one."""
    form = await parse_form(request, NoteForm)
    try:
        async with services.db.transaction() as session:
            count = await actions.note(
                session,
                actor_of(request),
                form.deed,
                form.seen,
                taking=form.taking,
                reason=form.reason,
                now=services.clock.now(),
            )
    except Refusal as refusal:
        return await _register(request, services, batch_id, institution, place, refusal=refusal, form=form)
    return redirect(request, f"{HOME}/{batch_id}/{institution}?place={place}", N_("已登记 %(count)s 本。"), count=count)


@get(f"{HOME}/{{batch_id:uuid}}/{{institution:str}}/register.pdf", guards=_GUARD)
async def printed(
    request: AppRequest, services: AppServices, batch_id: FromPath[UUID], institution: FromPath[str]
) -> Response[bytes]:
    """Print the register to be signed."""
    actor = actor_of(request)
    async with services.db.transaction() as session:
        lines, name = await _lines(session, actor, batch_id, institution)
        batch = await registration.batch(session, batch_id)
    data = await documents.register(
        lines,
        batch,
        name,
        printed_at=services.clock.now(),
        printed_by=actor.name,
        locale=locale_of(request),
        home=services.settings.home,
    )
    return file_response(data, "application/pdf", f"证书发放登记表-{batch.code}.pdf")


async def _register(
    request: AppRequest,
    services: Services,
    batch_id: UUID,
    institution: str,
    place: str,
    *,
    refusal: Refusal | None = None,
    form: NoteForm | None = None,
) -> Response[Any]:
    actor, today = actor_of(request), china_date(services.clock.now())
    async with services.db.transaction() as session:
        lines, name = await _lines(session, actor, batch_id, institution)
        batch = await registration.batch(session, batch_id)
        names = await accounts.names(session, [entry.noted_by for line in lines for entry in line.entries])
    counts = {one: sum(line.place is one for line in lines) for one in Place}
    shown = next((one for one in Place if one.value == place), None) or next(
        (one for one in Place if counts[one]), Place.OFFICE
    )
    listed = sorted((one for one in lines if one.place is shown), key=lambda one: (-one.days(today), one.number))
    return page(
        request, f"{PAGES}/register.html", status=status_of(refusal) if refusal else 200, refusal=refusal, form=form,
        batch=batch, name=name, institution=institution, counts=counts, shown=shown, lines=listed[:LIMIT],
        more=max(0, len(listed) - LIMIT), deeds=_deeds(actor, shown, listed), labels=LABELS, tones=TONES,
        deed_labels=DEED_LABELS, names=names, today=today, late=LATE_DAYS, base=f"{HOME}/{batch_id}/{institution}",
        ticked=set(form.ticked) if form else set(), undo=Deed.UNDO, take=Deed.TAKE,
    )  # fmt: skip


def _deeds(actor: Actor, shown: Place, lines: list[Line]) -> list[Deed]:
    """What the actor may note of what is shown."""
    if not lines:
        return []
    one = lines[0]
    found = []
    for deed in ALLOWED[shown]:
        if deed is Deed.SEND and (one.institution_id is None or not queries.may_send(actor, one.organisation_id)):
            continue
        if deed is Deed.TAKE and shown is Place.OFFICE and one.institution_id is not None:
            continue  # possible, and not offered: papers go by the institution
        if queries.may_hand_out(actor, one):
            found.append(deed)
    return found


async def _lines(
    session: AsyncSession, actor: Actor, batch_id: UUID, institution: str
) -> tuple[list[Line], Name | None]:
    if institution == SOCIETY:
        return await queries.lines(session, actor, batch_id=batch_id, institution_id=None), None
    try:
        id = UUID(institution)
    except ValueError:
        raise NotFound from None
    school = await registration.institution(session, id)
    found = await queries.lines(session, actor, batch_id=batch_id, institution_id=id)
    if not found:
        raise NotFound
    return found, Name(school.name_zh, school.name_en)


ROUTES = [index, register, note, printed]
