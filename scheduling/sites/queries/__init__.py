"""Reads of the sites: sites with rooms and approvals, coverage of prefectures, what waits for whom, invariants."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.catalogue.rules import Certificate, Form, Level
from exam.kernel.clock import china_date
from exam.kernel.errors import N_
from exam.kernel.needs import Need
from exam.registration import queries as registration
from exam.registration.rules import Institution, Prefecture
from scheduling.sites.models import ApprovalRow, ApprovalStepRow, ConditionsRow, RoomRow, SiteRow, WaiverRow
from scheduling.sites.rules import (
    Approval,
    ApprovalStatus,
    ApprovalUnknown,
    CoverageLine,
    CoverageState,
    Party,
    Room,
    Site,
    SiteUnknown,
    Standing,
    Waiver,
    coverage,
    next_steps,
)

_PUBLIC = (ApprovalStatus.ACTIVE, ApprovalStatus.SUSPENDED)
_HELD = (*_PUBLIC, ApprovalStatus.REVOKED, ApprovalStatus.EXPIRED)
"""Exams may be, or have been, held under it."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One past step of an application."""

    from_status: ApprovalStatus
    to_status: ApprovalStatus
    reason: str
    by_name: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """The conditions of a certificate's sites that are in force."""

    certificate_id: UUID
    version: int
    body: str
    minimum: Mapping[Form, int]
    published_at: datetime


