"""What is printed, as frozen records: tickets, room packs, duty letters (domain section 7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from exam.catalogue.rules import Component, Scheme
from exam.registration.rules import Batch, Institution, Registration
from exam.sittings.rules import Duty, DutySpec, RoomSession
from scheduling.sites.rules import Room, Site


@dataclass(frozen=True, kw_only=True)
class TicketPart:
    """One line of the component table."""

    component: Component
    room: RoomSession
    seat_no: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """准考证 of one candidate (domain section 7, document 1)."""

    batch: Batch
    registration: Registration
    scheme: Scheme
    site: Site | None
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
    """One room session with everything its four sheets need (documents 2-5)."""

    batch: Batch
    room: RoomSession
    place: Room | None
    scheme: Scheme
    component: Component
    seats: tuple[SeatLine, ...]
    team: tuple[DutySpec, ...]


@dataclass(frozen=True, kw_only=True)
class LetterLine:
    """One duty on a letter; a head's rooms of a day are one line."""

    duty: Duty
    starts_at: datetime
    ends_at: datetime
    room: RoomSession
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
