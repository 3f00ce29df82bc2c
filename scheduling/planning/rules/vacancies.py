"""Open places: who would be qualified, why each of them is out, and the sentence an officer reads (H11-H14)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from exam.kernel.errors import N_
from scheduling.planning.rules.geometry import distance_km
from scheduling.planning.rules.plan import OpenPosition, OpenReason, Out, Session
from scheduling.planning.rules.problem import Duty, Person, Problem
from scheduling.planning.rules.teams import can_serve_both, may_take, obstacle

LISTED: Final = 20
"""So many people are listed with an open place; all who were looked at are counted."""

SENTENCES: Final[Mapping[OpenReason, str]] = {
    OpenReason.NOBODY: N_("没有人具备这一职责或当日有效的考评员资格。"),
    OpenReason.CONFLICT: N_("就近查看的 %(looked)s 名具备资格者中，%(conflict)s 人与考生单位有关联，须回避。"),
    OpenReason.UNAVAILABLE: N_("就近查看的 %(looked)s 名具备资格者中，%(unavailable)s 人该时段不能到场。"),
    OpenReason.BUSY: N_("就近查看的 %(looked)s 名具备资格者中，%(busy)s 人该时段已有任务。"),
    OpenReason.TRAVEL: N_("就近查看的 %(looked)s 名具备资格者中，%(travel)s 人从另一站点来不及赶到。"),
    OpenReason.LIMIT: N_("就近查看的 %(looked)s 名具备资格者中，%(limit)s 人已达场次上限。"),
    OpenReason.STOPPED: N_("排班提前结束，还有 %(stopped)s 人可以担任。"),
    OpenReason.NOT_REACHED: N_("排班提前结束，还没有排到这个岗位。"),
}
"""What an officer reads beside an open place; its facts fill the sentence."""


def vacancy(
    problem: Problem,
    session: Session,
    duty: Duty,
    serving: Mapping[str, Sequence[Session]],
    people: Iterable[Person] | None = None,
) -> OpenPosition:
    """An open place with its reason; `serving` says where everybody serves, `people` whom to look at (None: all)."""
    site = problem.site[session.site]
    found: list[tuple[float, Out]] = []
    for person in problem.staff if people is None else people:
        if may_take(problem, person, session, duty):
            reason, because = _why(problem, person, session, duty, serving.get(person.id, ()))
            km = distance_km(person.lat, person.lon, site.lat, site.lon)
            found.append((km, Out(person=person.id, reason=reason, because=because)))
    found.sort(key=lambda one: (one[0], one[1].person))
    counts = Counter(one.reason for _, one in found)
    facts: dict[str, str | int] = {
        "certificate": problem.certificate[session.certificate].name,
        "site": site.name,
        "slot": session.slot,
        "looked": len(found),
    }
    facts |= {one.value: counts[one] for one in OpenReason if counts[one]}
    order = list(OpenReason)
    return OpenPosition(
        session=session.id,
        duty=duty,
        reason=max(order, key=lambda one: (counts[one], -order.index(one))),
        facts=facts,
        out=tuple(one for _, one in found[:LISTED]),
    )


def _why(
    problem: Problem, person: Person, session: Session, duty: Duty, serving: Sequence[Session]
) -> tuple[OpenReason, str | None]:
    kept = obstacle(problem, person, session, duty)
    if kept is not None:
        return kept
    for other in serving:
        if other.slot == session.slot:
            return OpenReason.BUSY, other.id
    for other in serving:
        if not can_serve_both(problem, session, other):
            return OpenReason.TRAVEL, other.id
    if len(serving) >= person.most_sessions:
        return OpenReason.LIMIT, None
    return OpenReason.STOPPED, None
