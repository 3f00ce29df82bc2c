"""The demo's progress lines and its memory figure."""

import os
from io import StringIO

import pytest

from exam.demo.memory import PeakMemory, tree_bytes
from exam.demo.progress import Progress, width


def test_each_step_is_one_plain_line_off_a_terminal() -> None:
    out = StringIO()
    progress = Progress(stream=out)
    with progress.step("register", "报名") as step:
        step.tell("%(n)s 人", n=3)
    (line,) = out.getvalue().splitlines()
    assert line.startswith("  ✓ 报名  3 人")
    assert line.endswith(" s")
    assert "\x1b" not in line
    assert set(progress.seconds) == {"register"}


def test_a_failed_step_says_so_and_the_error_goes_on() -> None:
    out = StringIO()
    with pytest.raises(ZeroDivisionError), Progress(stream=out).step("mark", "评分"):
        raise ZeroDivisionError
    assert "✗ 评分" in out.getvalue()


def test_chinese_characters_take_two_columns() -> None:
    assert width("报名 a") == 6
    assert width("") == 0


def test_peak_memory_covers_this_process() -> None:
    with PeakMemory(every_seconds=0.01) as peak:
        block = bytearray(40 * 2**20)
        block[::4096] = b"x" * len(block[::4096])
    assert peak.megabytes > 40
    assert tree_bytes(os.getpid()) > 0
