"""Who looks at a ledger and who acts on it: the site's head, the lead, the officer; readers only read; others nothing."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from exam.accounts.rules import Actor, Grant, Role, Scope
from exam.sittings.rules import Duty, DutySpec
from scoring.tablets.rules.authority import Place, place_in

SITE, OWN, OTHER, ME = (UUID(int=number) for number in (1, 2, 3, 4))
AT = datetime(2026, 5, 16, 1, 0, tzinfo=UTC)


def _place(role: Role, scope: Scope, duty: Duty | None = None) -> Place:
    duties = [DutySpec(UUID(int=9), UUID(int=8), ME, "x", duty, AT, AT)] if duty else []
    return place_in(Actor(ME, "x", (Grant(role, scope),)), site_id=SITE, organisation_ids=[OWN], duties=duties)


@pytest.mark.parametrize(
    "role, scope, duty, look, act",
    [
        (Role.SITE_HEAD, Scope("site", str(SITE)), None, True, True),
        (Role.SITE_HEAD, Scope("site", str(OTHER)), None, False, False),
        (Role.EXAM_OFFICER, Scope("organisation", str(OWN)), None, True, True),
        (Role.EXAM_OFFICER, Scope("organisation", str(OTHER)), None, False, False),
        (Role.ASSESSOR, Scope("all"), Duty.LEAD_ASSESSOR, True, True),
        (Role.ASSESSOR, Scope("all"), Duty.ASSESSOR, False, False),
        (Role.ASSESSOR, Scope("all"), None, False, False),
        (Role.INVIGILATOR, Scope("all"), Duty.LEAD_ASSESSOR, False, False),
        (Role.SCORE_VERIFIER, Scope("organisation", str(OWN)), None, True, False),
        (Role.SCORE_OFFICER, Scope("organisation", str(OTHER)), None, False, False),
        (Role.CANDIDATE, Scope("registration", str(OWN)), None, False, False),
    ],
)  # fmt: skip
def test_who_looks_and_who_acts(role: Role, scope: Scope, duty: Duty | None, look: bool, act: bool) -> None:
    place = _place(role, scope, duty)
    assert (place.may_look, place.may_act) == (look, act)


def test_an_officer_alone_signs_gaps() -> None:
    assert _place(Role.EXAM_OFFICER, Scope("organisation", str(OWN))).officer
    assert not _place(Role.SITE_HEAD, Scope("site", str(SITE))).officer
