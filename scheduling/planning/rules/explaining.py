"""Why a group is where it is, or why it has no place: nearer sites with what binds there, prices, bottlenecks.

Sentences are msgids with their facts. Prices are the plan's own dual values: what one more place of a resource would save
in kilometres over the whole plan. The bottleneck of who has no place is what they run into: the full resources of all sites
they may go to, and those of everybody who could make room for them there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from exam.kernel.errors import N_, NotFound
from scheduling.planning.rules.demand import Block, Need, demand, need_of
from scheduling.planning.rules.plan import KIND_LABELS, Kind, Plan, Unplaced, UnplacedReason
from scheduling.planning.rules.problem import Group, Problem, Site

NEARER: Final = 5
"""So many nearer sites are explained, the nearest first."""

REASON_LABELS: Final[Mapping[UnplacedReason, str]] = {
    UnplacedReason.NO_SITE: N_("没有站点获批这个证书、等级和形式，或都超出了行程限制"),
    UnplacedReason.CAPACITY: N_("能到的站点都已排满"),
    UnplacedReason.TIME: N_("还有座位，但科目的先后顺序排不出合适的时段"),
    UnplacedReason.ACCOMMODATION: N_("没有符合便利措施的考场"),
    UnplacedReason.PINNED: N_("被固定在没有空位的站点"),
    UnplacedReason.CLASH: N_("与本人的另一场考试冲突"),
}


class NoSuchGroup(NotFound):
    """A group that the problem does not have."""

    message = N_("问题文件中没有考生组 %(group)s。")
    way_out = N_("请检查编号。")


@dataclass(frozen=True)
class Sentence:
    """One sentence of an explanation: a msgid and what fills it; a fact in `labels` is itself a msgid."""

    message: str
    facts: Mapping[str, object]
    labels: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Bottleneck:
    """A resource with a price, by what one more of it would save."""

    site: str
    kind: Kind
    certificate: str | None
    capacity: int
    used: int
    saves_km: float


class Explainer:
    """A plan made ready for questions."""

    def __init__(self, problem: Problem, plan: Plan) -> None:
        self.problem, self.plan = problem, plan
        self.supply = demand(problem)
        self.block: dict[Need, Block] = {block.need: block for block in self.supply.blocks}
        self.row_of_lot = {
            int(lot): (block, row) for block in self.supply.blocks for row, lot in enumerate(block.lots.tolist())
        }
        self.lot_of = {problem.groups[group].id: lot for lot, group in enumerate(self.supply.group.tolist())}
        self.site_number = {site.id: number for number, site in enumerate(problem.sites)}
        self.at: dict[str, list[tuple[str, int]]] = defaultdict(list)
        self.used = np.zeros(len(self.supply.resources))
        self._count()
        named = {} if plan.bound is None else {(p.site, p.kind, p.certificate): p.price for p in plan.bound.prices}
        self.price = [
            named.get((problem.sites[one.site].id, one.kind, one.certificate), 0.0) for one in self.supply.resources
        ]

    def _count(self) -> None:
        places: dict[Need, dict[int, int]] = {}
        for one in self.plan.placements:
            need = need_of(self.problem.group[one.group])
            block = self.block[need]
            if need not in places:
                places[need] = {site: place for place, site in enumerate(block.sites.tolist())}
            self.at[one.group].append((one.site, one.count))
            place = places[need].get(self.site_number[one.site])
            if place is not None:
                self.used[block.rows[place]] += block.uses * one.count

    def why(self, group: str) -> tuple[Sentence, ...]:
        """Explain one group, in sentences that name sites, certificates and numbers."""
        if group not in self.problem.group:
            raise NoSuchGroup(group=group)
        found = self.problem.group[group]
        sentences = list(self._placed(found))
        for one in self.plan.unplaced:
            if one.group == group:
                sentences += self._unplaced(found, one)
        return tuple(sentences)

    def bottlenecks(self, most: int = 20) -> tuple[Bottleneck, ...]:
        """The resources whose next place would save most."""
        order = sorted(range(len(self.price)), key=lambda row: (-self.price[row], row))[:most]
        return tuple(
            Bottleneck(
                site=self.problem.sites[self.supply.resources[row].site].id,
                kind=self.supply.resources[row].kind,
                certificate=self.supply.resources[row].certificate,
                capacity=int(self.supply.capacity[row]),
                used=round(float(self.used[row])),
                saves_km=self.price[row],
            )
            for row in order
            if self.price[row] > 0
        )

    def _placed(self, group: Group) -> Iterator[Sentence]:
        block, row = self.row_of_lot[self.lot_of[group.id]]
        km = {int(site): float(block.km[row, place]) for place, site in enumerate(block.sites.tolist())}
        for site_id, count in self.at.get(group.id, []):
            number = self.site_number[site_id]
            here = km.get(number, float("inf"))
            facts: dict[str, object] = {**self._who(group), "count": count, "site": self.problem.sites[number].name}
            yield Sentence(
                N_("%(institution)s %(certificate)s的 %(count)s 人在%(site)s考试，距院校 %(km)s 公里。"),
                facts | {"km": _km(here)},
            )
            nearer = sorted((distance, site) for site, distance in km.items() if distance < here)
            if not nearer:
                yield Sentence(N_("这是能去的站点中最近的一个。"), {})
            for distance, site in nearer[:NEARER]:
                yield self._binding(self.problem.sites[site], block, site, distance)
            if len(nearer) > NEARER:
                yield Sentence(N_("另有 %(count)s 个更近的站点，情况相同。"), {"count": len(nearer) - NEARER})

    def _binding(self, site: Site, block: Block, number: int, km: float) -> Sentence:
        place = int(np.flatnonzero(block.sites == number)[0])
        rows = block.rows[place].tolist()
        full = [row for row in rows if self.used[row] + min(block.uses) > self.supply.capacity[row] + 1e-9]
        facts: dict[str, object] = {"site": site.name, "km": _km(km)}
        if not full:
            return Sentence(
                N_("更近的%(site)s（%(km)s 公里）按全期计算还有余量，但没有合适的时段，或是后来才空出的。"), facts
            )
        row = max(full, key=lambda one: (self.price[one], -one))
        resource = self.supply.resources[row]
        facts |= {
            "kind": KIND_LABELS[resource.kind],
            "used": round(float(self.used[row])),
            "capacity": int(self.supply.capacity[row]),
            "saved": _km(self.price[row]),
        }
        return Sentence(
            N_(
                "更近的%(site)s（%(km)s 公里）%(kind)s已满（%(used)s/%(capacity)s）；再多一个，总行程可减少 %(saved)s 公里。"
            ),
            facts,
            frozenset({"kind"}),
        )

    def _unplaced(self, group: Group, one: Unplaced) -> Iterator[Sentence]:
        yield Sentence(
            N_("%(institution)s %(certificate)s的 %(count)s 人没有安排：%(reason)s。"),
            {**self._who(group), "count": one.count, "reason": REASON_LABELS[one.reason]},
            frozenset({"reason"}),
        )
        if one.reason in {UnplacedReason.CAPACITY, UnplacedReason.TIME}:
            yield from self._cut(group)

    def _cut(self, group: Group) -> Iterator[Sentence]:
        """The full resources that the group and everybody who could make room for it run into."""
        rows = self._closed(need_of(group))
        if not rows:
            return
        by_kind: dict[tuple[Kind, str | None], list[int]] = defaultdict(list)
        for row in rows:
            by_kind[self.supply.resources[row].kind, self.supply.resources[row].certificate].append(row)
        for (kind, certificate), some in sorted(by_kind.items(), key=lambda item: (item[0][0], item[0][1] or "")):
            name = self.problem.certificate[certificate].name if certificate else ""
            yield Sentence(
                N_("瓶颈：%(sites)s 个站点的%(certificate)s%(kind)s合计 %(capacity)s，全部用完。"),
                {
                    "sites": len({self.supply.resources[row].site for row in some}),
                    "certificate": name,
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
            "institution": self.problem.institution[group.institution].name,
            "certificate": self.problem.certificate[group.certificate].name,
        }


def _km(value: float) -> str:
    return f"{value:.1f}"
