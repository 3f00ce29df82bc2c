"""H1: a site for every certificate in every prefecture where it is piloted (C02)."""

from __future__ import annotations

from exam.kernel.errors import N_
from scheduling.planning.rules.approving import in_period
from scheduling.planning.rules.checking.report import Violation, Violations
from scheduling.planning.rules.problem import Problem


def covered(problem: Problem) -> Violations:
    """At least one site per (certificate, prefecture with a pilot institution), approved on a day of the period; or a waiver."""
    present = {
        (approval.certificate, site.prefecture)
        for site in problem.sites
        for approval in site.approvals
        if in_period(problem, approval)
    }
    present |= {(waiver.certificate, waiver.prefecture) for waiver in problem.waivers}
    wanted = {(pilot.certificate, problem.institution[pilot.institution].prefecture) for pilot in problem.pilots}
    for certificate, prefecture in sorted(wanted - present):
        yield Violation(
            "H1",
            N_("证书 %(certificate)s 在 %(prefecture)s 有试点院校，但没有考核站点，也没有豁免说明。"),
            f"{certificate}/{prefecture}",
            {
                "certificate": problem.certificate[certificate].name,
                "prefecture": problem.prefecture[prefecture].name,
            },
        )
