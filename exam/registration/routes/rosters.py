"""Pages of an institution: its roster in a batch, the import and what it found, photos, fees, consent."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.catalogue.rules.records import LEVEL_LABELS, Level
from exam.kernel.errors import N_, Forbidden, NotFound
from exam.kernel.forms import parse_form, upload, uploads
from exam.kernel.i18n import use_locale
from exam.kernel.pages import PER_PAGE, ListPage, file_response, json_response, locale_of, page, redirect, wants_json
from exam.registration import actions, queries
from exam.registration.actions.photos import MOST_PHOTOS
from exam.registration.documents import XLSX, correction_sheet, described, roster_template
from exam.registration.forms import SelectionForm
from exam.registration.routes.shown import (
    BATCH_TONES,
    REGISTRATION_TONES,
    own_institutions,
    sees_institution,
)
from exam.registration.rules.records import (
    CHANNEL_LABELS,
    MISSING_LABELS,
    PAYER_LABELS,
    Batch,
    Channel,
    Institution,
    Payer,
    Registration,
)
from exam.registration.rules.status import (
    BATCH_STATUS_LABELS,
    REGISTRATION_STATUS_LABELS,
    BatchStatus,
    RegistrationStatus,
)
from exam.registration.rules.template import LARGEST_FILE_MB

_P = Permission
Text = Annotated[str, QueryParameter(max_length=60)]
Number = Annotated[int, QueryParameter(name="page", ge=1, le=100_000)]
PHOTO_LIMIT_BYTES = 2 * 1024 * 1024
PROBLEMS_SHOWN = 200


class ChooseInstitution(NotFound):
    message = N_("没有指定院校。")
    way_out = N_("请从批次页选择一所院校。")


class NothingToDo(NotFound):
    message = N_("没有可以办理的报名。")
    way_out = N_("请先勾选报名；已经办理过的不会重复办理。")


@get("/exam/registration/batches/{batch_id:uuid}/roster", guards=[needs(_P.REGISTRATION_READ)])
async def roster_page(
    request: AppRequest,
    services: AppServices,
    batch_id: FromPath[UUID],
    institution: Text = "",
    status: Text = "",
    certificate: Text = "",
    level: Text = "",
    channel: Text = "",
    payer: Text = "",
    missing: Text = "",
    q: Text = "",
    number: Number = 1,
) -> Response[Any]:
    """Show an institution's registrations in a batch: what is missing per person, fees, and the ways in."""
    actor = actor_of(request)
    given = {
        "institution": institution, "status": status, "certificate": certificate, "level": level, "channel": channel,
        "payer": payer, "missing": missing, "q": q,
    }  # fmt: skip
    async with services.db.transaction() as session:
        batch, school = await _place(session, actor, batch_id, institution)
        found, total = await queries.page_of(
            session, batch_id=batch_id, institution_id=school.id, filters=_filters(given), limit=PER_PAGE,
            offset=(number - 1) * PER_PAGE,
        )  # fmt: skip
        tally = (await queries.tallies(session, [batch_id], institution_id=school.id))[batch_id]
        sent = await queries.rosters(session, batch_id=batch_id, institution_id=school.id)
        offered = await queries.offered(session, batch)
        pilots = await queries.pilots(session, batch.first_day.year, school.id)
        certificates = {one.id: one for one in await catalogue.certificates(session)}
    now = services.clock.now()
    in_window = batch.registration_opens_at <= now < batch.registration_closes_at
    return page(
        request, "pages/exam/registration/roster.html", batch=batch, school=school, found=found, tally=tally, sent=sent,
        offered=offered, pilots=pilots, certificates=certificates, given=given,
        list_page=ListPage(number=number, total=total, filters=given),
        keeps=actor.within(_P.ROSTER_IMPORT, institution_id=school.id),
        open_now=in_window and batch.status is BatchStatus.REGISTRATION_OPEN, limit_mb=LARGEST_FILE_MB,
        labels=REGISTRATION_STATUS_LABELS, tones=REGISTRATION_TONES, batch_labels=BATCH_STATUS_LABELS,
        batch_tones=BATCH_TONES, channels=CHANNEL_LABELS, payers=PAYER_LABELS, levels=LEVEL_LABELS,
        missing_labels=MISSING_LABELS, photo_limit=MOST_PHOTOS,
    )  # fmt: skip


