"""Rules of the feeds: what a calendar says, what has changed since it was last read, and the bytes of RFC 5545."""

from scheduling.feeds.rules.calendar import CALENDAR_TYPE, calendar, etag, same_tag
from scheduling.feeds.rules.records import (
    KIND_LABELS,
    SHOWN_AT_MOST,
    Address,
    Appointment,
    Feed,
    FeedKind,
    FeedUnknown,
    Item,
    Occasion,
    Said,
    feed_url,
    masked_ticket,
    new_token,
    token_hash,
)
from scheduling.feeds.rules.retelling import KEPT_AS_HELD, retold

__all__ = [
    "CALENDAR_TYPE",
    "KEPT_AS_HELD",
    "KIND_LABELS",
    "SHOWN_AT_MOST",
    "Address",
    "Appointment",
    "Feed",
    "FeedKind",
    "FeedUnknown",
    "Item",
    "Occasion",
    "Said",
    "calendar",
    "etag",
    "feed_url",
    "masked_ticket",
    "new_token",
    "retold",
    "same_tag",
    "token_hash",
]
