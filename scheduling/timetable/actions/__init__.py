"""Changes of the timetable: a proposal is made, set aside, or published; long work is asked for, and runs to its end."""

from scheduling.timetable.actions.proposing import discard, propose
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
    purge,
    report,
    stop,
)

__all__ = [
    "FORK_JOB",
    "PRINT_JOB",
    "PROPOSE_JOB",
    "PURGE_JOB",
    "REPAIR_JOB",
    "Published",
    "ask_print",
    "ask_proposal",
    "ask_run",
    "begin",
    "complete",
    "discard",
    "fail",
    "failure_of",
    "propose",
    "publish",
    "purge",
    "report",
    "stop",
]
