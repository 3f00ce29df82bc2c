"""H17: pins hold and what is published stands, unless the site, the room or the person is lost."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

from exam.kernel.errors import N_
from scheduling.planning.rules import pins
from scheduling.planning.rules.changes import Changes
from scheduling.planning.rules.checking.case import Case, Held
from scheduling.planning.rules.checking.report import Violation, Violations
from scheduling.planning.rules.losses import pin_is_lost
from scheduling.planning.rules.plan import Plan
from scheduling.planning.rules.problem import Pin
from scheduling.planning.rules.teams import obstacle, pinned_duty, positions


def groups_pinned(case: Case) -> Violations:
    """At least so many members of a group sit where a pin wants them, but for those that the plan lists as unplaced."""
    placed: Counter[tuple[str, str]] = Counter()
    for one in case.plan.placements:
        placed[one.group, one.site] += one.count
    listed: Counter[str] = Counter()
    for left in case.plan.unplaced:
        listed[left.group] += left.count
    wanted = {pin.group for pin in pins.in_force(case.problem)}
    sits: Mapping[str, list[tuple[Held, int]]] = _seats(case, wanted)
    for pin in pins.in_force(case.problem):
        if pin.group is None or pin.person is not None or pin_is_lost(case.problem, pin):
            continue
        if pin.slot is None and pin.room is None and pin.component is None:
            count = placed[pin.group, pin.site or ""]
        else:
            count = _most_alike(pin, sits[pin.group])
        needed = pins.members_of(case.problem, pin)
        if count + listed[pin.group] < needed:
            what = N_("固定项 %(pin)s 要求组 %(group)s 有 %(needed)s 名考生在指定处，只有 %(count)s 名。")
            yield _broken(pin, what, {"group": pin.group, "needed": needed, "count": count})


def people_pinned(case: Case) -> Violations:
    """A person serves where a pin wants them, in the duty that it names, if there is a session that they may serve."""
    for pin in pins.in_force(case.problem):
        if pin.person is None or pin_is_lost(case.problem, pin):
            continue
        sessions = {held.session.id for held in case.held if _may_serve(case, pin, held)}
        serves = any(
            one.person == pin.person and pin.duty in (None, one.duty) and one.session in sessions
            for one in case.plan.assignments
        )
        if sessions and not serves:
            what = N_("固定项 %(pin)s 要求 %(person)s 在指定处执勤，计划中没有。")
            yield _broken(pin, what, {"person": pin.person})


def published_stands(case: Case, changed: Changes, moved_at_most: int) -> Violations:
    """Nobody whose site, room and slot are still there is moved; a repair may move so many that were agreed."""
    if changed.candidates_who_stood <= moved_at_most:
        return
    counts: Counter[int] = Counter()
    for group, count, stood in zip(changed.group.tolist(), changed.count.tolist(), changed.stood.tolist(), strict=True):
        counts[group] += count if stood else 0
    for number, count in sorted(counts.items()):
        if count:
            id = case.problem.groups[number].id
            what = N_("组 %(group)s 有 %(count)s 名考生的已公布安排被改动，而原安排仍然可行。")
            yield Violation("H17", what, id, {"group": id, "count": count})


def published_duties_stand(case: Case, previous: Plan) -> Violations:
    """Who was published for a session that is still held serves there, unless they are gone or cannot come any more.

    Still held: some of its groups sit in a session of the same component in the same place and slot.
    """
    there: dict[tuple[str, ...], list[Held]] = defaultdict(list)  # a workshop may hold several sessions at a time
    for held in case.held:
        one = held.session
        there[one.site, one.place, one.slot, one.component, one.certificate, one.level].append(held)
    serving = {(one.session, one.person) for one in case.plan.assignments}
    session = previous.session
    for duty in previous.assignments:
        old, person = session[duty.session], case.problem.person.get(duty.person)
        groups = {part.group for part in old.parts}
        spot = there.get((old.site, old.place, old.slot, old.component, old.certificate, old.level), ())
        sessions = [held for held in spot if any(part.group in groups for part in held.session.parts)]
        if not sessions or person is None or (person.available is not None and old.slot not in person.available):
            continue
        if not any((held.session.id, duty.person) in serving for held in sessions):
            held = sessions[0]
            what = N_("已公布 %(person)s 在场次 %(session)s 执勤，现被改动，而本人仍可到场。")
            facts: dict[str, str | int] = {"person": duty.person, "session": held.session.id}
            yield Violation("H17", what, duty.person, facts)


def _may_serve(case: Case, pin: Pin, held: Held) -> bool:
    """Whether a pin means a session, and its person may take a place in that team (H12 to H14)."""
    if not pinned_duty(case.problem, pin, held.session):
        return False
    person, duties = case.problem.person[pin.person or ""], positions(case.problem, held.session)
    wanted = [duty for duty in dict.fromkeys(duties) if pin.duty in (None, duty)]
    return any(obstacle(case.problem, person, held.session, duty) is None for duty in wanted)


def _seats(case: Case, wanted: set[str | None]) -> Mapping[str, list[tuple[Held, int]]]:
    """Pinned group -> the sessions it sits, with how many of its members."""
    found: dict[str, list[tuple[Held, int]]] = defaultdict(list)
    for held in case.held:
        for part in held.session.parts:
            if part.group in wanted:
                found[part.group].append((held, part.count))
    return found


def _most_alike(pin: Pin, sits: list[tuple[Held, int]]) -> int:
    """How many sit a component as a pin wants it (of the component it names, else of the one with the most)."""
    counts: Counter[str] = Counter()
    for held, count in sits:
        named = (
            (pin.site, held.site.id),
            (pin.slot, held.slot.id),
            (pin.room, held.place.id),
            (pin.component, held.session.component),
        )
        if all(said in (None, meant) for said, meant in named):
            counts[held.session.component] += count
    return max(counts.values(), default=0)


def _broken(pin: Pin, what: str, facts: dict[str, str | int]) -> Violation:
    return Violation("H17", what, pin.id, {"pin": pin.id, "author": pin.author, "reason": pin.reason} | facts)
