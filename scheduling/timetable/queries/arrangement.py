"""What an officer sees of a batch: demand, the plan that counts, loads, who is left and why."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.catalogue.rules import Scheme
from exam.registration import queries as registration
from exam.registration.rules import Batch, BatchStatus, Institution, Prefecture, Registration
from exam.sittings import queries as sittings
from exam.sittings.rules import Duty
from scheduling.duties import queries as duties
from scheduling.duties.rules import Gap, GapReason
from scheduling.planning.rules.plan import UnplacedReason
from scheduling.sites.rules import Site
from scheduling.timetable.queries import stored
from scheduling.timetable.queries.intake import DemandLine, demand
from scheduling.timetable.queries.naming import Names, names_of, people_of
from scheduling.timetable.queries.scope import ARRANGED, PLANNABLE, may_manage, may_read, require_read
from scheduling.timetable.rules.lifecycle import PlanStatus
from scheduling.timetable.rules.plan import UNPLACED_REASONS, UNPLACED_WAYS_OUT
from scheduling.timetable.rules.terms import Term


@dataclass(frozen=True, kw_only=True)
class UnplacedLine:
    """People of one scheme and prefecture who could not be placed for one reason."""

    reason: UnplacedReason
    scheme: Scheme
    prefecture: Prefecture | None
    count: int
    institutions: tuple[tuple[Institution | None, int], ...]  # None: candidates of no institution
    people: tuple[Registration, ...]  # by name for those who arrange the batch, nobody for other readers

    @property
    def text(self) -> str:
        """The reason as a msgid."""
        return UNPLACED_REASONS[self.reason]

    @property
    def way_out(self) -> str:
        """What can be done, as a msgid."""
        return UNPLACED_WAYS_OUT[self.reason]


@dataclass(frozen=True, kw_only=True)
class GapLine:
    """Positions that stay empty at one site for one reason."""

    duty: Duty
    reason: GapReason
    site: Site
    scheme: Scheme
    missing: int
    sessions: tuple[stored.PlannedSession, ...]


@dataclass(frozen=True, kw_only=True)
class SiteLoad:
    """How full one site is in a plan."""

    site: Site
    candidates_count: int
    sessions_count: int
    seats_used: int
    seats_offered: int
    days: tuple[date, ...]


@dataclass(frozen=True, kw_only=True)
class ArrangementView:
    """One batch on its way from demand to published seats."""

    batch: Batch
    demand: tuple[DemandLine, ...]
    plans: tuple[stored.PlanRecord, ...]
    plan: stored.PlanRecord | None
    loads: tuple[SiteLoad, ...]
    unplaced: tuple[UnplacedLine, ...]
    gaps: tuple[GapLine, ...]
    duties_count: int
    people_on_duty: int
    minutes_range: tuple[int, int]
    terms: tuple[Term, ...]  # what holds for this batch in place of the norms
    may_manage: bool

    @property
    def candidates_count(self) -> int:
        """Confirmed registrations."""
        return sum(line.candidates_count for line in self.demand)

    @property
    def unplaced_count(self) -> int:
        """People without a place in the shown plan."""
        return sum(line.count for line in self.unplaced)

    @property
    def gaps_count(self) -> int:
        """Empty positions in the shown plan."""
        return sum(line.missing for line in self.gaps)

    @property
    def may_propose(self) -> bool:
        """Whether a proposal can be made now."""
        is_published = self.plan is not None and self.plan.status in (PlanStatus.FILED, PlanStatus.PUBLISHED)
        return self.may_manage and self.batch.status in PLANNABLE and not is_published and self.candidates_count > 0

    @property
    def may_publish(self) -> bool:
        """Whether the shown draft can be published now."""
        is_draft = self.plan is not None and self.plan.status in (PlanStatus.DRAFT, PlanStatus.FILED)
        return self.may_manage and is_draft and self.batch.status is BatchStatus.REGISTRATION_CLOSED


async def arrangements(session: AsyncSession, actor: Actor) -> list[tuple[Batch, stored.PlanRecord | None]]:
    """The batches whose arrangement the reader may see, with the plan that counts."""
    return [
        (batch, await stored.latest(session, batch.id))
        for batch in await registration.batches(session)
        if may_read(actor, batch) and batch.status is not BatchStatus.CANCELLED
    ]


async def published_for(session: AsyncSession, actor: Actor) -> list[Batch]:
    """The published batches in which an institution has candidates, or a site rooms."""
    schools = actor.scope_uuids(Permission.PLAN_READ, "institution") or []
    places = actor.scope_uuids(Permission.PLAN_READ, "site") or []
    found = []
    for batch in await registration.batches(session, ARRANGED) if schools or places else []:
        people = [
            one
            for school in schools
            for one in await registration.registrations(session, batch_id=batch.id, institution_id=school)
        ]
        if people or any([await sittings.room_sessions(session, batch_id=batch.id, site_id=id) for id in places]):
            found.append(batch)
    return found


async def arrangement(session: AsyncSession, actor: Actor, batch_id: UUID) -> ArrangementView:
    """A batch's arrangement: demand, the plan that counts, its loads, who is left and why."""
    batch = await registration.batch(session, batch_id)
    require_read(actor, batch)
    manages = may_manage(actor, batch)
    plans = await stored.plans(session, batch_id)
    plan = stored.counting(plans)
    names = await names_of(session)
    left = await unplaced_lines(session, plan, names) if plan else []
    spread = await duties.loads(session, plan.id) if plan else []
    return ArrangementView(
        batch=batch,
        demand=tuple(await demand(session, batch)),
        plans=tuple(plans),
        plan=plan,
        loads=tuple(await _loads(session, plan, names)) if plan else (),
        unplaced=tuple(left if manages else (replace(line, people=()) for line in left)),
        gaps=tuple(await _gaps(session, plan, names)) if plan else (),
        duties_count=sum(load.sessions_count for load in spread),
        people_on_duty=len(spread),
        minutes_range=(
            min((load.minutes for load in spread), default=0),
            max((load.minutes for load in spread), default=0),
        ),
        terms=await stored.terms(session, batch_id),
        may_manage=manages,
    )


