"""A plan: who goes where, when and with whom; what could not be placed and why; what is proven. The format ``kaowu-plan/1``.

The members of a group are counted from 0; a range (`first`, `count`) names some of them, so that a million candidates
take a few megabytes. Seats are not listed: they are drawn from the plan's seed (:mod:`seats`), the same every time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Final

from exam.kernel.errors import N_
from scheduling.planning.rules.problem import Count, Duty, Id, Level, Positive, Record

FORMAT: Final = "kaowu-plan/1"


class Status(StrEnum):
    """How far the solver came."""

    OPTIMAL = "optimal"  # the placement is proven best
    FEASIBLE = "feasible"  # everything stands, the bound says how far it may be from the best
    STOPPED = "stopped"  # time ran out or it was ended: the best so far


class UnplacedReason(StrEnum):
    """Why somebody has no place."""

    NO_SITE = "no_site"  # no site is approved for certificate, level and forms within the limits
    CAPACITY = "capacity"  # every site within the limits is full
    TIME = "time"  # seats would be there, but not in an order of slots that fits
    ACCOMMODATION = "accommodation"  # no room that the accommodation asks for
    PINNED = "pinned"  # a pin keeps the place away
    CLASH = "clash"  # the person's other exam leaves no slot
    NOT_REACHED = (
        "not_reached"  # the search was ended before it came to them; the facts name the site they were meant for
    )


class Kind(StrEnum):
    """What a placement uses up at a site."""

    PAPER = "paper"
    COMPUTER = "computer"
    PRACTICAL = "practical"  # of one certificate


KIND_LABELS: Final[Mapping[Kind, str]] = {
    Kind.PAPER: N_("纸笔座位"),
    Kind.COMPUTER: N_("机位"),
    Kind.PRACTICAL: N_("实操工位人次"),
}


class Placement(Record, frozen=True):
    """Members of a group who sit all their components at one site (H2)."""

    group: Id
    site: Id
    first: Count
    count: Positive


class Part(Record, frozen=True):
    """Members of a group in a session."""

    group: Id
    first: Count
    count: Positive


class Session(Record, frozen=True):
    """One component in one room or workshop in one slot."""

    id: Id
    site: Id
    place: Id  # a room or a workshop of the site
    slot: Id
    certificate: Id
    level: Level
    component: Id
    paper: Id  # the same paper starts at the same time everywhere (H9)
    parts: tuple[Part, ...]

    @property
    def count(self) -> int:
        """How many candidates."""
        return sum(part.count for part in self.parts)


class Unplaced(Record, frozen=True):
    """Members of a group without a place, for all their components, with the reason (H2)."""

    group: Id
    first: Count
    count: Positive
    reason: UnplacedReason
    facts: Mapping[str, str | int] = {}  # what the sentence names: site, date, short by how many


class Assignment(Record, frozen=True):
    """A person in the team of a session."""

    session: Id
    person: Id
    duty: Duty


class Standby(Record, frozen=True):
    """A person who waits at a site for a day in case somebody is ill."""

    site: Id
    day: date
    person: Id


class OpenReason(StrEnum):
    """Why a place in a team is open, and why one person cannot take it."""

    NOBODY = "nobody"  # nobody has the duty, or the qualification on that day (H13, H14)
    CONFLICT = "conflict"  # they come from, or are related to, an institution of the candidates (H12)
    UNAVAILABLE = "unavailable"  # they cannot come in that slot (H11)
    BUSY = "busy"  # they serve elsewhere in that slot (H11)
    TRAVEL = "travel"  # they serve at another site before or after, too far away (H11)
    LIMIT = "limit"  # they serve as often as they may
    STOPPED = "stopped"  # somebody could come, but the search was ended
    NOT_REACHED = "not_reached"  # the search was ended before it came to the place


class Out(Record, frozen=True):
    """Somebody with the duty and the qualification who cannot take the place."""

    person: Id
    reason: OpenReason
    because: Id | None = None  # the institution, the slot, or the session that keeps them away


class OpenPosition(Record, frozen=True):
    """A place in a team that nobody can take (H13, H14); `reason` is what keeps most of them away."""

    session: Id
    duty: Duty
    reason: OpenReason
    facts: Mapping[str, str | int] = {}  # what the sentence names: certificate, site, slot, how many for which reason
    out: tuple[Out, ...] = ()  # the nearest of those who would be qualified


class Price(Record, frozen=True):
    """What one more place of a resource would save, in kilometres (the dual value of its capacity)."""

    site: Id
    kind: Kind
    price: float
    certificate: Id | None = None  # of a practical


class Bound(Record, frozen=True):
    """A lower bound of the placement that anyone can verify: any prices >= 0 give one (Lagrange).

    ``sum over groups of count * min over allowed sites (km + prices used) - sum over resources of capacity * price``;
    a candidate without a place costs `unplaced_km`.
    """

    value: float
    unplaced_km: float
    prices: tuple[Price, ...]


class Objectives(Record, frozen=True):
    """What a plan costs, in the order in which it counts: an earlier one is never given up for a later one."""

    unplaced: Count
    changed: Count  # candidates whose place or time differs from what was published
    travel_km_sum: float
    travel_km_p95: float
    travel_km_max: float
    room_sessions: Count
    staff: Count
    overnight_stays: Count
    two_in_row: Count
    load_spread: Count  # sessions of the busiest minus those of the least busy person who serves
    two_site_days: Count  # people who serve at two sites on one day


class Plan(Record, frozen=True, dict=True):
    """The whole plan."""

    format: str
    problem_sha256: str
    seed: int
    status: Status
    placements: tuple[Placement, ...]
    sessions: tuple[Session, ...] = ()
    unplaced: tuple[Unplaced, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    standby: tuple[Standby, ...] = ()
    open_positions: tuple[OpenPosition, ...] = ()
    bound: Bound | None = None
    objectives: Objectives | None = None
    published: bool = False  # items of a published plan stand (H17)

    @cached_property
    def session(self) -> Mapping[str, Session]:
        return {session.id: session for session in self.sessions}
