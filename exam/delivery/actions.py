"""The computer exam, verb by verb: start, take over, save answers, hand in, and hand in for whom the time has passed.

Saving is the hot path: one statement for the answers, no audit record each. Answers are append-only and are their own
record; handing in writes their hash into the audit chain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import SYSTEM, Actor, Permission
from exam.delivery import queries
from exam.delivery.models import AnswerRow, RunRow
from exam.delivery.rules import (
    AlreadySubmitted,
    Answer,
    AnswerIn,
    DeadlinePassed,
    HandIn,
    NotCheckedIn,
    NotComputer,
    NotRunning,
    NotYours,
    Run,
    Saved,
    answers_sha256,
    deadline,
    given,
    normal,
    order_seed,
    over,
    require_sendable,
    require_writable,
)
from exam.kernel import audit
from exam.kernel.errors import NotFound, Refusal
from exam.papers import queries as papers
from exam.papers.rules import Paper, presented
from exam.sittings import actions as sittings
from exam.sittings import queries as sitting_queries
from exam.sittings.rules import DONE, Sitting, SittingStatus, clock_text

COMPUTER = "computer"
_SAVE = insert(cast(Table, AnswerRow.__table__)).on_conflict_do_nothing(index_elements=["sitting_id", "key"])
"""Core, compiled once: the statement of the hot path."""
_STARTABLE = frozenset({SittingStatus.CHECKED_IN, SittingStatus.STARTED})


@dataclass(frozen=True, kw_only=True)
class OpenRun:
    """What the exam page shows: the paper in the candidate's order, the saved answers, and the pen it now holds."""

    run: Run
    previous_epoch: int
    paper: Paper
    answers: Mapping[UUID, Answer]
    sitting: Sitting


async def start(session: AsyncSession, actor: Actor, *, sitting_id: UUID, now: datetime) -> Run:
    """Begin the exam, once checked in and inside the window. Starting again changes nothing."""
    return (await start_many(session, actor, sitting_ids=[sitting_id], now=now))[0]


async def start_many(
    session: AsyncSession,
    actor: Actor,
    *,
    sitting_ids: Sequence[UUID],
    times: Mapping[UUID, datetime] | None = None,
    now: datetime,
) -> list[Run]:
    """Begin several exams by the same rules; `times` are the instants each candidate pressed start."""
    found = {one.id: one for one in await sitting_queries.sittings(session, ids=sitting_ids)}
    for sitting_id in sitting_ids:
        if sitting_id not in found:
            raise NotFound
        _require_own(actor, found[sitting_id])
        if found[sitting_id].status not in _STARTABLE:
            raise AlreadySubmitted if found[sitting_id].status in DONE else NotCheckedIn
    rooms = {room.id: room for room in await sitting_queries.room_sessions(
        session, ids={one.room_session_id for one in found.values()})}  # fmt: skip
    if any(room.form != COMPUTER for room in rooms.values()):
        raise NotComputer
    begun = await sittings.begin_many(session, actor, sitting_ids=sitting_ids, times=times, now=now)
    known = await queries.runs(session, sitting_ids)
    sealed: dict[tuple[UUID, str], Paper] = {}
    rows = []
    for sitting in begun:
        if sitting.id in known:
            continue
        place = (sitting.component_id, sitting.paper_version)
        if place not in sealed:
            sealed[place] = await papers.paper_for(session, *place, sitting.batch_id)
        rows.append(_run_row(sitting, rooms[sitting.room_session_id].terms, sealed[place]))
    if rows:
        await session.execute(insert(RunRow), rows)
        await _audit_starts(session, actor, rows, begun, now)
    started = await queries.runs(session, sitting_ids)
    return [started[sitting_id] for sitting_id in sitting_ids]


def _run_row(sitting: Sitting, terms: Any, paper: Paper) -> dict[str, Any]:
    assert sitting.started_at is not None
    return {
        "sitting_id": sitting.id,
        "registration_id": sitting.registration_id,
        "paper_id": paper.id,
        "order_seed": order_seed(sitting.id, paper.content_sha256),
        "epoch": 1,
        "started_at": sitting.started_at,
        "deadline_at": deadline(sitting, terms, sitting.started_at),
        "grace_seconds": terms.grace_seconds,
    }


async def _audit_starts(
    session: AsyncSession, actor: Actor, rows: Sequence[dict[str, Any]], begun: Sequence[Sitting], now: datetime
) -> None:
    rooms = {sitting.id: sitting.room_session_id for sitting in begun}
    for room_id in sorted({rooms[row["sitting_id"]] for row in rows}):
        here = [row for row in rows if rooms[row["sitting_id"]] == room_id]
        await audit.record(
            session, actor, "delivery.start", subject="sitting", ids=[row["sitting_id"] for row in here],
            stream=f"room_session:{room_id}", data={"papers": sorted({str(row["paper_id"]) for row in here})}, now=now,
        )  # fmt: skip


