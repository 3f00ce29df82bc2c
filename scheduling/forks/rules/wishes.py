"""What may be asked: one thing that would be otherwise, as it is written down, and the problem that it makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from exam.kernel.errors import N_, Conflict, Invalid
from exam.kernel.errors import Problem as Fault
from scheduling.planning.rules import variants
from scheduling.planning.rules.problem import Form, Problem
from scheduling.planning.rules.serial import problem_sha256

MOST_MACHINES: Final = 1000
FARTHEST_KM: Final = 5000


class Variant(StrEnum):
    """The one thing that would be otherwise."""

    DAY = "day"
    MACHINES = "machines"
    CLOSED = "closed"
    PROVINCE = "province"
    LIMIT = "limit"
    SEED = "seed"


VARIANT_LABELS: Mapping[Variant, str] = {
    Variant.DAY: N_("多考一天"),
    Variant.MACHINES: N_("增加计算机"),
    Variant.CLOSED: N_("考点不用"),
    Variant.PROVINCE: N_("跨省安排"),
    Variant.LIMIT: N_("路程上限"),
    Variant.SEED: N_("换一个种子"),
}
ADOPTABLE = frozenset({Variant.PROVINCE, Variant.LIMIT, Variant.SEED})
"""Variants that stand for the records as they are; for the others the records have to change first."""


class NothingDiffers(Invalid):
    message = N_("这样问与现在的草案没有差别。")
    way_out = N_("请换一个数值。")


class RecordsChanged(Conflict):
    message = N_("编排草案之后，报名、考点、人员等记录有变化，不能采用这次试算。")
    way_out = N_("请重新编排，再试算一次。")


class DraftReplaced(Conflict):
    message = N_("这次试算以安排第 %(version)s 版为基础，它已不是现在的草案。")
    way_out = N_("请以现在的草案再试算一次。")


class RecordsFirst(Conflict):
    message = N_("这次试算改变了记录里的条件，不能直接采用。")
    way_out = N_("请先在记录里改好（考期、考场或考点），再重新编排。")


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is asked; what a variant does not need is left empty."""

    variant: Variant
    site: str = ""  # code
    room: str = ""  # code; empty: a room of its own
    seats: int = 0
    days: tuple[date, ...] = ()  # empty: altogether
    allowed: bool = True
    km: int = 0
    seed: int | None = None

    @property
    def key(self) -> str:
        """The same for the same question."""
        return "/".join(f"{name}={value}" for name, value in sorted(self.written().items()))

    def written(self) -> dict[str, Any]:
        """As it is stored: only what the variant needs."""
        own: dict[Variant, dict[str, Any]] = {
            Variant.DAY: {},
            Variant.MACHINES: {"site": self.site, "room": self.room, "seats": self.seats},
            Variant.CLOSED: {"site": self.site, "days": [day.isoformat() for day in sorted(set(self.days))]},
            Variant.PROVINCE: {"allowed": self.allowed},
            Variant.LIMIT: {"km": self.km},
            Variant.SEED: {"seed": self.seed},
        }
        return {"variant": str(self.variant), **own[self.variant]}


def read(written: Mapping[str, Any]) -> Wish:
    """A wish that was stored."""
    values = dict(written)
    days = tuple(date.fromisoformat(day) for day in values.pop("days", ()))
    return Wish(**{**values, "variant": Variant(values["variant"])}, days=days)


def require_sensible(problem: Problem, wish: Wish, seed: int) -> None:
    """Refuse a wish that names nothing or changes nothing; `seed`: of the draft.

    :raises Invalid: with the fields that are wrong
    :raises NothingDiffers: it asks for what there is
    """
    faults = _faults(problem, wish)
    if faults:
        raise Invalid(problems=faults)
    if wish.variant is Variant.SEED:
        if wish.seed == seed:
            raise NothingDiffers
    elif problem_sha256(varied(problem, wish)) == problem_sha256(problem):
        raise NothingDiffers


def _faults(problem: Problem, wish: Wish) -> Sequence[Fault]:
    found = []
    site = problem.site.get(wish.site)
    if wish.variant in (Variant.MACHINES, Variant.CLOSED) and site is None:
        found.append(Fault(field="site", message=N_("请选择本次安排用到的考点。"), code="site"))
    if wish.variant is Variant.MACHINES:
        if not 1 <= wish.seats <= MOST_MACHINES:
            message = N_("请填写 1 到 %(most)s 之间的台数。")
            found.append(Fault(field="seats", message=message, facts={"most": MOST_MACHINES}, code="seats"))
        rooms = {one.id for one in site.rooms if one.form is Form.COMPUTER} if site else set()
        if site and wish.room and wish.room not in rooms:
            found.append(Fault(field="site", message=N_("这个考点没有所选的机房。"), code="room"))
    if wish.variant is Variant.CLOSED and set(wish.days) - {slot.day for slot in problem.slots}:
        found.append(Fault(field="days", message=N_("所选的日期不在考期内。"), code="days"))
    if wish.variant is Variant.LIMIT and not 1 <= wish.km <= FARTHEST_KM:
        message = N_("请填写 1 到 %(most)s 之间的公里数。")
        found.append(Fault(field="km", message=message, facts={"most": FARTHEST_KM}, code="km"))
    return found


def varied(problem: Problem, wish: Wish) -> Problem:
    """The problem as it would be; a seed changes the search, not the problem."""
    match wish.variant:
        case Variant.DAY:
            return variants.one_more_day(problem)
        case Variant.MACHINES:
            return variants.more_machines(problem, wish.site, wish.seats, wish.room or None)
        case Variant.CLOSED:
            return variants.site_closed(problem, wish.site, wish.days)
        case Variant.PROVINCE:
            return variants.other_province(problem, allowed=wish.allowed)
        case Variant.LIMIT:
            return variants.travel_limit(problem, wish.km)
        case Variant.SEED:
            return problem


def on_the_terms_of(problem: Problem, draft: Problem) -> Problem:
    """A problem as the records stand, with the limits that the draft was made with: it may be an adopted what-if itself."""
    rules = draft.rules
    return variants.with_rules(problem, travel_limit_km=rules.travel_limit_km, other_province=rules.other_province)
