"""The road of the main batch, step by step, each by the role that would do it, and what the small batches around it need."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

from exam.demo import days as calendar
from exam.demo.days import BatchDays, at
from exam.demo.plan import DemoCandidate, Fate
from exam.demo.plan import candidates as make_candidates
from exam.demo.progress import Progress
from exam.demo.record import DemoRecord
from exam.demo.stage import Stage
from exam.demo.steps import (
    batch,
    catalogue,
    day,
    earlier,
    marking,
    papers,
    pool,
    registration,
    sites,
    timetable,
)
from exam.demo.steps.day import Exam
from exam.demo.steps.registration import Batch
from exam.kernel.clock import china_date
from exam.kernel.errors import N_
from exam.kernel.services import Services

_SPARE_SEED = 1_000_003


@dataclass(frozen=True, kw_only=True)
class Result:
    """What the road came to."""

    record: DemoRecord
    batch_id: UUID
    on: date  # the day the demo was made


async def travel(
    services: Services, progress: Progress, *, candidates: int, seed: int, out: Path | None
) -> Result:
    """Carry the batch from the catalogue to the ledger."""
    today = china_date(services.clock.now())
    stage = _stage(services, progress, candidates, seed, today)
    main, before = calendar.main_batch(today), calendar.earlier_batch(today)
    await _found(stage, before)
    source = None
    with progress.step("earlier_batch", N_("半年前的小批次")) as step:
        source = await earlier.run(stage, before, step)
    exam = await _register_and_arrange(stage, main, source)
    await _examine(exam, main)
    return Result(record=_record(stage, candidates), batch_id=exam.batch_id, on=today)


def _stage(services: Services, progress: Progress, count: int, seed: int, today: date) -> Stage:
    people = make_candidates(count, seed=seed, year=today.year)
    spares = make_candidates(24, seed=seed + _SPARE_SEED, year=today.year)
    return Stage(services=services, progress=progress, seed=seed, today=today, candidates=people, spares=spares)


async def _found(stage: Stage, before: BatchDays) -> None:
    """Steps a and b: catalogue, schools, sites, examiners, items; all before the earlier batch."""
    start = at(before.opens, 9) - timedelta(days=60)
    years = {start.year, before.exam[0].year, stage.today.year, (stage.today + timedelta(days=60)).year}
    valid = date(start.year, 1, 1), date(max(years), 12, 31)
    with stage.progress.step("catalogue", N_("目录与考核方案")) as step:
        await catalogue.found(stage, start)
        schemes = await catalogue.publish(stage, start + timedelta(hours=1))
        schools = await catalogue.enrol_schools(stage, _quotas(stage.candidates), years, start + timedelta(days=1))
        step.tell(N_("%(schemes)s 个方案 · %(schools)s 所院校"), schemes=schemes, schools=schools)
    with stage.progress.step("sites", N_("考核站点")) as step:
        approvals = await sites.approve_sites(stage, valid, start + timedelta(days=3))
        step.tell(N_("%(sites)s 个站点 · %(approvals)s 份审批"), sites=len(stage.sites), approvals=approvals)
    with stage.progress.step("examiners", N_("监考员与考评员")) as step:
        people = await pool.recruit(stage, valid, start + timedelta(days=9))
        step.tell(N_("%(people)s 人"), people=people)
    with stage.progress.step("items", N_("题库")) as step:
        step.tell(N_("%(items)s 题"), items=await papers.fill_bank(stage, start + timedelta(days=12)))


def _quotas(people: list[DemoCandidate]) -> dict[tuple[str, str], int]:
    return dict(Counter((one.school.code, one.certificate) for one in people))


async def _register_and_arrange(stage: Stage, days: BatchDays, source: earlier.Kept | None) -> Exam:
    """Steps c and d."""
    wanted = Batch(
        code=f"{days.exam[0]:%Y%m}-101",
        name_zh=f"{days.exam[0].year}年秋季职业技能等级考核（演示）",
        name_en=f"Skill level exams, {days.exam[0]:%B %Y} (Demo)",
        schemes=list(stage.schemes.values()),
        days=days,
    )
    with stage.progress.step("registration", N_("报名")) as step:
        batch_id = await registration.open_batch(stage, wanted)
        roster = [one for one in stage.candidates if source is None or one.fate is not Fate.RESIT]
        files = await registration.import_rosters(stage, batch_id, roster, at(days.opens, 10))
        if source is not None:
            await registration.resit(stage, batch_id, source[0], source[1], days)
        await registration.exempt(stage, batch_id, at(days.closes, 9) - timedelta(days=3))
        people = await registration.settle(stage, batch_id, days)
        step.tell(N_("%(people)s 人 · %(files)s 个名册"), people=f"{people:,}", files=files)
    with stage.progress.step("timetable", N_("编排")) as step:
        done = await timetable.arrange(stage, batch_id, proposed=at(days.arranged, 10), published=at(days.tickets, 9))
        step.tell(
            N_("%(sessions)s 场 · %(sittings)s 个考次 · %(duties)s 份派遣"),
            sessions=f"{done.sessions:,}", sittings=f"{done.sittings:,}", duties=f"{done.duties:,}",
        )  # fmt: skip
    with stage.progress.step("papers", N_("组卷封存")) as step:
        step.tell(N_("%(papers)s 份试卷"), papers=await batch.seal(stage, batch_id, days))
    return await batch.assemble(stage, batch_id, stage.candidates)


async def _examine(exam: Exam, days: BatchDays) -> None:
    """Steps e and f."""
    stage = exam.stage
    with stage.progress.step("exam_days", N_("考核日")) as step:
        await batch.begin(stage, exam.batch_id, days)
        await day.run(exam, step)
        await day.decide_incident(exam, at(days.exam[-1], 10) + timedelta(days=1))
    with stage.progress.step("marks", N_("评分与登分")) as step:
        count = await marking.mark(exam, at(days.marked, 9))
        step.tell(N_("%(count)s 份"), count=f"{count:,}")
    with stage.progress.step("outcomes", N_("核定与发布成绩")) as step:
        count = await marking.publish(exam, days)
        await marking.finalise(exam, at(days.final, 18) if days.final < stage.today else at(days.final, 0, 5))
        step.tell(N_("%(count)s 个结果"), count=f"{count:,}")


def _record(stage: Stage, count: int) -> DemoRecord:
    return DemoRecord(
        candidates=count,
        seed=stage.seed,
        base_url=stage.services.settings.base_url,
        certificate_url="",
        accounts=tuple(stage.cast.shown),
    )