async def take_over(session: AsyncSession, actor: Actor, *, sitting_id: UUID, now: datetime) -> OpenRun:
    """Open the exam page: a new epoch begins, every page opened before can no longer write."""
    sitting, run = await _own_run(session, actor, sitting_id, lock=True)
    run = await _with_extra_time(session, sitting, run)
    if run.submitted_at is not None or sitting.status in DONE:
        raise AlreadySubmitted
    if over(run, now):
        raise DeadlinePassed(deadline=clock_text(run.deadline_at))
    if sitting.status is not SittingStatus.STARTED:
        raise NotRunning
    await session.execute(update(RunRow).where(RunRow.sitting_id == sitting_id).values(epoch=run.epoch + 1))
    return OpenRun(
        run=replace(run, epoch=run.epoch + 1),
        previous_epoch=run.epoch,
        paper=presented(await papers.paper(session, run.paper_id), run.order_seed),
        answers=await queries.answers(session, sitting_id),
        sitting=sitting,
    )


async def save_answer(
    session: AsyncSession, actor: Actor, *, sitting_id: UUID, epoch: int, answer: AnswerIn, now: datetime
) -> Saved:
    """Save one answer when it is given."""
    return await save_answers(session, actor, sitting_id=sitting_id, epoch=epoch, answers=[answer], now=now)


async def save_answers(
    session: AsyncSession,
    actor: Actor,
    *,
    sitting_id: UUID,
    epoch: int,
    answers: Sequence[AnswerIn],
    times: Mapping[str, datetime] | None = None,
    now: datetime,
) -> Saved:
    """Save the answers of one flush. The run is held in share: handing in waits for it, and it for handing in.

    A key that is already saved is confirmed again and adds nothing. `times` (by key): when each was given, for lists
    that are entered afterwards.
    """
    require_sendable(answers)
    sitting, run = await _own_run(session, actor, sitting_id, share=True)
    run = replace(run, deadline_at=await _deadline(session, sitting, run))
    require_writable(run, sitting, epoch, max(times.values(), default=now) if times else now)
    shapes = await papers.shapes(session, run.paper_id)
    rows = [
        {
            "sitting_id": sitting_id,
            "key": answer.key,
            "epoch": epoch,
            "seq": answer.seq,
            "item_id": answer.item_id,
            "value": normal(shapes.get(answer.item_id), answer.value),
            "saved_at": (times or {}).get(answer.key, now),
        }
        for answer in answers
    ]
    if rows:
        await session.execute(_SAVE, rows)
    return Saved(keys=tuple(answer.key for answer in answers), saved_at=now, deadline_at=run.deadline_at)


async def submit(session: AsyncSession, actor: Actor, *, sitting_id: UUID, epoch: int, now: datetime) -> Run:
    """Hand in by the candidate's own will, from the page that holds the pen. Handing in twice changes nothing."""
    sitting, run = await _own_run(session, actor, sitting_id, lock=True)
    if run.submitted_at is not None:
        return run
    run = await _with_extra_time(session, sitting, run)
    if over(run, now):
        return (await _hand_in(session, SYSTEM, [run], HandIn.TIME_UP, now))[0]
    require_writable(run, sitting, epoch, now)
    if now >= run.deadline_at:
        return (await _hand_in(session, actor, [run], HandIn.TIME_UP, now))[0]
    return (await _hand_in(session, actor, [run], HandIn.CANDIDATE, now))[0]


async def submit_many(
    session: AsyncSession,
    actor: Actor,
    *,
    sitting_ids: Sequence[UUID],
    times: Mapping[UUID, datetime] | None = None,
    now: datetime,
) -> list[Run]:
    """Hand in several exams by the same rules; `times` are the instants each candidate pressed hand in."""
    for sitting in await sitting_queries.sittings(session, ids=sitting_ids):
        _require_own(actor, sitting)
    held = [await queries.run(session, sitting_id, lock=True) for sitting_id in sorted(sitting_ids)]
    open_runs = [run for run in held if run is not None and run.submitted_at is None]
    if len([run for run in held if run is not None]) != len(set(sitting_ids)):
        raise NotRunning
    await _hand_in(session, actor, open_runs, HandIn.CANDIDATE, now, times)
    after = await queries.runs(session, sitting_ids)
    return [after[sitting_id] for sitting_id in sitting_ids]


async def submit_due(session: AsyncSession, *, now: datetime, limit: int = 200) -> int:
    """Hand in for everybody whose time has passed, whether or not a browser is there; returns how many."""
    handed_in = 0
    for sitting_id in await queries.due(session, now, limit):
        with suppress(Refusal):  # one sitting that cannot be handed in (its room was closed) keeps nobody waiting
            async with session.begin_nested():
                handed_in += await settle(session, sitting_id=sitting_id, now=now) is not None
    return handed_in


