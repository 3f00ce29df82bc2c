"""Who serves where after a repair: the planner's teams, and around them the heads and the invigilators of practical rooms.

Everybody keeps their duties. Of those around the teams, the ones of a room that is held elsewhere go with it where they can;
only what is left open is asked of somebody else: who is there anyway first, then the nearest and the least busy.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from exam.sittings.rules import Duty
from scheduling.duties.rules import DUTY_OF, Examiner, Gap, GapReason, Post, in_conflict
from scheduling.planning.rules.plan import Plan
from scheduling.repairs.rules.standing import Service
from scheduling.timetable.rules.hours import CHINA

Span = tuple[datetime, datetime]


@dataclass(frozen=True, kw_only=True)
class Hall:
    """A room session to be served, as it is afterwards."""

    post: Post  # `session_id`: the room session
    key: str  # of the planner's session
    round_no: int
    fixed: bool  # past: nobody is touched


@dataclass(frozen=True, kw_only=True)
class Served:
    """Who serves afterwards, and what changes."""

    serving: Mapping[UUID, tuple[tuple[UUID, Duty], ...]]  # room session -> (examiner, duty)
    gone: tuple[Service, ...]
    new: tuple[tuple[UUID, UUID, Duty], ...]  # room session, examiner, duty
    missing: tuple[Gap, ...]  # around the teams


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Whom one may ask, and what they have promised elsewhere."""

    people: Mapping[UUID, Examiner]
    taken: Mapping[UUID, Sequence[Span]]  # for other batches
    ill: Mapping[UUID, Sequence[Span]]  # when somebody cannot come


def serve(
    halls: Sequence[Hall],
    services: Sequence[Service],
    keys: Mapping[UUID, str],
    before: Plan,
    after: Plan,
    pool: Pool,
) -> Served:
    """Work out who serves. `keys`: the planner's session of every room session there was, in the order of its rounds."""
    return _Desk(halls, services, keys, before, after, pool).served()


def teams_of(plan: Plan) -> dict[str, dict[UUID, Duty]]:
    """Key -> the planner's team."""
    found: dict[str, dict[UUID, Duty]] = defaultdict(dict)
    for one in plan.assignments:
        found[one.session][UUID(one.person)] = DUTY_OF[one.duty]
    return found


