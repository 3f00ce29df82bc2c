"""Two plans of one batch side by side: figures, which of them are better, and who would go elsewhere.

The groups of both problems are the same; the members of the second plan are numbered like those of the first
(:mod:`scheduling.planning.rules.aligning`), so that a member is the same person in both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from exam.kernel.errors import N_
from scheduling.planning.rules.aligning import sites_of
from scheduling.planning.rules.geometry import distance_km
from scheduling.planning.rules.objectives import objectives
from scheduling.planning.rules.plan import Plan
from scheduling.planning.rules.problem import Problem


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What a plan comes to."""

    unplaced: int
    km_sum: float
    km_average: float  # of a placed candidate
    km_p95: float
    km_max: float
    room_sessions: int
    duties: int
    staff: int  # people who serve
    open_positions: int
    overnight_stays: int
    fee_cents: int  # of everybody who has a place
    cap_cents: int  # what the caps of their certificates allow for them together (D01)
    cap_per_session_cents: int  # what each room-session may cost within the caps


class Direction(StrEnum):
    """Whether less or more is better, or neither."""

    LESS = "less"
    MORE = "more"
    NEITHER = "neither"


@dataclass(frozen=True)
class Measure:
    """A figure as it is shown."""

    name: str
    label: str  # msgid
    direction: Direction
    unit: str  # people, km, count, yuan


MEASURES: Sequence[Measure] = (
    Measure("unplaced", N_("未安排"), Direction.LESS, "people"),
    Measure("km_sum", N_("路程合计"), Direction.LESS, "km"),
    Measure("km_average", N_("平均路程"), Direction.LESS, "km"),
    Measure("km_p95", N_("百分之九十五的考生不超过"), Direction.LESS, "km"),
    Measure("km_max", N_("最远路程"), Direction.LESS, "km"),
    Measure("room_sessions", N_("场次"), Direction.LESS, "count"),
    Measure("duties", N_("派遣"), Direction.LESS, "count"),
    Measure("staff", N_("工作人员"), Direction.LESS, "people"),
    Measure("open_positions", N_("岗位空缺"), Direction.LESS, "count"),
    Measure("overnight_stays", N_("考生在外过夜"), Direction.LESS, "count"),
    Measure("fee_cents", N_("考核费合计"), Direction.NEITHER, "yuan"),
    Measure("cap_cents", N_("考核成本上限合计"), Direction.NEITHER, "yuan"),
    Measure("cap_per_session_cents", N_("上限内每场可用"), Direction.MORE, "yuan"),
)


class Verdict(StrEnum):
    """How a figure compares with the draft's."""

    BETTER = "better"
    WORSE = "worse"
    SAME = "same"
    OTHER = "other"  # different, neither better nor worse


VERDICT_LABELS: Mapping[Verdict, str] = {
    Verdict.BETTER: N_("更好"),
    Verdict.WORSE: N_("更差"),
    Verdict.SAME: N_("不变"),
    Verdict.OTHER: N_("不同"),
}
VERDICT_TONES: Mapping[Verdict, str] = {
    Verdict.BETTER: "done",
    Verdict.WORSE: "stopped",
    Verdict.SAME: "plain",
    Verdict.OTHER: "needs",
}


@dataclass(frozen=True)
class Compared:
    """One figure of both plans."""

    measure: Measure
    before: float
    after: float

    @property
    def difference(self) -> float:
        """After minus before, without the noise of sums."""
        return round(self.after - self.before, 3)

    @property
    def verdict(self) -> Verdict:
        """Better, worse, the same, or only different."""
        if abs(self.difference) < 0.005:
            return Verdict.SAME
        if self.measure.direction is Direction.NEITHER:
            return Verdict.OTHER
        fell = self.difference < 0
        return Verdict.BETTER if fell is (self.measure.direction is Direction.LESS) else Verdict.WORSE


