"""When a search is to end: at a time of the clock, or when somebody says so. What is done by then is kept.

Who is asked to end is given `patience`: for so long after its end, what is not begun is still done in the shortest way (a
site gets its first schedule, a pool of staff its first round). What is not begun by then either is not begun at all.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import FrameType
from typing import Final

PATIENCE: Final = 5.0  # seconds

Stop = Callable[[], bool]


@dataclass(slots=True)
class Ending:
    """Asked again and again in one process; once it has come it stays."""

    until: float | None = None  # of time.time()
    stop: Stop | None = None
    patience: float = PATIENCE
    since: float | None = None  # when it came

    @staticmethod
    def after(seconds: float | None, stop: Stop | None = None, *, patience: float = PATIENCE) -> Ending:
        """After so many seconds (None: never), or when `stop` says so."""
        return Ending(None if seconds is None else time.time() + seconds, stop, patience)

    def reached(self) -> bool:
        """Whether it has come."""
        if self.since is None:
            if self.until is not None and time.time() > self.until:
                self.since = self.until
            elif self.stop is not None and self.stop():
                self.since = time.time()
        return self.since is not None

    def over(self) -> bool:
        """Whether the patience after it is over, too: begin nothing more."""
        return self.reached() and time.time() >= (self.since or 0.0) + self.patience

    def may_come(self) -> bool:
        """Whether there is anything that could end it."""
        return self.until is not None or self.stop is not None

    def again(self) -> Ending:
        """The same for the next stage, which has its own patience."""
        return replace(self, since=time.time()) if self.reached() else self

    @property
    def deadline(self) -> float | None:
        """For who can only look at the clock: the time, long past when it has come."""
        return 0.0 if self.reached() else self.until


@contextmanager
def told_by_signals() -> Iterator[Stop]:
    """What answers whether this process has been told to end (SIGTERM, Ctrl-C); told a second time it ends at once.

    Outside the main thread nothing is heard: there signals belong to somebody else.
    """
    told = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield told.is_set
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def hear(number: int, frame: FrameType | None) -> None:
        del frame
        told.set()
        signal.signal(number, before[signal.Signals(number)])

    for number in before:
        signal.signal(number, hear)
    try:
        yield told.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
