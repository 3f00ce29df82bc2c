"""The verbs of marking: by key, by two readings, by signed sheets; then collected and verified."""

from scoring.marking.actions.computer import Marked, mark_computer
from scoring.marking.actions.holds import drop_hold, hold_rooms, release_room
from scoring.marking.actions.marks import (
    NewMark,
    RoomsOpen,
    Verified,
    collect,
    require_closed,
    verify_marks,
    write_marks,
)
from scoring.marking.actions.papers import Entered, enter_paper_marks
from scoring.marking.actions.received import Received, receive_sheet
from scoring.marking.actions.settling import contest_sheet
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
    "Received",
    "RoomsOpen",
    "Verified",
    "collect",
    "contest_sheet",
    "correct_sheet",
    "countersign_sheet",
    "decide_sheets",
    "decline_sheet",
    "drop_hold",
    "enter_paper_marks",
    "hold_rooms",
    "mark_computer",
    "open_sheet",
    "receive_sheet",
    "record_sheet",
    "release_room",
    "require_closed",
    "save_sheet",
    "sign_sheet",
    "verify_marks",
    "write_marks",
]
