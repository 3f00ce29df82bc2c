"""H11 to H14: staff are in one place at a time and can come, judge no one of their own, and every team is complete.

A place in a team that the plan lists as open counts as told, as an unplaced candidate does; one that it hides does not.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import pairwise

from exam.kernel.errors import N_
from scheduling.planning.rules.checking.case import Case, Held
from scheduling.planning.rules.checking.report import Violation, Violations
from scheduling.planning.rules.plan import Assignment
from scheduling.planning.rules.problem import Duty
from scheduling.planning.rules.teams import (
    HEADS,
    MEMBERS,
    candidates_from,
    pause_minutes,
    qualified,
    team_size,
    ties,
    travel_minutes,
)


def one_place_at_a_time(case: Case) -> Violations:
    """H11: nobody serves twice in a slot, and between two sites on a day there is time to travel."""
    for person, sessions in _duties(case).items():
        for one, other in pairwise(sessions):
            facts: dict[str, str | int] = {"person": person, "one": one.where, "other": other.where}
            if one.slot.id == other.slot.id:
                yield Violation("H11", N_("%(person)s 同时在 %(one)s 和 %(other)s 执勤。"), person, facts)
            elif one.slot.day == other.slot.day:
                way = travel_minutes(case.problem, one.site.id, other.site.id)
                if way > pause_minutes(one.slot, other.slot):
                    what = N_("%(person)s 来不及从 %(one)s 赶到 %(other)s。")
                    yield Violation("H11", what, person, facts | {"minutes": round(way)})


def available(case: Case) -> Violations:
    """H11: nobody serves in a slot in which they cannot come, or more often than they may."""
    for person, sessions in _duties(case).items():
        record = case.problem.person[person]
        if record.available is not None:
            for held in sessions:
                if held.slot.id not in record.available:
                    what = N_("%(person)s 在时段 %(slot)s 不能执勤。")
                    facts: dict[str, str | int] = {"person": person, "slot": held.slot.id, "session": held.session.id}
                    yield Violation("H11", what, person, facts)
        if len(sessions) > record.most_sessions:
            facts = {"person": person, "count": len(sessions), "most": record.most_sessions}
            yield Violation("H11", N_("%(person)s 执勤 %(count)s 场，上限 %(most)s 场。"), person, facts)


def standby_free(case: Case) -> Violations:
    """H11: who is on standby waits at one site that day, serves nowhere, and can come on that day."""
    serving = {(person, held.slot.day) for person, sessions in _duties(case).items() for held in sessions}
    waits = Counter((one.person, one.day) for one in case.plan.standby)
    for (person, day), count in sorted(waits.items()):
        open_to = case.problem.person[person].available
        slots = [slot.id for slot in case.problem.slots if slot.day == day]
        can_come = open_to is None or any(slot in open_to for slot in slots)
        if count > 1 or (person, day) in serving or not can_come:
            yield Violation(
                "H11",
                N_("%(person)s 在 %(date)s 不能待命：当天另有任务，或不能来。"),
                person,
                {"person": person, "date": day.isoformat()},
            )


def no_conflict_of_interest(case: Case) -> Violations:
    """H12: nobody in a team comes from, or is related to, an institution of the session's candidates."""
    for assignment, held in _assigned(case):
        shared = ties(case.problem.person[assignment.person]) & candidates_from(case.problem, held.session)
        if shared:
            yield Violation(
                "H12",
                N_("%(person)s 与场次 %(session)s 的考生院校 %(institution)s 有利益关系。"),
                held.session.id,
                {
                    "person": assignment.person,
                    "session": held.session.id,
                    "institution": case.problem.institution[min(shared)].name,
                },
            )


def assessors_qualified(case: Case) -> Violations:
    """H13: who assesses holds the advanced level of the certificate on that day."""
    for assignment, held in _assigned(case):
        if not held.practical:
            continue
        if not qualified(case.problem.person[assignment.person], held.session.certificate, held.slot.day):
            yield Violation(
                "H13",
                N_("%(person)s 在 %(date)s 没有证书 %(certificate)s 的高级资格，不能考评。"),
                held.session.id,
                {
                    "person": assignment.person,
                    "date": held.slot.day.isoformat(),
                    "certificate": case.problem.certificate[held.session.certificate].name,
                    "session": held.session.id,
                },
            )


def duties_fit(case: Case) -> Violations:
    """H13, H14: a duty belongs to the form of the session and to those that the person may take."""
    for assignment, held in _assigned(case):
        fits = assignment.duty in (HEADS[held.component.form], MEMBERS[held.component.form])
        if not fits or assignment.duty not in case.problem.person[assignment.person].duties:
            yield Violation(
                _number(held),
                N_("%(person)s 不能在场次 %(session)s 担任所列职务。"),
                held.session.id,
                {"person": assignment.person, "session": held.session.id, "duty": assignment.duty.value},
            )


def teams_complete(case: Case) -> Violations:
    """H13, H14: enough people for the candidates, one of them the head or lead. Only where the problem has staff."""
    if not case.problem.staff and not case.plan.assignments:
        return
    teams: dict[str, Counter[Duty]] = defaultdict(Counter)
    for assignment in case.plan.assignments:
        teams[assignment.session][assignment.duty] += 1
    for one in case.plan.open_positions:
        teams[one.session][one.duty] += 1
    for held in case.held:
        team = teams[held.session.id]
        yield from _incomplete(case, held, team)


def _incomplete(case: Case, held: Held, team: Counter[Duty]) -> Violations:
    needed, heads = team_size(case.problem, held.session), team[HEADS[held.component.form]]
    facts: dict[str, str | int] = {
        "session": held.session.id,
        "needed": needed,
        "count": team.total(),
        "heads": heads,
        "candidates": held.count,
    }
    if team.total() < needed:
        what = (
            N_("场次 %(session)s 有 %(candidates)s 名考生，需要 %(needed)s 名考评员，只有 %(count)s 名。")
            if held.practical
            else N_("场次 %(session)s 有 %(candidates)s 名考生，需要 %(needed)s 名监考员，只有 %(count)s 名。")
        )
        yield Violation(_number(held), what, held.session.id, facts)
    if heads != 1 and (team.total() >= needed or heads > 1):
        what = (
            N_("场次 %(session)s 应有一名考评组长，现有 %(heads)s 名。")
            if held.practical
            else N_("场次 %(session)s 应有一名主监考，现有 %(heads)s 名。")
        )
        yield Violation(_number(held), what, held.session.id, facts)


def _number(held: Held) -> str:
    return "H13" if held.practical else "H14"


def _assigned(case: Case) -> list[tuple[Assignment, Held]]:
    return [(one, case.by_id[one.session]) for one in case.plan.assignments]


def _duties(case: Case) -> Mapping[str, list[Held]]:
    """Person -> the sessions they serve, in time."""
    found: dict[str, list[Held]] = defaultdict(list)
    for assignment, held in _assigned(case):
        found[assignment.person].append(held)
    number = case.problem.slot_number
    for sessions in found.values():
        sessions.sort(key=lambda held: (number[held.slot.id], held.session.id))
    return dict(sorted(found.items()))
