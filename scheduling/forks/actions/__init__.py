"""What-ifs are asked for, computed, kept, adopted or deleted; a session of a draft is moved by hand."""

from scheduling.forks.actions.computing import Question, ask, compute, keep, prepare
from scheduling.forks.actions.deciding import adopt, delete
from scheduling.forks.actions.moving import move

__all__ = ["Question", "adopt", "ask", "compute", "delete", "keep", "move", "prepare"]
