"""Changes of the repairs: one is asked for, worked out, kept, accepted or set aside."""

from scheduling.repairs.actions.computing import ask, compute, keep, prepare
from scheduling.repairs.actions.deciding import accept, discard
from scheduling.repairs.actions.records import Answer, Question
from scheduling.repairs.actions.supplying import Supplied, supply

__all__ = ["Answer", "Question", "Supplied", "accept", "ask", "compute", "discard", "keep", "prepare", "supply"]
