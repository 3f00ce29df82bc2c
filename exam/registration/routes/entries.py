"""Pages of registrations made in person: the person's own state and receipt on a phone, and the officer's list with the fees."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter

from exam.accounts import queries as accounts
from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Permission
from exam.catalogue import queries as catalogue
from exam.kernel.errors import N_, Invalid, NotFound, Refusal
from exam.kernel.forms import parse_form, upload
from exam.kernel.pages import PER_PAGE, ListPage, page, redirect, status_of
from exam.kernel.services import Services
from exam.registration import actions, queries
from exam.registration.forms import FeeForm
from exam.registration.routes.accommodations import words
from exam.registration.routes.rosters import PHOTO_LIMIT_BYTES
from exam.registration.routes.shown import REGISTRATION_TONES, require_batch
from exam.registration.rules.accommodations import CURRENT, may_ask
from exam.registration.rules.entry import SECRET_SHOWN_MINUTES
from exam.registration.rules.records import PAYER_LABELS
from exam.registration.rules.status import (
    ALLOWED_REGISTRATION,
    REGISTRATION_STATUS_LABELS,
    BatchStatus,
    RegistrationStatus,
)

_P = Permission
_R = RegistrationStatus
MINE = "/exam/registration/mine"
Number = Annotated[int, QueryParameter(name="page", ge=1, le=100_000)]
Missing = Annotated[str, QueryParameter(max_length=10)]
# What a member of society waits for, and where each status stands on it.
STEPS = (N_("已提交"), N_("审核通过"), N_("缴费"), N_("已确认"), N_("领取准考证"))
_PLACE = {
    _R.SUBMITTED: 1, _R.DOCS_CHECKING: 1, _R.RETURNED: 0, _R.ACCEPTED: 2, _R.CONSENT_CONFIRMED: 2, _R.WAIVED: 3,
    _R.INSTITUTION_PAID: 3, _R.SELF_PAID: 3, _R.CONFIRMED: 4, _R.TRANSFERRED: 4, _R.SEATED: 5, _R.OUTCOME: 5,
}  # fmt: skip


@get(MINE, guards=[needs(_P.OWN_READ)])
async def mine(request: AppRequest, services: AppServices) -> Response[Any]:
    """Show the candidate's own registrations: where each stands, and what can be done about it."""
    return await _mine(request, services, None, None)


async def _mine(request: AppRequest, services: Services, wrong: UUID | None, refusal: Refusal | None) -> Response[Any]:
    now = services.clock.now()
    async with services.db.transaction() as session:
        found = await queries.own(session, actor_of(request))
        batches = {one.batch_id: await queries.batch(session, one.batch_id) for one in found}
        schemes = {one.id: one for one in await catalogue.schemes(session, {one.scheme_id for one in found})}
        prefectures = {one.code: one for one in await queries.prefectures(session)}
        asked = await queries.accommodations(session, [one.id for one in found], vault=services.vault)
    open_now = {
        id: one.status is BatchStatus.REGISTRATION_OPEN and now < one.registration_closes_at
        for id, one in batches.items()
    }
    return page(
        request, "pages/exam/registration/mine.html", status=status_of(refusal) if refusal else 200,
        found=sorted(found, key=lambda one: (not one.live, batches[one.batch_id].first_day)), batches=batches,
        schemes=schemes, prefectures=prefectures, labels=REGISTRATION_STATUS_LABELS, tones=REGISTRATION_TONES,
        payers=PAYER_LABELS, steps=STEPS, places=_PLACE, wrong=wrong, refusal=refusal, asked=asked, offer=CURRENT,
        may_ask=[
            one.id
            for one in found
            if may_ask(one.status, batches[one.batch_id].status, [a.status for a in asked if a.registration_id == one.id])
        ],
        **words(),
        may_withdraw=[
            one.id
            for one in found
            if one.entry_no and open_now[one.batch_id] and _R.WITHDRAWN in ALLOWED_REGISTRATION[one.status]
        ],
    )  # fmt: skip


