"""The computer exam on a real database: saved means saved, the newest page writes, the server's clock hands in."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import SYSTEM
from exam.catalogue.rules import ItemKind
from exam.delivery import actions, queries
from exam.delivery.rules import (
    AlreadySubmitted,
    AnswerIn,
    AnswerUnfit,
    DeadlinePassed,
    HandIn,
    NotCheckedIn,
    NotComputer,
    NotRunning,
    NotYours,
    TakenOver,
)
from exam.kernel.db import Database
from exam.kernel.errors import NotFound
from exam.papers.queries import PaperMissing
from exam.sittings import actions as sittings
from exam.sittings import queries as sitting_queries
from exam.sittings.rules import SittingStatus
from exam.sittings.rules.attendance import LeaveTooEarly, NotStarted, TimeOver
from tests.conftest import NOW
from tests.exam.day import Day, make_day

START = NOW + timedelta(hours=1)
END = START + timedelta(minutes=60)
SECOND = timedelta(seconds=1)


def minutes(n: float) -> datetime:
    return START + timedelta(minutes=n)


async def seated(session: AsyncSession, **changes: Any) -> Day:
    day = await make_day(session, START, **changes)
    await sittings.open_room(session, day.invigilator, room_session_id=day.room.id, now=minutes(-30))
    await sittings.check_in_many(session, day.invigilator, sitting_ids=day.ids, now=minutes(-5))
    return day


@pytest.fixture
async def day(session: AsyncSession) -> Day:
    """Three candidates on their seats, five minutes before the start."""
    return await seated(session)


async def opened(session: AsyncSession, day: Day, at: datetime = START, index: int = 0) -> actions.OpenRun:
    await actions.start(session, day.candidate(index), sitting_id=day.ids[index], now=at)
    return await actions.take_over(session, day.candidate(index), sitting_id=day.ids[index], now=at)


def item(run: actions.OpenRun, kind: ItemKind) -> UUID:
    return next(question.id for question in run.paper.questions if question.kind is kind)


async def give(
    session: AsyncSession,
    day: Day,
    run: actions.OpenRun,
    value: Any,
    at: datetime,
    *,
    seq: int = 1,
    key: str = "",
    **more: Any,
) -> Any:
    answer = AnswerIn(
        key=key or f"key-{uuid4().hex}", seq=seq, item_id=more.get("item", item(run, ItemKind.SINGLE)), value=value
    )
    return await actions.save_answer(
        session, day.candidate(), sitting_id=day.ids[0], epoch=run.run.epoch, answer=answer, now=at
    )


async def standing(session: AsyncSession, day: Day) -> list[Any]:
    [response] = await queries.responses(session, [day.ids[0]])
    return list(response.answers.values())


# ---------------------------------------------------------------- starting


async def test_a_candidate_starts_at_the_start_after_check_in(session: AsyncSession, day: Day) -> None:
    with pytest.raises(NotStarted):
        await actions.start(session, day.candidate(), sitting_id=day.ids[0], now=START - SECOND)
    run = await actions.start(session, day.candidate(), sitting_id=day.ids[0], now=START)
    assert (run.deadline_at, run.epoch, run.submitted_at) == (END, 1, None)
    again = await actions.start(session, day.candidate(), sitting_id=day.ids[0], now=minutes(5))
    assert again == run
    assert (await sitting_queries.sitting(session, day.ids[0])).status is SittingStatus.STARTED


async def test_who_is_not_checked_in_does_not_start(session: AsyncSession) -> None:
    day = await make_day(session, START)
    with pytest.raises(NotCheckedIn):
        await actions.start(session, day.candidate(), sitting_id=day.ids[0], now=START)


async def test_start_is_refused_to_others_after_the_end_for_paper_and_without_a_paper(
    session: AsyncSession, day: Day
) -> None:
    with pytest.raises(NotYours):
        await actions.start(session, day.candidate(1), sitting_id=day.ids[0], now=START)
    with pytest.raises(TimeOver):
        await actions.start(session, day.candidate(), sitting_id=day.ids[0], now=END)
    with pytest.raises(NotFound):
        await actions.start(session, day.candidate(), sitting_id=uuid4(), now=START)
    written = await seated(session, code="LOG", component=1)
    with pytest.raises(NotComputer):
        await actions.start(session, written.candidate(), sitting_id=written.ids[0], now=START)
    bare = await seated(session, code="BIM", paper=False)
    with pytest.raises(PaperMissing):
        await actions.start(session, bare.candidate(), sitting_id=bare.ids[0], now=START)


async def test_late_arrival_has_less_time(session: AsyncSession, day: Day) -> None:
    assert (await opened(session, day, minutes(14))).run.deadline_at == END


async def test_nobody_to_start_is_nothing(session: AsyncSession, day: Day) -> None:
    assert await actions.start_many(session, SYSTEM, sitting_ids=[], now=START) == []
    assert await queries.responses(session, []) == []
    assert await queries.responses(session, [day.ids[0]]) == []


async def test_two_candidates_see_the_same_items_in_their_own_order(session: AsyncSession, day: Day) -> None:
    one, two = await opened(session, day, index=0), await opened(session, day, index=1)
    assert {q.id for q in one.paper.questions} == {q.id for q in two.paper.questions}
    assert one.run.order_seed != two.run.order_seed


# ---------------------------------------------------------------- saving


async def test_the_latest_answer_counts_and_all_are_kept(session: AsyncSession, day: Day) -> None:
    run = await opened(session, day)
    for seq, value in enumerate(["A", "B", "C"], start=1):
        saved = await give(session, day, run, value, minutes(seq), seq=seq)
        assert saved.saved_at == minutes(seq)
    assert await standing(session, day) == ["C"]
    assert await session.scalar(text("SELECT count(*) FROM exam.answers")) == 3


async def test_an_answer_that_overtakes_another_does_not_win(session: AsyncSession, day: Day) -> None:
    run = await opened(session, day)
    await give(session, day, run, "B", minutes(1), seq=2)
    await give(session, day, run, "A", minutes(2), seq=1)
    assert await standing(session, day) == ["B"]


async def test_sending_twice_is_sending_once(session: AsyncSession, day: Day) -> None:
    run = await opened(session, day)
    for _ in range(2):
        saved = await give(session, day, run, "A", minutes(1), key="the-same-key")
        assert saved.keys == ("the-same-key",)
    assert await session.scalar(text("SELECT count(*) FROM exam.answers")) == 1


async def test_an_answer_can_be_cleared_on_purpose(session: AsyncSession, day: Day) -> None:
    run = await opened(session, day)
    await give(session, day, run, "A", minutes(1), seq=1)
    await give(session, day, run, None, minutes(2), seq=2)
    assert await standing(session, day) == []


async def test_an_empty_flush_saves_nothing(session: AsyncSession, day: Day) -> None:
    run = await opened(session, day)
    saved = await actions.save_answers(
        session, day.candidate(), sitting_id=day.ids[0], epoch=run.run.epoch, answers=[], now=minutes(1)
    )
    assert saved.keys == ()


async def test_foreign_items_and_unfit_values_are_refused(session: AsyncSession, day: Day) -> None:
    run = await opened(session, day)
    with pytest.raises(AnswerUnfit):
        await give(session, day, run, "A", minutes(1), item=uuid4())
    with pytest.raises(AnswerUnfit):
        await give(session, day, run, "Z", minutes(1))
    assert await standing(session, day) == []


async def test_a_stale_tab_neither_overwrites_nor_hands_in(session: AsyncSession, day: Day) -> None:
    old = await opened(session, day)
    await give(session, day, old, "A", minutes(1))
    new = await actions.take_over(session, day.candidate(), sitting_id=day.ids[0], now=minutes(2))
    assert [answer.value for answer in new.answers.values()] == ["A"]
    assert (new.previous_epoch, new.run.epoch) == (old.run.epoch, old.run.epoch + 1)
    with pytest.raises(TakenOver):
        await give(session, day, old, None, minutes(3), seq=99)
    with pytest.raises(TakenOver):
        await actions.submit(session, day.candidate(), sitting_id=day.ids[0], epoch=old.run.epoch, now=minutes(40))
    assert await standing(session, day) == ["A"]
    await give(session, day, new, "B", minutes(4), seq=1)
    assert await standing(session, day) == ["B"]


async def test_nobody_writes_in_anothers_exam(session: AsyncSession, day: Day) -> None:
    run = await opened(session, day)
    answer = AnswerIn(key="12345678", seq=1, item_id=item(run, ItemKind.SINGLE), value="A")
    with pytest.raises(NotYours):
        await actions.save_answer(
            session, day.candidate(1), sitting_id=day.ids[0], epoch=run.run.epoch, answer=answer, now=minutes(1)
        )
    with pytest.raises(NotYours):
        await actions.take_over(session, day.candidate(1), sitting_id=day.ids[0], now=minutes(1))


async def test_answers_on_their_way_at_the_deadline_are_taken_and_later_ones_not(
    session: AsyncSession, day: Day
) -> None:
    run = await opened(session, day)
    await give(session, day, run, "A", END, seq=1)
    await give(session, day, run, "B", END + 10 * SECOND, seq=2)
    with pytest.raises(DeadlinePassed):
        await give(session, day, run, "C", END + 11 * SECOND, seq=3)
    assert await standing(session, day) == ["B"]
    await actions.submit_due(session, now=END + 11 * SECOND)
    assert await queries.invariants(session) == []


async def test_nothing_is_saved_while_interrupted_and_extra_time_moves_the_deadline(
    session: AsyncSession, day: Day
) -> None:
    run = await opened(session, day)
    await sittings.interrupt(session, day.invigilator, sitting_id=day.ids[0], reason="停电", now=minutes(10))
    with pytest.raises(NotRunning):
        await give(session, day, run, "A", minutes(11))
    await sittings.resume(
        session,
        day.invigilator,
        sitting_id=day.ids[0],
        extra_minutes=15,
        second_person="监考乙",
        reason="停电",
        now=minutes(25),
    )
    assert await actions.submit_due(session, now=minutes(62)) == 0
    saved = await give(session, day, run, "A", minutes(74))
    assert saved.deadline_at == minutes(75)
    assert await actions.submit_due(session, now=minutes(76)) == 1


async def test_who_is_granted_extra_time_has_it_on_the_clock_and_is_not_handed_in_before(
    session: AsyncSession, day: Day
) -> None:
    await session.execute(
        text("UPDATE exam.room_sessions SET ends_at = ends_at + interval '15 minutes' WHERE id = :id"),
        {"id": day.room.id},
    )
    await session.execute(
        text("UPDATE exam.sittings SET ends_at = ends_at + interval '15 minutes', granted_minutes = 15 WHERE id = :id"),
        {"id": day.ids[0]},
    )
    own, other = await opened(session, day), await opened(session, day, index=1)
    assert (own.run.deadline_at, other.run.deadline_at) == (minutes(75), minutes(60))
    assert await actions.submit_due(session, now=minutes(62)) == 1
    assert (await give(session, day, own, "A", minutes(74))).deadline_at == minutes(75)
    assert await actions.submit_due(session, now=minutes(76)) == 1
    ended = await sitting_queries.sittings(session, ids=day.ids[:2])
    assert {one.id: one.finished_at for one in ended} == {day.ids[0]: minutes(75), day.ids[1]: minutes(60)}


# ---------------------------------------------------------------- handing in


async def test_handing_in_seals_the_answers(session: AsyncSession, day: Day) -> None:
    run = await opened(session, day)
    await give(session, day, run, "A", minutes(1))
    with pytest.raises(LeaveTooEarly):
        await actions.submit(session, day.candidate(), sitting_id=day.ids[0], epoch=run.run.epoch, now=minutes(29))
    done = await actions.submit(session, day.candidate(), sitting_id=day.ids[0], epoch=run.run.epoch, now=minutes(31))
    assert (done.hand_in, done.submitted_at, done.answers_count) == (HandIn.CANDIDATE, minutes(31), 1)
    with pytest.raises(AlreadySubmitted):
        await give(session, day, run, "B", minutes(32), seq=2)
    with pytest.raises(AlreadySubmitted):
        await actions.take_over(session, day.candidate(), sitting_id=day.ids[0], now=minutes(32))
    again = await actions.submit(session, day.candidate(), sitting_id=day.ids[0], epoch=run.run.epoch, now=minutes(33))
    assert again == done
    assert (await sitting_queries.sitting(session, day.ids[0])).status is SittingStatus.SUBMITTED
    assert await queries.invariants(session) == []


async def test_the_clock_hands_in_without_a_browser(session: AsyncSession, day: Day) -> None:
    run = await opened(session, day)
    await give(session, day, run, "A", minutes(59))
    await opened(session, day, index=1)
    assert await actions.submit_due(session, now=END + 10 * SECOND) == 0
    assert await actions.submit_due(session, now=minutes(600)) == 2
    assert await actions.submit_due(session, now=minutes(601)) == 0
    found = await queries.responses(session, day.ids)
    assert [(one.hand_in, one.submitted_at, len(one.answers)) for one in found] == [
        (HandIn.TIME_UP, END, 1), (HandIn.TIME_UP, END, 0)
    ]  # fmt: skip
    assert (await sitting_queries.sitting(session, day.ids[1])).status is SittingStatus.AUTO_SUBMITTED
    assert await queries.invariants(session) == []


async def test_handing_in_after_the_end_is_time_up(session: AsyncSession, day: Day) -> None:
    run = await opened(session, day)
    done = await actions.submit(session, day.candidate(), sitting_id=day.ids[0], epoch=run.run.epoch, now=minutes(70))
    assert (done.hand_in, done.submitted_at) == (HandIn.TIME_UP, END)


async def test_who_is_stopped_is_sealed_as_it_stands(session: AsyncSession, day: Day) -> None:
    run = await opened(session, day)
    await give(session, day, run, "A", minutes(1))
    await sittings.stop(session, day.invigilator, sitting_id=day.ids[0], reason="作弊", now=minutes(5))
    with pytest.raises(NotRunning):
        await give(session, day, run, "B", minutes(6), seq=2)
    done = await actions.settle(session, sitting_id=day.ids[0], now=minutes(7))
    assert done is not None and (done.hand_in, done.answers_count) == (HandIn.STAFF, 1)


async def test_many_start_and_hand_in_by_the_same_rules(session: AsyncSession, day: Day) -> None:
    times = {sitting_id: minutes(n) for n, sitting_id in enumerate(day.ids)}
    runs = await actions.start_many(session, SYSTEM, sitting_ids=day.ids, times=times, now=minutes(20))
    assert [run.started_at for run in runs] == list(times.values())
    early = {day.ids[2]: minutes(29)}
    with pytest.raises(LeaveTooEarly):
        await actions.submit_many(session, SYSTEM, sitting_ids=day.ids, times=early, now=minutes(50))
    done = await actions.submit_many(session, SYSTEM, sitting_ids=day.ids, now=minutes(50))
    assert {run.hand_in for run in done} == {HandIn.CANDIDATE}
    assert await queries.invariants(session) == []


async def test_saved_answers_are_never_altered(session: AsyncSession, day: Day) -> None:
    run = await opened(session, day)
    await give(session, day, run, "A", minutes(1))
    for statement in ("UPDATE exam.answers SET value = '\"B\"'", "DELETE FROM exam.answers"):
        with pytest.raises(DBAPIError):
            async with session.begin_nested():
                await session.execute(text(statement))
    await actions.submit(session, day.candidate(), sitting_id=day.ids[0], epoch=run.run.epoch, now=minutes(31))
    await session.execute(text("ALTER TABLE exam.answers DISABLE TRIGGER ALL"))
    await session.execute(text("UPDATE exam.answers SET value = '\"B\"'"))
    assert await queries.invariants(session) == [f"delivery.answers_altered: {day.ids[0]}"]


# ---------------------------------------------------------------- killed in the middle, and at the same time


async def test_what_was_confirmed_is_there_after_the_browser_and_the_connection_died(db: Database) -> None:
    async with db.transaction() as session:
        day = await seated(session)
        run = await opened(session, day)
    async with db.transaction() as session:
        await give(session, day, run, "A", minutes(1), seq=1)

    async def cut(session: AsyncSession) -> None:
        await give(session, day, run, "B", minutes(2), seq=2)
        await session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(DBAPIError):
        async with db.transaction() as session:
            await cut(session)
    async with db.transaction() as session:
        again = await actions.take_over(session, day.candidate(), sitting_id=day.ids[0], now=minutes(3))
        assert [answer.value for answer in again.answers.values()] == ["A"]


async def test_an_answer_and_handing_in_at_once_never_leave_an_unsealed_answer(db: Database) -> None:
    async with db.transaction() as session:
        day = await seated(session)
        run = await opened(session, day)

    async def save(seq: int) -> Any:
        async with db.transaction() as session:
            return await give(session, day, run, "ABCD"[seq % 4], minutes(40), seq=seq)

    async def hand_in() -> Any:
        async with db.transaction() as session:
            return await actions.submit(
                session, day.candidate(), sitting_id=day.ids[0], epoch=run.run.epoch, now=minutes(40)
            )

    await asyncio.gather(*(save(seq) for seq in range(1, 6)), hand_in(), *(save(seq) for seq in range(6, 9)), hand_in(),
                         return_exceptions=True)  # fmt: skip
    async with db.transaction() as session:
        assert await queries.invariants(session) == []
        assert (await queries.runs(session, day.ids))[day.ids[0]].hand_in is HandIn.CANDIDATE


async def test_two_tabs_starting_at_once_make_one_run(db: Database) -> None:
    async with db.transaction() as session:
        day = await seated(session)

    async def start() -> Any:
        async with db.transaction() as session:
            return await actions.start(session, day.candidate(), sitting_id=day.ids[0], now=START)

    results = await asyncio.gather(*(start() for _ in range(4)))
    assert len({run.started_at for run in results}) == 1
