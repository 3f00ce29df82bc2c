"""A session moved by hand to another slot or room of its site: the plan that results, and what each choice would break.

The team goes with its session and the candidates stay together; the paper becomes the one that is sat at the new start
(H9), a new one where none is. What a choice breaks is told by the same constraints that check whole plans, on the part of
the plan that a move can touch: the sessions of the site, of the same component, of the team and of whoever is in several
groups. The plan that is kept in the end is checked whole (:func:`checking.check`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain

from msgspec.structs import replace

from scheduling.planning.rules.checking import Violation, placement, rooms, staff, travel
from scheduling.planning.rules.checking import stations as practical
from scheduling.planning.rules.checking.case import Case
from scheduling.planning.rules.checking.check import CONSTRAINTS, sites_cover
from scheduling.planning.rules.checking.report import HARD, Violations
from scheduling.planning.rules.objectives import objectives
from scheduling.planning.rules.plan import Plan, Session, Status
from scheduling.planning.rules.problem import Form, Problem, Room
from scheduling.planning.rules.serial import canonical_plan

_UNTOUCHED: frozenset[Callable[[Case], Violations]] = frozenset(
    {
        sites_cover,  # H1: no matter of the plan
        placement.placed_once,  # H2: who sits what, and at which site, stays
        placement.seated_once,
        placement.at_own_site,
        placement.parts_fit,
        rooms.right_room,  # only fitting places are tried
        practical.right_workshop,
        staff.no_conflict_of_interest,  # H12: the team and the candidates stay together
        staff.duties_fit,
        staff.teams_complete,
        travel.within_limit,  # H18
        travel.own_province,
    }
)
"""What moving a session within its site cannot break."""
_TOUCHED = tuple(one for one in CONSTRAINTS if one not in _UNTOUCHED)


@dataclass(frozen=True)
class Option:
    """A slot and a room or workshop that a session could go to, and the hard constraints that this would break."""

    slot: str
    place: str
    violations: tuple[Violation, ...]

    @property
    def possible(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.violations


def options(problem: Problem, plan: Plan, session_id: str) -> tuple[Option, ...]:
    """Every other slot and fitting place of the session's site, by time and place, each with what it would break."""
    session = plan.session[session_id]
    part = _part_of(problem, plan, session)
    before = set(map(_key, _violations(*part)))
    found = []
    for slot in problem.slots:
        for place in places_for(problem, session):
            if (slot.id, place) != (session.slot, session.place):
                tried = _violations(part[0], _with(part[1], _moved(problem, plan, session, slot.id, place)))
                new = tuple(one for one in tried if _key(one) not in before)
                found.append(Option(slot.id, place, new))
    return tuple(found)


def relocated(problem: Problem, plan: Plan, session_id: str, *, slot: str, place: str) -> Plan:
    """The plan with the session there; nothing is checked. What was proven of the placement holds on."""
    session = plan.session[session_id]
    made = _with(plan, _moved(problem, plan, session, slot, place))
    status = Status.FEASIBLE if plan.status is Status.STOPPED else plan.status
    return canonical_plan(replace(made, status=status, objectives=objectives(problem, made)))


def places_for(problem: Problem, session: Session) -> tuple[str, ...]:
    """The rooms of the component's form, or the workshops of the certificate, at the session's site."""
    site = problem.site[session.site]
    form = problem.component[session.certificate, session.level, session.component].form
    if form is Form.PRACTICAL:
        return tuple(sorted(one.id for one in site.workshops if one.certificate == session.certificate))
    return tuple(sorted(one.id for one in site.rooms if one.form is form))


def _moved(problem: Problem, plan: Plan, session: Session, slot: str, place: str) -> Session:
    if problem.slot[slot].starts == problem.slot[session.slot].starts:
        return replace(session, slot=slot, place=place)
    return replace(session, slot=slot, place=place, paper=_paper(problem, plan, session, slot))


def _paper(problem: Problem, plan: Plan, session: Session, slot: str) -> str:
    """What others sit of the component at this start; else a name that nobody has: the session's own, or the next letter."""
    starts = problem.slot[slot].starts
    key = session.certificate, session.level, session.component
    alike = [
        one for one in plan.sessions if one.id != session.id and (one.certificate, one.level, one.component) == key
    ]
    there = sorted(one.paper for one in alike if problem.slot[one.slot].starts == starts)
    if there:
        return there[0]
    taken = {one.paper for one in alike}
    if session.paper not in taken:
        return session.paper
    return next(name for name in _names(session.paper) if name not in taken)


def _names(last: str) -> list[str]:
    """A to Z, then the paper's own name with a number."""
    return [*map(chr, range(ord("A"), ord("Z") + 1)), *(f"{last}{number}" for number in range(2, 1000))]


def _with(plan: Plan, session: Session) -> Plan:
    return replace(plan, sessions=tuple(session if one.id == session.id else one for one in plan.sessions))


def _part_of(problem: Problem, plan: Plan, session: Session) -> tuple[Problem, Plan]:
    """What a move of the session can touch, as a problem and plan of its own."""
    people = {one.person for one in plan.assignments if one.session == session.id}
    served = {one.session for one in plan.assignments if one.person in people}
    several = {group.id for group in problem.groups if group.person is not None}
    key = session.certificate, session.level, session.component
    kept = tuple(
        one
        for one in plan.sessions
        if one.site == session.site
        or (one.certificate, one.level, one.component) == key
        or one.id in served
        or any(part.group in several for part in one.parts)
    )
    ids = {one.id for one in kept}
    groups = {part.group for one in kept for part in one.parts}
    small = replace(
        problem,
        groups=tuple(group for group in problem.groups if group.id in groups),
        pins=tuple(pin for pin in problem.pins if pin.group is None or pin.group in groups),
    )
    return small, replace(
        plan,
        placements=tuple(one for one in plan.placements if one.group in groups),
        unplaced=tuple(one for one in plan.unplaced if one.group in groups),
        sessions=kept,
        assignments=tuple(one for one in plan.assignments if one.session in ids),
        standby=tuple(one for one in plan.standby if one.person in people),
        open_positions=(),
    )


def _violations(problem: Problem, plan: Plan) -> list[Violation]:
    case = Case(problem, plan)
    found = list(chain.from_iterable(constraint(case) for constraint in _TOUCHED))
    return sorted(found, key=lambda one: (HARD.index(one.h), one.where, one.what))


def _key(one: Violation) -> tuple[str, str, str, str]:
    return one.h, one.what, one.where, repr(sorted(one.facts.items()))


def seats_in(problem: Problem, site: str, place: str) -> int:
    """Seats of a room, or stations of a workshop."""
    found = next(one for one in problem.site[site].places if one.id == place)
    return found.seats if isinstance(found, Room) else found.stations
