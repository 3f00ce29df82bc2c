"""Which sites to approve: every (certificate, prefecture with a pilot institution) covered, enough capacity, least travel (C02, H1).

One small mixed integer program per certificate and province: open a site or not, send candidates of a prefecture to open
sites within capacity. What nobody applies for cannot be covered and is listed by name for a waiver or a new application.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
import numpy.typing as npt

from scheduling.planning.rules.approvals import UNSERVED_KM, Uncovered
from scheduling.planning.rules.approving import Option, gap_of, options, required_pairs, standing_pairs, uncovered
from scheduling.planning.rules.geometry import distance_km
from scheduling.planning.rules.problem import Application, Form, Group, Level, Problem
from scheduling.planning.solver.quiet import quiet

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Task:
    """One certificate in one province: what there is to choose from, and who is to be sent there."""

    certificate: str
    province: str
    options: tuple[Option, ...]
    homes: tuple[str, ...]  # of each lot of candidates: their prefecture
    demand: tuple[int, ...]  # of each lot
    allowed: tuple[tuple[bool, ...], ...]  # [lot][option]: approved for their level and forms
    must_cover: frozenset[str]  # prefectures in which only an application can cover


@dataclass(frozen=True)
class Answer:
    """What is best for a task."""

    chosen: tuple[int, ...]  # options that are open, those that stand among them
    value: float
    bound: float
    unserved: int


@dataclass(frozen=True)
class Approved:
    """What to approve, what stays uncovered, and how good that is."""

    chosen: tuple[Application, ...]
    uncovered: tuple[Uncovered, ...]
    pairs: int  # (certificate, prefecture with a pilot institution)
    value: float
    bound: float
    unserved: int
    answers: tuple[tuple[Task, Answer], ...]

    @property
    def gap(self) -> float:
        """(value - bound) / value."""
        return gap_of(self.value, self.bound)


def approve(problem: Problem) -> Approved:
    """Choose among the applications for all pairs of the problem."""
    pairs = required_pairs(problem)
    tasks = _tasks(problem, pairs)
    with quiet():
        answers = [(task, _solve(problem, task)) for task in tasks]
    opened = [task.options[at] for task, answer in answers for at in answer.chosen]
    covered = {(one.certificate, problem.site[one.site].prefecture) for one in opened} | standing_pairs(problem)
    ids = {one.application for one in opened}
    return Approved(
        chosen=tuple(sorted((one for one in problem.applications if one.id in ids), key=lambda one: one.id)),
        uncovered=tuple(uncovered(problem, covered)),
        pairs=len(pairs),
        value=sum(answer.value for _, answer in answers),
        bound=sum(answer.bound for _, answer in answers),
        unserved=sum(answer.unserved for _, answer in answers),
        answers=tuple(answers),
    )


Lots = dict[tuple[str, Level, frozenset[Form]], int]


def _tasks(problem: Problem, pairs: frozenset[tuple[str, str]]) -> list[Task]:
    province = {one.id: one.province for one in problem.prefectures}
    offered: dict[tuple[str, str], list[Option]] = defaultdict(list)
    for one in options(problem):
        offered[one.certificate, province[problem.site[one.site].prefecture]].append(one)
    asked = {(one.certificate, problem.site[one.site].prefecture) for own in offered.values() for one in own}
    open_pairs = (pairs & asked) - standing_pairs(problem)
    lots: dict[tuple[str, str], Lots] = defaultdict(lambda: defaultdict(int))
    forms = _Forms(problem)
    for group in problem.groups:
        home = problem.institution[group.institution].prefecture
        lots[group.certificate, province[home]][home, group.level, forms.of(group)] += group.count
    keys = lots.keys() | {(certificate, province[home]) for certificate, home in open_pairs}
    return [_task(key, offered.get(key, []), lots.get(key, {}), open_pairs, province) for key in sorted(keys)]


class _Forms:
    """The forms that a group sits; remembered, for most groups sit the same."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.known: dict[tuple[str, Level, tuple[str, ...]], frozenset[Form]] = {}

    def of(self, group: Group) -> frozenset[Form]:
        key = group.certificate, group.level, group.components
        if key not in self.known:
            self.known[key] = frozenset(
                self.problem.component[group.certificate, group.level, id].form for id in group.components
            )
        return self.known[key]


def _task(
    key: tuple[str, str],
    offered: Sequence[Option],
    lots: Lots,
    open_pairs: Collection[tuple[str, str]],
    province: Mapping[str, str],
) -> Task:
    """Candidates of one prefecture whom the same sites may take are one lot."""
    together: Counter[tuple[str, tuple[bool, ...]]] = Counter()
    may: dict[tuple[Level, frozenset[Form]], tuple[bool, ...]] = {}
    for (home, level, forms), count in lots.items():
        if (level, forms) not in may:
            may[level, forms] = tuple(one.takes(level, forms) for one in offered)
        together[home, may[level, forms]] += count
    ordered = sorted(together.items())
    certificate, where = key
    return Task(
        certificate=certificate,
        province=where,
        options=tuple(offered),
        homes=tuple(home for (home, _), _ in ordered),
        demand=tuple(count for _, count in ordered),
        allowed=tuple(allowed for (_, allowed), _ in ordered),
        must_cover=frozenset(home for id, home in open_pairs if id == certificate and province[home] == where),
    )


