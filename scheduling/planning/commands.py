"""``kaowu schedule solve|check|explain|repair|schema``: plans from files and back, without a database.

A malformed file is refused with every fault and its place (exit status 2) and nothing is written. ``check`` says 1 when a
hard constraint is violated or the plan claims what is not so; who could not be placed is listed in the plan and is no fault.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from exam.kernel.errors import N_, Invalid, NotFound
from exam.kernel.i18n import translate
from scheduling.planning.rules.checking import Report, Violation, check
from scheduling.planning.rules.plan import Plan
from scheduling.planning.rules.problem import Problem
from scheduling.planning.rules.reading import read_plan, read_problem
from scheduling.planning.rules.schema import schema_text
from scheduling.planning.rules.serial import plan_bytes

LISTED = 50
"""More violations are counted, not listed, unless JSON is asked for."""


KINDS: Mapping[str, type[Problem] | type[Plan]] = {"problem": Problem, "plan": Plan}


class NoSuchFile(NotFound):
    """A file that cannot be read."""

    message = N_("读不到文件 %(file)s。")
    way_out = N_("请检查路径和读取权限。")


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add ``schedule`` with its commands to the command line."""
    group = commands.add_parser("schedule", help=translate(N_("考务排程：求解、核查、说明、修复"))).add_subparsers(
        required=True, metavar="COMMAND"
    )
    checking = group.add_parser("check", parents=[common], help=translate(N_("核查一个计划的全部硬约束、目标和下界")))
    checking.add_argument("problem", type=Path, metavar="PROBLEM")
    checking.add_argument("plan", type=Path, metavar="PLAN")
    checking.add_argument("--previous", type=Path, metavar="PLAN", help=translate(N_("已公布的计划：其中各项不应改动")))
    checking.add_argument(
        "--moved-at-most", type=int, default=0, metavar="N", help=translate(N_("修复时允许改动的人数"))
    )
    checking.set_defaults(command=run_check)
    showing = group.add_parser("schema", parents=[common], help=translate(N_("输出文件格式的 JSON Schema")))
    showing.add_argument("kind", choices=sorted(KINDS))
    showing.set_defaults(command=run_schema)


def run_schema(arguments: argparse.Namespace) -> int:
    """Print the schema of a format."""
    print(schema_text(KINDS[arguments.kind]), end="")
    return 0


def run_check(arguments: argparse.Namespace) -> int:
    """Check a plan and print what was found."""
    file = arguments.problem
    try:
        problem = read_problem(_bytes(file))
        previous = None
        if arguments.previous:
            previous = read_plan(_bytes(file := arguments.previous))
        plan = read_plan(_bytes(file := arguments.plan))
        report = check(problem, plan, previous=previous, moved_at_most=arguments.moved_at_most)
    except Invalid as refusal:
        return refuse(arguments, refusal, file)
    if arguments.json:
        _print_json(report_json(report))
    else:
        print("\n".join(report_lines(report)))
    return 0 if report.passed else 1


def report_json(report: Report) -> dict[str, Any]:
    """A report for programs: violations with their sentence, objectives, bound, claims that do not hold."""
    return {
        "passed": report.passed,
        "violations": [
            {"h": one.h, "where": one.where, "what": _sentence(one), "facts": dict(one.facts)}
            for one in report.violations
        ],
        "counts": _counts(report),
        "objectives": msgspec.to_builtins(report.objectives),
        "bound": None if report.bound is None else asdict(report.bound) | {"holds": report.bound.holds},
        "wrong": [asdict(one) for one in report.wrong],
        "open_positions": report.open_positions,
        "same_problem": report.same_problem,
    }


def report_lines(report: Report) -> list[str]:
    """A report for people."""
    lines = [f"✗ {one.h}  {_sentence(one)}  [{one.where}]" for one in report.violations[:LISTED]]
    if len(report.violations) > LISTED:
        lines.append(translate(N_("……另有 %(count)s 处。"), count=len(report.violations) - LISTED))
    if not report.violations:
        lines.append(translate(N_("✓ 全部硬约束 H1–H18 成立。")))
    for wrong in report.wrong:
        what = N_("✗ 计划自称 %(name)s 为 %(claimed)s，重新计算为 %(recomputed)s。")
        lines.append(translate(what, **asdict(wrong)))
    lines += [f"  {name} = {value}" for name, value in msgspec.to_builtins(report.objectives).items()]
    if report.bound is not None:
        what = N_("  下界 %(recomputed)s 公里（由计划所带价格重新计算），安排 %(cost)s 公里，差距 %(gap)s%%")
        facts = {
            "recomputed": f"{report.bound.recomputed:.3f}",
            "cost": f"{report.bound.cost:.3f}",
            "gap": f"{100 * report.bound.gap:.4f}",
        }
        lines.append(translate(what, **facts))
    if report.open_positions:
        lines.append(translate(N_("  计划列出 %(count)s 个空缺的监考或考评岗位。"), count=report.open_positions))
    if not report.same_problem:
        lines.append(translate(N_("  注意：计划不是按这份问题文件（哈希不同）求得的。")))
    return lines


def refuse(arguments: argparse.Namespace, refusal: Invalid, file: Path) -> int:
    """Print every fault of a file with its place and way out; exit status 2."""
    faults = [
        {
            "place": fault.field,
            "code": fault.code,
            "what": translate(fault.message, **fault.facts),
            "way_out": translate(fault.way_out) if fault.way_out else "",
        }
        for fault in refusal.problems
    ]
    if arguments.json:
        _print_json({"refused": translate(refusal.message, **refusal.facts), "file": str(file), "problems": faults})
    else:
        print(f"{file}: {translate(refusal.message, **refusal.facts)}", file=sys.stderr)
        for fault in faults:
            print(f"  {fault['place'] or '-'}: {fault['what']} {fault['way_out']}", file=sys.stderr)
    return 2


def write_plan(path: Path, plan: Plan) -> None:
    """Write a plan whole or not at all: beside its place first, then moved there."""
    beside = path.with_name(f".{path.name}.part")
    beside.write_bytes(plan_bytes(plan))
    beside.replace(path)


def load(path: Path) -> Problem:
    """Read a problem from the disk."""
    return read_problem(_bytes(path))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise NoSuchFile(file=str(path)) from error


def _sentence(violation: Violation) -> str:
    return translate(violation.what, **violation.facts)


def _counts(report: Report) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for one in report.violations:
        found[one.h] = found.get(one.h, 0) + 1
    return found


def _print_json(document: Any) -> None:
    print(json.dumps(document, ensure_ascii=False, indent=2, default=str), flush=True)
