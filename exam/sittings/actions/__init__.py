"""What people do on the exam day, one verb per use case. The actor's duty in the room and its window are checked in each."""

from exam.sittings.actions.admission import admit
from exam.sittings.actions.attendance import (
    admit_late,
    check_in,
    check_in_many,
    correct,
    leave,
    mark_absent,
    mark_absent_many,
)
from exam.sittings.actions.extending import ClashAhead, clash_problem, extend
from exam.sittings.actions.incidents import (
    conclude_incident,
    confirm_incident,
    decide_incident,
    dismiss_incident,
    report_incident,
)
from exam.sittings.actions.moves import move
from exam.sittings.actions.progress import begin, begin_many, finish, finish_many, interrupt, resume, stop
from exam.sittings.actions.rearranging import AlreadyBegun, NewPlace, Rearrangement, rearrange
from exam.sittings.actions.rooms import begin_room, close_room, collect, open_room, paper_ready

__all__ = [
    "AlreadyBegun",
    "ClashAhead",
    "NewPlace",
    "Rearrangement",
    "admit",
    "admit_late",
    "begin",
    "begin_many",
    "begin_room",
    "check_in",
    "check_in_many",
    "clash_problem",
    "close_room",
    "collect",
    "conclude_incident",
    "confirm_incident",
    "correct",
    "decide_incident",
    "dismiss_incident",
    "extend",
    "finish",
    "finish_many",
    "interrupt",
    "leave",
    "mark_absent",
    "mark_absent_many",
    "move",
    "open_room",
    "paper_ready",
    "rearrange",
    "report_incident",
    "resume",
    "stop",
]
