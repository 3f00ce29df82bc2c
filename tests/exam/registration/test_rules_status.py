"""The two status tables and their guards."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from exam.accounts.rules import TABLE, Role
from exam.kernel.errors import Refusal
from exam.registration.rules.progress import acceptance, paid_status
from exam.registration.rules.records import Payer
from exam.registration.rules.status import (
    ALLOWED_BATCH,
    ALLOWED_REGISTRATION,
    BATCH_STATUS_LABELS,
    DEAD,
    MOVERS,
    REGISTRATION_STATUS_LABELS,
    ROAD,
    BatchFacts,
    BatchMoveNotAllowed,
    BatchReasonMissing,
    BatchStatus,
    FilingMissing,
    NobodyRegistered,
    NoSchemeOffered,
    RegistrationMoveNotAllowed,
    RegistrationStatus,
    RegistrationsUnfinished,
    WindowNotReached,
    WindowOver,
    check_batch_move,
    check_registration_move,
)

NOW = datetime(2026, 5, 16, 1, tzinfo=UTC)
FACTS = BatchFacts(
    schemes_count=1, filing_no="1", opens_at=NOW - timedelta(days=1), closes_at=NOW + timedelta(days=1), unfinished_count=0,
    confirmed_count=5, now=NOW,
)  # fmt: skip
B, R = BatchStatus, RegistrationStatus


def test_the_whole_road_can_be_walked() -> None:
    for current, to in pairwise(ROAD):
        check_batch_move(current, to, reason="", facts=FACTS)


def test_no_step_is_skipped() -> None:
    for place, status in enumerate(ROAD):
        for further in ROAD[place + 2 :]:
            with pytest.raises(BatchMoveNotAllowed):
                check_batch_move(status, further, reason="一", facts=FACTS)


def test_every_status_has_a_word_a_row_and_somebody_who_may_reach_it() -> None:
    assert set(ALLOWED_BATCH) == set(BATCH_STATUS_LABELS) == set(B) == set(MOVERS)
    assert set(ALLOWED_REGISTRATION) == set(REGISTRATION_STATUS_LABELS) == set(R)
    for status, permissions in MOVERS.items():
        roles = {role for role, held in TABLE.items() if role is not Role.SYSTEM and held & permissions}
        assert roles, status


@pytest.mark.parametrize(
    ("current", "to", "changes", "refusal"),
    [
        (B.PLANNED, B.ANNOUNCED, {"schemes_count": 0}, NoSchemeOffered),
        (B.PLANNED, B.ANNOUNCED, {"filing_no": "  "}, FilingMissing),
        (B.ANNOUNCED, B.REGISTRATION_OPEN, {"opens_at": NOW + timedelta(seconds=1)}, WindowNotReached),
        (B.ANNOUNCED, B.REGISTRATION_OPEN, {"closes_at": NOW}, WindowOver),
        (B.REGISTRATION_CLOSED, B.ARRANGED, {"unfinished_count": 1}, RegistrationsUnfinished),
        (B.REGISTRATION_CLOSED, B.ARRANGED, {"confirmed_count": 0}, NobodyRegistered),
    ],
)
def test_guards_have_names(
    current: BatchStatus, to: BatchStatus, changes: dict[str, object], refusal: type[Refusal]
) -> None:
    facts = replace(FACTS, **changes)  # type: ignore[arg-type]
    with pytest.raises(refusal):
        check_batch_move(current, to, reason="", facts=facts)


@pytest.mark.parametrize(
    ("current", "to"),
    [(B.REGISTRATION_CLOSED, B.REGISTRATION_OPEN), (B.ARRANGED, B.REGISTRATION_CLOSED), (B.PAPERS_SEALED, B.POSTPONED)],
)
def test_steps_back_and_aside_need_a_reason(current: BatchStatus, to: BatchStatus) -> None:
    with pytest.raises(BatchReasonMissing):
        check_batch_move(current, to, reason=" ", facts=FACTS)
    check_batch_move(current, to, reason="停电", facts=FACTS)


def test_a_batch_is_not_cancelled_once_it_has_begun() -> None:
    for status in ROAD[ROAD.index(B.IN_PROGRESS) :]:
        assert not ALLOWED_BATCH[status] & {B.POSTPONED, B.CANCELLED}


def test_dead_registrations_stay_dead() -> None:
    for status in DEAD:
        assert not ALLOWED_REGISTRATION[status]
        assert not status.live


def test_seats_are_only_given_after_confirmation() -> None:
    before = {status for status, to in ALLOWED_REGISTRATION.items() if R.SEATED in to}
    assert before == {R.CONFIRMED, R.TRANSFERRED}
    with pytest.raises(RegistrationMoveNotAllowed):
        check_registration_move(R.ACCEPTED, R.SEATED)


@pytest.mark.parametrize(
    ("consent", "payer", "last"),
    [
        (False, Payer.WAIVED, R.ACCEPTED),
        (True, Payer.INSTITUTION, R.CONSENT_CONFIRMED),
        (True, Payer.SELF, R.CONSENT_CONFIRMED),
        (True, Payer.WAIVED, R.WAIVED),
    ],
)
def test_acceptance_walks_allowed_steps(consent: bool, payer: Payer, last: RegistrationStatus) -> None:
    steps = acceptance(consent=consent, payer=payer)
    assert steps[-1] is last
    current = R.SUBMITTED
    for step in steps:
        check_registration_move(current, step)
        current = step


def test_every_payer_has_a_settled_status() -> None:
    for payer in Payer:
        assert paid_status(payer).settled
