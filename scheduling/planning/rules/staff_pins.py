"""Pins of staff that contradict each other or cannot hold at all (H11, H13, H14, H17)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations

from exam.kernel.errors import N_
from scheduling.planning.rules.problem import Duty, Pin, Problem
from scheduling.planning.rules.teams import pause_minutes, travel_minutes
from scheduling.planning.rules.telling import Faults, of_one, of_pair, place_at

HEADS = (Duty.HEAD_INVIGILATOR, Duty.LEAD_ASSESSOR)


def of_staff(problem: Problem, standing: Sequence[Pin], place: Mapping[str, str]) -> Faults:
    """Every pin of staff that cannot hold, every pair that cannot hold together."""
    yield from _people_alone(problem, standing, place)
    yield from _same_person(problem, standing, place)
    yield from _two_heads(standing, place)


def _people_alone(problem: Problem, standing: Sequence[Pin], place: Mapping[str, str]) -> Faults:
    """Pins of staff that cannot hold whatever the others say."""
    for pin in standing:
        person, site = problem.person[pin.person or ""], problem.site[pin.site or ""]
        if person.available is not None and pin.slot not in person.available:
            what = N_("固定项 %(pin)s（%(author)s：%(reason)s）：%(person)s 在时段 %(slot)s 不能来。")
            yield of_one(pin, place, what, "unavailable", person=person.name, slot=pin.slot or "")
        if pin.slot in site.closed or (pin.room is not None and pin.slot in place_at(site, pin.room).closed):
            what = N_("固定项 %(pin)s（%(author)s：%(reason)s）：站点 %(site)s 或其考场在时段 %(slot)s 关闭。")
            yield of_one(pin, place, what, "closed", site=site.name, slot=pin.slot or "")
        if pin.duty is not None and pin.duty not in person.duties:
            what = N_("固定项 %(pin)s（%(author)s：%(reason)s）：%(person)s 不能担任该职务。")
            yield of_one(pin, place, what, "wrong_duty", person=person.name, duty=pin.duty.value)


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
                yield of_pair(one, other, place, what, "person_twice", person=id, slot=one.slot or "")
            elif not _can_travel(problem, one, other):
                what = N_(
                    "固定项 %(one)s（%(author)s：%(reason)s）与 %(other)s（%(other_author)s：%(other_reason)s）之间，%(person)s 来不及赶路。"
                )
                yield of_pair(one, other, place, what, "too_far", person=id)


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
                yield of_pair(one, other, place, what, "two_heads", room=one.room or "", slot=one.slot or "")


def _can_travel(problem: Problem, one: Pin, other: Pin) -> bool:
    here, there = problem.slot[one.slot or ""], problem.slot[other.slot or ""]
    way = travel_minutes(problem, one.site or "", other.site or "")
    return here.day != there.day or way <= pause_minutes(here, there)