@get(f"{MINE}/receipt", guards=[needs(_P.OWN_READ)])
async def receipt(request: AppRequest, services: AppServices) -> Response[Any]:
    """Show the number and, for half an hour, the secret of who has just registered in person."""
    actor, now = actor_of(request), services.clock.now()
    async with services.db.transaction() as session:
        access = await accounts.entry_access(session, services.vault, account_id=actor.account_id)
        own = await queries.own(session, actor)
        one = next((one for one in own if access is not None and one.entry_no == access.login), None)
        if access is None or one is None:
            raise NotFound
        batch = await queries.batch(session, one.batch_id)
        scheme = await catalogue.scheme(session, one.scheme_id)
        prefectures = {found.code: found for found in await queries.prefectures(session)}
    fresh = now - access.opened_at <= timedelta(minutes=SECRET_SHOWN_MINUTES)
    return page(
        request, "pages/exam/registration/receipt.html", one=one, batch=batch, scheme=scheme, entry_no=access.login,
        secret=access.secret if fresh else "", minutes=SECRET_SHOWN_MINUTES, prefecture=prefectures[one.prefecture_code],
    )  # fmt: skip


@post(MINE + "/{registration_id:uuid}/photo", guards=[needs(_P.OWN_READ)], status_code=200)
async def correct_photo(request: AppRequest, services: AppServices, registration_id: FromPath[UUID]) -> Response[Any]:
    """Replace a refused photo and submit again; what is wrong with it is said beside the field."""
    try:
        sent = await upload(request, "photo", limit_bytes=PHOTO_LIMIT_BYTES)
        async with services.db.transaction() as session:
            await actions.correct_photo(
                session, actor_of(request), services.files, registration_id=registration_id, data=sent.data,
                now=services.clock.now(),
            )  # fmt: skip
    except Invalid as refusal:
        return await _mine(request, services, registration_id, refusal)
    return redirect(request, MINE, N_("照片已更换，报名已重新提交。"))


@post(MINE + "/{registration_id:uuid}/withdraw", guards=[needs(_P.OWN_READ)], status_code=200)
async def withdraw(request: AppRequest, services: AppServices, registration_id: FromPath[UUID]) -> Response[Any]:
    """Withdraw before registration closes."""
    async with services.db.transaction() as session:
        await actions.withdraw_own(
            session, actor_of(request), registration_id=registration_id, now=services.clock.now()
        )
    return redirect(request, MINE, N_("已退出这条报名。"))


@get("/exam/registration/batches/{batch_id:uuid}/self", guards=[needs(_P.REGISTRATION_ACCEPT)])
async def entry_list(
    request: AppRequest, services: AppServices, batch_id: FromPath[UUID], missing: Missing = "", number: Number = 1
) -> Response[Any]:
    """Show the officer who registered in person, where each stands, and whose fee is still to be recorded."""
    async with services.db.transaction() as session:
        batch = await queries.batch(session, batch_id)
        require_batch(actor_of(request), _P.REGISTRATION_ACCEPT, batch)
        found, total = await queries.page_of(
            session, batch_id=batch_id, in_person=True, filters=queries.Filters(missing=missing), limit=PER_PAGE,
            offset=(number - 1) * PER_PAGE,
        )  # fmt: skip
        tally = (await queries.tallies(session, [batch_id], in_person=True))[batch_id]
        certificates = {one.id: one for one in await catalogue.certificates(session)}
        prefectures = {one.code: one for one in await queries.prefectures(session)}
    return page(
        request, "pages/exam/registration/entries.html", batch=batch, found=found, tally=tally, missing=missing,
        certificates=certificates, prefectures=prefectures, labels=REGISTRATION_STATUS_LABELS, tones=REGISTRATION_TONES,
        payers=PAYER_LABELS, payable=[one.id for one in found if one.status is _R.CONSENT_CONFIRMED],
        list_page=ListPage(number=number, total=total, filters={"missing": missing}),
    )  # fmt: skip


@post("/exam/registration/batches/{batch_id:uuid}/self/fee", guards=[needs(_P.REGISTRATION_ACCEPT)], status_code=200)
async def record_fees(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """Record that the chosen people have paid, under one receipt."""
    form = await parse_form(request, FeeForm)
    if not form.ids:
        raise NobodyChosen
    async with services.db.transaction() as session:
        await actions.record_fee(
            session, actor_of(request), registration_ids=form.ids, receipt=form.receipt, now=services.clock.now()
        )
    back = f"/exam/registration/batches/{batch_id}/self"
    return redirect(request, back, N_("已登记 %(n)s 条报名的费用。"), n=len(form.ids))


class NobodyChosen(Invalid):
    message = N_("没有选中任何报名。")
    way_out = N_("请先勾选已缴费的报名。")


ROUTES = [mine, receipt, correct_photo, withdraw, entry_list, record_fees]
