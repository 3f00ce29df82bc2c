"""The bytes of RFC 5545 as another library reads them, and what a feed says anew when something has changed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.feeds.rules import (
    KEPT_AS_HELD,
    SHOWN_AT_MOST,
    Item,
    Said,
    calendar,
    etag,
    masked_ticket,
    new_token,
    retold,
    same_tag,
    token_hash,
)
from scheduling.feeds.rules.calendar import folded, text

NOW = datetime(2026, 5, 16, 1, 0, tzinfo=UTC)
EARLIER = NOW - timedelta(days=3)


def item(uid: str = "session-1@kaowu", **changes: Any) -> Item:
    made = Item(
        uid=uid,
        starts_at=datetime(2026, 6, 20, 1, 0, tzinfo=UTC),
        ends_at=datetime(2026, 6, 20, 2, 30, tzinfo=UTC),
        summary="网页开发 初级 理论（机房 101，30 人）",
        location="江城考点 机房 101，江城市学院路 1 号",
        description="形式：机考\n批次：2026-01",
        path="/exam/sittings/rooms/1",
    )
    return replace(made, **changes)


def one(sequence: int = 0, cancelled: bool = False, **changes: Any) -> Said:
    return Said(item=item(**changes), sequence=sequence, cancelled=cancelled, modified_at=EARLIER)


def parsed(data: bytes) -> Any:
    return icalendar.Calendar.from_ical(data)


def test_an_empty_calendar_is_a_calendar() -> None:
    read = parsed(calendar([], name="考点日程", cancelled="【已取消】"))
    assert read["VERSION"] == "2.0"
    assert read["PRODID"]
    assert read["X-WR-CALNAME"] == "考点日程"
    assert read.walk("VEVENT") == []


def test_another_library_reads_every_property() -> None:
    data = calendar([one(sequence=3)], name="江城考点", cancelled="x", base_url="https://x.test")
    (event,) = parsed(data).walk("VEVENT")
    assert event.errors == []
    assert event["UID"] == "session-1@kaowu"
    assert event["SUMMARY"] == item().summary
    assert event["LOCATION"] == item().location
    assert event["DESCRIPTION"] == item().description
    assert (event["SEQUENCE"], event["STATUS"], event["TRANSP"], event["CLASS"]) == (
        3,
        "CONFIRMED",
        "OPAQUE",
        "PRIVATE",
    )
    assert event["URL"] == "https://x.test/exam/sittings/rooms/1"
    assert event["DTSTART"].dt == item().starts_at
    assert event["DTSTART"].dt.utcoffset() == timedelta(hours=8)
    assert event["DTSTART"].params["TZID"] == "Asia/Shanghai"
    assert event["DTEND"].dt == item().ends_at
    assert event["DTSTAMP"].dt == event["LAST-MODIFIED"].dt == EARLIER
    assert b"DTSTART;TZID=Asia/Shanghai:20260620T090000\r\n" in data


def test_the_time_zone_it_carries_is_chinas() -> None:
    (zone,) = parsed(calendar([one()], name="x", cancelled="x")).walk("VTIMEZONE")
    assert zone["TZID"] == "Asia/Shanghai"
    own = zone.to_tz(lookup_tzid=False)
    for year in (1992, 2026, 2050):
        moment = datetime(year, 7, 1, 9, 0)  # noqa: DTZ001 - a wall clock, given to both
        assert own.utcoffset(moment) == ZoneInfo("Asia/Shanghai").utcoffset(moment) == timedelta(hours=8)


def test_a_cancelled_item_stays_and_says_so() -> None:
    (event,) = parsed(calendar([one(2, True)], name="x", cancelled="【已取消】", base_url="https://x.test")).walk(
        "VEVENT"
    )
    assert (event["STATUS"], event["SEQUENCE"], event["TRANSP"]) == ("CANCELLED", 2, "TRANSPARENT")
    assert str(event["SUMMARY"]).startswith("【已取消】")
    assert "URL" not in event


def test_a_sites_sessions_take_nobodys_time() -> None:
    (event,) = parsed(calendar([one()], name="x", cancelled="x", busy=False)).walk("VEVENT")
    assert event["TRANSP"] == "TRANSPARENT"


def test_the_same_items_give_the_same_bytes_in_whatever_order() -> None:
    some = [one(uid=f"session-{n}@kaowu") for n in range(5)]
    assert calendar(some, name="x", cancelled="x") == calendar(reversed(some), name="x", cancelled="x")


def test_of_too_many_the_latest_are_shown() -> None:
    first = item().starts_at
    some = [
        one(uid=f"s-{n:05d}@kaowu", starts_at=first + timedelta(hours=n), ends_at=first + timedelta(hours=n + 1))
        for n in range(SHOWN_AT_MOST + 3)
    ]
    data = calendar(some, name="x", cancelled="x").decode()
    assert data.count("BEGIN:VEVENT") == SHOWN_AT_MOST
    assert "s-00002@kaowu" not in data
    assert "s-00003@kaowu" in data


@given(st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc")), max_size=200))
def test_any_text_comes_back_whole_in_lines_of_75_octets(words: str) -> None:
    data = calendar([one(summary=words, description=f"一\n{words}")], name="x", cancelled="x")
    assert data.endswith(b"\r\n")
    for line in data.split(b"\r\n"):
        assert len(line) <= 75
        line.decode()  # no character is cut
    (event,) = parsed(data).walk("VEVENT")
    assert str(event["SUMMARY"]) == words
    assert str(event["DESCRIPTION"]) == f"一\n{words}"


def test_nobody_writes_properties_through_a_text() -> None:
    data = calendar([one(summary="理论\r\nATTENDEE:mailto:x@x.test\x00")], name="x", cancelled="x")
    (event,) = parsed(data).walk("VEVENT")
    assert "ATTENDEE" not in event
    assert event["SUMMARY"] == "理论\nATTENDEE:mailto:x@x.test"


def test_escapes_and_folds() -> None:
    assert text("a\\b;c,d\ne") == "a\\\\b\\;c\\,d\\ne"
    assert text("") == ""
    assert folded("x" * 75) == b"x" * 75 + b"\r\n"
    assert folded("x" * 76) == b"x" * 75 + b"\r\n x\r\n"
    assert folded("x" * 149) == b"x" * 75 + b"\r\n " + b"x" * 74 + b"\r\n"
    assert folded("x" * 150) == b"x" * 75 + b"\r\n " + b"x" * 74 + b"\r\n x\r\n"
    assert folded("考" * 26) == "考".encode() * 25 + b"\r\n " + "考".encode() + b"\r\n"


# ---------------------------------------------------------------- what is said anew


def test_nothing_is_said_of_nothing() -> None:
    assert retold({}, [], first=EARLIER, now=NOW) == []


def test_the_first_words_are_dated_by_the_publication_and_later_ones_by_now() -> None:
    (said,) = retold({}, [item()], first=EARLIER, now=NOW)
    assert (said.sequence, said.cancelled, said.modified_at) == (0, False, EARLIER)
    (added,) = retold({"session-1@kaowu": said}, [item(), item("session-2@kaowu")], first=EARLIER, now=NOW)
    assert (added.item.uid, added.sequence, added.modified_at) == ("session-2@kaowu", 0, NOW)


def test_what_did_not_change_is_not_said_again() -> None:
    assert retold({item().uid: one(4)}, [item()], first=EARLIER, now=NOW) == []


@pytest.mark.parametrize("change", [{"location": "另一考场"}, {"starts_at": NOW}, {"summary": "31 人"}])
def test_every_change_raises_the_sequence_by_one(change: dict[str, Any]) -> None:
    (said,) = retold({item().uid: one(4)}, [item(**change)], first=EARLIER, now=NOW)
    assert (said.sequence, said.cancelled, said.modified_at) == (5, False, NOW)
    assert said.item == item(**change)


def test_what_is_gone_is_cancelled_once_and_can_come_back() -> None:
    (gone,) = retold({item().uid: one(1)}, [], first=EARLIER, now=NOW)
    assert (gone.item, gone.sequence, gone.cancelled, gone.modified_at) == (item(), 2, True, NOW)
    assert retold({item().uid: gone}, [], first=EARLIER, now=NOW) == []
    (back,) = retold({item().uid: gone}, [item()], first=EARLIER, now=NOW)
    assert (back.sequence, back.cancelled) == (3, False)


def test_history_is_not_cancelled_when_its_records_are_cleared_away() -> None:
    ended = {item().uid: one()}
    assert retold(ended, [], first=EARLIER, now=item().ends_at + KEPT_AS_HELD) == []
    assert len(retold(ended, [], first=EARLIER, now=item().ends_at + KEPT_AS_HELD - timedelta(seconds=1))) == 1


# ---------------------------------------------------------------- addresses


def test_a_token_is_long_random_and_stored_as_its_hash_only() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) >= 26 for token in tokens)  # 160 bits at 6 bits a letter
    token = tokens.pop()
    assert token not in token_hash(token)
    assert len(token_hash(token)) == 64


def test_a_ticket_number_shows_its_end_only() -> None:
    assert masked_ticket("202642010001") == "********0001"
    assert masked_ticket("123") == "123"
    assert masked_ticket("") == ""


def test_entity_tags() -> None:
    tag = etag(b"x")
    assert tag != etag(b"y")
    assert same_tag(tag, tag)
    assert same_tag(f'"other", W/{tag}', tag)
    assert same_tag("*", tag)
    assert not same_tag("", tag)
    assert not same_tag('"other"', tag)
