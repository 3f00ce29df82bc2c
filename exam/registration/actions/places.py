"""Entering reporting units and coverage prefectures, institutions, and the pilots of a year."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.kernel import audit
from exam.kernel.errors import N_, Conflict, Invalid
from exam.kernel.ids import new_id
from exam.registration.models import InstitutionRow, PilotRow, PrefectureRow, UnitRow
from exam.registration.queries.places import institution, institution_of, pilot_of
from exam.registration.rules.records import Institution, InstitutionKind, Pilot, Prefecture, Unit

STREAM = "registration"


class InstitutionCodeTaken(Conflict):
    message = N_("院校代码 %(code)s 已经登记。")
    way_out = N_("一所院校只登记一次；请在列表中查找这所院校。")


class PlaceUnknown(Invalid):
    message = N_("填报单位 %(unit)s 或地级单位 %(prefecture)s 没有登记。")
    way_out = N_("请先登记填报单位，再登记院校。")


class CertificateUnknown(Invalid):
    message = N_("没有这个证书。")
    way_out = N_("请从证书列表中选择。")


class QuotaInvalid(Invalid):
    message = N_("名额应是大于 0 的整数。")
    way_out = N_("不再试点的证书不必登记名额。")


async def add_units(
    session: AsyncSession, actor: Actor, *, units: Sequence[Unit], prefectures: Sequence[Prefecture], now: datetime
) -> None:
    """Enter reporting units (parents first) and coverage units; those that are entered already are brought up to date."""
    province_of = {unit.code: unit.province_code for unit in units}
    for code in {*province_of.values()}:
        actor.require(Permission.PILOT_APPROVE, province_code=code)
    for unit in units:
        values = {
            "name_zh": unit.name_zh,
            "name_en": unit.name_en,
            "province_code": unit.province_code,
            "kind": unit.kind.value,
            "parent_code": unit.parent_code,
            "reports_to_province": unit.reports_to_province,
            "gb2260_codes": list(unit.gb2260_codes),
            "valid_from": unit.valid_from,
            "valid_to": unit.valid_to,
        }
        statement = insert(UnitRow).values(code=unit.code, **values)
        await session.execute(statement.on_conflict_do_update(index_elements=["code"], set_=values))
    for prefecture in prefectures:
        tile = {
            "name_zh": prefecture.name_zh,
            "name_en": prefecture.name_en,
            "province_code": province_of[prefecture.unit_code],
            "kind": prefecture.kind.value,
            "unit_code": prefecture.unit_code,
            "tile_x": prefecture.tile_x,
            "tile_y": prefecture.tile_y,
        }
        statement = insert(PrefectureRow).values(code=prefecture.code, **tile)
        await session.execute(statement.on_conflict_do_update(index_elements=["code"], set_=tile))
    data = {"units": [unit.code for unit in units], "prefectures": [one.code for one in prefectures]}
    await audit.record(
        session, actor, "registration.add_units", subject="reporting_unit", ids=(), stream=STREAM, data=data, now=now
    )


async def add_institution(
    session: AsyncSession,
    actor: Actor,
    *,
    code: str,
    name_zh: str,
    name_en: str,
    kind: InstitutionKind,
    unit_code: str,
    prefecture_code: str,
    latitude: float | None = None,
    longitude: float | None = None,
    now: datetime,
) -> Institution:
    """Register an institution, once (B11)."""
    unit = await session.get(UnitRow, unit_code)
    if unit is None or await session.get(PrefectureRow, prefecture_code) is None:
        raise PlaceUnknown(unit=unit_code, prefecture=prefecture_code)
    actor.require(Permission.PILOT_APPROVE, province_code=unit.province_code)
    if (await session.execute(select(exists().where(InstitutionRow.code == code)))).scalar_one():
        raise InstitutionCodeTaken(code=code)
    row = InstitutionRow(
        id=new_id(),
        code=code,
        name_zh=name_zh,
        name_en=name_en,
        kind=kind.value,
        unit_code=unit_code,
        prefecture_code=prefecture_code,
        latitude=latitude,
        longitude=longitude,
    )
    session.add(row)
    await session.flush()
    await audit.record(
        session, actor, "registration.add_institution", subject="institution", ids=[row.id], stream=STREAM,
        data={"code": code, "kind": kind.value, "unit": unit_code}, now=now,
    )  # fmt: skip
    return institution_of(row)


async def approve_pilot(
    session: AsyncSession,
    actor: Actor,
    *,
    institution_id: UUID,
    certificate_id: UUID,
    year: int,
    quota: int,
    majors: Sequence[str] = (),
    now: datetime,
) -> Pilot:
    """Approve a pilot for one calendar year, or change its head-count (B15-B17, X03)."""
    where = await institution(session, institution_id)
    unit = await session.get_one(UnitRow, where.unit_code)
    actor.require(Permission.PILOT_APPROVE, province_code=unit.province_code)
    if quota < 1:
        raise QuotaInvalid
    if certificate_id not in {one.id for one in await catalogue.certificates(session)}:
        raise CertificateUnknown
    query = select(PilotRow).where(
        PilotRow.institution_id == institution_id, PilotRow.certificate_id == certificate_id, PilotRow.year == year
    )
    row = (await session.scalars(query.with_for_update())).one_or_none()
    before = row.quota if row else 0
    if row is None:
        row = PilotRow(id=new_id(), institution_id=institution_id, certificate_id=certificate_id, year=year)
        session.add(row)
    row.quota, row.majors, row.approved_at = quota, list(majors), now
    await session.flush()
    await audit.record(
        session, actor, "registration.approve_pilot", subject="pilot", ids=[row.id], stream=STREAM,
        data={"institution": where.code, "certificate_id": certificate_id, "year": year, "from": before, "to": quota},
        now=now,
    )  # fmt: skip
    return pilot_of(row)
