"""``kaowu schedule approve|solve|check|explain|repair|schema``: plans from files and back, without a database.

A malformed file is refused with every fault and its place (exit status 2) and nothing is written. ``check`` says 1 when a
hard constraint is violated or the plan claims what is not so; who could not be placed is listed in the plan and is no fault.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from exam.kernel.errors import N_, Invalid, NotFound
from exam.kernel.i18n import translate
from scheduling.planning.commands import approving
from scheduling.planning.commands.shell import print_json, read_bytes, refuse, writable, write_whole
from scheduling.planning.commands.solving import ending_json, ending_lines, solved
from scheduling.planning.rules.approvals import Approvals
from scheduling.planning.rules.checking import Report, Violation, check
from scheduling.planning.rules.explaining import REASON_LABELS, Explainer
from scheduling.planning.rules.losses import Losses, LostSite, as_it_stands, require_known, without_withdrawn
from scheduling.planning.rules.plan import Plan, UnplacedReason
from scheduling.planning.rules.problem import Problem
from scheduling.planning.rules.reading import (
    BadFile,
    is_approvals,
    match,
    read_losses,
    read_plan,
    read_problem,
)
from scheduling.planning.rules.schema import schema_text
from scheduling.planning.rules.serial import plan_bytes, plan_sha256
from scheduling.planning.solver.repair import repair

LISTED = 50
"""More violations are counted, not listed, unless JSON is asked for."""


KINDS: Mapping[str, type[Problem] | type[Plan] | type[Approvals]] = {
    "problem": Problem,
    "plan": Plan,
    "approvals": Approvals,
}


class NoSuchSite(NotFound):
    """A site that the problem does not have."""

    message = N_("问题文件中没有站点 %(site)s。")
    way_out = N_("请检查站点编号。")


def add_commands(commands: Any, common: argparse.ArgumentParser) -> Any:
    """Add ``schedule`` with its commands to the command line; returns where more of them can be added."""
    group = commands.add_parser("schedule", help=translate(N_("考务排程：求解、核查、说明、修复"))).add_subparsers(
        required=True, metavar="COMMAND"
    )
    checking = group.add_parser("check", parents=[common], help=translate(N_("核查一个计划的全部硬约束、目标和下界")))
    checking.add_argument("problem", type=Path, metavar="PROBLEM")
    checking.add_argument("plan", type=Path, metavar="PLAN", help=translate(N_("计划，或站点批准建议")))
    checking.add_argument("--previous", type=Path, metavar="PLAN", help=translate(N_("已公布的计划：其中各项不应改动")))
    _add_losses(checking)
    checking.set_defaults(command=run_check)
    approving.add_command(group, common)
    solving = group.add_parser("solve", parents=[common], help=translate(N_("为一份问题文件求计划")))
    solving.add_argument("problem", type=Path, metavar="PROBLEM")
    solving.add_argument("--out", type=Path, required=True, metavar="PLAN", help=translate(N_("计划写到哪里")))
    solving.add_argument("--seed", type=int, default=1, metavar="S", help=translate(N_("随机种子：相同则结果相同")))
    solving.add_argument(
        "--seconds", type=float, metavar="T", help=translate(N_("最多用时（秒），到时写出当时最好的计划"))
    )
    solving.add_argument("--processes", type=int, default=2, metavar="N", help=translate(N_("同时使用的进程数")))
    solving.set_defaults(command=run_solve)
    explaining = group.add_parser(
        "explain", parents=[common], help=translate(N_("说明一组考生为什么在这里，或为什么没有位置"))
    )
    explaining.add_argument("problem", type=Path, metavar="PROBLEM")
    explaining.add_argument("plan", type=Path, metavar="PLAN")
    explaining.add_argument("--group", required=True, metavar="G", help=translate(N_("组的编号")))
    explaining.set_defaults(command=run_explain)
    repairing = group.add_parser("repair", parents=[common], help=translate(N_("公布之后修复计划，尽量不动其他人")))
    repairing.add_argument("problem", type=Path, metavar="PROBLEM")
    repairing.add_argument("plan", type=Path, metavar="PLAN")
    repairing.add_argument("--out", type=Path, required=True, metavar="PLAN", help=translate(N_("计划写到哪里")))
    _add_losses(repairing)
    repairing.set_defaults(command=run_repair)
    showing = group.add_parser("schema", parents=[common], help=translate(N_("输出文件格式的 JSON Schema")))
    showing.add_argument("kind", choices=sorted(KINDS))
    showing.set_defaults(command=run_schema)
    return group


def _add_losses(parser: argparse.ArgumentParser) -> None:
    """What happened after publication, and how many others may be moved for it."""
    moved, lost = N_("修复时允许改动的人数"), N_("公布之后失去的站点（可多次给出）")
    file = N_("损失文件：站点、考场、人员在某些时段或全部，退考的考生")
    parser.add_argument("--losses", type=Path, metavar="LOSSES", help=translate(file))
    parser.add_argument("--moved-at-most", type=int, default=0, metavar="N", help=translate(moved))
    parser.add_argument("--lost-site", action="append", default=[], metavar="S", help=translate(lost))


def run_solve(arguments: argparse.Namespace) -> int:
    """Solve a problem, check the plan, write it; who has no place is told with the reason."""
    try:
        problem = read_problem(read_bytes(arguments.problem))
    except Invalid as refusal:
        return refuse(arguments, refusal, arguments.problem)
    writable(arguments.out)
    plan = solved(problem, arguments)
    return hand_over(arguments, plan, check(problem, plan))


def run_explain(arguments: argparse.Namespace) -> int:
    """Say why a group is where it is, and what the bottlenecks of the plan are."""
    try:
        problem, plan = _pair(arguments)
    except _Unreadable as refusal:
        return refuse(arguments, refusal.why, refusal.file)
    explainer = Explainer(problem, plan)
    sentences = [translate(one.message, **one.facts) for one in explainer.why(arguments.group)]
    if arguments.json:
        bottlenecks = [asdict(one) for one in explainer.bottlenecks()]
        print_json({"group": arguments.group, "sentences": sentences, "bottlenecks": bottlenecks})
    else:
        print("\n".join(sentences))
    return 0


def run_repair(arguments: argparse.Namespace) -> int:
    """Repair a plan after a loss or for late candidates; who must be told is listed."""
    try:
        problem, plan = _pair(arguments)
    except _Unreadable as refusal:
        return refuse(arguments, refusal.why, refusal.file)
    try:
        losses = losses_of(problem, arguments)
    except BadFile as refusal:
        return refuse(arguments, refusal, arguments.losses)
    writable(arguments.out)
    repaired = repair(problem, plan, losses=losses, most_moved=arguments.moved_at_most)
    report = check(repaired.problem, repaired.plan, previous=repaired.before, moved_at_most=arguments.moved_at_most)
    told = [msgspec.to_builtins(one) for one in repaired.to_notify]
    lines = [
        translate(N_("须通知 %(count)s 名考生。"), count=sum(one.count for one in repaired.to_notify)),
        translate(N_("其中 %(count)s 人的原安排本来可行。"), count=repaired.others_moved),
    ]
    return hand_over(
        arguments, repaired.plan, report, {"to_notify": told, "others_moved": repaired.others_moved}, lines
    )


class _Unreadable(Exception):
    """One of two files cannot be read: which, and why."""

    def __init__(self, file: Path, why: Invalid) -> None:
        self.file, self.why = file, why


def _pair(arguments: argparse.Namespace) -> tuple[Problem, Plan]:
    """A problem and a plan of it, from their files."""
    file: Path = arguments.problem
    try:
        problem = read_problem(read_bytes(file))
        plan = read_plan(read_bytes(file := arguments.plan))
        match(problem, plan)
    except Invalid as refusal:
        raise _Unreadable(file, refusal) from refusal
    return problem, plan


def hand_over(
    arguments: argparse.Namespace,
    plan: Plan,
    report: Report,
    more: Mapping[str, Any] | None = None,
    lines: Sequence[str] = (),
) -> int:
    """Write a new plan that was checked, and say how good it is; 1 when it breaks a hard constraint."""
    write_whole(arguments.out, plan_bytes(plan))
    if arguments.json:
        made = {"plan": str(arguments.out), "sha256": plan_sha256(plan)} | ending_json(plan)
        print_json(made | report_json(report) | {"unplaced": unplaced_json(plan)} | dict(more or {}))
    else:
        print("\n".join([*report_lines(report), *unplaced_lines(plan), *ending_lines(plan), *lines]))
        print(translate(N_("计划已写入 %(file)s。"), file=str(arguments.out)))
    return 0 if report.passed else 1


def run_schema(arguments: argparse.Namespace) -> int:
    """Print the schema of a format."""
    print(schema_text(KINDS[arguments.kind]), end="")
    return 0


def run_check(arguments: argparse.Namespace) -> int:
    """Check a plan, or a proposal to approve sites, and print what was found."""
    file = arguments.problem
    try:
        problem = read_problem(read_bytes(file))
        if is_approvals(data := read_bytes(arguments.plan)):
            file = arguments.plan
            return approving.run_check(arguments, problem, data)
        previous = None
        if arguments.previous:
            previous = read_plan(read_bytes(file := arguments.previous))
        losses = losses_of(problem, arguments)
        if previous is not None:
            problem, previous = without_withdrawn(problem, previous, losses.withdrawn)
        problem = as_it_stands(problem, losses)
        plan = read_plan(read_bytes(file := arguments.plan))
        report = check(problem, plan, previous=previous, moved_at_most=arguments.moved_at_most)
    except Invalid as refusal:
        return refuse(arguments, refusal, file)
    if arguments.json:
        print_json(report_json(report) | ending_json(plan))
    else:
        print("\n".join([*report_lines(report), *ending_lines(plan)]))
    return 0 if report.passed else 1


def unplaced_json(plan: Plan) -> list[dict[str, Any]]:
    """Who has no place and why, for programs."""
    return [msgspec.to_builtins(one) | {"what": translate(REASON_LABELS[one.reason])} for one in plan.unplaced]


def unplaced_lines(plan: Plan) -> list[str]:
    """Who has no place and why, for people: groups and reasons together."""
    counts: dict[tuple[str, UnplacedReason], int] = {}
    for one in plan.unplaced:
        counts[one.group, one.reason] = counts.get((one.group, one.reason), 0) + one.count
    what = N_("– 组 %(group)s 有 %(count)s 名考生未安排：")
    lines = [
        f"{translate(what, group=group, count=count)}{translate(REASON_LABELS[reason])}"
        for (group, reason), count in counts.items()
    ]
    left = translate(N_("……另有 %(count)s 处。"), count=len(lines) - LISTED)
    return lines if len(lines) <= LISTED else [*lines[:LISTED], left]


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
        if report.objectives.unplaced:
            counted = N_("  （其中未安排的每人按 %(km)s 公里计入安排和下界，所以与上面的交通距离不同。）")
            lines.append(translate(counted, km=f"{report.bound.unplaced_km:,.0f}"))
    if report.open_positions:
        lines.append(translate(N_("  计划列出 %(count)s 个空缺的监考或考评岗位。"), count=report.open_positions))
    if not report.same_problem:
        lines.append(translate(N_("  注意：计划不是按这份问题文件（哈希不同）求得的。")))
    return lines


def losses_of(problem: Problem, arguments: argparse.Namespace) -> Losses:
    """What was lost after publication: the file of losses, and the sites that are named.

    :raises NoSuchSite: a named site is not in the problem
    :raises NotThere: the file names what the problem does not have
    :raises BadFile: the file is no file of losses
    """
    losses = read_losses(read_bytes(arguments.losses)) if arguments.losses else Losses()
    for site in arguments.lost_site:
        if site not in problem.site:
            raise NoSuchSite(site=site)
    named = tuple(LostSite(site=site) for site in arguments.lost_site)
    losses = msgspec.structs.replace(losses, sites=(*losses.sites, *named))
    require_known(problem, losses)
    return losses


def _sentence(violation: Violation) -> str:
    return translate(violation.what, **violation.facts)


def _counts(report: Report) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for one in report.violations:
        found[one.h] = found.get(one.h, 0) + 1
    return found
