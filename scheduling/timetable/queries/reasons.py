"""Why a group sits where it sits, or has no place; all groups by distance; the bottlenecks by price.

An explainer is made once per plan and kept (plans never change); the words are each reader's own: nobody is named to who
does not arrange the batch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.kernel.errors import N_, NotFound
from exam.registration import queries as registration
from exam.registration.rules import Batch, Registration
from scheduling.planning.rules.bottlenecks import Bottleneck
from scheduling.planning.rules.explaining import Explainer, Explanation, Left, Nearer, Stay
from scheduling.planning.rules.keeping_away import Sentence
from scheduling.planning.rules.plan import Kind
from scheduling.planning.rules.problem import Group
from scheduling.timetable.queries import stored
from scheduling.timetable.queries.kept import KEPT, Shelf
from scheduling.timetable.queries.scope import may_manage, require_manage, require_read
from scheduling.timetable.queries.wording import Words, words_of
from scheduling.timetable.queries.worked import Worked, worked

LISTED: Final = 200
"""So many groups are listed at once, the farthest first."""

Option = tuple[str, object]

KIND_WAYS_OUT: Final[Mapping[Kind, str]] = {
    Kind.PAPER: N_("多登记一间纸笔考场或一些座位，增加一天考期，或在附近启用站点。"),
    Kind.COMPUTER: N_("多登记一些机位，增加一天考期，或在附近启用站点；每多一台可用的机器，每个时段多坐一人。"),
    Kind.PRACTICAL: N_("多登记几个工位，增加一天考期，或在附近启用有这个证书资格的站点。"),
}


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A plan made ready for questions."""

    worked: Worked
    explainer: Explainer


@dataclass(frozen=True, kw_only=True)
class GroupLine:
    """So many of a group at one site, or without a place."""

    group: str  # the planner's key
    institution: object
    exam: object
    person: object | None  # who stands alone
    count: int
    site: object | None  # None: no place
    km: float
    nearer: int  # sites of the certificate that are nearer
    pinned: str | None


@dataclass(frozen=True, kw_only=True)
class ReasonsView:
    """All groups of a plan by distance."""

    batch: Batch
    plan: stored.PlanRecord
    travel: Sentence | None
    lines: tuple[GroupLine, ...]  # the farthest first
    left: tuple[GroupLine, ...]
    more: int  # that are not listed
    certificates: tuple[Option, ...]
    prefectures: tuple[Option, ...]
    certificate: str
    prefecture: str
    may_manage: bool


@dataclass(frozen=True, kw_only=True)
class NearerLine:
    """A site that lies nearer, or that the group runs into."""

    site: object
    km: float
    saves_km: float
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True, kw_only=True)
class StayLine:
    """Members at one site, and why not nearer."""

    stay: Stay
    site: object
    nearer: tuple[NearerLine, ...]


@dataclass(frozen=True, kw_only=True)
class LeftLine:
    """Members without a place: what they run into."""

    left: Left
    sites: tuple[NearerLine, ...]


@dataclass(frozen=True, kw_only=True)
class GroupReason:
    """Everything about one group, in words."""

    group: Group
    institution: object
    exam: object
    components: object
    person: object | None
    stays: tuple[StayLine, ...]
    left: tuple[LeftLine, ...]
    travel: Sentence | None


@dataclass(frozen=True, kw_only=True)
class GroupView:
    """The page of a group."""

    batch: Batch
    plan: stored.PlanRecord
    reason: GroupReason
    people: tuple[Registration, ...]  # for who arranges the batch
    may_manage: bool


@dataclass(frozen=True, kw_only=True)
class BottleneckLine:
    """A resource with a price."""

    bottleneck: Bottleneck
    site: object
    site_id: UUID | None
    certificate: object | None
    way_out: str  # msgid
    concerned: tuple[tuple[str, object, int, float], ...]  # key, group, how many sit farther away, by how many km
    left: tuple[tuple[str, object, int], ...]  # key, group, how many have no place


@dataclass(frozen=True, kw_only=True)
class BottleneckView:
    """The bottlenecks of a plan, the dearest first."""

    batch: Batch
    plan: stored.PlanRecord
    travel: Sentence | None
    lines: tuple[BottleneckLine, ...]
    unplaced: int
    may_manage: bool


_ready: Final = Shelf[tuple[UUID, str], Ready](KEPT)


async def ready(session: AsyncSession, plan: stored.PlanRecord) -> Ready:
    """A plan ready for questions; made once, kept by its hash."""

    async def made() -> Ready:
        return await asyncio.to_thread(_made, await worked(session, plan.id))

    return await _ready.get((plan.id, plan.sha256), made)


def _made(found: Worked) -> Ready:
    made = Ready(worked=found, explainer=Explainer(found.problem, found.plan))
    _ = made.explainer.filling  # worked out once, shared by every reader
    return made