async def _loads(session: AsyncSession, plan: stored.PlanRecord, names: Names) -> list[SiteLoad]:
    people = await stored.placed_at(session, plan.id)
    own: dict[UUID, list[stored.RoomDay]] = defaultdict(list)
    for one in await stored.room_days(session, plan.id):
        own[one.site_id].append(one)
    usable = {room.id: room.usable for site_id in own for room in names.sites[site_id].rooms}
    return [
        SiteLoad(
            site=names.sites[site_id],
            candidates_count=people.get(site_id, 0),
            sessions_count=sum(one.sessions_count for one in days),
            seats_used=sum(one.sittings_count for one in days),
            seats_offered=sum(usable.get(one.room_id, 0) * one.sessions_count for one in days),
            days=tuple(sorted({one.day for one in days})),
        )
        for site_id, days in sorted(own.items(), key=lambda item: names.sites[item[0]].code)
    ]


async def unplaced_lines(
    session: AsyncSession, plan: stored.PlanRecord, names: Names, *, only: UUID | None = None
) -> list[UnplacedLine]:
    """Who has no place, by reason, certificate and prefecture; of one registration, the line of it alone."""
    left = await stored.unplaced(session, plan.id, registration_id=only)
    if not left:
        return []
    people = await people_of(session, [one.registration_id for one in left])
    lines: dict[tuple[UnplacedReason, UUID, str], list[Registration]] = defaultdict(list)
    for one in left:
        person = people[one.registration_id]
        lines[one.reason, person.scheme_id, person.prefecture_code].append(person)
    found = [
        UnplacedLine(
            reason=reason,
            scheme=names.schemes[scheme_id],
            prefecture=names.prefectures.get(prefecture),
            count=len(members),
            institutions=by_institution(members, names),
            people=tuple(members),
        )
        for (reason, scheme_id, prefecture), members in lines.items()
    ]
    return sorted(found, key=lambda line: (-line.count, line.reason, line.scheme.certificate_code))


def by_institution(people: Iterable[Registration], names: Names) -> tuple[tuple[Institution | None, int], ...]:
    """How many come from each institution, the most first: what may be said of people without naming them."""
    counts = Counter(person.institution_id for person in people)
    return tuple((names.institutions.get(id) if id else None, count) for id, count in counts.most_common())


async def _gaps(session: AsyncSession, plan: stored.PlanRecord, names: Names) -> list[GapLine]:
    empty = await duties.gaps(session, plan.id)
    if not empty:
        return []
    by_id = {one.id: one for one in await stored.sessions(session, plan.id, ids={gap.session_id for gap in empty})}
    lines: dict[tuple[Duty, GapReason, UUID, UUID], list[Gap]] = defaultdict(list)
    for gap in empty:
        one = by_id[gap.session_id]
        lines[gap.duty, gap.reason, one.site_id, one.scheme_id].append(gap)
    return [
        GapLine(
            duty=duty,
            reason=reason,
            site=names.sites[site_id],
            scheme=names.schemes[scheme_id],
            missing=sum(gap.missing for gap in gaps),
            sessions=tuple(by_id[gap.session_id] for gap in gaps),
        )
        for (duty, reason, site_id, scheme_id), gaps in sorted(
            lines.items(), key=lambda item: (names.sites[item[0][2]].code, item[0][0], str(item[0][3]))
        )
    ]
