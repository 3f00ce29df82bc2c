"""The rules of outcomes: the pure decision, its explanation, and the states of an outcome (domain 3.6, 4)."""

from scoring.marking.rules import PartState
from scoring.outcomes.rules.decision import (
    ENGINE,
    Decision,
    NoComponents,
    NothingScored,
    Part,
    PartsMissing,
    ValueWrong,
    Verdict,
    WeightsWrong,
    decide,
    published,
)
from scoring.outcomes.rules.explanation import Explanation, Step, digest

__all__ = [
    "ENGINE",
    "Decision",
    "Explanation",
    "NoComponents",
    "NothingScored",
    "Part",
    "PartState",
    "PartsMissing",
    "Step",
    "ValueWrong",
    "Verdict",
    "WeightsWrong",
    "decide",
    "digest",
    "published",
]
