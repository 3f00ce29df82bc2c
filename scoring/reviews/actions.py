"""The steps of a review: asked for, accepted or refused, looked at again by somebody else, answered (domain 3.10).

A correction becomes a new version of the mark and of the outcome, which go through verification and publication like the
first ones: with other people's hands, and with the reason.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.catalogue.rules import plain
from exam.kernel import audit
from exam.kernel.clock import china_date
from exam.kernel.errors import Invalid, NotFound
from exam.kernel.ids import new_id
from scoring.marking import actions as marking_actions
from scoring.marking import queries as marking
from scoring.marking.actions import NewMark
from scoring.marking.rules import MarkSource, PartState
from scoring.outcomes import actions as outcome_actions
from scoring.outcomes import queries as outcomes
from scoring.outcomes.rules import Outcome, OutcomeStatus
from scoring.reviews import queries
from scoring.reviews.models import ReviewRow
from scoring.reviews.rules import (
    LONGEST_STATEMENT,
    AlreadyRequested,
    CorrectionMissing,
    Finding,
    Ground,
    HandInResult,
    NothingToReview,
    OwnRecheck,
    ReasonMissing,
    Review,
    ReviewStatus,
    StatementMissing,
    answer_due,
    require_step,
    require_window,
)


async def request_review(
    session: AsyncSession, actor: Actor, *, outcome_id: UUID, ground: Ground, statement: str, now: datetime
) -> Review:
    """Ask for a review of the own published result, inside the window, once."""
    await outcome_actions.hold(session, [outcome_id])  # it does not become final while it is asked about
    found = await outcomes.outcome(session, outcome_id)
    own = [line.outcome for line in await outcomes.mine(session, actor)]
    if found.id not in {one.id for one in own if one is not None}:
        raise NotFound
    if await queries.reviews(session, outcome_id=outcome_id):
        raise AlreadyRequested()
    if found.status is not OutcomeStatus.PUBLISHED or found.published_at is None:
        raise NothingToReview()
    today = china_date(now)
    require_window(china_date(found.published_at), today)
    if not 0 < len(statement.strip()) <= LONGEST_STATEMENT:
        raise StatementMissing(longest=LONGEST_STATEMENT)
    due = answer_due(today)
    row = ReviewRow(
        id=new_id(), outcome_id=found.id, registration_id=found.registration_id, batch_id=found.batch_id,
        scheme_id=found.scheme_id, ground=ground.value, statement=statement.strip(),
        status=ReviewStatus.REQUESTED.value, requested_at=now, due_on=due.on, due_provisional=due.provisional,
    )  # fmt: skip
    session.add(row)
    await session.flush()
    await _record(session, actor, "reviews.request", row, now, ground=ground.value)
    return await _read(session, row)


async def accept_review(session: AsyncSession, actor: Actor, *, review_id: UUID, now: datetime) -> Review:
    """Accept a request: the outcome is under review from now on."""
    row = await _step(session, actor, review_id, ReviewStatus.ACCEPTED, Permission.OUTCOME_PUBLISH)
    row.status, row.decided_by, row.decided_at = ReviewStatus.ACCEPTED.value, actor.account_id, now
    await outcome_actions.move_outcome(
        session, actor, outcome_id=row.outcome_id, to=OutcomeStatus.UNDER_REVIEW, now=now
    )
    await _record(session, actor, "reviews.accept", row, now)
    return await _read(session, row)


async def refuse_review(session: AsyncSession, actor: Actor, *, review_id: UUID, reason: str, now: datetime) -> Review:
    """Refuse a request with its reason, which the candidate reads."""
    if not reason.strip():
        raise ReasonMissing()
    row = await _step(session, actor, review_id, ReviewStatus.REFUSED, Permission.OUTCOME_PUBLISH)
    row.status, row.refusal = ReviewStatus.REFUSED.value, reason.strip()
    row.decided_by, row.decided_at = actor.account_id, now
    await _record(session, actor, "reviews.refuse", row, now, reason=reason.strip())
    return await _read(session, row)


async def recheck(
    session: AsyncSession,
    actor: Actor,
    *,
    review_id: UUID,
    finding: Finding,
    answer: str,
    corrections: Mapping[UUID, Decimal],
    now: datetime,
) -> Review:
    """Look again, as somebody who had no hand in the result; a correction makes a new version of its marks."""
    if not answer.strip():
        raise ReasonMissing()
    if (finding is Finding.CORRECTED) != bool(corrections):
        raise CorrectionMissing()
    row = await _step(session, actor, review_id, ReviewStatus.RECHECKED, Permission.MARK_VERIFY)
    await _require_fresh_eyes(session, actor, await outcomes.outcome(session, row.outcome_id))
    if corrections:
        await _correct(session, actor, row, corrections, answer.strip(), now)
    row.rechecked_by, row.rechecked_at = actor.account_id, now
    row.status, row.finding, row.answer = ReviewStatus.RECHECKED.value, finding.value, answer.strip()
    await _record(session, actor, "reviews.recheck", row, now, finding=finding.value,
                  corrections={str(key): plain(value) for key, value in corrections.items()})  # fmt: skip
    return await _read(session, row)


async def answer_review(session: AsyncSession, actor: Actor, *, review_id: UUID, now: datetime) -> Review:
    """Serve the answer to the candidate; who looked again does not answer."""
    row = await _step(session, actor, review_id, ReviewStatus.ANSWERED, Permission.OUTCOME_PUBLISH)
    if row.rechecked_by == actor.account_id:
        raise OwnRecheck()
    row.status, row.answered_by, row.answered_at = ReviewStatus.ANSWERED.value, actor.account_id, now
    if row.finding == Finding.UPHELD:
        await outcome_actions.move_outcome(session, actor, outcome_id=row.outcome_id, to=OutcomeStatus.UPHELD, now=now)
    await _record(session, actor, "reviews.answer", row, now)
    return await _read(session, row)


async def close_window(
    session: AsyncSession, actor: Actor, *, batch_id: UUID, published: Collection[date], limit: int, now: datetime
) -> int:
    """Make some outcomes final that were published on these days and that no open review is about; 0 when none is left."""
    chosen = await outcomes.settling(
        session, batch_id, published=published, without=await queries.asked(session, batch_id), limit=limit
    )
    held = await outcome_actions.hold(session, chosen)
    asked = await queries.asked(session, batch_id)  # again: somebody may have asked before they were held
    left = [one for one in held if one.id not in asked]
    await outcome_actions.finalise(session, actor, outcomes=left, now=now)
    return len(chosen)


async def conclude(session: AsyncSession, actor: Actor, *, batch_id: UUID, now: datetime) -> bool:
    """Call a batch's results final once its windows are closed; an open review keeps its own outcome back, not the others."""
    asked = await queries.asked(session, batch_id)
    return await outcome_actions.advance_to_final(session, actor, batch_id=batch_id, asked=asked, now=now)


