"""A planning problem: who is examined in what, where it could be, when, and by whom. The file format ``kaowu-problem/1``.

Time is a list of slots: windows that do not overlap, in order; a room holds one session per slot. Distances are
kilometres along the great circle. Identifiers are texts, unique within their list. What the records promise each other
(known ids, sensible numbers) is checked in :mod:`reading`; they themselves only hold what the file says.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

FORMAT: Final = "kaowu-problem/1"

Id = Annotated[str, Meta(min_length=1, max_length=80)]
Count = Annotated[int, Meta(ge=0, le=10_000_000)]
Positive = Annotated[int, Meta(ge=1, le=10_000_000)]
Percent = Annotated[int, Meta(ge=0, le=100)]
Minutes = Annotated[int, Meta(ge=0, le=100_000)]
Kilometres = Annotated[float, Meta(ge=0, le=1e9)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]


class Form(StrEnum):
    """How a component is examined (domain.md section 4)."""

    PAPER = "paper"
    COMPUTER = "computer"
    PRACTICAL = "practical"


class Level(StrEnum):
    """初级, 中级, 高级."""

    ELEMENTARY = "elementary"
    INTERMEDIATE = "intermediate"
    ADVANCED = "advanced"


class Accommodation(StrEnum):
    """What a candidate with a disability is granted (H16); a group has one class of them."""

    EXTRA_TIME = "extra_time"
    OWN_ROOM = "own_room"
    GROUND_FLOOR = "ground_floor"


class Duty(StrEnum):
    """A place in the team of a session."""

    HEAD_INVIGILATOR = "head_invigilator"
    INVIGILATOR = "invigilator"
    LEAD_ASSESSOR = "lead_assessor"
    ASSESSOR = "assessor"


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A record of the file: immutable, by name, without unknown fields."""


class Rules(Record, frozen=True):
    """Ratios, durations and limits; versioned data (of the problem, and of a certificate where it differs)."""

    version: str = "2026-1"
    reserve_percent: Percent = 10  # of the machines of a computer room, kept free (H5)
    paper_fill_percent: Positive = (
        100  # of the seats over the period that the placement may count on: rooms are not mixed
    )
    computer_fill_percent: Positive = 100  # the same of the machines
    turnaround_minutes: Minutes = 10  # a station between two candidates (H6)
    gap_minutes: Minutes = 30  # between two components of a candidate (H7)
    speed_km_per_hour: Positive = 60  # for travel between two sites on one day (H8, H11)
    mixing: bool = False  # several certificates, levels or components in one room (H10)
    travel_limit_km: Positive = 3000  # H18
    other_province: bool = True  # a candidate may be sent across the border of the province
    extra_time_percent: Percent = 25  # H16
    invigilators_per_room: Positive = 2  # H14, the head among them
    candidates_per_invigilator: Positive = 30  # H14: more candidates need more
    assessors_per_session: Positive = 2  # H13, the lead among them
    candidates_per_assessor: Positive = 15  # H13: more candidates need more
    positions_per_standby: Positive = 10  # one standby person per site and day for each started so many positions
    overnight_km: Positive = 100  # farther than this, a second day means a night away


