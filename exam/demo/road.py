"""The road of the main batch, step by step, each by the role that would do it, and what the small batches around it need."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

from certificates.issuing.queries import Certificate
from exam.accounts import queries as accounts
from exam.demo import days as calendar
from exam.demo.days import BatchDays, at
from exam.demo.plan import DemoCandidate, Fate
from exam.demo.plan import candidates as make_candidates
from exam.demo.progress import Progress
from exam.demo.record import DemoRecord
from exam.demo.stage import Stage
from exam.demo.steps import (
    arranging,
    batch,
    catalogue,
    credits,
    day,
    designing,
    earlier,
    living,
    marking,
    paper,
    papers,
    pool,
    printing,
    registration,
    sites,
    timetable,
    waiting,
)
from exam.demo.steps import certificates as proof
from exam.demo.steps.day import Exam
from exam.demo.steps.registration import Batch
from exam.kernel.clock import china_date
from exam.kernel.errors import N_
from exam.kernel.services import Services
from exam.sittings import queries as sittings

_SPARE_SEED = 1_000_003


@dataclass(frozen=True, kw_only=True)
class Result:
    """What the road came to."""

    record: DemoRecord
    batch_id: UUID
    on: date  # the day the demo was made
    certificates: tuple[Certificate, ...]


async def travel(services: Services, progress: Progress, *, candidates: int, seed: int, out: Path | None) -> Result:
    """Carry the batch from the catalogue to the ledger; with ``out``, write what is printed and issued."""
    today = china_date(services.clock.now())
    stage = _stage(services, progress, candidates, seed, today)
    main, before = calendar.main_batch(today), calendar.earlier_batch(today)
    await _found(stage, before)
    with progress.step("earlier_batch", N_("半年前的小批次")) as step:
        source = await earlier.run(stage, before, step)
    exam = await _register_and_arrange(stage, main, source)
    # What is printed is printed once the places are published, while the batch goes on.
    async with asyncio.TaskGroup() as group:
        prints = group.create_task(printing.write(stage, exam.batch_id, out / "documents")) if out else None
        await _examine(exam, main)
        await _certify(exam)
        await _live(exam, main)
        certificates = tuple(await proof.issued_of(stage, exam.batch_id))
        await _show_holder(stage, certificates)
        if out and prints:
            await _write(stage, certificates, out, prints)
    return Result(
        record=_record(stage, candidates, certificates), batch_id=exam.batch_id, on=today, certificates=certificates
    )


def _stage(services: Services, progress: Progress, count: int, seed: int, today: date) -> Stage:
    people = make_candidates(count, seed=seed, year=today.year)
    spares = make_candidates(33, seed=seed + _SPARE_SEED, year=today.year)
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
        helped = await registration.accommodate(stage, batch_id, at(days.closes, 9) - timedelta(days=4))
        people = await registration.settle(stage, batch_id, days)
        step.tell(
            N_("%(people)s 人 · %(files)s 个名册 · %(helped)s 人有便利措施"),
            people=f"{people:,}", files=files, helped=helped,
        )  # fmt: skip
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
        await marking.verify(exam, days)
        count = await marking.publish(exam, days)
        await marking.finalise(
            exam, days.published, at(days.final, 18) if days.final < stage.today else at(days.final, 0, 5)
        )
        step.tell(N_("%(count)s 个结果"), count=f"{count:,}")


async def _certify(exam: Exam) -> None:
    """Steps g and h."""
    with exam.stage.progress.step("design", N_("证书版式")) as step:
        step.tell(N_("%(name)s 由两人批准并启用"), name=await designing.put_in_force(exam.stage, exam.batch_id))
    with exam.stage.progress.step("certificates", N_("制证签名")) as step:
        await proof.issue(exam.stage, exam.batch_id, step)
    with exam.stage.progress.step("platform", N_("平台登记")) as step:
        await proof.register(exam.stage, exam.batch_id, step)
    with exam.stage.progress.step("credits", N_("学分银行")) as step:
        await credits.store(exam.stage, exam.batch_id, step)
    with exam.stage.progress.step("paper", N_("证书纸")) as step:
        await paper.use(exam.stage, await proof.issued_of(exam.stage, exam.batch_id), step)


async def _live(exam: Exam, days: BatchDays) -> None:
    """What goes on beside: resits today, registrations for the winter, a site that applies."""
    stage = exam.stage
    with stage.progress.step("waiting_batches", N_("评分、发布、复核、发证各有一个小批次在办")) as step:
        step.tell(N_("%(people)s 人"), people=await waiting.run(stage, step))
    with stage.progress.step("batches_to_come", N_("待编排和待考各一个批次")) as step:
        step.tell(N_("%(people)s 人"), people=await arranging.run(stage))
    with stage.progress.step("living_batches", N_("今天的补考与报名中的批次")) as step:
        today = await living.sit_today(stage, exam, days)
        if today is not None:
            await living.begin_today(stage, today)
        await living.take_registrations(stage)
        await catalogue.propose_sheet(stage, at(stage.today, 9) - timedelta(days=1))
        year_end = date(stage.today.year + 1, 12, 31)
        await living.apply_for_a_branch(stage, (stage.today, year_end), at(stage.today, 9) - timedelta(days=2))
        step.tell(N_("%(people)s 人今天应考"), people=len(today.people) if today else 0)
    with stage.progress.step("nightly_check", N_("重读存档的证书")) as step:
        await proof.reread(stage, step)


def file_name(number: str) -> str:
    """The number as a file name: its check character may be ``*`` (MOD 37-2), which file systems and shells dislike."""
    return f"{number.replace('*', '_')}.pdf"


async def _show_holder(stage: Stage, certificates: tuple[Certificate, ...]) -> None:
    """A candidate who holds the certificate whose public page is printed."""
    if not certificates:
        return
    holder = certificates[0].registration_id
    async with stage.change() as session:
        places = await sittings.sittings(session, registration_id=holder)
        secret = (await accounts.secrets(session, stage.services.vault, [holder]))[holder]
    stage.cast.show(N_("考生（已获证书）"), places[0].ticket_no, secret)


async def _write(stage: Stage, certificates: tuple[Certificate, ...], out: Path, prints: "asyncio.Task[int]") -> None:
    """The printed documents, as far as they are not done yet, and the certificates' very bytes."""
    with stage.progress.step("documents", N_("打印材料")) as step:
        step.tell(N_("%(count)s 个文件"), count=await prints)
    with stage.progress.step("files", N_("写出证书")) as step:
        folder = out / "certificates"
        folder.mkdir(parents=True, exist_ok=True)
        for certificate in certificates:
            assert certificate.sha256 is not None
            (folder / file_name(certificate.number)).write_bytes(stage.services.files.get(certificate.sha256))
        step.tell(N_("%(count)s 个 PDF"), count=f"{len(certificates):,}")


def _record(stage: Stage, count: int, certificates: tuple[Certificate, ...]) -> DemoRecord:
    base_url = stage.services.settings.base_url
    return DemoRecord(
        candidates=count,
        seed=stage.seed,
        base_url=base_url,
        certificate_url=f"{base_url}/v/{certificates[0].token}" if certificates else "",
        accounts=tuple(stage.cast.shown),
    )