@dataclass(frozen=True, kw_only=True)
class NamedLine:
    """One line of coverage with its names, for the gap list."""

    line: CoverageLine
    certificate: Certificate
    prefecture: Prefecture
    site: Site | None

    @property
    def state(self) -> CoverageState:
        return self.line.state


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One prefecture on the tile map; ``note`` is covered or waived pairs of all pairs."""

    code: str
    name_zh: str
    name_en: str
    tile_x: int
    tile_y: int
    state: str  # CoverageState, or "none" without a pilot institution
    note: str
    href: str


@dataclass(frozen=True, kw_only=True)
class CoverageView:
    """Coverage on one day, of all certificates or of one."""

    on: date
    certificates: tuple[Certificate, ...]
    certificate_id: UUID | None
    lines: tuple[NamedLine, ...]
    tiles: tuple[Tile, ...]

    def count(self, state: CoverageState) -> int:
        """Pairs in one state."""
        return sum(line.state is state for line in self.lines)

    @property
    def uncovered(self) -> tuple[NamedLine, ...]:
        """The gap list: pairs with neither a site nor a waiver."""
        return tuple(line for line in self.lines if line.state is CoverageState.MISSING)


@dataclass(frozen=True, kw_only=True)
class ApprovalView:
    """An approval with its site, names, history, and the steps the reader may take now."""

    approval: Approval
    site: Site
    certificate: Certificate
    institution: Institution | None
    prefecture: Prefecture | None
    conditions: Conditions | None
    history: tuple[Step, ...]
    steps: tuple[ApprovalStatus, ...]
    parties: tuple[Party, ...]


async def sites(session: AsyncSession, ids: Iterable[UUID] | None = None) -> list[Site]:
    """Sites with their rooms, by code."""
    query = select(SiteRow).order_by(SiteRow.code)
    rooms = select(RoomRow).order_by(RoomRow.code)
    if ids is not None:
        wanted = list(ids)
        query, rooms = query.where(SiteRow.id.in_(wanted)), rooms.where(RoomRow.site_id.in_(wanted))
    by_site: dict[UUID, list[Room]] = defaultdict(list)
    for row in (await session.scalars(rooms)).all():
        by_site[row.site_id].append(room_record(row))
    found = (await session.scalars(query)).all()
    return [site_record(row, tuple(by_site[row.id])) for row in found]


async def site(session: AsyncSession, site_id: UUID) -> Site:
    """One site, or :class:`SiteUnknown`."""
    found = await sites(session, [site_id])
    if not found:
        raise SiteUnknown
    return found[0]


async def site_of_room(session: AsyncSession, room_id: UUID) -> Site:
    """The site that has this room, or :class:`SiteUnknown`."""
    site_id = await session.scalar(select(RoomRow.site_id).where(RoomRow.id == room_id))
    if site_id is None:
        raise SiteUnknown
    return await site(session, site_id)


async def approvals(
    session: AsyncSession,
    *,
    site_id: UUID | None = None,
    certificate_id: UUID | None = None,
    statuses: Iterable[ApprovalStatus] | None = None,
) -> list[Approval]:
    """Approvals, newest change first."""
    query = select(ApprovalRow).order_by(ApprovalRow.updated_at.desc(), ApprovalRow.id)
    if site_id is not None:
        query = query.where(ApprovalRow.site_id == site_id)
    if certificate_id is not None:
        query = query.where(ApprovalRow.certificate_id == certificate_id)
    if statuses is not None:
        query = query.where(ApprovalRow.status.in_([str(status) for status in statuses]))
    return [approval_record(row) for row in (await session.scalars(query)).all()]


async def waivers(session: AsyncSession) -> list[Waiver]:
    """All waivers of coverage."""
    rows = (await session.scalars(select(WaiverRow).order_by(WaiverRow.granted_at))).all()
    return [
        Waiver(
            certificate_id=row.certificate_id,
            prefecture_code=row.prefecture_code,
            reason=row.reason,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
        )
        for row in rows
    ]


async def conditions(session: AsyncSession, certificate_id: UUID) -> Conditions | None:
    """The newest published conditions of a certificate."""
    query = select(ConditionsRow).where(ConditionsRow.certificate_id == certificate_id)
    row = (await session.scalars(query.order_by(ConditionsRow.version.desc()).limit(1))).one_or_none()
    if row is None:
        return None
    return Conditions(
        certificate_id=certificate_id,
        version=row.version,
        body=row.body,
        minimum={Form(form): int(seats) for form, seats in row.minimum.items()},
        published_at=row.published_at,
    )


async def coverage_lines(session: AsyncSession, on: date) -> tuple[CoverageLine, ...]:
    """C02 on one day for everything that has a pilot in that year."""
    place = {found.id: found.prefecture_code for found in await registration.institutions(session)}
    pilots = [
        (pilot.certificate_id, place[pilot.institution_id], pilot.institution_id)
        for pilot in await registration.pilots(session, on.year)
        if pilot.institution_id in place
    ]
    return coverage(pilots, await approvals(session, statuses=[ApprovalStatus.ACTIVE]), await waivers(session), on)


async def coverage_view(session: AsyncSession, on: date, certificate_id: UUID | None = None) -> CoverageView:
    """Coverage with names and tiles, of all certificates or of one."""
    certificates = await catalogue.certificates(session)
    prefectures = {found.code: found for found in await registration.prefectures(session)}
    by_id = {found.id: found for found in certificates}
    known_sites = {found.id: found for found in await sites(session)}
    lines = tuple(
        NamedLine(
            line=line,
            certificate=by_id[line.certificate_id],
            prefecture=prefectures[line.prefecture_code],
            site=known_sites.get(line.designated_site_id) if line.designated_site_id else None,
        )
        for line in await coverage_lines(session, on)
        if certificate_id in (None, line.certificate_id)
        and line.certificate_id in by_id
        and line.prefecture_code in prefectures
    )
    order = {CoverageState.MISSING: 0, CoverageState.WAIVED: 1, CoverageState.COVERED: 2}
    ranked = sorted(lines, key=lambda item: (order[item.state], item.prefecture.code, item.certificate.code))
    return CoverageView(
        on=on,
        certificates=tuple(certificates),
        certificate_id=certificate_id,
        lines=tuple(ranked),
        tiles=tuple(_tile(prefecture, lines, certificate_id) for prefecture in prefectures.values()),
    )


def _tile(prefecture: Prefecture, lines: Iterable[NamedLine], certificate_id: UUID | None) -> Tile:
    own = [line.state for line in lines if line.prefecture.code == prefecture.code]
    worst = next((state for state in reversed(CoverageState) if state in own), None)
    chosen = f"&certificate={certificate_id}" if certificate_id else ""
    return Tile(
        code=prefecture.code,
        name_zh=prefecture.name_zh,
        name_en=prefecture.name_en,
        tile_x=prefecture.tile_x,
        tile_y=prefecture.tile_y,
        state=worst or "none",
        note=f"{sum(state is not CoverageState.MISSING for state in own)}/{len(own)}" if own else "",
        href=f"/scheduling/coverage?prefecture={prefecture.code}{chosen}" if own else "",
    )


async def approval_view(session: AsyncSession, actor: Actor, approval_id: UUID) -> ApprovalView:
    """An application for the reader's eyes; whoever is no party sees only what is in force."""
    row = await session.get(ApprovalRow, approval_id)
    if row is None:
        raise ApprovalUnknown
    approval = approval_record(row)
    place = await site(session, approval.site_id)
    parties = parties_of(actor, approval, place)
    if not parties and approval.status not in _PUBLIC:
        raise ApprovalUnknown
    certificates = {found.id: found for found in await catalogue.certificates(session)}
    institutions = {found.id: found for found in await registration.institutions(session)}
    prefectures = {found.code: found for found in await registration.prefectures(session)}
    return ApprovalView(
        approval=approval,
        site=place,
        certificate=certificates[approval.certificate_id],
        institution=institutions.get(place.institution_id),
        prefecture=prefectures.get(place.prefecture_code),
        conditions=await conditions(session, approval.certificate_id),
        history=await _history(session, approval_id),
        steps=next_steps(approval.status, parties),
        parties=parties,
    )


