"""Reads of the catalogue: organisations, certificates, and schemes with their components."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.catalogue.models import CancelledTitleRow, CertificateRow, ComponentRow, OrganisationRow, SchemeRow
from exam.catalogue.queries.drafts import draft_needs
from exam.catalogue.rules import (
    CancelledTitle,
    Certificate,
    Component,
    ExemptPolicy,
    Form,
    Level,
    Organisation,
    PassKind,
    PassRule,
    Scheme,
)
from exam.kernel.errors import N_, NotFound
from exam.kernel.needs import Need


class SchemeNotFound(NotFound):
    message = N_("没有找到这个考核方案。")
    way_out = N_("请从证书目录重新进入。")


async def organisations(session: AsyncSession) -> list[Organisation]:
    """All awarding organisations, by code."""
    rows = (await session.scalars(select(OrganisationRow).order_by(OrganisationRow.code))).all()
    return [Organisation(id=row.id, code=row.code, name_zh=row.name_zh, name_en=row.name_en) for row in rows]


async def certificates(session: AsyncSession) -> list[Certificate]:
    """All certificates, by batch and code (A02)."""
    query = select(CertificateRow).order_by(CertificateRow.batch_no, CertificateRow.code)
    return [
        Certificate(
            id=row.id, code=row.code, name_zh=row.name_zh, name_en=row.name_en, organisation_id=row.organisation_id,
            batch_no=row.batch_no, levels=tuple(level for level in Level if level.value in row.levels),
        )
        for row in (await session.scalars(query)).all()
    ]  # fmt: skip


async def cancelled_titles(session: AsyncSession) -> list[CancelledTitle]:
    """The cancelled vocational qualifications, the newest first (A04)."""
    query = select(CancelledTitleRow).order_by(CancelledTitleRow.cancelled_on.desc(), CancelledTitleRow.name_zh)
    return [
        CancelledTitle(name_zh=row.name_zh, cancelled_on=row.cancelled_on, source=row.source)
        for row in (await session.scalars(query)).all()
    ]


async def scheme(session: AsyncSession, id: UUID) -> Scheme:
    """One scheme; SchemeNotFound when there is none."""
    found = await schemes(session, [id])
    if not found:
        raise SchemeNotFound()
    return found[0]


async def schemes(session: AsyncSession, ids: Iterable[UUID] | None = None) -> list[Scheme]:
    """The schemes with these ids, or every version of all; by certificate, level and version."""
    query = _schemes()
    if ids is not None:
        query = query.where(SchemeRow.id.in_(set(ids)))
    return await _read(session, query)


async def versions(session: AsyncSession, certificate_id: UUID, level: Level) -> list[Scheme]:
    """Every version of one certificate and level, oldest first."""
    return await _read(
        session, _schemes().where(SchemeRow.certificate_id == certificate_id, SchemeRow.level == level.value)
    )


async def scheme_by_code(session: AsyncSession, certificate_code: str, level: Level) -> Scheme | None:
    """The newest published version for a certificate's code and level."""
    query = _schemes().where(CertificateRow.code == certificate_code, SchemeRow.level == level.value)
    found = await _read(session, query)
    return found[-1] if found else None


async def scheme_of_component(session: AsyncSession, component_id: UUID) -> Scheme:
    """The scheme a component belongs to; SchemeNotFound when there is no such component."""
    belongs = select(ComponentRow.scheme_id).where(ComponentRow.id == component_id).scalar_subquery()
    found = await _read(session, _schemes().where(SchemeRow.id == belongs))
    if not found:
        raise SchemeNotFound()
    return found[0]


async def newest(session: AsyncSession) -> dict[tuple[UUID, Level], Scheme]:
    """The newest version per certificate and level."""
    return {(one.certificate_id, one.level): one for one in await schemes(session)}


async def definition(session: AsyncSession, id: UUID) -> tuple[Mapping[str, Any], str]:
    """The definition of a scheme as it was published, and its SHA-256."""
    row = (
        await session.execute(select(SchemeRow.definition, SchemeRow.definition_sha256).where(SchemeRow.id == id))
    ).one_or_none()
    if row is None:
        raise SchemeNotFound()
    return row[0], row[1]


