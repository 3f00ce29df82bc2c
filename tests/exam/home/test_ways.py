"""A candidate's way: which step is lit, which sitting is next."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from exam.home import ways
from exam.home.ways import Proof, Seat, way
from exam.registration.rules import Registration, RegistrationStatus
from exam.sittings.rules import RoomSession, Sitting, SittingStatus
from scoring.outcomes.rules import Decision, Outcome

NOW = datetime(2026, 5, 16, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def registered(status: RegistrationStatus) -> Registration:
    return cast("Registration", SimpleNamespace(status=status))


def outcome(decision: Decision) -> Outcome:
    return cast("Outcome", SimpleNamespace(decision=decision, composite=Decimal(80), published_at=NOW))


def seat(starts_at: datetime, status: SittingStatus = SittingStatus.SCHEDULED) -> Seat:
    room = RoomSession(
        id=uuid4(), batch_id=uuid4(), site_id=uuid4(), site_code="S", site_name="站点", site_address="路", room_name="302",
        prefecture_code="420100", room_id=uuid4(), component_id=uuid4(), form="computer", starts_at=starts_at,
        ends_at=starts_at + HOUR, seats_count=30,
    )  # fmt: skip
    sitting = Sitting(
        id=uuid4(), batch_id=room.batch_id, registration_id=uuid4(), person_id=uuid4(), component_id=room.component_id,
        room_session_id=room.id, seat_no=1, starts_at=starts_at, ends_at=starts_at + HOUR, paper_version="A",
        ticket_no="1", status=status,
    )  # fmt: skip
    return Seat(sitting=sitting, room=room, component=cast("Any", SimpleNamespace(name_zh="理论")))


def lit(
    status: RegistrationStatus = RegistrationStatus.SEATED,
    seats: tuple[Seat, ...] = (),
    result: Outcome | None = None,
    proof: Proof | None = None,
) -> int:
    nothing: Any = None
    return way(registered(status), nothing, nothing, seats, result, proof, NOW).current


PROOF = Proof(id=UUID(int=1), number="1", token="t", registered=False)


@pytest.mark.parametrize(
    ("current", "expected"),
    [
        (lambda: lit(RegistrationStatus.SUBMITTED), ways.CONFIRMED),
        (lambda: lit(RegistrationStatus.CONFIRMED), ways.TICKET),
        (lambda: lit(seats=(seat(NOW + HOUR),)), ways.EXAM),
        (lambda: lit(seats=(seat(NOW - 3 * HOUR),)), ways.MARKING),
        (lambda: lit(seats=(seat(NOW - HOUR / 2, SittingStatus.SUBMITTED),)), ways.MARKING),
        (lambda: lit(result=outcome(Decision.FAILED)), ways.RESULT),
        (lambda: lit(result=outcome(Decision.PASSED)), ways.CERTIFICATE),
        (lambda: lit(result=outcome(Decision.PASSED), proof=PROOF), ways.PLATFORM),
        (lambda: lit(result=outcome(Decision.PASSED), proof=replace(PROOF, registered=True)), ways.ARRIVED),
    ],
)
def test_the_step_that_is_lit(current: Any, expected: int) -> None:
    assert current() == expected


def test_the_next_sitting_is_the_first_that_is_not_over() -> None:
    nothing: Any = None
    over, running, later = seat(NOW - 3 * HOUR), seat(NOW - HOUR / 2), seat(NOW + HOUR)
    found = way(registered(RegistrationStatus.SEATED), nothing, nothing, (over, running, later), None, None, NOW)
    assert found.next is running


def test_who_failed_is_not_shown_a_certificate_ahead() -> None:
    nothing: Any = None
    failed = way(registered(RegistrationStatus.OUTCOME), nothing, nothing, (), outcome(Decision.FAILED), None, NOW)
    passed = way(registered(RegistrationStatus.OUTCOME), nothing, nothing, (), outcome(Decision.PASSED), None, NOW)
    assert (len(failed.steps), len(passed.steps)) == (5, 7)
