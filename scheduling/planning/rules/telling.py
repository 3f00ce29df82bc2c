"""How contradictions of pins are told: with the pins' numbers, authors and reasons, and their place in the file (H17)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from exam.kernel.errors import N_
from exam.kernel.errors import Problem as Fault
from scheduling.planning.rules.problem import Pin, Problem, Room, Site, Workshop

Faults = Iterator[Fault]
LET_GO = N_("请与两位决定人商定，撤销或修改其中一项。")


def exam_of(problem: Problem, pin: Pin) -> tuple[str, str, str | None]:
    """What a pin of a group is about: certificate, level, component."""
    group = problem.group[pin.group or ""]
    return group.certificate, group.level.value, pin.component


def place_at(site: Site, id: str) -> Room | Workshop:
    """A room or workshop of a site."""
    return next(one for one in site.places if one.id == id)


def names_of(mine: Iterable[Pin]) -> str:
    """Several pins in a row of words."""
    return "、".join(f"{pin.id}（{pin.author}：{pin.reason}）" for pin in mine)


def of_one(pin: Pin, place: Mapping[str, str], what: str, code: str, **facts: object) -> Fault:
    """A pin that cannot hold by itself."""
    return Fault(
        message=what,
        facts={"pin": pin.id, "author": pin.author, "reason": pin.reason} | facts,
        field=place[pin.id],
        way_out=N_("请撤销或修改这一固定项。"),
        code=code,
    )


def of_pair(one: Pin, other: Pin, place: Mapping[str, str], what: str, code: str, **facts: object) -> Fault:
    """Two pins that cannot hold together."""
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
