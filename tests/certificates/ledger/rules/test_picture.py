"""The step line of the ledger's growth."""

from datetime import UTC, datetime, timedelta

from certificates.ledger.rules.picture import HEIGHT, WIDTH, growth

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def test_no_line_without_two_moments() -> None:
    assert growth([]) is None
    assert growth([(NOW, 5)]) is None
    assert growth([(NOW, 5), (NOW, 7)]) is None


def test_it_rises_from_left_to_right_and_stays_on_the_sheet() -> None:
    found = growth([(NOW + timedelta(hours=hour), size) for hour, size in ((3, 900), (0, 10), (1, 40))])
    assert found is not None
    assert [one.size for one in found.steps] == [10, 40, 900]
    assert [one.x for one in found.steps] == sorted(one.x for one in found.steps)
    assert [one.y for one in found.steps] == sorted((one.y for one in found.steps), reverse=True)
    assert all(0 < one.x < WIDTH and 0 < one.y < HEIGHT for one in found.steps)
    assert (found.steps[0].x, found.steps[-1].x, found.steps[-1].y) == (8, WIDTH - 8, 8)
    assert found.path.startswith("M8.0 112V")
    assert found.path.count("H") == 2
