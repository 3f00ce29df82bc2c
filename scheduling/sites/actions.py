"""Changes of the sites: conditions, places, rooms, applications and their steps, waivers.

C01: conditions are public, the institution applies by itself, organisation and province agree, both file.
The designated place of a certificate and prefecture is taken when the application is submitted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import SYSTEM, Actor, Permission
from exam.catalogue import queries as catalogue
from exam.catalogue.rules import Certificate, Form, Level
from exam.kernel import audit
from exam.kernel.clock import china_date
from exam.kernel.errors import N_, Forbidden, Invalid, NotFound, Problem
from exam.kernel.ids import new_id
from exam.registration import queries as registration
from exam.registration.rules import Institution
from scheduling.sites import queries
from scheduling.sites.models import ApprovalRow, ApprovalStepRow, ConditionsRow, RoomRow, SiteRow, WaiverRow
from scheduling.sites.rules import (
    LIVE,
    Approval,
    ApprovalStatus,
    ApprovalUnknown,
    ConditionsMissing,
    CoverageState,
    DesignatedTaken,
    NotPilot,
    Party,
    ReasonMissing,
    Site,
    SiteUnknown,
    Standing,
    WaiverNotNeeded,
    check_capacity,
    check_conditions,
    check_standing,
    check_step,
)


async def publish_conditions(
    session: AsyncSession,
    actor: Actor,
    *,
    certificate_id: UUID,
    body: str,
    minimum: Mapping[Form, int],
    now: datetime,
) -> int:
    """Publish the next version of a certificate's site conditions and return its number (C01, A11)."""
    certificate = await _certificate(session, certificate_id)
    actor.require(Permission.SITE_AGREE, organisation_id=certificate.organisation_id)
    if not body.strip():
        raise Invalid(problems=[Problem(field="body", message=N_("请写明站点条件。"))])
    check_conditions(body)
    known = await queries.conditions(session, certificate_id)
    row = ConditionsRow(
        id=new_id(),
        certificate_id=certificate_id,
        version=known.version + 1 if known else 1,
        body=body.strip(),
        minimum={str(form): seats for form, seats in minimum.items()},
        published_at=now,
    )
    session.add(row)
    await audit.record(
        session,
        actor,
        "sites.publish_conditions",
        subject="site_conditions",
        ids=[row.id],
        stream=f"certificate:{certificate_id}",
        data={"version": row.version, "minimum": row.minimum},
        now=now,
    )
    return row.version


async def open_site(
    session: AsyncSession,
    actor: Actor,
    *,
    institution_id: UUID,
    name_zh: str,
    address_zh: str,
    name_en: str = "",
    address_en: str = "",
    route_zh: str = "",
    route_en: str = "",
    now: datetime,
) -> UUID:
    """Describe a place of the institution; its code is the prefecture's with a running number (C04)."""
    actor.require(Permission.SITE_APPLY, institution_id=institution_id)
    host = await _institution(session, institution_id)
    count = select(func.count()).where(SiteRow.prefecture_code == host.prefecture_code)
    row = SiteRow(
        id=new_id(),
        code=f"{host.prefecture_code}{(await session.scalar(count) or 0) + 1:02d}",
        name_zh=name_zh,
        name_en=name_en,
        institution_id=institution_id,
        prefecture_code=host.prefecture_code,
        address_zh=address_zh,
        address_en=address_en,
        route_zh=route_zh,
        route_en=route_en,
        latitude=host.latitude,
        longitude=host.longitude,
        closed_on=[],
        created_at=now,
    )
    session.add(row)
    await _audit(session, actor, "sites.open_site", row.id, [row.id], {"code": row.code}, now)
    return row.id


async def add_room(
    session: AsyncSession,
    actor: Actor,
    *,
    site_id: UUID,
    code: str,
    name_zh: str,
    form: Form,
    seats: int,
    spares: int = 0,
    columns: int = 5,
    floor: int = 1,
    cameras: bool = False,
    name_en: str = "",
    certificate_ids: Collection[UUID] = (),
    now: datetime,
) -> UUID:
    """Add a room to a site of the actor's institution."""
    place = await _own_site(session, actor, site_id)
    _check_room(code, seats, spares, columns, {room.code for room in place.rooms})
    row = RoomRow(
        id=new_id(),
        site_id=site_id,
        code=code,
        name_zh=name_zh,
        name_en=name_en,
        form=form,
        seats=seats,
        spares=spares,
        columns=columns,
        floor=floor,
        cameras=cameras,
        certificate_ids=list(certificate_ids),
    )
    session.add(row)
    data = {"room": code, "form": form, "seats": seats, "spares": spares}
    await _audit(session, actor, "sites.add_room", site_id, [row.id], data, now)
    return row.id


async def close_days(
    session: AsyncSession, actor: Actor, *, site_id: UUID, days: Collection[date], now: datetime
) -> None:
    """Replace the days on which the site holds no exams (H15)."""
    await _own_site(session, actor, site_id)
    row = await session.get_one(SiteRow, site_id)
    row.closed_on = sorted(set(days))
    data = {"closed_on": [day.isoformat() for day in row.closed_on]}
    await _audit(session, actor, "sites.close_days", site_id, [site_id], data, now)


