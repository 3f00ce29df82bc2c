"""Teams: which places a session has, who may take them, and whether one person can serve twice on a day (H11-H14).

The place of the head (paper, computer) or the lead (practical) is one place, the others are alike; a person takes a place
only with that very duty among theirs. Travel is between two sites, at the speed of the problem's rules, on the great circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from scheduling.planning.rules.geometry import distance_km
from scheduling.planning.rules.plan import Assignment, OpenReason, Session
from scheduling.planning.rules.problem import Duty, Form, Person, Pin, Problem, Slot

HEADS: Mapping[Form, Duty] = {
    Form.PAPER: Duty.HEAD_INVIGILATOR,
    Form.COMPUTER: Duty.HEAD_INVIGILATOR,
    Form.PRACTICAL: Duty.LEAD_ASSESSOR,
}
MEMBERS: Mapping[Form, Duty] = {
    Form.PAPER: Duty.INVIGILATOR,
    Form.COMPUTER: Duty.INVIGILATOR,
    Form.PRACTICAL: Duty.ASSESSOR,
}


def form_of(problem: Problem, session: Session) -> Form:
    """The form of the session's component."""
    return problem.component[session.certificate, session.level, session.component].form


def team_size(problem: Problem, session: Session) -> int:
    """How many people a session needs, its head or lead among them (H13, H14)."""
    rules = problem.rules_of(session.certificate)
    if form_of(problem, session) is Form.PRACTICAL:
        return max(rules.assessors_per_session, -(-session.count // rules.candidates_per_assessor))
    return max(rules.invigilators_per_room, -(-session.count // rules.candidates_per_invigilator))


def positions(problem: Problem, session: Session) -> tuple[Duty, ...]:
    """The places of a session's team: one head or lead, then the others."""
    form = form_of(problem, session)
    return (HEADS[form], *[MEMBERS[form]] * (team_size(problem, session) - 1))


def candidates_from(problem: Problem, session: Session) -> frozenset[str]:
    """The institutions whose candidates sit in a session (H12)."""
    return frozenset(problem.group[part.group].institution for part in session.parts)


def ties(person: Person) -> frozenset[str]:
    """The institutions a person must not examine or watch: their own and those they are related to (H12)."""
    return frozenset((person.institution, *person.related))


def qualified(person: Person, certificate: str, day: date) -> bool:
    """Whether a person holds the advanced level of a certificate on a day (H13)."""
    return any(
        held.certificate == certificate
        and (held.valid_from is None or held.valid_from <= day)
        and (held.valid_to is None or day <= held.valid_to)
        for held in person.qualifications
    )


def may_take(problem: Problem, person: Person, session: Session, duty: Duty) -> bool:
    """Whether a person has the duty and, for a practical, the qualification on its day (H13, H14)."""
    if duty not in person.duties:
        return False
    if form_of(problem, session) is not Form.PRACTICAL:
        return True
    return qualified(person, session.certificate, problem.slot[session.slot].day)


def obstacle(problem: Problem, person: Person, session: Session, duty: Duty) -> tuple[OpenReason, str | None] | None:
    """What keeps a person from a place whatever else they do, and what it is about; None if nothing does (H11-H14)."""
    if not may_take(problem, person, session, duty):
        return OpenReason.NOBODY, None
    shared = ties(person) & candidates_from(problem, session)
    if shared:
        return OpenReason.CONFLICT, min(shared)
    if person.available is not None and session.slot not in person.available:
        return OpenReason.UNAVAILABLE, session.slot
    return None


def travel_minutes(problem: Problem, site: str, other: str) -> float:
    """How long the way between two sites takes."""
    if site == other:
        return 0.0
    here, there = problem.site[site], problem.site[other]
    return distance_km(here.lat, here.lon, there.lat, there.lon) / problem.rules.speed_km_per_hour * 60


def pause_minutes(slot: Slot, other: Slot) -> float:
    """The time between two slots, in either order; negative when they overlap."""
    earlier, later = sorted((slot, other), key=lambda one: one.starts)
    return (later.starts - earlier.ends).total_seconds() / 60


def can_serve_both(problem: Problem, session: Session, other: Session) -> bool:
    """Whether one person can serve in both: not at the same time, and the way fits between them (H11)."""
    pause = pause_minutes(problem.slot[session.slot], problem.slot[other.slot])
    return session.slot != other.slot and travel_minutes(problem, session.site, other.site) <= pause


def load_of(assignments: Iterable[Assignment]) -> dict[str, int]:
    """How many sessions each person serves who serves at all."""
    loads: dict[str, int] = {}
    for assignment in assignments:
        loads[assignment.person] = loads.get(assignment.person, 0) + 1
    return loads


def standby_needed(problem: Problem, places: int) -> int:
    """How many people wait at a site on a day on which its sessions have so many places."""
    return -(-places // problem.rules.positions_per_standby)


def pinned_duty(problem: Problem, pin: Pin, session: Session) -> bool:
    """Whether a pin puts its person into this session (H17): every field that it names agrees, and it has not expired."""
    if pin.person is None or (pin.expires is not None and problem.on is not None and pin.expires < problem.on):
        return False
    named = (
        (pin.site, session.site),
        (pin.room, session.place),
        (pin.slot, session.slot),
        (pin.component, session.component),
    )
    return pin.slot is not None and pin.site is not None and all(said in (None, meant) for said, meant in named)


def serving(sessions: Iterable[Session], assignments: Iterable[Assignment]) -> dict[str, list[Session]]:
    """The sessions of each person who serves, in the order of the assignments."""
    known = {session.id: session for session in sessions}
    found: dict[str, list[Session]] = {}
    for assignment in assignments:
        if assignment.session in known:
            found.setdefault(assignment.person, []).append(known[assignment.session])
    return found


def two_site_days(problem: Problem, sessions: Iterable[Session], assignments: Iterable[Assignment]) -> int:
    """How many times a person serves at several sites on one day."""
    sites: dict[tuple[str, date], set[str]] = {}
    for person, held in serving(sessions, assignments).items():
        for session in held:
            sites.setdefault((person, problem.slot[session.slot].day), set()).add(session.site)
    return sum(len(visited) > 1 for visited in sites.values())
