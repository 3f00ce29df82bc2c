"""When a search is to end: at a time of the clock, or when somebody says so. What is done by then is kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

Stop = Callable[[], bool]


@dataclass(slots=True)
class Ending:
    """Asked again and again in one process; once it has come it stays."""

    until: float | None = None  # of time.time()
    stop: Stop | None = None
    come: bool = False

    @staticmethod
    def after(seconds: float | None, stop: Stop | None = None) -> Ending:
        """After so many seconds (None: never), or when `stop` says so."""
        return Ending(None if seconds is None else time.time() + seconds, stop)

    def reached(self) -> bool:
        """Whether it has come."""
        if not self.come:
            self.come = (self.until is not None and time.time() > self.until) or (self.stop is not None and self.stop())
        return self.come

    @property
    def deadline(self) -> float | None:
        """For who can only look at the clock: the time, long past when it has come."""
        return 0.0 if self.reached() else self.until
