"""The small batch half a year before: three people, nobody passes, and one of them keeps a part for the resit."""

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

from exam.demo.days import BatchDays
from exam.demo.plan import DemoCandidate, Fate
from exam.demo.progress import Step
from exam.demo.stage import Stage
from exam.demo.steps import batch as batches
from exam.demo.steps.registration import Batch, registered
from exam.registration import queries as registration
from exam.registration.rules.records import Registration
from scoring.marking import queries as marking

Kept = tuple[Registration, tuple[UUID, Decimal]]
"""The registration of an earlier batch, and the component with the mark that is kept."""


async def run(stage: Stage, days: BatchDays, step: Step) -> Kept | None:
    """Carry the earlier batch to its final results; returns who may sit again, and the part that is kept."""
    someone = next((one for one in stage.candidates if one.fate is Fate.RESIT), None)
    if someone is None:
        return None
    batch = Batch(
        code=f"{days.exam[0]:%Y%m}-001",
        name_zh=f"{days.exam[0].year}年建筑信息模型（BIM）小批次考核（演示）",
        name_en=f"BIM small batch {days.exam[0]:%B %Y} (Demo)",
        schemes=[stage.schemes[someone.certificate, someone.level]],
        days=days,
    )
    exam = await batches.carry(stage, batch, _people(stage, someone), step)
    async with stage.change() as session:
        source = registered(stage, await registration.registrations(session, batch_id=exam.batch_id), someone)
        first = batch.schemes[0].components[0]
        marks = await marking.marks(session, registration_id=source.id)
    kept = next(mark.value for mark in marks if mark.component_id == first.id)
    assert kept is not None
    return source, (first.id, kept)


def _people(stage: Stage, someone: DemoCandidate) -> list[DemoCandidate]:
    """The one who resits later, and two who are in no other batch."""
    others = stage.spares[:2]
    alike = [
        replace(
            other,
            school=someone.school,
            certificate=someone.certificate,
            level=someone.level,
            major=someone.major,
            class_name=someone.class_name,
            social=False,
            waiver="",
        )
        for other in others
    ]
    return [
        replace(someone, ability=1.4, practice=-9.0, fate=Fate.ORDINARY, waiver=""),
        replace(alike[0], ability=-3.0, practice=-9.0, fate=Fate.ORDINARY),
        replace(alike[1], ability=-3.0, practice=-9.0, fate=Fate.ABSENT),
    ]
