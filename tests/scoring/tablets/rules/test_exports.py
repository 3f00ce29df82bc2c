"""The export file read from outside in: each way of being wrong has its own words."""

import json
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.tablets.rules.events import Kind, SheetKey
from scoring.tablets.rules.exports import (
    Contents,
    ExportMixed,
    ExportOtherVersion,
    NotAnExport,
    OfficerMissing,
    OwnSecondLook,
    contents,
    read_file,
    read_inside,
    require_second,
)
from tests.scoring.tablets.world import Tablet

GOOD = {
    "format": "kaowu-tablet-export/1",
    "device": str(UUID(int=5)),
    "ephemeral": "AA==",
    "nonce": "AA==",
    "sealed": "AA==",
    "signature": "AQ==",
}
SHEET = SheetKey(sitting_id=UUID(int=6), assessor_id=UUID(int=7))


def test_a_file_comes_apart_into_what_was_signed_and_the_signature() -> None:
    found = read_file(json.dumps(GOOD).encode())
    assert (found.device_id, found.signature, found.nonce) == (UUID(int=5), b"\x01", b"\0")
    assert found.body == {name: value for name, value in GOOD.items() if name != "signature"}


@pytest.mark.parametrize(
    "change",
    [{"device": "x"}, {"device": 5}, {"nonce": "%"}, {"extra": "x"}, {"format": "kaowu-plan/1"}, {"format": None}, {"signature": None}],
)  # fmt: skip
def test_another_file_is_none_of_ours(change: dict[str, object]) -> None:
    with pytest.raises(NotAnExport):
        read_file(json.dumps(GOOD | change).encode())


@pytest.mark.parametrize("data", [b"", b"{", b"[" * 100_000, b"null", b"PK\x03\x04", b"\xff\xfe", b"[]", b"{}"])
def test_no_json_object_is_none_of_ours_either(data: bytes) -> None:
    with pytest.raises(NotAnExport):
        read_file(data)


def test_another_version_is_told_with_both() -> None:
    with pytest.raises(ExportOtherVersion) as refused:
        read_file(json.dumps(GOOD | {"format": "kaowu-tablet-export/2"}).encode())
    assert refused.value.facts == {"format": "kaowu-tablet-export/2", "own": "kaowu-tablet-export/1"}


def _inside(**change: object) -> bytes:
    tablet = Tablet(UUID(int=5))
    tablet.write(Kind.OPENED, SHEET)
    return json.dumps({"device": str(tablet.id), "last": 1, "events": [tablet.events[0].body]} | change).encode()


def test_inside_is_the_chain_of_the_same_tablet() -> None:
    found = read_inside(_inside(), UUID(int=5), "T07")
    assert (found.last, len(found.events)) == (1, 1)
    mixed: list[dict[str, object]] = [
        {"device": str(UUID(int=4))}, {"events": [{"device": str(UUID(int=4))}]}, {"events": [{}]}
    ]  # fmt: skip
    for change in mixed:
        with pytest.raises(ExportMixed):
            read_inside(_inside(**change), UUID(int=5), "T07")
    for wrong in ({"last": -1}, {"last": True}, {"last": 2**31}, {"events": [1]}, {"events": None}, {"more": 1}):
        with pytest.raises(NotAnExport):
            read_inside(_inside(**wrong), UUID(int=5), "T07")
    with pytest.raises(NotAnExport):
        read_inside(b"\xff", UUID(int=5), "T07")


def test_what_an_export_comes_to() -> None:
    tablet = Tablet(UUID(int=5))
    tablet.write(Kind.OPENED, SHEET)
    tablet.write(Kind.SIGNED, SHEET, answers={}, overtime=None, note="")
    first, second = tablet.events
    assert contents(tablet.events, {first.hash}) == Contents(
        events=2, signed=1, fresh=1, first_said_at=first.said_at, last_said_at=second.said_at
    )
    assert contents([], ()) == Contents(events=0, signed=0, fresh=0, first_said_at="", last_said_at="")


@given(st.booleans(), st.booleans(), st.booleans())
def test_two_people_and_an_officer_among_them(same: bool, uploader: bool, decider: bool) -> None:
    second = UUID(int=1) if same else UUID(int=2)
    people = {"uploaded_by": UUID(int=1), "uploader_officer": uploader, "decider": second, "decider_officer": decider}
    if same:
        with pytest.raises(OwnSecondLook):
            require_second(**people)  # type: ignore[arg-type]
    elif not (uploader or decider):
        with pytest.raises(OfficerMissing):
            require_second(**people)  # type: ignore[arg-type]
    else:
        require_second(**people)  # type: ignore[arg-type]