@post("/exam/registration/batches/{batch_id:uuid}/roster", guards=[needs(_P.ROSTER_IMPORT)], status_code=200)
async def import_roster(
    request: AppRequest, services: AppServices, batch_id: FromPath[UUID], institution: Text = ""
) -> Response[Any]:
    """Import a roster: all of it, or nothing and a page that names every problem."""
    actor, now = actor_of(request), services.clock.now()
    sent = await upload(request, "roster", limit_bytes=LARGEST_FILE_MB * 1024 * 1024)
    async with services.db.transaction() as session:
        _, school = await _place(session, actor, batch_id, institution)
        result = await actions.import_roster(
            session, actor, services.vault, batch_id=batch_id, institution_id=school.id, filename=sent.filename,
            data=sent.data, now=now,
        )  # fmt: skip
        check_id = None
        if not result.accepted:
            check_id = await actions.keep_check(
                session, actor, services.vault, batch_id=batch_id, institution_id=school.id, result=result, now=now
            )
    if check_id:
        return _go(request, f"/exam/registration/checks/{check_id}")
    return _go(
        request,
        f"/exam/registration/batches/{batch_id}/roster?institution={school.id}",
        N_("名单已全部导入：%(rows)s 条报名，%(people)s 名考生。"),
        rows=result.registered_count,
        people=result.persons_count,
    )


@get("/exam/registration/checks/{check_id:uuid}", guards=[needs(_P.ROSTER_IMPORT)])
async def check_result(request: AppRequest, services: AppServices, check_id: FromPath[UUID]) -> Response[Any]:
    """Show what a refused roster's check found: each row, each column, each way out."""
    actor = actor_of(request)
    async with services.db.transaction() as session:
        check = await queries.check(session, services.vault, actor, check_id, services.clock.now())
        batch = await queries.batch(session, check.batch_id)
        school = await queries.institution(session, check.institution_id)
    with use_locale(locale_of(request)):
        found = [described(problem) for problem in check.result.problems]
    kinds: dict[str, int] = {}
    for one in check.result.problems:
        kinds[one.message] = kinds.get(one.message, 0) + 1
    return page(
        request, "pages/exam/registration/check_result.html", check=check, result=check.result, batch=batch,
        school=school, whole=[one for one in found if one.row is None],
        rows=[one for one in found if one.row is not None][:PROBLEMS_SHOWN], shown=PROBLEMS_SHOWN, kinds_count=len(kinds),
        limit_mb=LARGEST_FILE_MB,
    )  # fmt: skip


@get("/exam/registration/checks/{check_id:uuid}/correction.xlsx", guards=[needs(_P.ROSTER_IMPORT)])
async def correction_file(request: AppRequest, services: AppServices, check_id: FromPath[UUID]) -> Response[Any]:
    """Give the correction sheet: the same rows with the errors beside them."""
    async with services.db.transaction() as session:
        check = await queries.check(session, services.vault, actor_of(request), check_id, services.clock.now())
    with use_locale(locale_of(request)):
        data = correction_sheet(check.result)
    stem = check.result.filename.rsplit(".", 1)[0][-60:]
    return file_response(data, XLSX, f"{stem}-更正表.xlsx")


@get("/exam/registration/template.xlsx", guards=[needs(_P.BATCH_READ)])
async def template_file(request: AppRequest, services: AppServices, batch: Text = "") -> Response[Any]:
    """Give the empty roster; with a batch, its certificates stand in the lists."""
    async with services.db.transaction() as session:
        offered = []
        if batch:
            offered = await queries.offered(session, await queries.batch(session, _uuid(batch)))
    with use_locale(locale_of(request)):
        return file_response(roster_template(offered), XLSX, "报名名单模板.xlsx")


@post("/exam/registration/batches/{batch_id:uuid}/photos", guards=[needs(_P.ROSTER_IMPORT)], status_code=200)
async def upload_photos(
    request: AppRequest, services: AppServices, batch_id: FromPath[UUID], institution: Text = ""
) -> Response[Any]:
    """Take photos by their file names; those that do not fit are listed, the others are kept."""
    actor, now = actor_of(request), services.clock.now()
    sent = await uploads(request, "photos", limit_bytes=PHOTO_LIMIT_BYTES)
    async with services.db.transaction() as session:
        batch, school = await _place(session, actor, batch_id, institution)
        result = await actions.upload_photos(
            session, actor, services.vault, services.files, batch_id=batch_id, institution_id=school.id,
            photos=[(one.filename, one.data) for one in sent], now=now,
        )  # fmt: skip
    back = f"/exam/registration/batches/{batch_id}/roster?institution={school.id}"
    with use_locale(locale_of(request)):
        found = [described(problem) for problem in result.problems]
    if wants_json(request):
        words = [one.message + one.way_out for one in found]
        return json_response({"stored": result.stored_count, "problems": words})
    if not found:
        return redirect(request, back, N_("已保存 %(n)s 张照片。"), n=result.stored_count)
    return page(
        request, "pages/exam/registration/photos_result.html", status=422, batch=batch, school=school, result=result,
        found=found, back=back,
    )  # fmt: skip


