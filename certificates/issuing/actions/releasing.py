"""Two people release a batch: the list one officer proposes, and what another decides about it (domain.md section 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.issuing import queries
from certificates.issuing.actions.shared import reason_of, stream
from certificates.issuing.models import ReleaseItemRow, ReleaseRow
from certificates.issuing.rules.face import Eligible
from certificates.issuing.rules.releases import (
    AlreadyProposed,
    ListChanged,
    NothingToRelease,
    PublisherMayNotRelease,
    ReleaseItem,
    ReleaseStatus,
    SameOfficer,
    face_sha256,
    group_of,
    list_sha256,
    require_move,
)
from exam.accounts.rules import Actor, Permission
from exam.kernel import audit
from exam.kernel.db import insert_many
from exam.kernel.errors import N_, Conflict, Forbidden, NotFound
from exam.kernel.ids import new_id
from exam.kernel.jobs import enqueue_many
from exam.registration import queries as registration
from exam.registration.rules import BATCH_STATUS_LABELS

R = ReleaseStatus
GROUP_JOB: Final = "certificates.issue_group"


class NotReady(Conflict):
    """The results of the batch may still change."""

    message = N_("批次“%(batch)s”现在是“%(status)s”，还不能颁发证书。")
    way_out = N_("成绩复核期结束、成绩确定后即可颁发。")


async def require_ready(session: AsyncSession, actor: Actor, batch_id: UUID) -> None:
    """Refuse unless the batch's results are final and the actor may issue at all (E01)."""
    if not actor.may(Permission.CERTIFICATE_ISSUE):
        raise Forbidden
    batch = await registration.batch(session, batch_id)
    if not queries.may_issue(batch.status):
        raise NotReady(batch=batch.name_zh, status=BATCH_STATUS_LABELS[batch.status])


def items_of(waiting: Sequence[Eligible], problems: Mapping[UUID, Sequence[str]]) -> list[ReleaseItem]:
    """The list of a release: everybody who waits, and by code what holds somebody back (`problems`, by registration)."""
    return [
        ReleaseItem(
            registration_id=one.registration_id,
            outcome_id=one.outcome_id,
            outcome_version=one.outcome_version,
            face_sha256=face_sha256(one.face, one.photo_sha256),
            held=" ".join(problems.get(one.registration_id, ())),
        )
        for one in waiting
    ]


async def propose(
    session: AsyncSession,
    actor: Actor,
    *,
    batch_id: UUID,
    waiting: Sequence[Eligible],
    problems: Mapping[UUID, Sequence[str]],
    seen: str | None = None,
    now: datetime,
) -> UUID:
    """Propose to issue to everybody who waits, but those whom a problem holds back.

    `seen` is the hash of the list that the officer looked at: another one is refused (`ListChanged`).
    """
    await require_ready(session, actor, batch_id)
    items = items_of(waiting, problems)
    sha256 = list_sha256(items)
    if all(one.held for one in items):
        raise NothingToRelease
    if seen is not None and seen != sha256:
        raise ListChanged
    publishers = [one.published_by for one in waiting if one.published_by is not None]
    _require_apart(actor, waiting, publishers)
    release_id = new_id()
    issued = [one for one in items if not one.held]
    row = {
        "id": release_id, "batch_id": batch_id, "status": str(R.PROPOSED), "list_sha256": sha256,
        "issue_count": len(issued), "held_count": len(items) - len(issued), "groups_count": group_of(len(issued) - 1),
        "publishers": sorted(set(publishers)), "proposed_by": actor.account_id, "proposed_at": now,
    }  # fmt: skip
    try:
        async with session.begin_nested():
            await insert_many(session, ReleaseRow, [row])
            await insert_many(session, ReleaseItemRow, _rows(release_id, waiting, items))
    except IntegrityError as error:  # somebody stands on an open list already
        raise AlreadyProposed from error
    await _record(session, actor, "certificates.propose", row, now)
    return release_id


def _require_apart(actor: Actor, waiting: Sequence[Eligible], publishers: Sequence[UUID]) -> None:
    for organisation_id in sorted({one.organisation_id for one in waiting}):
        actor.require(Permission.CERTIFICATE_ISSUE, organisation_id=organisation_id)
    own = sum(one == actor.account_id for one in publishers)
    if own:
        raise PublisherMayNotRelease(n=own)


