"""Changes of the timetable: a proposal is made, set aside, or published; long work is asked for, and runs to its end."""

from scheduling.timetable.actions.admitting import open_access, room_session
from scheduling.timetable.actions.filing import file, lock, take_back
from scheduling.timetable.actions.pinning import add_pin, pin_session, remove_pin
from scheduling.timetable.actions.proposing import consider, discard, drop_terms, keep, prepare, propose
from scheduling.timetable.actions.publishing import Published, publish
from scheduling.timetable.actions.running import (
    FORK_JOB,
    PRINT_JOB,
    PROPOSE_JOB,
    PURGE_JOB,
    REPAIR_JOB,
    ask_print,
    ask_proposal,
    ask_run,
    begin,
    complete,
    fail,
    failure_of,
    finish,
    purge,
    report,
    stop,
)
from scheduling.timetable.actions.solving import Material, Solution, gather, held_id, name_of, taken_over, work_out
from scheduling.timetable.actions.storing import store, ticket_prefix
from scheduling.timetable.actions.superseding import hold, supersede

__all__ = [
    "FORK_JOB",
    "PRINT_JOB",
    "PROPOSE_JOB",
    "PURGE_JOB",
    "REPAIR_JOB",
    "Material",
    "Published",
    "Solution",
    "add_pin",
    "ask_print",
    "ask_proposal",
    "ask_run",
    "begin",
    "complete",
    "consider",
    "discard",
    "drop_terms",
    "fail",
    "failure_of",
    "file",
    "finish",
    "gather",
    "held_id",
    "hold",
    "keep",
    "lock",
    "name_of",
    "open_access",
    "pin_session",
    "prepare",
    "propose",
    "publish",
    "purge",
    "remove_pin",
    "report",
    "room_session",
    "stop",
    "store",
    "supersede",
    "take_back",
    "taken_over",
    "ticket_prefix",
    "work_out",
]
