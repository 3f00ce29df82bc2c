"""Step e, the exam days: every room is opened, its candidates come or do not, work, hand in, and the room is closed.

The invigilator on duty opens, checks in, admits the late, marks the absent and closes; candidates start, answer and
hand in; assessors fill and sign their sheets. Rooms are acted out one by one in the order of their start.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Grant, Role, Scope
from exam.catalogue.rules import Component, Form, parse_sheet
from exam.delivery import actions as delivery
from exam.delivery.rules import AnswerIn
from exam.demo import answers as behaviour
from exam.demo.plan import DemoCandidate, Fate
from exam.demo.progress import Step
from exam.demo.stage import Stage
from exam.demo.steps import faults, tablets
from exam.kernel.errors import N_
from exam.papers import queries as papers
from exam.papers.rules import ItemKeyRecord, Paper
from exam.sittings import actions as sittings
from exam.sittings import queries
from exam.sittings.actions import minutes as keep
from exam.sittings.rules import Duty, DutySpec, Effect, RoomSession, Sitting, headcount
from exam.sittings.rules.minutes import plan_of
from scoring.marking import actions as marking
from scoring.tablets.rules.events import SheetKey

_MINUTE = timedelta(minutes=1)


@dataclass
class Exam:
    """One batch on its exam days."""

    stage: Stage
    batch_id: UUID
    people: Mapping[UUID, DemoCandidate]  # by registration
    components: Mapping[UUID, Component]
    last_part: Mapping[UUID, UUID]  # registration -> the component it sits last
    actors: dict[UUID, Actor] = field(default_factory=dict)  # candidates by registration
    sealed: dict[UUID, tuple[Paper, Mapping[UUID, ItemKeyRecord]]] = field(default_factory=dict)
    incident_id: UUID | None = None
    fault_shown: bool = False

    @property
    def cast(self) -> Mapping[UUID, Actor]:
        return {actor.account_id: actor for actor in self.stage.cast.actors.values() if actor.account_id}


async def run(exam: Exam, step: Step) -> int:
    """Act out every room of the batch; returns how many."""
    async with exam.stage.change() as session:
        rooms = await queries.room_sessions(session, batch_id=exam.batch_id)
        duties: dict[UUID, list[DutySpec]] = defaultdict(list)
        for duty in await queries.duties(session, batch_id=exam.batch_id):
            duties[duty.session_id].append(duty)
        exam.actors = await candidate_actors(session, exam.people)
    staff = exam.cast
    for number, room in enumerate(rooms, start=1):
        crew = {duty: [staff[one.account_id] for one in duties[room.id] if one.duty is duty] for duty in Duty}
        async with exam.stage.change() as session:
            await _room(session, exam, room, crew)
        if number % 5 == 0 or number == len(rooms):
            step.tell(N_("%(done)s / %(all)s 场"), done=number, all=len(rooms))
    return len(rooms)


async def candidate_actors(session: AsyncSession, people: Mapping[UUID, object]) -> dict[UUID, Actor]:
    """The candidates' own accounts, as signing in would give them."""
    query = text("SELECT id, name, person_id, registration_id FROM exam.accounts WHERE registration_id = ANY(:ids)")
    rows = await session.execute(query, {"ids": list(people)})
    return {
        row.registration_id: Actor(
            row.id,
            row.name,
            (
                Grant(Role.CANDIDATE, Scope("person", str(row.person_id))),
                Grant(Role.CANDIDATE, Scope("registration", str(row.registration_id))),
            ),
        )
        for row in rows
    }


