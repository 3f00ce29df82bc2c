"""The verbs of issuing (domain.md 3.7): propose, approve, halt; reserve, store, issue; void, renew, revoke.

Each is one transaction of a road that can be cut between any two of them and goes on without a second number.
"""

from certificates.issuing.actions.changing import NothingToCorrect, renew, revoke, void
from certificates.issuing.actions.halting import FINISH_JOB, halt, queue_open, resume
from certificates.issuing.actions.issuing import Issued, OutcomeChanged, issue, records, store
from certificates.issuing.actions.numbering import reserve
from certificates.issuing.actions.releasing import (
    GROUP_JOB,
    NotReady,
    approve,
    drop,
    items_of,
    propose,
    require_ready,
    send_back,
    withdraw,
)
from certificates.issuing.actions.shared import Begin

__all__ = [
    "FINISH_JOB",
    "GROUP_JOB",
    "Begin",
    "Issued",
    "NotReady",
    "NothingToCorrect",
    "OutcomeChanged",
    "approve",
    "drop",
    "halt",
    "issue",
    "items_of",
    "propose",
    "queue_open",
    "records",
    "renew",
    "require_ready",
    "reserve",
    "resume",
    "revoke",
    "send_back",
    "store",
    "void",
    "withdraw",
]