async def apply(
    session: AsyncSession,
    actor: Actor,
    *,
    site_id: UUID,
    certificate_id: UUID,
    levels: Collection[Level],
    valid_from: date,
    valid_to: date,
    standing: Standing = Standing.DESIGNATED,
    standing_reason: str = "",
    now: datetime,
) -> UUID:
    """Draft an application of a site for a certificate; :func:`move` submits it."""
    place = await _own_site(session, actor, site_id)
    certificate = await _certificate(session, certificate_id)
    check_standing(standing, standing_reason)
    problems = []
    if not levels or not set(levels) <= set(certificate.levels):
        problems.append(Problem(field="levels", message=N_("请选择该证书设有的等级。"), code="levels"))
    if valid_from > valid_to:
        problems.append(Problem(field="valid_to", message=N_("有效期的结束早于开始。"), code="period"))
    if problems:
        raise Invalid(problems=problems)
    row = ApprovalRow(
        id=new_id(),
        site_id=site_id,
        certificate_id=certificate_id,
        organisation_id=certificate.organisation_id,
        prefecture_code=place.prefecture_code,
        levels=[str(level) for level in Level if level in levels],
        standing=standing,
        standing_reason=standing_reason.strip(),
        status=ApprovalStatus.DRAFT,
        valid_from=valid_from,
        valid_to=valid_to,
        conditions_version=0,
        note="",
        submitted_at=None,
        updated_at=now,
    )
    session.add(row)
    data = {"certificate": certificate.code, "standing": standing, "levels": row.levels}
    await _audit(session, actor, "sites.apply", site_id, [row.id], data, now)
    return row.id


async def move(
    session: AsyncSession,
    actor: Actor,
    *,
    approval_id: UUID,
    to: ApprovalStatus,
    reason: str = "",
    now: datetime,
) -> Approval:
    """Take one step of an application (domain 3.2): the table says which, by whom, and where a reason is due."""
    row = await _approval(session, approval_id)
    place = await queries.site(session, row.site_id)
    here = ApprovalStatus(row.status)
    parties = queries.parties_of(actor, queries.approval_record(row), place)
    if not parties:
        raise ApprovalUnknown
    check_step(here, to, parties, reason)
    if to is ApprovalStatus.SUBMITTED:
        await _check_submission(session, row, now)
        row.submitted_at = now
    if to in LIVE:
        await _check_designated(session, row)
    row.status, row.note, row.updated_at = to, reason.strip(), now
    session.add(
        ApprovalStepRow(
            id=new_id(),
            approval_id=row.id,
            from_status=here,
            to_status=to,
            reason=reason.strip(),
            by_name=actor.name,
            at=now,
        )
    )
    data = {"from": here, "to": to, "reason": reason.strip()}
    await _audit(session, actor, "sites.move", row.site_id, [row.id], data, now)
    return queries.approval_record(row)


async def expire(session: AsyncSession, *, now: datetime) -> int:
    """Expire every active approval past its last day (done by the system), and return how many."""
    query = select(ApprovalRow.id).where(
        ApprovalRow.status == ApprovalStatus.ACTIVE, ApprovalRow.valid_to < china_date(now)
    )
    due = (await session.scalars(query.order_by(ApprovalRow.id))).all()
    for approval_id in due:
        await move(session, SYSTEM, approval_id=approval_id, to=ApprovalStatus.EXPIRED, now=now)
    return len(due)


async def set_standing(
    session: AsyncSession, actor: Actor, *, approval_id: UUID, standing: Standing, reason: str, now: datetime
) -> Approval:
    """Say which of the prefecture's sites this one is: by the organisation, the institution while it drafts."""
    row = await _approval(session, approval_id)
    check_standing(standing, reason)
    place = await queries.site(session, row.site_id)
    drafting = row.status in (ApprovalStatus.DRAFT, ApprovalStatus.RETURNED)
    own = drafting and actor.within(Permission.SITE_APPLY, institution_id=place.institution_id)
    if not own and Party.ORGANISATION not in queries.parties_of(actor, queries.approval_record(row), place):
        raise Forbidden
    before = row.standing
    row.standing, row.standing_reason, row.updated_at = standing, reason.strip(), now
    if not drafting:
        await _check_designated(session, row)
    await session.flush()
    data = {"from": before, "to": standing, "reason": reason.strip()}
    await _audit(session, actor, "sites.set_standing", row.site_id, [row.id], data, now)
    return queries.approval_record(row)


