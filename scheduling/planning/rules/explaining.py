"""Why a group is where it is, or why it has no place: nearer sites with what binds there, prices, bottlenecks.

Sentences are msgids with their facts. Prices are the plan's own dual values: what one more place of a resource would save
in kilometres over the whole plan. The bottleneck of who has no place is what they run into: the full resources of all sites
they may go to, and those of everybody who could make room for them there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from exam.kernel.errors import N_, NotFound
from scheduling.planning.rules import pins
from scheduling.planning.rules.bottlenecks import NEARER, Bottleneck, bottlenecks, full_around
from scheduling.planning.rules.demand import need_of
from scheduling.planning.rules.keeping_away import Sentence, obstacle
from scheduling.planning.rules.naming import Names, PlainNames
from scheduling.planning.rules.plan import KIND_LABELS, Kind, Plan, UnplacedReason
from scheduling.planning.rules.problem import Group, Problem, Site
from scheduling.planning.rules.weighing import Weighed

REASON_LABELS: Final[Mapping[UnplacedReason, str]] = {
    UnplacedReason.NO_SITE: N_("没有站点获批这个证书、等级和形式，或都超出了行程限制"),
    UnplacedReason.CAPACITY: N_("能到的站点都已排满"),
    UnplacedReason.TIME: N_("还有座位，但科目的先后顺序排不出合适的时段"),
    UnplacedReason.ACCOMMODATION: N_("没有符合便利措施的考场"),
    UnplacedReason.PINNED: N_("被固定在没有空位的站点或时段"),
    UnplacedReason.CLASH: N_("与本人的另一场考试冲突"),
    UnplacedReason.NOT_REACHED: N_("求解提前结束，未及编排"),
}
WAYS_OUT: Final[Mapping[UnplacedReason, str]] = {
    UnplacedReason.NO_SITE: N_("请启用有这个证书资格的站点，或放宽行程限制后重新编排。"),
    UnplacedReason.CAPACITY: N_("请在下列瓶颈处增加考场、机位或工位，增加一天考期，或启用更多站点，再重新编排。"),
    UnplacedReason.TIME: N_("请增加一天考期，或另开一个考场，使前后两科能错开，再重新编排。"),
    UnplacedReason.ACCOMMODATION: N_("请在能到的站点登记符合要求的考场（例如一层），再重新编排。"),
    UnplacedReason.PINNED: N_("请撤销或放宽这一组的固定项，或在该处增加座位，再重新编排。"),
    UnplacedReason.CLASH: N_("请与考生商定放弃一场，或增加一天考期，再重新编排。"),
    UnplacedReason.NOT_REACHED: N_("请重新编排，并让它进行到底。"),
}


class NoSuchGroup(NotFound):
    """A group that the problem does not have."""

    message = N_("问题文件中没有考生组 %(group)s。")
    way_out = N_("请检查编号。")


@dataclass(frozen=True)
class Nearer:
    """A site that lies nearer than the one a group was given, and what keeps the group from it."""

    site: str
    km: float
    saves_km: float  # what one more place there would save over the whole plan
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True)
class Stay:
    """Members of a group at one site."""

    site: str
    count: int
    km: float
    pin: str | None  # the pin that holds some of them there
    nearer: tuple[Nearer, ...]  # the nearest first
    others: int  # nearer sites that are not named


@dataclass(frozen=True)
class Left:
    """Members of a group without a place."""

    count: int
    reason: UnplacedReason
    sentences: tuple[Sentence, ...]  # what they run into
    sites: tuple[Nearer, ...]  # the nearest sites of the certificate, and what keeps them from each


@dataclass(frozen=True)
class Explanation:
    """Everything about one group."""

    group: Group
    stays: tuple[Stay, ...]
    left: tuple[Left, ...]


class Explainer(Weighed):
    """A plan made ready for questions, in somebody's words."""

    def __init__(self, problem: Problem, plan: Plan, names: Names | None = None) -> None:
        super().__init__(problem, plan)
        self.names = names or PlainNames(problem)

    def speaking(self, names: Names) -> Explainer:
        """The same with other names; what was worked out is shared."""
        made = copy(self)
        made.names = names
        return made

    @cached_property
    def _pinned(self) -> Mapping[tuple[str, str], str]:
        """(group, site) -> the first pin that holds some there."""
        found: dict[tuple[str, str], str] = {}
        for pin in pins.in_force(self.problem):
            if pin.group is not None and pin.site is not None:
                found.setdefault((pin.group, pin.site), pin.id)
        return found

    def pin_at(self, group: str, site: str) -> str | None:
        """The pin that holds some of a group at a site."""
        return self._pinned.get((group, site))

    def nearer_count(self, group: Group, site: str) -> int:
        """How many sites of the group's certificate lie nearer than this one."""
        return sum(km < self.km(group, site) for km, _ in self.sites_of(group))

    # ---------------------------------------------------------------- one group

    def why(self, group: str) -> tuple[Sentence, ...]:
        """Explain one group, in sentences that name sites, certificates and numbers."""
        return tuple(self._said(self.explain(group)))

    def explain(self, group: str) -> Explanation:
        """Where a group sits and why not nearer; who of it has no place and why."""
        if group not in self.problem.group:
            raise NoSuchGroup(group=group)
        found = self.problem.group[group]
        stays = [self._stay(found, site, count) for site, count in self.at.get(group, {}).items()]
        counts: dict[UnplacedReason, int] = defaultdict(int)
        for one in self.plan.unplaced:
            if one.group == group:
                counts[one.reason] += one.count
        left = [self._left(found, reason, count) for reason, count in counts.items()]
        return Explanation(found, tuple(sorted(stays, key=lambda one: (one.km, one.site))), tuple(left))

    def travel(self) -> Sentence | None:
        """How far all candidates travel together, and what no plan can go below (the bound that anyone can verify)."""
        if self.plan.bound is None or self.plan.objectives is None:
            return None
        total = self.plan.objectives.travel_km_sum
        least = self.plan.bound.value - self.plan.bound.unplaced_km * self.plan.objectives.unplaced
        if least <= 0:
            return None  # more people are left out than the bound knows of: it says nothing about the others
        over = max(0.0, (1 - least / total) * 100)
        return Sentence(
            N_(
                "全部行程合计 %(total)s 公里；由各站点余量的价格可以证明，安排同样多的人，任何方案都不少于 %(least)s 公里（最多还能省 %(over)s）。"
            ),
            {"total": _km(total), "least": _km(least), "over": f"{over:.2f}%"},
        )

    def _said(self, found: Explanation) -> Iterator[Sentence]:
        for stay in found.stays:
            yield self._where(found.group, stay)
            if not stay.nearer:
                yield Sentence(N_("这是能去的站点中最近的一个。"), {})
            for one in stay.nearer:
                yield from one.sentences
            if stay.others:
                yield Sentence(N_("另有 %(count)s 个更近的站点，情况相同。"), {"count": stay.others})
        for left in found.left:
            yield self._without(found.group, left)
            yield from left.sentences

    def _where(self, group: Group, stay: Stay) -> Sentence:
        facts = {**self._who(group), "count": stay.count, "site": self.names.site(stay.site), "km": _km(stay.km)}
        return Sentence(N_("%(institution)s %(certificate)s的 %(count)s 人在%(site)s考试，距院校 %(km)s 公里。"), facts)

    def _without(self, group: Group, left: Left) -> Sentence:
        facts = {**self._who(group), "count": left.count, "reason": REASON_LABELS[left.reason]}
        what = N_("%(institution)s %(certificate)s的 %(count)s 人没有安排：%(reason)s。")
        return Sentence(what, facts, frozenset({"reason"}))

    def _stay(self, group: Group, site: str, count: int) -> Stay:
        here = self.km(group, site)
        nearer = [(km, at) for km, at in self.sites_of(group) if km < here]
        return Stay(
            site=site,
            count=count,
            km=here,
            pin=self._pinned.get((group.id, site)),
            nearer=tuple(self._nearer(group, at, km, site) for km, at in nearer[:NEARER]),
            others=max(0, len(nearer) - NEARER),
        )

    def _left(self, group: Group, reason: UnplacedReason, count: int) -> Left:
        cut = self._cut(group) if reason in {UnplacedReason.CAPACITY, UnplacedReason.TIME} else ()
        sites = tuple(self._nearer(group, at, km, None) for km, at in self.sites_of(group)[:NEARER])
        return Left(count, reason, tuple(cut), sites)

    def _nearer(self, group: Group, number: int, km: float, instead: str | None) -> Nearer:
        """What keeps a group from a site: a rule, a pin, or what is full there."""
        site = self.problem.sites[number]
        facts: dict[str, object] = {"site": self.names.site(site.id), "km": _km(km)}
        block = self.block[need_of(group)]
        (places,) = np.nonzero(block.sites == number)
        barred = obstacle(self.problem, self.names, group, site, km, allowed=bool(len(places)))
        if barred is not None:
            return Nearer(site.id, km, 0.0, (Sentence(barred.message, facts | dict(barred.facts), barred.labels),))
        if instead is not None and (pin := self._pinned.get((group.id, instead))):
            what = N_("更近的%(site)s（%(km)s 公里）：这一组由固定项 %(pin)s 固定在别处。")
            return Nearer(site.id, km, 0.0, (Sentence(what, facts | {"pin": pin}),))
        rows = block.rows[int(places[0])].tolist()
        full = [row for row in rows if self.used[row] + min(block.uses) > self.supply.capacity[row] + 1e-9]
        if not full:
            return Nearer(site.id, km, 0.0, tuple(self._not_full(group, site, facts, nearer=instead is not None)))
        row = max(full, key=lambda one: (self.price[one], -one))
        resource = self.supply.resources[row]
        facts |= {
            "kind": KIND_LABELS[resource.kind],
            "used": round(float(self.used[row])),
            "capacity": int(self.supply.capacity[row]),
            "saved": _km(self.price[row]),
        }
        what = (
            N_("%(site)s（%(km)s 公里）%(kind)s已满（%(used)s/%(capacity)s）；再多一个，总行程可减少 %(saved)s 公里。")
            if instead is None
            else N_(
                "更近的%(site)s（%(km)s 公里）%(kind)s已满（%(used)s/%(capacity)s）；再多一个，总行程可减少 %(saved)s 公里。"
            )
        )
        taken = self.filling.taken(self.names, site, resource.kind, resource.certificate)
        return Nearer(site.id, km, self.price[row], (Sentence(what, facts, frozenset({"kind"})), *taken))

    def _not_full(self, group: Group, site: Site, facts: Mapping[str, object], *, nearer: bool) -> Iterator[Sentence]:
        """Over the whole period there is room: what is missing is a slot after the component before, or there is a way."""
        _, stuck = self.filling.way(site, group)
        if stuck is not None:
            named = {**facts, "component": self.names.component(group, stuck.id)}
            yield Sentence(
                N_("更近的%(site)s（%(km)s 公里）“%(component)s”已排满：按科目的先后，能用的时段里没有空位。")
                if nearer
                else N_("%(site)s（%(km)s 公里）“%(component)s”已排满：按科目的先后，能用的时段里没有空位。"),
                named,
            )
        else:
            yield Sentence(
                N_("更近的%(site)s（%(km)s 公里）还排得下几个人，但整组排不下，或是后来才空出的。")
                if nearer
                else N_("%(site)s（%(km)s 公里）还排得下几个人，但整组排不下，或是后来才空出的。"),
                facts,
            )
        yield from self.filling.told(self.names, site, group)

    def _cut(self, group: Group) -> Iterator[Sentence]:
        """The full resources that the group and everybody who could make room for it run into."""
        by_kind: dict[tuple[Kind, str | None], list[int]] = defaultdict(list)
        for row in full_around(self, need_of(group)):
            by_kind[self.supply.resources[row].kind, self.supply.resources[row].certificate].append(row)
        for (kind, certificate), some in sorted(by_kind.items(), key=lambda item: (item[0][0], item[0][1] or "")):
            yield Sentence(
                N_("瓶颈：%(sites)s 个站点的%(certificate)s%(kind)s合计 %(capacity)s，全部用完。"),
                {
                    "sites": len({self.supply.resources[row].site for row in some}),
                    "certificate": self.names.certificate(certificate) if certificate else "",
                    "kind": KIND_LABELS[kind],
                    "capacity": int(sum(self.supply.capacity[row] for row in some)),
                },
                frozenset({"kind"}),
            )

    def bottlenecks(self, most: int = 20) -> tuple[Bottleneck, ...]:
        """The bottlenecks of the plan (:mod:`bottlenecks`)."""
        return bottlenecks(self, most)

    def _who(self, group: Group) -> dict[str, object]:
        return {
            "institution": self.names.institution(group.institution),
            "certificate": self.names.certificate(group.certificate),
        }


def _km(value: float) -> str:
    return f"{value:.1f}"
