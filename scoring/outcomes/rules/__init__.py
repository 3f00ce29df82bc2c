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
from scoring.outcomes.rules.replay import inputs_of, replay
from scoring.outcomes.rules.status import (
    ALLOWED,
    DECISION_LABELS,
    DECISION_TONES,
    PENDING,
    PUBLIC,
    STATUS_LABELS,
    Outcome,
    OutcomeStatus,
    SecondPersonNeeded,
    ThirdPersonNeeded,
    own_work,
)

__all__ = [
    "ALLOWED",
    "DECISION_LABELS",
    "DECISION_TONES",
    "ENGINE",
    "PENDING",
    "PUBLIC",
    "STATUS_LABELS",
    "Decision",
    "Explanation",
    "NoComponents",
    "NothingScored",
    "Outcome",
    "OutcomeStatus",
    "Part",
    "PartState",
    "PartsMissing",
    "SecondPersonNeeded",
    "Step",
    "ThirdPersonNeeded",
    "ValueWrong",
    "Verdict",
    "WeightsWrong",
    "decide",
    "digest",
    "inputs_of",
    "own_work",
    "published",
    "replay",
]
