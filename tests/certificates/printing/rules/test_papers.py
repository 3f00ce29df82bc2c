"""Ranges of serials, and every sheet accounted for."""

from __future__ import annotations

import pytest

from certificates.printing.rules.papers import LABELS, BadRange, Balance, PaperStatus, serials


def test_a_range() -> None:
    assert serials("a0000009", " A0000011 ") == ["A0000009", "A0000010", "A0000011"]
    assert serials("0001", "0001") == ["0001"]
    assert len(serials("A00001", "A10000")) == 10_000


@pytest.mark.parametrize(
    ("first", "last"),
    [("", ""), ("A0002", "A0001"), ("A0001", "B0002"), ("A0001", "A00002"), ("A00001", "A10001"), ("A1", "A2"), ("纸0001", "纸0002")],
)  # fmt: skip
def test_no_range(first: str, last: str) -> None:
    with pytest.raises(BadRange):
        serials(first, last)


def test_a_balance_adds_up_or_not() -> None:
    assert Balance(taken_in=0, bound=0, spoiled=0, left=0).adds_up
    assert Balance(taken_in=10, bound=6, spoiled=1, left=3).adds_up
    assert not Balance(taken_in=10, bound=6, spoiled=1, left=2).adds_up
    assert set(LABELS) == set(PaperStatus)