class Slot(Record, frozen=True):
    """A window in which a room holds at most one session."""

    id: Id
    starts: datetime
    ends: datetime

    @property
    def day(self) -> date:
        """The calendar day it starts on."""
        return self.starts.date()

    @property
    def minutes(self) -> int:
        """Its length."""
        return int((self.ends - self.starts).total_seconds() // 60)


class Prefecture(Record, frozen=True):
    """地级市(州、盟), or a municipality."""

    id: Id
    name: str
    province: Id
    lat: Latitude
    lon: Longitude


class Institution(Record, frozen=True):
    """A school whose candidates sit, or whose staff serve."""

    id: Id
    name: str
    prefecture: Id
    lat: Latitude
    lon: Longitude


class Component(Record, frozen=True):
    """科目: one part of a level, in the order of sitting."""

    id: Id
    form: Form
    minutes: Positive  # of the session, or of one candidate at a station
    order: Count = 0  # H7: a component with a higher order comes later; equal orders in any order


class Scheme(Record, frozen=True):
    """What a level of a certificate consists of."""

    level: Level
    components: tuple[Component, ...]


class Certificate(Record, frozen=True):
    """A certificate with its levels; `rules` where they differ from the problem's."""

    id: Id
    name: str
    schemes: tuple[Scheme, ...]
    rules: Rules | None = None
    fee_cents: Count = 0  # of a candidate
    fee_cap_cents: Count = 0  # 考核成本上限 (D01)


class Pilot(Record, frozen=True):
    """An institution that pilots a certificate: its prefecture must have a site for it (C02, H1)."""

    institution: Id
    certificate: Id


class Room(Record, frozen=True):
    """A room with seats for paper or computers."""

    id: Id
    form: Form  # paper or computer
    seats: Positive
    spare: Count = 0  # kept free; of a computer room at least the reserve of the rules (H5)
    floor: int = 1
    closed: tuple[Id, ...] = ()  # slots


class Workshop(Record, frozen=True):
    """The stations of a site for the practical components of one certificate (H6)."""

    id: Id
    certificate: Id
    stations: Positive
    floor: int = 1
    closed: tuple[Id, ...] = ()


class Approval(Record, frozen=True):
    """A site may examine a certificate: which levels and forms, and on which days (H3). Empty: all; None: open end."""

    certificate: Id
    levels: tuple[Level, ...] = ()
    forms: tuple[Form, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None


class Site(Record, frozen=True):
    """考核站点."""

    id: Id
    name: str
    institution: Id
    prefecture: Id
    lat: Latitude
    lon: Longitude
    approvals: tuple[Approval, ...]
    rooms: tuple[Room, ...] = ()
    workshops: tuple[Workshop, ...] = ()
    closed: tuple[Id, ...] = ()  # slots (H15)

    @property
    def places(self) -> tuple[Room | Workshop, ...]:
        """Its rooms, then its workshops."""
        return self.rooms + self.workshops


class Group(Record, frozen=True):
    """Candidates who are alike for the planner; a `person` stands alone and may be in several groups (H8)."""

    id: Id
    institution: Id
    certificate: Id
    level: Level
    components: tuple[Id, ...]
    count: Positive
    accommodations: tuple[Accommodation, ...] = ()
    extra_time_percent: Percent | UnsetType = (
        UNSET  # H16: where it differs from the rules (left out, a file keeps its hash)
    )
    person: Id | None = None
    away: tuple[Id, ...] = ()  # slots in which they sit an exam that this problem does not hold (H8)
    late: bool = False  # registered after publication: may be added, may move nobody


class Qualification(Record, frozen=True):
    """The advanced level of a certificate, held from and until (H13)."""

    certificate: Id
    valid_from: date | None = None
    valid_to: date | None = None


class Person(Record, frozen=True):
    """Staff: what they may do, where they come from, to whom they are related, when they can."""

    id: Id
    name: str
    institution: Id
    lat: Latitude
    lon: Longitude
    duties: tuple[Duty, ...]
    qualifications: tuple[Qualification, ...] = ()
    related: tuple[Id, ...] = ()  # institutions, beside their own (H12)
    available: tuple[Id, ...] | None = None  # slots; None: all
    most_sessions: Positive = 1000


class Pin(Record, frozen=True):
    """What somebody decided by hand (H17): a group at a site, or a room's session in a slot, or a person at a session."""

    id: Id
    author: str
    reason: str
    expires: date | None = None
    group: Id | None = None
    site: Id | None = None
    count: Positive | None = None  # of the group; None: all of it
    component: Id | None = None
    slot: Id | None = None
    room: Id | None = None
    person: Id | None = None
    duty: Duty | None = None


class Waiver(Record, frozen=True):
    """No site for a certificate in a prefecture, with the reason (C02)."""

    certificate: Id
    prefecture: Id
    reason: Annotated[str, Meta(min_length=1)]


class Application(Record, frozen=True):
    """A site that has applied for a certificate and is not approved yet (C01). Nothing but `approve` looks at it."""

    id: Id
    site: Id
    certificate: Id
    levels: tuple[Level, ...] = ()  # as of an approval: empty means all
    forms: tuple[Form, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None
    capacity: Count | None = None  # candidates over the whole period; None: what its rooms and workshops hold
    cost_km: Kilometres = 1000.0  # what running it is worth, in candidate-kilometres


class Problem(Record, frozen=True, dict=True):
    """Everything the solver and the checker look at. Group = (institution, certificate, level, components, accommodations)."""

    format: str
    name: str
    slots: tuple[Slot, ...]
    prefectures: tuple[Prefecture, ...]
    institutions: tuple[Institution, ...]
    certificates: tuple[Certificate, ...]
    sites: tuple[Site, ...]
    groups: tuple[Group, ...]
    rules: Rules = Rules()
    pilots: tuple[Pilot, ...] = ()
    staff: tuple[Person, ...] = ()
    pins: tuple[Pin, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    applications: tuple[Application, ...] = ()
    on: date | None = None  # the day of planning: pins that expired before it are void

    @cached_property
    def slot(self) -> Mapping[str, Slot]:
        return {slot.id: slot for slot in self.slots}

    @cached_property
    def slot_number(self) -> Mapping[str, int]:
        return {slot.id: number for number, slot in enumerate(self.slots)}

    @cached_property
    def prefecture(self) -> Mapping[str, Prefecture]:
        return {one.id: one for one in self.prefectures}

    @cached_property
    def institution(self) -> Mapping[str, Institution]:
        return {one.id: one for one in self.institutions}

    @cached_property
    def certificate(self) -> Mapping[str, Certificate]:
        return {one.id: one for one in self.certificates}

    @cached_property
    def site(self) -> Mapping[str, Site]:
        return {one.id: one for one in self.sites}

    @cached_property
    def application(self) -> Mapping[str, Application]:
        return {one.id: one for one in self.applications}

    @cached_property
    def group(self) -> Mapping[str, Group]:
        return {one.id: one for one in self.groups}

    @cached_property
    def person(self) -> Mapping[str, Person]:
        return {one.id: one for one in self.staff}

    @cached_property
    def component(self) -> Mapping[tuple[str, Level, str], Component]:
        """(certificate, level, component id) -> component."""
        return {
            (certificate.id, scheme.level, component.id): component
            for certificate in self.certificates
            for scheme in certificate.schemes
            for component in scheme.components
        }

    @cached_property
    def sat_before(self) -> Mapping[str, int]:
        """Certificate -> how many components, one after the other, each of its candidates sits before a practical of it."""
        found: dict[str, int] = {}
        for group in self.groups:
            parts = self.parts_of(group)
            for part in parts:
                if part.form is Form.PRACTICAL:
                    before = len({one.order for one in parts if one.order < part.order})
                    found[group.certificate] = min(found.get(group.certificate, before), before)
        return found

    def rules_of(self, certificate: str) -> Rules:
        """The rules of a certificate: its own where it has some."""
        return self.certificate[certificate].rules or self.rules

    def parts_of(self, group: Group) -> tuple[Component, ...]:
        """The components a group sits, in their order."""
        found = [self.component[group.certificate, group.level, id] for id in group.components]
        return tuple(sorted(found, key=lambda component: (component.order, component.id)))
