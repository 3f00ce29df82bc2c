"""Pages of places: institutions with their pilots, reporting units with the map of coverage units."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.kernel.clock import china_date
from exam.kernel.errors import N_, Forbidden, Refusal
from exam.kernel.forms import parse_form
from exam.kernel.pages import page, redirect, status_of
from exam.registration import actions, queries
from exam.registration.forms import InstitutionForm, PilotForm
from exam.registration.rules.records import INSTITUTION_KIND_LABELS, Institution, Unit

_P = Permission
Text = Annotated[str, QueryParameter(max_length=60)]


@get("/exam/registration/institutions", guards=[needs(_P.REGISTRATION_READ)])
async def institution_list(
    request: AppRequest, services: AppServices, unit: Text = "", kind: Text = "", pilot: Text = "", q: Text = ""
) -> Response[Any]:
    """Show the institutions of the reader's scope with this year's pilots."""
    return await _list(request, services, {"unit": unit, "kind": kind, "pilot": pilot, "q": q}, None, {})


@post("/exam/registration/institutions", guards=[needs(_P.PILOT_APPROVE)], status_code=200)
async def add_institution(request: AppRequest, services: AppServices) -> Response[Any]:
    """Register an institution."""
    try:
        form = await parse_form(request, InstitutionForm)
        async with services.db.transaction() as session:
            places = {one.code: one.unit_code for one in await queries.prefectures(session)}
            made = await actions.add_institution(
                session,
                actor_of(request),
                code=form.code,
                name_zh=form.name_zh,
                name_en=form.name_en,
                kind=form.kind,
                unit_code=places.get(form.prefecture_code, ""),
                prefecture_code=form.prefecture_code,
                latitude=form.latitude,
                longitude=form.longitude,
                now=services.clock.now(),
            )
    except Refusal as refusal:
        blank = {"unit": "", "kind": "", "pilot": "", "q": ""}
        return await _list(request, services, blank, refusal, dict(await request.form()))
    return redirect(request, f"/exam/registration/institutions/{made.id}", N_("院校已登记。"))


async def _list(
    request: AppRequest, services: AppServices, given: dict[str, str], refusal: Refusal | None, typed: dict[str, Any]
) -> Response[Any]:
    actor = actor_of(request)
    year = china_date(services.clock.now()).year
    async with services.db.transaction() as session:
        units = {one.code: one for one in await queries.units(session)}
        every = [one for one in await queries.institutions(session) if sees_place(actor, one, units[one.unit_code])]
        pilots = await queries.pilots(session, year)
        certificates = {one.id: one for one in await catalogue.certificates(session)}
        prefectures = await queries.prefectures(session)
    by_school: dict[UUID, list[Any]] = {}
    for one in pilots:
        by_school.setdefault(one.institution_id, []).append(one)
    shown = [one for one in every if _fits(one, given, by_school)]
    return page(
        request, "pages/exam/registration/institutions.html", status=status_of(refusal) if refusal else 200,
        shown=shown, units=units, given=given, by_school=by_school, certificates=certificates, year=year,
        kinds=INSTITUTION_KIND_LABELS, prefectures=prefectures, may_add=actor.may(_P.PILOT_APPROVE), refusal=refusal,
        typed=typed,
    )  # fmt: skip


def _fits(one: Institution, given: dict[str, str], by_school: dict[UUID, list[Any]]) -> bool:
    return (
        given["unit"] in ("", one.unit_code)
        and given["kind"] in ("", one.kind.value)
        and (not given["pilot"] or (one.id in by_school) == (given["pilot"] == "some"))
        and given["q"].casefold() in f"{one.name_zh} {one.name_en} {one.code}".casefold()
    )


def sees_place(actor: Actor, one: Institution, unit: Unit) -> bool:
    """Whether the actor may read an institution: the province, its unit, itself; organisations read all of them."""
    organisations = actor.scope_ids(_P.REGISTRATION_READ, "organisation")
    return bool(organisations) or actor.within(
        _P.REGISTRATION_READ, province_code=unit.province_code, unit_code=unit.code, institution_id=one.id
    )


@get("/exam/registration/institutions/{institution_id:uuid}", guards=[needs(_P.REGISTRATION_READ)])
async def institution_page(request: AppRequest, services: AppServices, institution_id: FromPath[UUID]) -> Response[Any]:
    """Show one institution: its place, its pilots by year, and its batches."""
    actor = actor_of(request)
    year = china_date(services.clock.now()).year
    async with services.db.transaction() as session:
        school = await queries.institution(session, institution_id)
        units = {one.code: one for one in await queries.units(session)}
        if not sees_place(actor, school, units[school.unit_code]):
            raise Forbidden
        years = {one: await queries.pilots(session, one, institution_id) for one in (year + 1, year, year - 1)}
        certificates = {one.id: one for one in await catalogue.certificates(session)}
        batches = await queries.batches(session)
        counts = await queries.tallies(session, [one.id for one in batches], institution_id=institution_id)
    return page(
        request, "pages/exam/registration/institution.html", school=school, unit=units[school.unit_code], years=years,
        year=year, certificates=certificates, batches=[one for one in batches if counts[one.id].total], counts=counts,
        kinds=INSTITUTION_KIND_LABELS,
        may_approve=actor.within(_P.PILOT_APPROVE, province_code=units[school.unit_code].province_code),
    )  # fmt: skip


@post("/exam/registration/institutions/{institution_id:uuid}/pilots", guards=[needs(_P.PILOT_APPROVE)], status_code=200)
async def approve_pilot(request: AppRequest, services: AppServices, institution_id: FromPath[UUID]) -> Response[Any]:
    """Approve a pilot, or change its head-count."""
    form = await parse_form(request, PilotForm)
    async with services.db.transaction() as session:
        await actions.approve_pilot(
            session,
            actor_of(request),
            institution_id=institution_id,
            certificate_id=form.certificate_id,
            year=form.year,
            quota=form.quota,
            majors=form.majors.replace("、", " ").replace("，", " ").replace(",", " ").split(),
            now=services.clock.now(),
        )
    return redirect(request, f"/exam/registration/institutions/{institution_id}", N_("试点名额已确认。"))


@get("/exam/registration/units", guards=[needs(_P.REGISTRATION_READ)])
async def unit_page(request: AppRequest, services: AppServices) -> Response[Any]:
    """Show the reporting units and the tiles of the coverage units."""
    async with services.db.transaction() as session:
        units = await queries.units(session)
        prefectures = await queries.prefectures(session)
        schools = await queries.institutions(session)
    counts: dict[str, int] = {}
    for one in schools:
        counts[one.prefecture_code] = counts.get(one.prefecture_code, 0) + 1
    return page(
        request, "pages/exam/registration/units.html", units=units, prefectures=prefectures, counts=counts,
    )  # fmt: skip


ROUTES = [institution_list, add_institution, institution_page, approve_pilot, unit_page]
