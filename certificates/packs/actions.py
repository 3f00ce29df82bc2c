"""The deeds of packs: order one, say how far its comparison is, note who took it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.issuing import queries as issuing
from certificates.packs import documents, queries
from certificates.packs.models import PackItemRow, PackRow
from certificates.packs.queries import Owner
from certificates.packs.rules.contents import Names
from certificates.packs.rules.status import GROUP, HOLDS, NothingToPack, OwnerKind, Pack, PackStatus
from certificates.printing import queries as printing
from exam.accounts.rules import Actor
from exam.kernel import audit
from exam.kernel.db import insert_many
from exam.kernel.errors import Forbidden
from exam.kernel.ids import new_id
from exam.kernel.jobs import enqueue
from exam.registration import queries as registration

PREPARE_JOB = "certificates.prepare_pack"
PURGE_JOB = "certificates.purge_packs"


async def order(
    session: AsyncSession,
    actor: Actor,
    *,
    owner: Owner,
    batch_id: UUID,
    institution_id: UUID | None = None,
    ended: bool = False,
    now: datetime,
) -> UUID:
    """Order a pack of a batch, or of one institution in it; an institution gets only its own. Raises `NothingToPack`."""
    if not queries.may_have(actor, owner):
        raise Forbidden
    if owner.kind is OwnerKind.INSTITUTION:
        institution_id = owner.id
    own = None
    if institution_id is not None:
        listed = await registration.registrations(session, batch_id=batch_id, institution_id=institution_id)
        own = [one.id for one in listed]
    found = await issuing.slips(
        session,
        batch_id=batch_id,
        organisation_id=owner.id if owner.kind is OwnerKind.ORGANISATION else None,
        registration_ids=own,
        ended=ended,
    )
    return await _order(session, actor, owner, batch_id, found, Names.FULL, now, institution_id=institution_id)


async def order_print(session: AsyncSession, actor: Actor, *, order_id: UUID, now: datetime) -> UUID:
    """Order a pack of a print order's certificates, names masked: it leaves the house."""
    one = await printing.order(session, actor, order_id)
    papers = await printing.papers_of(session, order_id)
    found = await issuing.slips(session, ids={sheet.certificate_id for sheet in papers if sheet.certificate_id})
    owner = Owner(OwnerKind.ORGANISATION, one.organisation_id)
    return await _order(session, actor, owner, one.batch_id, found, Names.MASKED, now, order_id=order_id)


async def _order(
    session: AsyncSession,
    actor: Actor,
    owner: Owner,
    batch_id: UUID,
    found: Sequence[issuing.Slip],
    names: Names,
    now: datetime,
    *,
    institution_id: UUID | None = None,
    order_id: UUID | None = None,
) -> UUID:
    if actor.account_id is None:
        raise Forbidden
    if not found:
        raise NothingToPack
    row = PackRow(
        id=new_id(),
        owner_kind=str(owner.kind),
        owner_id=owner.id,
        batch_id=batch_id,
        institution_id=institution_id,
        order_id=order_id,
        names=str(names),
        status=str(PackStatus.PREPARING),
        count=len(found),
        made_by=actor.account_id,
        made_at=now,
    )
    session.add(row)
    await session.flush()
    listed = [
        {"pack_id": row.id, "place": place, "certificate_id": one.id, "status": str(one.status), "sha256": one.sha256}
        for place, one in enumerate(found, start=1)
    ]
    await insert_many(session, PackItemRow, listed)
    await enqueue(session, PREPARE_JOB, {"pack_id": str(row.id)}, dedupe=f"{PREPARE_JOB}:{row.id}")
    await tell(session, actor, "pack_ordered", queries.pack_of(row), now, count=len(found), names=str(names))
    return row.id


async def next_group(session: AsyncSession, pack_id: UUID) -> list[tuple[int, str]]:
    """Place and hash of the next certificates to compare; empty when all are, or the pack was refused."""
    row = await session.get(PackRow, pack_id, with_for_update=True, populate_existing=True)
    if row is None or row.status != str(PackStatus.PREPARING):
        return []
    query = (
        select(PackItemRow.place, PackItemRow.sha256)
        .where(PackItemRow.pack_id == pack_id, PackItemRow.size.is_(None))
        .order_by(PackItemRow.place)
        .limit(GROUP)
    )
    return [(place, sha256) for place, sha256 in (await session.execute(query)).all()]


async def note(session: AsyncSession, pack_id: UUID, found: Sequence[tuple[int, int, int]]) -> None:
    """Keep size and checksum of a group (place, size, CRC-32) and how far the pack is."""
    keys = [{"pack_id": pack_id, "place": place, "size": size, "crc32": crc} for place, size, crc in found]
    await session.execute(update(PackItemRow), keys)
    row = await session.get(PackRow, pack_id, with_for_update=True, populate_existing=True)
    assert row is not None
    row.done = min(row.count, row.done + len(found))
    await session.flush()


async def refuse(session: AsyncSession, pack_id: UUID, place: int) -> None:
    """End a pack whose certificate at this place is not as the register says."""
    row = await session.get(PackRow, pack_id, with_for_update=True, populate_existing=True)
    item = await session.get(PackItemRow, (pack_id, place))
    assert row is not None and item is not None
    bad = await issuing.certificate(session, item.certificate_id)
    row.status, row.problem = str(PackStatus.REFUSED), bad.number
    await session.flush()


async def complete(session: AsyncSession, pack_id: UUID) -> bool:
    """Lay out a pack whose every certificate was compared; False when it is not being prepared any more."""
    row = await session.get(PackRow, pack_id, with_for_update=True, populate_existing=True)
    if row is None or row.status != str(PackStatus.PREPARING):
        return False
    one = queries.pack_of(row)
    made = documents.plan(await queries.items(session, pack_id), await queries.about(session, one))
    row.status, row.done, row.size, row.etag = str(PackStatus.READY), row.count, made.layout.size, made.etag
    await session.flush()
    return True


async def purge(session: AsyncSession, *, now: datetime) -> int:
    """Forget what stood in packs whose time is over, and return of how many; that they were ordered stays."""
    over = select(PackRow.id).where(PackRow.made_at < now - HOLDS)
    done = await session.execute(
        delete(PackItemRow).where(PackItemRow.pack_id.in_(over)).returning(PackItemRow.pack_id)
    )
    return len(set(done.scalars()))


async def tell(session: AsyncSession, actor: Actor, deed: str, one: Pack, now: datetime, **data: object) -> None:
    """Write what somebody did with a pack into the audit chain of its batch."""
    await audit.record(
        session,
        actor,
        f"certificates.{deed}",
        subject="pack",
        ids=[one.id],
        stream=f"batch:{one.batch_id}",
        data=dict(data),
        now=now,
    )
