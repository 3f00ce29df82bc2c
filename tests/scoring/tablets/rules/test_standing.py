"""Where a sheet stands, and whether two accounts of it say the same: a branch each, and nothing of nothing."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exam.catalogue.rules import parse_sheet
from scoring.marking.rules import SheetStatus
from scoring.tablets.rules.events import Kind, SheetKey
from scoring.tablets.rules.folding import SheetState, fold
from scoring.tablets.rules.standing import STANDING_LABELS, STANDING_TONES, Standing, plain_answers, same, standing
from tests.scoring.builders import sheet_definition
from tests.scoring.tablets.world import Tablet

SHEET = SheetKey(sitting_id=UUID(int=6), assessor_id=UUID(int=7))
DEFINITION = parse_sheet(sheet_definition())


def _state(*, answered: bool = False, signed: bool = False, twice: bool = False) -> SheetState:
    one, two = Tablet(UUID(int=1)), Tablet(UUID(int=2))
    one.write(Kind.OPENED, SHEET)
    if answered:
        one.write(Kind.ANSWERED, SHEET, row="B1", value=3)
    if signed or twice:
        one.write(Kind.SIGNED, SHEET, answers={"B1": 3}, overtime=0, note="")
    if twice:
        two.write(Kind.SIGNED, SHEET, answers={"B1": 2}, overtime=0, note="")
    return fold([*one.events, *two.events])[SHEET]


@pytest.mark.parametrize(
    "given_, expected",
    [
        ({}, Standing.SPARE), ({"wanted": True}, Standing.NOTHING), ({"state": _state()}, Standing.SPARE),
        ({"state": _state(answered=True)}, Standing.DRAFT), ({"filled": True, "server": SheetStatus.DRAFT}, Standing.DRAFT),
        ({"state": _state(signed=True)}, Standing.SIGNED), ({"server": SheetStatus.SIGNED}, Standing.SIGNED),
        ({"server": SheetStatus.SIGNED, "keyed": True}, Standing.KEYED), ({"checking": True}, Standing.CHECKING),
        ({"server": SheetStatus.COUNTERSIGN}, Standing.COUNTERSIGN),
        ({"state": _state(twice=True), "server": SheetStatus.SIGNED}, Standing.CONTRADICTING),
        ({"differing": True, "server": SheetStatus.SIGNED, "keyed": True}, Standing.CONTRADICTING),
        ({"checking": True, "state": _state(answered=True)}, Standing.CHECKING),
    ],
)  # fmt: skip
def test_where_a_sheet_stands(given_: dict[str, Any], expected: Standing) -> None:
    assert standing(**{"state": None, "server": None, "filled": False, "wanted": False} | given_) is expected


def test_every_standing_has_its_word_and_its_colour() -> None:
    assert set(STANDING_LABELS) == set(STANDING_TONES) == set(Standing)


ANSWERS = {"A1": "20.00", "A2": True, "B1": 3, "C1": 0, "C2": False, "C3": False}


def test_one_spelling_of_what_was_typed() -> None:
    typed = {"A1": " 020.00", "A2": "true", "B1": "3", "C1": "0", "C2": "false", "C3": "false"}
    assert plain_answers(DEFINITION, typed) == plain_answers(DEFINITION, ANSWERS) == ANSWERS | {"A1": "20"}
    assert plain_answers(DEFINITION, {}) == {}
    assert plain_answers(DEFINITION, {"ZZ": 1}) == {"ZZ": 1}, "what does not fit stays as it is"


def test_overtime_counts_where_the_sheet_counts_it() -> None:
    assert same(DEFINITION, ANSWERS, 0, ANSWERS, None)
    assert not same(DEFINITION, ANSWERS, 3, ANSWERS, 0)


@given(st.decimals(-100, 100, places=3), st.integers(0, 3), st.integers(0, 2))
def test_a_trailing_zero_differs_in_nothing_and_another_figure_in_everything(
    value: Any, judged: int, zeros: int
) -> None:
    spelled = ANSWERS | {"A1": f"{value}{'0' * zeros}", "B1": judged}
    assert same(DEFINITION, ANSWERS | {"A1": str(value), "B1": judged}, 0, spelled, 0)
    assert not same(DEFINITION, spelled | {"B1": (judged + 1) % 4}, 0, spelled, 0)
