"""Steps e and f, the marks and the results: entered, verified, computed, verified, published, each by another person."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from exam.accounts.rules import SYSTEM
from exam.catalogue.rules import Form
from exam.demo import answers as behaviour
from exam.demo.days import BatchDays, at
from exam.demo.steps.day import Exam
from exam.registration import actions as registration
from exam.registration.rules.status import BatchStatus
from exam.sittings import queries as sittings
from exam.sittings.rules import Duty, SittingStatus
from scoring.marking import actions as marking
from scoring.marking import queries
from scoring.outcomes import actions as outcomes
from scoring.reviews import actions as reviews

_TOGETHER = 1000
ON_PAPER = {SittingStatus.SUBMITTED, SittingStatus.AUTO_SUBMITTED, SittingStatus.STOPPED}


class NotFinal(RuntimeError):
    """The demo's results did not become final."""


async def mark(exam: Exam, now: datetime) -> int:
    """Computer papers by key, paper marks by two readers (a third where they differ), sheets the lead must decide."""
    stage, batch_id = exam.stage, exam.batch_id
    async with stage.change() as session:
        await registration.move_batch(
            session, stage.cast["officer"], batch_id=batch_id, to=BatchStatus.SESSIONS_DONE, now=now
        )
        marked = await marking.mark_computer(session, stage.cast["entry"], batch_id=batch_id, now=now)
    read = await _read_papers(exam, now)
    await _decide_sheets(exam, now + timedelta(hours=5))
    return marked.count + read


async def _read_papers(exam: Exam, now: datetime) -> int:
    stage, batch_id = exam.stage, exam.batch_id
    count = 0
    for component in exam.components.values():
        if component.form is not Form.PAPER:
            continue
        async with stage.change() as session:
            placed = [
                one
                for one in await sittings.sittings(session, batch_id=batch_id)
                if one.component_id == component.id and one.status in ON_PAPER
            ]
            if not placed:
                continue
            rng = stage.random(f"papers {component.code} {len(placed)}")
            written = {
                one.registration_id: behaviour.paper_mark(exam.people[one.registration_id].ability, rng)
                for one in placed
            }
            typed = {key: behaviour.second_reading(value, rng) for key, value in written.items()}
            for reader, values, hour in (("entry", written, 1), ("entry2", typed, 2)):
                await marking.enter_paper_marks(
                    session,
                    stage.cast[reader],
                    batch_id=batch_id,
                    component_id=component.id,
                    entries=values,
                    now=now + timedelta(hours=hour),
                )
            differ = {key: value for key, value in written.items() if typed[key] != value}
            if differ:
                await marking.enter_paper_marks(
                    session,
                    stage.cast["entry3"],
                    batch_id=batch_id,
                    component_id=component.id,
                    entries=differ,
                    now=now + timedelta(hours=3),
                )
            count += len(written)
    return count


async def _decide_sheets(exam: Exam, now: datetime) -> int:
    """Where two assessors stay apart the lead of the room decides; nobody's sheet is overwritten."""
    async with exam.stage.change() as session:
        leads: dict[UUID, UUID] = {
            one.session_id: one.account_id
            for one in await sittings.duties(session, batch_id=exam.batch_id)
            if one.duty is Duty.LEAD_ASSESSOR
        }
        apart = await queries.disagreements(session, room_session_ids=list(leads))
        for one in apart:
            totals = [sheet.total for sheet in one.sheets if sheet.total is not None]
            await marking.decide_sheets(
                session,
                exam.cast[leads[one.sitting.room_session_id]],
                sitting_id=one.sitting.id,
                value=(sum(totals, Decimal(0)) / len(totals)).quantize(Decimal("0.01")),
                reason="两名考评员评分差异超过限度，组长复看录像后裁定。",
                now=now,
            )
    return len(apart)


async def verify(exam: Exam, days: BatchDays, by: str = "verifier") -> None:
    """Marks verified, results computed and verified, by one who entered none of them."""
    stage, batch_id, verified = exam.stage, exam.batch_id, at(days.verified, 10)
    async with stage.change() as session:
        await marking.collect(session, stage.cast[by], batch_id=batch_id, now=verified)
        await marking.verify_marks(session, stage.cast[by], batch_id=batch_id, now=verified)
    async with stage.change() as session:
        await outcomes.compute(session, stage.cast[by], batch_id=batch_id, now=verified + timedelta(hours=1))
        await outcomes.verify(session, stage.cast[by], batch_id=batch_id, now=verified + timedelta(hours=2))


async def publish(exam: Exam, days: BatchDays) -> int:
    """Published by a third person, and the window for reviews opened; returns how many outcomes."""
    stage, batch_id, published = exam.stage, exam.batch_id, at(days.published, 10)
    async with stage.change() as session:
        count = await outcomes.publish(session, stage.cast["publisher"], batch_id=batch_id, now=published)
        await registration.move_batch(
            session, stage.cast["publisher"], batch_id=batch_id, to=BatchStatus.REVIEW_WINDOW,
            now=published + timedelta(minutes=1),
        )  # fmt: skip
    return count


async def finalise(exam: Exam, published: date, now: datetime) -> None:
    """The review window is over: what the worker does by itself when the clock says so."""
    async with exam.stage.change() as session:
        while await reviews.close_window(
            session, SYSTEM, batch_id=exam.batch_id, published=[published], limit=_TOGETHER, now=now
        ):
            pass
        if not await reviews.conclude(session, SYSTEM, batch_id=exam.batch_id, now=now):
            raise NotFinal