class _Desk:
    def __init__(
        self,
        halls: Sequence[Hall],
        services: Sequence[Service],
        keys: Mapping[UUID, str],
        before: Plan,
        after: Plan,
        pool: Pool,
    ) -> None:
        self.halls = sorted(halls, key=lambda one: (one.post.starts_at, one.key, one.round_no, one.post.session_id))
        self.hall = {one.post.session_id: one for one in halls}
        self.services, self.keys, self.pool = services, keys, pool
        self.before, self.after = teams_of(before), teams_of(after)
        self.serving: dict[UUID, dict[UUID, Duty]] = {one.post.session_id: {} for one in self.halls}
        self.times: dict[UUID, list[tuple[Span, UUID, UUID, Duty]]] = defaultdict(list)  # span, room session, site
        self.gone: list[Service] = []
        self.new: list[tuple[UUID, UUID, Duty]] = []
        self.missing: list[Gap] = []
        self.lacking: set[UUID] = set()  # halls that lost somebody around
        self.carried: dict[str, list[tuple[UUID, Duty]]] = defaultdict(list)  # of rooms that are closed

    def served(self) -> Served:
        self._keep()
        self._teams()
        for hall in self.halls:
            known = {one.room_id for one in self.services}
            if not hall.fixed and (hall.post.session_id not in known or hall.post.session_id in self.lacking):
                self._around(hall)
        return Served(
            serving={id: tuple(sorted(people.items())) for id, people in self.serving.items()},
            gone=tuple(self.gone),
            new=tuple(self.new),
            missing=tuple(self.missing),
        )

    def _keep(self) -> None:
        for one in sorted(self.services, key=lambda one: (str(one.room_id), one.duty, str(one.examiner_id))):
            hall, key = self.hall.get(one.room_id), self.keys[one.room_id]
            own = self.before.get(key, {}).get(one.examiner_id) == one.duty
            if hall is None:
                self.gone.append(one)
                if not own:
                    self.carried[key].append((one.examiner_id, one.duty))
            elif hall.fixed or (own and self.after.get(key, {}).get(one.examiner_id) == one.duty):
                self._put(hall, one.examiner_id, one.duty)
            elif own or self._is_ill(one.examiner_id, hall.post):
                self.gone.append(one)
                if not own:
                    self.lacking.add(one.room_id)
            else:
                self._put(hall, one.examiner_id, one.duty)

    def _teams(self) -> None:
        for hall in self.halls:
            if not hall.fixed:
                for examiner, duty in sorted(self.after.get(hall.key, {}).items()):
                    if examiner not in self.serving[hall.post.session_id]:
                        self._send(hall, examiner, duty)

    def _around(self, hall: Hall) -> None:
        """The head of the site, and in a practical room its invigilators."""
        id = hall.post.session_id
        if Duty.SITE_HEAD not in self.serving[id].values():
            head = self._head(hall)
            if head is None:
                self.missing.append(Gap(session_id=id, duty=Duty.SITE_HEAD, missing=1, reason=GapReason.BUSY))
            else:
                self._send(hall, head, Duty.SITE_HEAD)
        if hall.post.practical:
            here = sum(duty is Duty.INVIGILATOR for duty in self.serving[id].values())
            for _ in range(hall.post.invigilators_count - here):
                found = self._invigilator(hall)
                if found is None:
                    gap = hall.post.invigilators_count - sum(
                        duty is Duty.INVIGILATOR for duty in self.serving[id].values()
                    )
                    self.missing.append(Gap(session_id=id, duty=Duty.INVIGILATOR, missing=gap, reason=GapReason.BUSY))
                    break
                self._send(hall, found, Duty.INVIGILATOR)

    def _head(self, hall: Hall) -> UUID | None:
        """Who heads the site on that day already, else somebody who serves nowhere on it."""
        post = hall.post
        for other in self.halls:
            if (other.post.site_id, other.post.day) == (post.site_id, post.day):
                for examiner, duty in sorted(self.serving[other.post.session_id].items()):
                    if duty is Duty.SITE_HEAD and not self._is_ill(examiner, post):
                        return examiner
        before = [examiner for examiner, duty in self.carried[hall.key] if duty is Duty.SITE_HEAD]
        able = [*before, *self._by_nearness(post)]
        return next((id for id in able if self._may_head(id, post)), None)

    def _may_head(self, id: UUID, post: Post) -> bool:
        examiner = self.pool.people.get(id)
        busy = any(self._day(span, post) for span, *_ in self.times[id]) or any(
            self._day(span, post) for span in self.pool.taken.get(id, ())
        )
        return examiner is not None and examiner.may_head and not busy and self._can(examiner, post)

    def _invigilator(self, hall: Hall) -> UUID | None:
        post = hall.post
        before = [examiner for examiner, duty in self.carried[hall.key] if duty is Duty.INVIGILATOR]
        for id in [*before, *self._by_nearness(post)]:
            examiner = self.pool.people.get(id)
            if examiner is not None and examiner.may_invigilate and self._free(id, post) and self._can(examiner, post):
                return id
        return None

    def _by_nearness(self, post: Post) -> list[UUID]:
        """Who is at the site on that day first, then those of its prefecture, then the others; the least busy of each."""

        def rank(one: Examiner) -> tuple[bool, bool, bool, int, str]:
            there = any(site == post.site_id and self._day(span, post) for span, _, site, _ in self.times[one.id])
            near = one.prefecture_code == post.prefecture_code
            return not there, not near, bool(one.qualifications), len(self.times[one.id]), str(one.id)

        return [one.id for one in sorted(self.pool.people.values(), key=rank)]

    def _can(self, examiner: Examiner, post: Post) -> bool:
        away = post.day in examiner.away_on or self._is_ill(examiner.id, post)
        return examiner.active and not away and not in_conflict(examiner, post)

    def _free(self, id: UUID, post: Post) -> bool:
        """Not elsewhere at that time, nor at another site on that day, nor a head on it."""
        span = (post.starts_at, post.ends_at)
        if any(_overlap(span, other) for other in self.pool.taken.get(id, ())):
            return False
        return not any(
            _overlap(span, other) or (self._day(other, post) and (site != post.site_id or duty is Duty.SITE_HEAD))
            for other, _, site, duty in self.times[id]
        )

    def _day(self, span: Span, post: Post) -> bool:
        return span[0].astimezone(CHINA).date() == post.day

    def _is_ill(self, id: UUID, post: Post) -> bool:
        return any(_overlap((post.starts_at, post.ends_at), span) for span in self.pool.ill.get(id, ()))

    def _put(self, hall: Hall, examiner: UUID, duty: Duty) -> None:
        post = hall.post
        self.serving[post.session_id][examiner] = duty
        self.times[examiner].append(((post.starts_at, post.ends_at), post.session_id, post.site_id, duty))

    def _send(self, hall: Hall, examiner: UUID, duty: Duty) -> None:
        self._put(hall, examiner, duty)
        self.new.append((hall.post.session_id, examiner, duty))


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]
