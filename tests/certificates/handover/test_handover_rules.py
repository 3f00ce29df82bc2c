"""Where a paper is after its entries, what leads where, what a note lacks."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest

from certificates.handover.rules import (
    ALLOWED,
    Deed,
    Entry,
    NotFromHere,
    Place,
    Taking,
    flaws,
    next_place,
    place_of,
    standing,
    taking_problems,
)
from tests.conftest import NOW

TODAY = date(2026, 6, 1)


def entry(step: int, deed: Deed, place: Place) -> Entry:
    return Entry(
        step=step, deed=deed, place=place, serial="A0001", recipient="甲", relation="", on_date=TODAY, reason="",
        noted_by=UUID(int=1), noted_at=NOW,
    )  # fmt: skip


SENT = entry(1, Deed.SEND, Place.SENT)
CAME = entry(2, Deed.ARRIVE, Place.INSTITUTION)
BACK = entry(3, Deed.UNDO, Place.SENT)


def test_the_road_and_back() -> None:
    assert place_of([]) is Place.OFFICE
    assert place_of([SENT, CAME]) is Place.INSTITUTION
    assert standing([SENT, CAME, BACK]) == [SENT]
    assert next_place("1", [SENT, CAME], Deed.UNDO) is Place.SENT
    assert next_place("1", [SENT, CAME, BACK], Deed.UNDO) is Place.OFFICE
    assert next_place("1", [SENT, CAME, BACK], Deed.ARRIVE) is Place.INSTITUTION


def test_each_deed_only_from_its_place() -> None:
    roads = {Place.OFFICE: [], Place.SENT: [SENT], Place.INSTITUTION: [SENT, CAME],
             Place.HOLDER: [SENT, CAME, entry(3, Deed.TAKE, Place.HOLDER)]}  # fmt: skip
    for place, entries in roads.items():
        for deed in (Deed.SEND, Deed.ARRIVE, Deed.TAKE):
            if deed in ALLOWED[place]:
                assert next_place("1", entries, deed) is ALLOWED[place][deed]
            else:
                with pytest.raises(NotFromHere):
                    next_place("1", entries, deed)
    with pytest.raises(NotFromHere):
        next_place("1", [], Deed.UNDO)


def test_what_cannot_be() -> None:
    assert flaws([]) == flaws([SENT, CAME, BACK]) == []
    assert flaws([CAME]) == ["step 1 is missing"]
    assert flaws([entry(1, Deed.ARRIVE, Place.INSTITUTION)]) == ["step 1 (arrive) does not lead to institution"]
    assert flaws([SENT, entry(2, Deed.UNDO, Place.SENT)]) == ["step 2 (undo) does not lead to sent"]
    assert flaws([entry(1, Deed.UNDO, Place.OFFICE)])


@pytest.mark.parametrize(
    ("deed", "recipient", "relation", "fields"),
    [
        (Deed.SEND, "", "", ["recipient"]), (Deed.SEND, "教务处", "", []), (Deed.TAKE, "", "", []),
        (Deed.TAKE, "李老师", "", ["relation"]), (Deed.TAKE, "", "班主任", ["recipient"]), (Deed.TAKE, "李老师", "班主任", []),
    ],
)  # fmt: skip
def test_what_a_note_lacks(deed: Deed, recipient: str, relation: str, fields: list[str]) -> None:
    taking = Taking(recipient=recipient, relation=relation, on_date=TODAY)
    assert [one.field for one in taking_problems(deed, taking, today=TODAY)] == fields
    late = taking_problems(deed, taking, today=TODAY - timedelta(days=1))
    assert [one.field for one in late] == [*fields, "on_date"]
