"""The path to a mark in words: each path, old marks without one, marks without sheets; nothing personal for the candidate."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from scoring.marking.rules import Mark, MarkSource, MarkStatus, PartState, Path, path_of

ID = UUID(int=1)
MARK = Mark(
    id=ID, batch_id=ID, registration_id=ID, component_id=ID, sitting_id=ID, state=PartState.SCORED, value=Decimal(95),
    source=MarkSource.SHEETS, status=MarkStatus.ENTERED, version=1, entered_by=(ID,),
    entered_at=datetime(2026, 5, 16, tzinfo=UTC), verified_by=None, verified_at=None,
)  # fmt: skip


def mark(*totals: str, source: MarkSource = MarkSource.SHEETS, **detail: Any) -> Mark:
    sheets = [{"sheet_id": str(ID), "total": total} for total in totals]
    return replace(MARK, source=source, detail={"sheets": sheets, **detail})


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (mark("95", path="single", used=[0], tolerance="5"), "一名考评员评 95.00 分，即为得分。"),
        (
            mark("94", "96", path="mean", used=[0, 1], tolerance="5"),
            "2 名考评员各评 94.00 / 96.00 分，最多相差 2.00 分，未超过容差 5.00 分，取平均 95.00 分。",
        ),
        (
            mark("100", "94", "96", path="nearest_pair", used=[1, 2], tolerance="5"),
            "3 名考评员各评 100.00 / 94.00 / 96.00 分，最多相差 6.00 分；取最接近的 94.00 / 96.00 分的平均 95.00 分。",
        ),
        (
            mark("100", "90", source=MarkSource.LEAD, path="lead", tolerance="5", reason="复测"),
            "考评员各评 100.00 / 90.00 分，最多相差 10.00 分，超过容差 5.00 分；考评组长裁定为 95.00 分。",
        ),
    ],
)
def test_the_path_in_words(one: Mark, words: str) -> None:
    found = path_of(one)
    assert found is not None and found.for_office % found.facts == words
    candidate = found.for_candidate % found.facts
    assert candidate and not any(f"{total:.2f}" in candidate for total in found.totals)


def test_a_mark_from_before_paths_were_kept() -> None:
    one, two = path_of(mark("95")), path_of(mark("94", "96"))
    assert one is not None and two is not None
    assert (one.path, two.path, two.used, two.tolerance) == (Path.SINGLE, Path.MEAN, (0, 1), None)
    assert "—" in two.for_office % two.facts


def test_no_sheets_no_path() -> None:
    assert path_of(replace(MARK, source=MarkSource.COMPUTER, detail={"items": {}})) is None
    assert path_of(replace(MARK, detail={})) is None
    assert path_of(replace(mark("1"), value=None)) is None
