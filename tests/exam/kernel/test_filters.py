"""Dates, money, marks and masks as people read them, in both languages."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from exam.kernel import filters
from exam.kernel.i18n import use_locale

NINE = datetime(2026, 5, 16, 1, 0, tzinfo=UTC)


def test_dates_read_as_in_china() -> None:
    assert filters.format_datetime(NINE) == "2026年5月16日（周六）09:00"
    assert filters.format_date(date(2026, 5, 17)) == "2026年5月17日（周日）"
    assert filters.format_date(datetime(2026, 5, 16, 17, 0, tzinfo=UTC)) == "2026年5月17日（周日）"


def test_dates_read_as_in_english() -> None:
    with use_locale("en"):
        assert filters.format_datetime(NINE) == "Sat 16 May 2026, 09:00"
        assert filters.format_daterange(date(2026, 5, 16), date(2026, 5, 17)) == "16–17 May 2026"
        assert filters.format_daterange(date(2026, 5, 30), date(2026, 6, 1)) == "30 May – 1 Jun 2026"


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        (NINE, NINE + timedelta(minutes=90), "2026年5月16日（周六）09:00–10:30"),
        (date(2026, 5, 16), date(2026, 5, 17), "2026年5月16日至17日"),
        (date(2026, 5, 16), date(2026, 6, 1), "2026年5月16日至6月1日"),
        (date(2026, 12, 30), date(2027, 1, 2), "2026年12月30日 – 2027年1月2日"),
        (date(2026, 5, 16), date(2026, 5, 16), "2026年5月16日（周六）"),
        (date(2026, 5, 16), None, "2026年5月16日（周六）"),
        (None, None, "—"),
    ],
)
def test_ranges_say_once_what_both_ends_share(first: date | None, last: date | None, text: str) -> None:
    assert filters.format_daterange(first, last) == text


def test_money_and_marks() -> None:
    assert filters.format_yuan(Decimal("300.00")) == "¥300"
    assert filters.format_yuan(Decimal("1260.5")) == "¥1,260.50"
    assert filters.format_mark(Decimal("59.5")) == "59.50"
    assert filters.format_mark(Decimal(0)) == "0.00"
    assert filters.format_percent(31, 43) == "72.1%"  # F14
    assert filters.format_percent(0, 0) == "—"


@pytest.mark.parametrize("name", ["date", "day", "time", "datetime", "yuan", "mark", "number", "masked", "duration"])
def test_nothing_is_a_dash(name: str) -> None:
    assert filters.FILTERS[name](None) == "—"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("11010519491231002X", "110105********002X"),
        ("13900000000", "139****0000"),
        ("H1234567", "H******7"),
        ("AB", "A*"),
        ("A", "A"),
        ("", "—"),
    ],
)
def test_masks_show_the_ends_only(value: str, shown: str) -> None:
    assert filters.format_masked(value) == shown


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("恩施土家族苗族自治州", "恩施"), ("神农架林区", "神农架"), ("武汉市", "武汉"), ("沙市", "沙市"),
        ("Enshi Tujia and Miao Autonomous Prefecture", "Enshi"), ("Wuhan", "Wuhan"), ("", ""),
    ],
)  # fmt: skip
def test_places_have_short_names(name: str, short: str) -> None:
    assert filters.format_place(name) == short


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(days=2, hours=3), "还有 2 天"),
        (timedelta(hours=5), "还有 5 小时"),
        (timedelta(seconds=10), "还有 1 分钟"),
        (timedelta(days=-1), "已逾期 1 天"),
    ],
)
def test_deadlines_say_how_far_away_they_are(left: timedelta, words: str) -> None:
    assert filters.format_until(NINE + left, NINE) == words
