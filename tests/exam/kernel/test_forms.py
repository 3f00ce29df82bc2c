"""Forms: every problem named by its field, blank is missing, types are exact."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import msgspec
import pytest

from exam.kernel.errors import Invalid
from exam.kernel.forms import convert


class Form(msgspec.Struct, kw_only=True):
    name: str
    mark: Decimal
    day: date | None = None
    agreed: bool = False
    rooms: list[UUID] = []
    seats_count: int = 0


def test_converts_and_trims() -> None:
    room = "0195f0a0-0000-7000-8000-000000000000"
    form = convert({"name": [" 王示例\x00 "], "mark": ["59.995"], "day": ["2026-05-16"], "agreed": ["on"],
                    "rooms": [room], "seats_count": ["30"]}, Form)  # fmt: skip
    assert form == Form(name="王示例", mark=Decimal("59.995"), day=date(2026, 5, 16), agreed=True, rooms=[UUID(room)],
                        seats_count=30)  # fmt: skip


def test_an_empty_form_names_every_missing_field() -> None:
    with pytest.raises(Invalid) as refusal:
        convert({}, Form)
    assert [(problem.field, problem.code) for problem in refusal.value.problems] == [
        ("name", "missing"), ("mark", "missing"),
    ]  # fmt: skip


def test_all_problems_are_named_at_once() -> None:
    with pytest.raises(Invalid) as refusal:
        convert({"name": ["  "], "mark": ["sixty"], "day": ["2026-02-30"], "seats_count": ["3.5"]}, Form)
    assert {problem.field for problem in refusal.value.problems} == {"name", "mark", "day", "seats_count"}


def test_the_last_of_doubled_fields_counts() -> None:
    assert convert({"name": ["a", "b"], "mark": ["1"]}, Form).name == "b"
