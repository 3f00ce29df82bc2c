"""Which open applications to approve, as a question to the planner and as its answer for people (C02, H1).

One question per province: its pilot institutions, its sites with their rooms, what is approved and what is asked for, how
many candidates are registered or expected, on which days. Identifiers are those of the records. The answer is advice:
each application is decided by whom the table of steps names.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from exam.catalogue.rules import Certificate, Form, Level, Scheme
from exam.kernel.errors import N_
from exam.registration.rules import Institution, Pilot, Prefecture
from scheduling.planning.rules import problem as planning
from scheduling.sites.rules import STEPS, Approval, ApprovalStatus, Party, Room, Site, Waiver

OPEN = tuple(
    status
    for status in ApprovalStatus
    if status
    not in (
        ApprovalStatus.DRAFT, ApprovalStatus.RETURNED, ApprovalStatus.ACTIVE, ApprovalStatus.SUSPENDED,
        ApprovalStatus.REVOKED, ApprovalStatus.EXPIRED,
    )
)  # fmt: skip
"""An application that has been submitted and is not in force yet."""

WINDOWS = ((time(8, 30), time(12)), (time(13, 30), time(17)))
"""When a day is counted to hold a session: the morning and the afternoon."""

WORTH_KM = 1000
"""Running one more site is worth this many candidate-kilometres."""

_CHINA = ZoneInfo("Asia/Shanghai")
_FORMS = {
    Form.PAPER: planning.Form.PAPER,
    Form.COMPUTER: planning.Form.COMPUTER,
    Form.PRACTICAL_GENERAL: planning.Form.PRACTICAL,
    Form.PRACTICAL_SPECIAL: planning.Form.PRACTICAL,
}
_NOWHERE = (31.0, 112.0)  # where a prefecture without a placed institution is taken to lie


@dataclass(frozen=True, kw_only=True)
class Expected:
    """How many candidates of a certificate and level come from a place."""

    institution_id: UUID | None  # None: members of society
    prefecture_code: str
    certificate_id: UUID
    level: Level
    count: int
    registered: bool  # False: by the pilot's head-count


@dataclass(frozen=True, kw_only=True)
class Province:
    """What is known of one province, for the certificates that concern the reader."""

    code: str
    days: tuple[date, ...]
    prefectures: tuple[Prefecture, ...]
    institutions: tuple[Institution, ...]
    certificates: tuple[Certificate, ...]
    schemes: tuple[Scheme, ...]  # one per certificate and level
    sites: tuple[Site, ...]
    active: tuple[Approval, ...]
    open: tuple[Approval, ...]
    pilots: tuple[Pilot, ...]
    waivers: tuple[Waiver, ...]
    expected: tuple[Expected, ...]


class GapReason(StrEnum):
    """Why a pair stays without a site whatever is approved."""

    NO_APPLICANT = "no_applicant"
    OTHER_DAYS = "other_days"
    BRANCH_ONLY = "branch_only"  # a branch is in force; it covers once it is made the main site


GAP_LABELS: Mapping[GapReason, str] = {
    GapReason.NO_APPLICANT: N_("没有院校申请"),
    GapReason.OTHER_DAYS: N_("申请或批准的有效期不含考期"),
    GapReason.BRANCH_ONLY: N_("只有分站点或备用站点，没有主站点"),
}


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """An application to approve, and what for."""

    approval: Approval
    site: Site
    certificate: Certificate
    prefecture: Prefecture
    covers: bool  # its prefecture has no site in force for the certificate
    short_by: int  # candidates without a place in the province if it is not approved
    saves_km: float  # candidate-kilometres
    party: Party | None  # whose step is next
    mine: bool  # and it is the reader's


@dataclass(frozen=True, kw_only=True)
class Gap:
    """A pair that nothing that is asked for covers."""

    certificate: Certificate
    prefecture: Prefecture
    reason: GapReason
    approval: Approval | None = None  # of the branch that could become the main site


@dataclass(frozen=True, kw_only=True)
class Shortage:
    """Candidates of a certificate for whom a province has no place."""

    certificate: Certificate
    province_code: str
    count: int


@dataclass(frozen=True, kw_only=True)
class Suggestions:
    """The answer of all provinces that concern the reader."""

    suggestions: tuple[Suggestion, ...]
    not_needed: tuple[Suggestion, ...]
    gaps: tuple[Gap, ...]
    shortages: tuple[Shortage, ...]
    registered: int
    expected: int  # by head-count, beside those registered
    days_count: int  # of the province with the most
    proven: bool  # that no other choice is better

    def prefectures(self, certificate_id: UUID | None = None) -> frozenset[tuple[UUID, str]]:
        """(certificate, prefecture) that the suggestions cover."""
        return frozenset(
            (one.certificate.id, one.prefecture.code)
            for one in self.suggestions
            if one.covers and certificate_id in (None, one.certificate.id)
        )


def next_party(status: ApprovalStatus) -> Party | None:
    """Whose step is next on the way to a site in force; None at the end of the way."""
    return next((party for to, party in STEPS[status].items() if to is not ApprovalStatus.RETURNED), None)


def days_of(batches: Iterable[tuple[date, date]], on: date) -> tuple[date, ...]:
    """The days from ``on`` that the batches examine on; without any the next weekend."""
    found = {
        first + timedelta(days=number)
        for first, last in batches
        for number in range((last - first).days + 1)
        if first + timedelta(days=number) >= on
    }
    if not found:
        saturday = on + timedelta(days=(5 - on.weekday()) % 7)
        found = {saturday, saturday + timedelta(days=1)}
    return tuple(sorted(found))


def expected(
    pilots: Iterable[Pilot],
    counted: Iterable[Expected],
    closed: Iterable[UUID],
    home: Mapping[UUID, str],
    levels: Mapping[UUID, Level],
) -> tuple[Expected, ...]:
    """Who is to be placed: who is registered, and where nobody is yet, the head-count of the pilot.

    ``closed``: certificates whose registration has closed: who has not registered does not come. ``levels``: the level
    that a head-count, which names none, is taken for.
    """
    found = list(counted)
    have = {(one.institution_id, one.certificate_id) for one in found}
    shut = set(closed)
    for pilot in pilots:
        key = pilot.institution_id, pilot.certificate_id
        open_still = pilot.certificate_id not in shut and pilot.certificate_id in levels
        if key in have or not open_still or not pilot.quota or pilot.institution_id not in home:
            continue
        found.append(
            Expected(
                institution_id=pilot.institution_id,
                prefecture_code=home[pilot.institution_id],
                certificate_id=pilot.certificate_id,
                level=levels[pilot.certificate_id],
                count=pilot.quota,
                registered=False,
            )
        )
    return tuple(found)


def question(province: Province) -> planning.Problem:
    """The province as a planning problem; its ids are those of the records."""
    middle = _middles(province)
    homes = {one.id for one in province.institutions}
    schemes = {(one.certificate_id, one.level): one for one in province.schemes}
    return planning.Problem(
        format=planning.FORMAT,
        name=province.code,
        slots=_slots(province.days),
        prefectures=tuple(
            planning.Prefecture(
                id=one.code, name=one.name_zh, province=province.code, lat=middle[one.code][0], lon=middle[one.code][1]
            )
            for one in province.prefectures
        ),
        institutions=(*_institutions(province, middle), *_societies(province, middle)),
        certificates=tuple(_certificate(one, province.schemes) for one in province.certificates),
        sites=tuple(_site(one, province, middle) for one in province.sites),
        groups=tuple(
            _group(one, schemes[one.certificate_id, one.level])
            for one in province.expected
            if (one.certificate_id, one.level) in schemes and one.count
        ),
        pilots=tuple(
            planning.Pilot(institution=str(one.institution_id), certificate=str(one.certificate_id))
            for one in province.pilots
            if one.institution_id in homes
        ),
        waivers=tuple(
            planning.Waiver(certificate=str(one.certificate_id), prefecture=one.prefecture_code, reason=one.reason)
            for one in province.waivers
        ),
        applications=tuple(
            planning.Application(
                id=str(one.id),
                site=str(one.site_id),
                certificate=str(one.certificate_id),
                levels=tuple(planning.Level(level.value) for level in one.levels),
                valid_from=one.valid_from,
                valid_to=one.valid_to,
                cost_km=float(WORTH_KM),
            )
            for one in province.open
        ),
    )


def _slots(days: Sequence[date]) -> tuple[planning.Slot, ...]:
    return tuple(
        planning.Slot(
            id=f"{day:%Y%m%d}-{starts:%H%M}",
            starts=datetime.combine(day, starts, _CHINA),
            ends=datetime.combine(day, ends, _CHINA),
        )
        for day in days
        for starts, ends in WINDOWS
    )


def _middles(province: Province) -> dict[str, tuple[float, float]]:
    """The middle of each prefecture: of its institutions whose place is known."""
    known: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for one in province.institutions:
        if one.latitude is not None and one.longitude is not None:
            known[one.prefecture_code].append((one.latitude, one.longitude))
    found = {}
    for place in province.prefectures:
        own = known[place.code]
        count = len(own)
        found[place.code] = (
            (sum(lat for lat, _ in own) / count, sum(lon for _, lon in own) / count) if own else _NOWHERE
        )
    return found


def _institutions(province: Province, middle: Mapping[str, tuple[float, float]]) -> list[planning.Institution]:
    return [
        planning.Institution(
            id=str(one.id),
            name=one.name_zh,
            prefecture=one.prefecture_code,
            lat=middle[one.prefecture_code][0] if one.latitude is None else one.latitude,
            lon=middle[one.prefecture_code][1] if one.longitude is None else one.longitude,
        )
        for one in province.institutions
    ]


def _societies(province: Province, middle: Mapping[str, tuple[float, float]]) -> list[planning.Institution]:
    codes = sorted({one.prefecture_code for one in province.expected if one.institution_id is None})
    return [
        planning.Institution(id=f"society-{code}", name=code, prefecture=code, lat=middle[code][0], lon=middle[code][1])
        for code in codes
    ]


def _certificate(one: Certificate, schemes: Iterable[Scheme]) -> planning.Certificate:
    own = sorted((scheme for scheme in schemes if scheme.certificate_id == one.id), key=lambda each: each.level.digit)
    return planning.Certificate(
        id=str(one.id),
        name=one.name_zh,
        schemes=tuple(
            planning.Scheme(
                level=planning.Level(scheme.level.value),
                components=tuple(
                    planning.Component(
                        id=part.code, form=_FORMS[part.form], minutes=part.duration_minutes, order=part.seq
                    )
                    for part in scheme.components
                ),
            )
            for scheme in own
        ),
    )


def _site(site: Site, province: Province, middle: Mapping[str, tuple[float, float]]) -> planning.Site:
    own = [one for one in province.active if one.site_id == site.id]
    asked = {one.certificate_id for one in (*province.active, *province.open) if one.site_id == site.id}
    lat, lon = middle.get(site.prefecture_code, _NOWHERE)
    return planning.Site(
        id=str(site.id),
        name=site.name_zh,
        institution=str(site.institution_id),
        prefecture=site.prefecture_code,
        lat=lat if site.latitude is None else site.latitude,
        lon=lon if site.longitude is None else site.longitude,
        approvals=tuple(
            planning.Approval(
                certificate=str(one.certificate_id),
                levels=tuple(planning.Level(level.value) for level in one.levels),
                valid_from=one.valid_from,
                valid_to=one.valid_to,
            )
            for one in own
        ),
        rooms=tuple(
            planning.Room(id=room.code, form=_FORMS[room.form], seats=room.seats, spare=room.spares)
            for room in site.rooms
            if not room.form.practical and room.usable
        ),
        workshops=tuple(
            planning.Workshop(id=f"{room.code}/{id}", certificate=str(id), stations=room.usable)
            for room in site.rooms
            for id in _served(room, asked)
        ),
        closed=tuple(
            f"{day:%Y%m%d}-{starts:%H%M}" for day in province.days if day in site.closed_on for starts, _ in WINDOWS
        ),
    )


def _served(room: Room, asked: Iterable[UUID]) -> list[UUID]:
    """The certificates whose practical a room may hold; each as if it were the only one."""
    if not room.form.practical or not room.usable:
        return []
    return sorted(id for id in asked if not room.certificate_ids or id in room.certificate_ids)


def _group(one: Expected, scheme: Scheme) -> planning.Group:
    home = str(one.institution_id) if one.institution_id else f"society-{one.prefecture_code}"
    return planning.Group(
        id=f"{home}/{one.prefecture_code}/{one.certificate_id}/{one.level.value}",
        institution=home,
        certificate=str(one.certificate_id),
        level=planning.Level(one.level.value),
        components=tuple(part.code for part in scheme.components),
        count=one.count,
    )
