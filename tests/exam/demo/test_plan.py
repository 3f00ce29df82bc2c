"""The demo's plan: numbers that belong to nobody, the same seed the same people, every fate at least once."""

from datetime import date

import pytest

from exam.demo import photos
from exam.demo.plan import Fate, candidates, groups
from exam.demo.province import SCHOOLS, UNITS
from exam.registration.rules.identity import Identity, IdType, examine
from exam.registration.rules.names import name_fault


def test_seventeen_units_of_which_four_report_to_the_province() -> None:
    assert len(UNITS) == 17
    assert [unit.name_zh for unit in UNITS if unit.reports_to_province] == ["仙桃市", "潜江市", "天门市", "神农架林区"]
    assert len({(unit.tile_x, unit.tile_y) for unit in UNITS}) == 17


def test_every_unit_has_an_institution_and_every_institution_says_it_is_invented() -> None:
    assert {school.unit_code for school in SCHOOLS} == {unit.code for unit in UNITS}
    assert len({school.code for school in SCHOOLS}) == len(SCHOOLS)
    assert all(school.name_zh.endswith("（演示）") and "(Demo)" in school.name_en for school in SCHOOLS)


@pytest.mark.parametrize("count", [0, 1, 20, 300])
def test_the_asked_number_of_candidates_is_made(count: int) -> None:
    assert len(candidates(count, seed=1, year=2026)) == count
    assert sum(group.count for group in groups(count)) == count


def test_numbers_are_valid_distinct_and_in_an_unassigned_area() -> None:
    made = candidates(400, seed=3, year=2026)
    numbers = [candidate.person.id_number for candidate in made]
    assert len(set(numbers)) == len(numbers)
    assert all(number.startswith("79") for number in numbers)
    for candidate in made:
        identity = examine(IdType.RESIDENT, candidate.person.id_number, today=date(2026, 11, 21))
        assert isinstance(identity, Identity)
        assert (identity.birth, identity.gender) == (candidate.person.birth, candidate.person.gender)
        assert name_fault(candidate.person.name) is None


def test_the_seed_decides() -> None:
    assert candidates(50, seed=7, year=2026) == candidates(50, seed=7, year=2026)
    assert candidates(50, seed=7, year=2026) != candidates(50, seed=8, year=2026)


@pytest.mark.parametrize("count", [60, 300, 2000])
def test_every_fate_and_a_waiver_are_in_it(count: int) -> None:
    made = candidates(count, seed=7, year=2026)
    assert {candidate.fate for candidate in made} == set(Fate)
    assert any(candidate.waiver for candidate in made)


def test_portraits_differ_and_keep_the_photo_format() -> None:
    pictures = {photos.portrait(look) for look in range(photos.LOOKS)}
    assert len(pictures) >= 40
    assert all(picture.startswith(b"\xff\xd8") for picture in pictures)
