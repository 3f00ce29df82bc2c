"""A batch from its announcement to its final results, for the batches that need no telling step by step."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from exam.demo.days import BatchDays, at
from exam.demo.plan import DemoCandidate
from exam.demo.progress import Step
from exam.demo.stage import Stage
from exam.demo.steps import day, marking, papers, registration, timetable
from exam.demo.steps.day import Exam
from exam.demo.steps.registration import Batch
from exam.registration import actions, queries
from exam.registration.rules.records import Registration
from exam.registration.rules.status import BatchStatus


async def carry(stage: Stage, batch: Batch, people: Sequence[DemoCandidate], step: Step) -> Exam:
    """The whole road up to the final results."""
    days = batch.days
    exam = await prepare(stage, batch, people)
    await day.run(exam, step)
    await marking.mark(exam, at(days.marked, 9))
    await marking.verify(exam, days)
    await marking.publish(exam, days)
    await marking.finalise(
        exam, days.published, at(days.final, 18) if days.final < stage.today else at(days.final, 0, 5)
    )
    return exam


async def prepare(stage: Stage, batch: Batch, people: Sequence[DemoCandidate]) -> Exam:
    """The road up to the morning of the first exam."""
    days = batch.days
    batch_id = await registration.open_batch(stage, batch)
    await registration.import_rosters(stage, batch_id, people, at(days.opens, 10))
    await registration.settle(stage, batch_id, days)
    await timetable.arrange(stage, batch_id, proposed=at(days.arranged, 10), published=at(days.tickets, 9))
    await seal(stage, batch_id, days)
    exam = await assemble(stage, batch_id, people)
    await begin(stage, batch_id, days)
    return exam


async def seal(stage: Stage, batch_id: UUID, days: BatchDays) -> int:
    """Draw and seal the papers, and say so in the batch."""
    sealed = await papers.seal_papers(stage, batch_id, at(days.sealed, 9))
    async with stage.change() as session:
        await actions.move_batch(
            session, stage.cast["author"], batch_id=batch_id, to=BatchStatus.PAPERS_SEALED, now=at(days.sealed, 10)
        )
    return sealed


async def begin(stage: Stage, batch_id: UUID, days: BatchDays) -> None:
    """The first exam day begins."""
    async with stage.change() as session:
        await actions.move_batch(
            session, stage.cast["officer"], batch_id=batch_id, to=BatchStatus.IN_PROGRESS,
            now=at(days.exam[0], 8) - timedelta(minutes=15),
        )  # fmt: skip


async def assemble(stage: Stage, batch_id: UUID, people: Sequence[DemoCandidate]) -> Exam:
    """What the exam days need to know: who is behind each registration, and what each sits last."""
    async with stage.change() as session:
        found = [one for one in await queries.registrations(session, batch_id=batch_id) if one.status.confirmed]
        batch = await queries.batch(session, batch_id)
    schemes = {scheme.id: scheme for scheme in stage.schemes.values() if scheme.id in batch.scheme_ids}
    by_key = _keyed(stage, people)
    return Exam(
        stage=stage,
        batch_id=batch_id,
        people={one.id: by_key[_key(one)] for one in found},
        components={part.id: part for scheme in schemes.values() for part in scheme.components},
        last_part={one.id: schemes[one.scheme_id].components[-1].id for one in found},
    )


def _keyed(stage: Stage, people: Sequence[DemoCandidate]) -> Mapping[tuple[object, ...], DemoCandidate]:
    return {
        (
            one.person.name,
            stage.certificates[one.certificate],
            one.level,
            stage.schools[one.school.code],
            one.person.id_number[-4:],
        ): one
        for one in people
    }


def _key(one: Registration) -> tuple[object, ...]:
    return one.name, one.certificate_id, one.level.value, one.institution_id, one.id_masked[-4:]
