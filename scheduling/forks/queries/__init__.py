"""Reads of the what-ifs: what was asked of a batch, one of them in full, the pictures of a plan, where a session could go."""

from scheduling.forks.queries.board import Board, ForkView, board, fork_view
from scheduling.forks.queries.moving import Current, MoveView, current, faults, move_view
from scheduling.forks.queries.pictures import PicturesView, pictures
from scheduling.forks.queries.stored import fork, fork_files, forks
from scheduling.forks.queries.words import Words, words_of

__all__ = [
    "Board",
    "Current",
    "ForkView",
    "MoveView",
    "PicturesView",
    "Words",
    "board",
    "current",
    "faults",
    "fork",
    "fork_files",
    "fork_view",
    "forks",
    "move_view",
    "pictures",
    "words_of",
]
