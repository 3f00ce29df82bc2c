"""What is printed, as frozen records: tickets, room packs, duty letters, site days (domain section 7); and what is asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from exam.catalogue.rules import Component, Scheme
from exam.kernel.errors import N_
from exam.registration.rules import Batch, Institution, Measures, Registration
from exam.sittings.rules import Duty, DutySpec, RoomSession
from scheduling.sites.rules import Room, Site
from scheduling.timetable.rules.hours import CHINA

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, kw_only=True)
class TicketPart:
    """One line of the component table."""

    component: Component
    room: RoomSession
    site: Site
    seat_no: int
    starts_at: datetime
    ends_at: datetime  # of this candidate
    granted_minutes: int = 0  # inside the end (H16)


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """准考证 of one candidate (domain section 7, document 1)."""

    batch: Batch
    registration: Registration
    scheme: Scheme
    site: Site
    ticket_no: str
    secret: str
    parts: tuple[TicketPart, ...]
    spared: tuple[Component, ...]  # exempt or retained: not sat
    measures: Measures = field(default_factory=Measures)  # what is done for the candidate (H16)


@dataclass(frozen=True, kw_only=True)
class SeatLine:
    """One candidate in a room."""

    seat_no: int
    ticket_no: str
    registration: Registration
    starts_at: datetime
    ends_at: datetime  # of this candidate
    granted_minutes: int = 0  # inside the end (H16)
    measures: Measures = field(default_factory=Measures)


@dataclass(frozen=True, kw_only=True)
class RoomPack:
    """One room session with everything its sheets need (documents 2-6)."""

    batch: Batch
    room: RoomSession
    site: Site
    place: Room | None
    scheme: Scheme
    component: Component
    seats: tuple[SeatLine, ...]
    team: tuple[DutySpec, ...]
    paper_version: str

    @property
    def ends_at(self) -> datetime:
        """When most end: what is put up at the door does not tell who has more time."""
        return min((line.ends_at for line in self.seats), default=self.room.ends_at)


@dataclass(frozen=True, kw_only=True)
class LetterLine:
    """One duty on a letter; a head's rooms of a day are one line."""

    duty: Duty
    starts_at: datetime
    ends_at: datetime
    room: RoomSession
    site: Site
    rooms_count: int
    scheme: Scheme | None
    component: Component | None


@dataclass(frozen=True, kw_only=True)
class DutyLetter:
    """派遣单 of one person (domain section 7, "also printed")."""

    batch: Batch
    account_id: UUID
    name: str
    institution: Institution | None
    lines: tuple[LetterLine, ...]
    minutes: int


@dataclass(frozen=True, kw_only=True)
class SiteDay:
    """One day of a site in a batch: its room sessions by time, and who heads the day (documents 6 and the schedule)."""

    batch: Batch
    site: Site
    day: date
    packs: tuple[RoomPack, ...]
    heads: tuple[DutySpec, ...]


@dataclass(frozen=True, kw_only=True)
class Rota:
    """One workshop's day for one component: who is at which station in which round (domain section 7, document 5)."""

    batch: Batch
    site: Site
    day: date
    packs: tuple[RoomPack, ...]  # room sessions of one room and component, by time

    @property
    def first(self) -> RoomPack:
        """What all of them share: room, scheme, component."""
        return self.packs[0]

    @property
    def rounds(self) -> tuple[tuple[datetime, datetime], ...]:
        """The times at which candidates work, each once, in order."""
        return tuple(sorted({(line.starts_at, line.ends_at) for pack in self.packs for line in pack.seats}))


@dataclass(frozen=True, kw_only=True)
class Book:
    """Everything one site, or one of its rooms, is handed for a batch, in one file with a list of contents."""

    batch: Batch
    site: Site
    room: RoomSession | None  # any session of the room; None: the whole site
    days: tuple[SiteDay, ...]
    letters: tuple[DutyLetter, ...]  # of a whole site
    only: frozenset[UUID] | None = None  # of a correction: the room sessions whose sheets are bound
    on: frozenset[date] = frozenset()  # of a correction: the days whose hand-over sheets are bound

    @property
    def packs(self) -> tuple[RoomPack, ...]:
        """All room sessions, by day, room and time."""
        return tuple(pack for day in self.days for pack in by_room(day.packs))

    @property
    def bound(self) -> tuple[RoomPack, ...]:
        """Those whose sheets are bound."""
        return tuple(pack for pack in self.packs if self.only is None or pack.room.id in self.only)

    @property
    def handed(self) -> tuple[SiteDay, ...]:
        """The days whose sheets are bound."""
        return tuple(day for day in self.days if self.only is None or day.day in self.on)


class Change(StrEnum):
    """What a repair did to a room session."""

    NEW = "new"
    CHANGED = "changed"
    GONE = "gone"


CHANGE_LABELS = {
    Change.NEW: N_("新增，见后"),
    Change.CHANGED: N_("旧表作废，换用后面的新表"),
    Change.GONE: N_("旧表作废，不再使用"),
}


@dataclass(frozen=True, kw_only=True)
class ChangedRoom:
    """A room session that a repair made, changed or closed."""

    change: Change
    site: Site
    room: Room
    scheme: Scheme
    component: Component
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class Correction:
    """What of the prints of a batch, or of one of its sites, a repair has made void, and what takes its place."""

    batch: Batch
    site: Site | None  # None: the whole batch
    version: int
    before: int  # the version whose prints are void
    reason: str
    at: datetime
    tickets: tuple[Ticket, ...]
    rooms: tuple[ChangedRoom, ...]
    books: tuple[Book, ...]
    relieved: tuple[str, ...]  # whose letters are void, and who serve nowhere any more

    @property
    def letters(self) -> tuple[str, ...]:
        """Who has a new letter."""
        return tuple(sorted({letter.name for book in self.books for letter in book.letters}))


