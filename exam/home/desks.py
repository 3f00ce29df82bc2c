"""What each first page shows, read from the folders' queries: batches, today's rooms, an institution's roster, a candidate's way."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from certificates.credit import queries as credit
from certificates.issuing import queries as issuing
from certificates.keys import queries as keys
from certificates.nightly import queries as nightly
from certificates.platform import queries as registrations
from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.faults import queries as faults
from exam.home import watch
from exam.home.stages import DONE, Entry, late, stage_of, timeline
from exam.kernel.clock import china_date
from exam.kernel.errors import N_
from exam.kernel.needs import Need
from exam.papers import queries as papers
from exam.registration import queries as registration
from exam.registration.queries.work import concerns
from exam.registration.rules import Batch, BatchStatus
from exam.sittings import queries as sittings
from exam.sittings.rules import STATUS_LABELS, Headcount, RoomSession, Sitting, SittingStatus, Step, next_step
from scheduling.duties import queries as duties
from scheduling.repairs import queries as repairs
from scheduling.sites import queries as sites
from scheduling.timetable import queries as timetable
from scoring.marking import queries as marking
from scoring.outcomes import queries as outcomes
from scoring.outcomes.rules import PENDING, Decision
from scoring.reviews import queries as reviews
from scoring.tablets import queries as tablets

SOURCES = (
    registration.needs,
    catalogue.needs,
    papers.needs,
    sites.needs,
    duties.needs,
    timetable.needs,
    repairs.needs,
    sittings.needs,
    faults.needs,
    marking.needs,
    tablets.needs,
    tablets.ledger_needs,
    outcomes.needs,
    reviews.needs,
    issuing.needs,
    keys.needs,
    nightly.needs,
    registrations.needs,
    credit.needs,
    watch.needs,
)
_URGENCY = {"stopped": 0, "warning": 1, "needs": 2, "done": 3}
_FAR = timedelta(days=3650)
CARDS = 8
SHOWN_SITES = 6


async def needs(session: AsyncSession, actor: Actor, now: datetime) -> list[Need]:
    """Return what needs the actor, the most urgent first, then the earliest due."""
    found = [need for source in SOURCES for need in await source(session, actor, now)]
    return sorted(found, key=lambda need: (_URGENCY[need.tone], need.due or now + _FAR))


@dataclass(frozen=True, kw_only=True)
class BatchCard:
    """One batch as a card: how far, how many, whether late."""

    batch: Batch
    stage: int
    late: bool
    tally: registration.Tally
    entries: tuple[Entry, ...]

    @property
    def running(self) -> bool:
        """Whether anything is still to do in it."""
        return 0 <= self.stage < DONE


def nearest(found: Sequence[BatchCard], now: datetime) -> BatchCard | None:
    """Return the running batch whose exam days are nearest."""
    today = china_date(now)
    running = [card for card in found if card.running]
    return min(running, key=lambda card: abs(card.batch.first_day - today), default=None)


async def cards(session: AsyncSession, actor: Actor, now: datetime) -> list[BatchCard]:
    """Return the batches that concern the actor: those under way first, the newest first among the others."""
    own = actor.scope_ids(Permission.ROSTER_IMPORT, "institution")
    institution_id = UUID(next(iter(own))) if own else None
    every = [one for one in await registration.batches(session) if institution_id or _reads(actor, one)]
    counts = await registration.tallies(session, [one.id for one in every], institution_id=institution_id)
    moves = {one.id: await registration.batch_moves(session, one.id) for one in every}
    made = [
        BatchCard(
            batch=one,
            stage=stage_of(one.status),
            late=late(one, now, moves[one.id]),
            tally=counts[one.id],
            entries=tuple(timeline(one, moves[one.id], now)),
        )
        for one in sorted(every, key=lambda one: one.first_day, reverse=True)[: CARDS * 2]
        if not institution_id or counts[one.id].total or one.status is BatchStatus.REGISTRATION_OPEN
    ]
    return sorted(made, key=lambda card: not card.running)[:CARDS]


def _reads(actor: Actor, batch: Batch) -> bool:
    return actor.within(Permission.BATCH_READ) or concerns(actor, Permission.BATCH_READ, batch)


@dataclass(frozen=True, kw_only=True)
class Exceptional:
    """One candidate who is not simply there."""

    seat_no: int
    name: str
    words: str  # msgid
    facts: Mapping[str, object]
    tone: str
    href: str


@dataclass(frozen=True, kw_only=True)
class RoomCard:
    """A room session with its counts and the next thing to do in it."""

    room: RoomSession
    count: Headcount
    step: Step
    duties: tuple[str, ...]  # the reader's own
    exceptional: tuple[Exceptional, ...] = ()

    @property
    def tone(self) -> str:
        """Problems on top: somebody undecided after the late limit, somebody absent, all present."""
        if self.step is Step.CLOSED:
            return "done"
        if self.step is Step.MARK_ABSENT:
            return "stopped"
        if self.count.absent:
            return "warning"
        return "plain" if self.step is Step.WAIT else "needs"


async def my_rooms(session: AsyncSession, actor: Actor, now: datetime) -> list[RoomCard]:
    """Return the rooms of the actor's duties, today's and those of the next days, in order, each read as its own page is."""
    rooms = await sittings.my_rooms(session, actor, now, days=14)
    mine: dict[UUID, list[str]] = defaultdict(list)
    if rooms and actor.account_id is not None:
        for duty in await sittings.duties(session, account_id=actor.account_id):
            mine[duty.session_id].append(duty.duty)
    views = [await sittings.room_view(session, room.id, now) for room in rooms]
    named = [one for view in views for one in view.sittings if _exception(one)]
    people = {
        one.id: one.name
        for one in (
            await registration.registrations(session, ids={one.registration_id for one in named}) if named else []
        )
    }
    return [
        RoomCard(
            room=view.room,
            count=view.count,
            step=view.step,
            duties=tuple(mine[view.room.id]),
            exceptional=tuple(
                Exceptional(
                    seat_no=one.seat_no,
                    name=people.get(one.registration_id, ""),
                    words=found[0],
                    facts=found[1],
                    tone=found[2],
                    href=f"/exam/sittings/candidates/{one.id}",
                )
                for one in view.sittings
                if (found := _exception(one))
            ),
        )
        for view in views
    ]


def _exception(one: Sitting) -> tuple[str, Mapping[str, object], str] | None:
    """Late, absent, stopped, interrupted or moved: in words, with their tone."""
    if one.status in (SittingStatus.ABSENT, SittingStatus.STOPPED, SittingStatus.VOIDED, SittingStatus.INTERRUPTED):
        return STATUS_LABELS[one.status], {}, "warning" if one.status is SittingStatus.ABSENT else "stopped"
    if one.late_minutes:
        return N_("迟到 %(minutes)s 分钟"), {"minutes": one.late_minutes}, "warning"
    if one.moves_count:
        return N_("调整过座位"), {}, "needs"
    return None


async def _room_cards(session: AsyncSession, rooms: Sequence[RoomSession], now: datetime) -> list[RoomCard]:
    """Many rooms by their counts alone."""
    counts = await sittings.headcounts(session, [room.id for room in rooms])
    return [
        RoomCard(room=room, count=counts[room.id], step=next_step(room, counts[room.id], 0, now), duties=())
        for room in rooms
    ]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One site at one hour of the heat map."""

    value: str
    tone: str
    words: str = ""
    href: str = ""


