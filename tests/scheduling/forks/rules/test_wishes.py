"""Questions are written down and read back, refused where they name nothing, and make the problem they mean."""

from datetime import date

import pytest

from exam.kernel.errors import Invalid
from scheduling.forks.rules.wishes import (
    ADOPTABLE,
    VARIANT_LABELS,
    NothingDiffers,
    Variant,
    Wish,
    on_the_terms_of,
    read,
    require_sensible,
    varied,
)
from scheduling.planning.rules.problem import Form, Rules
from tests.scheduling.planning.small import DAY, problem, room, site

EVERY = (
    Wish(variant=Variant.DAY),
    Wish(variant=Variant.MACHINES, site="S1", seats=20),
    Wish(variant=Variant.MACHINES, site="S1", room="R1", seats=20),
    Wish(variant=Variant.CLOSED, site="S1"),
    Wish(variant=Variant.CLOSED, site="S1", days=(DAY,)),
    Wish(variant=Variant.PROVINCE, allowed=False),
    Wish(variant=Variant.LIMIT, km=50),
    Wish(variant=Variant.SEED, seed=9),
)


@pytest.mark.parametrize("wish", EVERY, ids=lambda one: one.key)
def test_what_is_written_is_read_again_and_makes_sense(wish: Wish) -> None:
    assert read(wish.written()) == wish
    require_sensible(problem(), wish, seed=1)
    assert (varied(problem(), wish) == problem()) is (wish.variant is Variant.SEED)


def test_every_question_has_its_own_key_and_a_label() -> None:
    assert len({one.key for one in EVERY}) == len(EVERY)
    assert set(VARIANT_LABELS) == set(Variant)
    assert Variant.DAY not in ADOPTABLE
    twice = Wish(variant=Variant.CLOSED, site="S1", days=(DAY, date(2026, 11, 29)))
    assert twice.key == Wish(variant=Variant.CLOSED, site="S1", days=(date(2026, 11, 29), DAY, DAY)).key


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (Wish(variant=Variant.CLOSED), "site"),
        (Wish(variant=Variant.CLOSED, site="S1", days=(date(2020, 1, 1),)), "days"),
        (Wish(variant=Variant.MACHINES, site="S9", seats=5), "site"),
        (Wish(variant=Variant.MACHINES, site="S1", seats=0), "seats"),
        (Wish(variant=Variant.MACHINES, site="S1", seats=1001), "seats"),
        (Wish(variant=Variant.MACHINES, site="S1", room="P1", seats=5), "site"),
        (Wish(variant=Variant.LIMIT), "km"),
        (Wish(variant=Variant.LIMIT, km=5001), "km"),
    ],
)
def test_what_names_nothing_is_refused_by_its_field(wish: Wish, field: str) -> None:
    known = problem(sites=(site(rooms=(room(), room("P1", Form.PAPER))),))
    with pytest.raises(Invalid) as refused:
        require_sensible(known, wish, seed=1)
    assert [one.field for one in refused.value.problems] == [field]


def test_what_changes_nothing_is_refused() -> None:
    for wish in (
        Wish(variant=Variant.SEED, seed=1),
        Wish(variant=Variant.PROVINCE, allowed=True),
        Wish(variant=Variant.LIMIT, km=3000),
    ):
        with pytest.raises(NothingDiffers):
            require_sensible(problem(), wish, seed=1)


def test_the_limits_of_the_draft_hold_on() -> None:
    draft = problem(rules=Rules(travel_limit_km=70, other_province=False, gap_minutes=45))
    rules = on_the_terms_of(problem(), draft).rules
    assert (rules.travel_limit_km, rules.other_province, rules.gap_minutes) == (70, False, 30)
