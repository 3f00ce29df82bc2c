"""An end by the clock or by word; it stays."""

import signal
import threading
import time

from scheduling.planning.solver.ending import Ending, told_by_signals


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


def test_patience_counts_from_the_end_and_again_in_the_next_stage() -> None:
    ending = Ending.after(None, lambda: True, patience=1000.0)
    assert ending.reached() and not ending.over()
    ended = Ending(until=time.time() - 2000.0, patience=1000.0)
    assert ended.over() and not ended.again().over() and ended.again().reached()
    assert Ending.after(None, lambda: True, patience=0.0).over()
    assert not Ending.after(1000.0).over()
    never = Ending.after(None)
    assert never.again() is never and not never.may_come()


def test_a_signal_is_a_word_and_the_handlers_come_back() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    with told_by_signals() as told:
        assert not told()
        signal.raise_signal(signal.SIGTERM)
        assert told()
        assert signal.getsignal(signal.SIGTERM) == before[0]  # told a second time it ends at once
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


def test_outside_the_main_thread_no_signal_is_touched() -> None:
    heard: list[bool] = []

    def listen() -> None:
        with told_by_signals() as told:
            heard.append(told())

    thread = threading.Thread(target=listen)
    thread.start()
    thread.join()
    assert heard == [False]