async def visible_approvals(session: AsyncSession, actor: Actor, site_id: UUID | None = None) -> list[Approval]:
    """Approvals the reader may see: those in force, and those the reader is a party to."""
    places = {found.id: found for found in await sites(session)}
    return [
        approval
        for approval in await approvals(session, site_id=site_id)
        if approval.status in _PUBLIC or parties_of(actor, approval, places[approval.site_id])
    ]


def parties_of(actor: Actor, approval: Approval, place: Site) -> tuple[Party, ...]:
    """On whose side of an application the actor stands."""
    province = {"province_code": place.prefecture_code[:2]}
    sides = {
        Party.INSTITUTION: actor.within(Permission.SITE_APPLY, institution_id=place.institution_id),
        Party.ORGANISATION: actor.within(Permission.SITE_AGREE, organisation_id=approval.organisation_id, **province),
        Party.PROVINCE: actor.within(Permission.SITE_FILE, **province),
    }
    return tuple(party for party, stands in sides.items() if stands)


async def keeps_calendar(session: AsyncSession, actor: Actor, place: Site) -> bool:
    """Whether the calendars of a site and its rooms concern the actor: who runs it, or arranges everything held there.

    They tell every session, so an exam officer keeps them only where nobody else's exams are, or have been, held.
    """
    if actor.within(Permission.SITE_RUN, site_id=place.id):
        return True
    province = {"province_code": place.prefecture_code[:2]}
    holders = {one.organisation_id for one in await approvals(session, site_id=place.id, statuses=_HELD)}
    return bool(holders) and all(
        actor.within(Permission.PLAN_MANAGE, organisation_id=holder, **province) for holder in holders
    )


async def needs(session: AsyncSession, actor: Actor, now: datetime) -> list[Need]:
    """Applications that wait for the actor, and prefectures without a site."""
    if not any(actor.may(p) for p in (Permission.SITE_APPLY, Permission.SITE_AGREE, Permission.SITE_FILE)):
        return []
    places = {found.id: found for found in await sites(session)}
    waiting = [
        approval
        for approval in await approvals(session)
        if approval.status not in _PUBLIC
        and next_steps(approval.status, parties_of(actor, approval, places[approval.site_id]))
    ]
    found: list[Need] = []
    if waiting:
        found.append(Need(text=N_("%(n)s 份站点申请等您办理"), href="/scheduling/sites?waiting=1", count=len(waiting)))
    if actor.may(Permission.COVERAGE_WAIVE):
        lines = await coverage_lines(session, china_date(now))
        missing = [
            line for line in lines if line.state is CoverageState.MISSING and await _concerns(session, actor, line)
        ]
        if missing:
            text = N_("%(n)s 处有试点院校而没有站点")
            found.append(Need(text=text, href="/scheduling/coverage", count=len(missing), tone="warning"))
    return found


