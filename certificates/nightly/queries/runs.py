"""What each run did, what stands wrong now, what is due next, and who has to know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.nightly.models import CheckRow
from certificates.nightly.rules import LATE, Difference
from exam.accounts.rules import Actor, Permission
from exam.kernel.errors import N_
from exam.kernel.needs import Need

PAGE: Final = "/certificates/nightly"
_NO_RIGHT: Final = frozenset[str]()


@dataclass(frozen=True, kw_only=True)
class Check:
    """One run."""

    id: UUID
    started_at: datetime
    ended_at: datetime | None
    asked_by: UUID | None
    total_count: int
    due_count: int
    read_count: int
    wrong_count: int
    ledger_findings: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether it ended and found nothing."""
        return self.ended_at is not None and not self.wrong_count and not self.ledger_findings

    @property
    def lasted(self) -> timedelta | None:
        """How long it took, from its start to its end."""
        return None if self.ended_at is None else self.ended_at - self.started_at


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """A stored certificate that differed when it was read last."""

    certificate_id: UUID
    number: str
    version: int
    organisation_id: UUID
    read_at: datetime
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class Standing:
    """How many certificates are stored, never read, found wrong, and when the oldest reading was."""

    total: int
    unread: int
    wrong: int
    oldest: datetime | None


async def checks(session: AsyncSession, *, limit: int) -> list[Check]:
    """The last runs, the newest first."""
    query = select(CheckRow).order_by(CheckRow.started_at.desc(), CheckRow.id.desc()).limit(limit)
    return [check_of(row) for row in await session.scalars(query)]


async def open_check(session: AsyncSession) -> Check | None:
    """The run that has begun and not ended."""
    row = await session.scalar(select(CheckRow).where(CheckRow.ended_at.is_(None)))
    return None if row is None else check_of(row)


async def stored(session: AsyncSession, *, after: UUID | None = None, limit: int) -> list[UUID]:
    """Certificates whose bytes are stored, by id; so many after this one."""
    found = await session.scalars(
        text(
            "SELECT id FROM certificates.certificates WHERE sha256 IS NOT NULL AND id > :after ORDER BY id LIMIT :limit"
        ),
        {"after": after or UUID(int=0), "limit": limit},
    )
    return list(found)


async def due(session: AsyncSession, *, before: datetime, limit: int) -> list[UUID]:
    """Stored certificates not read since `before`: those never read, then those found wrong, then the longest unread."""
    found = await session.scalars(
        text("""SELECT c.id FROM certificates.certificates c
            LEFT JOIN certificates.nightly_readings r ON r.certificate_id = c.id
            WHERE c.sha256 IS NOT NULL AND (r.read_at IS NULL OR r.read_at < :before)
            ORDER BY r.read_at IS NOT NULL, coalesce(r.differences, '[]') = '[]', r.read_at, c.id LIMIT :limit"""),
        {"before": before, "limit": limit},
    )
    return list(found)


async def standing(session: AsyncSession) -> Standing:
    """How the readings stand."""
    row = (
        await session.execute(
            text("""SELECT count(*), count(*) FILTER (WHERE r.certificate_id IS NULL),
                count(*) FILTER (WHERE r.differences <> '[]'), min(r.read_at)
                FROM certificates.certificates c LEFT JOIN certificates.nightly_readings r ON r.certificate_id = c.id
                WHERE c.sha256 IS NOT NULL""")
        )
    ).one()
    return Standing(*row)


async def wrong(session: AsyncSession, actor: Actor, *, limit: int) -> list[Wrong]:
    """The stored certificates that differ, by number, as far as the actor may see them."""
    everywhere = actor.may(Permission.AUDIT_READ)
    own = actor.scope_ids(Permission.CERTIFICATE_ISSUE, "organisation")
    rows = await session.execute(
        text("""SELECT c.id, c.number, c.version, c.organisation_id, r.read_at, r.differences
            FROM certificates.nightly_readings r JOIN certificates.certificates c ON c.id = r.certificate_id
            WHERE r.differences <> '[]' AND (:everywhere OR c.organisation_id = ANY(:own))
            ORDER BY c.number, c.version LIMIT :limit"""),
        {
            "everywhere": everywhere or own is None,
            "own": [UUID(one) for one in sorted(own or _NO_RIGHT)],
            "limit": limit,
        },
    )
    return [
        Wrong(
            certificate_id=row[0],
            number=row[1],
            version=row[2],
            organisation_id=row[3],
            read_at=row[4],
            differences=tuple(Difference.from_data(one) for one in row[5]),
        )
        for row in rows.all()
    ]


async def needs(session: AsyncSession, actor: Actor, now: datetime) -> list[Need]:
    """Alarms: what the last run found, and a run that did not take place."""
    if not actor.may(Permission.CERTIFICATE_ISSUE) and not actor.may(Permission.AUDIT_READ):
        return []
    ended = select(CheckRow).where(CheckRow.ended_at.is_not(None)).order_by(CheckRow.ended_at.desc()).limit(1)
    last = await session.scalar(ended)
    found = await wrong(session, actor, limit=1000)
    needed = []
    if found:
        needed.append(Need(text=N_("%(n)s 份存档证书与登记的不同"), href=PAGE, count=len(found), tone="stopped"))
    if last is not None and last.ledger_findings:
        text_of = N_("夜间核查在登记簿里发现 %(n)s 处不符")
        needed.append(Need(text=text_of, href=PAGE, count=len(last.ledger_findings), tone="stopped"))
    if last is not None and last.ended_at is not None and now - last.ended_at > LATE:
        needed.append(Need(text=N_("夜间核查已经错过，请查看后台任务"), href=PAGE, tone="warning"))
    return needed


def check_of(row: CheckRow) -> Check:
    """The frozen form of a run."""
    return Check(
        id=row.id,
        started_at=row.started_at,
        ended_at=row.ended_at,
        asked_by=row.asked_by,
        total_count=row.total_count,
        due_count=row.due_count,
        read_count=row.read_count,
        wrong_count=row.wrong_count,
        ledger_findings=tuple(row.ledger_findings),
    )
