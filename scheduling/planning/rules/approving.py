"""Which sites to approve: what there is to choose from, and what must be covered (C02, H1).

A site that is approved already stands; a site that has applied may be chosen. Both count only where they hold on a day
of the period, for the level and forms that a candidate sits, and take as many candidates as they say, or as their rooms
and workshops hold when nothing else is examined there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from msgspec.structs import replace

from scheduling.planning.rules.approvals import Approvals, Uncovered, UncoveredReason
from scheduling.planning.rules.demand import Need, need_of, resources, uses_of
from scheduling.planning.rules.problem import Application, Approval, Form, Level, Problem


@dataclass(frozen=True, kw_only=True)
class Option:
    """A site that stands (`application` None) or can be chosen for a certificate."""

    site: str
    certificate: str
    application: str | None
    grants: tuple[tuple[tuple[Level, ...], tuple[Form, ...]], ...]
    capacity: int
    cost_km: float

    def takes(self, level: Level, forms: Collection[Form]) -> bool:
        """Whether somebody who sits these forms of a level may sit them there."""
        return all(
            any((not levels or level in levels) and (not kinds or form in kinds) for levels, kinds in self.grants)
            for form in forms
        )


def required_pairs(problem: Problem) -> frozenset[tuple[str, str]]:
    """(certificate, prefecture) where a pilot institution lies and nothing is waived."""
    waived = {(one.certificate, one.prefecture) for one in problem.waivers}
    found = {(one.certificate, problem.institution[one.institution].prefecture) for one in problem.pilots}
    return frozenset(found - waived)


def options(problem: Problem) -> tuple[Option, ...]:
    """What stands, then what can be chosen, in the order of sites and applications; only what holds in the period."""
    held = _Held(problem)
    standing: dict[tuple[str, str], list[Approval]] = defaultdict(list)
    for site in sorted(problem.sites, key=lambda one: one.id):
        for approval in site.approvals:
            if in_period(problem, approval):
                standing[site.id, approval.certificate].append(approval)
    found = [
        Option(
            site=site,
            certificate=certificate,
            application=None,
            grants=tuple((one.levels, one.forms) for one in own),
            capacity=held.count(site, certificate),
            cost_km=0.0,
        )
        for (site, certificate), own in sorted(standing.items())
    ]
    return tuple(found) + tuple(
        Option(
            site=one.site,
            certificate=one.certificate,
            application=one.id,
            grants=((one.levels, one.forms),),
            capacity=held.count(one.site, one.certificate) if one.capacity is None else one.capacity,
            cost_km=one.cost_km,
        )
        for one in sorted(problem.applications, key=lambda one: one.id)
        if in_period(problem, one)
    )


def in_period(problem: Problem, one: Approval | Application) -> bool:
    """Whether it holds on a day of the period."""
    return any(
        (one.valid_from is None or one.valid_from <= slot.day) and (one.valid_to is None or slot.day <= one.valid_to)
        for slot in problem.slots
    )


class _Held:
    """How many candidates of a certificate the rooms and workshops of a site hold; counted when first asked for."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem

    @cached_property
    def capacity(self) -> Mapping[tuple[str, str, str | None], int]:
        """(site, kind, certificate of a practical) -> candidates over the period."""
        return {
            (self.problem.sites[one.site].id, one.kind.value, one.certificate): one.capacity
            for one in resources(self.problem)
        }

    @cached_property
    def uses(self) -> Mapping[str, Mapping[str, float]]:
        """Certificate -> the most that one of its candidates takes of each kind."""
        found: dict[str, dict[str, float]] = defaultdict(dict)
        for need in sorted(dict.fromkeys(need_of(group) for group in self.problem.groups)):
            for kind, use in uses_of(self.problem, _plain(need)).items():
                own = found[need.certificate]
                own[kind.value] = max(own.get(kind.value, 0.0), use)
        return found

    def count(self, site: str, certificate: str) -> int:
        """Candidates; 0 where nobody sits the certificate."""
        own = self.uses.get(certificate, {})
        return min(
            (
                int(self.capacity.get((site, kind, certificate if kind == Form.PRACTICAL.value else None), 0) // use)
                for kind, use in own.items()
            ),
            default=0,
        )


def _plain(need: Need) -> Need:
    return Need(need.certificate, need.level, need.components, ())


def granted(problem: Problem, approvals: Approvals) -> Problem:
    """The problem as it stands when what is proposed has been approved; the other applications stay."""
    chosen = {one.application for one in approvals.approve}
    new: dict[str, list[Approval]] = defaultdict(list)
    for one in problem.applications:
        if one.id in chosen:
            new[one.site].append(
                Approval(
                    certificate=one.certificate,
                    levels=one.levels,
                    forms=one.forms,
                    valid_from=one.valid_from,
                    valid_to=one.valid_to,
                )
            )
    return replace(
        problem,
        sites=tuple(
            replace(site, approvals=(*site.approvals, *new[site.id])) if site.id in new else site
            for site in problem.sites
        ),
        applications=tuple(one for one in problem.applications if one.id not in chosen),
    )


def uncovered(problem: Problem, covered_pairs: Collection[tuple[str, str]]) -> Iterator[Uncovered]:
    """The pairs that nothing covers, each with its reason."""
    asked = {(one.certificate, problem.site[one.site].prefecture) for one in problem.applications}
    asked |= {(each.certificate, site.prefecture) for site in problem.sites for each in site.approvals}
    for certificate, prefecture in sorted(required_pairs(problem) - set(covered_pairs)):
        reason = (
            UncoveredReason.OTHER_DAYS if (certificate, prefecture) in asked else UncoveredReason.NO_APPLICANT
        )  # fmt: skip
        yield Uncovered(certificate=certificate, prefecture=prefecture, reason=reason)


def standing_pairs(problem: Problem) -> frozenset[tuple[str, str]]:
    """(certificate, prefecture) that a site covers which is approved already."""
    return frozenset(
        (each.certificate, site.prefecture)
        for site in problem.sites
        for each in site.approvals
        if in_period(problem, each)
    )


def gap_of(objective: float, bound: float) -> float:
    """(objective - bound) / objective; 0 where nothing costs anything."""
    return max(0.0, (objective - bound) / objective) if objective > 0 else 0.0