@dataclass(frozen=True, kw_only=True)
class SiteDay:
    """One site's day: a cell per hour, and its rooms for the lanes."""

    name_zh: str
    name_en: str
    href: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, kw_only=True)
class Day:
    """An exam day over all sites, those with problems on top."""

    hours: tuple[datetime, ...]
    sites: tuple[SiteDay, ...]
    rooms_count: int
    expected: int
    present: int
    absent: int

    @property
    def urgent(self) -> tuple[SiteDay, ...]:
        """The sites with problems; at least the first few, so that the picture is never empty."""
        bad = [site for site in self.sites if any(cell.tone in ("stopped", "warning") for cell in site.cells)]
        return tuple(bad) if len(bad) > SHOWN_SITES else self.sites[:SHOWN_SITES]


async def today(session: AsyncSession, actor: Actor, batches: Sequence[Batch], now: datetime) -> Day | None:
    """Return today's sessions of these batches, None on a day without any; rooms are linked for who may enter them."""
    day = china_date(now)
    running = [one for one in batches if one.first_day <= day <= one.last_day]
    rooms = [
        room
        for one in running
        for room in await sittings.room_sessions(session, batch_id=one.id)
        if china_date(room.starts_at) == day
    ]
    if not rooms:
        return None
    found = await _room_cards(session, rooms, now)
    hours = tuple(sorted({card.room.starts_at for card in found}))
    places = await sites.sites(session, {card.room.site_id for card in found})
    linked = actor.may(Permission.INCIDENT_DECIDE) or actor.may(Permission.PLAN_MANAGE)
    by_place: dict[tuple[UUID, datetime], list[RoomCard]] = defaultdict(list)
    for card in found:
        by_place[card.room.site_id, card.room.starts_at].append(card)
    rows = []
    for place in places:
        cells = tuple(_cell(by_place[place.id, hour], linked) for hour in hours)
        rank = min(_RANK[cell.tone] for cell in cells)
        href = f"/scheduling/sites/{place.id}"
        rows.append((rank, SiteDay(name_zh=place.name_zh, name_en=place.name_en, href=href, cells=cells)))
    return Day(
        hours=hours,
        sites=tuple(row for _, row in sorted(rows, key=lambda one: (one[0], one[1].name_zh))),
        rooms_count=len(rooms),
        expected=sum(card.count.expected for card in found),
        present=sum(card.count.present for card in found),
        absent=sum(card.count.absent for card in found),
    )


