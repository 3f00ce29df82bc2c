"""What one form of somebody who registers in person must hold; every problem beside its field."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from exam.registration.rules import Batch, BatchStatus, Gender, IdType
from exam.registration.rules.entry import (
    EntryClosed,
    Typed,
    WithdrawTooLate,
    check_entry,
    half_width,
    require_before_close,
    require_open,
)
from tests.exam.registration.world import id_number

TODAY = date(2026, 5, 16)
NOW = datetime(2026, 5, 16, 1, 0, tzinfo=UTC)
PLACES = {"420100"}
RIGHT = Typed(
    name="林小满", id_type=IdType.RESIDENT, id_number=id_number(7, birth="19900301"), phone="16400000007",
    prefecture_code="420100", eligible=True, consent=True,
)  # fmt: skip


def problems(typed: Typed) -> dict[str, str]:
    """Field -> code."""
    claim, found = check_entry(typed, places=PLACES, today=TODAY)
    assert (claim is None) is bool(found)
    return {one.field: one.code for one in found}


def test_nothing_typed_names_every_field_that_is_needed() -> None:
    assert problems(Typed()) == {
        "name": "missing", "id_type": "missing", "id_number": "missing", "phone": "missing", "prefecture_code": "missing",
        "eligible": "not_eligible", "consent": "no_consent",
    }  # fmt: skip


def test_a_right_form_gives_a_claim_with_the_gender_of_the_number() -> None:
    claim, found = check_entry(RIGHT, places=PLACES, today=TODAY)
    assert found == []
    assert claim is not None
    assert (claim.name, claim.gender, claim.id_number) == ("林小满", Gender.MALE, RIGHT.id_number)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"name": "林"}, {"name": "name_short"}),
        ({"id_number": RIGHT.id_number[:-1] + ("1" if RIGHT.id_number[-1] != "1" else "2")}, {"id_number": "id_check_digit"}),
        ({"id_number": "123"}, {"id_number": "id_length"}),
        ({"id_number": id_number(7, birth="20150301")}, {"id_number": "id_age"}),
        ({"gender": Gender.FEMALE}, {"gender": "gender_mismatch"}),
        ({"birth": date(1990, 3, 2)}, {"birth": "birth_mismatch"}),
        ({"phone": "12345"}, {"phone": "phone_format"}),
        ({"prefecture_code": "429004"}, {"prefecture_code": "no_site"}),
        ({"consent": False}, {"consent": "no_consent"}),
        ({"eligible": False, "phone": ""}, {"eligible": "not_eligible", "phone": "missing"}),
    ],
)  # fmt: skip
def test_each_wrong_field_is_named(changes: dict[str, object], expected: dict[str, str]) -> None:
    assert problems(replace(RIGHT, **changes)) == expected  # type: ignore[arg-type]


def test_a_document_that_tells_neither_gender_nor_birth_asks_for_them() -> None:
    passport = replace(RIGHT, id_type=IdType.PASSPORT, id_number="E12345678")
    assert problems(passport) == {"gender": "missing", "birth": "missing"}
    told = replace(passport, gender=Gender.FEMALE, birth=date(1990, 3, 1))
    claim, _ = check_entry(told, places=PLACES, today=TODAY)
    assert claim is not None
    assert claim.gender is Gender.FEMALE
    assert problems(replace(told, birth=date(2020, 1, 1))) == {"birth": "id_age"}
    assert problems(replace(told, birth=date(2027, 1, 1))) == {"birth": "birth_future"}


def test_what_a_phones_keyboard_adds_is_taken_away() -> None:
    assert half_width("４２ 99Ｘ") == "4299X"
    spaced = f"{RIGHT.id_number[:6]} {RIGHT.id_number[6:].lower()}"
    claim, _ = check_entry(replace(RIGHT, id_number=spaced, phone="+86 164-0000-0007"), places=PLACES, today=TODAY)
    assert claim is not None
    assert (claim.id_number, claim.phone) == (RIGHT.id_number, "16400000007")


def test_no_place_at_all_is_no_place() -> None:
    _, found = check_entry(RIGHT, places=(), today=TODAY)
    assert [one.code for one in found] == ["no_site"]


def batch(status: BatchStatus) -> Batch:
    return Batch(
        id=UUID(int=1), code="B", name_zh="批次", name_en="Batch", organisation_ids=(), province_code="42", status=status,
        registration_opens_at=NOW, registration_closes_at=NOW + timedelta(days=1), first_day=TODAY, last_day=TODAY,
        scheme_ids=(),
    )  # fmt: skip


@pytest.mark.parametrize("status", list(BatchStatus))
def test_only_an_open_batch_inside_its_window_takes_registrations(status: BatchStatus) -> None:
    if status is BatchStatus.REGISTRATION_OPEN:
        require_open(batch(status), NOW)
        require_before_close(batch(status), NOW)
    else:
        with pytest.raises(EntryClosed):
            require_open(batch(status), NOW)
        with pytest.raises(WithdrawTooLate):
            require_before_close(batch(status), NOW)


@pytest.mark.parametrize("away", [timedelta(seconds=-1), timedelta(days=1)])
def test_the_window_is_half_open(away: timedelta) -> None:
    with pytest.raises(EntryClosed):
        require_open(batch(BatchStatus.REGISTRATION_OPEN), NOW + away)
