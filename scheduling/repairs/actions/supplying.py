"""The item author prepares the paper of sessions that a repair has moved to another time: their rooms may then open (H9)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.delivery import queries as delivery
from exam.papers import actions as papers
from exam.papers import queries as paper_queries
from exam.sittings import actions as sittings
from scheduling.repairs import queries
from scheduling.repairs.rules.papers import NoPaperAwaited


@dataclass(frozen=True, kw_only=True)
class Supplied:
    """What was prepared."""

    rooms_count: int
    drawn: bool  # from the bank, just now
    shared_count: int  # items that stand on an earlier paper of the same exam, too: the bank was too small


async def supply(
    session: AsyncSession, actor: Actor, *, batch_id: UUID, component_id: UUID, version: str, seed: int, now: datetime
) -> Supplied:
    """Draw and seal the paper where it comes from the bank and is not there; else take the author's word that it is printed.

    :raises NoPaperAwaited: no room waits for it
    """
    task = next(
        (
            one
            for one in await queries.paper_tasks(session, actor)
            if (one.batch.id, one.component.id, one.version) == (batch_id, component_id, version)
        ),
        None,
    )
    if task is None:
        raise NoPaperAwaited
    actor.require(Permission.ITEM_WRITE, organisation_id=task.scheme.organisation_id)
    rooms = await sittings.paper_ready(
        session, actor, batch_id=batch_id, component_id=component_id, version=version, now=now
    )
    if not rooms:
        raise NoPaperAwaited
    if not task.drawn or await _at_hand(session, batch_id, component_id, version):
        return Supplied(rooms_count=len(rooms), drawn=False, shared_count=0)
    before = {
        item
        for own in dict.fromkeys((batch_id, None))
        for item in await paper_queries.used_items(session, [component_id], own)
    }
    (made,) = await papers.assemble(
        session, actor, component=task.component, versions=[version], seed=seed, batch_id=batch_id, apart=True, now=now
    )
    items = {question.id for question in (await paper_queries.paper(session, made.id)).questions}
    return Supplied(rooms_count=len(rooms), drawn=True, shared_count=len(items & before))


async def _at_hand(session: AsyncSession, batch_id: UUID, component_id: UUID, version: str) -> bool:
    """Whether it is sealed, and nobody has opened it."""
    found = await paper_queries.sealed_versions(session, [component_id], batch_id)
    one = found.get((component_id, version))
    return one is not None and not await delivery.opened(session, [one.id])
