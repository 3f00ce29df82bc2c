"""Step a: organisations, certificates, levels, versioned exam schemes; the province, its units, schools and pilots."""

from copy import deepcopy
from datetime import date, datetime
from uuid import UUID

from exam.accounts.rules import SYSTEM, Grant, Role, Scope
from exam.catalogue import actions as catalogue
from exam.catalogue import queries as catalogue_queries
from exam.catalogue.rules import Level
from exam.demo import province
from exam.demo.cast import Part, founders, office
from exam.demo.certificates import CERTIFICATES, ORGANISATIONS, definitions
from exam.demo.stage import Stage
from exam.registration import actions as registration
from exam.registration.rules.records import InstitutionKind, Prefecture, Unit, UnitKind

_FIRST_BATCH = 1  # 首批 (A02)
_VALID_FROM = date(2019, 4, 17)  # the day of the first-batch notice


async def found(stage: Stage, now: datetime) -> None:
    """Enter the province and the organisations, and give the first people their accounts."""
    async with stage.change() as session:
        await stage.cast.hire(session, founders(province.PROVINCE_CODE), now=now)
        await registration.add_units(
            session,
            stage.cast["province"],
            units=[_unit(unit) for unit in province.UNITS],
            prefectures=[_prefecture(unit) for unit in province.UNITS],
            now=now,
        )
        for organisation in ORGANISATIONS:
            stage.organisations[organisation.code] = await catalogue.add_organisation(
                session,
                SYSTEM,
                code=organisation.code,
                name_zh=organisation.name_zh,
                name_en=organisation.name_en,
                now=now,
            )
        parts = office(stage.organisations, province.UNITS[0].code, province.PROVINCE_CODE)
        await stage.cast.hire(session, parts, now=now)


async def publish(stage: Stage, now: datetime) -> int:
    """Enter the certificates and publish their schemes; returns how many schemes."""
    officer = stage.cast["officer"]
    async with stage.change() as session:
        for certificate in CERTIFICATES:
            stage.certificates[certificate.code] = await catalogue.add_certificate(
                session,
                officer,
                organisation_id=stage.organisations[certificate.organisation],
                code=certificate.code,
                name_zh=certificate.name_zh,
                name_en=certificate.name_en,
                batch_no=_FIRST_BATCH,
                levels=tuple(Level),
                now=now,
            )
        for definition in definitions():
            await catalogue.publish_scheme(session, officer, definition=definition, now=now)
        for scheme in await catalogue_queries.schemes(session):
            stage.schemes[scheme.certificate_code, scheme.level.value] = scheme
    return len(stage.schemes)


async def propose_sheet(stage: Stage, now: datetime) -> UUID:
    """A colleague has changed a score sheet; the officer is the second person who reads the differences and approves."""
    writer = stage.cast["officer2"]
    async with stage.change() as session:
        scheme = next(
            one for one in await catalogue_queries.schemes(session) if any(part.sheet for part in one.components)
        )
        draft_id = await catalogue.start_draft(session, writer, scheme_id=scheme.id, now=now)
        draft = await catalogue_queries.draft(session, draft_id)
        parts = draft.definition["components"]
        seq = next(number for number, part in enumerate(parts, 1) if part.get("sheet"))
        sheet = deepcopy(parts[seq - 1]["sheet"])
        sheet["sections"][-1]["rows"].append(_OVERALL)
        await catalogue.save_draft_sheet(
            session,
            writer,
            draft_id=draft_id,
            seq=seq,
            sheet={**sheet, "task": "1.1"},
            revision=draft.revision,
            now=now,
        )
        await catalogue.submit_draft(session, writer, draft_id=draft_id, now=now)
    return draft_id


_OVERALL = {
    "code": "Z1", "kind": "global", "name_zh": "总体评价", "name_en": "Overall impression",
    "levels": [
        {"zh": "需要全程指导", "en": "needs guidance throughout"}, {"zh": "需要多次提示", "en": "needs several hints"},
        {"zh": "能独立完成", "en": "works on one's own"}, {"zh": "熟练，可以带人", "en": "skilled, could guide others"},
    ],
}  # fmt: skip


async def enrol_schools(stage: Stage, quotas: dict[tuple[str, str], int], years: set[int], now: datetime) -> int:
    """Register the institutions, approve their pilots for the years of the demo, open their accounts."""
    approver = stage.cast["province"]
    parts: list[Part] = []
    async with stage.change() as session:
        for school in province.SCHOOLS:
            latitude, longitude = province.position_of(school)
            institution = await registration.add_institution(
                session,
                approver,
                code=school.code,
                name_zh=school.name_zh,
                name_en=school.name_en,
                kind=InstitutionKind(school.kind),
                unit_code=school.unit_code,
                prefecture_code=school.unit_code,
                latitude=latitude,
                longitude=longitude,
                now=now,
            )
            stage.schools[school.code] = institution.id
            parts.append(_school_account(school, institution.id, first=not parts))
            for code in school.certificates:
                for year in sorted(years):
                    await registration.approve_pilot(
                        session,
                        approver,
                        institution_id=institution.id,
                        certificate_id=stage.certificates[code],
                        year=year,
                        quota=quotas.get((school.code, code), 0) + 40,
                        now=now,
                    )
        await stage.cast.hire(session, parts, now=now)
    return len(stage.schools)


def _school_account(school: province.School, institution_id: object, *, first: bool) -> Part:
    number = school.code[-2:]
    grant = Grant(Role.INSTITUTION, Scope("institution", str(institution_id)))
    return Part(
        key=f"school:{school.code}",
        login="school" if first else f"school{number}",
        name=f"教务 {school.name_zh[:2]}",
        role=Role.INSTITUTION,
        grants=(grant,),
        shown=first,
    )


def _unit(unit: province.Unit) -> Unit:
    return Unit(
        code=unit.code,
        name_zh=unit.name_zh,
        name_en=unit.name_en,
        province_code=province.PROVINCE_CODE,
        kind=UnitKind(unit.kind),
        parent_code=None,
        reports_to_province=unit.reports_to_province,
        gb2260_codes=(unit.code,),
        valid_from=_VALID_FROM,
        valid_to=None,
    )


def _prefecture(unit: province.Unit) -> Prefecture:
    return Prefecture(
        code=unit.code,
        name_zh=unit.name_zh,
        name_en=unit.name_en,
        kind=UnitKind(unit.kind),
        unit_code=unit.code,
        tile_x=unit.tile_x,
        tile_y=unit.tile_y,
    )
