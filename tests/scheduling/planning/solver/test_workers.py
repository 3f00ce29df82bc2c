"""Processes that share the work: all answers, an end that is heard, and a death that costs nothing but time."""

import os
import signal
import time

import msgspec
import pytest

from benchmarks.instances.national import Size, national
from scheduling.planning.rules.problem import Problem
from scheduling.planning.solver import sessions
from scheduling.planning.solver.ending import Ending
from scheduling.planning.solver.placement import place
from scheduling.planning.solver.workers import spread

SMALL = Size(
    candidates=900, institutions=8, certificates=8, sites=5, groups=40, approvals=12, provinces=frozenset({"湖北省"})
)


def twice(given: bytes, one: int, ending: Ending) -> tuple[bytes, int]:
    del ending
    return given, 2 * one


def until_told(given: bytes, one: int, ending: Ending) -> int:
    del given
    while not ending.reached():
        time.sleep(0.01)
    return one


def die(given: bytes, one: int, ending: Ending) -> int:
    del given, ending
    os.kill(os.getpid(), signal.SIGKILL)
    return one


def shrug(given: bytes, one: int, ending: Ending) -> int:
    """SIGTERM reaches the whole group of processes: what it means is for the parent to say."""
    del given, ending
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGTERM)
    return one


WORK = [(number, number) for number in (3, 1, 2)]


def test_every_answer_comes_with_its_number() -> None:
    found = dict(spread(bytes, b"given", twice, WORK, processes=2, ending=Ending()))
    assert found == {number: (b"given", 2 * number) for number in (1, 2, 3)}


def test_who_works_hears_the_end() -> None:
    begun = time.monotonic()
    ending = Ending.after(None, lambda: time.monotonic() > begun + 0.5)
    assert dict(spread(bytes, b"", until_told, WORK[:1], processes=1, ending=ending)) == {3: 3}


def test_nothing_is_begun_when_it_is_over() -> None:
    ending = Ending.after(None, lambda: True, patience=0.0)
    assert list(spread(bytes, b"", twice, WORK, processes=2, ending=ending)) == []


def test_signals_are_left_to_the_parent() -> None:
    assert dict(spread(bytes, b"", shrug, WORK, processes=1, ending=Ending())) == {1: 1, 2: 2, 3: 3}


def test_a_worker_that_dies_leaves_its_work_unanswered() -> None:
    assert dict(spread(bytes, b"", die, WORK[:1], processes=1, ending=Ending())) == {}


def test_the_sites_of_a_worker_that_died_are_done_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = national(5, SMALL)
    placed = place(problem)
    alone = sessions.schedule_sites(problem, placed.placements, seed=1, processes=1)
    monkeypatch.setattr(sessions, "_CROWD", 0)
    monkeypatch.setattr(sessions, "_one", _die_at_first)
    assert len(alone.sites) > 3
    assert sessions.schedule_sites(problem, placed.placements, seed=1, processes=2) == alone


def _die_at_first(problem: Problem, work: tuple[sessions.Task, int], ending: Ending) -> bytes:
    if work[0][0] == problem.sites[0].id:
        os.kill(os.getpid(), signal.SIGKILL)
    return msgspec.msgpack.encode(sessions.schedule_site(problem, work[0], work[1], ending))
