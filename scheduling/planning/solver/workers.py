"""Processes that share the work of a search: they hear its end, outlive no parent, and are not missed when they die.

A worker is a fresh interpreter (spawn). Its end is a time that the parent may draw nearer while it works. Ctrl-C and SIGTERM
often reach the whole group of processes: the parent decides what they mean, so a worker leaves the first to it and waits
with the second. When the parent is gone (killed), so are its workers.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, ProcessPoolExecutor, wait
from itertools import islice
from math import inf
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait as wait_for
from typing import Any, Final, TypeVar

from scheduling.planning.solver.ending import Ending

Given = TypeVar("Given")
One = TypeVar("One")
Answer = TypeVar("Answer")

_LISTEN: Final = 0.2  # seconds between two looks at whether the end has come
_OBEY: Final = 20  # seconds after which a worker that was told to end does
_GIVEN: Final[list[Any]] = []  # of a worker, set once: the end as a time, and what the work is about


def spread(
    begin: Callable[[bytes], Given],
    data: bytes,
    do: Callable[[Given, One, Ending], Answer],
    work: Sequence[tuple[int, One]],
    *,
    processes: int,
    ending: Ending,
) -> Iterator[tuple[int, Answer]]:
    """The answers of ``do(begin(data), one, ending)`` as they come, with the numbers of the work, begun in its order.

    Nothing is begun once the ending is over. What no worker has answered (it died, or was not begun) is not among the answers.
    """
    context = get_context("spawn")
    until = context.Value("d", inf)
    waiting = iter(work)
    with ProcessPoolExecutor(
        min(processes, len(work)), mp_context=context, initializer=_begin, initargs=(until, begin, data)
    ) as workers:
        running: dict[Future[Answer], int] = {}
        try:
            while True:
                until.value = _time(ending)
                for number, one in islice(waiting, 0 if ending.over() else processes + 1 - len(running)):
                    running[workers.submit(_do, do, one, ending.patience)] = number
                if not running:
                    break
                done, _ = wait(running, timeout=_LISTEN, return_when=FIRST_COMPLETED)
                for future in sorted(done, key=running.__getitem__):
                    yield running.pop(future), future.result()
        except BrokenExecutor:
            return
        finally:
            until.value = 0.0  # whoever still works need not be waited for long


def _time(ending: Ending) -> float:
    until = ending.deadline
    return inf if until is None else until


def _begin(until: Any, begin: Callable[[bytes], Any], data: bytes) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: signal.alarm(_OBEY))
    _GIVEN[:] = [until, begin(data)]


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        os._exit(1)


def _do(do: Callable[[Given, One, Ending], Answer], one: One, patience: float) -> Answer:
    until, given = _GIVEN
    return do(given, one, Ending(stop=lambda: time.time() > until.value, patience=patience))
