"""Small batches that stand still on the road from the last paper to the certificate, so that whoever works there has work.

One batch stands in one state (domain.md 3.3), so there are four: in the middle of scoring, verified and not published, in
the review window with two requests, and final with certificates to issue. Some fifty people, most of them on paper.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from exam.catalogue.rules import Form
from exam.demo import answers as behaviour
from exam.demo.certificates import certificate_of
from exam.demo.days import BatchDays, at, in_review, in_scoring, ready_to_issue, ready_to_publish
from exam.demo.plan import DemoCandidate, Fate
from exam.demo.plan import candidates as make_candidates
from exam.demo.progress import Step
from exam.demo.province import SCHOOLS
from exam.demo.stage import Stage
from exam.demo.steps import batch as batches
from exam.demo.steps import day
from exam.demo.steps import marking as marks
from exam.demo.steps.day import Exam
from exam.demo.steps.registration import Batch
from exam.registration import actions as registration
from exam.registration.rules.status import BatchStatus
from exam.sittings import queries as sittings
from scoring.marking import actions as marking
from scoring.outcomes import actions as outcomes
from scoring.outcomes import queries as results
from scoring.reviews import actions as reviews
from scoring.reviews.rules import Ground

_PEOPLE_SEED = 2_000_003
_UNREAD, _READ_TWICE = 2, 4
_ENOUGH, _SHORT = 0.4, -1.7  # abilities that pass, and that do not
_PAPER, _COMPUTER, _CARE = "LOG", "WEB", "ELD"
_SECOND_VERIFIER = "verifier2"  # so that the first, whose sign-in is shown, may look at a result again


@dataclass(frozen=True, kw_only=True)
class Class:
    """Some candidates of one school who sit for one certificate and level."""

    school: str  # the distinctive word of its name
    certificate: str
    level: str
    count: int


Classes = tuple[Class, ...]

_SCORING = (
    Class(school="星渡", certificate=_PAPER, level="intermediate", count=10),
    Class(school="云杉", certificate=_COMPUTER, level="intermediate", count=6),
    Class(school="峡光", certificate=_CARE, level="intermediate", count=4),
)
_TO_PUBLISH = (Class(school="郢都舟", certificate=_PAPER, level="intermediate", count=14),)
_TO_ISSUE = (Class(school="峡光", certificate=_PAPER, level="intermediate", count=7),)
_IN_REVIEW = (Class(school="汉畔", certificate=_PAPER, level="intermediate", count=7),)

_REQUESTS = (
    (Ground.ADDING, "第三大题各小题得分相加与大题得分不一致，请核对合分。"),
    (Ground.COPYING, "卷面总分与公布的成绩似有出入，请核对登分。"),
)


async def run(stage: Stage, step: Step) -> int:
    """Bring the four batches to where they wait; returns how many people are in them."""
    people = _people(stage)
    await _leave_to_issue(stage, people[_TO_ISSUE], step)
    await _leave_in_review(stage, people[_IN_REVIEW], step)
    await _leave_to_publish(stage, people[_TO_PUBLISH], step)
    await _leave_in_scoring(stage, people[_SCORING], step)
    return sum(map(len, people.values()))


def _people(stage: Stage) -> Mapping[Classes, list[DemoCandidate]]:
    """People of no other batch, put into their classes; in each class somebody is absent, and some fall short."""
    wanted = (_SCORING, _TO_PUBLISH, _TO_ISSUE, _IN_REVIEW)
    count = sum(group.count for batch in wanted for group in batch)
    pool = iter(make_candidates(count, seed=stage.seed + _PEOPLE_SEED, year=stage.today.year))
    return {batch: [one for group in batch for one in _class(group, pool)] for batch in wanted}


def _class(group: Class, pool: Iterator[DemoCandidate]) -> list[DemoCandidate]:
    school = next(one for one in SCHOOLS if one.name_zh.startswith(group.school))
    major = certificate_of(group.certificate).majors[0]
    made = []
    for place, one in enumerate(islice(pool, group.count)):
        short = place >= group.count - 2
        caught = group.certificate == _COMPUTER and place == 1
        made.append(
            replace(
                one, school=school, certificate=group.certificate, level=group.level, social=False, waiver="",
                major=major, class_name=f"{major[:4]}1班", fate=Fate.ABSENT if place == 0 else Fate.INCIDENT if caught else Fate.ORDINARY,
                ability=_SHORT if short else max(one.ability, _ENOUGH), practice=_SHORT if short else _ENOUGH,
            )
        )  # fmt: skip
    return made


async def _sit(stage: Stage, wanted: Batch, people: Sequence[DemoCandidate], step: Step) -> Exam:
    """The road up to the last paper handed in."""
    exam = await batches.prepare(stage, wanted, people)
    await day.run(exam, step)
    return exam


async def _leave_to_issue(stage: Stage, people: Sequence[DemoCandidate], step: Step) -> None:
    """Published, the window over, final; the certificates are not issued yet."""
    wanted = _batch(stage, _TO_ISSUE, ready_to_issue(stage.today), 204, "宜昌物流管理", "Logistics, Yichang")
    await batches.carry(stage, wanted, people, step)


async def _leave_in_review(stage: Stage, people: Sequence[DemoCandidate], step: Step) -> None:
    """Published, the window open: one request waits to be accepted, one to be looked into."""
    days = in_review(stage.today)
    exam = await _sit(stage, _batch(stage, _IN_REVIEW, days, 205, "襄阳物流管理", "Logistics, Xiangyang"), people, step)
    await marks.mark(exam, at(days.marked, 9))
    await marks.verify(exam, days, by=_SECOND_VERIFIER)
    await marks.publish(exam, days)
    async with stage.change() as session:
        found = await results.outcomes(session, batch_id=exam.batch_id, published_only=True, brief=True)
        lowest = sorted((one for one in found if one.composite is not None), key=lambda one: one.composite or 0)
        asked = at(days.published, 16)
        for outcome, (ground, statement) in zip(lowest, _REQUESTS, strict=False):
            review = await reviews.request_review(
                session, exam.actors[outcome.registration_id], outcome_id=outcome.id, ground=ground,
                statement=statement, now=asked,
            )  # fmt: skip
        await reviews.accept_review(
            session, stage.cast["publisher"], review_id=review.id, now=asked + timedelta(hours=1)
        )


async def _leave_to_publish(stage: Stage, people: Sequence[DemoCandidate], step: Step) -> None:
    """Every result verified; the third person has the next word."""
    days = ready_to_publish(stage.today)
    exam = await _sit(stage, _batch(stage, _TO_PUBLISH, days, 203, "荆州物流管理", "Logistics, Jingzhou"), people, step)
    await marks.mark(exam, at(days.marked, 9))
    await marks.verify(exam, days)


async def _leave_in_scoring(stage: Stage, people: Sequence[DemoCandidate], step: Step) -> None:
    """Papers half read, components to verify, some results computed."""
    days = in_scoring(stage.today)
    exam = await _sit(stage, _batch(stage, _SCORING, days, 202, "三项证书", "Three certificates"), people, step)
    now = at(days.marked, 9)
    await day.confirm_incident(exam, at(days.exam[-1], 18))  # the officer has the next word
    async with stage.change() as session:
        await registration.move_batch(
            session, stage.cast["officer"], batch_id=exam.batch_id, to=BatchStatus.SESSIONS_DONE, now=now
        )
        await marking.mark_computer(session, stage.cast["entry2"], batch_id=exam.batch_id, now=now)
    await _read_half(exam, now + timedelta(hours=1))
    verifier = stage.cast[_SECOND_VERIFIER]
    computed = [part.id for part in stage.schemes[_COMPUTER, _SCORING[1].level].components]
    async with stage.change() as session:
        await marking.collect(session, verifier, batch_id=exam.batch_id, now=now + timedelta(hours=3))
        for component_id in computed:
            await marking.verify_marks(
                session, verifier, batch_id=exam.batch_id, component_id=component_id, now=now + timedelta(hours=3)
            )
        await outcomes.compute(session, verifier, batch_id=exam.batch_id, now=now + timedelta(hours=4))


async def _read_half(exam: Exam, now: datetime) -> None:
    """One person has read most papers, another some of those, and one of them differently."""
    stage, (component,) = exam.stage, [part for part in exam.components.values() if part.form is Form.PAPER]
    rng = stage.random("papers half read")
    async with stage.change() as session:
        handed_in = [
            one.registration_id for one in await sittings.sittings(session, batch_id=exam.batch_id)
            if one.component_id == component.id and one.status in marks.ON_PAPER
        ]  # fmt: skip
        first = {one: behaviour.paper_mark(exam.people[one].ability, rng) for one in sorted(handed_in)[_UNREAD:]}
        second = dict(list(first.items())[:_READ_TWICE])
        slip = next(iter(second))
        second[slip] -= 6
        for hours, (reader, entries) in enumerate((("entry2", first), ("entry3", second))):
            await marking.enter_paper_marks(
                session, stage.cast[reader], batch_id=exam.batch_id, component_id=component.id, entries=entries,
                now=now + timedelta(hours=hours),
            )  # fmt: skip


def _batch(stage: Stage, classes: Classes, days: BatchDays, number: int, zh: str, en: str) -> Batch:
    exam = days.exam[0]
    return Batch(
        code=f"{exam:%Y%m}-{number}",
        name_zh=f"{exam.year}年{exam.month}月{zh}批次（演示）",
        name_en=f"{en}, {exam:%B %Y} (Demo)",
        schemes=[stage.schemes[group.certificate, group.level] for group in classes],
        days=days,
    )
