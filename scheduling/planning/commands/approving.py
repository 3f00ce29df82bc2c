"""``kaowu schedule approve``: which site applications to approve, what for, what stays uncovered; and the check of the answer."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from exam.kernel.errors import N_, Invalid
from exam.kernel.i18n import translate
from scheduling.planning.commands.shell import print_json, read_bytes, refuse, writable, write_whole
from scheduling.planning.rules.approvals import UNCOVERED_LABELS, Approvals, Approve
from scheduling.planning.rules.approving import granted
from scheduling.planning.rules.checking.approvals import ApprovalsReport, check_approvals
from scheduling.planning.rules.problem import Problem
from scheduling.planning.rules.reading import read_approvals, read_problem
from scheduling.planning.rules.serial import approvals_bytes, problem_bytes
from scheduling.planning.solver.approving_worth import propose


def add_command(group: Any, common: argparse.ArgumentParser) -> None:
    """Add ``approve`` to the commands of ``schedule``."""
    parser = group.add_parser(
        "approve", parents=[common], help=translate(N_("建议批准哪些站点申请，使每个地区都有站点且容量够用"))
    )
    parser.add_argument("problem", type=Path, metavar="PROBLEM")
    parser.add_argument("--out", type=Path, required=True, metavar="APPROVALS", help=translate(N_("建议写到哪里")))
    granting = N_("另写一份问题文件，其中建议的申请已经批准")
    parser.add_argument("--granted", type=Path, metavar="PROBLEM", help=translate(granting))
    parser.set_defaults(command=run_approve)


def run_approve(arguments: argparse.Namespace) -> int:
    """Propose what to approve, check the proposal, write it; what stays uncovered is told and no fault."""
    try:
        problem = read_problem(read_bytes(arguments.problem))
    except Invalid as refusal:
        return refuse(arguments, refusal, arguments.problem)
    writable(arguments.out)
    if arguments.granted:
        writable(arguments.granted)
    made = propose(problem)
    report = check_approvals(problem, made)
    write_whole(arguments.out, approvals_bytes(made))
    if arguments.granted:
        write_whole(arguments.granted, problem_bytes(granted(problem, made)))
    if arguments.json:
        print_json({"approvals": str(arguments.out)} | msgspec.to_builtins(made) | _sentences(problem, made))
    else:
        print("\n".join(lines(problem, made)))
        print(translate(N_("建议已写入 %(file)s。"), file=str(arguments.out)))
    return 1 if report.wrong else 0


def run_check(arguments: argparse.Namespace, problem: Problem, data: bytes) -> int:
    """Check a proposal: H1 as it would be, and whether its lists and sums are right.

    :raises BadFile: the proposal is malformed, or of another problem
    """
    report = check_approvals(problem, read_approvals(data, problem))
    if arguments.json:
        print_json(_report_json(report))
    else:
        print("\n".join(_report_lines(report)))
    return 0 if report.passed else 1


def lines(problem: Problem, made: Approvals) -> list[str]:
    """A proposal for people: what to approve and why, what stays open and the way out, how good it is."""
    told = _sentences(problem, made)
    facts: Mapping[str, object] = {
        "count": len(made.approve),
        "objective": f"{made.objective_km:.3f}",
        "bound": f"{made.bound_km:.3f}",
        "gap": f"{100 * made.gap:.4f}",
    }
    what = N_("建议批准 %(count)s 份申请；目标 %(objective)s 公里，下界 %(bound)s 公里，差距 %(gap)s%%。")
    return [translate(what, **facts), *told["reasons"], *told["left"]]


def _sentences(problem: Problem, made: Approvals) -> dict[str, list[str]]:
    return {
        "reasons": [_why(problem, one) for one in made.approve],
        "left": [
            translate(
                N_("✗ %(prefecture)s的“%(certificate)s”没有站点：%(reason)s。请等待新的申请，或写明豁免理由。"),
                prefecture=problem.prefecture[one.prefecture].name,
                certificate=problem.certificate[one.certificate].name,
                reason=translate(UNCOVERED_LABELS[one.reason]),
            )
            for one in made.uncovered
        ]
        + [
            translate(
                N_("✗ 省份 %(province)s 的“%(certificate)s”还有 %(count)s 名考生在本省没有位置。"),
                province=one.province,
                certificate=problem.certificate[one.certificate].name,
                count=one.count,
            )
            for one in made.short
        ],
    }


def _why(problem: Problem, one: Approve) -> str:
    """What an application is for, in a sentence."""
    reasons = [translate(N_("覆盖%(place)s"), place=problem.prefecture[id].name) for id in one.covers]
    if one.short_by:
        reasons.append(translate(N_("否则 %(count)s 名考生没有位置"), count=one.short_by))
    if one.saves_km:
        reasons.append(translate(N_("少走 %(km)s 人公里"), km=f"{one.saves_km:.1f}"))
    return translate(
        N_("+ %(application)s：%(site)s，“%(certificate)s”：%(why)s"),
        application=one.application,
        site=problem.site[one.site].name,
        certificate=problem.certificate[one.certificate].name,
        why=translate(N_("，")).join(reasons),
    )


def _report_json(report: ApprovalsReport) -> dict[str, Any]:
    return {
        "passed": report.passed,
        "violations": [
            {"h": one.h, "where": one.where, "what": translate(one.what, **one.facts), "facts": dict(one.facts)}
            for one in report.violations
        ],
        "wrong": [
            {"name": one.name, "claimed": one.claimed, "recomputed": one.recomputed} for one in report.wrong
        ],
        "same_problem": report.same_problem,
    }  # fmt: skip


def _report_lines(report: ApprovalsReport) -> list[str]:
    found = [f"✗ {one.h}  {translate(one.what, **one.facts)}  [{one.where}]" for one in report.violations]
    if not found:
        found.append(translate(N_("✓ 按建议批准后，H1 成立。")))
    what = N_("✗ 建议自称 %(name)s 为 %(claimed)s，重新计算为 %(recomputed)s。")
    found += [
        translate(what, name=one.name, claimed=one.claimed, recomputed=one.recomputed) for one in report.wrong
    ]  # fmt: skip
    if not report.same_problem:
        found.append(translate(N_("  注意：建议不是按这份问题文件（哈希不同）求得的。")))
    return found
