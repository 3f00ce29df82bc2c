"""Reads of the computer exam: runs and answers for other folders, and what the candidate's pages show."""

from exam.delivery.queries.runs import (
    Response,
    answers,
    answers_of,
    due,
    invariants,
    opened,
    progress,
    responses,
    run,
    run_record,
    runs,
    shared_run,
)

__all__ = [
    "Response",
    "answers",
    "answers_of",
    "due",
    "invariants",
    "opened",
    "progress",
    "responses",
    "run",
    "run_record",
    "runs",
    "shared_run",
]