async def _require_fresh_eyes(session: AsyncSession, actor: Actor, found: Outcome) -> None:
    hands: set[UUID | None] = {found.verified_by, found.published_by}
    for mark in await marking.marks(session, registration_id=found.registration_id):
        hands |= {*mark.entered_by, mark.verified_by}
    if actor.account_id is None or actor.account_id in hands:
        raise HandInResult()


async def _correct(
    session: AsyncSession, actor: Actor, row: ReviewRow, corrections: Mapping[UUID, Decimal], reason: str, now: datetime
) -> None:
    scheme = await catalogue.scheme(session, row.scheme_id)
    full = {part.id: part.full_marks for part in scheme.components}
    if any(id not in full or not 0 <= value <= full[id] for id, value in corrections.items()):
        raise Invalid
    old = {one.component_id: one for one in await marking.marks(session, registration_id=row.registration_id)}
    assert actor.account_id is not None
    new = [
        NewMark(
            registration_id=row.registration_id, component_id=id, state=PartState.SCORED, value=value,
            sitting_id=old[id].sitting_id if id in old else None, source=MarkSource.CORRECTION,
            entered_by=[actor.account_id], reason=reason, detail={"review_id": str(row.id)},
        )
        for id, value in corrections.items()
    ]  # fmt: skip
    await marking_actions.write_marks(session, actor, batch_id=row.batch_id, new=new, now=now)


async def _step(
    session: AsyncSession, actor: Actor, review_id: UUID, to: ReviewStatus, permission: Permission
) -> ReviewRow:
    """The review, held, for its next status; refused to strangers and out of order."""
    query = select(ReviewRow).where(ReviewRow.id == review_id).with_for_update()
    row = await session.scalar(query.execution_options(populate_existing=True))
    if row is None:
        raise NotFound
    scheme = await catalogue.scheme(session, row.scheme_id)
    actor.require(permission, organisation_id=scheme.organisation_id)
    require_step(ReviewStatus(row.status), to)
    return row


async def _read(session: AsyncSession, row: ReviewRow) -> Review:
    return (await queries.reviews(session, ids=[row.id]))[0]


async def _record(
    session: AsyncSession, actor: Actor, action: str, row: ReviewRow, now: datetime, **data: object
) -> None:
    await session.flush()
    await audit.record(
        session, actor, action, subject="review", ids=[row.id], stream=f"batch:{row.batch_id}", now=now,
        data={"status": row.status, **data},
    )  # fmt: skip