def by_room(packs: Iterable[RoomPack]) -> list[RoomPack]:
    """A day's room sessions as somebody walks through them: room after room, each by time."""

    def place(pack: RoomPack) -> tuple[str, str, datetime, int]:
        room = pack.room
        return (pack.place.code if pack.place else "", room.room_name, room.starts_at, room.first_seat)

    return sorted(packs, key=place)


def rotas_of(packs: Iterable[RoomPack]) -> list[Rota]:
    """The rotas of the practical sessions among these, by site, day and room; none where nothing is practical."""
    held: dict[tuple[str, date, str, str, UUID], list[RoomPack]] = defaultdict(list)
    for pack in packs:
        if pack.component.form.practical and pack.seats:
            room, day = pack.room, pack.room.starts_at.astimezone(CHINA).date()
            held[room.site_code, day, room.room_name, str(room.room_id), room.component_id].append(pack)
    return [
        Rota(batch=own[0].batch, site=own[0].site, day=day, packs=tuple(by_room(own)))
        for (_, day, *_), own in sorted(held.items(), key=lambda item: item[0])
    ]


class Print(StrEnum):
    """A kind of print; the value stands in addresses."""

    TICKETS = "tickets"
    PACK = "pack"
    DOOR = "door"
    SEATS = "seats"
    SIGN_IN = "sign-in"
    RECORD = "record"
    HANDOVER = "handover"
    SCHEDULE = "schedule"
    LETTERS = "letters"
    ROTA = "rota"
    ROOM_BOOK = "room-book"
    SITE_BOOK = "site-book"
    PLATFORM = "platform"
    CORRECTION = "correction"

    @property
    def of_site(self) -> bool:
        """Whether it is printed site by site; the others are printed institution by institution."""
        return self is not Print.TICKETS

    @property
    def of_office(self) -> bool:
        """Whether only the exam office may have it: it carries whole ID numbers."""
        return self is Print.PLATFORM

    @property
    def media_type(self) -> str:
        """Of the file."""
        return XLSX if self is Print.PLATFORM else "application/pdf"


PRINT_LABELS = {
    Print.TICKETS: N_("准考证"),
    Print.PACK: N_("考场资料"),
    Print.DOOR: N_("门贴"),
    Print.SEATS: N_("座位表"),
    Print.SIGN_IN: N_("签到表"),
    Print.RECORD: N_("考场情况记录单"),
    Print.HANDOVER: N_("交接单"),
    Print.SCHEDULE: N_("考务工作安排表"),
    Print.LETTERS: N_("派遣单"),
    Print.ROTA: N_("工位轮次表"),
    Print.ROOM_BOOK: N_("考场资料包"),
    Print.SITE_BOOK: N_("考点资料包"),
    Print.PLATFORM: N_("平台上报表（Excel）"),
    Print.CORRECTION: N_("更正资料"),
}
PRINT_NOTES = {
    Print.TICKETS: N_("每人一页"),
    Print.PACK: N_("每场四张：门贴、座位表、签到表、记录单"),
    Print.DOOR: N_("每场一张，贴在门口"),
    Print.SEATS: N_("每场一张，从讲台看"),
    Print.SIGN_IN: N_("每场一张，考生签名"),
    Print.RECORD: N_("每场一张，监考员填写"),
    Print.HANDOVER: N_("每考点每天一份，两人清点签名"),
    Print.SCHEDULE: N_("每考点一份，谁在何时何地做什么"),
    Print.LETTERS: N_("每人一页，附承诺书"),
    Print.ROTA: N_("实操考场每天一张，谁在第几轮用哪个工位"),
    Print.ROOM_BOOK: N_("每考场一册，按天按场次装订，有目录"),
    Print.SITE_BOOK: N_("每考点一册，派遣单和全部考场的表单，有目录"),
    Print.PLATFORM: N_("场次和考生各一张表，含完整证件号码"),
    Print.CORRECTION: N_("只印调整改动的：准考证、考场表单、派遣单，并列明作废的旧表"),
}


@dataclass(frozen=True, kw_only=True)
class PrintOrder:
    """What somebody asks to have printed; without a place, of the whole batch."""

    batch_id: UUID
    what: Print
    institution_id: UUID | None = None
    site_id: UUID | None = None
    room_id: UUID | None = None  # of the site
    registration_id: UUID | None = None
    room_session_id: UUID | None = None
    account_id: UUID | None = None  # one person's own letter
    version: int | None = None  # only what this version of the arrangement has changed
    locale: Literal["zh", "en"] = "zh"

    @property
    def short(self) -> bool:
        """Whether it is one person's or one room's: printed while the reader waits."""
        return any((self.registration_id, self.room_session_id, self.account_id))

    @property
    def key(self) -> str:
        """The same for the same order."""
        places = (
            self.institution_id, self.site_id, self.room_id, self.registration_id, self.room_session_id, self.account_id,
        )  # fmt: skip
        which = (*places, self.version)
        return ":".join((str(self.batch_id), self.what, self.locale, *(str(one or "") for one in which)))
