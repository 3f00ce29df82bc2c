"""A search that is killed, told to end, or out of time leaves a plan that holds, and says what is proven (files and shell)."""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from benchmarks.instances.national import HUBEI, national
from exam.cli import main
from exam.kernel.settings import TREE
from scheduling.planning.commands.solving import ending_lines, solved
from scheduling.planning.rules.checking import check
from scheduling.planning.rules.plan import Plan, Status, UnplacedReason
from scheduling.planning.rules.problem import Problem
from scheduling.planning.rules.reading import read_plan
from scheduling.planning.rules.serial import problem_bytes
from tests.scheduling.planning import small

SHELL = """
import argparse, sys
from scheduling.planning.commands import add_commands
common = argparse.ArgumentParser(add_help=False)
common.add_argument("--json", action="store_true")
parser = argparse.ArgumentParser()
add_commands(parser.add_subparsers(), common)
arguments = parser.parse_args()
sys.exit(arguments.command(arguments))
"""
WAIT_SECONDS = 120


@pytest.fixture(scope="module")
def province() -> Problem:
    """Half a minute of search in two processes."""
    return national(1, HUBEI)


@contextmanager
def solving(problem: Problem, folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """``solve`` in a process of its own."""
    file, out = folder / "problem.json", folder / "plan.json"
    file.write_bytes(problem_bytes(problem))
    command = [sys.executable, "-c", SHELL, "schedule", "solve", str(file), "--out", str(out), *options]
    with subprocess.Popen(command, cwd=TREE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            yield process, out
        finally:
            process.kill()


def written(out: Path, times: int, process: subprocess.Popen[str]) -> None:
    """Wait until a file has been written so many times."""
    seen: set[int] = set()
    end = time.monotonic() + WAIT_SECONDS
    while len(seen) < times:
        assert process.poll() is None and time.monotonic() < end
        if out.exists():
            seen.add(out.stat().st_ino)
        time.sleep(0.01)


def children(process: subprocess.Popen[str]) -> list[int]:
    return [int(one) for one in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def gone(pid: int) -> bool:
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return True  # nobody has asked for its end yet
        time.sleep(0.05)
    return False


def held(problem: Problem, plan: Plan) -> None:
    report = check(problem, plan)
    assert ([(one.h, one.where) for one in report.violations], report.wrong) == ([], ())
    assert report.same_problem and report.bound is not None and report.bound.holds


def test_killed_in_the_middle_it_leaves_the_last_plan_and_no_process(province: Problem, tmp_path: Path) -> None:
    with solving(province, tmp_path) as (process, out):
        written(out, 3, process)
        workers = children(process)
        process.send_signal(signal.SIGKILL)
        process.wait()
    plan = read_plan(out.read_bytes())
    held(province, plan)
    assert plan.status is Status.STOPPED and plan.sessions
    assert UnplacedReason.NOT_REACHED in {one.reason for one in plan.unplaced}
    assert all(gone(one) for one in workers) and workers


def test_told_to_end_it_says_what_is_proven(province: Problem, tmp_path: Path) -> None:
    with solving(province, tmp_path, "--json") as (process, out):
        written(out, 2, process)
        process.send_signal(signal.SIGTERM)
        answer, _ = process.communicate(timeout=WAIT_SECONDS)
    document = json.loads(answer)
    assert (process.returncode, document["passed"], document["status"]) == (0, True, "stopped")
    assert document["bound"]["holds"] and document["bound"]["recomputed"] > 900_000
    plan = read_plan(out.read_bytes())
    held(province, plan)
    reached = sum(one.count for one in plan.placements)
    assert reached + sum(one.count for one in plan.unplaced) == HUBEI.candidates


def test_out_of_time_at_once_it_still_answers(province: Problem, tmp_path: Path, capsys: Any) -> None:
    file, out = tmp_path / "problem.json", tmp_path / "plan.json"
    file.write_bytes(problem_bytes(province))
    status = main(["schedule", "solve", str(file), "--out", str(out), "--seconds", "0.01", "--processes", "1"])
    said = capsys.readouterr().out
    assert (status, "求解没有进行到底" in said, "已证明的仍然成立" in said) == (0, True, True)
    held(province, read_plan(out.read_bytes()))
    assert main(["schedule", "check", str(file), str(out)]) == 0
    assert "已证明的仍然成立" in capsys.readouterr().out


def test_the_first_plan_lists_everybody_with_the_site_that_is_meant(tmp_path: Path, monkeypatch: Any) -> None:
    problem = small.problem(staff=())
    kept: list[bytes] = []
    monkeypatch.setattr("scheduling.planning.commands.solving.write_whole", lambda path, data: kept.append(data))
    arguments = argparse.Namespace(out=tmp_path / "plan.json", seed=1, seconds=None, processes=1, json=True)
    plan = solved(problem, arguments)
    first = read_plan(kept[0])
    assert [(one.count, one.reason, one.facts) for one in first.unplaced] == [
        (20, UnplacedReason.NOT_REACHED, {"site": "S1"})
    ]
    held(problem, first)
    assert read_plan(kept[-1]) == plan and ending_lines(plan) == []


def test_what_stood_there_is_lost_to_no_malformed_problem(tmp_path: Path) -> None:
    file, out = tmp_path / "problem.json", tmp_path / "plan.json"
    out.write_text("before")
    file.write_bytes(problem_bytes(replace(small.problem(), sites=(small.site(), small.site()))))
    assert main(["schedule", "solve", str(file), "--out", str(out)]) == 2
    assert out.read_text() == "before"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["plan.json", "problem.json"]
