"""The public pages on which a member of society registers: batches, what a batch offers, the form, and on to the receipt."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.verification.rules import Limiter
from exam.accounts.actions import open_session
from exam.accounts.guards import SESSION_COOKIE, AppRequest, AppServices, public
from exam.accounts.routes import session_cookie
from exam.accounts.rules import SESSION_LIFE, Actor
from exam.home.entry import Choice, Opening, opening, openings
from exam.kernel.errors import N_, Invalid, NotFound, Problem, Refusal, TooMany
from exam.kernel.forms import parse_form, upload
from exam.kernel.ids import token
from exam.kernel.pages import page, redirect, status_of
from exam.kernel.services import Services
from exam.registration import actions
from exam.registration.forms import EntryForm
from exam.registration.routes.rosters import PHOTO_LIMIT_BYTES
from exam.registration.rules import GENDER_LABELS, ID_TYPE_LABELS, BatchStatus
from exam.registration.rules.entry import EntryClosed, EntryNotOffered, Typed, require_open

PAGES: Final = "pages/exam/registration"
_ATTEMPTS: Final = 60
_WINDOW: Final = timedelta(minutes=10)
_SHOWN: Final = (BatchStatus.ANNOUNCED, BatchStatus.REGISTRATION_OPEN, BatchStatus.REGISTRATION_CLOSED)
_limiters: dict[str, Limiter] = {}


class TriedTooOften(TooMany):
    message = N_("这个网络在短时间内提交了太多次，这一次没有保存。")


@get("/register", guards=[public])
async def batch_list(request: AppRequest, services: AppServices) -> Response[Any]:
    """List the batches that take registrations, and those that will."""
    now = services.clock.now()
    async with services.db.transaction() as session:
        found = await openings(session, now)
    return page(request, f"{PAGES}/open_batches.html", openings=found, at=now)


@get("/register/{batch_id:uuid}", guards=[public])
async def offers(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """Show what one batch offers: certificates, levels, components, fees, prefectures, dates."""
    now = services.clock.now()
    async with services.db.transaction() as session:
        found = await opening(session, batch_id, now)
    if found.batch.status not in _SHOWN:
        raise NotFound
    return page(request, f"{PAGES}/offers.html", opening=found, at=now)


@get("/register/{batch_id:uuid}/{scheme_id:uuid}", guards=[public])
async def entry_form(
    request: AppRequest, services: AppServices, batch_id: FromPath[UUID], scheme_id: FromPath[UUID]
) -> Response[Any]:
    """Show the form for one certificate and level."""
    async with services.db.transaction() as session:
        found, choice = await _chosen(session, services, batch_id, scheme_id)
    require_open(found.batch, services.clock.now())
    return _form(request, found, choice, {"key": token()}, None)


@post("/register/{batch_id:uuid}/{scheme_id:uuid}", guards=[public], status_code=200)
async def enter(
    request: AppRequest, services: AppServices, batch_id: FromPath[UUID], scheme_id: FromPath[UUID]
) -> Response[Any]:
    """Register, sign in with the receipt and go on to it; a refusal shows the form again, with what was typed."""
    now, actor = services.clock.now(), request.scope.get("user")
    async with services.db.transaction() as session:
        found, choice = await _chosen(session, services, batch_id, scheme_id)
    try:
        _count(request, services)
        form = await parse_form(request, EntryForm)
        photo = await _photo(request)
        async with services.db.transaction() as session:
            made = await actions.enter(
                session, actor if isinstance(actor, Actor) else None, services.vault, services.files, batch_id=batch_id,
                scheme_id=scheme_id, typed=_typed(form), photo=photo, places={place.code for place in choice.places}, key=form.key,
                now=now,
            )  # fmt: skip
            opened = await open_session(
                session, made.account_id, old_token=request.cookies.get(SESSION_COOKIE), now=now
            )
    except EntryClosed:
        raise
    except Refusal as refusal:
        return _form(request, found, choice, dict(await request.form()), refusal)
    response: Response[Any] = redirect(request, "/exam/registration/mine/receipt", N_("报名已提交。"))
    response.set_cookie(session_cookie(services, opened, int(SESSION_LIFE.total_seconds())))
    return response


async def _chosen(session: AsyncSession, services: Services, batch_id: UUID, scheme_id: UUID) -> tuple[Opening, Choice]:
    found = await opening(session, batch_id, services.clock.now())
    choice = found.choice(scheme_id)
    if found.batch.status not in _SHOWN or choice is None:
        raise EntryNotOffered if choice is None else NotFound
    return found, choice


def _typed(form: EntryForm) -> Typed:
    sent = msgspec.structs.asdict(form)
    del sent["key"]
    return Typed(**sent)


async def _photo(request: AppRequest) -> bytes | Problem:
    """The photo's bytes, or what is wrong with the upload."""
    try:
        return (await upload(request, "photo", limit_bytes=PHOTO_LIMIT_BYTES)).data
    except Invalid as refusal:
        return refusal.problems[0]


def _form(
    request: AppRequest, found: Opening, choice: Choice, typed: dict[str, Any], refusal: Refusal | None
) -> Response[Any]:
    shown = dict.fromkeys(EntryForm.__struct_fields__, "") | typed
    return page(
        request, f"{PAGES}/entry.html", status=status_of(refusal) if refusal else 200, opening=found, choice=choice,
        typed=shown, refusal=refusal, id_types=ID_TYPE_LABELS, genders=GENDER_LABELS, key=typed.get("key") or token(),
    )  # fmt: skip


def _count(request: AppRequest, services: Services) -> None:
    """Limit the forms of one network address, generously: a whole lab may sit behind one. Each installation counts itself."""
    limiter = _limiters.setdefault(str(services.settings.home), Limiter(count=_ATTEMPTS, window=_WINDOW))
    try:
        limiter.ask(request.client.host if request.client else "", services.clock.now())
    except TooMany as refusal:
        raise TriedTooOften(seconds=refusal.facts["seconds"]) from refusal


ROUTES = [batch_list, offers, entry_form, enter]
