"""iCalendar (RFC 5545, with RFC 7986's NAME and REFRESH-INTERVAL): items in, the bytes of a calendar out.

Nothing here asks for the time: the same items give the same bytes, and so the same entity tag.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from scheduling.feeds.rules.records import SHOWN_AT_MOST, Said

CALENDAR_TYPE = "text/calendar"
FOLD_OCTETS = 75
_ZONE = "Asia/Shanghai"
_CHINA = ZoneInfo(_ZONE)
# China kept summer time for the last time in 1991; everything after it is one observance.
_TIMEZONE = (
    "BEGIN:VTIMEZONE",
    f"TZID:{_ZONE}",
    "BEGIN:STANDARD",
    "DTSTART:19910915T020000",
    "TZOFFSETFROM:+0900",
    "TZOFFSETTO:+0800",
    "TZNAME:CST",
    "END:STANDARD",
    "END:VTIMEZONE",
)


def calendar(said: Iterable[Said], *, name: str, cancelled: str, base_url: str = "", busy: bool = True) -> bytes:
    """A whole calendar, its items by time and UID; of more than :data:`SHOWN_AT_MOST` the latest.

    `cancelled` is set before the summary of what was cancelled, for programs that pass over STATUS. `busy` says whether
    the items take the owner's time (a site's sessions do not take that of whoever looks at them).
    """
    shown = sorted(said, key=lambda one: (one.item.starts_at, one.item.uid))[-SHOWN_AT_MOST:]
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Kaowu//Timetable//ZH",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"NAME:{text(name)}",
        f"X-WR-CALNAME:{text(name)}",
        f"X-WR-TIMEZONE:{_ZONE}",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
        *_TIMEZONE,
        *(line for one in shown for line in _event(one, cancelled, base_url, busy)),
        "END:VCALENDAR",
    ]
    return b"".join(folded(line) for line in lines)


def _event(one: Said, cancelled: str, base_url: str, busy: bool) -> Iterator[str]:
    item = one.item
    yield "BEGIN:VEVENT"
    yield f"UID:{text(item.uid)}"
    yield f"DTSTAMP:{_utc(one.modified_at)}"
    yield f"LAST-MODIFIED:{_utc(one.modified_at)}"
    yield f"SEQUENCE:{one.sequence}"
    yield f"STATUS:{'CANCELLED' if one.cancelled else 'CONFIRMED'}"
    yield f"DTSTART;TZID={_ZONE}:{_local(item.starts_at)}"
    yield f"DTEND;TZID={_ZONE}:{_local(item.ends_at)}"
    yield f"SUMMARY:{text(cancelled + item.summary if one.cancelled else item.summary)}"
    if item.location:
        yield f"LOCATION:{text(item.location)}"
    if item.description:
        yield f"DESCRIPTION:{text(item.description)}"
    if base_url and item.path and not one.cancelled:
        yield f"URL:{base_url}{item.path}"
    yield "CLASS:PRIVATE"
    yield f"TRANSP:{'OPAQUE' if busy and not one.cancelled else 'TRANSPARENT'}"
    yield "END:VEVENT"


def text(value: str) -> str:
    """A TEXT value (3.3.11): backslash, comma, semicolon and line breaks escaped, other control characters left out."""
    clean = value.replace("\r\n", "\n").replace("\r", "\n")
    clean = "".join(c for c in clean if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))
    for plain, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        clean = clean.replace(plain, escaped)
    return clean


def folded(line: str) -> bytes:
    """A content line with its end, cut after at most 75 octets (3.1), never inside a character."""
    parts: list[str] = []
    part: list[str] = []
    size = 0
    for character in line:
        octets = len(character.encode())
        if size + octets > FOLD_OCTETS:
            parts.append("".join(part))
            part, size = [], 1  # the space that begins the next line counts
        part.append(character)
        size += octets
    parts.append("".join(part))
    return "\r\n ".join(parts).encode() + b"\r\n"


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _local(moment: datetime) -> str:
    return f"{moment.astimezone(_CHINA):%Y%m%dT%H%M%S}"


def etag(data: bytes) -> str:
    """The entity tag of a calendar (RFC 9110, 8.8.3)."""
    return f'"{hashlib.sha256(data).hexdigest()[:32]}"'


def same_tag(if_none_match: str, tag: str) -> bool:
    """Whether a reader already has this (RFC 9110, 13.1.2: the weak comparison)."""
    named = [one.strip().removeprefix("W/") for one in if_none_match.split(",")]
    return "*" in named or tag in named
