"""What is done with feeds: an address is made, renewed or revoked; a feed tells what has changed since it was last read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.kernel import audit
from exam.kernel.errors import Forbidden
from exam.kernel.i18n import Locale
from exam.kernel.ids import new_id
from scheduling.feeds import documents, queries
from scheduling.feeds.models import FeedItemRow, FeedRow
from scheduling.feeds.rules import (
    Address,
    Appointment,
    Feed,
    FeedKind,
    FeedUnknown,
    Said,
    new_token,
    retold,
    token_hash,
)


async def renew(
    session: AsyncSession, actor: Actor, *, kind: FeedKind, owner_id: UUID, locale: Locale, now: datetime
) -> Address:
    """Make an address, or put a new one in the place of the old, which is dead from now on. It is shown only here."""
    await queries.require_owner(session, actor, kind, owner_id)
    if actor.account_id is None:
        raise Forbidden
    token = new_token()
    values = {
        "account_id": actor.account_id, "token_sha256": token_hash(token), "locale": locale, "made_at": now,
        "revoked_at": None,
    }  # fmt: skip
    feed_id, had = await _lock(session, kind, owner_id), True
    if feed_id is None:
        statement = insert(FeedRow).values(id=new_id(), kind=kind, owner_id=owner_id, **values)
        # two at once: the second finds the first one's row
        taken = statement.on_conflict_do_update(index_elements=["kind", "owner_id"], set_=values).returning(FeedRow.id)
        feed_id, had = (await session.execute(taken)).scalar_one(), False
    row = await _row(session, feed_id)
    for name, value in values.items():
        setattr(row, name, value)
    await session.flush()
    await _record(session, actor, "renew" if had else "make", row, now)
    return Address(feed=queries.feed_record(row), token=token)


async def revoke(session: AsyncSession, actor: Actor, *, kind: FeedKind, owner_id: UUID, now: datetime) -> None:
    """Let an address answer no longer; FeedUnknown when there is none that does."""
    await queries.require_owner(session, actor, kind, owner_id)
    feed_id = await _lock(session, kind, owner_id)
    if feed_id is None:
        raise FeedUnknown
    row = await _row(session, feed_id)
    if row.revoked_at is not None:
        raise FeedUnknown
    row.token_sha256, row.revoked_at = None, now
    await session.flush()
    await _record(session, actor, "revoke", row, now)


async def tell(session: AsyncSession, feed: Feed, *, now: datetime) -> list[Said]:
    """Everything the feed says, changes since the last reading noted: two readers at once are told the same."""
    await session.execute(select(FeedRow.id).where(FeedRow.id == feed.id).with_for_update())
    held = await queries.appointments(session, feed)
    before = await queries.said(session, feed.id)
    first = now if before else await _first(session, held, now)
    new = retold(before, documents.items(feed, held), first=first, now=now)
    await _remember(session, feed.id, new)
    return list({**before, **{one.item.uid: one for one in new}}.values())


async def _first(session: AsyncSession, held: Sequence[Appointment], now: datetime) -> datetime:
    """When what a new feed says was published: the latest of its arrangements."""
    known = await queries.published_at(session, [one.room.batch_id for one in held])
    return max(known.values(), default=now)


async def _remember(session: AsyncSession, feed_id: UUID, new: Sequence[Said]) -> None:
    if not new:
        return
    rows = [
        {"feed_id": feed_id, **asdict(one.item), "sequence": one.sequence, "cancelled": one.cancelled,
         "modified_at": one.modified_at}
        for one in new
    ]  # fmt: skip
    statement = insert(FeedItemRow)
    changed = {name: statement.excluded[name] for name in rows[0] if name not in ("feed_id", "uid")}
    await session.execute(statement.on_conflict_do_update(index_elements=["feed_id", "uid"], set_=changed), rows)


async def _lock(session: AsyncSession, kind: FeedKind, owner_id: UUID) -> UUID | None:
    query = select(FeedRow.id).where(FeedRow.kind == kind, FeedRow.owner_id == owner_id).with_for_update()
    return (await session.execute(query)).scalar_one_or_none()


async def _row(session: AsyncSession, feed_id: UUID) -> FeedRow:
    row = await session.get(FeedRow, feed_id, populate_existing=True)
    assert row is not None
    return row


async def _record(session: AsyncSession, actor: Actor, action: str, row: FeedRow, now: datetime) -> None:
    await audit.record(
        session, actor, f"feeds.{action}", subject="feed", ids=[row.id], stream=f"feed:{row.id}", now=now,
        data={"kind": row.kind, "owner_id": row.owner_id},
    )  # fmt: skip
