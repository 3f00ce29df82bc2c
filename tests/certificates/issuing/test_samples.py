"""The samples of a release are of two people."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from certificates.issuing.routes.batches import Candidates
from certificates.issuing.rules.face import Eligible
from tests.certificates.issuing.documents.people import intent_of


def waiting(*names: str) -> Any:
    item = Eligible(
        registration_id=UUID(int=0), outcome_id=UUID(int=0), outcome_version=1, batch_id=UUID(int=0), person_id=UUID(int=0),
        organisation_id=UUID(int=0), certificate_id=UUID(int=0), province_code="42", photo_sha256="p", published_by=None,
        face=intent_of({}).face,
    )  # fmt: skip
    return [
        replace(item, registration_id=UUID(int=place), face=replace(item.face, holder_name=name))
        for place, name in enumerate(names)
    ]


def samples(*names: str, held: int | None = None) -> list[str]:
    problems: Any = {} if held is None else {UUID(int=held): ["no_room"]}
    found = Candidates(waiting=waiting(*names), problems=problems, designs={})
    return [one.face.holder_name for one in found.samples]


def test_the_first_and_the_longest_name_of_the_others() -> None:
    assert samples("买买提艾力", "王一", "欧阳明月") == ["买买提艾力", "欧阳明月"]
    assert samples("王一", "李二", "买买提艾力", held=2) == ["王一", "李二"]
    assert samples("王一") == ["王一"]
    assert samples() == []