async def reasons_view(
    session: AsyncSession, actor: Actor, batch_id: UUID, *, certificate: str = "", prefecture: str = ""
) -> ReasonsView:
    """The groups of the plan that counts by distance, and those without a place."""
    batch, plan, found, words = await _opened(session, actor, batch_id)
    problem, explainer = found.worked.problem, found.explainer

    def shown(group: Group) -> bool:
        home = problem.institution[group.institution].prefecture
        return certificate in ("", group.certificate) and prefecture in ("", home)

    groups = [one for one in problem.groups if shown(one)]
    lines = [
        _group_line(found, words, group, site, count)
        for group in groups
        for site, count in explainer.at.get(group.id, {}).items()
    ]
    left = [
        _group_line(found, words, problem.group[one.group], None, one.count)
        for one in found.worked.plan.unplaced
        if shown(problem.group[one.group])
    ]
    lines.sort(key=lambda line: (-line.km, line.group))
    homes = dict.fromkeys(problem.institution[one.institution].prefecture for one in problem.groups)
    return ReasonsView(
        batch=batch,
        plan=plan,
        travel=explainer.travel(),
        lines=tuple(lines[:LISTED]),
        left=tuple(sorted(left, key=lambda line: (-line.count, line.group))),
        more=max(0, len(lines) - LISTED),
        certificates=tuple((id, words.certificate(id)) for id in sorted({one.certificate for one in problem.groups})),
        prefectures=tuple((id, words.prefecture(id)) for id in sorted(homes)),
        certificate=certificate,
        prefecture=prefecture,
        may_manage=may_manage(actor, batch),
    )


async def group_view(session: AsyncSession, actor: Actor, batch_id: UUID, group: str) -> GroupView:
    """One group of the plan that counts."""
    batch, plan, found, words = await _opened(session, actor, batch_id)
    if group not in found.worked.problem.group:
        raise NotFound
    manages = may_manage(actor, batch)
    members = found.worked.members.get(group, ()) if manages else ()
    people = await registration.registrations(session, ids=list(members)) if members else []
    return GroupView(
        batch=batch,
        plan=plan,
        reason=_reason(found, words, found.explainer.speaking(words).explain(group)),
        people=tuple(sorted(people, key=lambda one: (one.name_sort, str(one.id)))),
        may_manage=manages,
    )


async def person_reason(
    session: AsyncSession, actor: Actor, plan: stored.PlanRecord, registration_id: UUID
) -> GroupReason | None:
    """The same for one candidate: only the site they go to, or that they have none; None if the plan has them not."""
    require_manage(actor, await registration.batch(session, plan.batch_id))
    found = await ready(session, plan)
    own = next(((group, ids) for group, ids in found.worked.members.items() if registration_id in ids), None)
    if own is None:
        return None
    group, member = own[0], own[1].index(registration_id)
    words = await words_of(session, found.worked.problem, found.worked.members, by_name=True, with_staff=False)
    told = found.explainer.speaking(words).explain(group)
    site = next(
        (
            one.site
            for one in found.worked.plan.placements
            if one.group == group and one.first <= member < one.first + one.count
        ),
        None,
    )
    reason = next(
        (
            one.reason
            for one in found.worked.plan.unplaced
            if one.group == group and one.first <= member < one.first + one.count
        ),
        None,
    )
    narrowed = Explanation(
        group=told.group,
        stays=tuple(one for one in told.stays if one.site == site),
        left=tuple(one for one in told.left if site is None and one.reason is reason),
    )
    return _reason(found, words, narrowed)


async def bottleneck_view(session: AsyncSession, actor: Actor, batch_id: UUID) -> BottleneckView:
    """What would save most if there were one more of it, and whom it concerns."""
    batch, plan, found, words = await _opened(session, actor, batch_id)
    return BottleneckView(
        batch=batch,
        plan=plan,
        travel=found.explainer.travel(),
        lines=tuple(
            BottleneckLine(
                bottleneck=one,
                site=words.site(one.site),
                site_id=words.site_id(one.site),
                certificate=words.certificate(one.certificate) if one.certificate else None,
                way_out=KIND_WAYS_OUT[one.kind],
                concerned=tuple((group, words.group(group), count, km) for group, count, km in one.concerned),
                left=tuple((group, words.group(group), count) for group, count in one.left),
            )
            for one in found.explainer.bottlenecks()
        ),
        unplaced=sum(one.count for one in found.worked.plan.unplaced),
        may_manage=may_manage(actor, batch),
    )


async def _opened(session: AsyncSession, actor: Actor, batch_id: UUID) -> tuple[Batch, stored.PlanRecord, Ready, Words]:
    batch = await registration.batch(session, batch_id)
    require_read(actor, batch)
    plan = await stored.latest(session, batch_id)
    if plan is None:
        raise NotFound
    found = await ready(session, plan)
    words = await words_of(
        session, found.worked.problem, found.worked.members, by_name=may_manage(actor, batch), with_staff=False
    )
    return batch, plan, found, words


def _group_line(found: Ready, words: Words, group: Group, site: str | None, count: int) -> GroupLine:
    explainer = found.explainer
    km = explainer.km(group, site) if site else 0.0
    return GroupLine(
        group=group.id,
        institution=words.institution(group.institution),
        exam=words.exam(group),
        person=words.alone(group),
        count=count,
        site=words.site(site) if site else None,
        km=km,
        nearer=explainer.nearer_count(group, site) if site else 0,
        pinned=explainer.pin_at(group.id, site) if site else None,
    )


def _reason(found: Ready, words: Words, told: Explanation) -> GroupReason:
    group = told.group
    return GroupReason(
        group=group,
        institution=words.institution(group.institution),
        exam=words.scheme(group.certificate, group.level.value),
        components=words.components(group),
        person=words.alone(group),
        stays=tuple(
            StayLine(stay=one, site=words.site(one.site), nearer=tuple(_nearer(words, near) for near in one.nearer))
            for one in told.stays
        ),
        left=tuple(LeftLine(left=one, sites=tuple(_nearer(words, near) for near in one.sites)) for one in told.left),
        travel=found.explainer.travel(),
    )


def _nearer(words: Words, one: Nearer) -> NearerLine:
    return NearerLine(site=words.site(one.site), km=one.km, saves_km=one.saves_km, sentences=one.sentences)
