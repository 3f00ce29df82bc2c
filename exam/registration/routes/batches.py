"""Pages of batches: the list, planning one, its steps, and the officer's check of what was registered."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Permission
from exam.catalogue import queries as catalogue
from exam.kernel.errors import N_, Invalid, Problem, Refusal
from exam.kernel.forms import parse_form
from exam.kernel.pages import PER_PAGE, ListPage, page, redirect, status_of
from exam.registration import actions, queries
from exam.registration.forms import BatchForm, DecideForm, MoveForm, ScheduleForm, china_instant
from exam.registration.routes.shown import (
    BATCH_TONES,
    REGISTRATION_TONES,
    own_institutions,
    require_batch,
    sees_batch,
)
from exam.registration.rules.records import CHANNEL_LABELS, MISSING_LABELS, PAYER_LABELS
from exam.registration.rules.status import (
    ALLOWED_BATCH,
    BATCH_STATUS_LABELS,
    REASON_NEEDED,
    REGISTRATION_STATUS_LABELS,
    ROAD,
    BatchStatus,
)

_P = Permission
_SHORT = QueryParameter(max_length=40)
Text = Annotated[str, _SHORT]
Number = Annotated[int, QueryParameter(name="page", ge=1, le=100_000)]
IN_PERSON = "self"  # stands where an institution's id would: those who registered without one


@get("/exam/registration/batches", guards=[needs(_P.BATCH_READ)])
async def batch_list(request: AppRequest, services: AppServices, status: Text = "") -> Response[Any]:
    """Show the batches; an institution sees its own numbers in each."""
    actor = actor_of(request)
    schools = own_institutions(actor)
    async with services.db.transaction() as session:
        every = await queries.batches(session)
        shown = [one for one in every if status in ("", one.status.value)]
        counts = await queries.tallies(
            session, [one.id for one in shown], institution_id=schools[0] if len(schools) == 1 else None
        )
    return page(
        request, "pages/exam/registration/batches.html", batches=shown, counts=counts, chosen=status,
        labels=BATCH_STATUS_LABELS, tones=BATCH_TONES, present=[one.status for one in every],
        may_manage=actor.may(_P.BATCH_MANAGE), may_read=actor.may(_P.REGISTRATION_READ), is_school=bool(schools),
    )  # fmt: skip


@get("/exam/registration/batches/new", guards=[needs(_P.BATCH_MANAGE)])
async def new_batch(request: AppRequest, services: AppServices) -> Response[Any]:
    """Show the form for a batch."""
    return await _batch_form(request, services, {}, None)


@post("/exam/registration/batches/new", guards=[needs(_P.BATCH_MANAGE)], status_code=200)
async def create_batch(request: AppRequest, services: AppServices) -> Response[Any]:
    """Plan a batch; a refusal shows the form again with what was typed."""
    try:
        form = await parse_form(request, BatchForm)
        if not form.scheme_ids:
            problem = Problem(field="scheme_ids", message=N_("请至少选择一个证书等级。"), code="missing")
            raise Invalid(problems=[problem])
        async with services.db.transaction() as session:
            made = await actions.create_batch(
                session,
                actor_of(request),
                code=form.code,
                name_zh=form.name_zh,
                name_en=form.name_en,
                province_code=form.province_code,
                scheme_ids=form.scheme_ids,
                registration_opens_at=china_instant(form.registration_opens_at),
                registration_closes_at=china_instant(form.registration_closes_at),
                first_day=form.first_day,
                last_day=form.last_day,
                filing_no=form.filing_no,
                now=services.clock.now(),
            )
    except Refusal as refusal:
        return await _batch_form(request, services, dict(await request.form()), refusal)
    return redirect(request, f"/exam/registration/batches/{made.id}", N_("批次已建立，状态是“计划中”。"))


async def _batch_form(
    request: AppRequest, services: AppServices, typed: dict[str, Any], refusal: Refusal | None
) -> Response[Any]:
    actor = actor_of(request)
    async with services.db.transaction() as session:
        newest = await catalogue.newest(session)
        units = await queries.units(session)
    chosen = {str(id) for id in (await request.form()).getall("scheme_ids", [])} if refusal else set()
    return page(
        request, "pages/exam/registration/batch_new.html", status=status_of(refusal) if refusal else 200, typed=typed,
        refusal=refusal, chosen=chosen, provinces=sorted({unit.province_code for unit in units}),
        schemes=[one for one in newest.values() if actor.within(_P.BATCH_MANAGE, organisation_id=one.organisation_id)],
    )  # fmt: skip


@get("/exam/registration/batches/{batch_id:uuid}", guards=[needs(_P.BATCH_READ)])
async def batch_page(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """Show a batch: where it stands, what it offers, the institutions in it, and the next steps."""
    actor = actor_of(request)
    async with services.db.transaction() as session:
        batch = await queries.batch(session, batch_id)
        offered = await queries.offered(session, batch)
        moves = await queries.batch_moves(session, batch_id)
        schools = {one.id: one for one in await queries.institutions(session)}
        overview = sees_batch(actor, _P.REGISTRATION_READ, batch)
        by_school = await queries.institution_tallies(session, batch_id) if overview else {}
        total = (await queries.tallies(session, [batch_id]))[batch_id]
    manages = sees_batch(actor, _P.BATCH_MANAGE, batch)
    reached = ROAD.index(batch.status) if batch.status in ROAD else 0
    return page(
        request, "pages/exam/registration/batch.html", batch=batch, offered=offered, moves=moves, schools=schools,
        by_school=by_school, total=total if overview else None, labels=BATCH_STATUS_LABELS, tones=BATCH_TONES,
        road=ROAD, reached=reached, next_steps=_next_steps(batch.status) if manages else [],
        reason_needed=[to for at, to in REASON_NEEDED if at is batch.status], may_manage=manages,
        may_check=sees_batch(actor, _P.REGISTRATION_ACCEPT, batch), own=own_institutions(actor),
    )  # fmt: skip


def _next_steps(status: BatchStatus) -> list[BatchStatus]:
    """The steps that are made on the batch's own page; the others follow from work done elsewhere."""
    here = (
        BatchStatus.ANNOUNCED, BatchStatus.REGISTRATION_OPEN, BatchStatus.REGISTRATION_CLOSED, BatchStatus.SETTLED,
        BatchStatus.ARCHIVED, BatchStatus.POSTPONED, BatchStatus.CANCELLED,
    )  # fmt: skip
    return [to for to in here if to in ALLOWED_BATCH[status]]


