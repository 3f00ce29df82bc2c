"""Pages of one registration, the search for a person, and the photo."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Permission
from exam.catalogue import queries as catalogue
from exam.kernel.errors import N_, Forbidden
from exam.kernel.forms import parse_form, upload
from exam.kernel.pages import file_response, page, redirect
from exam.registration import actions, queries
from exam.registration.forms import ExemptionForm, ReasonForm, ResitForm, RetainForm, TransferForm, WaiverForm
from exam.registration.routes.accommodations import words
from exam.registration.routes.rosters import PHOTO_LIMIT_BYTES
from exam.registration.routes.shown import REGISTRATION_TONES, own_institutions, sees_batch, sees_registration
from exam.registration.rules.accommodations import CURRENT, may_ask
from exam.registration.rules.identity import GENDER_LABELS, ID_TYPE_LABELS
from exam.registration.rules.records import CHANNEL_LABELS, MISSING_LABELS, PAYER_LABELS, Registration
from exam.registration.rules.status import (
    ALLOWED_REGISTRATION,
    REGISTRATION_STATUS_LABELS,
    BatchStatus,
    RegistrationStatus,
)
from exam.registration.rules.template import WAIVER_REASON_LABELS

_P = Permission
_R = RegistrationStatus
Text = Annotated[str, QueryParameter(max_length=60)]
# The road of a registration as its page draws it; the side states stand beside it.
STEPS = (_R.SUBMITTED, _R.ACCEPTED, _R.CONSENT_CONFIRMED, _R.INSTITUTION_PAID, _R.CONFIRMED, _R.SEATED, _R.OUTCOME)
STEP_LABELS = (N_("已提交"), N_("审核通过"), N_("本人同意"), N_("费用"), N_("已确认"), N_("已编座"), N_("已出结果"))
_PLACE = {
    _R.DRAFT: 0, _R.SUBMITTED: 1, _R.DOCS_CHECKING: 1, _R.RETURNED: 0, _R.ACCEPTED: 2, _R.CONSENT_CONFIRMED: 3,
    _R.WAIVED: 4, _R.INSTITUTION_PAID: 4, _R.SELF_PAID: 4, _R.CONFIRMED: 5, _R.TRANSFERRED: 5, _R.SEATED: 6, _R.OUTCOME: 7,
}  # fmt: skip


@get("/exam/registration/registrations/{registration_id:uuid}", guards=[needs(_P.REGISTRATION_READ)])
async def registration_page(
    request: AppRequest, services: AppServices, registration_id: FromPath[UUID]
) -> Response[Any]:
    """Show one registration: the person (masked), what is taken, fee, consent, exempt and retained parts."""
    actor = actor_of(request)
    async with services.db.transaction() as session:
        one = await queries.registration(session, registration_id)
        batch = await queries.batch(session, one.batch_id)
        school = await queries.institution(session, one.institution_id) if one.institution_id else None
        if not sees_registration(actor, batch, one, school):
            raise Forbidden
        scheme = await catalogue.scheme(session, one.scheme_id)
        others = [
            other
            for other in await queries.registrations(session, person_id=one.person_id)
            if other.id != one.id and sees_registration(actor, await queries.batch(session, other.batch_id), other)
        ]
        batches = {found.id: found for found in await queries.batches(session)}
        in_person = one.institution_id is None and sees_batch(actor, _P.REGISTRATION_ACCEPT, batch)
        phone = await queries.phone_number(session, services.vault, one.person_id) if in_person else ""
        doubles = (await queries.same_number(session, [one.id])).get(one.id, [])
        certificates = {found.id: found for found in await catalogue.certificates(session)}
        prefectures = {found.code: found for found in await queries.prefectures(session)}
        keeps = actor.within(_P.ROSTER_IMPORT, institution_id=one.institution_id)
        officer = sees_batch(actor, _P.EXEMPTION_DECIDE, batch)
        vault = services.vault if officer else None  # why is health data: opened for who decides
        asked = await queries.accommodations(session, [one.id], vault=vault) if keeps or officer else []
    return page(
        request, "pages/exam/registration/registration.html", one=one, batch=batch, scheme=scheme, others=others,
        batches=batches, certificates=certificates, labels=REGISTRATION_STATUS_LABELS, tones=REGISTRATION_TONES, doubles=doubles,
        phone=phone, genders=GENDER_LABELS, id_types=ID_TYPE_LABELS, channels=CHANNEL_LABELS, payers=PAYER_LABELS,
        missing_labels=MISSING_LABELS, waiver_reasons=WAIVER_REASON_LABELS, step_labels=STEP_LABELS,
        step=_PLACE.get(one.status, -1), can=_can(one, keeps=keeps, officer=officer), prefectures=prefectures,
        earlier=[other for other in others if other.scheme_id == one.scheme_id], asked=asked, offer=CURRENT,
        officer=officer, keeps=keeps, may_ask=keeps and may_ask(one.status, batch.status, [found.status for found in asked]), **words(),
        resit_batches=[
            found
            for found in batches.values()
            if found.status is BatchStatus.REGISTRATION_OPEN and one.scheme_id in found.scheme_ids and found.id != batch.id
        ],
    )  # fmt: skip


def _can(one: Registration, *, keeps: bool, officer: bool) -> dict[str, bool]:
    """Which forms the page shows; the actions decide again."""
    allowed = ALLOWED_REGISTRATION[one.status]
    before_seat = one.live and one.status not in (_R.SEATED, _R.OUTCOME)
    return {
        "photo": (keeps or officer) and before_seat,
        "consent": keeps and one.live and one.consent_at is None,
        "waive": keeps and before_seat and not one.status.confirmed and not one.status.settled,
        "fee": (keeps or (officer and one.institution_id is None)) and one.status is _R.CONSENT_CONFIRMED,
        "resubmit": keeps and one.status is _R.RETURNED,
        "withdraw": keeps and _R.WITHDRAWN in allowed,
        "exempt": officer and before_seat,
        "transfer": officer and _R.TRANSFERRED in allowed,
        "resit": keeps and one.status is _R.OUTCOME,
        "give_back": officer and _R.RETURNED in allowed,
        "accept": officer and _R.ACCEPTED in allowed,
    }


@get("/exam/registration/registrations/{registration_id:uuid}/photo", guards=[needs(_P.REGISTRATION_READ, _P.OWN_READ)])
async def photo(request: AppRequest, services: AppServices, registration_id: FromPath[UUID]) -> Response[Any]:
    """Give the photo to whoever may see the registration."""
    async with services.db.transaction() as session:
        one = await queries.registration(session, registration_id)
        school = await queries.institution(session, one.institution_id) if one.institution_id else None
        if not sees_registration(actor_of(request), await queries.batch(session, one.batch_id), one, school):
            raise Forbidden
        data = await queries.photo(session, services.files, registration_id)
    return file_response(data, "image/jpeg", f"{registration_id}.jpg", inline=True)


@post(
    "/exam/registration/registrations/{registration_id:uuid}/photo",
    guards=[needs(_P.ROSTER_IMPORT, _P.REGISTRATION_ACCEPT)],
    status_code=200,
)
async def set_photo(request: AppRequest, services: AppServices, registration_id: FromPath[UUID]) -> Response[Any]:
    """Replace the photo."""
    sent = await upload(request, "photo", limit_bytes=PHOTO_LIMIT_BYTES)
    async with services.db.transaction() as session:
        one = await queries.registration(session, registration_id)
        await actions.set_photo(
            session,
            actor_of(request),
            services.files,
            person_id=one.person_id,
            data=sent.data,
            now=services.clock.now(),
        )
    return redirect(request, _page(registration_id), N_("照片已保存。"))


@post("/exam/registration/registrations/{registration_id:uuid}/waive", guards=[needs(_P.FEE_MANAGE)], status_code=200)
async def waive(request: AppRequest, services: AppServices, registration_id: FromPath[UUID]) -> Response[Any]:
    """Waive the fee, with reason and proof."""
    form = await parse_form(request, WaiverForm)
    async with services.db.transaction() as session:
        await actions.waive_fee(
            session, actor_of(request), registration_id=registration_id, reason=form.reason, proof=form.proof,
            now=services.clock.now(),
        )  # fmt: skip
    return redirect(request, _page(registration_id), N_("已登记费用减免。"))


@post(
    "/exam/registration/registrations/{registration_id:uuid}/exempt",
    guards=[needs(_P.EXEMPTION_DECIDE)],
    status_code=200,
)
async def exempt(request: AppRequest, services: AppServices, registration_id: FromPath[UUID]) -> Response[Any]:
    """Exempt from one part."""
    form = await parse_form(request, ExemptionForm)
    async with services.db.transaction() as session:
        await actions.grant_exemption(
            session, actor_of(request), registration_id=registration_id, component_id=form.component_id,
            reason=form.reason, proof=form.proof, now=services.clock.now(),
        )  # fmt: skip
    return redirect(request, _page(registration_id), N_("已登记免试。"))


@post(
    "/exam/registration/registrations/{registration_id:uuid}/retain",
    guards=[needs(_P.EXEMPTION_DECIDE)],
    status_code=200,
)
async def retain(request: AppRequest, services: AppServices, registration_id: FromPath[UUID]) -> Response[Any]:
    """Keep the mark of a part that was passed before."""
    form = await parse_form(request, RetainForm)
    async with services.db.transaction() as session:
        await actions.retain_part(
            session, actor_of(request), registration_id=registration_id, component_id=form.component_id, value=form.value,
            source_registration_id=form.source_registration_id, now=services.clock.now(),
        )  # fmt: skip
    return redirect(request, _page(registration_id), N_("已登记成绩保留。"))


@post(
    "/exam/registration/registrations/{registration_id:uuid}/resit", guards=[needs(_P.ROSTER_IMPORT)], status_code=200
)
async def resit(request: AppRequest, services: AppServices, registration_id: FromPath[UUID]) -> Response[Any]:
    """Register the candidate again in a later batch."""
    form = await parse_form(request, ResitForm)
    async with services.db.transaction() as session:
        made = await actions.register_resit(
            session, actor_of(request), source_registration_id=registration_id, batch_id=form.batch_id,
            consent=form.consent, now=services.clock.now(),
        )  # fmt: skip
    return redirect(request, _page(made.id), N_("补考报名已提交，等待审核。"))


@post(
    "/exam/registration/registrations/{registration_id:uuid}/transfer",
    guards=[needs(_P.REGISTRATION_ACCEPT)],
    status_code=200,
)
async def transfer(request: AppRequest, services: AppServices, registration_id: FromPath[UUID]) -> Response[Any]:
    """Let the candidate sit in another prefecture."""
    form = await parse_form(request, TransferForm)
    async with services.db.transaction() as session:
        await actions.transfer(
            session, actor_of(request), registration_id=registration_id, prefecture_code=form.prefecture_code,
            reason=form.reason, now=services.clock.now(),
        )  # fmt: skip
    return redirect(request, _page(registration_id), N_("已改到另一地考核。"))


@post(
    "/exam/registration/registrations/{registration_id:uuid}/{verb:str}",
    guards=[needs(_P.ROSTER_IMPORT, _P.FEE_MANAGE, _P.REGISTRATION_ACCEPT)],
    status_code=200,
)
async def act(
    request: AppRequest, services: AppServices, registration_id: FromPath[UUID], verb: FromPath[str]
) -> Response[Any]:
    """Make one of the single steps: consent, fee, resubmit, withdraw, accept, give_back."""
    form = await parse_form(request, ReasonForm)
    actor, now, ids = actor_of(request), services.clock.now(), [registration_id]
    async with services.db.transaction() as session:
        match verb:
            case "consent":
                await actions.confirm_consent(session, actor, registration_ids=ids, now=now)
            case "fee":
                await actions.record_fee(session, actor, registration_ids=ids, receipt=form.reason, now=now)
            case "resubmit":
                await actions.resubmit(session, actor, registration_ids=ids, now=now)
            case "withdraw":
                await actions.withdraw(session, actor, registration_ids=ids, reason=form.reason, now=now)
            case "accept":
                await actions.accept(session, actor, registration_ids=ids, vault=services.vault, now=now)
            case "give_back":
                await actions.give_back(session, actor, registration_ids=ids, reason=form.reason, now=now)
            case _:
                raise Forbidden
    return redirect(request, _page(registration_id), N_("已保存。"))


@get("/exam/registration/search", guards=[needs(_P.REGISTRATION_READ)])
async def search(request: AppRequest, services: AppServices, q: Text = "") -> Response[Any]:
    """Find people by name or by their whole ID number, within what the reader may see."""
    actor = actor_of(request)
    own = own_institutions(actor)
    async with services.db.transaction() as session:
        batches = {one.id: one for one in await queries.batches(session)}
        found = await queries.find(
            session, services.vault, q, institution_id=own[0] if len(own) == 1 else None, limit=200
        )
        certificates = {one.id: one for one in await catalogue.certificates(session)}
    visible = [one for one in found if sees_registration(actor, batches[one.batch_id], one)][:50]
    return page(
        request, "pages/exam/registration/search.html", q=q, found=visible, batches=batches, certificates=certificates,
        labels=REGISTRATION_STATUS_LABELS, tones=REGISTRATION_TONES,
    )  # fmt: skip


def _page(registration_id: UUID) -> str:
    return f"/exam/registration/registrations/{registration_id}"


ROUTES = [registration_page, photo, set_photo, waive, exempt, retain, resit, transfer, act, search]
