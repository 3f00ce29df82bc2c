"""Pins that contradict each other or cannot hold at all, named with author and reason before anything is solved (H17)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import combinations

from exam.kernel.errors import N_
from exam.kernel.errors import Problem as Fault
from scheduling.planning.rules import pins
from scheduling.planning.rules.capacity import rounds, usable_seats
from scheduling.planning.rules.crowding import crowded
from scheduling.planning.rules.demand import allowed_sites, approved_slots, need_of
from scheduling.planning.rules.geometry import distance_km
from scheduling.planning.rules.problem import Component, Form, Group, Pin, Problem, Room, Site, Workshop
from scheduling.planning.rules.staff_pins import of_staff
from scheduling.planning.rules.teams import pause_minutes
from scheduling.planning.rules.telling import Faults, names_of, of_one, of_pair, place_at


def contradictions(problem: Problem) -> tuple[Fault, ...]:
    """Every pin that cannot hold, every pair that cannot hold together; expired ones are void. Places as in the file."""
    standing = pins.in_force(problem)
    place = {pin.id: f"pins[{number}]" for number, pin in enumerate(problem.pins)}
    groups, people = [one for one in standing if one.group], [one for one in standing if one.person]
    found = [
        *_alone(problem, groups, place),
        *_same_members(problem, groups, place),
        *crowded(problem, groups, place),
        *of_staff(problem, people, place),
    ]
    return tuple(found)


def _alone(problem: Problem, standing: Sequence[Pin], place: Mapping[str, str]) -> Faults:
    """Pins of groups that cannot hold whatever the others say."""
    needs = [need_of(problem.group[pin.group or ""]) for pin in standing]
    number = {site.id: number for number, site in enumerate(problem.sites)}
    allowed = {need: frozenset(sites.tolist()) for need, sites in allowed_sites(problem, dict.fromkeys(needs)).items()}
    for pin, need in zip(standing, needs, strict=True):
        group, site = problem.group[pin.group or ""], problem.site[pin.site or ""]
        members = pins.members_of(problem, pin)
        if members > group.count:
            what = N_("固定项 %(pin)s（%(author)s：%(reason)s）固定了 %(count)s 人，组 %(group)s 只有 %(size)s 人。")
            yield of_one(pin, place, what, "more_than_group", count=members, group=group.id, size=group.count)
        for what, code, facts in _obstacles(problem, pin, group, site, allowed=number[site.id] in allowed[need]):
            yield of_one(pin, place, what, code, site=site.name, group=group.id, **facts)


def _obstacles(
    problem: Problem, pin: Pin, group: Group, site: Site, *, allowed: bool
) -> Iterator[tuple[str, str, dict[str, object]]]:
    """(message, code, facts) of what keeps a group from the site, room and slot of a pin."""
    rules = problem.rules_of(group.certificate)
    school = problem.institution[group.institution]
    km = distance_km(school.lat, school.lon, site.lat, site.lon)
    home, there = (problem.prefecture[one.prefecture].province for one in (school, site))
    if km > rules.travel_limit_km or (not rules.other_province and home != there):
        what = N_("固定项 %(pin)s（%(author)s：%(reason)s）的站点 %(site)s 超出路程上限或在外省。")
        yield what, "out_of_reach", {"km": km}
    if not allowed:
        what = N_("固定项 %(pin)s（%(author)s：%(reason)s）的站点 %(site)s 没有资格，或没有开放的考场、工位。")
        yield what, "not_allowed", {}
        return
    if pin.component is None:
        return
    part = problem.component[group.certificate, group.level, pin.component]
    if pin.slot is not None:
        approved = approved_slots(problem, site, group.certificate, group.level, part.form)
        if not approved >> problem.slot_number[pin.slot] & 1:
            what = N_("固定项 %(pin)s（%(author)s：%(reason)s）：站点 %(site)s 在时段 %(slot)s 没有资格。")
            yield what, "not_approved", {"slot": pin.slot}
        if pin.slot in site.closed:
            what = N_("固定项 %(pin)s（%(author)s：%(reason)s）：站点 %(site)s 在时段 %(slot)s 关闭。")
            yield what, "closed", {"slot": pin.slot}
        elif not _leads(problem, group, site, pin):
            what = N_(
                "固定项 %(pin)s（%(author)s：%(reason)s）：%(component)s 固定在时段 %(slot)s 后，其他科目在站点 %(site)s 没有先后合适的时段。"
            )
            yield what, "no_way", {"slot": pin.slot, "component": part.id}
    if pin.room is not None:
        yield from _room_obstacles(problem, pin, group, site, part)


def _leads(problem: Problem, group: Group, site: Site, pin: Pin) -> bool:
    """Whether the other components find slots at the site before and after the one that is pinned (H7)."""
    gap = problem.rules_of(group.certificate).gap_minutes
    pinned = problem.component[group.certificate, group.level, pin.component or ""]
    at = problem.slot[pin.slot or ""]
    others = [part for part in problem.parts_of(group) if part.id != pinned.id]
    free = {part.id: approved_slots(problem, site, group.certificate, group.level, part.form) for part in others}
    end: datetime | None = None
    earlier = [part for part in others if part.order < pinned.order]
    for parts, last in (
        (earlier, at.starts - timedelta(minutes=gap)),
        ([p for p in others if p.order > pinned.order], None),
    ):
        end = end if last is not None else at.ends + timedelta(minutes=gap)
        for part in parts:
            fitting = [
                slot
                for number, slot in enumerate(problem.slots)
                if free[part.id] >> number & 1 and slot.id not in site.closed and (end is None or slot.starts >= end)
            ]
            if not fitting or (last is not None and fitting[0].ends > last):
                return False
            end = fitting[0].ends + timedelta(minutes=gap if _strict(parts, part) else 0)
    return True


def _strict(parts: Sequence[Component], part: Component) -> bool:
    """Whether a later one among these must keep the gap."""
    return any(other.order > part.order for other in parts)


def _room_obstacles(
    problem: Problem, pin: Pin, group: Group, site: Site, part: Component
) -> Iterator[tuple[str, str, dict[str, object]]]:
    room = place_at(site, pin.room or "")
    if (isinstance(room, Room) and room.form is not part.form) or (
        isinstance(room, Workshop) and (part.form is not Form.PRACTICAL or room.certificate != group.certificate)
    ):
        what = N_("固定项 %(pin)s（%(author)s：%(reason)s）：%(room)s 不能用于科目 %(component)s。")
        yield what, "wrong_room", {"room": room.id, "component": part.id}
        return
    if pin.slot is None:
        return
    if pin.slot in room.closed:
        what = N_("固定项 %(pin)s（%(author)s：%(reason)s）：%(room)s 在时段 %(slot)s 关闭。")
        yield what, "closed", {"room": room.id, "slot": pin.slot}
    most, members = _most(problem, room, pin.slot, group, part), pins.members_of(problem, pin)
    if members > most:
        what = N_("固定项 %(pin)s（%(author)s：%(reason)s）固定了 %(count)s 人，%(room)s 只容 %(most)s 人。")
        yield what, "more_than_room", {"room": room.id, "count": members, "most": most}


def _same_members(problem: Problem, standing: Sequence[Pin], place: Mapping[str, str]) -> Faults:
    """Pins that want the same members of a group in two places."""
    by_group: dict[str, list[Pin]] = defaultdict(list)
    for pin in standing:
        by_group[pin.group or ""].append(pin)
    for id, mine in sorted(by_group.items()):
        group = problem.group[id]
        clashes = []
        for one, other in combinations(mine, 2):
            both = pins.members_of(problem, one) + pins.members_of(problem, other)
            what = _clash(problem, group, one, other) if both > group.count else None
            if what is not None:
                clashes.append(of_pair(one, other, place, what[0], what[1], group=id, size=group.count, both=both))
        yield from clashes
        held = sum(pins.held(problem, mine).get(id, {}).values())
        if not clashes and held > group.count and len(mine) > 1:
            yield Fault(
                message=N_("固定项 %(pins)s 合计固定了 %(count)s 人，组 %(group)s 只有 %(size)s 人。"),
                facts={"pins": names_of(mine), "count": held, "group": id, "size": group.count},
                field=place[mine[-1].id],
                way_out=N_("请减少其中的人数，或撤销一项。"),
                code="more_than_group",
            )


def _clash(problem: Problem, group: Group, one: Pin, other: Pin) -> tuple[str, str] | None:
    """(message, code): why the same members cannot keep both pins; None if they can."""
    if one.site != other.site:
        return (
            N_(
                "固定项 %(one)s（%(author)s：%(reason)s）与 %(other)s（%(other_author)s：%(other_reason)s）把组 %(group)s 的同一批考生固定到两个站点。"
            ),
            "two_sites",
        )
    if one.component is None or other.component is None:
        return None
    if one.component == other.component:
        differ = (one.slot and other.slot and one.slot != other.slot) or (
            one.room and other.room and one.room != other.room
        )
        return (
            (
                N_(
                    "固定项 %(one)s（%(author)s：%(reason)s）与 %(other)s（%(other_author)s：%(other_reason)s）把组 %(group)s 的同一科目固定到两处。"
                ),
                "two_places",
            )
            if differ
            else None
        )
    if one.slot is None or other.slot is None or _in_order(problem, group, one, other):
        return None
    return (
        N_(
            "固定项 %(one)s（%(author)s：%(reason)s）与 %(other)s（%(other_author)s：%(other_reason)s）使组 %(group)s 的两个科目重叠或颠倒次序。"
        ),
        "wrong_order",
    )


def _in_order(problem: Problem, group: Group, one: Pin, other: Pin) -> bool:
    """Whether the same members can sit both components in the slots they are pinned to (H7, H8)."""
    parts = {pin.id: problem.component[group.certificate, group.level, pin.component or ""] for pin in (one, other)}
    first, second = sorted((one, other), key=lambda pin: problem.slot_number[pin.slot or ""])
    if first.slot == second.slot or parts[first.id].order > parts[second.id].order:
        return False
    pause = pause_minutes(problem.slot[first.slot or ""], problem.slot[second.slot or ""])
    gap = problem.rules_of(group.certificate).gap_minutes
    return parts[first.id].order == parts[second.id].order or pause >= gap


def _most(problem: Problem, room: Room | Workshop, slot: str, group: Group, part: Component) -> int:
    """How many candidates of a group a place holds in a slot."""
    rules = problem.rules_of(group.certificate)
    if isinstance(room, Room):
        return usable_seats(room, rules)
    return room.stations * rounds(part.minutes, problem.slot[slot], rules)
