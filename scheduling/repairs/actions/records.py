"""What passes between the steps of a repair: the question, read from the database, and the answer, worked out without it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from scheduling.planning.rules.checking import Report
from scheduling.planning.rules.plan import Plan
from scheduling.planning.rules.problem import Problem
from scheduling.repairs.actions.case import Case
from scheduling.repairs.rules.asking import Asked
from scheduling.repairs.rules.papers import Paper
from scheduling.repairs.rules.seating import Seated
from scheduling.repairs.rules.serving import Served


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked of which batch."""

    case: Case
    asked: Asked
    reason: str
    most_moved: int
    problem: Problem  # with late candidates, and what other batches have taken since
    members: Mapping[str, tuple[UUID, ...]]
    before: Plan  # as everybody is seated; who has sat a part and lost the next is in groups of their own


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The plan that comes out, and what it changes of the exam day."""

    question: Question  # with the groups as they were worked out
    problem: Problem
    plan: Plan
    seated: Seated
    served: Served
    report: Report
    others_moved: int
    lacking: frozenset[Paper]  # papers that have to be prepared (H9)
