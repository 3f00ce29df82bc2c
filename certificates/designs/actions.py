"""The deeds on a design: begin, save, submit, return, approve, publish, retire; each with its audit record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.designs import queries
from certificates.designs.models import DesignRow
from certificates.designs.queries import record
from certificates.designs.rules.records import (
    LABELS,
    Changed,
    Design,
    DesignStatus,
    HasProblems,
    NoLongerInForce,
    NotNow,
    Source,
    Template,
    move,
    name_of,
    require_second,
)
from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.kernel import audit
from exam.kernel.errors import Forbidden, NotFound, Problem
from exam.kernel.ids import new_id

_LOCK = "SELECT pg_advisory_xact_lock(hashtext('certificates.designs'))"
_SHARED = "SELECT pg_advisory_xact_lock_shared(hashtext('certificates.designs'))"


async def begin(
    session: AsyncSession,
    actor: Actor,
    *,
    title: str,
    organisation_id: UUID | None,
    based_on: str,
    now: datetime,
) -> UUID:
    """Begin a version as a copy of another one (the built-in one where none is named)."""
    author = _require(actor, organisation_id)
    code = None
    if organisation_id is not None:
        code = next((one.code for one in await catalogue.organisations(session) if one.id == organisation_id), None)
        if code is None:
            raise NotFound
    earlier = await queries.by_name(session, based_on)
    if earlier is not None and not queries.may_see(actor, earlier.organisation_id):
        raise NotFound
    source = earlier.source if earlier else queries.built_in()
    await session.execute(text(_LOCK))  # two that begin at once get two versions
    version = await queries.next_version(session, organisation_id)
    row = DesignRow(
        id=new_id(),
        name=name_of(code, version),
        organisation_id=organisation_id,
        version=version,
        title=title,
        status=str(DesignStatus.DRAFT),
        html=source.html,
        style=source.style,
        seal_mm=list(source.seal_mm),
        sha256=source.sha256,
        revision=1,
        based_on=earlier.name if earlier else "v1",
        authors=[author],
        saved_at=now,
    )
    session.add(row)
    await session.flush()
    await _tell(session, actor, "design_begun", row, now, based_on=row.based_on)
    return row.id


async def save(session: AsyncSession, actor: Actor, *, id: UUID, source: Source, revision: int, now: datetime) -> int:
    """Keep what was edited and return the new revision; raises `Changed` when somebody else saved in between."""
    row = await _open(session, actor, id)
    author = _require(actor, row.organisation_id)
    if row.status != DesignStatus.DRAFT:
        raise NotNow(name=row.name, status=LABELS[DesignStatus(row.status)])
    if row.revision != revision:
        raise Changed
    if source.sha256 == row.sha256:
        return row.revision
    row.html, row.style, row.seal_mm = source.html, source.style, list(source.seal_mm)
    row.sha256, row.revision, row.saved_at = source.sha256, revision + 1, now
    row.authors = sorted({*row.authors, author}, key=str)
    await session.flush()
    await _tell(session, actor, "design_saved", row, now)
    return row.revision


async def submit(
    session: AsyncSession, actor: Actor, *, id: UUID, tried: str, problems: Sequence[Problem], now: datetime
) -> None:
    """Hand a draft to a second person; `tried` is the hash of what was tried on every dummy, `problems` what came of it."""
    row = await _open(session, actor, id)
    submitter = _require(actor, row.organisation_id)
    move(row.name, DesignStatus(row.status), DesignStatus.SUBMITTED)
    if row.sha256 != tried:
        raise Changed
    if problems:
        raise HasProblems(problems=problems, count=len(problems))
    row.status, row.submitted_by, row.submitted_at, row.reason = "submitted", submitter, now, ""
    await session.flush()
    await _tell(session, actor, "design_submitted", row, now)


async def give_back(session: AsyncSession, actor: Actor, *, id: UUID, reason: str, now: datetime) -> None:
    """Return a submitted design to its authors, with the reason."""
    row = await _open(session, actor, id)
    _require(actor, row.organisation_id)
    if row.status != DesignStatus.SUBMITTED:
        raise NotNow(name=row.name, status=LABELS[DesignStatus(row.status)])
    row.status, row.submitted_by, row.submitted_at, row.reason = "draft", None, None, reason
    await session.flush()
    await _tell(session, actor, "design_returned", row, now, reason=reason)


async def approve(session: AsyncSession, actor: Actor, *, id: UUID, now: datetime) -> None:
    """Approve what somebody else wrote and submitted; raises `SamePerson`."""
    row = await _open(session, actor, id)
    _require(actor, row.organisation_id)
    move(row.name, DesignStatus(row.status), DesignStatus.APPROVED)
    require_second(actor.account_id, record(row))
    row.status, row.approved_by, row.approved_at = "approved", actor.account_id, now
    await session.flush()
    await _tell(session, actor, "design_approved", row, now)


async def publish(session: AsyncSession, actor: Actor, *, id: UUID, way: str, why: str = "", now: datetime) -> None:
    """Put an approved design in force for its organisation; the one before is retired.

    `way`: press or weasyprint, and `why` the press cannot serve it.
    """
    await session.execute(text(_LOCK))
    row = await _open(session, actor, id)
    _require(actor, row.organisation_id)
    move(row.name, DesignStatus(row.status), DesignStatus.PUBLISHED)
    same = (
        DesignRow.organisation_id.is_(None)
        if row.organisation_id is None
        else DesignRow.organisation_id == row.organisation_id
    )
    query = select(DesignRow).where(same, DesignRow.status == str(DesignStatus.PUBLISHED)).with_for_update()
    for earlier in (await session.scalars(query)).all():
        await _retire(session, actor, earlier, now, by=row.name)
    row.status, row.published_by, row.published_at = "published", actor.account_id, now
    row.way, row.reason = way, why
    await session.flush()
    await _tell(session, actor, "design_published", row, now, way=way, why=why)


async def retire(session: AsyncSession, actor: Actor, *, id: UUID, now: datetime) -> None:
    """Take a design out of force, or put a draft aside; what was drawn with it stays as it is."""
    await session.execute(text(_LOCK))
    row = await _open(session, actor, id)
    _require(actor, row.organisation_id)
    move(row.name, DesignStatus(row.status), DesignStatus.RETIRED)
    await _retire(session, actor, row, now)


async def use(session: AsyncSession, organisation_id: UUID, template: Template, *, now: datetime) -> None:
    """Note that certificates of an organisation are drawn with a design; for whoever issues, in its own transaction.

    Until that transaction ends no other design comes into force. Raises `NoLongerInForce` when one has already.
    """
    await session.execute(text(_SHARED))
    if await queries.template_in_force(session, organisation_id) != template:
        raise NoLongerInForce(name=template.name)
    await session.execute(
        update(DesignRow).where(DesignRow.name == template.name, DesignRow.used_at.is_(None)).values(used_at=now)
    )


async def _retire(session: AsyncSession, actor: Actor, row: DesignRow, now: datetime, **data: Any) -> None:
    row.status, row.retired_at = "retired", now
    await session.flush()
    await _tell(session, actor, "design_retired", row, now, **data)


async def _open(session: AsyncSession, actor: Actor, id: UUID) -> DesignRow:
    row = await session.get(DesignRow, id, with_for_update=True)
    if row is None or not queries.may_see(actor, row.organisation_id):
        raise NotFound
    return row


def _require(actor: Actor, organisation_id: UUID | None) -> UUID:
    """The account, where it may issue for the organisation; a design for all needs one who issues somewhere."""
    if not queries.may_see(actor, organisation_id) or actor.account_id is None:
        raise Forbidden
    actor.may(Permission.CERTIFICATE_ISSUE)
    return actor.account_id


async def _tell(session: AsyncSession, actor: Actor, deed: str, row: DesignRow, now: datetime, **data: Any) -> None:
    await audit.record(
        session,
        actor,
        f"certificates.{deed}",
        subject="design",
        ids=[row.id],
        stream=f"design:{row.id}",
        data={"name": row.name, "sha256": row.sha256, **data},
        now=now,
    )


__all__ = ["Design", "approve", "begin", "give_back", "publish", "retire", "save", "submit", "use"]