async def _room(session: AsyncSession, exam: Exam, room: RoomSession, crew: Mapping[Duty, Sequence[Actor]]) -> None:
    """One room from the open door to the closed one."""
    keeper = crew[Duty.INVIGILATOR][0]
    rng = exam.stage.random(f"room {room.site_code} {room.room_name} {room.starts_at.isoformat()}")
    here = await queries.sittings(session, room_session_id=room.id)
    start = room.starts_at
    await sittings.open_room(session, keeper, room_session_id=room.id, now=start - 40 * _MINUTE)
    away = [one for one in here if _absent(exam, one)]
    late = [one for one in here if exam.people[one.registration_id].fate is Fate.LATE and room.form == Form.COMPUTER
            and one not in away]  # fmt: skip
    in_time = [one for one in here if one not in away and one not in late]
    times = {one.id: start - timedelta(seconds=rng.randint(200, 1700)) for one in in_time}
    await sittings.check_in_many(
        session, keeper, sitting_ids=[one.id for one in in_time], times=times, now=start - 3 * _MINUTE
    )
    present = [one for one in here if one not in away]
    if room.form == Form.COMPUTER:
        await _computer(session, exam, room, crew, in_time, late, rng)
    else:
        await sittings.begin_room(session, crew[Duty.INVIGILATOR][0], room_session_id=room.id, now=start)
    after_limit = start + (room.terms.late_limit_minutes + 1) * _MINUTE
    await sittings.mark_absent_many(session, keeper, sitting_ids=[one.id for one in away], now=after_limit)
    if Form(room.form).practical:
        await _score(session, exam, room, present, crew, rng)
    await sittings.collect(session, keeper, room_session_id=room.id, now=room.ends_at)
    await sittings.close_room(session, keeper, room_session_id=room.id, now=room.ends_at + 8 * _MINUTE)
    await _steps(session, room, crew)
    if exam.stage.tablet_room == room.id:
        await tablets.close(session, exam.stage, crew[Duty.SITE_HEAD][0], room, room.ends_at + 20 * _MINUTE)


async def _steps(session: AsyncSession, room: RoomSession, crew: Mapping[Duty, Sequence[Actor]]) -> None:
    """The minute plan as it was kept: every step at its minute, two people at the papers, and the counts agree."""
    keeper, *others = [*crew[Duty.INVIGILATOR], *crew[Duty.SITE_HEAD]]
    if not others:
        return
    count = headcount(one.status for one in await queries.sittings(session, room_session_id=room.id))
    spare = 2
    counts: dict[str, dict[str, int]] = {
        "unseal": {"received": count.expected + spare},
        "count": {
            "used": count.present,
            "blank": 0,
            "spare": spare,
            "absent": count.absent,
            "submitted": count.finished,
        },
    }
    await keep.record_steps(
        session, keeper, room_session_id=room.id, second=others[0], counts=counts, now=room.ends_at + 25 * _MINUTE,
        times={step.key: step.due(room) for step in plan_of(room) if step.key != "draw"},
    )  # fmt: skip
    if any(step.key == "draw" for step in plan_of(room)):
        await keep.skip_step(
            session, keeper, room_session_id=room.id, step="draw", reason="按编排的工位就位，本场不抽签",
            now=room.starts_at - 18 * _MINUTE,
        )  # fmt: skip


def _absent(exam: Exam, sitting: Sitting) -> bool:
    fate = exam.people[sitting.registration_id].fate
    last = exam.last_part[sitting.registration_id] == sitting.component_id
    return fate is Fate.ABSENT or (fate is Fate.ABSENT_LAST and last)


