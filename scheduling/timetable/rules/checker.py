"""Independent check of a plan: every violated hard constraint by its number, with what and where.

Shares no code with the solver: it reads the problem and the plan and recomputes. Numbers are those of the
scheduling model: H2 placed once or listed, H3 approval on the date, H4 seats of the room, H5 and H6 forms and
durations of rooms and stations with their turnaround, H7 order and gap, H8 no overlap of a person, H9 same
paper same start (stations have tasks, not papers), H10 one component in a room, H15 days and hours.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from scheduling.timetable.rules.plan import Plan, Session
from scheduling.timetable.rules.problem import Candidate, Place, Problem, Venue


@dataclass(frozen=True, kw_only=True)
class Violation:
    """One broken constraint."""

    code: str  # "H4"
    what: str  # in English, for the shell and the tests
    where: str  # the identifier it concerns


def violations(problem: Problem, plan: Plan) -> tuple[Violation, ...]:
    """All violations, sorted; empty for a valid plan (and for an empty problem with an empty plan)."""
    context = _Context(problem, plan)
    found = [
        *_placed_once(context),
        *_approved(context),
        *_seats(context),
        *_rooms(context),
        *_people(context),
        *_papers(context),
        *_hours(context),
    ]
    return tuple(sorted(set(found), key=lambda item: (int(item.code[1:]), item.where, item.what)))


class _Context:
    def __init__(self, problem: Problem, plan: Plan) -> None:
        self.problem, self.plan = problem, plan
        self.candidates: dict[str, Candidate] = {c.id: c for c in problem.candidates}
        self.sessions: dict[str, Session] = {s.key: s for s in plan.sessions}
        self.venues: dict[str, Venue] = {v.id: v for v in problem.venues}
        self.places: dict[str, Place] = {p.id: p for v in problem.venues for p in v.places}
        self.site_of = {p.candidate_id: p.site_id for p in plan.placements}
        self.seats_of: dict[str, list[str]] = defaultdict(list)
        for seat in plan.seats:
            self.seats_of[seat.candidate_id].append(seat.session_key)

    def day(self, minute: int) -> date:
        return self.problem.first_day + timedelta(minutes=minute)


def _placed_once(c: _Context) -> Iterator[Violation]:
    listed = {u.candidate_id for u in c.plan.unplaced}
    for candidate in c.problem.candidates:
        sat = sorted(c.sessions[key].part_id for key in c.seats_of[candidate.id] if key in c.sessions)
        wanted = sorted(candidate.part_ids)
        if candidate.id in listed:
            if sat:
                yield Violation(code="H2", what="listed as unplaced and seated", where=candidate.id)
        elif sat != wanted:
            yield Violation(code="H2", what=f"sits {len(sat)} of {len(wanted)} components once", where=candidate.id)
        sites = {c.sessions[key].site_id for key in c.seats_of[candidate.id] if key in c.sessions}
        if len(sites) > 1 or (sites and sites != {c.site_of.get(candidate.id)}):
            yield Violation(code="H2", what="more than one site, or not the site recorded", where=candidate.id)
    for candidate_id in c.seats_of.keys() - c.candidates.keys():
        yield Violation(code="H2", what="seated and not a candidate", where=candidate_id)


def _approved(c: _Context) -> Iterator[Violation]:
    schemes = {s.id: s for s in c.problem.schemes}
    for session in c.plan.sessions:
        venue, scheme, day = c.venues.get(session.site_id), schemes.get(session.scheme_id), c.day(session.start)
        fits = (
            venue is not None
            and scheme is not None
            and any(
                licence.certificate_id == scheme.certificate_id
                and scheme.level in licence.levels
                and licence.valid_from <= day <= licence.valid_to
                for licence in venue.licences
            )
        )
        if not fits:
            yield Violation(code="H3", what=f"site not approved on {day}", where=session.key)
        place = c.places.get(session.room_id)
        if (
            place is None
            or place.site_id != session.site_id
            or place.form is not session.form
            or (scheme is not None and place.certificate_ids and scheme.certificate_id not in place.certificate_ids)
        ):
            yield Violation(code="H3", what="room is not of this site, form or certificate", where=session.key)


def _seats(c: _Context) -> Iterator[Violation]:
    numbers: dict[str, list[int]] = defaultdict(list)
    for seat in c.plan.seats:
        numbers[seat.session_key].append(seat.seat_no)
        session = c.sessions.get(seat.session_key)
        if session is None or session.part_id != seat.part_id:
            yield Violation(code="H2", what="seat in no session of its component", where=seat.candidate_id)
    for key, seats in numbers.items():
        session = c.sessions.get(key)
        place = c.places.get(session.room_id) if session else None
        if place and len(seats) > place.usable:
            yield Violation(code="H4", what=f"{len(seats)} people on {place.usable} usable seats", where=key)
        if len(set(seats)) != len(seats) or min(seats) < 1 or (place and max(seats) > max(place.usable, len(seats))):
            yield Violation(code="H4", what="seat number double or outside the room", where=key)


def _rooms(c: _Context) -> Iterator[Violation]:
    rest = c.problem.hours.turnaround_minutes
    practical_rest = c.problem.hours.practical_turnaround_minutes
    parts = {part.id: part for scheme in c.problem.schemes for part in scheme.parts}
    uses: dict[str, list[tuple[int, int, str, int]]] = defaultdict(list)
    for session in c.plan.sessions:
        gap = practical_rest if session.form.practical else rest
        uses[session.room_id].append((session.start, session.end, session.key, gap))
        part = parts.get(session.part_id)
        if part is None or session.end - session.start != part.duration_minutes or part.form is not session.form:
            code = "H6" if session.form.practical else "H5"
            yield Violation(code=code, what="length or form is not the component's", where=session.key)
    for room, taken in c.problem.taken_rooms.items():
        uses[room] += [(t.start, t.end, "published", 0) for t in taken]
    for spans in uses.values():
        spans.sort()
        for (_, end, first, gap), (start, _, second, gap_after) in itertools.pairwise(spans):
            if start < end:
                yield Violation(code="H10", what=f"overlaps {first} in one room", where=second)
            elif start < end + max(gap, gap_after):
                yield Violation(code="H6", what=f"no turnaround after {first}", where=second)


def _people(c: _Context) -> Iterator[Violation]:
    hours = c.problem.hours
    order = {part.id: (scheme.id, part.seq) for scheme in c.problem.schemes for part in scheme.parts}
    spans: dict[str, list[tuple[int, int, str, str]]] = defaultdict(list)
    for candidate in c.problem.candidates:
        own = sorted((c.sessions[k] for k in c.seats_of[candidate.id] if k in c.sessions), key=lambda s: s.start)
        spans[candidate.person_id] += [(s.start, s.end, s.site_id, s.key) for s in own]
        for before, after in itertools.pairwise(own):
            if order.get(before.part_id, ("", 0)) > order.get(after.part_id, ("", 0)):
                yield Violation(code="H7", what="components out of order", where=candidate.id)
            elif before.end <= after.start < before.end + hours.gap_minutes:
                yield Violation(code="H7", what="gap between components too short", where=candidate.id)
    for person, taken in c.problem.taken_people.items():
        spans[person] += [(t.start, t.end, t.site_id, "published") for t in taken]
    for person, own_spans in spans.items():
        own_spans.sort()
        for (_, end, site, _), (start, _, next_site, _) in itertools.pairwise(own_spans):
            if start < end or (site != next_site and start < end + hours.travel_minutes):
                yield Violation(code="H8", what="overlap or no time to travel", where=person)


def _papers(c: _Context) -> Iterator[Violation]:
    start_of: dict[tuple[str, str], int] = {}
    for session in c.plan.sessions:
        if session.form.practical:
            continue
        if start_of.setdefault((session.part_id, session.version), session.start) != session.start:
            yield Violation(code="H9", what=f"version {session.version} starts at two times", where=session.key)


def _hours(c: _Context) -> Iterator[Violation]:
    hours = c.problem.hours
    for session in c.plan.sessions:
        index, opens = divmod(session.start, 1440)
        closes = opens + session.end - session.start
        venue = c.venues.get(session.site_id)
        if not 0 <= index < c.problem.days_count or (venue and c.day(session.start) in venue.closed_on):
            yield Violation(code="H15", what="outside the days of the batch, or the site is closed", where=session.key)
        length = closes - opens
        whole_day = length > max(hours.lunch_from - hours.opens, hours.closes - hours.lunch_to)
        lunch_free = closes <= hours.lunch_from or opens >= hours.lunch_to or whole_day
        if opens < hours.opens or closes > hours.closes or not lunch_free:
            yield Violation(code="H15", what="outside working hours", where=session.key)