async def waive(
    session: AsyncSession,
    actor: Actor,
    *,
    certificate_id: UUID,
    prefecture_code: str,
    reason: str,
    valid_from: date,
    valid_to: date,
    now: datetime,
) -> UUID:
    """Record why a prefecture goes without a site of a certificate (C02: 原则上)."""
    certificate = await _certificate(session, certificate_id)
    if not actor.within(
        Permission.COVERAGE_WAIVE,
        province_code=prefecture_code[:2],
        organisation_id=certificate.organisation_id,
    ):
        raise Forbidden
    if not reason.strip():
        raise ReasonMissing(step=N_("说明理由"))
    if valid_from > valid_to:
        raise Invalid(problems=[Problem(field="valid_to", message=N_("有效期的结束早于开始。"), code="period")])
    lines = await queries.coverage_lines(session, max(valid_from, china_date(now)))
    states = {(line.certificate_id, line.prefecture_code): line.state for line in lines}
    if states.get((certificate_id, prefecture_code)) is not CoverageState.MISSING:
        names = {found.code: found.name_zh for found in await registration.prefectures(session)}
        raise WaiverNotNeeded(prefecture=names.get(prefecture_code, prefecture_code), certificate=certificate.name_zh)
    row = WaiverRow(
        id=new_id(),
        certificate_id=certificate_id,
        prefecture_code=prefecture_code,
        reason=reason.strip(),
        valid_from=valid_from,
        valid_to=valid_to,
        granted_by=actor.name,
        granted_at=now,
    )
    session.add(row)
    await audit.record(
        session,
        actor,
        "sites.waive",
        subject="coverage_waiver",
        ids=[row.id],
        stream=f"certificate:{certificate_id}",
        data={"prefecture": prefecture_code, "reason": row.reason, "until": valid_to.isoformat()},
        now=now,
    )
    return row.id


async def _check_submission(session: AsyncSession, row: ApprovalRow, now: datetime) -> None:
    """Guards of 3.2: a pilot this year, conditions published, and rooms that meet them."""
    certificate = await _certificate(session, row.certificate_id)
    place = await queries.site(session, row.site_id)
    pilots = await registration.pilots(session, china_date(now).year)
    if (place.institution_id, row.certificate_id) not in {(p.institution_id, p.certificate_id) for p in pilots}:
        raise NotPilot(certificate=certificate.name_zh)
    asked = await queries.conditions(session, row.certificate_id)
    if asked is None:
        raise ConditionsMissing(certificate=certificate.name_zh)
    check_capacity(place.rooms, asked.minimum)
    row.conditions_version = asked.version


async def _check_designated(session: AsyncSession, row: ApprovalRow) -> None:
    """Say by name who holds the place; the partial unique index holds it also against a simultaneous step."""
    if row.standing != Standing.DESIGNATED:
        return
    taken = await session.scalar(
        select(ApprovalRow.site_id).where(
            ApprovalRow.certificate_id == row.certificate_id,
            ApprovalRow.prefecture_code == row.prefecture_code,
            ApprovalRow.standing == Standing.DESIGNATED,
            ApprovalRow.status.in_([str(status) for status in LIVE]),
            ApprovalRow.id != row.id,
        )
    )
    if taken is not None:
        prefectures = {found.code: found.name_zh for found in await registration.prefectures(session)}
        raise DesignatedTaken(
            prefecture=prefectures.get(row.prefecture_code, row.prefecture_code),
            certificate=(await _certificate(session, row.certificate_id)).name_zh,
            site=(await queries.site(session, taken)).name_zh,
        )


def _check_room(code: str, seats: int, spares: int, columns: int, codes: set[str]) -> None:
    checks: tuple[tuple[bool, str, str, dict[str, object]], ...] = (
        (code in codes, "code", N_("本站点已有编号为 %(code)s 的考场。"), {"code": code}),
        (not 1 <= seats <= 500, "seats", N_("座位或工位数应在 1 到 500 之间。"), {}),
        (not 0 <= spares < max(seats, 1), "spares", N_("备用数应小于总数。"), {}),
        (not 1 <= columns <= 20, "columns", N_("列数应在 1 到 20 之间。"), {}),
    )
    problems = [
        Problem(field=field, message=message, facts=facts, code=field)
        for wrong, field, message, facts in checks
        if wrong
    ]
    if problems:
        raise Invalid(problems=problems)


async def _own_site(session: AsyncSession, actor: Actor, site_id: UUID) -> Site:
    place = await queries.site(session, site_id)
    if not actor.within(Permission.SITE_APPLY, institution_id=place.institution_id):
        raise SiteUnknown
    return place


async def _approval(session: AsyncSession, approval_id: UUID) -> ApprovalRow:
    query = select(ApprovalRow).where(ApprovalRow.id == approval_id).with_for_update()
    row = (await session.scalars(query)).one_or_none()
    if row is None:
        raise ApprovalUnknown
    return row


async def _certificate(session: AsyncSession, certificate_id: UUID) -> Certificate:
    for certificate in await catalogue.certificates(session):
        if certificate.id == certificate_id:
            return certificate
    raise NotFound


async def _institution(session: AsyncSession, institution_id: UUID) -> Institution:
    return await registration.institution(session, institution_id)


async def _audit(
    session: AsyncSession,
    actor: Actor,
    action: str,
    site_id: UUID,
    ids: list[UUID],
    data: Mapping[str, object],
    now: datetime,
) -> None:
    await audit.record(session, actor, action, subject="site", ids=ids, stream=f"site:{site_id}", data=data, now=now)
