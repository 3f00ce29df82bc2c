"""Pins that contradict each other or cannot hold at all, named with author and reason before anything is solved (H17)."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import combinations

from exam.kernel.errors import N_
from exam.kernel.errors import Problem as Fault
from scheduling.planning.rules import pins
from scheduling.planning.rules.capacity import rounds, stations_used, usable_seats
from scheduling.planning.rules.demand import allowed_sites, approved_slots, need_of, resources, uses_of
from scheduling.planning.rules.geometry import distance_km
from scheduling.planning.rules.plan import KIND_LABELS
from scheduling.planning.rules.problem import Component, Duty, Form, Group, Level, Pin, Problem, Room, Site, Workshop
from scheduling.planning.rules.teams import pause_minutes, travel_minutes

Faults = Iterator[Fault]
LET_GO = N_("请与两位决定人商定，撤销或修改其中一项。")
HEADS = (Duty.HEAD_INVIGILATOR, Duty.LEAD_ASSESSOR)


def contradictions(problem: Problem) -> tuple[Fault, ...]:
    """Every pin that cannot hold, every pair that cannot hold together; expired ones are void. Places as in the file."""
    standing = pins.in_force(problem)
    place = {pin.id: f"pins[{number}]" for number, pin in enumerate(problem.pins)}
    groups, people = [one for one in standing if one.group], [one for one in standing if one.person]
    found = [
        *_alone(problem, groups, place),
        *_same_members(problem, groups, place),
        *_same_room(problem, groups, place),
        *_same_stations(problem, groups, place),
        *_site_full(problem, groups, place),
        *_people_alone(problem, people, place),
        *_same_person(problem, people, place),
        *_two_heads(people, place),
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
            yield _one(pin, place, what, "more_than_group", count=members, group=group.id, size=group.count)
        for what, code, facts in _obstacles(problem, pin, group, site, allowed=number[site.id] in allowed[need]):
            yield _one(pin, place, what, code, site=site.name, group=group.id, **facts)


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
    room = _place(site, pin.room or "")
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
                clashes.append(_pair(one, other, place, what[0], what[1], group=id, size=group.count, both=both))
        yield from clashes
        held = sum(pins.held(problem, mine).get(id, {}).values())
        if not clashes and held > group.count and len(mine) > 1:
            yield Fault(
                message=N_("固定项 %(pins)s 合计固定了 %(count)s 人，组 %(group)s 只有 %(size)s 人。"),
                facts={"pins": _names(mine), "count": held, "group": id, "size": group.count},
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


def _same_room(problem: Problem, standing: Sequence[Pin], place: Mapping[str, str]) -> Faults:
    """Pins that want a room for two exams in one slot, or for more people together than it holds."""
    by_room: dict[tuple[str, str, str], list[Pin]] = defaultdict(list)
    for pin in standing:
        if pin.room is not None and pin.slot is not None:
            by_room[pin.site or "", pin.room, pin.slot].append(pin)
    for (site, id, slot), mine in sorted(by_room.items()):
        room = _place(problem.site[site], id)
        if not isinstance(room, Room):
            continue
        clashes = [
            _pair(
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
            if _exam(problem, one) != _exam(problem, other) and not (_mixes(problem, one) and _mixes(problem, other))
        ]
        yield from clashes
        seats = min(usable_seats(room, problem.rules_of(problem.group[one.group or ""].certificate)) for one in mine)
        total = sum(pins.members_of(problem, one) for one in mine)
        if not clashes and len(mine) > 1 and total > seats:
            yield Fault(
                message=N_("固定项 %(pins)s 在时段 %(slot)s 合计固定了 %(count)s 人，考场 %(room)s 只容 %(most)s 人。"),
                facts={"pins": _names(mine), "slot": slot, "count": total, "room": id, "most": seats},
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
        shop = _place(problem.site[site], id)
        if not isinstance(shop, Workshop) or len(mine) < 2:
            continue
        by_exam: dict[tuple[str, str, str | None], int] = defaultdict(int)
        for pin in mine:
            by_exam[_exam(problem, pin)] += pins.members_of(problem, pin)
        needed = 0
        for (certificate, level, component), count in sorted(by_exam.items(), key=str):
            part = problem.component[certificate, Level(level), component or ""]
            needed += stations_used(count, part, problem.slot[slot], problem.rules_of(certificate)) or 0
        if needed > shop.stations:
            yield Fault(
                message=N_("固定项 %(pins)s 在时段 %(slot)s 共需 %(count)s 个工位，%(room)s 只有 %(most)s 个。"),
                facts={"pins": _names(mine), "slot": slot, "count": needed, "room": id, "most": shop.stations},
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
                    "pins": _names(mine),
                    "site": site.name,
                    "kind": KIND_LABELS[one.kind],
                    "count": math.ceil(wanted),
                    "most": one.capacity,
                },
                field=place[mine[-1].id],
                way_out=N_("请减少其中的人数，或换用另一站点。"),
                code="more_than_site",
            )


def _people_alone(problem: Problem, standing: Sequence[Pin], place: Mapping[str, str]) -> Faults:
    """Pins of staff that cannot hold whatever the others say."""
    for pin in standing:
        person, site = problem.person[pin.person or ""], problem.site[pin.site or ""]
        if person.available is not None and pin.slot not in person.available:
            what = N_("固定项 %(pin)s（%(author)s：%(reason)s）：%(person)s 在时段 %(slot)s 不能来。")
            yield _one(pin, place, what, "unavailable", person=person.name, slot=pin.slot or "")
        if pin.slot in site.closed or (pin.room is not None and pin.slot in _place(site, pin.room).closed):
            what = N_("固定项 %(pin)s（%(author)s：%(reason)s）：站点 %(site)s 或其考场在时段 %(slot)s 关闭。")
            yield _one(pin, place, what, "closed", site=site.name, slot=pin.slot or "")
        if pin.duty is not None and pin.duty not in person.duties:
            what = N_("固定项 %(pin)s（%(author)s：%(reason)s）：%(person)s 不能担任该职务。")
            yield _one(pin, place, what, "wrong_duty", person=person.name, duty=pin.duty.value)


def _same_person(problem: Problem, standing: Sequence[Pin], place: Mapping[str, str]) -> Faults:
    """Pins that want a person in two places at once, or too far apart on a day."""
    by_person: dict[str, list[Pin]] = defaultdict(list)
    for pin in standing:
        by_person[pin.person or ""].append(pin)
    for id, mine in sorted(by_person.items()):
        for one, other in combinations(mine, 2):
            if one.slot == other.slot:
                rooms = one.room is not None and other.room is not None and one.room != other.room
                duties = one.duty is not None and other.duty is not None and one.duty != other.duty
                if one.site == other.site and not rooms and not duties:
                    continue
                what = N_(
                    "固定项 %(one)s（%(author)s：%(reason)s）与 %(other)s（%(other_author)s：%(other_reason)s）在同一时段把 %(person)s 固定到两处。"
                )
                yield _pair(one, other, place, what, "person_twice", person=id, slot=one.slot or "")
            elif not _can_travel(problem, one, other):
                what = N_(
                    "固定项 %(one)s（%(author)s：%(reason)s）与 %(other)s（%(other_author)s：%(other_reason)s）之间，%(person)s 来不及赶路。"
                )
                yield _pair(one, other, place, what, "too_far", person=id)


def _two_heads(standing: Sequence[Pin], place: Mapping[str, str]) -> Faults:
    """Pins that give one session two heads or two leads."""
    heads: dict[tuple[object, ...], list[Pin]] = defaultdict(list)
    for pin in standing:
        if pin.duty in HEADS and pin.room is not None:
            heads[pin.site, pin.room, pin.slot, pin.component or "", pin.duty].append(pin)
    for _, mine in sorted(heads.items(), key=lambda item: item[1][0].id):
        for one, other in combinations(mine, 2):
            if one.person != other.person:
                what = N_(
                    "固定项 %(one)s（%(author)s：%(reason)s）与 %(other)s（%(other_author)s：%(other_reason)s）为同一场次固定了两名负责人。"
                )
                yield _pair(one, other, place, what, "two_heads", room=one.room or "", slot=one.slot or "")


def _can_travel(problem: Problem, one: Pin, other: Pin) -> bool:
    here, there = problem.slot[one.slot or ""], problem.slot[other.slot or ""]
    way = travel_minutes(problem, one.site or "", other.site or "")
    return here.day != there.day or way <= pause_minutes(here, there)


def _exam(problem: Problem, pin: Pin) -> tuple[str, str, str | None]:
    group = problem.group[pin.group or ""]
    return group.certificate, group.level.value, pin.component


def _mixes(problem: Problem, pin: Pin) -> bool:
    return problem.rules_of(problem.group[pin.group or ""].certificate).mixing


def _place(site: Site, id: str) -> Room | Workshop:
    return next(one for one in site.places if one.id == id)


def _most(problem: Problem, room: Room | Workshop, slot: str, group: Group, part: Component) -> int:
    """How many candidates of a group a place holds in a slot."""
    rules = problem.rules_of(group.certificate)
    if isinstance(room, Room):
        return usable_seats(room, rules)
    return room.stations * rounds(part.minutes, problem.slot[slot], rules)


def _names(mine: Iterable[Pin]) -> str:
    return "、".join(f"{pin.id}（{pin.author}：{pin.reason}）" for pin in mine)


def _one(pin: Pin, place: Mapping[str, str], what: str, code: str, **facts: object) -> Fault:
    return Fault(
        message=what,
        facts={"pin": pin.id, "author": pin.author, "reason": pin.reason} | facts,
        field=place[pin.id],
        way_out=N_("请撤销或修改这一固定项。"),
        code=code,
    )


def _pair(one: Pin, other: Pin, place: Mapping[str, str], what: str, code: str, **facts: object) -> Fault:
    named = {
        "one": one.id,
        "author": one.author,
        "reason": one.reason,
        "other": other.id,
        "other_author": other.author,
        "other_reason": other.reason,
        "other_place": place[other.id],
    }
    return Fault(message=what, facts=named | facts, field=place[one.id], way_out=LET_GO, code=code)
