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
from scheduling.planning.rules.demand import KIND, Block, Need, demand, distances, need_of
from scheduling.planning.rules.filling import Filling
from scheduling.planning.rules.keeping_away import Sentence, obstacle
from scheduling.planning.rules.naming import Names, PlainNames
from scheduling.planning.rules.plan import KIND_LABELS, Kind, Plan, UnplacedReason
from scheduling.planning.rules.problem import Group, Problem, Site

NEARER: Final = 5
"""So many nearer sites are explained, the nearest first."""

CONCERNED: Final = 8
"""So many groups are named that would go where one more place is worth most."""

MOST_LEFT: Final = 50
"""So many groups without a place are followed to what they run into, the largest first."""

REASON_LABELS: Final[Mapping[UnplacedReason, str]] = {
    UnplacedReason.NO_SITE: N_("没有站点获批这个证书、等级和形式，或都超出了行程限制"),
    UnplacedReason.CAPACITY: N_("能到的站点都已排满"),
    UnplacedReason.TIME: N_("还有座位，但科目的先后顺序排不出合适的时段"),
    UnplacedReason.ACCOMMODATION: N_("没有符合便利措施的考场"),
    UnplacedReason.PINNED: N_("被固定在没有空位的站点或时段"),
    UnplacedReason.CLASH: N_("与本人的另一场考试冲突"),
}
WAYS_OUT: Final[Mapping[UnplacedReason, str]] = {
    UnplacedReason.NO_SITE: N_("请启用有这个证书资格的站点，或放宽行程限制后重新编排。"),
    UnplacedReason.CAPACITY: N_("请在下列瓶颈处增加考场、机位或工位，增加一天考期，或启用更多站点，再重新编排。"),
    UnplacedReason.TIME: N_("请增加一天考期，或另开一个考场，使前后两科能错开，再重新编排。"),
    UnplacedReason.ACCOMMODATION: N_("请在能到的站点登记符合要求的考场（例如一层），再重新编排。"),
    UnplacedReason.PINNED: N_("请撤销或放宽这一组的固定项，或在该处增加座位，再重新编排。"),
    UnplacedReason.CLASH: N_("请与考生商定放弃一场，或增加一天考期，再重新编排。"),
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


@dataclass(frozen=True)
class Bottleneck:
    """A resource with a price, by what one more of it would save."""

    site: str
    kind: Kind
    certificate: str | None
    capacity: int
    used: int
    saves_km: float
    concerned: tuple[tuple[str, int, float], ...] = ()  # (group, how many sit farther away, by how many km)
    left: tuple[tuple[str, int], ...] = ()  # (group, how many have no place and run into this)


class Explainer:
    """A plan made ready for questions."""

    def __init__(self, problem: Problem, plan: Plan, names: Names | None = None) -> None:
        self.problem, self.plan = problem, plan
        self.names = names or PlainNames(problem)
        self.supply = demand(problem)
        self.block: dict[Need, Block] = {block.need: block for block in self.supply.blocks}
        self.distance = distances(problem)
        self.home = {one.id: number for number, one in enumerate(problem.institutions)}
        self.site_number = {site.id: number for number, site in enumerate(problem.sites)}
        self.approving: dict[str, list[int]] = defaultdict(list)
        for number, site in enumerate(problem.sites):
            for certificate in dict.fromkeys(one.certificate for one in site.approvals):
                self.approving[certificate].append(number)
        self.at: dict[str, dict[str, int]] = defaultdict(dict)
        self.used = np.zeros(len(self.supply.resources))
        self._count()
        named = {} if plan.bound is None else {(p.site, p.kind, p.certificate): p.price for p in plan.bound.prices}
        self.price = [
            named.get((problem.sites[one.site].id, one.kind, one.certificate), 0.0) for one in self.supply.resources
        ]

    def speaking(self, names: Names) -> Explainer:
        """The same with other names; what was worked out is shared."""
        made = copy(self)
        made.names = names
        return made

    def _count(self) -> None:
        places: dict[Need, dict[int, int]] = {}
        for one in self.plan.placements:
            need = need_of(self.problem.group[one.group])
            block = self.block[need]
            if need not in places:
                places[need] = {site: place for place, site in enumerate(block.sites.tolist())}
            mine = self.at[one.group]
            mine[one.site] = mine.get(one.site, 0) + one.count
            place = places[need].get(self.site_number[one.site])
            if place is not None:
                self.used[block.rows[place]] += block.uses * one.count

    @cached_property
    def filling(self) -> Filling:
        """What every room holds."""
        return Filling(self.problem, self.plan)

    @cached_property
    def _pinned(self) -> Mapping[tuple[str, str], str]:
        """(group, site) -> the first pin that holds some there."""
        found: dict[tuple[str, str], str] = {}
        for pin in pins.in_force(self.problem):
            if pin.group is not None and pin.site is not None:
                found.setdefault((pin.group, pin.site), pin.id)
        return found

    def km(self, group: Group, site: str) -> float:
        """How far a group's institution is from a site."""
        return float(self.distance[self.home[group.institution], self.site_number[site]])

    def pin_at(self, group: str, site: str) -> str | None:
        """The pin that holds some of a group at a site."""
        return self._pinned.get((group, site))

    def nearer_count(self, group: Group, site: str) -> int:
        """How many sites of the group's certificate lie nearer than this one."""
        return sum(km < self.km(group, site) for km, _ in self._sites(group))

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
        over = max(0.0, (total / least - 1) * 100)
        return Sentence(
            N_(
                "全部行程合计 %(total)s 公里；由各站点余量的价格可以证明，安排同样多的人，任何方案都不少于 %(least)s 公里（相差 %(over)s）。"
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
        nearer = [(km, at) for km, at in self._sites(group) if km < here]
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
        sites = tuple(self._nearer(group, at, km, None) for km, at in self._sites(group)[:NEARER])
        return Left(count, reason, tuple(cut), sites)

    def _sites(self, group: Group) -> list[tuple[float, int]]:
        """(km, site) of the sites that are approved for the certificate, the nearest first."""
        km = self.distance[self.home[group.institution]]
        return sorted((float(km[number]), number) for number in self.approving[group.certificate])

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

    # ---------------------------------------------------------------- bottlenecks

    def bottlenecks(self, most: int = 20) -> tuple[Bottleneck, ...]:
        """What people without a place run into, by how many; then the resources whose next place would save most."""
        runs = self._runs_into()
        order = sorted(
            (row for row in range(len(self.price)) if self.price[row] > 0 or row in runs),
            key=lambda row: (-sum(count for _, count in runs.get(row, ())), -self.price[row], row),
        )
        return tuple(
            Bottleneck(
                site=self.problem.sites[self.supply.resources[row].site].id,
                kind=self.supply.resources[row].kind,
                certificate=self.supply.resources[row].certificate,
                capacity=int(self.supply.capacity[row]),
                used=round(float(self.used[row])),
                saves_km=self.price[row],
                concerned=self._concerned(row),
                left=tuple(runs.get(row, ())),
            )
            for row in order[:most]
        )

    def _runs_into(self) -> dict[int, list[tuple[str, int]]]:
        """Resource -> the groups without a place that find no slot for a component of its kind at its site."""
        counts: dict[str, int] = defaultdict(int)
        for one in self.plan.unplaced:
            if one.reason in {UnplacedReason.CAPACITY, UnplacedReason.TIME}:
                counts[one.group] += one.count
        rows = {(one.site, one.kind, one.certificate): row for row, one in enumerate(self.supply.resources)}
        found: dict[int, list[tuple[str, int]]] = defaultdict(list)
        for id, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_LEFT]:
            group = self.problem.group[id]
            allowed = set(self.block[need_of(group)].sites.tolist())
            reachable = [at for _, at in self._sites(group) if at in allowed]
            for at in reachable[:NEARER]:
                _, stuck = self.filling.way(self.problem.sites[at], group)
                if stuck is not None:
                    kind = KIND[stuck.form]
                    row = rows.get((at, kind, group.certificate if kind is Kind.PRACTICAL else None))
                    if row is not None:
                        found[row].append((id, count))
        return found

    def _concerned(self, row: int) -> tuple[tuple[str, int, float], ...]:
        """Who may sit at the site of a resource, would use it, and sits farther away: (group, how many, km farther)."""
        site = self.supply.resources[row].site
        needs = {block.need for block in self.supply.blocks if row in block.rows[block.sites == site]}
        found = []
        for group, sites in self.at.items():
            one = self.problem.group[group]
            if need_of(one) not in needs:
                continue
            here = float(self.distance[self.home[one.institution], site])
            farther = [(count, self.km(one, at) - here) for at, count in sites.items() if self.km(one, at) > here]
            if farther:
                found.append((group, sum(count for count, _ in farther), max(km for _, km in farther)))
        return tuple(sorted(found, key=lambda one: (-one[1] * one[2], one[0]))[:CONCERNED])

    def _cut(self, group: Group) -> Iterator[Sentence]:
        """The full resources that the group and everybody who could make room for it run into."""
        by_kind: dict[tuple[Kind, str | None], list[int]] = defaultdict(list)
        for row in self._closed(need_of(group)):
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

    def _closed(self, need: Need) -> list[int]:
        """Full resources reached from a need: who uses them could only go where it is full as well."""
        full = self.used + 1 > self.supply.capacity + 1e-9
        users: dict[int, set[Need]] = defaultdict(set)
        for block in self.supply.blocks:
            for row in np.unique(block.rows).tolist():
                if full[row]:
                    users[row].add(block.need)
        seen, waiting, found = {need}, [need], set()
        while waiting and len(seen) < 200:
            block = self.block[waiting.pop()]
            for rows in block.rows.tolist():
                for row in rows:
                    if full[row] and row not in found:
                        found.add(row)
                        fresh = users[row] - seen if self.supply.resources[row].certificate else set()
                        seen |= fresh
                        waiting += sorted(fresh)
        return sorted(found)

    def _who(self, group: Group) -> dict[str, object]:
        return {
            "institution": self.names.institution(group.institution),
            "certificate": self.names.certificate(group.certificate),
        }


def _km(value: float) -> str:
    return f"{value:.1f}"