_RANK = {"stopped": 0, "warning": 1, "needs": 2, "plain": 3, "done": 4, "": 5}


def _cell(found: list[RoomCard], linked: bool) -> Cell:
    if not found:
        return Cell(value="", tone="")
    tone = min((card.tone for card in found), key=_RANK.__getitem__)
    value = f"{sum(card.count.present for card in found)} / {sum(card.count.expected for card in found)}"
    href = f"/exam/sittings/rooms/{found[0].room.id}" if linked and len(found) == 1 else ""
    return Cell(value=value, tone=tone, href=href)


@dataclass(frozen=True, kw_only=True)
class Bin:
    """One bar of the distribution."""

    low: int
    high: int
    count: int


@dataclass(frozen=True, kw_only=True)
class Scores:
    """The totals of the batch whose results are worked on, and what became of its candidates."""

    batch: Batch
    counts: Mapping[Decision, int]
    without: int
    bins: tuple[Bin, ...]
    pass_mark: Decimal | None  # None where schemes of the batch differ


async def scores(session: AsyncSession, actor: Actor) -> Scores | None:
    """Return the newest batch whose results are all formed, those with work left first, else one that has some results."""
    half: outcomes.Overview | None = None
    listed = [one for one in await outcomes.batches(session, actor) if any(one[1].values())]
    for batch, _ in sorted(listed, key=lambda one: not any(one[1][status] for status in PENDING)):
        found = await outcomes.overview(session, actor, batch.id)
        if not found.without:
            return _scores(found)
        half = half or found
    return _scores(half) if half else None


def _scores(found: outcomes.Overview) -> Scores:
    marks = {line.scheme.pass_rule.pass_mark for line in found.lines}
    return Scores(
        batch=found.batch,
        counts=found.counts,
        without=found.without,
        bins=tuple(Bin(low=a, high=b, count=n) for a, b, n in outcomes.distribution(found.lines)),
        pass_mark=marks.pop() if len(marks) == 1 else None,
    )


async def platform(session: AsyncSession, actor: Actor, now: datetime) -> registrations.PlatformCounts | None:
    """Return how the certificates stand with the platform, None before the first is issued."""
    ids = actor.scope_uuids(Permission.PLATFORM_RUN, "organisation")
    found = await registrations.counts(session, today=china_date(now), organisation_ids=ids)
    return found if found.total else None
