"""What keeps a group from a site whatever else is planned there: the travel limit, the province, approval, closures, rooms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from exam.kernel.errors import N_
from scheduling.planning.rules.demand import approved_slots, approves
from scheduling.planning.rules.naming import Names
from scheduling.planning.rules.problem import Accommodation, Component, Form, Group, Problem, Room, Site, Workshop


@dataclass(frozen=True)
class Sentence:
    """One sentence of an explanation: a msgid and what fills it; a fact in `labels` is itself a msgid."""

    message: str
    facts: Mapping[str, object] = field(default_factory=dict)
    labels: frozenset[str] = frozenset()


def obstacle(problem: Problem, names: Names, group: Group, site: Site, km: float, *, allowed: bool) -> Sentence | None:
    """The rule that forbids the site to a group, None if there is none. `allowed`: what :mod:`demand` says of it."""
    rules = problem.rules_of(group.certificate)
    if km > rules.travel_limit_km:
        what = N_("%(site)s（%(km)s 公里）超出行程上限 %(limit)s 公里。")
        return Sentence(what, {"limit": rules.travel_limit_km})
    home = problem.prefecture[problem.institution[group.institution].prefecture].province
    if not rules.other_province and problem.prefecture[site.prefecture].province != home:
        return Sentence(N_("%(site)s（%(km)s 公里）在外省，规则不允许跨省考试。"))
    if allowed:
        return None
    for part in problem.parts_of(group):
        found = _of_part(problem, names, group, site, part)
        if found is not None:
            return Sentence(found, {"component": names.component(group, part.id)})
    return Sentence(N_("%(site)s（%(km)s 公里）没有一个时段能容下全部科目。"))


def _of_part(problem: Problem, names: Names, group: Group, site: Site, part: Component) -> str | None:
    if not any(
        one.certificate == group.certificate and approves(one, group.level, part.form) for one in site.approvals
    ):
        return N_("%(site)s（%(km)s 公里）没有获批这个等级的“%(component)s”。")
    mask = approved_slots(problem, site, group.certificate, group.level, part.form)
    if not mask:
        return N_("%(site)s（%(km)s 公里）的资格不在考期内有效，考不了“%(component)s”。")
    places = places_of(site, group, part)
    if not places:
        if Accommodation.GROUND_FLOOR in group.accommodations:
            return N_("%(site)s（%(km)s 公里）没有一层的考场可考“%(component)s”。")
        return N_("%(site)s（%(km)s 公里）没有登记可考“%(component)s”的考场或工位。")
    if not any(
        mask >> number & 1 and slot.id not in site.closed and slot.id not in place.closed
        for place in places
        for number, slot in enumerate(problem.slots)
    ):
        return N_("%(site)s（%(km)s 公里）在考期内关闭，考不了“%(component)s”。")
    return None


def places_of(site: Site, group: Group, part: Component) -> list[Room | Workshop]:
    """The rooms or workshops of a site in which a group may sit a component."""
    ground = Accommodation.GROUND_FLOOR in group.accommodations
    if part.form is Form.PRACTICAL:
        found: list[Room | Workshop] = [one for one in site.workshops if one.certificate == group.certificate]
    else:
        found = [one for one in site.rooms if one.form is part.form]
    return [one for one in found if one.floor == 1 or not ground]