@dataclass(frozen=True, kw_only=True)
class Moved:
    """Members of a group who would sit elsewhere; a site of None: no place."""

    group: str
    members: tuple[tuple[int, int], ...]  # ranges: the first, and how many
    before: str | None
    after: str | None
    km_before: float | None
    km_after: float | None

    @property
    def count(self) -> int:
        """How many."""
        return sum(count for _, count in self.members)

    def numbers(self) -> Iterator[int]:
        """Their numbers in the group."""
        return (number for first, count in self.members for number in range(first, first + count))


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Both plans side by side."""

    before: Figures
    after: Figures
    moved: tuple[Moved, ...]  # the most first
    retimed: int  # candidates who stay at their site and sit in another slot

    @property
    def moved_count(self) -> int:
        """How many candidates would sit at another site, or lose or find a place."""
        return sum(one.count for one in self.moved)

    def lines(self) -> tuple[Compared, ...]:
        """The figures side by side."""
        return compared(self.before, self.after)

    def written(self) -> dict[str, Any]:
        """As it is stored."""
        return asdict(self)


def compared(before: Figures, after: Figures) -> tuple[Compared, ...]:
    """Two sets of figures side by side."""
    return tuple(Compared(one, getattr(before, one.name), getattr(after, one.name)) for one in MEASURES)


def read(written: Mapping[str, Any]) -> Comparison:
    """A comparison that was stored."""
    return Comparison(
        before=Figures(**written["before"]),
        after=Figures(**written["after"]),
        moved=tuple(
            Moved(**{**one, "members": tuple((first, count) for first, count in one["members"])})
            for one in written["moved"]
        ),
        retimed=written["retimed"],
    )


def compare(problem: Problem, plan: Plan, other_problem: Problem, other: Plan) -> Comparison:
    """The draft and another plan of the same groups."""
    moved = moves(problem, plan, other)
    return Comparison(
        before=figures(problem, plan),
        after=figures(other_problem, other),
        moved=moved,
        retimed=len(_retimed(plan, other) - {(one.group, number) for one in moved for number in one.numbers()}),
    )


def figures(problem: Problem, plan: Plan) -> Figures:
    """What a plan comes to, recomputed from itself."""
    cost = objectives(problem, plan)
    certificate = problem.certificate
    placed: Counter[str] = Counter()
    for one in plan.placements:
        placed[problem.group[one.group].certificate] += one.count
    fee = sum(certificate[id].fee_cents * count for id, count in placed.items())
    cap = sum(certificate[id].fee_cap_cents * count for id, count in placed.items())
    return Figures(
        unplaced=cost.unplaced,
        km_sum=cost.travel_km_sum,
        km_average=round(cost.travel_km_sum / placed.total(), 3) if placed else 0.0,
        km_p95=cost.travel_km_p95,
        km_max=cost.travel_km_max,
        room_sessions=cost.room_sessions,
        duties=cost.staff,
        staff=len({one.person for one in plan.assignments}),
        open_positions=len(plan.open_positions),
        overnight_stays=cost.overnight_stays,
        fee_cents=fee,
        cap_cents=cap,
        cap_per_session_cents=cap // cost.room_sessions if cost.room_sessions else 0,
    )


def moves(problem: Problem, plan: Plan, other: Plan) -> tuple[Moved, ...]:
    """Who would go elsewhere, group by group, the most first."""
    before, after = sites_of(plan), sites_of(other)
    found = []
    for group, sites in before.items():
        pairs: dict[tuple[str | None, str | None], list[int]] = {}
        for number, (here, there) in enumerate(zip(sites, after.get(group, sites), strict=True)):
            if here != there:
                pairs.setdefault((here, there), []).append(number)
        for (here, there), members in sorted(pairs.items(), key=str):
            found.append(
                Moved(
                    group=group,
                    members=_ranges(members),
                    before=here,
                    after=there,
                    km_before=_km(problem, group, here),
                    km_after=_km(problem, group, there),
                )
            )
    return tuple(sorted(found, key=lambda one: (-one.count, one.group, str(one.before), str(one.after))))


def _ranges(members: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Numbers in order as (first, how many)."""
    found: list[tuple[int, int]] = []
    for number in members:
        first, count = found[-1] if found else (number, -1)
        if number == first + count:
            found[-1] = first, count + 1
        else:
            found.append((number, 1))
    return tuple(found)


def _km(problem: Problem, group: str, site: str | None) -> float | None:
    if site is None:
        return None
    home, there = problem.institution[problem.group[group].institution], problem.site[site]
    return distance_km(home.lat, home.lon, there.lat, there.lon)


def _retimed(plan: Plan, other: Plan) -> set[tuple[str, int]]:
    """Members who sit a component in another slot."""
    before, after = _times(plan), _times(other)
    return {
        (group, number) for (group, number, part), slot in before.items() if after.get((group, number, part)) != slot
    }


def _times(plan: Plan) -> dict[tuple[str, int, str], str]:
    return {
        (part.group, number, session.component): session.slot
        for session in plan.sessions
        for part in session.parts
        for number in range(part.first, part.first + part.count)
    }
