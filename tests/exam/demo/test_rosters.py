"""The demo's rosters are read by the import without a problem, and every cell is text."""

from exam.demo.plan import candidates
from exam.demo.province import SCHOOLS
from exam.demo.rosters import roster, row_of
from exam.registration.rules.reading import read_roster
from exam.registration.rules.template import NEWEST


def test_a_roster_is_read_whole() -> None:
    made = [one for one in candidates(300, seed=7, year=2026) if one.school == SCHOOLS[0]]
    reading = read_roster(roster(made), NEWEST)
    assert reading.problems == ()
    assert reading.sheet is not None
    assert len(reading.sheet.rows) == len(made) + 1


def test_an_empty_roster_has_its_head_only() -> None:
    reading = read_roster(roster([]), NEWEST)
    assert reading.sheet is not None


def test_required_columns_are_filled() -> None:
    made = candidates(300, seed=7, year=2026)
    needed = {column.key for column in NEWEST.columns if column.required} - {"major"}
    for serial, candidate in enumerate(made, start=1):
        values = row_of(candidate, serial)
        assert all(values.get(key) for key in needed)
        assert bool(values.get("waiver_reason")) == bool(candidate.waiver)
