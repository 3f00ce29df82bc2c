"""An end by the clock or by word; it stays."""

import time

from scheduling.planning.solver.ending import Ending


def test_without_a_limit_it_never_comes() -> None:
    ending = Ending.after(None)
    assert not ending.reached()
    assert ending.deadline is None


def test_the_clock_ends_it() -> None:
    assert Ending.after(-1.0).reached()
    ending = Ending.after(1000.0)
    assert not ending.reached()
    assert ending.deadline is not None
    assert ending.deadline > time.time()


def test_a_word_ends_it_for_good() -> None:
    answers = [False, True, False]
    ending = Ending.after(None, lambda: answers.pop(0))
    assert [ending.deadline, ending.deadline] == [None, 0.0]
    assert ending.reached()
    assert answers == [False]  # not asked again
