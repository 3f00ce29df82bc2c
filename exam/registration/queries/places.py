"""Reporting units, coverage prefectures, institutions and their pilots."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.kernel.errors import N_, NotFound
from exam.registration.models import InstitutionRow, PilotRow, PrefectureRow, UnitRow
from exam.registration.rules.records import Institution, InstitutionKind, Pilot, Prefecture, Unit, UnitKind


class InstitutionNotFound(NotFound):
    message = N_("没有找到这所院校。")
    way_out = N_("请从院校列表重新进入。")


async def units(session: AsyncSession) -> list[Unit]:
    """All reporting units, by code."""
    rows = await session.scalars(select(UnitRow).order_by(UnitRow.code))
    return [unit_of(row) for row in rows]


async def prefectures(session: AsyncSession) -> list[Prefecture]:
    """All coverage units with their tiles, by code (C02)."""
    rows = await session.scalars(select(PrefectureRow).order_by(PrefectureRow.code))
    return [
        Prefecture(
            code=row.code,
            name_zh=row.name_zh,
            name_en=row.name_en,
            kind=UnitKind(row.kind),
            unit_code=row.unit_code,
            tile_x=row.tile_x,
            tile_y=row.tile_y,
        )
        for row in rows
    ]


async def institutions(session: AsyncSession) -> list[Institution]:
    """All institutions, by code."""
    rows = await session.scalars(select(InstitutionRow).order_by(InstitutionRow.code))
    return [institution_of(row) for row in rows]


async def institution(session: AsyncSession, id: UUID) -> Institution:
    """One institution; InstitutionNotFound when there is none."""
    row = await session.get(InstitutionRow, id)
    if row is None:
        raise InstitutionNotFound
    return institution_of(row)


async def pilots(session: AsyncSession, year: int, institution_id: UUID | None = None) -> list[Pilot]:
    """The pilots that hold in a calendar year (X03), of one institution or of all."""
    query = select(PilotRow).where(PilotRow.year == year).order_by(PilotRow.institution_id, PilotRow.certificate_id)
    if institution_id is not None:
        query = query.where(PilotRow.institution_id == institution_id)
    return [pilot_of(row) for row in await session.scalars(query)]


def unit_of(row: UnitRow) -> Unit:
    """The record of a row."""
    return Unit(
        code=row.code,
        name_zh=row.name_zh,
        name_en=row.name_en,
        province_code=row.province_code,
        kind=UnitKind(row.kind),
        parent_code=row.parent_code,
        reports_to_province=row.reports_to_province,
        gb2260_codes=tuple(row.gb2260_codes),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
    )


def institution_of(row: InstitutionRow) -> Institution:
    """The record of a row."""
    return Institution(
        id=row.id,
        code=row.code,
        name_zh=row.name_zh,
        name_en=row.name_en,
        kind=InstitutionKind(row.kind),
        unit_code=row.unit_code,
        prefecture_code=row.prefecture_code,
        latitude=row.latitude,
        longitude=row.longitude,
    )


def pilot_of(row: PilotRow) -> Pilot:
    """The record of a row."""
    return Pilot(
        id=row.id,
        institution_id=row.institution_id,
        certificate_id=row.certificate_id,
        year=row.year,
        quota=row.quota,
        majors=tuple(row.majors),
    )