@post(
    "/exam/registration/batches/{batch_id:uuid}/selection",
    guards=[needs(_P.ROSTER_IMPORT, _P.FEE_MANAGE)],
    status_code=200,
)
async def act_on_selection(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """Record fees or consent, withdraw or send again: the chosen registrations, or everybody it applies to."""
    form = await parse_form(request, SelectionForm)
    actor, now = actor_of(request), services.clock.now()
    async with services.db.transaction() as session:
        every = await queries.registrations(session, batch_id=batch_id, institution_id=form.institution)
        chosen = [one for one in every if form.everyone or one.id in set(form.ids)]
        ids = [one.id for one in chosen if _applies(form.verb, one)]
        if not ids:
            raise NothingToDo
        if form.verb == "fee":
            await actions.record_fee(session, actor, registration_ids=ids, receipt=form.receipt, now=now)
        elif form.verb == "consent":
            await actions.confirm_consent(session, actor, registration_ids=ids, now=now)
        elif form.verb == "resubmit":
            await actions.resubmit(session, actor, registration_ids=ids, now=now)
        else:
            await actions.withdraw(session, actor, registration_ids=ids, reason=form.reason, now=now)
    words = {
        "fee": N_("已登记 %(n)s 条报名的费用。"),
        "consent": N_("已登记 %(n)s 名考生的本人同意。"),
        "resubmit": N_("已重新提交 %(n)s 条报名。"),
    }.get(form.verb, N_("已退出 %(n)s 条报名。"))
    back = f"/exam/registration/batches/{batch_id}/roster?institution={form.institution}"
    return redirect(request, back, words, n=len(ids))


def _applies(verb: str, one: Registration) -> bool:
    """Whether a verb has anything to do for a registration; the table of statuses still decides."""
    if verb == "fee":
        return one.status is RegistrationStatus.CONSENT_CONFIRMED
    if verb == "consent":
        return one.live and one.consent_at is None
    if verb == "resubmit":
        return one.status is RegistrationStatus.RETURNED
    return verb == "withdraw" and one.live and one.status is not RegistrationStatus.SEATED


async def _place(session: AsyncSession, actor: Actor, batch_id: UUID, institution: str) -> tuple[Batch, Institution]:
    """The batch and the institution of a page: the one named, else the actor's own."""
    own = own_institutions(actor)
    if not institution and not own:
        raise ChooseInstitution
    batch = await queries.batch(session, batch_id)
    school = await queries.institution(session, _uuid(institution) if institution else own[0])
    if not sees_institution(actor, batch, school):
        raise Forbidden
    return batch, school


def _filters(given: dict[str, str]) -> queries.Filters:
    """The filters of an address; a word that is none of ours filters nothing."""
    return queries.Filters(
        status=next((one for one in RegistrationStatus if one.value == given["status"]), None),
        certificate_id=_uuid(given["certificate"]) if given["certificate"] else None,
        level=next((one for one in Level if one.value == given["level"]), None),
        channel=next((one for one in Channel if one.value == given["channel"]), None),
        payer=next((one for one in Payer if one.value == given["payer"]), None),
        missing=given["missing"],
        text=given["q"],
    )


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound from error


def _go(request: AppRequest, path: str, notice: str = "", **facts: object) -> Response[Any]:
    """Go on: a redirect, or for the upload script the address to go to."""
    response: Response[Any] = redirect(request, path, notice, **facts)
    if not wants_json(request):
        return response
    answer = json_response({"location": path})
    for cookie in response.cookies:
        answer.set_cookie(cookie)
    return answer


ROUTES = [
    roster_page, import_roster, check_result, correction_file, template_file, upload_photos, act_on_selection,
]  # fmt: skip
