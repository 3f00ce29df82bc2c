"""Independent check of those who stand around the planner's teams: H11 overlaps, H12 declared relations, H14 numbers.

Shares no code with the assigning: it looks at the posts, the pool and the result.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from exam.sittings.rules import Duty
from scheduling.duties.rules.records import Examiner, Post, Roster


@dataclass(frozen=True, kw_only=True)
class StaffViolation:
    """One broken constraint: its number, what, and the session or person it concerns."""

    code: str
    what: str
    where: UUID


def staff_violations(posts: Sequence[Post], pool: Sequence[Examiner], roster: Roster) -> tuple[StaffViolation, ...]:
    """All violations; positions listed as empty are not violations."""
    by_session = {post.session_id: post for post in posts}
    by_examiner = {examiner.id: examiner for examiner in pool}
    teams: dict[UUID, list[tuple[Duty, Examiner]]] = defaultdict(list)
    for assignment in roster.assignments:
        teams[assignment.session_id].append((assignment.duty, by_examiner[assignment.examiner_id]))
    return (
        *_conflicts(by_session, teams),
        *_numbers(posts, teams, roster),
        *_overlaps(by_session, roster, by_examiner),
    )


def _conflicts(posts: dict[UUID, Post], teams: dict[UUID, list[tuple[Duty, Examiner]]]) -> Iterator[StaffViolation]:
    for session_id, team in teams.items():
        post = posts[session_id]
        for duty, examiner in team:
            if examiner.related_people & post.person_ids or examiner.related_institutions & post.institution_ids:
                yield StaffViolation(code="H12", what=f"{duty} in conflict of interest", where=session_id)
            if (duty is Duty.INVIGILATOR and not examiner.may_invigilate) or (
                duty is Duty.SITE_HEAD and not examiner.may_head
            ):
                yield StaffViolation(code="H14", what=f"{duty} not entitled", where=session_id)


def _numbers(
    posts: Sequence[Post], teams: dict[UUID, list[tuple[Duty, Examiner]]], roster: Roster
) -> Iterator[StaffViolation]:
    listed: dict[tuple[UUID, Duty], int] = defaultdict(int)
    for gap in roster.gaps:
        listed[gap.session_id, gap.duty] += gap.missing
    for post in posts:
        wanted = {Duty.SITE_HEAD: 1, Duty.INVIGILATOR: post.invigilators_count if post.practical else 0}
        for duty, count in wanted.items():
            have = sum(held is duty for held, _ in teams[post.session_id])
            if have + listed[post.session_id, duty] != count:
                yield StaffViolation(code="H14", what=f"{have} of {count} as {duty}", where=post.session_id)


def _overlaps(posts: dict[UUID, Post], roster: Roster, pool: dict[UUID, Examiner]) -> Iterator[StaffViolation]:
    own: dict[UUID, list[tuple[Post, Duty]]] = defaultdict(list)
    for assignment in roster.assignments:
        own[assignment.examiner_id].append((posts[assignment.session_id], assignment.duty))
    for examiner_id, held in own.items():
        if any(post.day in pool[examiner_id].away_on for post, _ in held):
            yield StaffViolation(code="H11", what="on duty on a day away", where=examiner_id)
        sites = {(post.day, post.site_id) for post, _ in held}
        if len(sites) > len({day for day, _ in sites}):
            yield StaffViolation(code="H11", what="two sites on one day", where=examiner_id)
        rooms = sorted((p for p, duty in held if duty is not Duty.SITE_HEAD), key=lambda p: p.starts_at)
        for before, after in itertools.pairwise(rooms):
            if after.starts_at < before.ends_at:
                yield StaffViolation(code="H11", what="two rooms at one time", where=examiner_id)