async def _computer(
    session: AsyncSession,
    exam: Exam,
    room: RoomSession,
    crew: Mapping[Duty, Sequence[Actor]],
    in_time: Sequence[Sitting],
    late: Sequence[Sitting],
    rng: Random,
) -> None:
    """Candidates start, answer and hand in; some come late, one's computer stops, one is caught with a phone."""
    start, keeper = room.starts_at, crew[Duty.INVIGILATOR][0]
    for one in late:
        await sittings.admit_late(
            session, keeper, sitting_id=one.id, reason="公交晚点", now=start + rng.randint(3, 12) * _MINUTE
        )
    everybody = [*in_time, *late]
    if not everybody:
        return
    pressed = {one.id: start + timedelta(seconds=rng.randint(2, 50)) for one in in_time}
    pressed |= {one.id: start + timedelta(minutes=13, seconds=rng.randint(0, 50)) for one in late}
    together = _together(exam, everybody)
    ids = [one.id for one in everybody]
    runs = await delivery.start_many(session, together, sitting_ids=ids, times=pressed, now=start + 15 * _MINUTE)
    end = room.ends_at - 20 * timedelta(seconds=1)  # who has extra time ends later than the others
    paper_of = {run.sitting_id: run.paper_id for run in runs}
    for one in everybody:
        await _answer(session, exam, one, paper_of[one.id], pressed[one.id], min(end, one.ends_at))
    staff = [*crew[Duty.INVIGILATOR], *crew[Duty.SITE_HEAD]]
    if in_time and len(staff) > 1 and not exam.fault_shown:
        await faults.a_computer_stops(session, room, in_time[0], staff)
        exam.fault_shown = True
    stopped = await _incident(session, exam, room, keeper, everybody)
    left = [one for one in everybody if one.id not in stopped]
    handed = {one.id: _handed_in(room, one, rng) for one in left}
    await delivery.submit_many(session, together, sitting_ids=[one.id for one in left], times=handed, now=end)
    for sitting_id in stopped:
        await delivery.settle(session, sitting_id=sitting_id, now=end)


def _handed_in(room: RoomSession, sitting: Sitting, rng: Random) -> datetime:
    """Some when they may, most near their end."""
    earliest = room.starts_at + max(room.terms.earliest_leave_minutes, 25) * _MINUTE
    span = (sitting.ends_at - earliest).total_seconds() - 30
    return earliest + timedelta(seconds=span * max(rng.random(), rng.random()))


def _together(exam: Exam, people: Sequence[Sitting]) -> Actor:
    """The candidates of one room who press the same button: their own rights put together, so that one call serves all."""
    grants = tuple(grant for one in people for grant in exam.actors[one.registration_id].grants)
    return Actor(None, "candidates", grants)


async def _answer(
    session: AsyncSession, exam: Exam, sitting: Sitting, paper_id: UUID, begun: datetime, end: datetime
) -> None:
    """One candidate's answers, each at its own time; each counts when it is saved."""
    if paper_id not in exam.sealed:
        keys = (await papers.keys(session, [paper_id]))[paper_id]
        exam.sealed[paper_id] = await papers.paper(session, paper_id), {key.item_id: key for key in keys.items}
    paper, keys_of = exam.sealed[paper_id]
    candidate = exam.people[sitting.registration_id]
    rng = exam.stage.random(f"answers {candidate.person.id_number} {exam.components[sitting.component_id].code}")
    step = (end - begun) * 0.4 / max(1, len(paper.questions))
    given, times = [], {}
    for number, question in enumerate(paper.questions, start=1):
        value = behaviour.answer(question, keys_of[question.id], candidate.ability, rng)
        if value is not None:
            key = f"demo-{number:04d}"
            given.append(AnswerIn(key=key, seq=number, item_id=question.id, value=value))
            times[key] = begun + step * number
    actor = exam.actors[sitting.registration_id]
    await delivery.save_answers(
        session,
        actor,
        sitting_id=sitting.id,
        epoch=1,
        answers=given,
        times=times,
        now=max(times.values(), default=begun),
    )


async def _incident(
    session: AsyncSession, exam: Exam, room: RoomSession, keeper: Actor, people: Sequence[Sitting]
) -> set[UUID]:
    """The one incident of the batch: written down on the spot, read to the candidate, signed; the work is stopped."""
    caught = [one for one in people if exam.people[one.registration_id].fate is Fate.INCIDENT]
    if not caught or exam.incident_id is not None:
        return set()
    seen = room.starts_at + 30 * _MINUTE
    incident = await sittings.report_incident(
        session,
        keeper,
        sitting_id=caught[0].id,
        code="C1",
        facts="开考三十分钟时，考生在桌下使用手机查看与考试内容相关的材料，监考员当场收存手机。",
        evidence="考场录像片段",
        items=("手机一部",),
        seen_at=seen,
        signed=True,
        now=seen + 4 * _MINUTE,
    )
    await sittings.stop(session, keeper, sitting_id=caught[0].id, reason="违纪终止考试", now=seen + 5 * _MINUTE)
    exam.incident_id = incident.id
    return {caught[0].id}


