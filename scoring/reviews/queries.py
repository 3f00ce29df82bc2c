"""Reads of reviews: a candidate's own, an organisation's work list."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.catalogue.rules import Scheme
from exam.kernel.errors import N_, NotFound
from exam.kernel.needs import Need
from exam.registration import queries as registration
from exam.registration.rules import Registration
from scoring.outcomes import queries as outcomes
from scoring.reviews.models import ReviewRow
from scoring.reviews.rules import OPEN, Finding, Ground, Review, ReviewStatus, window_over

OFFICERS = (Permission.OUTCOME_PUBLISH, Permission.MARK_VERIFY)
_COLUMNS = tuple(getattr(ReviewRow, field.name) for field in fields(Review))


@dataclass(frozen=True, kw_only=True)
class ReviewLine:
    """A review with whom and what it is about."""

    review: Review
    registration: Registration
    scheme: Scheme


async def reviews(
    session: AsyncSession,
    *,
    batch_id: UUID | None = None,
    registration_id: UUID | None = None,
    outcome_id: UUID | None = None,
    ids: list[UUID] | None = None,
) -> list[Review]:
    """Reviews by due day; filters add up."""
    query = select(*_COLUMNS).order_by(ReviewRow.due_on, ReviewRow.requested_at)
    if batch_id is not None:
        query = query.where(ReviewRow.batch_id == batch_id)
    if registration_id is not None:
        query = query.where(ReviewRow.registration_id == registration_id)
    if outcome_id is not None:
        query = query.where(ReviewRow.outcome_id == outcome_id)
    if ids is not None:
        query = query.where(ReviewRow.id.in_(ids))
    return [_review(row) for row in await session.execute(query)]


async def asked(session: AsyncSession, batch_id: UUID) -> set[UUID]:
    """The outcomes of a batch that an open review is about."""
    query = select(ReviewRow.outcome_id).where(ReviewRow.batch_id == batch_id)
    return set(await session.scalars(query.where(ReviewRow.status.in_([one.value for one in OPEN]))))


async def windows_over(session: AsyncSession, today: date) -> dict[UUID, set[date]]:
    """Batches with outcomes about which nobody can ask any more and which are not final, by their days of publication."""
    found: dict[UUID, set[date]] = defaultdict(set)
    for batch_id, published in await outcomes.published_days(session):
        if window_over(published, today):
            found[batch_id].add(published)
    return found


async def lines(session: AsyncSession, actor: Actor, *, review_id: UUID | None = None) -> list[ReviewLine]:
    """The reviews the actor works on (own organisation's) or has asked for."""
    found = await reviews(session, ids=None if review_id is None else [review_id])
    people = {one.id: one for one in await registration.registrations(
        session, ids={one.registration_id for one in found})} if found else {}  # fmt: skip
    schemes = {one.id: one for one in await catalogue.schemes(session, {one.scheme_id for one in found})}
    whole = [
        ReviewLine(review=one, registration=people[one.registration_id], scheme=schemes[one.scheme_id]) for one in found
    ]
    return [line for line in whole if concerns(actor, line)]


async def line(session: AsyncSession, actor: Actor, review_id: UUID) -> ReviewLine:
    """One review; NotFound when there is none or it does not concern the actor."""
    found = await lines(session, actor, review_id=review_id)
    if not found:
        raise NotFound
    return found[0]


def concerns(actor: Actor, line: ReviewLine) -> bool:
    """Own organisation's officers, and the candidate."""
    if any(actor.within(one, organisation_id=line.scheme.organisation_id) for one in OFFICERS):
        return True
    return actor.within(
        Permission.OWN_READ, registration_id=line.registration.id, person_id=line.registration.person_id
    )


async def needs(session: AsyncSession, actor: Actor, now: datetime) -> list[Need]:
    """Requests to accept, to look at again, to answer; the candidate's answer."""
    if actor.may(Permission.OWN_READ):
        return []
    if not any(actor.may(one) for one in OFFICERS):
        return []
    waiting = dict.fromkeys(ReviewStatus, 0)
    for one in await lines(session, actor):
        waiting[one.review.status] += 1
    found = []
    if actor.may(Permission.OUTCOME_PUBLISH):
        found.append((N_("%(n)s 个成绩复核申请待受理"), waiting[ReviewStatus.REQUESTED]))
        found.append((N_("%(n)s 个成绩复核待答复"), waiting[ReviewStatus.RECHECKED]))
    if actor.may(Permission.MARK_VERIFY):
        found.append((N_("%(n)s 个成绩复核待复查"), waiting[ReviewStatus.ACCEPTED]))
    return [Need(text=text, href="/scoring/reviews", count=count) for text, count in found if count]


def _review(row: Any) -> Review:
    values = dict(row._mapping)
    values["ground"], values["status"] = Ground(row.ground), ReviewStatus(row.status)
    values["finding"] = None if row.finding is None else Finding(row.finding)
    return Review(**values)
