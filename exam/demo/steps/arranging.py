"""Two batches at the scheduling desk: one to arrange, whose draft leaves people over, and one published whose exams are to come.

So that an officer meets a proposal with its reasons, what-ifs and pins, and a published arrangement on which a site can be
lost. Everything else about them is as in any batch.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from exam.demo.certificates import certificate_of
from exam.demo.days import at, upcoming
from exam.demo.plan import DemoCandidate, Fate
from exam.demo.plan import candidates as make_candidates
from exam.demo.province import SCHOOLS
from exam.demo.stage import Stage
from exam.demo.steps import registration, timetable
from exam.demo.steps.registration import Batch
from scheduling.timetable import actions

_PEOPLE_SEED: Final = 3_000_003
_TO_COME, _TO_ARRANGE = 90, 100
_DRAWN, _EVERY = 900, 10  # candidates to choose from, in the order of schools
_FEW: Final = ("AUT", "LOG")  # the certificates of the batch to arrange
_CROWD: Final = 40  # of one certificate: more than the stations nearby hold in a day
_CROWDED: Final = ("AUT", "intermediate")


async def run(stage: Stage) -> int:
    """Leave both batches; returns how many people are in them."""
    drawn = make_candidates(_DRAWN, seed=stage.seed + _PEOPLE_SEED, year=stage.today.year)
    rest = [one for number, one in enumerate(drawn) if number % _EVERY and one.certificate in _FEW]
    await _leave_published(stage, [_plain(one) for one in drawn[::_EVERY][:_TO_COME]])
    await _leave_draft(stage, _crowded(rest[::2][:_TO_ARRANGE]))
    return _TO_COME + _TO_ARRANGE


def _plain(one: DemoCandidate) -> DemoCandidate:
    return replace(one, fate=Fate.ORDINARY, waiver="")


def _crowded(people: Sequence[DemoCandidate]) -> list[DemoCandidate]:
    """The last of them all want the same, at two schools."""
    certificate, level = _CROWDED
    schools = [one for one in SCHOOLS if certificate in one.certificates][:2]
    major = certificate_of(certificate).majors[0]
    same = [
        replace(
            _plain(one), school=schools[place % 2], certificate=certificate, level=level, social=False,
            major=major, class_name=f"{major[:4]}1班", student_no=one.student_no or f"2024{place:07d}",
        )
        for place, one in enumerate(people[-_CROWD:])
    ]  # fmt: skip
    return [*map(_plain, people[:-_CROWD]), *same]


async def _leave_published(stage: Stage, people: Sequence[DemoCandidate]) -> None:
    """Tickets are out, papers not yet sealed."""
    days = upcoming(stage.today, weeks=2, days_count=2)
    wanted = Batch(
        code=f"{days.exam[0]:%Y%m}-302",
        name_zh=f"{days.exam[0].year}年{days.exam[0].month}月考核批次（演示，待考）",
        name_en=f"Exams of {days.exam[0]:%B %Y}, to come (Demo)",
        schemes=list(stage.schemes.values()),
        days=days,
    )
    batch_id = await registration.open_batch(stage, wanted)
    await registration.import_rosters(stage, batch_id, people, at(days.opens, 10))
    await registration.settle(stage, batch_id, days)
    await timetable.arrange(stage, batch_id, proposed=at(days.arranged, 10), published=at(days.tickets, 9))


async def _leave_draft(stage: Stage, people: Sequence[DemoCandidate]) -> None:
    """Registration is closed; the draft of one day is too small for a crowd."""
    days = upcoming(stage.today, weeks=4, days_count=1)
    wanted = Batch(
        code=f"{days.exam[0]:%Y%m}-303",
        name_zh=f"{days.exam[0].year}年{days.exam[0].month}月单日考核批次（演示，待编排）",
        name_en=f"One-day exams of {days.exam[0]:%B %Y}, to be arranged (Demo)",
        schemes=[scheme for (certificate, _), scheme in stage.schemes.items() if certificate in _FEW],
        days=days,
    )
    batch_id = await registration.open_batch(stage, wanted)
    await registration.import_rosters(stage, batch_id, people, at(days.opens, 10))
    await registration.settle(stage, batch_id, days)
    async with stage.change() as session:
        await actions.propose(
            session, stage.cast["officer"], batch_id=batch_id, seed=stage.seed, now=at(days.arranged, 10)
        )
