"""Reads of the computer exam: the answers that count, a run, and what must hold for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from exam.delivery.models import AnswerRow, RunRow
from exam.delivery.rules import Answer, HandIn, Run, answers_sha256, given, latest

_SHARED = (
    select(*(getattr(RunRow, field.name) for field in fields(Run)))
    .where(RunRow.sitting_id == bindparam("id"))
    .with_for_update(read=True)
)
_ANSWER_COLUMNS = (AnswerRow.item_id, AnswerRow.value, AnswerRow.epoch, AnswerRow.seq, AnswerRow.saved_at)


@dataclass(frozen=True, kw_only=True)
class Response:
    """What one candidate handed in, for scoring: the answers that count, by item."""

    sitting_id: UUID
    registration_id: UUID
    paper_id: UUID
    answers: Mapping[UUID, Any]  # choice: option id, multiple: list of ids, fill-in: list of texts; unanswered left out
    submitted_at: datetime | None
    hand_in: HandIn | None
    answers_sha256: str | None


async def run(session: AsyncSession, sitting_id: UUID, *, lock: bool = False) -> Run | None:
    """The run of a sitting, None before it was started; `lock` holds it against saving and handing in."""
    query = select(RunRow).where(RunRow.sitting_id == sitting_id)
    if lock:
        query = query.with_for_update()
    row = (await session.scalars(query.execution_options(populate_existing=True))).one_or_none()
    return run_record(row) if row else None


async def shared_run(session: AsyncSession, sitting_id: UUID) -> Run | None:
    """The run of a sitting, held together with other savers: handing in waits. The hot path: built once, no objects."""
    row = (await session.execute(_SHARED, {"id": sitting_id})).one_or_none()
    return run_record(row) if row else None


async def opened(session: AsyncSession, paper_ids: Iterable[UUID]) -> set[UUID]:
    """Which of these papers somebody has opened, in whatever batch."""
    query = select(RunRow.paper_id).where(RunRow.paper_id.in_(list(paper_ids))).distinct()
    return set(await session.scalars(query))


async def runs(session: AsyncSession, sitting_ids: Iterable[UUID]) -> dict[UUID, Run]:
    """The runs of many sittings; those not started are left out."""
    query = select(RunRow).where(RunRow.sitting_id.in_(list(sitting_ids)))
    return {
        row.sitting_id: run_record(row)
        for row in await session.scalars(query.execution_options(populate_existing=True))
    }


async def due(session: AsyncSession, now: datetime, limit: int) -> list[UUID]:
    """Sittings whose deadline and grace have passed and that nobody handed in; each is given to one sweeper only."""
    query = (
        select(RunRow.sitting_id)
        .where(
            RunRow.submitted_at.is_(None),
            RunRow.deadline_at + func.make_interval(0, 0, 0, 0, 0, 0, RunRow.grace_seconds) < now,
        )
        .order_by(RunRow.deadline_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list((await session.scalars(query)).all())


async def answers(session: AsyncSession, sitting_id: UUID) -> dict[UUID, Answer]:
    """The answer that counts for each item of one sitting, cleared ones included."""
    query = select(*_ANSWER_COLUMNS).where(AnswerRow.sitting_id == sitting_id)
    return latest(Answer(**row._asdict()) for row in await session.execute(query))


async def answers_of(session: AsyncSession, sitting_ids: Iterable[UUID]) -> dict[UUID, dict[UUID, Any]]:
    """The answered items of many sittings in one statement."""
    query = select(AnswerRow.sitting_id, *_ANSWER_COLUMNS).where(AnswerRow.sitting_id.in_(list(sitting_ids)))
    found: dict[UUID, list[Answer]] = defaultdict(list)
    for row in await session.execute(query):
        values = row._asdict()
        found[values.pop("sitting_id")].append(Answer(**values))
    return {
        sitting_id: given({item_id: answer.value for item_id, answer in latest(listed).items()})
        for sitting_id, listed in found.items()
    }


async def responses(session: AsyncSession, sitting_ids: Iterable[UUID]) -> list[Response]:
    """What candidates handed in, in the order of sittings; a sitting that was never started has no response."""
    ids = list(sitting_ids)
    started = await runs(session, ids)
    standing = await answers_of(session, started)
    return [
        Response(
            sitting_id=one.sitting_id,
            registration_id=one.registration_id,
            paper_id=one.paper_id,
            answers=standing.get(one.sitting_id, {}),
            submitted_at=one.submitted_at,
            hand_in=one.hand_in,
            answers_sha256=one.answers_sha256,
        )
        for one in (started[sitting_id] for sitting_id in ids if sitting_id in started)
    ]


async def progress(session: AsyncSession, sitting_ids: Iterable[UUID]) -> dict[UUID, tuple[int, datetime]]:
    """How many different items each sitting has touched, and when the last answer came: for the invigilator's room."""
    query = (
        select(AnswerRow.sitting_id, func.count(AnswerRow.item_id.distinct()), func.max(AnswerRow.saved_at))
        .where(AnswerRow.sitting_id.in_(list(sitting_ids)))
        .group_by(AnswerRow.sitting_id)
    )
    return {sitting_id: (count, at) for sitting_id, count, at in await session.execute(query)}


async def invariants(session: AsyncSession) -> list[str]:
    """What must hold on the live data: handed-in hashes still fit, nothing saved after the end, nothing left open."""
    failures = []
    for name, statement in _INVARIANTS.items():
        rows = (await session.execute(text(statement))).all()
        failures += [f"delivery.{name}: {' '.join(str(value) for value in row)}" for row in rows]
    handed_in = {
        row.sitting_id: row for row in await session.scalars(select(RunRow).where(RunRow.submitted_at.is_not(None)))
    }
    ids = list(handed_in)
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        standing = await answers_of(session, some)
        failures += [
            f"delivery.answers_altered: {sitting_id}"
            for sitting_id in some
            if answers_sha256(standing.get(sitting_id, {})) != handed_in[sitting_id].answers_sha256
        ]
    return failures


_INVARIANTS: Mapping[str, str] = {
    "saved_after_end": """
        SELECT a.sitting_id, a.key FROM exam.answers a JOIN exam.runs r ON r.sitting_id = a.sitting_id
        WHERE a.saved_at > r.deadline_at + make_interval(secs => r.grace_seconds) OR a.saved_at < r.started_at""",
    "handed_in_but_running": """
        SELECT r.sitting_id, s.status FROM exam.runs r JOIN exam.sittings s ON s.id = r.sitting_id
        WHERE r.submitted_at IS NOT NULL AND s.status IN ('scheduled', 'checked_in', 'started', 'absent')""",
    "closed_but_not_handed_in": """
        SELECT r.sitting_id FROM exam.runs r JOIN exam.sittings s ON s.id = r.sitting_id
        JOIN exam.room_sessions h ON h.id = s.room_session_id WHERE r.submitted_at IS NULL AND h.status = 'closed'""",
    "other_candidate": """
        SELECT r.sitting_id FROM exam.runs r JOIN exam.sittings s ON s.id = r.sitting_id
        WHERE r.registration_id <> s.registration_id""",
}


def run_record(row: Any) -> Run:
    """The frozen record of a run's row."""
    values = {field.name: getattr(row, field.name) for field in fields(Run)}
    return Run(**values | {"hand_in": HandIn(row.hand_in) if row.hand_in else None})
