"""Papers that rooms wait for since a repair moved their session to another time (H9): the item author's tasks."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.catalogue.rules import Component, Form, Scheme
from exam.kernel.errors import N_
from exam.kernel.needs import Need
from exam.papers import queries as papers
from exam.registration import queries as registration
from exam.registration.rules import Batch
from exam.sittings import queries as sittings
from exam.sittings.rules import RoomSession

PAPERS = "/scheduling/papers"


@dataclass(frozen=True, kw_only=True)
class PaperTask:
    """One paper to prepare, and the rooms that cannot open before."""

    batch: Batch
    scheme: Scheme
    component: Component
    version: str
    rooms: tuple[RoomSession, ...]  # by time
    sealed: bool  # there is such a paper already
    mine: bool  # the reader may prepare it

    @property
    def drawn(self) -> bool:
        """Whether it is drawn from the item bank; else printed elsewhere and confirmed."""
        return self.component.form is Form.COMPUTER

    @property
    def due(self) -> datetime:
        """When the first of the rooms begins."""
        return self.rooms[0].starts_at


async def paper_tasks(session: AsyncSession, actor: Actor) -> list[PaperTask]:
    """The papers to prepare of the organisations the actor writes items or arranges batches for, by due time."""
    waiting: dict[tuple[UUID, UUID, str], list[RoomSession]] = defaultdict(list)
    for room in await sittings.room_sessions(session, awaiting_paper=True):
        waiting[room.batch_id, room.component_id, room.awaits_paper].append(room)
    if not waiting:
        return []
    scheme_of = {part.id: scheme for scheme in await catalogue.schemes(session) for part in scheme.components}
    batches = {id: await registration.batch(session, id) for id in sorted({batch for batch, *_ in waiting})}
    found = []
    for (batch_id, component_id, version), rooms in waiting.items():
        scheme = scheme_of[component_id]
        writes = actor.within(Permission.ITEM_WRITE, organisation_id=scheme.organisation_id)
        if writes or actor.within(Permission.PLAN_MANAGE, organisation_id=scheme.organisation_id):
            sealed = await papers.sealed_versions(session, [component_id], batch_id)
            found.append(
                PaperTask(
                    batch=batches[batch_id],
                    scheme=scheme,
                    component=scheme.component(component_id),
                    version=version,
                    rooms=tuple(rooms),
                    sealed=(component_id, version) in sealed,
                    mine=writes,
                )
            )
    return sorted(found, key=lambda one: (one.due, one.batch.code, one.component.code, one.version))


async def paper_needs(session: AsyncSession, actor: Actor) -> list[Need]:
    """Papers to prepare: for who prepares them, and for who waits for them."""
    if not (actor.may(Permission.ITEM_WRITE) or actor.may(Permission.PLAN_MANAGE)):
        return []
    found = await paper_tasks(session, actor)
    if not found:
        return []
    writes = any(one.mine for one in found)
    text = N_("%(n)s 份试卷要为改了时间的场次备好") if writes else N_("%(n)s 份试卷还没有为改了时间的场次备好")
    return [Need(text=text, href=PAPERS, count=len(found), tone="warning", due=found[0].due)]
