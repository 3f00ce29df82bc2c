"""Quota, ends and states: at the limit, one beyond, and empty."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from certificates.enquiries.rules.keys import (
    LONGEST_DAYS,
    QUOTA_LIMIT,
    Quota,
    QuotaSpent,
    checked_end,
    checked_quota,
    checked_text,
    next_day,
    require_quota,
)
from exam.kernel.clock import CHINA
from exam.kernel.errors import Invalid

NOW = datetime(2026, 11, 20, 23, 59, tzinfo=CHINA)


def test_the_quota_holds_to_the_row() -> None:
    quota = Quota(10, 4, next_day(NOW))
    require_quota(quota, 6, NOW)
    with pytest.raises(QuotaSpent) as refused:
        require_quota(quota, 7, NOW)
    assert refused.value.facts == {"left": 6, "wanted": 7, "seconds": 61}
    assert Quota(3, 5, NOW).left == 0


def test_a_day_ends_at_midnight_and_not_a_year_off() -> None:
    assert checked_end(date(2026, 11, 20), NOW) == datetime(2026, 11, 21, tzinfo=CHINA) == next_day(NOW)
    checked_end((NOW + timedelta(days=LONGEST_DAYS - 1)).date(), NOW)
    for wrong in (date(2026, 11, 19), (NOW + timedelta(days=LONGEST_DAYS)).date()):
        with pytest.raises(Invalid):
            checked_end(wrong, NOW)
    with pytest.raises(Invalid):
        checked_end(date(2026, 11, 21), NOW, latest=datetime(2026, 11, 21, tzinfo=CHINA))


def test_what_has_to_be_filled_in() -> None:
    assert checked_text("name", "  甲  公司 ") == "甲 公司"
    for typed in ("", "  ", "字" * 201):
        with pytest.raises(Invalid):
            checked_text("name", typed)
    assert checked_quota(QUOTA_LIMIT) == QUOTA_LIMIT
    for quota in (0, QUOTA_LIMIT + 1):
        with pytest.raises(Invalid):
            checked_quota(quota)
