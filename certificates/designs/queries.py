"""Designs as they are stored, within the reader's organisations; which one is in force; the one that comes with the system."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.designs.models import DesignRow
from certificates.designs.rules.records import BUILT_IN, Design, DesignStatus, Source, Template
from exam.accounts.rules import Actor, Permission
from exam.kernel.errors import NotFound
from exam.kernel.settings import TREE

_FOLDER: Final = TREE / "templates" / "print" / "certificate" / BUILT_IN


@lru_cache(maxsize=1)
def built_in() -> Source:
    """The source of the design that comes with the system (v1)."""
    metadata: dict[str, Any] = json.loads((_FOLDER / "metadata.json").read_text("utf-8"))
    left, low, right, high = metadata["seal"]["box_mm"]
    return Source(
        html=(_FOLDER / "template.html").read_text("utf-8"),
        style=(_FOLDER / "style.css").read_text("utf-8"),
        seal_mm=(left, low, right, high),
    )


@lru_cache(maxsize=1)
def built_in_template() -> Template:
    """The same as certificates are drawn with it."""
    return Template(name=BUILT_IN, sha256=built_in().sha256, source=built_in())


async def design(session: AsyncSession, actor: Actor, id: UUID) -> Design:
    """One version, if the actor issues certificates for its organisation; else NotFound."""
    row = await session.get(DesignRow, id)
    if row is None or not may_see(actor, row.organisation_id):
        raise NotFound
    return record(row)


async def designs(session: AsyncSession, actor: Actor) -> list[Design]:
    """Every version the actor may see, by organisation, the newest first."""
    query = select(DesignRow).order_by(DesignRow.organisation_id, DesignRow.version.desc())
    return [record(row) for row in await session.scalars(query) if may_see(actor, row.organisation_id)]


async def in_force(session: AsyncSession, organisation_id: UUID) -> Design | None:
    """The design of an organisation: its own, else the one for all, else None (the built-in one)."""
    query = select(DesignRow).where(
        DesignRow.status == str(DesignStatus.PUBLISHED),
        DesignRow.organisation_id.is_(None) | (DesignRow.organisation_id == organisation_id),
    )
    found = sorted(map(record, await session.scalars(query)), key=lambda one: one.organisation_id is None)
    return found[0] if found else None


async def template_in_force(session: AsyncSession, organisation_id: UUID) -> Template:
    """What certificates of an organisation are drawn with now."""
    found = await in_force(session, organisation_id)
    return found.template if found else built_in_template()


async def template(session: AsyncSession, name: str) -> Template:
    """What a certificate's record names, in force or not; raises NotFound."""
    if name == BUILT_IN:
        return built_in_template()
    found = await by_name(session, name)
    if found is None:
        raise NotFound
    return found.template


async def by_name(session: AsyncSession, name: str) -> Design | None:
    """The version that a certificate's record names; None for the built-in one."""
    row = await session.scalar(select(DesignRow).where(DesignRow.name == name))
    return None if row is None else record(row)


async def before(session: AsyncSession, one: Design) -> tuple[str, Source]:
    """What a version is compared with: the one it was begun from."""
    earlier = await by_name(session, one.based_on)
    return (earlier.name, earlier.source) if earlier else (BUILT_IN, built_in())


async def next_version(session: AsyncSession, organisation_id: UUID | None) -> int:
    """The number of the next version of an organisation (1 is the built-in one)."""
    same = (
        DesignRow.organisation_id.is_(None) if organisation_id is None else DesignRow.organisation_id == organisation_id
    )
    last = await session.scalar(select(func.max(DesignRow.version)).where(same))
    return (last or 1) + 1


def may_see(actor: Actor, organisation_id: UUID | None) -> bool:
    """Whether the actor issues certificates that this design is for; one for all concerns every issuer."""
    if organisation_id is None:
        return actor.may(Permission.CERTIFICATE_ISSUE)
    return actor.within(Permission.CERTIFICATE_ISSUE, organisation_id=organisation_id)


async def invariants(session: AsyncSession) -> list[str]:
    """What must hold of every design: its hash is that of what it says, two people stand behind what was approved."""
    failures = []
    for row in await session.scalars(select(DesignRow).order_by(DesignRow.name)):
        one = record(row)
        if one.sha256 != row.sha256:
            failures.append(f"design {one.name} was altered")
        approved = one.status in (DesignStatus.APPROVED, DesignStatus.PUBLISHED)
        if approved and (one.approved_by is None or one.approved_by in (*one.authors, one.submitted_by)):
            failures.append(f"design {one.name} was not approved by a second person")
    return failures


def record(row: DesignRow) -> Design:
    """The frozen form of a row."""
    left, low, right, high = row.seal_mm
    return Design(
        id=row.id,
        name=row.name,
        organisation_id=row.organisation_id,
        version=row.version,
        title=row.title,
        status=DesignStatus(row.status),
        source=Source(html=row.html, style=row.style, seal_mm=(left, low, right, high)),
        revision=row.revision,
        based_on=row.based_on,
        authors=tuple(row.authors),
        saved_at=row.saved_at,
        submitted_by=row.submitted_by,
        submitted_at=row.submitted_at,
        approved_by=row.approved_by,
        approved_at=row.approved_at,
        published_by=row.published_by,
        published_at=row.published_at,
        retired_at=row.retired_at,
        used_at=row.used_at,
        way=row.way,
        reason=row.reason,
    )
