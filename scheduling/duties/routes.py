"""Pages of the duties: the pool of examiners, one examiner with qualifications, relations and days away."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts import queries as accounts
from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Permission, Role
from exam.catalogue import queries as catalogue
from exam.kernel.clock import china_date
from exam.kernel.errors import N_, Invalid, Problem, Refusal
from exam.kernel.forms import parse_form
from exam.kernel.pages import page, redirect, status_of
from exam.kernel.services import Services
from exam.registration import queries as registration
from scheduling.duties import actions, queries
from scheduling.duties.forms import AvailabilityForm, ExaminerForm, QualificationForm, RelationForm
from scheduling.duties.rules import RELATION_LABELS
from scheduling.sites.forms import chosen

F = TypeVar("F", bound=msgspec.Struct)
_STAFF = (Role.INVIGILATOR, Role.ASSESSOR, Role.SITE_HEAD)


class LoginUnknown(Invalid):
    message = N_("没有登录名为 %(login)s 的监考员、考评员或主考账号。")
    way_out = N_("请先建立账号，再登记到人员库。")


@get("/scheduling/examiners", guards=[needs(Permission.PLAN_MANAGE)])
async def examiners_page(
    request: AppRequest,
    services: AppServices,
    certificate: FromQuery[str] = "",
    prefecture: FromQuery[str] = "",
    text: FromQuery[str] = "",
) -> Response[Any]:
    """List the pool, filtered by certificate, prefecture and name."""
    return await _examiners_page(request, services, chosen(certificate), prefecture, text)


@post("/scheduling/examiners", guards=[needs(Permission.PLAN_MANAGE)], status_code=200)
async def add_examiner(request: AppRequest, services: AppServices) -> Response[Any]:
    """Take somebody into the pool by the login of an account."""
    try:
        form = await parse_form(request, ExaminerForm)
        async with services.db.transaction() as session:
            known = [one for role in _STAFF for one in await accounts.accounts_of_role(session, role)]
            account = next((one for one in known if one.login == form.login), None)
            if account is None:
                raise LoginUnknown(login=form.login)
            person = actions.NewExaminer(
                account_id=account.id,
                name=account.name,
                institution_id=form.institution_id,
                may_invigilate=form.may_invigilate,
                may_head=form.may_head,
            )
            (examiner_id,) = await actions.add_examiners(
                session, actor_of(request), people=[person], now=services.clock.now()
            )
    except Refusal as refusal:
        sent = dict(await request.form())
        return await _examiners_page(request, services, None, "", "", refusal=refusal, sent=sent)
    return redirect(request, f"/scheduling/examiners/{examiner_id}", N_("已登记到人员库，请补充资格。"))


async def _examiners_page(
    request: AppRequest,
    services: Services,
    certificate: UUID | None,
    prefecture: str,
    text: str,
    *,
    refusal: Refusal | None = None,
    sent: Mapping[str, Any] | None = None,
) -> Response[Any]:
    today = china_date(services.clock.now())
    async with services.db.transaction() as session:
        pool = await queries.pool(session)
        certificates = {one.id: one for one in await catalogue.certificates(session)}
        institutions = {one.id: one for one in await registration.institutions(session)}
        prefectures = {one.code: one for one in await registration.prefectures(session)}
    shown = [
        one
        for one in pool
        if (certificate is None or one.qualified(certificate, today))
        and prefecture in ("", one.prefecture_code)
        and text in one.name
    ]
    return page(
        request,
        "pages/scheduling/duties/examiners.html",
        status=status_of(refusal) if refusal else 200,
        examiners=shown,
        total=len(pool),
        certificates=certificates,
        institutions=institutions,
        prefectures=prefectures,
        certificate=certificate,
        prefecture=prefecture,
        text=text,
        today=today,
        refusal=refusal,
        sent=sent or {},
    )


@get("/scheduling/examiners/{examiner_id:uuid}", guards=[needs(Permission.PLAN_MANAGE)])
async def examiner_page(request: AppRequest, services: AppServices, examiner_id: FromPath[UUID]) -> Response[Any]:
    """Show one examiner."""
    return await _examiner_page(request, services, examiner_id)


@post("/scheduling/examiners/{examiner_id:uuid}/qualify", guards=[needs(Permission.PLAN_MANAGE)], status_code=200)
async def qualify(request: AppRequest, services: AppServices, examiner_id: FromPath[UUID]) -> Response[Any]:
    """Record an advanced certificate."""

    async def change(session: AsyncSession, form: QualificationForm) -> None:
        await queries.examiner(session, examiner_id)
        await actions.qualify(
            session,
            actor_of(request),
            examiner_id=examiner_id,
            certificate_id=form.certificate_id,
            valid_from=form.valid_from,
            valid_to=form.valid_to,
            may_lead=form.may_lead,
            now=services.clock.now(),
        )

    return await _recorded(request, services, examiner_id, QualificationForm, change, N_("资格已登记。"))


@post("/scheduling/examiners/{examiner_id:uuid}/relations", guards=[needs(Permission.PLAN_MANAGE)], status_code=200)
async def declare(request: AppRequest, services: AppServices, examiner_id: FromPath[UUID]) -> Response[Any]:
    """Record a declared relation to an institution."""

    async def change(session: AsyncSession, form: RelationForm) -> None:
        await actions.declare_relation(
            session,
            actor_of(request),
            examiner_id=examiner_id,
            kind=form.kind,
            subject_id=form.institution_id,
            note=form.note,
            now=services.clock.now(),
        )

    notice = N_("回避关系已登记，编排时自动避开。")
    return await _recorded(request, services, examiner_id, RelationForm, change, notice)


@post("/scheduling/examiners/{examiner_id:uuid}/availability", guards=[needs(Permission.PLAN_MANAGE)], status_code=200)
async def set_availability(request: AppRequest, services: AppServices, examiner_id: FromPath[UUID]) -> Response[Any]:
    """Record days away."""

    async def change(session: AsyncSession, form: AvailabilityForm) -> None:
        await actions.set_availability(
            session,
            actor_of(request),
            examiner_id=examiner_id,
            active=form.active,
            away_on=_dates(form.away_on),
            now=services.clock.now(),
        )

    return await _recorded(request, services, examiner_id, AvailabilityForm, change, N_("可用情况已更新。"))


async def _recorded(
    request: AppRequest,
    services: Services,
    examiner_id: UUID,
    form: type[F],
    change: Callable[[AsyncSession, F], Awaitable[None]],
    notice: str,
) -> Response[Any]:
    """Change one examiner as a form says, and say so on the examiner's page; a refusal is shown there too."""
    try:
        sent = await parse_form(request, form)
        async with services.db.transaction() as session:
            await change(session, sent)
    except Refusal as refusal:
        return await _examiner_page(request, services, examiner_id, refusal=refusal)
    return redirect(request, f"/scheduling/examiners/{examiner_id}", notice)


def _dates(text: str) -> list[date]:
    """Dates written one a line, or separated by commas or spaces."""
    try:
        return [date.fromisoformat(word) for word in re.split(r"[\s,，;；、]+", text) if word]
    except ValueError as error:
        message = N_("请填写日期，例如 2026-05-16。")
        raise Invalid(problems=[Problem(field="away_on", message=message, code="malformed")]) from error


async def _examiner_page(
    request: AppRequest, services: Services, examiner_id: UUID, *, refusal: Refusal | None = None
) -> Response[Any]:
    today = china_date(services.clock.now())
    async with services.db.transaction() as session:
        examiner = await queries.examiner(session, examiner_id)
        certificates = {one.id: one for one in await catalogue.certificates(session)}
        institutions = {one.id: one for one in await registration.institutions(session)}
    return page(
        request,
        "pages/scheduling/duties/examiner.html",
        status=status_of(refusal) if refusal else 200,
        examiner=examiner,
        certificates=certificates,
        institutions=institutions,
        relation_labels=RELATION_LABELS,
        today=today,
        year_end=date(today.year, 12, 31),
        refusal=refusal,
    )


ROUTES = [examiners_page, add_examiner, examiner_page, qualify, declare, set_availability]
