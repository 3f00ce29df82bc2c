"""Releases and stops as they are stored: the list that waits, how far an approved one is, and what a stop left open."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.issuing.models import CertificateRow, HaltRow, Number, ReleaseItemRow, ReleaseRow
from certificates.issuing.queries.stored import record
from certificates.issuing.rules.records import Certificate
from certificates.issuing.rules.releases import Halt, Halted, Release, ReleaseItem, ReleaseStatus, list_sha256
from certificates.issuing.rules.status import UNFINISHED, CertificateStatus
from exam.kernel.errors import NotFound

_UNFINISHED: Final = [str(status) for status in UNFINISHED]
_SAME: Final = and_(
    CertificateRow.release_id == ReleaseItemRow.release_id,
    CertificateRow.registration_id == ReleaseItemRow.registration_id,
)


@dataclass(frozen=True, kw_only=True)
class ReleaseProgress:
    """How far an approved release is."""

    release: Release
    issued: int
    numbered: int  # begun and not issued
    dropped: int
    first_at: datetime | None  # of the certificates issued
    last_at: datetime | None

    @property
    def total(self) -> int:
        return self.release.issue_count - self.dropped

    @property
    def left(self) -> int:
        return max(0, self.total - self.issued)

    @property
    def per_minute(self) -> float | None:
        """Certificates a minute so far; None before two groups are through."""
        if self.first_at is None or self.last_at is None or self.last_at <= self.first_at:
            return None
        return self.issued / ((self.last_at - self.first_at).total_seconds() / 60)

    @property
    def minutes_left(self) -> int | None:
        """How long the rest will take at this speed, in whole minutes and at least one; None while that is unknown."""
        speed = self.per_minute
        return None if not speed or not self.left else max(1, round(self.left / speed))


async def release(session: AsyncSession, id: UUID) -> Release:
    """One release; NotFound when there is none."""
    row = await session.get(ReleaseRow, id)
    if row is None:
        raise NotFound
    return _release(row)


async def releases_of(session: AsyncSession, batch_id: UUID) -> list[Release]:
    """The releases of a batch, the newest first."""
    query = select(ReleaseRow).where(ReleaseRow.batch_id == batch_id).order_by(ReleaseRow.proposed_at.desc())
    return [_release(row) for row in await session.scalars(query)]


async def release_organisations(session: AsyncSession, release_id: UUID) -> list[UUID]:
    """Whose certificates stand on a list."""
    query = select(ReleaseItemRow.organisation_id).where(ReleaseItemRow.release_id == release_id).distinct()
    return sorted(await session.scalars(query))


async def group_items(session: AsyncSession, release_id: UUID, group: int) -> list[ReleaseItem]:
    """Those of a group who are to get a certificate, in the order of the list."""
    query = (
        select(ReleaseItemRow)
        .where(ReleaseItemRow.release_id == release_id, ReleaseItemRow.group_no == group, ReleaseItemRow.live)
        .order_by(ReleaseItemRow.registration_id)
    )
    return [_item(row) for row in await session.scalars(query)]


async def held_items(session: AsyncSession, release_id: UUID) -> list[ReleaseItem]:
    """Those of a list who were held back when it was proposed, and those who were left out when their turn came."""
    query = (
        select(ReleaseItemRow)
        .where(ReleaseItemRow.release_id == release_id, (ReleaseItemRow.held != "") | (ReleaseItemRow.dropped != ""))
        .order_by(ReleaseItemRow.registration_id)
    )
    return [_item(row) for row in await session.scalars(query)]


async def listed(session: AsyncSession, registration_ids: Collection[UUID]) -> set[UUID]:
    """Those of the registrations that stand on a list which is open or being issued."""
    query = select(ReleaseItemRow.registration_id).where(
        ReleaseItemRow.live, ReleaseItemRow.registration_id.in_(list(registration_ids))
    )
    return set(await session.scalars(query))


async def numbered(session: AsyncSession, registration_ids: Collection[UUID]) -> set[UUID]:
    """Those of the registrations that have a number in force."""
    query = select(Number.registration_id).where(
        Number.voided_at.is_(None), Number.registration_id.in_(list(registration_ids))
    )
    return set(await session.scalars(query))


async def of_group(session: AsyncSession, release_id: UUID, registration_ids: Collection[UUID]) -> list[Certificate]:
    """The certificates that a release has begun for these registrations, by number."""
    query = (
        select(CertificateRow)
        .where(CertificateRow.release_id == release_id, CertificateRow.registration_id.in_(list(registration_ids)))
        .order_by(CertificateRow.number)
    )
    return [record(row) for row in await session.scalars(query)]


async def progress_of(session: AsyncSession, one: Release) -> ReleaseProgress:
    """How far a release is, counted by the database."""
    query = (
        select(
            CertificateRow.status, func.count(), func.min(CertificateRow.issued_at), func.max(CertificateRow.issued_at)
        )
        .where(CertificateRow.release_id == one.id)
        .group_by(CertificateRow.status)
    )
    rows = (await session.execute(query)).all()
    dropped = select(func.count()).where(ReleaseItemRow.release_id == one.id, ReleaseItemRow.dropped != "")
    times = [at for _, _, first, last in rows for at in (first, last) if at is not None]
    return ReleaseProgress(
        release=one,
        issued=sum(count for status, count, _, _ in rows if status not in (*_UNFINISHED, CertificateStatus.VOIDED)),
        numbered=sum(count for status, count, _, _ in rows if status in _UNFINISHED),
        dropped=(await session.execute(dropped)).scalar_one(),
        first_at=min(times, default=None),
        last_at=max(times, default=None),
    )


async def open_groups(session: AsyncSession, release_id: UUID | None = None) -> dict[UUID, list[int]]:
    """The groups of approved releases that are not through, by release."""
    query = (
        select(ReleaseItemRow.release_id, ReleaseItemRow.group_no)
        .join(ReleaseRow, ReleaseRow.id == ReleaseItemRow.release_id)
        .outerjoin(CertificateRow, _SAME)
        .where(ReleaseRow.status == str(ReleaseStatus.APPROVED), ReleaseItemRow.live)
        .where(CertificateRow.id.is_(None) | CertificateRow.status.in_(_UNFINISHED))
        .distinct()
        .order_by(ReleaseItemRow.release_id, ReleaseItemRow.group_no)
    )
    if release_id is not None:
        query = query.where(ReleaseItemRow.release_id == release_id)
    found: dict[UUID, list[int]] = {}
    for one, group in await session.execute(query):
        found.setdefault(one, []).append(group)
    return found


async def open_renewals(session: AsyncSession) -> list[tuple[Certificate, UUID]]:
    """Corrections and replacements that are begun and not issued, with who began them."""
    query = (
        select(CertificateRow)
        .where(CertificateRow.status.in_(_UNFINISHED), CertificateRow.release_id.is_(None))
        .order_by(CertificateRow.number, CertificateRow.version)
    )
    return [(record(row), row.begun_by) for row in await session.scalars(query)]


async def halt_in_force(session: AsyncSession) -> Halt | None:
    """The stop that is in force, if any."""
    row = await session.scalar(select(HaltRow).where(HaltRow.resumed_at.is_(None)))
    return None if row is None else halt_record(row)


async def require_running(session: AsyncSession) -> None:
    """Raise `Halted` while a stop is in force."""
    present = await halt_in_force(session)
    if present is not None:
        raise Halted(reason=present.reason)


def halt_record(row: HaltRow) -> Halt:
    """The frozen form of a row."""
    return Halt(
        id=row.id,
        reason=row.reason,
        halted_by=row.halted_by,
        halted_at=row.halted_at,
        first_by=row.first_by,
        first_at=row.first_at,
        resumed_by=row.resumed_by,
        resumed_at=row.resumed_at,
    )


def _release(row: ReleaseRow) -> Release:
    return Release(
        id=row.id,
        batch_id=row.batch_id,
        status=ReleaseStatus(row.status),
        list_sha256=row.list_sha256,
        issue_count=row.issue_count,
        held_count=row.held_count,
        groups_count=row.groups_count,
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        reason=row.reason,
    )


def _item(row: ReleaseItemRow) -> ReleaseItem:
    return ReleaseItem(
        registration_id=row.registration_id,
        outcome_id=row.outcome_id,
        outcome_version=row.outcome_version,
        face_sha256=row.face_sha256,
        held=row.held or row.dropped,
    )


async def release_failures(session: AsyncSession) -> list[str]:
    """What must hold of releases: every first version was released by two people who published none of its results, and
    the list is the one that was approved."""
    first = (
        select(CertificateRow.number, ReleaseRow)
        .outerjoin(ReleaseRow, ReleaseRow.id == CertificateRow.release_id)
        .outerjoin(ReleaseItemRow, _SAME)
        .where(CertificateRow.version == 1)
        .where(
            ReleaseItemRow.release_id.is_(None)
            | (ReleaseItemRow.outcome_id != CertificateRow.outcome_id)
            | (ReleaseRow.status != str(ReleaseStatus.APPROVED))
        )
        .order_by(CertificateRow.number)
    )
    failures = [f"{number} was not released by two people" for number, _ in await session.execute(first)]
    for row in await session.scalars(select(ReleaseRow).order_by(ReleaseRow.id)):
        people = {row.proposed_by, row.decided_by} if row.status == ReleaseStatus.APPROVED else {row.proposed_by, None}
        if len(people) < 2 or people & set(row.publishers):
            failures.append(f"release {row.id} is not by two people apart from the publication")
        items = await session.scalars(select(ReleaseItemRow).where(ReleaseItemRow.release_id == row.id))
        if list_sha256(_as_proposed(item) for item in items) != row.list_sha256:
            failures.append(f"release {row.id}: the list is not the one that was approved")
    return failures


def _as_proposed(row: ReleaseItemRow) -> ReleaseItem:
    return ReleaseItem(
        registration_id=row.registration_id,
        outcome_id=row.outcome_id,
        outcome_version=row.outcome_version,
        face_sha256=row.face_sha256,
        held=row.held,
    )
