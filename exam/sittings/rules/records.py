"""The records that cross the border of this folder: what is published, and what stands after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from exam.registration.rules.accommodations import Measures
from exam.sittings.rules.status import RoomStatus, SittingStatus

PRACTICE = "YL"
"""What the ticket number of an invented candidate begins with (exam.rehearsal); no real one begins with letters."""


class Duty(StrEnum):
    """What a person does in a room session (domain section 2)."""

    INVIGILATOR = "invigilator"
    ASSESSOR = "assessor"
    LEAD_ASSESSOR = "lead_assessor"
    SITE_HEAD = "site_head"


@dataclass(frozen=True)
class Terms:
    """The numbers a room session is run by, copied from the component when it is published.

    All of them are configuration [C]: the component gives duration, late limit and earliest leave, and may override the
    others under `terms` in its blueprint.
    """

    duration_minutes: int = 60
    late_limit_minutes: int = 15
    earliest_leave_minutes: int = 30
    entry_minutes: int = 60  # how long before the start the door opens
    duty_before_minutes: int = 90  # how long before the start a duty begins to count
    duty_after_minutes: int = 120  # how long after the end the room may still be written up
    own_duration: bool = False  # deadline: the planned end, or own start + duration (never beyond the planned end)
    grace_seconds: int = 10  # answers on their way at the deadline
    plan_version: int = 1  # of the minute plan (rules/minutes.py)


@dataclass(frozen=True)
class RoomSession:
    """One component held in one room in one time window (场次 in one 考场)."""

    id: UUID
    batch_id: UUID
    site_id: UUID
    site_code: str
    site_name: str
    site_address: str
    prefecture_code: str
    room_id: UUID
    room_name: str
    component_id: UUID
    form: str
    starts_at: datetime
    ends_at: datetime
    seats_count: int  # from the first one
    status: RoomStatus = RoomStatus.PLANNED
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    terms: Terms = field(default_factory=Terms)
    site_name_en: str = ""
    site_address_en: str = ""
    room_name_en: str = ""
    first_seat: int = 1  # sessions at a time in one workshop have stations of their own
    awaits_paper: str = ""  # the version that must be prepared before the room may open

    @property
    def seat_numbers(self) -> range:
        """The seats of this session."""
        return range(self.first_seat, self.first_seat + self.seats_count)

    @property
    def site_name_zh(self) -> str:
        """The Chinese name beside the English one, for ``bilingual``."""
        return self.site_name

    @property
    def site_address_zh(self) -> str:
        """The Chinese address beside the English one, for ``bilingual``."""
        return self.site_address

    @property
    def room_name_zh(self) -> str:
        """The Chinese name beside the English one, for ``bilingual``."""
        return self.room_name

    @property
    def late_until(self) -> datetime:
        """The last instant at which a candidate is still let in."""
        return self.starts_at + timedelta(minutes=self.terms.late_limit_minutes)


@dataclass(frozen=True)
class SittingSpec:
    """One candidate's place as scheduling publishes it."""

    id: UUID
    registration_id: UUID
    person_id: UUID
    component_id: UUID
    session_id: UUID  # the room session
    seat_no: int
    starts_at: datetime
    ends_at: datetime  # of this candidate: with what is granted
    paper_version: str = "A"
    granted_minutes: int = 0  # of an accommodation (H16), inside the end
    measures: str = ""  # as Measures.key


@dataclass(frozen=True)
class DutySpec:
    """One person's duty in one room session."""

    id: UUID
    session_id: UUID  # the room session
    account_id: UUID
    name: str
    duty: Duty
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Publication:
    """A whole published plan: everything that becomes fact in one transaction."""

    batch_id: UUID
    plan_id: UUID
    plan_version: int
    sessions: tuple[RoomSession, ...] = ()
    sittings: tuple[SittingSpec, ...] = ()
    duties: tuple[DutySpec, ...] = ()
    tickets: Mapping[UUID, str] = field(default_factory=dict)  # registration_id -> ticket number


@dataclass(frozen=True)
class Admission:
    """What a publication changed: counts of rows added, and of rows that already stood there unchanged."""

    sessions: int
    sittings: int
    duties: int
    unchanged: int


@dataclass(frozen=True)
class Sitting:
    """One candidate x one component x one window x one seat, with what has happened to it."""

    id: UUID
    batch_id: UUID
    registration_id: UUID
    person_id: UUID
    component_id: UUID
    room_session_id: UUID
    seat_no: int
    starts_at: datetime
    ends_at: datetime
    paper_version: str
    ticket_no: str
    status: SittingStatus
    checked_in_at: datetime | None = None
    check_in_method: str | None = None
    late_minutes: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    left_at: datetime | None = None
    absent_at: datetime | None = None
    granted_minutes: int = 0  # of an accommodation (H16): the end has them already
    measures: str = ""  # what must be done, as Measures.key
    extra_minutes: int = 0  # of an interruption, by two persons: beyond the end
    moves_count: int = 0
    reason: str | None = None  # why it was interrupted, stopped, corrected or moved last

    @property
    def session_id(self) -> UUID:
        """The room session, by the name scheduling uses."""
        return self.room_session_id

    @property
    def until(self) -> datetime:
        """When this candidate's time is over: the own end, and what two persons recorded beyond it."""
        return self.ends_at + timedelta(minutes=self.extra_minutes)

    @property
    def needs(self) -> Measures:
        """What must be done for the candidate (H16)."""
        return Measures.parse(self.measures)


@dataclass(frozen=True)
class Move:
    """A change of seat or room after publication, with its reason."""

    sitting_id: UUID
    from_room_session_id: UUID
    from_seat_no: int
    to_room_session_id: UUID
    to_seat_no: int
    reason: str
    by_name: str
    at: datetime
