"""Keeps what a comparison with the platform found, and marks what the platform shows with the same fields."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.platform.models import PlatformRegistration, Reconciliation, ReconciliationDifference
from certificates.platform.queries import open_record
from certificates.platform.rules import PlatformStatus, platform_move, record_key
from certificates.platform.rules.reconciling import Compared, Difference, Theirs, differing_fields
from exam.accounts.rules import Actor, Permission
from exam.kernel import audit
from exam.kernel.crypto import Vault
from exam.kernel.db import chunks, insert_many
from exam.kernel.errors import Forbidden
from exam.kernel.ids import new_id
from exam.kernel.jobs import enqueue

_TOGETHER = 500


RECONCILE_JOB: Final = "certificates.reconcile"


async def enqueue_comparison(session: AsyncSession, actor: Actor) -> None:
    """Queue a comparison; one that waits already is enough."""
    if not actor.may(Permission.PLATFORM_RUN):
        raise Forbidden
    await enqueue(session, RECONCILE_JOB, {}, dedupe=RECONCILE_JOB)


async def store_failure(session: AsyncSession, actor: Actor, *, platform: str, problem: str, now: datetime) -> None:
    """Keep that a comparison could not be made: half a list would show certificates as missing."""
    session.add(
        Reconciliation(
            id=new_id(), at=now, platform=platform, ours_count=0, theirs_count=0, same_count=0, by=actor.account_id, problem=problem
        )
    )  # fmt: skip
    await session.flush()


async def store_comparison(
    session: AsyncSession, actor: Actor, vault: Vault, found: Compared, *, ours_count: int, theirs: Mapping[str, Theirs],
    codes: Mapping[str, UUID], platform: str, now: datetime,
) -> UUID:  # fmt: skip
    """Store the differences, move what agrees to `verified_public` and what no longer does back to `accepted`."""
    id = new_id()
    session.add(
        Reconciliation(
            id=id, at=now, platform=platform, ours_count=ours_count, theirs_count=len(theirs), same_count=len(found.same),
            by=actor.account_id,
        )
    )  # fmt: skip
    await session.flush()
    rows = await _rows(session, [one.key for one in found.differences])
    lines: list[dict[str, Any]] = []
    for one in found.differences:
        row, other = rows.get(one.key), theirs.get(one.key)
        facts = {} if row is None else _facts(vault, row)
        lines.append(
            {
                "reconciliation_id": id,
                "key": one.key,
                "kind": str(one.kind),
                "organisation_id": row.organisation_id if row else _owner(codes, other),
                "certificate_id": row.certificate_id if row else None,
                "fields": differing_fields(facts, other.facts)
                if other and one.kind is Difference.FIELDS_DIFFER
                else [],
                "ours": facts,
                "theirs": dict(other.facts) if other else {},
            }
        )
        if row is not None and row.status == PlatformStatus.VERIFIED_PUBLIC:
            row.status, row.verified_at = (
                platform_move(row.number, PlatformStatus.VERIFIED_PUBLIC, PlatformStatus.ACCEPTED),
                None,
            )
    await insert_many(session, ReconciliationDifference, lines)
    for part in chunks(found.same, _TOGETHER):
        for row in (await _rows(session, part)).values():
            if row.status == PlatformStatus.ACCEPTED:
                row.status = platform_move(row.number, PlatformStatus.ACCEPTED, PlatformStatus.VERIFIED_PUBLIC)
                row.verified_at = now
        await session.flush()
    await audit.record(
        session, actor, "certificates.reconcile", subject="platform_reconciliation", ids=[id], stream="certificates.platform",
        data={"platform": platform, "same": len(found.same), "differences": len(lines)}, now=now,
    )  # fmt: skip
    return id


async def _rows(session: AsyncSession, keys: Any) -> dict[str, PlatformRegistration]:
    pairs = [
        (number, int(version)) for number, _, version in (key.rpartition("/") for key in keys) if version.isdigit()
    ]
    row = PlatformRegistration
    query = select(row).where(tuple_(row.number, row.version).in_(pairs)).order_by(row.number, row.version)
    return {record_key(one.number, one.version): one for one in await session.scalars(query.with_for_update())}


def _facts(vault: Vault, row: PlatformRegistration) -> dict[str, Any]:
    """What of a record may be shown beside the platform's: nothing of the holder."""
    data = open_record(vault, row.number, row.version, row.record_sealed).as_data()
    return {name: value for name, value in data.items() if name not in ("holder_name", "id_type", "id_number")}


def _owner(codes: Mapping[str, UUID], other: Theirs | None) -> UUID | None:
    return None if other is None else codes.get(str(other.facts.get("organisation_code", "")))