@post("/exam/registration/batches/{batch_id:uuid}/move", guards=[needs(_P.BATCH_MANAGE)], status_code=200)
async def move(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """Make a step of the batch; closing also confirms everybody whose fee is settled."""
    form = await parse_form(request, MoveForm)
    actor, now = actor_of(request), services.clock.now()
    async with services.db.transaction() as session:
        batch = await queries.batch(session, batch_id)
        if batch.status is BatchStatus.REGISTRATION_OPEN and form.to is BatchStatus.REGISTRATION_CLOSED:
            await actions.close(session, actor, batch_id=batch_id, now=now)
        else:
            await actions.move_batch(session, actor, batch_id=batch_id, to=form.to, reason=form.reason, now=now)
    return redirect(request, f"/exam/registration/batches/{batch_id}", N_("批次的状态已更新。"))


@post("/exam/registration/batches/{batch_id:uuid}/schedule", guards=[needs(_P.BATCH_MANAGE)], status_code=200)
async def schedule(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """Change the registration window and the exam days."""
    form = await parse_form(request, ScheduleForm)
    async with services.db.transaction() as session:
        await actions.reschedule(
            session,
            actor_of(request),
            batch_id=batch_id,
            registration_opens_at=china_instant(form.registration_opens_at),
            registration_closes_at=china_instant(form.registration_closes_at),
            first_day=form.first_day,
            last_day=form.last_day,
            filing_no=form.filing_no,
            now=services.clock.now(),
        )
    return redirect(request, f"/exam/registration/batches/{batch_id}", N_("批次的时间已更新。"))


@get("/exam/registration/batches/{batch_id:uuid}/check", guards=[needs(_P.REGISTRATION_ACCEPT)])
async def check_page(
    request: AppRequest, services: AppServices, batch_id: FromPath[UUID], institution: Text = "", number: Number = 1
) -> Response[Any]:
    """Show what waits for the officer's check, with photo and what is missing."""
    actor = actor_of(request)
    async with services.db.transaction() as session:
        batch = await queries.batch(session, batch_id)
        require_batch(actor, _P.REGISTRATION_ACCEPT, batch)
        schools = await queries.institutions(session)
        school = next((one for one in schools if str(one.id) == institution), None)
        found, total = await queries.page_of(
            session, batch_id=batch_id, institution_id=school.id if school else None, in_person=institution == IN_PERSON,
            filters=queries.Filters(missing="check"), limit=PER_PAGE, offset=(number - 1) * PER_PAGE,
        )  # fmt: skip
        by_school = await queries.institution_tallies(session, batch_id)
        certificates = {one.id: one for one in await catalogue.certificates(session)}
        tally = (await queries.tallies(session, [batch_id]))[batch_id]
        doubles = await queries.same_number(session, [one.id for one in found])
        prefectures = {one.code: one for one in await queries.prefectures(session)}
        ready = 0 if institution == IN_PERSON else len(await _ready(session, batch_id, school.id if school else None))
    return page(
        request, "pages/exam/registration/check.html", batch=batch, found=found, certificates=certificates,
        schools=[one for one in schools if one.id in by_school and by_school[one.id].to_check], by_school=by_school,
        institution=institution, tally=tally, ready=ready, missing_labels=MISSING_LABELS, channels=CHANNEL_LABELS,
        payers=PAYER_LABELS, labels=REGISTRATION_STATUS_LABELS, tones=REGISTRATION_TONES,
        list_page=ListPage(number=number, total=total, filters={"institution": institution}), doubles=doubles,
        prefectures=prefectures, in_person=IN_PERSON,
    )  # fmt: skip


async def _ready(session: Any, batch_id: UUID, institution_id: UUID | None) -> list[UUID]:
    """The registrations that wait for the check and lack nothing; who registered in person is looked at one by one."""
    found = await queries.registrations(session, batch_id=batch_id, institution_id=institution_id)
    return [one.id for one in found if one.status.to_check and not one.missing and not one.claimed]


@post("/exam/registration/batches/{batch_id:uuid}/check", guards=[needs(_P.REGISTRATION_ACCEPT)], status_code=200)
async def decide(
    request: AppRequest, services: AppServices, batch_id: FromPath[UUID], institution: Text = ""
) -> Response[Any]:
    """Accept, return or reject the chosen registrations, or accept all that lack nothing."""
    form = await parse_form(request, DecideForm)
    actor, now = actor_of(request), services.clock.now()
    school = UUID(institution) if institution and institution != IN_PERSON else None
    async with services.db.transaction() as session:
        require_batch(actor, _P.REGISTRATION_ACCEPT, await queries.batch(session, batch_id))
        ids = await _ready(session, batch_id, school) if form.decision == "accept_all" else form.ids
        if not ids:
            raise NothingChosen
        if form.decision == "give_back":
            await actions.give_back(session, actor, registration_ids=ids, reason=form.reason, now=now)
        elif form.decision == "reject":
            await actions.reject(session, actor, registration_ids=ids, reason=form.reason, now=now)
        else:
            await actions.accept(session, actor, registration_ids=ids, vault=services.vault, now=now)
    words = {
        "give_back": N_("已退回 %(n)s 条报名。"),
        "reject": N_("已驳回 %(n)s 条报名。"),
    }.get(form.decision, N_("已通过 %(n)s 条报名。"))
    back = f"/exam/registration/batches/{batch_id}/check" + (f"?institution={institution}" if institution else "")
    return redirect(request, back, words, n=len(ids))


@post("/exam/registration/batches/{batch_id:uuid}/confirm", guards=[needs(_P.REGISTRATION_ACCEPT)], status_code=200)
async def confirm_settled(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """Confirm everybody whose fee is settled."""
    async with services.db.transaction() as session:
        found = await queries.registrations(session, batch_id=batch_id)
        ids = [one.id for one in found if one.status.settled]
        if not ids:
            raise NothingChosen
        await actions.confirm(session, actor_of(request), registration_ids=ids, now=services.clock.now())
    return redirect(request, f"/exam/registration/batches/{batch_id}", N_("已确认 %(n)s 条报名。"), n=len(ids))


class NothingChosen(Invalid):
    message = N_("没有选中任何报名。")
    way_out = N_("请先勾选要办理的报名。")


ROUTES = [
    batch_list, new_batch, create_batch, batch_page, move, schedule, check_page, decide, confirm_settled,
]  # fmt: skip
