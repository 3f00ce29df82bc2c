"""The bar shows what the permissions open, and lights one place."""

from uuid import UUID

import pytest

from exam.accounts.rules import Actor, Grant, Permission, Role
from exam.app import routes
from exam.home.places import PLACES, navigation


def actor(*roles: Role) -> Actor:
    return Actor(UUID(int=1), "示例", tuple(Grant(role) for role in roles))


def test_nobody_has_no_bar() -> None:
    assert navigation(None, "/") == []
    assert navigation(Actor(None, "", ()), "/") == [("首页", "/", True)]


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.SYSTEM])
def test_each_role_has_a_short_bar_with_own_addresses(role: Role) -> None:
    places = navigation(actor(role), "/")
    assert 1 <= len(places) <= 9
    assert len({href for _, href, _ in places}) == len(places)


def test_one_place_is_lit_the_nearest_one() -> None:
    def lit(role: Role, path: str) -> list[str]:
        return [href for _, href, active in navigation(actor(role), path) if active]

    assert lit(Role.EXAM_OFFICER, "/") == ["/"]
    assert lit(Role.EXAM_OFFICER, "/exam/registration/batches/1/check") == ["/exam/registration/batches"]
    assert lit(Role.EXAM_OFFICER, "/scheduling/coverage") == ["/scheduling/sites"]
    assert lit(Role.EXAM_OFFICER, "/scheduling/coverages") == []
    assert lit(Role.ASSESSOR, "/scoring/marking/stations") == ["/scoring/marking/stations"]


def test_a_candidate_sees_nothing_of_the_office() -> None:
    hrefs = [href for _, href, _ in navigation(actor(Role.CANDIDATE), "/")]
    assert all("mine" in href or href == "/" for href in hrefs)


def test_who_handles_reviews_has_their_place() -> None:
    for role in (Role.SCORE_OFFICER, Role.SCORE_VERIFIER):
        assert "/scoring/reviews" in [href for _, href, _ in navigation(actor(role), "/")]
    assert "/scoring/reviews" not in [href for _, href, _ in navigation(actor(Role.SCORE_ENTRY), "/")]


def test_a_place_opens_for_whoever_its_first_page_lets_in() -> None:
    """The page behind each place admits every role that is shown it, by the guard of its route."""
    allowed: dict[str, set[Permission]] = {}
    for handler in routes():
        for path in getattr(handler, "paths", ()):
            for guard in getattr(handler, "guards", None) or ():
                allowed.setdefault(path, set()).update(guard.__dict__.get("permissions", ()))
    for place in PLACES:
        assert place.permissions <= allowed[place.href], place.href
