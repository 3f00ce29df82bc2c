"""What runs in the background: the groups of a release, one certificate at a time, and what a stop or a crash left open."""

from certificates.issuing.jobs.groups import (
    JOBS,
    SCHEDULES,
    Counts,
    Unfinished,
    finish,
    issue_batch,
    issue_group,
)
from certificates.issuing.jobs.making import CannotIssue, make

__all__ = [
    "JOBS",
    "SCHEDULES",
    "CannotIssue",
    "Counts",
    "Unfinished",
    "finish",
    "issue_batch",
    "issue_group",
    "make",
]
