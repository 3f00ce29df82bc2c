"""What the timetable is made from: candidates, their components, the sites that may take them, and the hours.

Identifiers are texts, so that a problem can be written to a file and read back. Instants are minutes in China
since 00:00 of the first day of the problem (:func:`Problem.at` and :func:`Problem.minute` convert), because a
plan of whole minutes is exact and compares quickly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from exam.catalogue.rules import Form, Level

CHINA = ZoneInfo("Asia/Shanghai")
DAY_MINUTES = 24 * 60


@dataclass(frozen=True, kw_only=True)
class Hours:
    """Working hours and gaps, in minutes; conventions [C], stored with every plan that used them."""

    opens: int = 8 * 60 + 30
    lunch_from: int = 12 * 60
    lunch_to: int = 13 * 60 + 30
    closes: int = 18 * 60
    gap_minutes: int = 30  # between two components of one person (H7)
    travel_minutes: int = 120  # the same, when they lie at different sites (H8)
    grid_minutes: int = 30  # sessions with a paper start on the half hour
    practical_grid_minutes: int = 5
    turnaround_minutes: int = 30  # a room between two sessions: clear, count, seal, post the next list
    practical_turnaround_minutes: int = 10  # a station between two candidates (H6)


@dataclass(frozen=True, kw_only=True)
class Part:
    """One component to be sat."""

    id: str
    seq: int
    form: Form
    duration_minutes: int  # of the session, or of one candidate at a station


@dataclass(frozen=True, kw_only=True)
class SchemeParts:
    """A scheme as far as time and place need it."""

    id: str
    certificate_id: str
    level: Level
    parts: tuple[Part, ...]  # in the order of sitting


@dataclass(frozen=True, kw_only=True)
class Place:
    """A room of one site."""

    id: str
    site_id: str
    code: str
    form: Form
    usable: int  # seats or stations a session may fill, reserve already taken off (H5)
    columns: int = 5
    certificate_ids: frozenset[str] = frozenset()  # empty = any

    def serves(self, form: Form, certificate_id: str) -> bool:
        """Whether a component of this form and certificate may be held here."""
        return self.form is form and (not self.certificate_ids or certificate_id in self.certificate_ids)


@dataclass(frozen=True, kw_only=True)
class Licence:
    """An approval that is in force: certificate, levels, period, and which site of the prefecture this is."""

    certificate_id: str
    levels: frozenset[Level]
    rank: int  # 0 designated, 1 branch, 2 reserve
    valid_from: date
    valid_to: date


@dataclass(frozen=True, kw_only=True)
class Venue:
    """A site with its rooms and approvals."""

    id: str
    code: str
    prefecture_code: str
    places: tuple[Place, ...]
    licences: tuple[Licence, ...]
    closed_on: frozenset[date] = frozenset()

    def licence(self, certificate_id: str, level: Level, day: date) -> Licence | None:
        """The approval under which this certificate and level may be held on that day (H3)."""
        for licence in self.licences:
            if (
                licence.certificate_id == certificate_id
                and level in licence.levels
                and licence.valid_from <= day <= licence.valid_to
            ):
                return licence
        return None


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One confirmed registration, with the components still to be sat (exempt and retained ones are not)."""

    id: str  # the registration
    person_id: str
    scheme_id: str
    institution_id: str | None  # None: member of society
    prefecture_code: str
    part_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Taken:
    """Time that something published already occupies: a room's or a person's."""

    start: int
    end: int
    site_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Everything the solver and the checker look at."""

    first_day: date
    days_count: int
    schemes: tuple[SchemeParts, ...]
    venues: tuple[Venue, ...]
    candidates: tuple[Candidate, ...]
    hours: Hours = Hours()
    waived: frozenset[tuple[str, str]] = frozenset()  # (certificate, prefecture): sent to the nearest site instead
    positions: Mapping[str, tuple[float, float]] = field(default_factory=dict)  # prefecture -> place on a plane
    taken_rooms: Mapping[str, tuple[Taken, ...]] = field(default_factory=dict)
    taken_people: Mapping[str, tuple[Taken, ...]] = field(default_factory=dict)

    @cached_property
    def scheme_by_id(self) -> dict[str, SchemeParts]:
        return {scheme.id: scheme for scheme in self.schemes}

    @cached_property
    def venue_by_id(self) -> dict[str, Venue]:
        return {venue.id: venue for venue in self.venues}

    @cached_property
    def part_by_id(self) -> dict[str, Part]:
        return {part.id: part for scheme in self.schemes for part in scheme.parts}

    def day(self, minute: int) -> date:
        """The calendar day a minute lies on."""
        return self.first_day + timedelta(days=minute // DAY_MINUTES)

    def at(self, minute: int) -> datetime:
        """The aware instant of a minute. China keeps one time all year, so adding minutes is exact."""
        start = datetime(self.first_day.year, self.first_day.month, self.first_day.day, tzinfo=CHINA)
        return start + timedelta(minutes=minute)

    def minute(self, instant: datetime) -> int:
        """The minute an instant lies in."""
        return int((instant - self.at(0)).total_seconds() // 60)
