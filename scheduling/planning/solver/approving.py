"""Which sites to approve: every (certificate, prefecture with a pilot institution) covered, enough capacity, least travel (C02, H1).

One small mixed integer program per certificate and province: open a site or not, send candidates of a prefecture to open
sites within capacity. What nobody applies for cannot be covered and is listed by name for a waiver or a new application.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import highspy
import numpy as np
import numpy.typing as npt

from scheduling.planning.rules.geometry import distance_km
from scheduling.planning.rules.problem import Problem, Site
from scheduling.planning.solver.quiet import quiet

UNSERVED_KM: Final = 10_000.0
"""What a candidate whom no approved site of the province has capacity for costs."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, order=True)
class Application:
    """A site asks to be approved for a certificate."""

    site: str
    certificate: str
    capacity: int  # candidates over the whole period
    cost_km: float = 0.0  # what running it is worth, in candidate-kilometres


@dataclass(frozen=True, order=True)
class Uncovered:
    """A pair for which no site of the prefecture applies."""

    certificate: str
    prefecture: str


@dataclass(frozen=True)
class Approved:
    """What to approve, what stays uncovered, and how good that is."""

    chosen: tuple[Application, ...]
    uncovered: tuple[Uncovered, ...]
    pairs: int  # (certificate, prefecture with a pilot institution)
    value: float
    bound: float
    unserved: int

    @property
    def gap(self) -> float:
        """(value - bound) / value."""
        return max(0.0, (self.value - self.bound) / self.value) if self.value else 0.0


@dataclass(frozen=True)
class _Task:
    """One certificate in one province."""

    applications: tuple[Application, ...]
    prefectures: tuple[str, ...]
    demand: tuple[int, ...]  # of each prefecture
    must_cover: frozenset[str]


@dataclass(frozen=True)
class _Answer:
    chosen: tuple[Application, ...]
    value: float
    bound: float
    unserved: int


def approve(problem: Problem, applications: Iterable[Application]) -> Approved:
    """Choose among the applications for all pairs of the problem."""
    pairs = required_pairs(problem)
    tasks, uncovered = _tasks(problem, sorted(applications), pairs)
    with quiet():
        answers = [_solve(problem, task) for task in tasks]
    return Approved(
        chosen=tuple(sorted(one for answer in answers for one in answer.chosen)),
        uncovered=tuple(sorted(uncovered)),
        pairs=len(pairs),
        value=sum(answer.value for answer in answers),
        bound=sum(answer.bound for answer in answers),
        unserved=sum(answer.unserved for answer in answers),
    )


def required_pairs(problem: Problem) -> frozenset[tuple[str, str]]:
    """(certificate, prefecture) where a pilot institution lies and nothing is waived."""
    waived = {(one.certificate, one.prefecture) for one in problem.waivers}
    found = {(one.certificate, problem.institution[one.institution].prefecture) for one in problem.pilots}
    return frozenset(found - waived)


def _tasks(
    problem: Problem, applications: Sequence[Application], pairs: frozenset[tuple[str, str]]
) -> tuple[list[_Task], list[Uncovered]]:
    province = {one.id: one.province for one in problem.prefectures}
    offered: dict[tuple[str, str], list[Application]] = defaultdict(list)
    offered_in: set[tuple[str, str]] = set()
    for one in applications:
        home = problem.site[one.site].prefecture
        offered[one.certificate, province[home]].append(one)
        offered_in.add((one.certificate, home))
    demand: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for group in problem.groups:
        home = problem.institution[group.institution].prefecture
        demand[group.certificate, province[home]][home] += group.count
    for certificate, prefecture in pairs:
        demand[certificate, province[prefecture]].setdefault(prefecture, 0)
    tasks = []
    for key in sorted(demand):
        own = dict(sorted(demand[key].items()))
        must = frozenset(home for home in own if (key[0], home) in pairs and (key[0], home) in offered_in)
        tasks.append(_Task(tuple(offered.get(key, ())), tuple(own), tuple(own.values()), must))
    return tasks, [Uncovered(*pair) for pair in pairs if pair not in offered_in]


def _solve(problem: Problem, task: _Task) -> _Answer:
    """Solve one program; where everything is forced, nothing is left to choose."""
    if not task.applications:
        unserved = sum(task.demand)
        return _Answer((), UNSERVED_KM * unserved, UNSERVED_KM * unserved, unserved)
    sites = [problem.site[one.site] for one in task.applications]
    forced = _forced(task, sites)
    km = _kilometres(problem, task, sites)
    highs = _model(task, sites, km, forced)
    highs.run()
    info = highs.getInfo()
    values = np.array(highs.getSolution().col_value)
    opened = [one for one, value in zip(task.applications, values, strict=False) if value > 0.5]
    bound = info.mip_dual_bound if not all(forced) else info.objective_function_value
    left = round(float(values[-len(task.prefectures) :].sum()))
    return _Answer(tuple(opened), info.objective_function_value, min(bound, info.objective_function_value), left)


def _forced(task: _Task, sites: Sequence[Site]) -> list[bool]:
    """Sites that are the only ones of a prefecture that must be covered."""
    count: Mapping[str, int] = _counted(site.prefecture for site in sites)
    return [site.prefecture in task.must_cover and count[site.prefecture] == 1 for site in sites]


def _counted(names: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for name in names:
        found[name] += 1
    return found


def _kilometres(problem: Problem, task: _Task, sites: Sequence[Site]) -> Floats:
    """[prefecture, site]."""
    homes = [problem.prefecture[id] for id in task.prefectures]
    return np.array([[distance_km(home.lat, home.lon, site.lat, site.lon) for site in sites] for home in homes])


def _model(task: _Task, sites: Sequence[Site], km: Floats, forced: Sequence[bool]) -> Any:
    """Columns: open (one per application), sent (prefecture by site), unserved (one per prefecture)."""
    places, homes = len(sites), len(task.prefectures)
    columns = places + homes * places + homes
    rows: list[tuple[float, float, list[int], list[float]]] = []
    none = highspy.kHighsInf
    for home in range(homes):
        sent = [places + home * places + place for place in range(places)]
        rows.append((task.demand[home], task.demand[home], [*sent, columns - homes + home], [1.0] * (places + 1)))
    for place, one in enumerate(task.applications):
        sent = [places + home * places + place for home in range(homes)]
        rows.append((-none, 0.0, [place, *sent], [-float(one.capacity), *([1.0] * homes)]))
        rows += [
            (-none, 0.0, [place, column], [-float(min(task.demand[home], one.capacity)), 1.0])
            for home, column in enumerate(sent)
            if not forced[place] and task.demand[home]
        ]
    for prefecture in sorted(task.must_cover):
        own = [place for place, site in enumerate(sites) if site.prefecture == prefecture]
        rows.append((1.0, none, own, [1.0] * len(own)))
    lower = np.zeros(columns)
    lower[:places] = np.array(forced, dtype=np.float64)
    upper = np.full(columns, none)
    upper[:places] = 1.0
    cost = np.concatenate([[one.cost_km for one in task.applications], km.ravel(), np.full(homes, UNSERVED_KM)])
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
