"""Reads of the repairs: a repair with its lines, what can be asked, versions side by side, who must be told."""

from scheduling.repairs.queries.asking import AskView, ask_view, late_candidates
from scheduling.repairs.queries.notices import Changes, changes_of, needs, notices_of
from scheduling.repairs.queries.papers import PaperTask, paper_tasks
from scheduling.repairs.queries.stored import RepairRecord, RepairView, record_of, repair, repair_view, repairs
from scheduling.repairs.queries.versions import DiffView, VersionsView, diff_view, versions_view

__all__ = [
    "AskView",
    "Changes",
    "DiffView",
    "PaperTask",
    "RepairRecord",
    "RepairView",
    "VersionsView",
    "ask_view",
    "changes_of",
    "diff_view",
    "late_candidates",
    "needs",
    "notices_of",
    "paper_tasks",
    "record_of",
    "repair",
    "repair_view",
    "repairs",
    "versions_view",
]
