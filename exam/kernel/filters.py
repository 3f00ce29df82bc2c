"""What templates may do to a value: dates in China time, money, marks, masked numbers, short place names.

``FILTERS`` and ``GLOBALS`` are registered by ``exam.kernel.pages``. Every filter shows an absent value as
a dash, so that a table cell is never empty without saying so. Dates read 2026年5月16日（周六）09:00
in Chinese and Sat 16 May 2026, 09:00 in English.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from exam.kernel.clock import CHINA
from exam.kernel.i18n import N_, bilingual, locale, translate

NOTHING = "—"
DAY_NAMES = {"zh": "一二三四五六日", "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}
MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
PLACE_TAILS = ("土家族苗族自治州", "藏族羌族自治州", "自治州", "林区", "地区", "盟", "市", "州", "县")
CENT = Decimal("0.01")


def china(moment: datetime | date) -> datetime | date:
    """Return an instant in China time; a bare date stays as it is."""
    return moment.astimezone(CHINA) if isinstance(moment, datetime) and moment.tzinfo else moment


def format_date(value: datetime | date | None, weekday: bool = True) -> str:
    """2026年5月16日（周六） · Sat 16 May 2026."""
    if value is None:
        return NOTHING
    day = china(value)
    if locale.get() == "en":
        text = f"{day.day} {MONTH_NAMES[day.month - 1]} {day.year}"
        return f"{DAY_NAMES['en'][day.weekday()]} {text}" if weekday else text
    text = f"{day.year}年{day.month}月{day.day}日"
    return f"{text}（周{DAY_NAMES['zh'][day.weekday()]}）" if weekday else text


def format_day(value: datetime | date | None) -> str:
    """5月16日 · 16 May: for axes and narrow places where the year is known."""
    if value is None:
        return NOTHING
    day = china(value)
    return f"{day.day} {MONTH_NAMES[day.month - 1]}" if locale.get() == "en" else f"{day.month}月{day.day}日"


def format_time(value: datetime | None) -> str:
    """09:00, in China."""
    return NOTHING if value is None else f"{china(value):%H:%M}"


def format_datetime(value: datetime | None, seconds: bool = False) -> str:
    """2026年5月16日（周六）09:00 · Sat 16 May 2026, 09:00."""
    if value is None:
        return NOTHING
    clock = f"{china(value):%H:%M:%S}" if seconds else format_time(value)
    return f"{format_date(value)}{', ' if locale.get() == 'en' else ''}{clock}"


def format_daterange(first: datetime | date | None, last: datetime | date | None) -> str:
    """Two days or two instants; what both share is said once."""
    if not first or not last:
        return format_date(first or last or None)
    start, end = china(first), china(last)
    english = locale.get() == "en"
    if isinstance(start, datetime) and isinstance(end, datetime):
        if start.date() == end.date():
            return f"{format_datetime(start)}–{end:%H:%M}"
        return f"{format_datetime(start)} – {format_datetime(end)}"
    if start == end:
        return format_date(start)
    if start.year != end.year:
        return f"{format_date(start, False)} – {format_date(end, False)}"
    if english:
        head = str(start.day) if start.month == end.month else format_day(start)
        return (
            f"{head}–{format_date(end, False)}" if start.month == end.month else f"{head} – {format_date(end, False)}"
        )
    tail = f"{end.day}日" if start.month == end.month else format_day(end)
    return f"{format_date(start, False)}至{tail}"


def format_yuan(value: Decimal | int | None) -> str:
    """¥300, ¥1,260.50."""
    if value is None:
        return NOTHING
    amount = Decimal(value).quantize(CENT, ROUND_HALF_UP)
    return f"¥{amount:,.0f}" if amount == amount.to_integral_value() else f"¥{amount:,.2f}"


def format_mark(value: Decimal | int | None, places: int = 2) -> str:
    """59.50: always the published places, so that a column lines up. Shows; the rounding rule is in scoring."""
    if value is None:
        return NOTHING
    return f"{Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):.{places}f}"


def format_number(value: Decimal | int | None) -> str:
    """1,234."""
    return NOTHING if value is None else f"{value:,}"


def format_percent(part: Decimal | int, whole: Decimal | int | None = None, places: int = 1) -> str:
    """72.1%: of a share, or of a part and its whole; nothing of nothing is a dash."""
    if whole is not None and not whole:
        return NOTHING
    share = Decimal(part) / Decimal(whole) if whole is not None else Decimal(part)
    return f"{(share * 100).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)}%"


def format_masked(value: str | None) -> str:
    """Show the ends of a number that names a person: 6+4 of an ID, 3+4 of a phone, else 1+1 (domain.md section 5)."""
    if not value:
        return NOTHING
    head, tail = (6, 4) if len(value) >= 15 else (3, 4) if len(value) >= 10 else (1, 1)
    if len(value) <= head + tail:
        return value[:1] + "*" * (len(value) - 1)
    return value[:head] + "*" * (len(value) - head - tail) + value[-tail:]


def format_place(name: str) -> str:
    """恩施 for 恩施土家族苗族自治州, Enshi for Enshi Tujia and Miao Autonomous Prefecture: short enough for a tile."""
    if name.isascii():
        return name.split(" ", 1)[0]
    for tail in PLACE_TAILS:
        short = name.removesuffix(tail)
        if short != name and len(short) > 1:
            return short
    return name


def format_until(due: datetime, now: datetime) -> str:
    """Say how far away an instant is, in the largest sensible unit; past ones are overdue."""
    left = due - now
    late, left = left < timedelta(0), abs(left)
    if left >= timedelta(days=1):
        words = N_("已逾期 %(n)s 天") if late else N_("还有 %(n)s 天")
        return translate(words, n=left.days)
    if left >= timedelta(hours=1):
        words = N_("已逾期 %(n)s 小时") if late else N_("还有 %(n)s 小时")
        return translate(words, n=left.seconds // 3600)
    words = N_("已逾期 %(n)s 分钟") if late else N_("还有 %(n)s 分钟")
    return translate(words, n=max(1, left.seconds // 60))


def format_duration(minutes: int | None) -> str:
    """90 分钟 · 90 min."""
    return NOTHING if minutes is None else translate(N_("%(n)s 分钟"), n=minutes)


def format_file_size(size_bytes: int) -> str:
    """640 B, 18.5 KB, 2.1 MB."""
    if size_bytes < 1024:
        return f"{size_bytes} B"
    if size_bytes < 1024 * 1024:
        return f"{size_bytes / 1024:.1f} KB"
    return f"{size_bytes / 1024 / 1024:.1f} MB"


def iso(value: datetime | date | None) -> str:
    """Machine form for the ``datetime`` attribute of ``<time>``."""
    return "" if value is None else value.isoformat()


FILTERS: Mapping[str, Callable[..., Any]] = {
    "china": china,
    "date": format_date,
    "day": format_day,
    "time": format_time,
    "datetime": format_datetime,
    "daterange": format_daterange,
    "yuan": format_yuan,
    "mark": format_mark,
    "number": format_number,
    "percent": format_percent,
    "masked": format_masked,
    "place": format_place,
    "until": format_until,
    "duration": format_duration,
    "file_size": format_file_size,
    "bilingual": bilingual,
    "translate": translate,
    "iso": iso,
}
GLOBALS: Mapping[str, Callable[..., Any]] = {"bilingual": bilingual, "translate": translate}
