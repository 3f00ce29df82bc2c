"""Pins of groups that want more of a room, of stations or of a whole site than there is (H4, H5, H6, H10, H17)."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations

from exam.kernel.errors import N_
from exam.kernel.errors import Problem as Fault
from scheduling.planning.rules import pins
from scheduling.planning.rules.capacity import stations_used, usable_seats
from scheduling.planning.rules.demand import need_of, resources, uses_of
from scheduling.planning.rules.plan import KIND_LABELS
from scheduling.planning.rules.problem import Level, Pin, Problem, Room, Workshop
from scheduling.planning.rules.telling import Faults, exam_of, names_of, of_pair, place_at


def crowded(problem: Problem, standing: Sequence[Pin], place: Mapping[str, str]) -> Faults:
    """Pins that together want a room for two exams, or more than a room, a workshop or a site holds."""
    yield from _same_room(problem, standing, place)
    yield from _same_stations(problem, standing, place)
    yield from _site_full(problem, standing, place)


def _same_room(problem: Problem, standing: Sequence[Pin], place: Mapping[str, str]) -> Faults:
    """Pins that want a room for two exams in one slot, or for more people together than it holds."""
    by_room: dict[tuple[str, str, str], list[Pin]] = defaultdict(list)
    for pin in standing:
        if pin.room is not None and pin.slot is not None:
            by_room[pin.site or "", pin.room, pin.slot].append(pin)
    for (site, id, slot), mine in sorted(by_room.items()):
        room = place_at(problem.site[site], id)
        if not isinstance(room, Room):
            continue
        clashes = [
            of_pair(
                one,
                other,
                place,
                N_(
                    "固定项 %(one)s（%(author)s：%(reason)s）与 %(other)s（%(other_author)s：%(other_reason)s）在时段 %(slot)s 为考场 %(room)s 固定了两个场次。"
                ),
                "two_sessions",
                room=id,
                slot=slot,
            )
            for one, other in combinations(mine, 2)
            if exam_of(problem, one) != exam_of(problem, other)
            and not (_mixes(problem, one) and _mixes(problem, other))
        ]
        yield from clashes
        seats = min(usable_seats(room, problem.rules_of(problem.group[one.group or ""].certificate)) for one in mine)
        total = sum(pins.members_of(problem, one) for one in mine)
        if not clashes and len(mine) > 1 and total > seats:
            yield Fault(
                message=N_("固定项 %(pins)s 在时段 %(slot)s 合计固定了 %(count)s 人，考场 %(room)s 只容 %(most)s 人。"),
                facts={"pins": names_of(mine), "slot": slot, "count": total, "room": id, "most": seats},
                field=place[mine[-1].id],
                way_out=N_("请减少其中的人数，或换用另一考场。"),
                code="more_than_room",
            )


def _same_stations(problem: Problem, standing: Sequence[Pin], place: Mapping[str, str]) -> Faults:
    """Pins that together want more stations of a workshop in one slot than it has (H6)."""
    by_shop: dict[tuple[str, str, str], list[Pin]] = defaultdict(list)
    for pin in standing:
        if pin.room is not None and pin.slot is not None and pin.component is not None:
            by_shop[pin.site or "", pin.room, pin.slot].append(pin)
    for (site, id, slot), mine in sorted(by_shop.items()):
        shop = place_at(problem.site[site], id)
        if not isinstance(shop, Workshop) or len(mine) < 2:
            continue
        by_exam: dict[tuple[str, str, str | None], int] = defaultdict(int)
        for pin in mine:
            by_exam[exam_of(problem, pin)] += pins.members_of(problem, pin)
        needed = 0
        for (certificate, level, component), count in sorted(by_exam.items(), key=str):
            part = problem.component[certificate, Level(level), component or ""]
            needed += stations_used(count, part, problem.slot[slot], problem.rules_of(certificate)) or 0
        if needed > shop.stations:
            yield Fault(
                message=N_("固定项 %(pins)s 在时段 %(slot)s 共需 %(count)s 个工位，%(room)s 只有 %(most)s 个。"),
                facts={"pins": names_of(mine), "slot": slot, "count": needed, "room": id, "most": shop.stations},
                field=place[mine[-1].id],
                way_out=N_("请减少其中的人数，或换用另一时段。"),
                code="more_than_room",
            )


def _site_full(problem: Problem, standing: Sequence[Pin], place: Mapping[str, str]) -> Faults:
    """Pins that together hold more people at a site than it can examine in the whole period (H4, H5, H6)."""
    held = pins.held(problem, standing)
    by_site: dict[str, list[Pin]] = defaultdict(list)
    for pin in standing:
        by_site[pin.site or ""].append(pin)
    if not standing:
        return
    for one in resources(problem):
        site = problem.sites[one.site]
        mine = [
            pin
            for pin in by_site.get(site.id, ())
            if one.certificate in (None, problem.group[pin.group or ""].certificate)
            and one.kind in uses_of(problem, need_of(problem.group[pin.group or ""]))
        ]
        groups = dict.fromkeys(pin.group or "" for pin in mine)
        wanted = sum(
            uses_of(problem, need_of(problem.group[group]))[one.kind]
            * min(held[group][site.id], problem.group[group].count)
            for group in groups
        )
        if wanted > one.capacity:
            yield Fault(
                message=N_(
                    "固定项 %(pins)s 合计要占用站点 %(site)s 的%(kind)s %(count)s 个，考期内一共只有 %(most)s 个。"
                ),
                facts={
                    "pins": names_of(mine),
                    "site": site.name,
                    "kind": KIND_LABELS[one.kind],
                    "count": math.ceil(wanted),
                    "most": one.capacity,
                },
                field=place[mine[-1].id],
                way_out=N_("请减少其中的人数，或换用另一站点。"),
                code="more_than_site",
            )


def _mixes(problem: Problem, pin: Pin) -> bool:
    return problem.rules_of(problem.group[pin.group or ""].certificate).mixing
