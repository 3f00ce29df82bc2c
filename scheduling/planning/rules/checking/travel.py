"""H18: nobody is sent farther than the limit, nor over the border of the province where the rules forbid it."""

from __future__ import annotations

import numpy as np

from exam.kernel.errors import N_
from scheduling.planning.rules.checking.case import Case
from scheduling.planning.rules.checking.report import Violation, Violations


def within_limit(case: Case) -> Violations:
    """Kilometres from the institution to the site are at most the certificate's limit."""
    problem, km = case.problem, case.members.km
    limits = np.array(
        [problem.rules_of(problem.group[one.group].certificate).travel_limit_km for one in case.plan.placements]
    )
    for number in np.flatnonzero(km > limits).tolist() if limits.size else ():
        one = case.plan.placements[number]
        yield Violation(
            "H18",
            N_("组 %(group)s 到站点 %(site)s 有 %(km)s 公里，超过上限 %(limit)s 公里。"),
            f"{one.group}/{one.site}",
            {
                "group": one.group,
                "site": problem.site[one.site].name,
                "km": f"{km[number]:.3f}",
                "limit": int(limits[number]),
                "count": one.count,
            },
        )


def own_province(case: Case) -> Violations:
    """Where the rules do not allow another province, institution and site lie in one."""
    problem = case.problem
    for one in case.plan.placements:
        group, site = problem.group[one.group], problem.site[one.site]
        if problem.rules_of(group.certificate).other_province:
            continue
        home = problem.prefecture[problem.institution[group.institution].prefecture].province
        if problem.prefecture[site.prefecture].province != home:
            yield Violation(
                "H18",
                N_("组 %(group)s 被安排到外省的站点 %(site)s，而规则不允许跨省。"),
                f"{one.group}/{one.site}",
                {"group": one.group, "site": site.name, "count": one.count},
            )