async def _score(
    session: AsyncSession,
    exam: Exam,
    room: RoomSession,
    present: Sequence[Sitting],
    crew: Mapping[Duty, Sequence[Actor]],
    rng: Random,
) -> None:
    """Every assessor fills and signs an own sheet for every candidate; the lead decides where they stay apart."""
    component = exam.components[room.component_id]
    assert component.sheet is not None
    sheet = parse_sheet(component.sheet)
    assessors = ([*crew[Duty.ASSESSOR]] or [*crew[Duty.LEAD_ASSESSOR]])[: sheet.agreement.assessors_count]
    devices = await _tablets(session, exam, room, crew, assessors)
    for one in present:
        ability = exam.people[one.registration_id].practice
        entries, overtime = behaviour.sheet_entries(sheet, ability, rng)
        for number, assessor in enumerate(assessors):
            seen = entries if number == 0 else behaviour.second_opinion(entries, sheet, rng)
            if devices:
                assert assessor.account_id is not None
                tablets.score(
                    devices[number],
                    SheetKey(sitting_id=one.id, assessor_id=assessor.account_id),
                    component.sheet,
                    seen,
                    overtime if sheet.overtime else None,
                    behaviour.sheet_evidence(sheet, seen),
                    room.starts_at + 20 * _MINUTE,
                )
                continue
            await marking.record_sheet(
                session,
                assessor,
                sitting_id=one.id,
                answers=seen,
                overtime_minutes=overtime,
                evidence=behaviour.sheet_evidence(sheet, seen),
                now=room.ends_at - 2 * _MINUTE,
            )
    if devices:
        await tablets.deliver(session, room, devices, room.ends_at - 2 * _MINUTE)


async def _tablets(
    session: AsyncSession,
    exam: Exam,
    room: RoomSession,
    crew: Mapping[Duty, Sequence[Actor]],
    assessors: Sequence[Actor],
) -> list[tablets.DemoTablet]:
    """The first practical session of the demo is scored on tablets, without a line until its end."""
    if exam.stage.tablet_room is not None or not crew[Duty.SITE_HEAD] or not assessors:
        return []
    exam.stage.tablet_room = room.id
    head = crew[Duty.SITE_HEAD][0]
    return await tablets.prepare(session, exam.stage, head, room, assessors, room.starts_at - 30 * _MINUTE)


async def confirm_incident(exam: Exam, now: datetime) -> None:
    """The head of the site has looked at what was written down."""
    if exam.incident_id is None:
        return
    async with exam.stage.change() as session:
        room_ids = [one.room_session_id for one in await queries.incidents(session, batch_id=exam.batch_id)]
        heads = [one for one in await queries.duties(session, batch_id=exam.batch_id)
                 if one.session_id in room_ids and one.duty is Duty.SITE_HEAD]  # fmt: skip
        head = exam.cast[heads[0].account_id]
        await sittings.confirm_incident(session, head, incident_id=exam.incident_id, now=now)


async def decide_incident(exam: Exam, now: datetime) -> None:
    """Confirmed by the site head, decided by the officer, final once the time to object is waived."""
    await confirm_incident(exam, now)
    if exam.incident_id is None:
        return
    stage = exam.stage
    async with stage.change() as session:
        await sittings.decide_incident(
            session,
            stage.cast["officer"],
            incident_id=exam.incident_id,
            effect=Effect.PART_VOID,
            basis="《考务规定（演示）》第五条",
            decision="本科目成绩无效。",
            objection_until=now + timedelta(days=5),
            now=now + timedelta(hours=2),
        )
        await sittings.conclude_incident(
            session,
            stage.cast["officer"],
            incident_id=exam.incident_id,
            waived=True,
            statement="考生书面表示无异议，放弃申辩。",
            now=now + timedelta(hours=20),
        )
