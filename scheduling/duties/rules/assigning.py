"""Sends people to what stands around the teams of the planner: a head per site and day, invigilators to practical rooms.

The planner staffs written rooms and assessors; who serves here is not available to it. Hard: nobody in two places (H11), one
site a day, nobody in conflict (H12), the numbers of H14. Soft: near first, then those who have served least; a half day in one
place is kept together, assessors are spared. Same posts, pool and seed give the same roster.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from random import Random
from uuid import UUID

from exam.sittings.rules import Duty
from scheduling.duties.rules.records import Assignment, Examiner, Gap, GapReason, Occupied, Post, Roster

_HALF_DAY_MINUTES = 240
_TRIES = 4

Nearness = Callable[[str, str], float]  # two prefecture codes -> how far apart
Counted = Callable[[int, int], None]  # told how many posts are filled of how many, over all tries


def assign(
    posts: Sequence[Post],
    pool: Sequence[Examiner],
    seed: int,
    *,
    day_minutes_limit: int,
    occupied: Mapping[UUID, Iterable[Occupied]] | None = None,
    apart: Nearness = lambda here, there: 0.0 if here == there else 1.0,
    progress: Counted = lambda done, total: None,
) -> Roster:
    """Send heads to the posts and invigilators to the practical ones; of a few drawn orders keep the one that leaves the
    fewest positions empty. `day_minutes_limit`: of duty, per person and day."""
    best: Roster | None = None
    for number in range(_TRIES):
        desk = _Desk(posts, pool, day_minutes_limit, Random(f"{seed}:{number}"), occupied or {}, apart)
        attempt = desk.roster(_of_try(progress, number, len(posts)))
        if best is None or _missing(attempt) < _missing(best):
            best = attempt
        if not best.gaps:
            break
    assert best is not None
    progress(len(posts), len(posts))
    return best


def _of_try(progress: Counted, number: int, posts_count: int) -> Callable[[int], None]:
    return lambda done: progress(number * posts_count + done, _TRIES * posts_count)


def _missing(roster: Roster) -> int:
    return sum(gap.missing for gap in roster.gaps)


class _Desk:
    """One try: hands out positions and keeps the books."""

    def __init__(
        self,
        posts: Sequence[Post],
        pool: Sequence[Examiner],
        day_minutes_limit: int,
        random: Random,
        occupied: Mapping[UUID, Iterable[Occupied]],
        apart: Nearness,
    ) -> None:
        self.posts = sorted(posts, key=lambda post: (post.day, post.starts_at, post.site_id, post.room_id))
        self.pool = sorted((examiner for examiner in pool if examiner.active), key=lambda examiner: examiner.id)
        self.day_minutes_limit, self.apart = day_minutes_limit, apart
        self.draw = {examiner.id: random.random() for examiner in self.pool}
        self.minutes: dict[UUID, int] = defaultdict(int)
        self.minutes_on: dict[tuple[UUID, date], int] = defaultdict(int)
        self.site_on: dict[tuple[UUID, date], UUID] = {}
        self.times: dict[UUID, list[tuple[datetime, datetime]]] = defaultdict(list)
        self.heads_on: set[tuple[UUID, date]] = set()
        self.assignments: list[Assignment] = []
        self.gaps: list[Gap] = []
        for examiner_id, spans in occupied.items():
            for span in spans:
                self.site_on[examiner_id, span.day] = span.site_id
                self.times[examiner_id].append((span.starts_at, span.ends_at))

    def roster(self, filled: Callable[[int], None]) -> Roster:
        """Fill everything, and tell after each post."""
        self._heads()
        able = [examiner for examiner in self.pool if examiner.may_invigilate]
        for number, post in enumerate(self.posts, start=1):
            if post.practical:
                self._fill(post, Duty.INVIGILATOR, post.invigilators_count, able)
            filled(number)
        return Roster(assignments=tuple(self.assignments), gaps=tuple(self.gaps))

    def _heads(self) -> None:
        days: dict[tuple[date, UUID], list[Post]] = defaultdict(list)
        for post in self.posts:
            days[post.day, post.site_id].append(post)
        able = [examiner for examiner in self.pool if examiner.may_head]
        for (day, site_id), posts in days.items():
            free = [
                examiner
                for examiner in able
                if day not in examiner.away_on
                and (examiner.id, day) not in self.site_on
                and not any(_related(examiner, post) for post in posts)
            ]
            if not free:
                reason = GapReason.BUSY if able else GapReason.NOBODY
                self.gaps += [
                    Gap(session_id=p.session_id, duty=Duty.SITE_HEAD, missing=1, reason=reason) for p in posts
                ]
                continue
            head = min(free, key=lambda examiner: self._cost(examiner, posts[0]))
            self.site_on[head.id, day] = site_id
            self.heads_on.add((head.id, day))
            self.minutes[head.id] += _HALF_DAY_MINUTES
            self.assignments += [
                Assignment(session_id=post.session_id, examiner_id=head.id, duty=Duty.SITE_HEAD) for post in posts
            ]

    def _fill(self, post: Post, duty: Duty, count: int, able: Sequence[Examiner]) -> None:
        allowed = [examiner for examiner in able if not _related(examiner, post)]
        free = [examiner for examiner in allowed if self._free(examiner, post)]
        chosen: list[Examiner] = []
        while free and len(chosen) < count:
            best = min(free, key=lambda examiner: self._cost(examiner, post, duty, chosen))
            free.remove(best)
            chosen.append(best)
            self._book(best, post, duty)
        if missing := count - len(chosen):
            reason = GapReason.NOBODY if not able else GapReason.CONFLICT if not allowed else GapReason.BUSY
            self.gaps.append(Gap(session_id=post.session_id, duty=duty, missing=missing, reason=reason))

    def _free(self, examiner: Examiner, post: Post) -> bool:
        key = (examiner.id, post.day)
        return (
            post.day not in examiner.away_on
            and self.site_on.get(key, post.site_id) == post.site_id
            and key not in self.heads_on
            and self.minutes_on[key] + post.minutes <= self.day_minutes_limit
            and all(ends <= post.starts_at or post.ends_at <= starts for starts, ends in self.times[examiner.id])
        )

    def _cost(
        self, examiner: Examiner, post: Post, duty: Duty = Duty.SITE_HEAD, chosen: Sequence[Examiner] = ()
    ) -> tuple[float, ...]:
        """Lower is sent first: near, few half days so far, already there, not yet one of the candidates' own school."""
        hosts = examiner.institution_id == post.host_institution_id
        near = 0.0 if hosts else 1.0 + self.apart(examiner.prefecture_code, post.prefecture_code)
        if duty is Duty.INVIGILATOR:
            own = examiner.institution_id in post.institution_ids
            twice = own and any(other.institution_id in post.institution_ids for other in chosen)
            near += 1.0 if twice else 0.0
            scarce = 1.0 if examiner.qualifications else 0.0
        else:
            scarce = float(len(examiner.qualifications))
        there = 0.0 if self.site_on.get((examiner.id, post.day)) == post.site_id else 1.0
        halves = self.minutes[examiner.id] // _HALF_DAY_MINUTES
        return (near, halves, there, scarce, self.minutes[examiner.id], self.draw[examiner.id])

    def _book(self, examiner: Examiner, post: Post, duty: Duty) -> None:
        self.site_on[examiner.id, post.day] = post.site_id
        self.times[examiner.id].append((post.starts_at, post.ends_at))
        self.minutes[examiner.id] += post.minutes
        self.minutes_on[examiner.id, post.day] += post.minutes
        self.assignments.append(Assignment(session_id=post.session_id, examiner_id=examiner.id, duty=duty))


def in_conflict(examiner: Examiner, post: Post) -> bool:
    """H12: from an institution of the room's candidates, or with a declared relation."""
    return examiner.institution_id in post.institution_ids or _related(examiner, post)


def _related(examiner: Examiner, post: Post) -> bool:
    return not (
        examiner.related_people.isdisjoint(post.person_ids)
        and examiner.related_institutions.isdisjoint(post.institution_ids)
    )
