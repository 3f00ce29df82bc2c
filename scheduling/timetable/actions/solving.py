"""The planner at work for a batch: what it needs is read first, the search runs without a database, an independent check ends it.

The planner places groups, makes sessions and fills teams. Around its teams stand a head for each site and day and the
invigilators of practical rooms (:mod:`scheduling.duties.rules.assigning`): they are sent between its sessions and its
teams, and are not available to it on that day.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import NAMESPACE_OID, UUID, uuid5

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from exam.kernel.clock import china_date
from exam.registration import queries as registration
from exam.registration.rules import Batch
from exam.sittings.rules import Duty
from scheduling.duties import queries as duties
from scheduling.duties.rules import (
    DUTY_OF,
    Assignment,
    Examiner,
    Gap,
    GapReason,
    Occupied,
    Roster,
    assign,
    gap_of,
    staff_violations,
)
from scheduling.norms.rules import NormSet
from scheduling.planning.rules.checking import Report, check
from scheduling.planning.rules.plan import FORMAT, Plan, Session, Status
from scheduling.planning.rules.problem import Person, Problem
from scheduling.planning.solver.solve import Stage as Part
from scheduling.planning.solver.solve import Step, solve
from scheduling.timetable import queries
from scheduling.timetable.queries import Drafted, Ground, Worked
from scheduling.timetable.rules.laying import Held, lay_out
from scheduling.timetable.rules.lifecycle import PlanBroken
from scheduling.timetable.rules.runs import Progress, Stage, silent

_PROCESSES: Final = 2
_PATIENCE: Final = 60.0  # seconds: who asks for the best so far wants everybody in it, if only in the shortest way
_STAGE: Final = {Part.PLACEMENT: Stage.GROUPS, Part.SESSIONS: Stage.SESSIONS, Part.STAFF: Stage.STAFF}


@dataclass(frozen=True, kw_only=True)
class Material:
    """What a batch's timetable is made from."""

    batch: Batch
    drafted: Drafted
    ground: Ground
    pool: tuple[Examiner, ...]
    busy: queries.Busy
    tiles: Mapping[str, tuple[float, float]]  # prefecture -> its place on the map of tiles
    norms: NormSet


@dataclass(frozen=True, kw_only=True)
class Solution:
    """A plan that was checked, laid out, with everybody who is sent."""

    worked: Worked
    held: tuple[Held, ...]
    roster: Roster  # of `held`, by :func:`held_id`
    report: Report


async def gather(session: AsyncSession, batch: Batch, norms: NormSet | None = None) -> Material:
    """Read everything that a timetable of the batch is made from; by the norms in force unless others are given."""
    norms = norms or await queries.norms_for(session, batch)
    tiles = {one.code: (float(one.tile_x), float(one.tile_y)) for one in await registration.prefectures(session)}
    busy = await queries.busy(session, batch)
    return Material(
        batch=batch,
        drafted=await queries.drafted(session, batch, norms, busy),
        ground=await queries.ground(session, batch.id, norms),
        pool=tuple(await duties.pool(session)),
        busy=busy,
        tiles=tiles,
        norms=norms,
    )


def work_out(
    material: Material, *, seed: int, progress: Progress = silent, stop: Callable[[], bool] = lambda: False
) -> Solution:
    """Search for a plan. Needs no database; `progress` and `stop` are called from the thread it runs in."""
    drafted = material.drafted
    laid: list[tuple[Problem, tuple[Held, ...], Roster]] = []

    def send_around(sessions: tuple[Session, ...]) -> Problem:
        held = lay_out(drafted.problem, _bare(seed, sessions), material.ground.halls)
        around = _around(material, drafted.members, held, seed, _promised(drafted.problem))
        laid.append((_without(drafted.problem, held, around), held, around))
        return laid[-1][0]

    plan = solve(
        drafted.problem,
        seed=seed,
        processes=_PROCESSES,
        progress=lambda step: progress(_STAGE[step.stage], step.done, step.total, _facts(step)),
        before_staff=send_around,
        stop=stop,
        patience=_PATIENCE,
    )
    ((problem, held, around),) = laid
    progress(Stage.SEATS, len(held), len(held), {})
    return _solution(material, Worked(problem=problem, plan=plan, members=drafted.members), held, around)


def taken_over(material: Material, worked: Worked) -> Solution:
    """A plan that somebody else made (a fork, a move by hand, a repair), laid out; who serves in it stays."""
    held = lay_out(worked.problem, worked.plan, material.ground.halls)
    serving = _serving(worked.plan, held)
    around = _around(material, worked.members, held, worked.plan.seed, serving)
    return _solution(material, worked, held, around)


def held_id(held: Held) -> UUID:
    """Names a session until it is stored."""
    return name_of(held.key, held.round_no)


def name_of(key: str, round_no: int) -> UUID:
    """The same name, of a planner's session and a round."""
    return uuid5(NAMESPACE_OID, f"{key}/{round_no}")


def _facts(step: Step) -> dict[str, float]:
    return {"unplaced": step.unplaced, "km": round(step.km, 1), "gap": step.gap}


def _bare(seed: int, sessions: tuple[Session, ...]) -> Plan:
    return Plan(
        format=FORMAT, problem_sha256="", seed=seed, status=Status.FEASIBLE, placements=(), sessions=sessions
    )  # fmt: skip


