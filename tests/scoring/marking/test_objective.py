"""Marking by key: each kind of item, partial credit as data, and typed text compared as people type it."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exam.catalogue.rules import ItemKind, Partial
from exam.papers.rules import ItemKeyRecord
from scoring.marking.rules import mark_item, mark_paper, same_text


def key(kind: ItemKind, *options: str, partial: Partial = Partial.NONE, blanks: tuple[set[str], ...] = (),
        points: str = "4") -> ItemKeyRecord:  # fmt: skip
    return ItemKeyRecord(
        item_id=uuid4(), kind=kind, points=Decimal(points), partial=partial, options=frozenset(options),
        blanks=tuple(frozenset(one) for one in blanks),
    )  # fmt: skip


SINGLE = key(ItemKind.SINGLE, "b")
TRUE = key(ItemKind.TRUE_FALSE, "true")
ALL = key(ItemKind.MULTIPLE, "a", "c", "d")
SOME = key(ItemKind.MULTIPLE, "a", "c", "d", partial=Partial.SUBSET)
FILL = key(ItemKind.FILL_IN, blanks=({"红", "朱"}, {"HTML"}))
EACH = key(ItemKind.FILL_IN, blanks=({"红", "朱"}, {"HTML"}), partial=Partial.PER_BLANK)


@pytest.mark.parametrize(
    ("item", "answer", "mark"),
    [
        (SINGLE, "b", 4), (SINGLE, "a", 0), (SINGLE, None, 0), (SINGLE, "", 0), (SINGLE, [], 0), (SINGLE, ["b"], 4),
        (SINGLE, ["a", "b"], 0),
        (TRUE, "true", 4), (TRUE, "false", 0), (TRUE, True, 4), (TRUE, False, 0),
        (ALL, ["a", "c", "d"], 4), (ALL, ["d", "a", "c"], 4), (ALL, ["a", "c"], 0), (ALL, ["a", "b", "c", "d"], 0),
        (SOME, ["a", "c"], 2), (SOME, ["a"], 2), (SOME, ["a", "b"], 0), (SOME, [], 0), (SOME, ["a", "c", "d"], 4),
        (FILL, ["红", "html"], 4), (FILL, [" 朱 ", "ＨＴＭＬ"], 4), (FILL, ["红"], 0), (FILL, ["红", "css"], 0),
        (EACH, ["红", "css"], 2), (EACH, ["", "html"], 2), (EACH, ["绿", "css"], 0), (EACH, ["红", "html", "x"], 4),
        (EACH, ["html", "红"], 0), (EACH, ["", " "], 0),
    ],
)  # fmt: skip
def test_items(item: ItemKeyRecord, answer: Any, mark: int) -> None:
    assert mark_item(item, answer) == mark


def test_an_item_without_a_key_earns_nobody_anything() -> None:
    assert mark_item(key(ItemKind.SINGLE), "a") == 0
    assert mark_item(key(ItemKind.FILL_IN), ["a"]) == 0


def test_a_third_of_a_blank_is_rounded_once() -> None:
    three = key(ItemKind.FILL_IN, blanks=({"a"}, {"b"}, {"c"}), partial=Partial.PER_BLANK, points="5")
    assert mark_item(three, ["a", "x", "x"]) == Decimal("1.67")
    assert mark_item(three, ["a", "b", "x"]) == Decimal("3.33")


def test_a_paper_is_the_sum_of_its_items() -> None:
    keys = [SINGLE, TRUE, SOME, EACH]
    marked = mark_paper(keys, {SINGLE.item_id: "b", SOME.item_id: ["a"], uuid4(): "b"})
    assert (marked.total, marked.answered_count, len(marked.items)) == (6, 2, 4)
    assert mark_paper(keys, {}).total == 0
    assert mark_paper([], {uuid4(): "b"}).total == 0


@pytest.mark.parametrize(("typed", "same"), [(" a b ", "AB"), ("１２", "12"), ("ｈｔｍｌ", "HTML"), ("红　色", "红色")])
def test_typing_habits_do_not_matter(typed: str, same: str) -> None:
    assert same_text(typed) == same_text(same)


@given(
    st.sampled_from([SINGLE, TRUE, ALL, SOME, FILL, EACH]),
    st.one_of(st.none(), st.text(max_size=5), st.booleans(), st.integers(), st.lists(st.text(max_size=3), max_size=6)),
)
def test_any_answer_earns_between_nothing_and_the_points(item: ItemKeyRecord, answer: Any) -> None:
    assert 0 <= mark_item(item, answer) <= item.points
