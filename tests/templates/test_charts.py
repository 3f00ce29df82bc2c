"""The pictures: each drawn for nothing, for one and for many, with its words as a table."""

import re
from datetime import date, timedelta
from typing import Any

import pytest

from tests.templates.pages import NOW, render_text

DAY = timedelta(days=1)


def positions(html: str, kind: str) -> dict[str, tuple[float, float]]:
    """Where each seat number stands."""
    pattern = rf'<text class="{kind}" x="([\d.]+)" y="([\d.]+)">([^<]+)</text>'
    return {text: (float(x), float(y)) for x, y, text in re.findall(pattern, html)}


def test_seat_one_is_at_the_right_hand_front_and_the_columns_wind() -> None:
    """domain.md section 7, document 2: column front to back, the next back to front."""
    seats = [{"seat_no": n, "name": "甲"} for n in range(1, 13)]
    at = positions(render_text("{{ charts.seat_plan(seats, columns=3) }}", seats=seats), "seat-no")
    right, front = max(x for x, _ in at.values()), max(y for _, y in at.values())  # the platform is drawn below
    assert at["01"] == (right, front)
    assert at["04"] == (right, min(y for _, y in at.values()))
    assert at["05"][1] == at["04"][1]
    assert at["05"][0] < at["04"][0]
    assert at["08"][1] == front
    assert at["09"][1] == front
    assert at["12"] == (min(x for x, _ in at.values()), min(y for _, y in at.values()))


def test_seats_never_share_a_place() -> None:
    seats = [{"seat_no": n} for n in range(1, 32)]
    at = positions(render_text("{{ charts.seat_plan(seats, columns=5) }}", seats=seats), "seat-no")
    assert len(set(at.values())) == 31


def test_tiles_name_their_state_in_words() -> None:
    tiles = [
        {"tile_x": 3, "tile_y": 2, "name": "恩施土家族苗族自治州", "state": "missing", "href": "/gap"},
        {"tile_x": 4, "tile_y": 2, "name": "武汉市", "state": "covered", "note": "2 个站点"},
    ]
    html = render_text("{{ charts.tile_map(tiles) }}", tiles=tiles)
    assert "恩施土家族苗族自治州：缺考核站点" in html
    assert '<a href="/gap"' in html
    assert html.count('<rect x="4"') == 1  # the picture begins with its first column


def test_the_pass_line_parts_the_bars() -> None:
    bins = [{"low": low, "high": low + 10, "count": 1} for low in range(0, 100, 10)]
    html = render_text("{{ charts.distribution(bins, 60) }}", bins=bins)
    assert html.count('class="bar-fail"') == 6
    assert html.count('class="bar-pass"') == 4
    assert "合格线 60" in html


def test_a_timeline_takes_days_and_instants_and_points() -> None:
    entries: list[dict[str, Any]] = [
        {"label": "报名", "starts": date(2026, 5, 1), "ends": date(2026, 5, 9), "state": "done"},
        {"label": "考核", "starts": NOW, "ends": NOW + DAY / 8, "state": "current"},
        {"label": "评分", "starts": NOW, "ends": None, "state": "late", "note": "2 个考场未签名"},
    ]
    html = render_text("{{ charts.timeline(entries, now) }}", entries=entries)
    assert html.count('class="span span-') == 3
    assert "已逾期" in html
    assert "今天 5月16日" in html


def test_lanes_show_each_bar_in_its_row() -> None:
    rows = [{"label": "302", "bars": [{"starts": NOW, "ends": NOW + DAY / 12, "label": "理论"}]}]
    html = render_text("{{ charts.lanes(rows) }}", rows=rows)
    assert "09:00–11:00" in html


def test_lanes_over_days_name_the_days() -> None:
    bars = [{"starts": NOW + DAY * n, "ends": NOW + DAY * n + DAY / 12, "label": "理论"} for n in range(3)]
    html = render_text("{{ charts.lanes(rows) }}", rows=[{"label": "302", "bars": bars}])
    assert "5月16日" in html
    assert "5月18日" in html


def test_the_road_lights_one_step() -> None:
    html = render_text('{{ charts.road([{"label": "报名"}, {"label": "考核"}, {"label": "证书"}], 1) }}')
    assert html.count('aria-current="step"') == 1
    assert html.count("road-done") == 1


@pytest.mark.parametrize(
    "picture",
    [
        "charts.tile_map([])",
        "charts.seat_plan([])",
        "charts.distribution([], 60)",
        "charts.distribution([])",
        "charts.timeline([], now)",
        "charts.lanes([])",
        'charts.lanes([{"label": "302", "bars": []}])',
        "charts.road([])",
        "charts.stages([])",
        "charts.share([])",
        "charts.heat([], [])",
    ],
)
def test_nothing_is_drawn_without_a_mistake(picture: str) -> None:
    assert render_text("{{ " + picture + " }}")
