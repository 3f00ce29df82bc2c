"""The records of a feed: whose it is, what stands in it, and what it has said so far."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from exam.catalogue.rules import Component, Scheme
from exam.kernel.errors import N_, NotFound
from exam.kernel.ids import token
from exam.sittings.rules import Duty, RoomSession

TOKEN_BITS = 160
SHOWN_AT_MOST = 2000
"""Items in one calendar, the latest ones: about two years of a large site."""


class FeedKind(StrEnum):
    """Whose timetable a feed tells."""

    SITE = "site"
    ROOM = "room"
    STAFF = "staff"
    CANDIDATE = "candidate"

    @property
    def personal(self) -> bool:
        """Whether it is one person's own."""
        return self in (FeedKind.STAFF, FeedKind.CANDIDATE)


KIND_LABELS = {
    FeedKind.SITE: N_("考点日历"),
    FeedKind.ROOM: N_("考场日历"),
    FeedKind.STAFF: N_("我的考务日历"),
    FeedKind.CANDIDATE: N_("我的考试日历"),
}


class FeedUnknown(NotFound):
    """Unknown and revoked addresses answer alike."""

    message = N_("没有这个日历地址，或地址已经停用。")
    way_out = N_("请登录考务系统重新生成日历地址。")


class Occasion(StrEnum):
    """What an item is about; leads its UID."""

    SESSION = "session"
    SITTING = "sitting"
    DUTY = "duty"
    HEAD = "head"  # all rooms of a site on one day


@dataclass(frozen=True, kw_only=True)
class Feed:
    """One calendar address; the address itself is known only to who made it."""

    id: UUID
    kind: FeedKind
    owner_id: UUID  # site, room, account of staff, person of a candidate
    account_id: UUID  # who made the present address
    locale: Literal["zh", "en"]
    made_at: datetime
    revoked_at: datetime | None

    @property
    def live(self) -> bool:
        """Whether its address answers."""
        return self.revoked_at is None


@dataclass(frozen=True, kw_only=True)
class Address:
    """A fresh address: the only moment at which the token is known."""

    feed: Feed
    token: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Appointment:
    """A published fact that concerns the owner of a feed, before it is put into words."""

    occasion: Occasion
    key: str  # with the occasion: the same for as long as it is the same thing
    starts_at: datetime
    ends_at: datetime
    room: RoomSession
    scheme: Scheme | None
    component: Component | None
    batch_code: str
    expected: int = 0  # candidates; of a head's day, of all rooms
    duty: Duty | None = None
    seat_no: int = 0
    ticket_no: str = ""
    rooms_count: int = 1

    @property
    def uid(self) -> str:
        """RFC 7986, 5.3: unique over the world, tells nothing."""
        return f"{self.occasion}-{self.key}@kaowu"


@dataclass(frozen=True, kw_only=True)
class Item:
    """One event in the words of the feed's language."""

    uid: str
    starts_at: datetime
    ends_at: datetime
    summary: str
    location: str
    description: str
    path: str = ""  # page of the system that shows it


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a feed has said of an item, and how often that has changed (SEQUENCE)."""

    item: Item
    sequence: int
    cancelled: bool
    modified_at: datetime


def new_token() -> str:
    """A secret for an address: 160 random bits."""
    return token(TOKEN_BITS)


def token_hash(secret: str) -> str:
    """What is stored of a token; random bits need no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()


def feed_url(base_url: str, secret: str) -> str:
    """The address that a calendar program is given."""
    return f"{base_url}/feeds/{secret}.ics"


def masked_ticket(ticket_no: str) -> str:
    """The last four digits of an admission ticket: enough to tell one's own from another."""
    return "*" * max(0, len(ticket_no) - 4) + ticket_no[-4:]