async def needs(session: AsyncSession, actor: Actor, now: object) -> list[Need]:
    """Levels of own certificates that have no published scheme (A08), and drafts that wait for a second person."""
    scope = actor.scope_ids(Permission.CATALOGUE_WRITE, "organisation")
    if not actor.may(Permission.CATALOGUE_WRITE):
        return []
    waiting = await draft_needs(session, actor)
    published = await newest(session)
    missing = [
        (certificate, level)
        for certificate in await certificates(session)
        if scope is None or str(certificate.organisation_id) in scope
        for level in certificate.levels
        if (certificate.id, level) not in published
    ]
    if not missing:
        return waiting
    return [*waiting, Need(text=N_("%(n)s 个证书等级还没有发布考核方案"), href="/exam/catalogue", count=len(missing))]


def _schemes() -> Select[SchemeRow, CertificateRow, OrganisationRow]:
    return (
        select(SchemeRow, CertificateRow, OrganisationRow)
        .join(CertificateRow, CertificateRow.id == SchemeRow.certificate_id)
        .join(OrganisationRow, OrganisationRow.id == CertificateRow.organisation_id)
        .order_by(CertificateRow.batch_no, CertificateRow.code, SchemeRow.level, SchemeRow.version)
    )


async def _read(session: AsyncSession, query: Select[SchemeRow, CertificateRow, OrganisationRow]) -> list[Scheme]:
    rows = (await session.execute(query)).all()
    components = await _components(session, [row[0].id for row in rows])
    return [_scheme(scheme, certificate, organisation, components[scheme.id])
            for scheme, certificate, organisation in rows]  # fmt: skip


async def _components(session: AsyncSession, scheme_ids: list[UUID]) -> dict[UUID, list[Component]]:
    query = select(ComponentRow).where(ComponentRow.scheme_id.in_(scheme_ids)).order_by(ComponentRow.seq)
    grouped: dict[UUID, list[Component]] = defaultdict(list)
    for row in (await session.scalars(query)).all():
        grouped[row.scheme_id].append(_component(row))
    return grouped


def _component(row: ComponentRow) -> Component:
    return Component(
        id=row.id, seq=row.seq, code=row.code, name_zh=row.name_zh, name_en=row.name_en, form=Form(row.form),
        duration_minutes=row.duration_minutes, full_marks=row.full_marks, weight=row.weight, minimum=row.minimum,
        late_limit_minutes=row.late_limit_minutes, earliest_leave_minutes=row.earliest_leave_minutes,
        blueprint=row.blueprint, sheet=row.sheet,
    )  # fmt: skip


def _scheme(
    row: SchemeRow, certificate: CertificateRow, organisation: OrganisationRow, components: list[Component]
) -> Scheme:
    return Scheme(
        id=row.id,
        certificate_id=certificate.id,
        certificate_code=certificate.code,
        certificate_name_zh=certificate.name_zh,
        certificate_name_en=certificate.name_en,
        organisation_id=organisation.id,
        organisation_code=organisation.code,
        organisation_name_zh=organisation.name_zh,
        organisation_name_en=organisation.name_en,
        level=Level(row.level),
        version=row.version,
        components=tuple(components),
        pass_rule=pass_rule(row.pass_rule),
        fee_yuan=row.fee_yuan,
        fee_cap_yuan=row.fee_cap_yuan,
        fee_approval=row.fee_approval,
        published_at=row.published_at,
    )


def pass_rule(data: Mapping[str, Any]) -> PassRule:
    """The pass rule in its stored form (which was checked when it was published)."""
    mark = data.get("exempt_mark")
    return PassRule(
        code=data["code"],
        version=int(data["version"]),
        kind=PassKind(data["kind"]),
        pass_mark=Decimal(data["pass_mark"]),
        places=int(data["places"]),
        exempt=ExemptPolicy(data["exempt"]),
        exempt_mark=None if mark is None else Decimal(mark),
    )
