"""The demo's progress on screen: one calm line per step, with what it did and how long it took.

On a terminal the present step's line is rewritten in place; elsewhere (a pipe, a log, ``--json``) each step is one
plain line when it is done. Nothing is printed on standard output in JSON mode.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import TextIO
from unicodedata import east_asian_width

from exam.kernel.i18n import translate

_SIGNS = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_COLUMN = 64


def width(text: str) -> int:
    """Columns a text takes on a terminal: Chinese characters take two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


@dataclass
class Step:
    """The step that runs now."""

    name: str
    started: float
    told: str = ""
    seconds: float = 0.0

    def tell(self, message: str, /, **facts: object) -> None:
        """Say what has been done so far; the last word stands when the step is done."""
        self.told = translate(message, **facts)


@dataclass
class Progress:
    """Runs steps, prints them and keeps their seconds."""

    stream: TextIO = field(default_factory=lambda: sys.stdout)
    live: bool | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.live is None:
            self.live = self.stream.isatty()

    @contextmanager
    def step(self, key: str, name: str) -> Iterator[Step]:
        """Run one step; ``key`` names it in the report, ``name`` (a msgid) on the screen."""
        step = Step(name=translate(name), started=time.monotonic())
        stop = Event()
        painter = Thread(target=self._paint, args=(step, stop), daemon=True) if self.live else None
        if painter:
            painter.start()
        done = False
        try:
            yield step
            done = True
        finally:
            stop.set()
            if painter:
                painter.join()
            step.seconds = time.monotonic() - step.started
            self.seconds[key] = round(self.seconds.get(key, 0.0) + step.seconds, 2)
            self._write(self._line("✓" if done else "✗", step, step.seconds), end="\n")

    def say(self, line: str = "") -> None:
        """Print a line of its own."""
        self._write(line, end="\n")

    def _paint(self, step: Step, stop: Event) -> None:
        turn = 0
        while not stop.wait(0.12):
            line = self._line(_SIGNS[turn % len(_SIGNS)], step, time.monotonic() - step.started)
            self._write(line, end="")
            turn += 1

    def _line(self, sign: str, step: Step, seconds: float) -> str:
        text = f"  {sign} {step.name}" + (f"  {step.told}" if step.told else "")
        return f"{text}{' ' * max(2, _COLUMN - width(text))}{seconds:6.1f} s"

    def _write(self, line: str, *, end: str) -> None:
        start = "\r\x1b[2K" if self.live else ""
        self.stream.write(f"{start}{line}{end}")
        self.stream.flush()
