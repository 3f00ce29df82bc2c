"""The bar shows what the permissions open, and lights one place."""

from uuid import UUID

import pytest

from exam.accounts.rules import Actor, Grant, Role
from exam.home.places import navigation


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