def _rows(release_id: UUID, waiting: Sequence[Eligible], items: Sequence[ReleaseItem]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    place = 0
    for item, facts in zip(items, waiting, strict=True):
        rows.append(
            {
                "release_id": release_id,
                "registration_id": item.registration_id,
                "outcome_id": item.outcome_id,
                "outcome_version": item.outcome_version,
                "organisation_id": facts.organisation_id,
                "face_sha256": item.face_sha256,
                "group_no": 0 if item.held else group_of(place),
                "held": item.held,
                "live": not item.held,
            }
        )
        place += not item.held
    return rows


async def approve(
    session: AsyncSession, actor: Actor, *, release_id: UUID, seen: str | None = None, now: datetime
) -> UUID:
    """The second officer approves: from here workers issue, group by group. Returns the batch."""
    row = await _open(session, actor, release_id)
    if row.proposed_by == actor.account_id:
        raise SameOfficer
    own = sum(one == actor.account_id for one in row.publishers)
    if own:
        raise PublisherMayNotRelease(n=own)
    if seen is not None and seen != row.list_sha256:
        raise ListChanged
    await require_ready(session, actor, row.batch_id)
    await _decide(session, actor, row, R.APPROVED, "", now)
    await enqueue_groups(session, row.id, range(1, row.groups_count + 1))
    return row.batch_id


async def send_back(session: AsyncSession, actor: Actor, *, release_id: UUID, reason: str, now: datetime) -> UUID:
    """The second officer returns the list with a reason. Returns the batch."""
    reason = reason_of(reason)
    row = await _open(session, actor, release_id)
    if row.proposed_by == actor.account_id:
        raise SameOfficer
    return await _close(session, actor, row, R.RETURNED, reason, now)


async def withdraw(session: AsyncSession, actor: Actor, *, release_id: UUID, now: datetime) -> UUID:
    """Whoever proposed the list takes it back. Returns the batch."""
    row = await _open(session, actor, release_id)
    if row.proposed_by != actor.account_id:
        raise Forbidden
    return await _close(session, actor, row, R.WITHDRAWN, "", now)


async def drop(session: AsyncSession, *, release_id: UUID, dropped: Mapping[UUID, str]) -> None:
    """Take people off a list that is being issued, by registration and with the code of the reason: they may be proposed anew."""
    for registration_id in sorted(dropped):
        await session.execute(
            update(ReleaseItemRow)
            .where(ReleaseItemRow.release_id == release_id, ReleaseItemRow.registration_id == registration_id)
            .values(dropped=dropped[registration_id], live=False)
        )


async def enqueue_groups(session: AsyncSession, release_id: UUID, groups: Sequence[int] | range) -> int:
    """Queue groups of a release for whatever worker takes them; one that waits or is under way is not queued twice."""
    jobs = [({"release_id": str(release_id), "group": number}, group_key(release_id, number)) for number in groups]
    return await enqueue_many(session, GROUP_JOB, jobs)


def group_key(release_id: UUID, number: int) -> str:
    """The key under which the job of a group waits once."""
    return f"{GROUP_JOB}:{release_id}:{number}"


async def _open(session: AsyncSession, actor: Actor, release_id: UUID) -> ReleaseRow:
    """The release under lock, if all of its certificates lie within the actor's scope."""
    row = await session.get(ReleaseRow, release_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound
    query = select(ReleaseItemRow.organisation_id).where(ReleaseItemRow.release_id == release_id).distinct()
    for organisation_id in sorted(await session.scalars(query)):
        actor.require(Permission.CERTIFICATE_ISSUE, organisation_id=organisation_id)
    return row


async def _close(
    session: AsyncSession, actor: Actor, row: ReleaseRow, status: ReleaseStatus, reason: str, now: datetime
) -> UUID:
    await session.execute(update(ReleaseItemRow).where(ReleaseItemRow.release_id == row.id).values(live=False))
    await _decide(session, actor, row, status, reason, now)
    return row.batch_id


async def _decide(
    session: AsyncSession, actor: Actor, row: ReleaseRow, status: ReleaseStatus, reason: str, now: datetime
) -> None:
    row.status = require_move(R(row.status), status)
    row.decided_by, row.decided_at, row.reason = actor.account_id, now, reason
    await session.flush()
    facts = {name: getattr(row, name) for name in ("id", "batch_id", "list_sha256", "issue_count", "held_count")}
    await _record(session, actor, f"certificates.release.{status}", {**facts, "reason": reason}, now)


async def _record(session: AsyncSession, actor: Actor, action: str, row: Mapping[str, Any], now: datetime) -> None:
    names = ("list_sha256", "issue_count", "held_count", "reason")
    await audit.record(
        session,
        actor,
        action,
        subject="release",
        ids=[row["id"]],
        stream=stream(row["batch_id"]),
        data={name: row[name] for name in names if row.get(name)},
        now=now,
    )