def _solution(material: Material, worked: Worked, held: tuple[Held, ...], around: Roster) -> Solution:
    report = check(worked.problem, worked.plan)
    own = Roster(
        assignments=(*around.assignments, *_teams(worked.plan, held)), gaps=(*around.gaps, *_open(worked.plan, held))
    )
    return Solution(worked=worked, held=held, roster=own, report=report)


# -------------------------------------------------------------------- the teams of the planner, as duties of the exam day


def _rounds(held: Iterable[Held]) -> Mapping[str, list[Held]]:
    found: dict[str, list[Held]] = defaultdict(list)
    for one in held:
        found[one.key].append(one)
    return found


def _teams(plan: Plan, held: Iterable[Held]) -> Iterator[Assignment]:
    """A team serves in every round of its session."""
    rounds = _rounds(held)
    for one in plan.assignments:
        for turn in rounds[one.session]:
            yield Assignment(session_id=held_id(turn), examiner_id=UUID(one.person), duty=DUTY_OF[one.duty])


def _open(plan: Plan, held: Iterable[Held]) -> Iterator[Gap]:
    """An empty place of a session counts once, in its first round."""
    rounds = _rounds(held)
    counted: dict[tuple[str, Duty, GapReason], int] = defaultdict(int)
    for one in plan.open_positions:
        counted[one.session, DUTY_OF[one.duty], gap_of(one.reason)] += 1
    for (key, duty, reason), missing in counted.items():
        yield Gap(session_id=held_id(rounds[key][0]), duty=duty, missing=missing, reason=reason)


def _serving(plan: Plan, held: Iterable[Held]) -> dict[UUID, list[Occupied]]:
    """Everybody's time in the teams and on standby."""
    rounds = _rounds(held)
    found: dict[UUID, list[Occupied]] = defaultdict(list)
    for one in plan.assignments:
        for turn in rounds[one.session]:
            day = china_date(turn.starts_at)
            span = Occupied(site_id=_site(turn.site), day=day, starts_at=turn.starts_at, ends_at=turn.ends_at)
            found[UUID(one.person)].append(span)
    return found


# -------------------------------------------------------------------- who stands around them


def _site(code: str) -> UUID:
    """Sites only have to differ here."""
    return uuid5(NAMESPACE_OID, code)


def _promised(problem: Problem) -> dict[UUID, list[Occupied]]:
    """Whom a pin sends to a team: on that day not around the teams."""
    found: dict[UUID, list[Occupied]] = defaultdict(list)
    for pin in problem.pins:
        if pin.person is not None and pin.slot is not None and pin.slot in problem.slot:
            slot = problem.slot[pin.slot]
            span = Occupied(site_id=UUID(int=0), day=slot.day, starts_at=slot.starts, ends_at=slot.ends)
            found[UUID(pin.person)].append(span)
    return found


def _around(
    material: Material,
    members: Mapping[str, tuple[UUID, ...]],
    held: Sequence[Held],
    seed: int,
    serving: Mapping[UUID, Sequence[Occupied]],
) -> Roster:
    """Heads and invigilators of practical rooms; not those who serve already, here or for other batches."""
    account = {one.account_id: one.id for one in material.pool}
    occupied: dict[UUID, list[Occupied]] = defaultdict(list)
    for id, spans in material.busy.staff.items():
        for starts, ends in spans if id in account else ():
            day = china_date(starts)
            occupied[account[id]].append(Occupied(site_id=UUID(int=0), day=day, starts_at=starts, ends_at=ends))
    for id, taken in serving.items():
        occupied[id] += taken
    posts = [material.ground.post(one, members, session_id=held_id(one), site_id=_site(one.site)) for one in held]
    roster = assign(
        posts,
        material.pool,
        seed,
        day_minutes_limit=material.norms.common.day_minutes_limit,
        occupied=occupied,
        apart=lambda a, b: _apart(material, a, b),
    )
    broken = staff_violations(posts, material.pool, roster)
    if broken:
        raise PlanBroken(count=len(broken), codes="、".join(sorted({one.code for one in broken})), seed=seed)
    return roster


def _apart(material: Material, here: str, there: str) -> float:
    """Distance of two prefectures on the map of tiles: neighbours are about 1 apart."""
    if here == there:
        return 0.0
    first, second = material.tiles.get(here), material.tiles.get(there)
    return math.dist(first, second) if first and second else 99.0


def _without(problem: Problem, held: Sequence[Held], around: Roster) -> Problem:
    """The problem in which those who stand around the teams are not available on these days."""
    day = {held_id(one): china_date(one.starts_at) for one in held}
    days: dict[str, set[object]] = defaultdict(set)
    for one in around.assignments:
        days[str(one.examiner_id)].add(day[one.session_id])

    def person(one: Person) -> Person:
        if one.id not in days:
            return one
        slots = one.available if one.available is not None else tuple(slot.id for slot in problem.slots)
        free = tuple(id for id in slots if problem.slot[id].day not in days[one.id])
        return msgspec.structs.replace(one, available=free)

    return msgspec.structs.replace(problem, staff=tuple(person(one) for one in problem.staff))
