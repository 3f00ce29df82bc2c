"""The verbs of issuing (domain.md 3.7): reserve, store, issue; void, renew, revoke.

Each is one transaction of a road that can be cut between any two of them and goes on without a second number.
"""

from certificates.issuing.actions.changing import FINISH_JOB, NothingToCorrect, renew, revoke, void
from certificates.issuing.actions.issuing import Issued, OutcomeChanged, issue, open_id_number, store
from certificates.issuing.actions.numbering import (
    ISSUE_JOB,
    NotReady,
    PublisherMayNotIssue,
    require_ready,
    reserve,
    start,
)

__all__ = [
    "FINISH_JOB",
    "ISSUE_JOB",
    "Issued",
    "NotReady",
    "NothingToCorrect",
    "OutcomeChanged",
    "PublisherMayNotIssue",
    "issue",
    "open_id_number",
    "renew",
    "require_ready",
    "reserve",
    "revoke",
    "start",
    "store",
    "void",
]