async def settle(session: AsyncSession, *, sitting_id: UUID, now: datetime) -> Run | None:
    """Bring one run in line with the clock and the room: hand it in when its time has passed or it was stopped."""
    run = await queries.run(session, sitting_id, lock=True)
    if run is None or run.submitted_at is not None:
        return None
    sitting = await sitting_queries.sitting(session, sitting_id)
    run = await _with_extra_time(session, sitting, run)
    if sitting.status in DONE:
        return (await _seal(session, SYSTEM, [run], HandIn.STAFF, {sitting_id: sitting.finished_at or now}, now))[0]
    if over(run, now) and sitting.status is SittingStatus.STARTED:
        return (await _hand_in(session, SYSTEM, [run], HandIn.TIME_UP, now))[0]
    return None  # interrupted: the invigilator decides about extra time


async def current(session: AsyncSession, actor: Actor, *, sitting_id: UUID) -> tuple[Sitting, Run]:
    """How an own exam stands now, its deadline with extra time; nothing is written."""
    sitting, run = await _own_run(session, actor, sitting_id)
    return sitting, replace(run, deadline_at=await _deadline(session, sitting, run))


async def _hand_in(
    session: AsyncSession,
    actor: Actor,
    runs: Sequence[Run],
    way: HandIn,
    now: datetime,
    times: Mapping[UUID, datetime] | None = None,
) -> list[Run]:
    """Finish the sittings and seal the runs. At time-up the end is the deadline, whenever it was noticed."""
    if not runs:
        return []
    if way is HandIn.TIME_UP:
        times = {run.sitting_id: min(run.deadline_at, now) for run in runs}
    ids = [run.sitting_id for run in runs]
    auto = way is HandIn.TIME_UP
    done = await sittings.finish_many(session, actor, sitting_ids=ids, auto=auto, times=times, now=now)
    ends = {sitting.id: sitting.finished_at or now for sitting in done}
    return await _seal(session, actor, runs, way, ends, now)


async def _seal(
    session: AsyncSession,
    actor: Actor,
    runs: Sequence[Run],
    way: HandIn,
    ends: Mapping[UUID, datetime],
    now: datetime,
) -> list[Run]:
    standing = await queries.answers_of(session, [run.sitting_id for run in runs])
    sealed = []
    for run in runs:
        answers = standing.get(run.sitting_id, {})
        sealed.append(replace(run, submitted_at=ends[run.sitting_id], hand_in=way,
                              answers_count=len(given(answers)), answers_sha256=answers_sha256(answers)))  # fmt: skip
    names = ("sitting_id", "submitted_at", "hand_in", "answers_count", "answers_sha256")
    await session.execute(update(RunRow), [{name: getattr(run, name) for name in names} for run in sealed])
    sittings_of = await sitting_queries.sittings(session, ids=[run.sitting_id for run in sealed])
    rooms = {sitting.id: sitting.room_session_id for sitting in sittings_of}
    for room_id in sorted(set(rooms.values())):
        here = [run for run in sealed if rooms[run.sitting_id] == room_id]
        await audit.record(
            session, actor, "delivery.submit", subject="sitting", ids=[run.sitting_id for run in here],
            stream=f"room_session:{room_id}", now=now,
            data={"hand_in": way, "answers_sha256": {str(run.sitting_id): run.answers_sha256 for run in here}},
        )  # fmt: skip
    return sealed


async def _own_run(
    session: AsyncSession, actor: Actor, sitting_id: UUID, *, lock: bool = False, share: bool = False
) -> tuple[Sitting, Run]:
    """The sitting and its run, read after the run is held."""
    run = await (queries.shared_run(session, sitting_id) if share else queries.run(session, sitting_id, lock=lock))
    sitting = await sitting_queries.sitting(session, sitting_id)
    _require_own(actor, sitting)
    if run is None:
        raise NotCheckedIn if sitting.status is SittingStatus.SCHEDULED else NotRunning
    return sitting, run


def _require_own(actor: Actor, sitting: Sitting) -> None:
    if not actor.within(Permission.EXAM_SIT, registration_id=sitting.registration_id):
        raise NotYours


async def _deadline(session: AsyncSession, sitting: Sitting, run: Run) -> datetime:
    """The deadline with extra time given since the start; the room's terms are read only when there is some."""
    if not sitting.extra_minutes and not sitting.moves_count:
        return run.deadline_at
    room = await sitting_queries.room_session(session, sitting.room_session_id)
    return deadline(sitting, room.terms, run.started_at)


async def _with_extra_time(session: AsyncSession, sitting: Sitting, run: Run) -> Run:
    """The run with its deadline brought up to date, stored where it changed."""
    at = await _deadline(session, sitting, run)
    if at == run.deadline_at:
        return run
    await session.execute(update(RunRow).where(RunRow.sitting_id == run.sitting_id).values(deadline_at=at))
    return replace(run, deadline_at=at)
