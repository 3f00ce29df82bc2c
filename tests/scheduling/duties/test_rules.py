"""Who stands around the planner's teams: who is sent, what stays empty and why; the checker is broken once per constraint."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from exam.sittings.rules import Duty
from scheduling.duties.rules import (
    Assignment,
    Examiner,
    GapReason,
    Occupied,
    Post,
    Qualification,
    Roster,
    assign,
    staff_violations,
)

SPACE = UUID(int=7)
DAY = date(2026, 5, 16)
CERTIFICATE = uuid5(SPACE, "certificate")
LIMIT = 510


def named(text: str) -> UUID:
    return uuid5(SPACE, text)


def examiner(name: str, school: str = "other", *, assess: bool = False, head: bool = False, **more: Any) -> Examiner:
    held = (Qualification(certificate_id=CERTIFICATE, may_lead=True, valid_from=DAY, valid_to=DAY),) if assess else ()
    given: dict[str, Any] = {
        "id": named(name), "account_id": named(name), "name": name, "institution_id": named(school),
        "prefecture_code": "p", "may_invigilate": not assess, "may_head": head, "qualifications": held,
    }  # fmt: skip
    return Examiner(**(given | more))


def post(
    name: str, hour: int = 9, *, practical: bool = False, schools: tuple[str, ...] = ("own",), **more: Any
) -> Post:
    starts = datetime(2026, 5, 16, hour, tzinfo=UTC)
    given: dict[str, Any] = {
        "session_id": named(name), "site_id": named("site"), "host_institution_id": named("host"),
        "prefecture_code": "p", "room_id": named(name), "certificate_id": CERTIFICATE, "practical": practical,
        "day": DAY, "starts_at": starts, "ends_at": starts + timedelta(minutes=60), "candidates_count": 8,
        "institution_ids": frozenset(named(school) for school in schools), "person_ids": frozenset({named("person")}),
    }  # fmt: skip
    return Post(**(given | more))


POOL = [
    *(examiner(f"invigilator{number}", "host") for number in range(4)),
    *(examiner(f"assessor{number}", assess=True) for number in range(3)),
    examiner("head", "host", head=True),
]


def gaps(roster: Roster) -> list[tuple[Duty, int, GapReason]]:
    return [(gap.duty, gap.missing, gap.reason) for gap in roster.gaps]


def test_nothing_to_staff_needs_nobody() -> None:
    assert assign([], POOL, 1, day_minutes_limit=LIMIT) == Roster(assignments=(), gaps=())
    assert staff_violations([], POOL, Roster(assignments=(), gaps=())) == ()


def test_without_people_every_position_is_listed() -> None:
    roster = assign([post("a", practical=True)], [], 1, day_minutes_limit=LIMIT)
    assert gaps(roster) == [(Duty.SITE_HEAD, 1, GapReason.NOBODY), (Duty.INVIGILATOR, 2, GapReason.NOBODY)]
    assert staff_violations([post("a", practical=True)], [], roster) == ()


def test_a_practical_room_has_invigilators_and_every_room_the_head() -> None:
    posts = [post("a", practical=True), post("b")]
    roster = assign(posts, POOL, 1, day_minutes_limit=LIMIT)
    assert roster.gaps == ()
    assert staff_violations(posts, POOL, roster) == ()
    team = {
        name: sorted(one.duty for one in roster.assignments if one.session_id == named(name)) for name in ("a", "b")
    }
    assert team["a"] == sorted([Duty.INVIGILATOR, Duty.INVIGILATOR, Duty.SITE_HEAD])
    assert team["b"] == [Duty.SITE_HEAD]  # the planner staffs written rooms


def test_declared_relations_hold_for_everybody() -> None:
    related = [replace(one, related_people=frozenset({named("person")})) for one in POOL]
    roster = assign([post("a", practical=True)], related, 1, day_minutes_limit=LIMIT)
    assert roster.assignments == ()
    assert {gap.reason for gap in roster.gaps} == {GapReason.CONFLICT, GapReason.BUSY}


def test_nobody_is_in_two_rooms_or_at_two_sites() -> None:
    posts = [post(name, practical=True) for name in "ab"]
    posts.append(post("c", 14, practical=True, site_id=named("elsewhere")))
    roster = assign(posts, POOL[:4] + POOL[-1:], 1, day_minutes_limit=LIMIT)
    assert staff_violations(posts, POOL, roster) == ()
    assert {gap.session_id for gap in roster.gaps} == {named("c")}  # all four serve at the first site


def test_days_away_and_published_duties_are_respected() -> None:
    away = [replace(one, away_on=(DAY,)) for one in POOL]
    assert assign([post("a", practical=True)], away, 1, day_minutes_limit=LIMIT).assignments == ()
    start = datetime(2026, 5, 16, 9, tzinfo=UTC)
    span = Occupied(site_id=named("site"), day=DAY, starts_at=start, ends_at=start + timedelta(minutes=60))
    busy = {one.id: [span] for one in POOL[:2]}
    roster = assign([post("a", practical=True)], POOL, 1, day_minutes_limit=LIMIT, occupied=busy)
    sent = {one.examiner_id for one in roster.assignments if one.duty is Duty.INVIGILATOR}
    assert sent
    assert sent.isdisjoint(busy)


def test_the_same_seed_sends_the_same_people() -> None:
    posts = [post(f"p{hour}", hour, practical=True) for hour in range(0, 8, 2)]
    assert assign(posts, POOL, 5, day_minutes_limit=LIMIT) == assign(
        list(reversed(posts)), list(reversed(POOL)), 5, day_minutes_limit=LIMIT
    )


def test_work_is_spread() -> None:
    posts = [post(f"p{day}{hour}", hour, practical=True, day=DAY + timedelta(days=day), starts_at=datetime(2026, 5, 16 + day, hour, tzinfo=UTC),
                  ends_at=datetime(2026, 5, 16 + day, hour + 1, tzinfo=UTC)) for day in range(4) for hour in (1, 3, 5, 7)]  # fmt: skip
    roster = assign(posts, POOL[:4] + POOL[-1:], 1, day_minutes_limit=LIMIT)
    count = [sum(one.examiner_id == person.id for one in roster.assignments) for person in POOL[:4]]
    assert sum(count) == 32
    assert max(count) - min(count) <= 4


def broken(change: dict[str, Any], posts: list[Post], pool: list[Examiner] = POOL) -> set[str]:
    """The codes after one assignment of a right roster was changed."""
    roster = assign(posts, POOL, 1, day_minutes_limit=LIMIT)
    duty = change.pop("of", Duty.INVIGILATOR)
    index = next(number for number, one in enumerate(roster.assignments) if one.duty is duty)
    changed = list(roster.assignments)
    changed[index] = replace(changed[index], **change)
    spoiled = Roster(assignments=tuple(changed), gaps=roster.gaps)
    return {found.code for found in staff_violations(posts, pool, spoiled)}


def test_the_checker_names_relations_and_rights() -> None:
    posts = [post("a", practical=True)]
    related = examiner("related", related_people=frozenset({named("person")}))
    assert broken({"examiner_id": related.id}, posts, [*POOL, related]) == {"H12"}
    plain = examiner("plain", may_invigilate=False)
    assert broken({"examiner_id": plain.id}, posts, [*POOL, plain]) == {"H14"}
    assert broken({"of": Duty.SITE_HEAD, "examiner_id": POOL[3].id}, posts, POOL) >= {"H14"}


def test_the_checker_names_overlap_and_numbers() -> None:
    posts = [post("a", practical=True), post("b", practical=True)]
    roster = assign(posts, POOL, 1, day_minutes_limit=LIMIT)
    first = next(one for one in roster.assignments if one.duty is Duty.INVIGILATOR)
    twice = Assignment(session_id=named("b"), examiner_id=first.examiner_id, duty=Duty.INVIGILATOR)
    other = [one for one in roster.assignments if one != first and one.session_id != named("b")]
    spoiled = Roster(assignments=(first, twice, *other), gaps=())
    assert {found.code for found in staff_violations(posts, POOL, spoiled)} == {"H11", "H14"}
