"""What an accommodation (H16) means to the planner, and back: classes of groups, longer turns at a station, own ends.

Extra time lengthens a paper or computer component of its group inside the shared session. At a station one candidate follows
the other, so a longer turn is a component of its own there (``SKILL~25``: 25 percent longer), with its own minutes, stations
and rounds; nobody else's turn changes. The exam day knows it by the component's own code again.
"""

from __future__ import annotations

from exam.registration.rules import Measures
from scheduling.planning.rules.demand import extended_minutes
from scheduling.planning.rules.problem import Accommodation, Component, Form, Group, Level, Problem

_LONGER = "~"


def longer_turn(code: str, percent: int) -> str:
    """A practical component with longer turns."""
    return f"{code}{_LONGER}{percent}" if percent else code


def component_of(code: str) -> str:
    """The component itself, by its own code."""
    return code.partition(_LONGER)[0]


def class_of(measures: Measures) -> str:
    """The accommodation class, as a short part of a group's id; empty without one."""
    if not measures:
        return ""
    time = f"t{measures.extra_percent}" if measures.extra_percent else ""
    return f"h16-{time}{'r' if measures.own_room else ''}{'g' if measures.ground_floor else ''}"


def accommodations_of(measures: Measures) -> tuple[Accommodation, ...]:
    """The same in the planner's words, sorted."""
    return tuple(sorted(Accommodation(kind.value) for kind in measures.kinds))


def measures_of(group: Group) -> Measures:
    """What a plan does for the members of a group."""
    percent = group.extra_time_percent
    granted = group.accommodations
    return Measures(
        extra_percent=percent if isinstance(percent, int) and Accommodation.EXTRA_TIME in granted else 0,
        own_room=Accommodation.OWN_ROOM in granted,
        ground_floor=Accommodation.GROUND_FLOOR in granted,
    )


def minutes_of(problem: Problem, certificate: str, level: Level, code: str) -> int:
    """How long a component lasts for who is granted no extra time."""
    known = problem.component.get((certificate, level, component_of(code)))
    return (known or problem.component[certificate, level, code]).minutes


def more_minutes(problem: Problem, group: Group, component: Component) -> int:
    """How much longer a component, as the group sits it, lasts for its members."""
    own = minutes_of(problem, group.certificate, group.level, component.id)
    if component.form is Form.PRACTICAL:
        return component.minutes - own
    return extended_minutes(component, group, problem.rules_of(group.certificate)) - own