async def _concerns(session: AsyncSession, actor: Actor, line: CoverageLine) -> bool:
    if actor.within(Permission.COVERAGE_WAIVE, province_code=line.prefecture_code[:2]):
        return True
    own = actor.scope_ids(Permission.COVERAGE_WAIVE, "organisation")
    if own is None:
        return True
    certificates = await catalogue.certificates(session)
    return any(c.id == line.certificate_id and str(c.organisation_id) in own for c in certificates)


async def invariants(session: AsyncSession) -> list[str]:
    """What `kaowu check` asks of the sites: each failure by name."""
    failures: list[str] = []
    places = {found.id: found for found in await sites(session)}
    designated: dict[tuple[UUID, str], list[str]] = defaultdict(list)
    for approval in await approvals(session, statuses=[ApprovalStatus.ACTIVE]):
        place = places[approval.site_id]
        if approval.prefecture_code != place.prefecture_code:
            failures.append(f"approval {approval.id}: prefecture differs from that of site {place.code}")
        if not place.rooms:
            failures.append(f"site {place.code}: active without a room")
        if approval.standing is Standing.DESIGNATED:
            designated[approval.certificate_id, approval.prefecture_code].append(place.code)
    failures += [
        f"certificate {certificate} in {prefecture}: more than one designated site ({', '.join(sorted(codes))})"
        for (certificate, prefecture), codes in designated.items()
        if len(codes) > 1
    ]
    return failures


async def _history(session: AsyncSession, approval_id: UUID) -> tuple[Step, ...]:
    query = select(ApprovalStepRow).where(ApprovalStepRow.approval_id == approval_id)
    rows = (await session.scalars(query.order_by(ApprovalStepRow.at, ApprovalStepRow.id))).all()
    return tuple(
        Step(
            from_status=ApprovalStatus(row.from_status),
            to_status=ApprovalStatus(row.to_status),
            reason=row.reason,
            by_name=row.by_name,
            at=row.at,
        )
        for row in rows
    )


def site_record(row: SiteRow, rooms: tuple[Room, ...] = ()) -> Site:
    """The record of a row."""
    return Site(
        id=row.id,
        code=row.code,
        name_zh=row.name_zh,
        name_en=row.name_en,
        institution_id=row.institution_id,
        prefecture_code=row.prefecture_code,
        address_zh=row.address_zh,
        address_en=row.address_en,
        route_zh=row.route_zh,
        route_en=row.route_en,
        latitude=row.latitude,
        longitude=row.longitude,
        closed_on=tuple(row.closed_on),
        rooms=rooms,
    )


def room_record(row: RoomRow) -> Room:
    """The record of a row."""
    return Room(
        id=row.id,
        site_id=row.site_id,
        code=row.code,
        name_zh=row.name_zh,
        name_en=row.name_en,
        form=Form(row.form),
        seats=row.seats,
        spares=row.spares,
        columns=row.columns,
        floor=row.floor,
        cameras=row.cameras,
        certificate_ids=tuple(row.certificate_ids),
    )


def approval_record(row: ApprovalRow) -> Approval:
    """The record of a row."""
    return Approval(
        id=row.id,
        site_id=row.site_id,
        certificate_id=row.certificate_id,
        organisation_id=row.organisation_id,
        prefecture_code=row.prefecture_code,
        levels=tuple(Level(level) for level in row.levels),
        standing=Standing(row.standing),
        standing_reason=row.standing_reason,
        status=ApprovalStatus(row.status),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        note=row.note,
    )
