"""What was decided for one batch in place of the norms, by adopting a what-if: each rule with its value, who and when.

It stands with every version of the plan from then on, and is carried to the next one until it is given up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from exam.kernel.errors import N_, Conflict
from scheduling.planning.rules.problem import Problem
from scheduling.planning.rules.variants import with_rules

RULES: Final = ("travel_limit_km", "other_province")
"""What may be decided so: the rules that an adopted what-if can change."""


class NoTerms(Conflict):
    message = N_("本批次没有另定的条件。")
    way_out = N_("编排按编排标准进行，不需要恢复。")


@dataclass(frozen=True, kw_only=True)
class Term:
    """One rule that holds for this batch alone."""

    rule: str  # one of RULES
    value: int | bool
    by: str
    at: datetime


def differing(before: Problem, after: Problem) -> dict[str, Any]:
    """The rules in which a problem differs from the one that it was made from."""
    return {
        rule: getattr(after.rules, rule) for rule in RULES if getattr(after.rules, rule) != getattr(before.rules, rule)
    }


def written(values: Mapping[str, Any], *, by: str, at: datetime) -> dict[str, Any]:
    """As it is stored with a plan."""
    return {rule: {"value": value, "by": by, "at": at.isoformat()} for rule, value in sorted(values.items())}


def read(stored: Mapping[str, Any]) -> tuple[Term, ...]:
    """Terms that were stored."""
    return tuple(
        Term(
            rule=rule, value=stored[rule]["value"], by=stored[rule]["by"], at=datetime.fromisoformat(stored[rule]["at"])
        )
        for rule in RULES
        if rule in stored
    )


def on_terms(problem: Problem, terms: tuple[Term, ...]) -> Problem:
    """The problem as the terms have it; without terms the problem itself."""
    return with_rules(problem, **{one.rule: one.value for one in terms}) if terms else problem
