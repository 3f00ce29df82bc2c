"""Duties as pure rules: who may serve where (records), who is sent (assigning), and an independent check (checking)."""

from scheduling.duties.rules.assigning import assign, in_conflict
from scheduling.duties.rules.checking import StaffViolation, staff_violations
from scheduling.duties.rules.planned import DUTY_OF, gap_of
from scheduling.duties.rules.records import (
    GAP_REASONS,
    GAP_WAYS_OUT,
    RELATION_LABELS,
    Assignment,
    Examiner,
    ExaminerKnown,
    ExaminerUnknown,
    Gap,
    GapReason,
    Occupied,
    Post,
    Qualification,
    RelationKind,
    Roster,
    Standby,
)

__all__ = [
    "DUTY_OF",
    "GAP_REASONS",
    "GAP_WAYS_OUT",
    "RELATION_LABELS",
    "Assignment",
    "Examiner",
    "ExaminerKnown",
    "ExaminerUnknown",
    "Gap",
    "GapReason",
    "Occupied",
    "Post",
    "Qualification",
    "RelationKind",
    "Roster",
    "StaffViolation",
    "Standby",
    "assign",
    "gap_of",
    "in_conflict",
    "staff_violations",
]
