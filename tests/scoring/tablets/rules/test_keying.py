"""The slip on paper: whatever was typed wrongly is caught, whatever was typed in another spelling is not."""

from collections.abc import Mapping
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exam.catalogue.rules import parse_sheet
from scoring.marking.rules import SheetIncomplete
from scoring.tablets.rules.keying import (
    BadgeMissing,
    OwnKeying,
    OwnSheetKeyed,
    require_other,
    require_signed,
)
from scoring.tablets.rules.slips import SlipDiffers, SlipMistyped, slip
from tests.scoring.builders import sheet_definition

DEFINITION = parse_sheet(sheet_definition())
ANSWERS = {"A1": "20.01", "A2": True, "B1": 3, "C1": 2, "C2": False, "C3": False}
SIGNED = slip("202600000001", "7K3M9QXA", 1, ANSWERS, 3)


def _typed(
    answers: Mapping[str, object], *, overtime: int = 3, typed: str = SIGNED, badges: tuple[str, ...] = ("7K3M9QXA",)
) -> str:
    return require_signed(
        DEFINITION, ticket="202600000001", badges=badges, version=1, answers=answers, overtime=overtime, typed=typed
    )


def test_what_was_signed_is_proved_in_any_spelling_and_with_any_badge_of_its_assessor() -> None:
    as_typed = {code: str(value).lower() for code, value in ANSWERS.items()} | {"A1": "020.010"}
    for text in (
        SIGNED,
        SIGNED.lower(),
        SIGNED.replace("-", " "),
        f" {SIGNED} ",
        f"KAOWU-SLIP:1:202600000001:7K3M9QXA:1:{SIGNED}",
    ):
        assert _typed(as_typed, typed=text, badges=("ZZZZZZZZ", "7K3M9QXA")) == SIGNED


def test_without_a_badge_or_with_a_blank_nothing_is_proved() -> None:
    with pytest.raises(BadgeMissing):
        _typed(dict(ANSWERS), badges=())
    with pytest.raises(SheetIncomplete):
        _typed({})
    with pytest.raises(SlipMistyped):
        _typed(dict(ANSWERS), typed="")
    with pytest.raises(SlipDiffers):
        _typed(dict(ANSWERS), badges=("ZZZZZZZZ",))


@given(
    st.sampled_from(["A1", "A2", "B1", "C1", "C2", "C3", "overtime"]),
    st.integers(1, 3),
    st.sampled_from(["0", "1", "9"]),
)
def test_one_wrong_entry_is_caught(row: str, step: int, figure: str) -> None:
    answers: dict[str, object] = dict(ANSWERS)
    overtime = 3
    if row == "overtime":
        overtime += step
    elif row == "A1":
        answers["A1"] = f"20.{figure}{step}" if f"20.{figure}{step}" != "20.01" else "20.02"
    elif isinstance(ANSWERS[row], bool):
        answers[row] = not ANSWERS[row]
    else:
        answers[row] = (int(str(ANSWERS[row])) + step) % 4
    with pytest.raises(SlipDiffers):
        _typed(answers, overtime=overtime)


@given(st.integers(0, 12), st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
def test_one_wrong_character_of_the_slip_is_caught_as_such(place: int, other: str) -> None:
    plain = SIGNED.replace("-", "")
    wrong = plain[:place] + other + plain[place + 1 :]
    if wrong == plain:
        assert _typed(dict(ANSWERS), typed=wrong) == SIGNED
    else:
        with pytest.raises(SlipMistyped):
            _typed(dict(ANSWERS), typed=wrong)


def test_three_hands() -> None:
    a, b, c = (UUID(int=number) for number in (1, 2, 3))
    require_other(b, assessor=a)
    require_other(c, assessor=a, keyed_by=b)
    for person, keyed_by, refusal in ((a, None, OwnSheetKeyed), (a, b, OwnSheetKeyed), (b, b, OwnKeying)):
        with pytest.raises(refusal):
            require_other(person, assessor=a, keyed_by=keyed_by)
