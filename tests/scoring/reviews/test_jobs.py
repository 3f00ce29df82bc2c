"""The end of the review window: one minute before and after it, open reviews, a cut run, two workers at once."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from exam.accounts.rules import Role
from exam.kernel.clock import FixedClock
from exam.kernel.services import Services
from exam.registration import queries as registration
from exam.registration.rules import BatchStatus
from scoring.marking import actions as marking
from scoring.marking.actions import NewMark
from scoring.marking.rules import MarkSource, PartState
from scoring.outcomes import actions as outcome_actions
from scoring.outcomes import queries as outcomes
from scoring.outcomes.rules import OutcomeStatus
from scoring.reviews import actions, jobs, queries
from scoring.reviews.rules import Finding, Ground, Review, window, window_over
from tests.scoring.reviews.test_actions import other
from tests.scoring.world import AFTER, World, at_status, make_world

LAST = datetime(2026, 6, 3, 16, 0, tzinfo=UTC)
"""Published on 27 May 2026: the fifth working day, 3 June, ends at this instant in China."""
MINUTE = timedelta(minutes=1)
FINAL, PUBLISHED = OutcomeStatus.FINAL, OutcomeStatus.PUBLISHED


@pytest.fixture
async def world(services: Services) -> World:
    """Three candidates with published results."""
    async with services.db.transaction() as session:
        made = await make_world(session, count=3)
        await at_status(session, made.batch_id, "scoring")
        new = [
            NewMark(registration_id=one, component_id=made.component(code).id, sitting_id=None, state=PartState.SCORED,
                    value=Decimal(70), source=MarkSource.THIRD_ENTRY,
                    entered_by=[made.typists[0].account_id or made.batch_id])
            for one in made.registrations for code in ("T", "W", "P")
        ]  # fmt: skip
        await marking.write_marks(session, made.typists[0], batch_id=made.batch_id, new=new, now=AFTER)
        await marking.verify_marks(session, made.verifier, batch_id=made.batch_id, now=AFTER)
        await outcome_actions.compute(session, made.verifier, batch_id=made.batch_id, now=AFTER)
        await outcome_actions.verify(session, made.verifier, batch_id=made.batch_id, now=AFTER)
        await outcome_actions.publish(session, made.publisher, batch_id=made.batch_id, now=AFTER)
    return made


async def run(services: Services, clock: FixedClock, now: datetime) -> None:
    clock.at = now
    await jobs.finalise(services, {})


async def statuses(services: Services, world: World) -> list[OutcomeStatus]:
    """By candidate."""
    async with services.db.transaction() as session:
        found = {one.registration_id: one.status for one in await outcomes.outcomes(session, batch_id=world.batch_id)}
    return [found[one] for one in world.registrations]


async def batch_status(services: Services, world: World) -> BatchStatus:
    async with services.db.transaction() as session:
        return (await registration.batch(session, world.batch_id)).status


async def audited(services: Services, action: str) -> int:
    async with services.db.transaction() as session:
        query = text("SELECT count(*) FROM exam.audit_records WHERE action = :action")
        return int(await session.scalar(query, {"action": action}) or 0)


async def ask(services: Services, world: World) -> Review:
    """The first candidate asks on the day after publication."""
    async with services.db.transaction() as session:
        (line,) = await outcomes.mine(session, world.candidate(0))
        assert line.outcome is not None
        return await actions.request_review(
            session, world.candidate(0), outcome_id=line.outcome.id, ground=Ground.COPYING, statement="请核对",
            now=AFTER + timedelta(days=1),
        )  # fmt: skip


async def act(services: Services, verb: Any, actor: Any, review: Review, **facts: Any) -> None:
    async with services.db.transaction() as session:
        await verb(session, actor, review_id=review.id, now=AFTER + timedelta(days=2), **facts)


def test_the_window_is_over_when_its_last_day_is() -> None:
    assert window(date(2026, 5, 27)).on == date(2026, 6, 3)
    assert not window_over(date(2026, 5, 27), date(2026, 6, 3))
    assert window_over(date(2026, 5, 27), date(2026, 6, 4))


async def test_nothing_to_do_is_done(services: Services) -> None:
    await jobs.finalise(services, {})
    async with services.db.transaction() as session:
        assert await queries.windows_over(session, date(2026, 6, 4)) == {}


async def test_a_minute_before_and_a_minute_after(services: Services, clock: FixedClock, world: World) -> None:
    await run(services, clock, LAST - MINUTE)
    assert await statuses(services, world) == [PUBLISHED] * 3
    assert await batch_status(services, world) is BatchStatus.PUBLISHED
    await run(services, clock, LAST + MINUTE)
    assert await statuses(services, world) == [FINAL] * 3
    assert await batch_status(services, world) is BatchStatus.FINAL
    assert await audited(services, "outcomes.final") == 1
    await run(services, clock, LAST + MINUTE)
    assert await audited(services, "outcomes.final") == 1


async def test_an_open_review_keeps_its_own_outcome_and_not_the_others(
    services: Services, clock: FixedClock, world: World
) -> None:
    review = await ask(services, world)
    await run(services, clock, LAST + MINUTE)
    assert await statuses(services, world) == [PUBLISHED, FINAL, FINAL]
    assert await batch_status(services, world) is BatchStatus.FINAL
    await act(services, actions.accept_review, world.publisher, review)
    await run(services, clock, LAST + 2 * MINUTE)
    assert await statuses(services, world) == [OutcomeStatus.UNDER_REVIEW, FINAL, FINAL]
    fresh = other(world, Role.SCORE_VERIFIER)
    await act(services, actions.recheck, fresh, review, finding=Finding.UPHELD, answer="无误", corrections={})
    await act(services, actions.answer_review, world.publisher, review)
    await run(services, clock, LAST + 3 * MINUTE)
    assert await statuses(services, world) == [FINAL] * 3


async def test_a_refused_request_holds_nothing_back(services: Services, clock: FixedClock, world: World) -> None:
    review = await ask(services, world)
    await act(services, actions.refuse_review, world.publisher, review, reason="不属核查范围")
    await run(services, clock, LAST - MINUTE)
    assert await statuses(services, world) == [PUBLISHED] * 3
    await run(services, clock, LAST + MINUTE)
    assert await statuses(services, world) == [FINAL] * 3


async def test_a_batch_with_a_result_still_missing_is_not_final(
    services: Services, clock: FixedClock, world: World
) -> None:
    async with services.db.transaction() as session:
        await session.execute(
            text("UPDATE scoring.outcomes SET status = 'verified' WHERE registration_id = :one"),
            {"one": world.registrations[2]},
        )
    await run(services, clock, LAST + MINUTE)
    assert await statuses(services, world) == [FINAL, FINAL, OutcomeStatus.VERIFIED]
    assert await batch_status(services, world) is BatchStatus.PUBLISHED


async def test_a_run_that_is_cut_goes_on_with_the_rest(
    services: Services, clock: FixedClock, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "TOGETHER", 1)
    whole, left = actions.close_window, [2]

    async def cut(*args: Any, **facts: Any) -> int:
        done = await whole(*args, **facts)
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt
        return done

    with monkeypatch.context() as patch:
        patch.setattr(actions, "close_window", cut)
        with pytest.raises(KeyboardInterrupt):
            await run(services, clock, LAST + MINUTE)
    assert sorted(await statuses(services, world)) == [FINAL, PUBLISHED, PUBLISHED]
    assert await batch_status(services, world) is BatchStatus.PUBLISHED
    await run(services, clock, LAST + MINUTE)
    assert await statuses(services, world) == [FINAL] * 3
    assert await batch_status(services, world) is BatchStatus.FINAL
    assert await audited(services, "outcomes.final") == 3


async def test_two_workers_at_once_do_it_once(
    services: Services, clock: FixedClock, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "TOGETHER", 2)
    clock.at = LAST + MINUTE
    await asyncio.gather(*(jobs.finalise(services, {}) for _ in range(4)))
    assert await statuses(services, world) == [FINAL] * 3
    async with services.db.transaction() as session:
        query = "SELECT sum((data ->> 'count')::int) FROM exam.audit_records WHERE action = 'outcomes.final'"
        assert await session.scalar(text(query)) == 3
        query = "SELECT count(*) FROM exam.batch_moves WHERE to_status = 'final'"
        assert await session.scalar(text(query)) == 1


async def test_who_asks_in_the_last_moment_is_heard(services: Services, clock: FixedClock, world: World) -> None:
    """The request has begun and not ended when the window closes: the outcome waits for it."""
    clock.at = LAST + MINUTE
    async with services.db.transaction() as session:
        (line,) = await outcomes.mine(session, world.candidate(0))
        assert line.outcome is not None
        await actions.request_review(
            session, world.candidate(0), outcome_id=line.outcome.id, ground=Ground.ADDING, statement="请核对",
            now=LAST - MINUTE,
        )  # fmt: skip
        closing = asyncio.create_task(jobs.finalise(services, {}))
        await asyncio.sleep(0.3)
        assert not closing.done()
    await closing
    assert await statuses(services, world) == [PUBLISHED, FINAL, FINAL]
