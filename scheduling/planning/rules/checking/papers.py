"""H9: a paper that is used in several sessions starts at the same time everywhere."""

from __future__ import annotations

from collections import defaultdict

from exam.kernel.errors import N_
from scheduling.planning.rules.checking.case import Case
from scheduling.planning.rules.checking.report import Violation, Violations


def same_start(case: Case) -> Violations:
    """All sessions with one paper of a component of a (certificate, level) are in slots that start together."""
    slots: dict[tuple[str, str, str, str], dict[str, str]] = defaultdict(dict)
    for held in case.held:
        one = held.session
        starts = slots[one.certificate, one.level.value, one.component, one.paper]
        starts.setdefault(held.slot.id, held.where)
    for (certificate, level, component, paper), found in sorted(slots.items()):
        if len({case.problem.slot[slot].starts for slot in found}) > 1:
            yield Violation(
                "H9",
                N_("试卷 %(paper)s（证书 %(certificate)s，科目 %(component)s）在不同时间开考：%(slots)s。"),
                f"{certificate}/{level}/{component}/{paper}",
                {
                    "paper": paper,
                    "certificate": case.problem.certificate[certificate].name,
                    "component": component,
                    "slots": ", ".join(sorted(found, key=case.problem.slot_number.__getitem__)),
                },
            )
