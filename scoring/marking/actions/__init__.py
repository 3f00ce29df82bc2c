"""The verbs of marking: by key, by two readings, by signed sheets; then collected and verified."""

from scoring.marking.actions.computer import Marked, mark_computer
from scoring.marking.actions.marks import NewMark, Verified, collect, verify_marks, write_marks
from scoring.marking.actions.papers import Entered, enter_paper_marks
from scoring.marking.actions.sheets import (
    correct_sheet,
    countersign_sheet,
    decide_sheets,
    decline_sheet,
    open_sheet,
    record_sheet,
    save_sheet,
    sign_sheet,
)

__all__ = [
    "Entered",
    "Marked",
    "NewMark",
    "Verified",
    "collect",
    "correct_sheet",
    "countersign_sheet",
    "decide_sheets",
    "decline_sheet",
    "enter_paper_marks",
    "mark_computer",
    "open_sheet",
    "record_sheet",
    "save_sheet",
    "sign_sheet",
    "verify_marks",
    "write_marks",
]
