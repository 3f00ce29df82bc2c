"""The chain, and the numbers that did not arrive."""

from random import Random
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from scoring.tablets.rules.events import FIRST, Kind, SheetKey, broken_links, gaps, sha256
from tests.scoring.tablets.world import Tablet

SHEET = SheetKey(sitting_id=UUID(int=7), assessor_id=UUID(int=8))


def test_a_chain_holds_and_every_change_breaks_it() -> None:
    tablet = Tablet(UUID(int=1))
    tablet.score(SHEET, Random(1))
    assert tablet.events[0].previous == FIRST
    assert list(broken_links(tablet.events)) == []
    assert list(broken_links(reversed(tablet.events))) == []
    assert list(broken_links([])) == []
    forged = [*tablet.events]
    forged[2] = type(forged[2])(**{**{name: getattr(forged[2], name) for name in forged[2].__dataclass_fields__},
                                   "data": {"row": "a", "value": 3, "x": 1}})  # fmt: skip
    assert [one.number for one in broken_links(forged)] == [4]
    assert [one.number for one in broken_links(tablet.events[1:])] == []  # a gap is not a break


def test_every_part_of_an_event_is_in_its_hash() -> None:
    tablet = Tablet(UUID(int=1))
    event = tablet.write(Kind.ANSWERED, SHEET, row="a", value=2)
    for name, value in event.body.items():
        changed = event.body | {name: [value]}
        assert sha256(changed) != event.hash, name


@given(st.sets(st.integers(1, 40)), st.integers(0, 45))
def test_gaps_are_exactly_what_is_not_there(numbers: set[int], last: int) -> None:
    missing = {n for first, end in gaps(numbers, last) for n in range(first, end + 1)}
    assert missing == set(range(1, last + 1)) - numbers
    assert gaps([], 0) == []