def _solve(problem: Problem, task: Task) -> Answer:
    """Solve one program; where everything is forced, nothing is left to choose."""
    if not task.options:
        unserved = sum(task.demand)
        return Answer((), UNSERVED_KM * unserved, UNSERVED_KM * unserved, unserved)
    homes = [problem.site[one.site].prefecture for one in task.options]
    forced = _forced(task, homes)
    highs = _model(task, homes, kilometres(problem, task), forced)
    highs.run()
    info = highs.getInfo()
    values = np.array(highs.getSolution().col_value)
    opened = tuple(at for at in range(len(task.options)) if values[at] > 0.5)
    bound = info.mip_dual_bound if not all(forced) else info.objective_function_value
    left = round(float(values[-len(task.demand) :].sum())) if task.demand else 0
    return Answer(opened, info.objective_function_value, min(bound, info.objective_function_value), left)


def sending(task: Task, km: Floats, opened: Collection[int]) -> tuple[float, int]:
    """What it costs to send everybody when exactly these are open, and how many find no place."""
    shut = [0.0 if at in opened else 1.0 for at in range(len(task.options))]
    highs = _model(task, (), km, [True] * len(task.options), shut=shut)
    highs.run()
    values = np.array(highs.getSolution().col_value)
    opening = sum(task.options[at].cost_km for at in opened)
    unserved = round(float(values[-len(task.demand) :].sum()))
    return highs.getInfo().objective_function_value - opening, unserved


def _forced(task: Task, homes: Sequence[str]) -> list[bool]:
    """What stands, and applications that are the only ones of a prefecture that must be covered."""
    count = Counter(homes)
    return [
        one.application is None or (home in task.must_cover and count[home] == 1)
        for one, home in zip(task.options, homes, strict=True)
    ]


def kilometres(problem: Problem, task: Task) -> Floats:
    """[lot, option] from the middle of the prefecture; where a lot may not sit, as far as no place at all."""
    sites = [problem.site[one.site] for one in task.options]
    found = {}
    for id in sorted(set(task.homes)):
        home = problem.prefecture[id]
        found[id] = [distance_km(home.lat, home.lon, site.lat, site.lon) for site in sites]
    km = np.array([found[id] for id in task.homes], dtype=np.float64).reshape(len(task.homes), len(sites))
    return np.where(np.array(task.allowed, dtype=bool).reshape(km.shape), km, UNSERVED_KM)


def _model(
    task: Task,
    prefectures: Sequence[str],
    km: Floats,
    forced: Sequence[bool],
    *,
    shut: Sequence[float] = (),
) -> Any:
    """Columns: open (one per option, forced open or shut), sent (lot by option), unserved (one per lot)."""
    places, lots = len(task.options), len(task.demand)
    columns = places + lots * places + lots
    rows: list[tuple[float, float, list[int], list[float]]] = []
    none = highspy.kHighsInf
    for lot in range(lots):
        sent = [places + lot * places + place for place in range(places)]
        rows.append((task.demand[lot], task.demand[lot], [*sent, columns - lots + lot], [1.0] * (places + 1)))
    for place, one in enumerate(task.options):
        sent = [places + lot * places + place for lot in range(lots)]
        rows.append((-none, 0.0, [place, *sent], [-float(one.capacity), *([1.0] * lots)]))
        rows += [
            (-none, 0.0, [place, column], [-float(min(task.demand[lot], one.capacity)), 1.0])
            for lot, column in enumerate(sent)
            if not forced[place] and task.demand[lot]
        ]
    for prefecture in sorted(task.must_cover if prefectures else ()):
        own = [place for place, home in enumerate(prefectures) if home == prefecture]
        rows.append((1.0, none, own, [1.0] * len(own)))
    lower = np.zeros(columns)
    lower[:places] = np.array(forced, dtype=np.float64)
    upper = np.full(columns, none)
    upper[:places] = 1.0
    for place, closed in enumerate(shut):
        lower[place], upper[place] = 1.0 - closed, 1.0 - closed
    upper[places : columns - lots] = np.where(np.array(task.allowed, dtype=bool).ravel(), none, 0.0)
    cost = np.concatenate([[one.cost_km for one in task.options], km.ravel(), np.full(lots, UNSERVED_KM)])
    return _highs(rows, cost, lower, upper, whole=0 if all(forced) else places)


def _highs(
    rows: Sequence[tuple[float, float, list[int], list[float]]], cost: Floats, lower: Floats, upper: Floats, whole: int
) -> Any:
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(cost), len(rows)
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, lower, upper
    lp.row_lower_ = np.array([row[0] for row in rows])
    lp.row_upper_ = np.array([row[1] for row in rows])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.concatenate([[0], np.cumsum([len(row[2]) for row in rows])]).astype(np.int32)
    lp.a_matrix_.index_ = np.concatenate([row[2] for row in rows]).astype(np.int32)
    lp.a_matrix_.value_ = np.concatenate([row[3] for row in rows])
    if whole:
        kinds = [highspy.HighsVarType.kInteger] * whole + [highspy.HighsVarType.kContinuous] * (len(cost) - whole)
        lp.integrality_ = kinds
    highs = highspy.Highs()
    for name, value in (
        ("output_flag", False),
        ("log_to_console", False),
        ("threads", 1),
        ("random_seed", 0),
        ("mip_rel_gap", 0.0),
    ):
        highs.setOptionValue(name, value)
    highs.passModel(lp)
    return highs
