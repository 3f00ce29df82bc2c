"""Reviews: the window, fresh eyes, a correction as a new version, and the answer by somebody else."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Grant, Role, Scope
from exam.kernel.errors import Forbidden, Invalid, NotFound
from exam.kernel.ids import new_id
from scoring.marking import actions as marking
from scoring.marking.actions import NewMark
from scoring.marking.rules import MarkSource, PartState
from scoring.outcomes import actions as outcome_actions
from scoring.outcomes import queries as outcomes
from scoring.outcomes.rules import Decision, OutcomeStatus, SecondPersonNeeded
from scoring.reviews import actions, queries
from scoring.reviews.rules import (
    AlreadyRequested,
    CorrectionMissing,
    Finding,
    Ground,
    HandInResult,
    NothingToReview,
    OwnRecheck,
    Review,
    ReviewStatus,
    StatementMissing,
    StepRefused,
    WindowOver,
    answer_due,
    require_window,
    window,
)
from tests.scoring.world import AFTER, World, at_status, make_world


@pytest.fixture
async def world(session: AsyncSession) -> World:
    """One candidate with 60/56/60: 58.80, not passed, published."""
    made = await make_world(session, count=1)
    await at_status(session, made.batch_id, "scoring")
    new = [
        NewMark(registration_id=made.registrations[0], component_id=made.component(code).id, sitting_id=None,
                state=PartState.SCORED, value=Decimal(value), source=MarkSource.THIRD_ENTRY,
                entered_by=[made.typists[0].account_id or made.batch_id])
        for code, value in (("T", "60"), ("W", "56"), ("P", "60"))
    ]  # fmt: skip
    await marking.write_marks(session, made.typists[0], batch_id=made.batch_id, new=new, now=AFTER)
    await marking.verify_marks(session, made.verifier, batch_id=made.batch_id, now=AFTER)
    await outcome_actions.compute(session, made.verifier, batch_id=made.batch_id, now=AFTER)
    await outcome_actions.verify(session, made.verifier, batch_id=made.batch_id, now=AFTER)
    await outcome_actions.publish(session, made.publisher, batch_id=made.batch_id, now=AFTER)
    return made


def other(world: World, role: Role) -> Actor:
    """Somebody of the same organisation who had no hand in anything yet."""
    return Actor(new_id(), "另一人", (Grant(role, Scope("organisation", str(world.scheme.organisation_id))),))


async def _ask(session: AsyncSession, world: World, days: int = 1) -> Review:
    (line,) = await outcomes.mine(session, world.candidate(0))
    assert line.outcome is not None
    return await actions.request_review(
        session, world.candidate(0), outcome_id=line.outcome.id, ground=Ground.COPYING, statement="笔试应为 66 分",
        now=AFTER + timedelta(days=days),
    )  # fmt: skip


def test_the_window_is_counted_in_working_days() -> None:
    assert window(date(2026, 4, 30)).on == date(2026, 5, 11)  # labour day, and 9 May is worked
    assert answer_due(date(2026, 9, 18)).on == date(2026, 10, 9)
    require_window(date(2026, 5, 27), date(2026, 6, 3))
    with pytest.raises(WindowOver):
        require_window(date(2026, 5, 27), date(2026, 6, 4))
    assert window(date(2026, 12, 30)).provisional


async def test_nobody_has_asked(session: AsyncSession, world: World) -> None:
    assert await queries.reviews(session) == []
    assert await queries.needs(session, world.publisher, AFTER) == []


async def test_only_the_candidate_asks_once_and_in_time(session: AsyncSession, world: World) -> None:
    (line,) = await outcomes.mine(session, world.candidate(0))
    assert line.outcome is not None
    ask: dict[str, Any] = {"outcome_id": line.outcome.id, "ground": Ground.ADDING, "statement": "请核对"}
    stranger = Actor(new_id(), "别人", (Grant(Role.CANDIDATE, Scope("registration", str(new_id()))),))
    with pytest.raises(NotFound):
        await actions.request_review(session, stranger, **ask, now=AFTER)
    with pytest.raises(WindowOver):
        await actions.request_review(session, world.candidate(0), **ask, now=AFTER + timedelta(days=8))
    with pytest.raises(StatementMissing):
        await actions.request_review(session, world.candidate(0), **{**ask, "statement": " "}, now=AFTER)
    made = await _ask(session, world)
    assert (made.status, made.due_on) == (ReviewStatus.REQUESTED, date(2026, 6, 11))
    with pytest.raises(AlreadyRequested):
        await _ask(session, world)
    assert [need.count for need in await queries.needs(session, world.publisher, AFTER)] == [1]


async def test_upheld_by_fresh_eyes_and_answered_by_another(session: AsyncSession, world: World) -> None:
    review = await _ask(session, world)
    with pytest.raises(Forbidden):
        await actions.accept_review(session, world.verifier, review_id=review.id, now=AFTER)
    with pytest.raises(StepRefused):
        await actions.answer_review(session, world.publisher, review_id=review.id, now=AFTER)
    await actions.accept_review(session, world.publisher, review_id=review.id, now=AFTER)
    (under,) = await outcomes.outcomes(session, batch_id=world.batch_id, published_only=True)
    assert under.status is OutcomeStatus.UNDER_REVIEW
    say: dict[str, Any] = {
        "review_id": review.id,
        "finding": Finding.UPHELD,
        "answer": "核对无误",
        "corrections": {},
        "now": AFTER,
    }
    with pytest.raises(HandInResult):
        await actions.recheck(session, world.verifier, **say)
    fresh = other(world, Role.SCORE_VERIFIER)
    with pytest.raises(CorrectionMissing):
        await actions.recheck(session, fresh, **{**say, "finding": Finding.CORRECTED})
    await actions.recheck(session, fresh, **say)
    both = Actor(fresh.account_id, "同一人", world.publisher.grants)
    with pytest.raises(OwnRecheck):
        await actions.answer_review(session, both, review_id=review.id, now=AFTER)
    done = await actions.answer_review(session, world.publisher, review_id=review.id, now=AFTER)
    assert done.status is ReviewStatus.ANSWERED
    (upheld,) = await outcomes.outcomes(session, batch_id=world.batch_id, published_only=True)
    assert (upheld.status, upheld.decision) == (OutcomeStatus.UPHELD, Decision.FAILED)
    assert await outcomes.recheck(session) == []


async def test_a_correction_becomes_a_new_version_by_the_same_three_steps(session: AsyncSession, world: World) -> None:
    review = await _ask(session, world)
    await actions.accept_review(session, world.publisher, review_id=review.id, now=AFTER)
    fresh = other(world, Role.SCORE_VERIFIER)
    part = world.component("W").id
    with pytest.raises(Invalid):
        await actions.recheck(session, fresh, review_id=review.id, finding=Finding.CORRECTED, answer="x",
                              corrections={part: Decimal(101)}, now=AFTER)  # fmt: skip
    await actions.recheck(session, fresh, review_id=review.id, finding=Finding.CORRECTED, answer="转录有误，应为 66 分",
                          corrections={part: Decimal(66)}, now=AFTER)  # fmt: skip
    await actions.answer_review(session, world.publisher, review_id=review.id, now=AFTER)
    await marking.verify_marks(session, world.verifier, batch_id=world.batch_id, now=AFTER)
    await outcome_actions.compute(session, world.verifier, batch_id=world.batch_id, now=AFTER, reason="复核更正")
    with pytest.raises(SecondPersonNeeded):
        await outcome_actions.verify(session, fresh, batch_id=world.batch_id, now=AFTER)
    await outcome_actions.verify(session, world.verifier, batch_id=world.batch_id, now=AFTER)
    await outcome_actions.publish(session, world.publisher, batch_id=world.batch_id, now=AFTER)
    versions = await outcomes.all_versions(session, registration_id=world.registrations[0])
    assert [(one.decision, one.status, str(one.composite)) for one in versions] == [
        (Decision.FAILED, OutcomeStatus.CORRECTED, "58.80"), (Decision.PASSED, OutcomeStatus.PUBLISHED, "61.80"),
    ]  # fmt: skip
    assert await outcomes.recheck(session) == []


async def test_a_refusal_has_its_reason(session: AsyncSession, world: World) -> None:
    review = await _ask(session, world)
    with pytest.raises(Invalid):
        await actions.refuse_review(session, world.publisher, review_id=review.id, reason=" ", now=AFTER)
    done = await actions.refuse_review(session, world.publisher, review_id=review.id, reason="不属核查范围", now=AFTER)
    assert (done.status, done.refusal) == (ReviewStatus.REFUSED, "不属核查范围")
    with pytest.raises(StepRefused):
        await actions.accept_review(session, world.publisher, review_id=review.id, now=AFTER)


async def test_what_is_not_published_cannot_be_reviewed(session: AsyncSession, world: World) -> None:
    (line,) = await outcomes.mine(session, world.candidate(0))
    assert line.outcome is not None
    await outcome_actions.move_outcome(
        session, world.publisher, outcome_id=line.outcome.id, to=OutcomeStatus.FINAL, now=AFTER
    )
    with pytest.raises(NothingToReview):
        await _ask(session, world)


async def test_the_database_wants_two_people(session: AsyncSession, world: World) -> None:
    review = await _ask(session, world)
    await actions.accept_review(session, world.publisher, review_id=review.id, now=AFTER)
    await actions.recheck(session, other(world, Role.SCORE_VERIFIER), review_id=review.id, finding=Finding.UPHELD,
                          answer="无误", corrections={}, now=AFTER)  # fmt: skip
    with pytest.raises(DBAPIError, match="second_person"):
        await session.execute(text("UPDATE scoring.reviews SET answered_by = rechecked_by"))
