"""The pictures of a plan: how far people travel, how duties spread, how full the sites are. Counts, nobody's name."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.kernel.errors import NotFound
from exam.registration import queries as registration
from exam.registration.rules import Batch
from scheduling.forks.rules import pictures as counted
from scheduling.sites.rules import Site
from scheduling.timetable import queries as timetable


@dataclass(frozen=True, kw_only=True)
class PicturesView:
    """A plan in pictures."""

    batch: Batch
    plan: timetable.PlanRecord
    distances: counted.Distances
    duties: tuple[counted.Bin, ...]
    sites: tuple[tuple[Site, counted.SiteLoad], ...]


async def pictures(session: AsyncSession, actor: Actor, batch_id: UUID) -> PicturesView:
    """The plan of a batch that counts, in pictures."""
    batch = await registration.batch(session, batch_id)
    timetable.require_read(actor, batch)
    plan = await timetable.latest(session, batch_id)
    if plan is None:
        raise NotFound
    worked = await timetable.worked(session, plan.id)
    site = {one.code: one for one in (await timetable.names_of(session)).sites.values()}
    return PicturesView(
        batch=batch,
        plan=plan,
        distances=counted.distances(worked.problem, worked.plan),
        duties=counted.duties(worked.plan),
        sites=tuple((site[one.site], one) for one in counted.sites(worked.problem, worked.plan)),
    )
