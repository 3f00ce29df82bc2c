"""``solve`` on files: the best plan so far is always on the disk, and SIGTERM or Ctrl-C ends the search, not the result.

The first plan is written after the placement, others while sites are searched, one before the teams: each whole (moved into
its place after it has reached the disk) and each one that ``check`` accepts. So a search that is killed leaves the last.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import Any, Final

from exam.kernel.errors import N_
from exam.kernel.i18n import translate
from scheduling.planning.commands.shell import write_whole
from scheduling.planning.rules.plan import Plan, Status, UnplacedReason
from scheduling.planning.rules.problem import Problem
from scheduling.planning.rules.serial import plan_bytes
from scheduling.planning.solver.ending import told_by_signals
from scheduling.planning.solver.solve import Stage, Step, solve

STAGES: Final[Mapping[Stage, str]] = {
    Stage.PLACEMENT: N_("安排站点"),
    Stage.SESSIONS: N_("编排场次"),
    Stage.STAFF: N_("配备人员"),
}


def solved(problem: Problem, arguments: argparse.Namespace) -> Plan:
    """The plan, which is on the disk already; when the process is told to end, the best so far."""

    def keep(plan: Plan) -> None:
        write_whole(arguments.out, plan_bytes(plan))

    with told_by_signals() as told:
        plan = solve(
            problem,
            seed=arguments.seed,
            seconds=arguments.seconds,
            processes=arguments.processes,
            progress=None if arguments.json else _tell,
            stop=told,
            keep=keep,
        )
        keep(plan)
    return plan


def not_reached(plan: Plan) -> int:
    """How many candidates the search had not come to when it was ended."""
    return sum(one.count for one in plan.unplaced if one.reason is UnplacedReason.NOT_REACHED)


def ending_json(plan: Plan) -> dict[str, Any]:
    """How far the search came, for programs."""
    return {"status": plan.status.value, "not_reached": not_reached(plan)}


def ending_lines(plan: Plan) -> list[str]:
    """Of a search that was ended: how far it came, and what is proven even so."""
    if plan.status is not Status.STOPPED:
        return []
    what = N_("求解没有进行到底（时间用完或被要求停止）：这是到那时为止最好的计划，其中 %(count)s 名考生未及编排。")
    lines = [translate(what, count=not_reached(plan))]
    if plan.bound is not None:
        what = N_(
            "已证明的仍然成立：任何计划的行程合计都不少于 %(km)s 公里（没有位置的考生每人按 %(unplaced)s 公里计）。"
        )
        facts = {"km": f"{plan.bound.value:.3f}", "unplaced": f"{plan.bound.unplaced_km:.0f}"}
        lines.append(translate(what, **facts))
    return lines


def _tell(step: Step) -> None:
    """Say on standard error how far the search is; standard output stays for the result."""
    what = N_("%(stage)s %(done)s/%(total)s，未安排 %(unplaced)s 人，差距 %(gap)s%%")
    facts = {
        "stage": translate(STAGES[step.stage]),
        "done": step.done,
        "total": step.total,
        "unplaced": step.unplaced,
        "gap": f"{100 * step.gap:.3f}",
    }
    print(translate(what, **facts), file=sys.stderr, flush=True)
