"""What a check finds: violations by their H-number, the objectives recomputed, the bound verified."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from scheduling.planning.rules.plan import Objectives

HARD = tuple(f"H{number}" for number in range(1, 19))


@dataclass(frozen=True)
class Violation:
    """A hard constraint that does not hold."""

    h: str  # "H4"
    what: str  # msgid
    where: str  # what it concerns, by ids: "G17/theory", "S1/R2@1a" (site, room, slot), "N12" (session), "E3" (person)
    facts: Mapping[str, str | int] = field(default_factory=dict)


Violations = Iterator[Violation]


@dataclass(frozen=True)
class BoundReport:
    """The lower bound of the placement: what the plan claims, and what its prices prove."""

    claimed: float
    recomputed: float  # kilometres, with `unplaced_km` for everybody without a place
    cost: float  # of the plan's placement in the same terms
    gap: float  # (cost - recomputed) / cost; 0 where the placement is proven best
    unplaced_km: float  # what everybody without a place counts in both

    @property
    def holds(self) -> bool:
        """Whether the prices prove at least what the plan claims."""
        return self.claimed <= self.recomputed + tolerance(self.recomputed)


@dataclass(frozen=True)
class Wrong:
    """Something the plan claims of itself that is not so."""

    name: str  # of the objective; or "bound"; or "gap", of a plan that calls itself optimal
    claimed: float
    recomputed: float


@dataclass(frozen=True)
class Report:
    """Everything that a check says about a plan."""

    violations: tuple[Violation, ...]
    objectives: Objectives
    bound: BoundReport | None
    wrong: tuple[Wrong, ...]
    open_positions: int  # places in teams that the plan lists as open
    same_problem: bool  # the plan was made for this very problem, by its hash

    @property
    def passed(self) -> bool:
        """No hard violation, and nothing claimed that is not so."""
        return not self.violations and not self.wrong


def tolerance(value: float) -> float:
    """How far a recomputed number may be off: a metre, or a billionth of a large one."""
    return max(0.001, abs(value) * 1e-9)
