"""Packs as they are stored, to those whom they concern: the awarding organisation's officers, an institution its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.issuing import queries as issuing
from certificates.issuing.rules.status import CertificateStatus
from certificates.packs.models import PackItemRow, PackRow
from certificates.packs.rules.contents import About, Item, Names
from certificates.packs.rules.status import OwnerKind, Pack, PackStatus
from exam.accounts.rules import Actor, Permission
from exam.kernel.clock import CHINA
from exam.kernel.errors import NotFound
from exam.registration import queries as registration

SHOWN = 50


@dataclass(frozen=True)
class Owner:
    """Whom a pack is for."""

    kind: OwnerKind
    id: UUID


def may_have(actor: Actor, owner: Owner) -> bool:
    """Whether the actor issues for the organisation, or belongs to the institution."""
    if owner.kind is OwnerKind.ORGANISATION:
        return actor.within(Permission.CERTIFICATE_ISSUE, organisation_id=owner.id)
    return actor.within(Permission.CERTIFICATE_READ, institution_id=owner.id)


def owners(actor: Actor) -> list[Owner]:
    """For whom the actor may order; organisations of the whole country have to be named."""
    found = [
        Owner(OwnerKind.ORGANISATION, UUID(id))
        for id in sorted(actor.scope_ids(Permission.CERTIFICATE_ISSUE, "organisation") or ())
    ]
    return found + [
        Owner(OwnerKind.INSTITUTION, UUID(id))
        for id in sorted(actor.scope_ids(Permission.CERTIFICATE_READ, "institution") or ())
    ]


async def packs(session: AsyncSession, actor: Actor) -> list[Pack]:
    """The newest packs of the actor's organisations and institutions."""
    own = [one.id for one in owners(actor)]
    query = select(PackRow).where(PackRow.owner_id.in_(own)).order_by(PackRow.made_at.desc(), PackRow.id).limit(SHOWN)
    found = [pack_of(row) for row in await session.scalars(query)]
    return [one for one in found if may_have(actor, Owner(one.owner_kind, one.owner_id))]


async def pack(session: AsyncSession, actor: Actor, id: UUID) -> Pack:
    """One pack, or NotFound."""
    row = await session.get(PackRow, id, populate_existing=True)
    if row is None or not may_have(actor, Owner(OwnerKind(row.owner_kind), row.owner_id)):
        raise NotFound
    return pack_of(row)


async def items(session: AsyncSession, pack_id: UUID) -> list[Item]:
    """What is in a pack whose bytes were compared, in order; a certificate that is gone is left out."""
    rows = (
        await session.execute(
            select(PackItemRow).where(PackItemRow.pack_id == pack_id).order_by(PackItemRow.place)
        )
    ).scalars().all()  # fmt: skip
    known: dict[UUID, issuing.Slip] = {}
    for start in range(0, len(rows), 10_000):
        ids = [row.certificate_id for row in rows[start : start + 10_000]]
        known |= {one.id: one for one in await issuing.slips(session, ids=ids, ended=True)}
    return [_item(row, known[row.certificate_id]) for row in rows if row.certificate_id in known]


async def about(session: AsyncSession, one: Pack) -> About:
    """What the manifest says of the pack as a whole."""
    batch = await registration.batch(session, one.batch_id)
    return About(id=one.id, batch=batch.code, made_at=one.made_at.astimezone(CHINA), names=one.names)


def pack_of(row: PackRow) -> Pack:
    """The frozen form of a row."""
    same = ("id", "owner_id", "batch_id", "institution_id", "order_id", "count", "done", "size", "etag", "problem",
            "made_by", "made_at")  # fmt: skip
    values: dict[str, Any] = {name: getattr(row, name) for name in same}
    return Pack(**values, owner_kind=OwnerKind(row.owner_kind), names=Names(row.names), status=PackStatus(row.status))


def _item(row: PackItemRow, slip: issuing.Slip) -> Item:
    return Item(
        number=slip.number,
        version=slip.version,
        status=CertificateStatus(row.status),
        holder=slip.holder_name,
        institution=slip.institution_zh,
        issued_on=slip.issued_on,
        sha256=row.sha256,
        size=row.size or 0,
        crc32=row.crc32 or 0,
    )
