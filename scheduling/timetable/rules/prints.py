"""What is printed, as frozen records: tickets, room packs, duty letters, site days (domain section 7); and what is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from exam.catalogue.rules import Component, Scheme
from exam.kernel.errors import N_
from exam.registration.rules import Batch, Institution, Registration
from exam.sittings.rules import Duty, DutySpec, RoomSession
from scheduling.sites.rules import Room, Site


@dataclass(frozen=True, kw_only=True)
class TicketPart:
    """One line of the component table."""

    component: Component
    room: RoomSession
    site: Site
    seat_no: int
    starts_at: datetime
    ends_at: datetime


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


@dataclass(frozen=True, kw_only=True)
class SeatLine:
    """One candidate in a room."""

    seat_no: int
    ticket_no: str
    registration: Registration


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

    @property
    def of_site(self) -> bool:
        """Whether it is printed site by site; the others are printed institution by institution."""
        return self is not Print.TICKETS


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
}


@dataclass(frozen=True, kw_only=True)
class PrintOrder:
    """What somebody asks to have printed; without a place, of the whole batch."""

    batch_id: UUID
    what: Print
    institution_id: UUID | None = None
    site_id: UUID | None = None
    registration_id: UUID | None = None
    room_session_id: UUID | None = None
    account_id: UUID | None = None  # one person's own letter
    locale: Literal["zh", "en"] = "zh"

    @property
    def short(self) -> bool:
        """Whether it is one person's or one room's: printed while the reader waits."""
        return any((self.registration_id, self.room_session_id, self.account_id))

    @property
    def key(self) -> str:
        """The same for the same order."""
        places = (self.institution_id, self.site_id, self.registration_id, self.room_session_id, self.account_id)
        return ":".join((str(self.batch_id), self.what, self.locale, *(str(place or "") for place in places)))
