"""The table of roles: deny by default, duties kept apart (domain.md section 2)."""

from datetime import timedelta
from uuid import UUID

import pytest

from exam.accounts.rules import ROLE_LABELS, SYSTEM, TABLE, Actor, Grant, Permission, Role, Scope, waiting_time
from exam.kernel.errors import Forbidden

P = Permission


def actor(role: Role, *scopes: Scope) -> Actor:
    return Actor(None, "x", tuple(Grant(role, scope) for scope in scopes or (Scope("all"),)))


def test_nobody_may_nothing() -> None:
    nobody = Actor(None, "nobody", ())
    assert not any(nobody.may(permission) for permission in Permission)
    assert nobody.scope_ids(P.SITE_READ, "institution") == set()


def test_every_role_is_in_the_table_and_has_words() -> None:
    assert set(TABLE) == set(Role) == set(ROLE_LABELS)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (P.MARK_ENTER, P.MARK_VERIFY),
        (P.MARK_ENTER, P.OUTCOME_PUBLISH),
        (P.OUTCOME_VERIFY, P.OUTCOME_PUBLISH),
        (P.OUTCOME_PUBLISH, P.CERTIFICATE_ISSUE),
        (P.SHEET_SCORE, P.OUTCOME_VERIFY),
        (P.SITE_APPLY, P.SITE_AGREE),
        (P.SITE_AGREE, P.SITE_FILE),
    ],
)
def test_duties_that_must_not_meet_in_one_role(one: Permission, other: Permission) -> None:
    both = [role for role, allowed in TABLE.items() if {one, other} <= allowed and role is not Role.SYSTEM]
    assert both == []


def test_the_province_neither_scores_nor_issues() -> None:
    forbidden = {P.MARK_ENTER, P.MARK_VERIFY, P.OUTCOME_PUBLISH, P.CERTIFICATE_ISSUE, P.ITEM_WRITE}
    assert not TABLE[Role.PROVINCE] & forbidden


def test_a_scope_holds_in_its_place_only() -> None:
    school = actor(Role.INSTITUTION, Scope("institution", "1"))
    assert school.within(P.ROSTER_IMPORT, institution_id="1")
    assert not school.within(P.ROSTER_IMPORT, institution_id="2")
    assert not school.within(P.ROSTER_IMPORT)
    assert not school.within(P.CERTIFICATE_ISSUE, institution_id="1")
    with pytest.raises(Forbidden):
        school.require(P.ROSTER_IMPORT, institution_id="2")
    assert school.scope_ids(P.ROSTER_IMPORT, "institution") == {"1"}


def test_the_places_of_a_scope_are_handed_out_in_their_order() -> None:
    first, second = UUID(int=1), UUID(int=2)
    both = Actor(None, "x", tuple(Grant(Role.INSTITUTION, Scope("institution", str(id))) for id in (second, first)))
    assert both.scope_uuids(P.ROSTER_IMPORT, "institution") == [first, second]
    assert both.scope_uuids(P.ROSTER_IMPORT, "site") == []
    assert SYSTEM.scope_uuids(P.ROSTER_IMPORT, "institution") is None


def test_an_unlimited_scope_holds_everywhere() -> None:
    assert SYSTEM.within(P.ROSTER_IMPORT, institution_id="2")
    assert SYSTEM.scope_ids(P.ROSTER_IMPORT, "institution") is None


def test_the_waiting_time_starts_late_doubles_and_ends() -> None:
    assert [waiting_time(n) for n in (0, 1, 4)] == [timedelta(0)] * 3
    assert waiting_time(5) == timedelta(seconds=5)
    assert waiting_time(6) == timedelta(seconds=10)
    assert waiting_time(500) == timedelta(minutes=15)
