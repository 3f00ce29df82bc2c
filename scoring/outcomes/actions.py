"""Outcomes: computed from verified marks, verified by a second person, published by a third (domain 2, 3.6).

Computing is idempotent: a registration whose inputs and rule have not changed keeps its outcome. A published outcome is
never touched by computing unless a reason is given; then a new version goes the same way again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.catalogue.rules import Scheme
from exam.kernel import audit
from exam.kernel.db import chunks, insert_many
from exam.kernel.errors import N_, Conflict, Forbidden
from exam.kernel.ids import new_id
from exam.registration import actions as registration_actions
from exam.registration import queries as registration
from exam.registration.rules import BatchStatus, Registration, RegistrationStatus
from scoring.marking import actions as marking_actions
from scoring.marking import queries as marking
from scoring.marking.rules import Mark, MarkStatus, PartState
from scoring.outcomes import queries
from scoring.outcomes.models import OutcomeRow
from scoring.outcomes.rules import (
    ALLOWED,
    PENDING,
    PUBLIC,
    STATUS_LABELS,
    NothingScored,
    Outcome,
    OutcomeStatus,
    Part,
    PartsMissing,
    SecondPersonNeeded,
    ThirdPersonNeeded,
    Verdict,
    decide,
    own_work,
)

ROAD_TO_SCORING = (BatchStatus.IN_PROGRESS, BatchStatus.SESSIONS_DONE, BatchStatus.SCORING)


class NothingComputed(Conflict):
    message = N_("没有待核定的结果。")
    way_out = N_("请先完成成绩复核并计算结果。")


class NothingVerified(Conflict):
    message = N_("没有待发布的结果。")
    way_out = N_("请先由成绩复核员核定结果。")


class ResultsIncomplete(Conflict):
    message = N_("还有 %(count)s 人没有结果，不能发布本批次。")
    way_out = N_("请先补齐缺少的成绩；名单见结果页“未形成结果”。")


class StatusRefused(Conflict):
    message = N_("结果现为“%(present)s”，不能变为“%(wanted)s”。")
    way_out = N_("请刷新页面，按最新状态办理。")


@dataclass(frozen=True, kw_only=True)
class Computed:
    """What one computation came to, by registrations."""

    new: int
    unchanged: int
    waiting: Mapping[UUID, str]  # registration -> why there is no outcome yet (refusal code)
    changed_after_publication: tuple[UUID, ...]  # inputs differ from what was published; give a reason to compute anew


async def compute(session: AsyncSession, actor: Actor, *, batch_id: UUID, now: datetime, reason: str = "") -> Computed:
    """Compute the outcomes of a batch's confirmed registrations from their verified marks."""
    if not (actor.may(Permission.OUTCOME_VERIFY) or actor.may(Permission.OUTCOME_PUBLISH)):
        raise Forbidden
    await marking_actions.collect(session, actor, batch_id=batch_id, now=now)
    people, schemes = await _people(session, actor, batch_id)
    marks: dict[UUID, list[Mark]] = defaultdict(list)
    for mark in await marking.marks(session, batch_id=batch_id):
        marks[mark.registration_id].append(mark)
    newest = await _newest(session, batch_id)
    waiting: dict[UUID, str] = {}
    fresh: list[tuple[Registration, Verdict]] = []
    changed, unchanged = [], 0
    for one in people:
        try:
            verdict = _verdict(schemes[one.scheme_id], marks[one.id])
        except (PartsMissing, NothingScored) as refusal:
            waiting[one.id] = refusal.code
            continue
        old = newest.get(one.id)
        if old is not None and _same(old, verdict):
            unchanged += 1
        elif old is not None and old.status in PUBLIC and not reason.strip():
            changed.append(one.id)
        else:
            fresh.append((one, verdict))
    await _write(session, actor, batch_id, fresh, newest, reason.strip(), now)
    if fresh:
        await _advance(session, actor, batch_id, BatchStatus.SCORING, now)
    return Computed(new=len(fresh), unchanged=unchanged, waiting=waiting, changed_after_publication=tuple(changed))


async def verify(session: AsyncSession, actor: Actor, *, batch_id: UUID, now: datetime) -> int:
    """Verify all computed outcomes of the batch; the verifier has entered none of their marks. Returns how many."""
    waiting = await _in_scope(session, actor, Permission.OUTCOME_VERIFY, batch_id, OutcomeStatus.COMPUTED)
    if not waiting:
        raise NothingComputed()
    marking_actions.require_closed(await marking.held_rooms(session, batch_id))
    hands = await _enterers(session, batch_id)
    own = own_work(actor.account_id, {one.id: hands[one.registration_id] for one in waiting})
    if own:
        raise SecondPersonNeeded(count=len(own))
    await _change(session, waiting, status=OutcomeStatus.VERIFIED.value, verified_by=actor.account_id, verified_at=now)
    await _record(session, actor, "outcomes.verify", batch_id, waiting, now)
    await _advance_if_all(session, actor, batch_id, BatchStatus.VERIFIED, PUBLIC | {OutcomeStatus.VERIFIED}, now)
    return len(waiting)


async def publish(session: AsyncSession, actor: Actor, *, batch_id: UUID, now: datetime) -> int:
    """Publish all verified outcomes of the batch to their candidates; a third person. Returns how many."""
    waiting = await _in_scope(session, actor, Permission.OUTCOME_PUBLISH, batch_id, OutcomeStatus.VERIFIED)
    if not waiting:
        raise NothingVerified()
    marking_actions.require_closed(await marking.held_rooms(session, batch_id))
    without = await queries.without_outcome(session, batch_id)
    if without:
        raise ResultsIncomplete(count=len(without))
    hands = await _enterers(session, batch_id)
    own = own_work(actor.account_id, {one.id: [*hands[one.registration_id], one.verified_by] for one in waiting})
    if own:
        raise ThirdPersonNeeded(count=len(own))
    registrations = [one.registration_id for one in waiting]
    replaced = await _retire_public(session, registrations)
    await _change(session, waiting, status=OutcomeStatus.PUBLISHED.value, published_by=actor.account_id,
                  published_at=now)  # fmt: skip
    await _record(session, actor, "outcomes.publish", batch_id, waiting, now, replaced=replaced)
    await _mark_outcome(session, actor, set(registrations), batch_id, now)
    await _advance_if_all(session, actor, batch_id, BatchStatus.PUBLISHED, PUBLIC, now)
    return len(waiting)


async def move_outcome(
    session: AsyncSession, actor: Actor, *, outcome_id: UUID, to: OutcomeStatus, now: datetime
) -> None:
    """Bring a public outcome to its next state: under review, upheld, final (3.6)."""
    found = await queries.outcome(session, outcome_id)
    if to not in ALLOWED[found.status] or to not in PUBLIC:
        raise StatusRefused(present=STATUS_LABELS[found.status], wanted=STATUS_LABELS[to])
    await session.execute(update(OutcomeRow).where(OutcomeRow.id == outcome_id).values(status=to.value))
    await _record(session, actor, f"outcomes.{to.value}", found.batch_id, [found], now)


async def hold(session: AsyncSession, outcome_ids: Sequence[UUID]) -> list[Outcome]:
    """Lock those of the outcomes that still stand before their last state, so that nothing else befalls them meanwhile."""
    query = select(OutcomeRow.id).where(OutcomeRow.id.in_(outcome_ids), queries.unsettled())
    held = (await session.scalars(query.order_by(OutcomeRow.id).with_for_update())).all()
    return await queries.outcomes(session, ids=held, published_only=True, brief=True) if held else []


async def finalise(session: AsyncSession, actor: Actor, *, outcomes: Sequence[Outcome], now: datetime) -> int:
    """Make public outcomes of one batch final (3.6); they are held by :func:`hold` and nobody asks about them."""
    if not outcomes:
        return 0
    wrong = next((one for one in outcomes if OutcomeStatus.FINAL not in ALLOWED[one.status]), None)
    if wrong is not None:
        raise StatusRefused(present=STATUS_LABELS[wrong.status], wanted=STATUS_LABELS[OutcomeStatus.FINAL])
    await _change(session, outcomes, status=OutcomeStatus.FINAL.value)
    await _record(session, actor, "outcomes.final", outcomes[0].batch_id, outcomes, now)
    return len(outcomes)


async def advance_to_final(
    session: AsyncSession, actor: Actor, *, batch_id: UUID, asked: Collection[UUID], now: datetime
) -> bool:
    """Move a published batch on once all its outcomes are final, but for those that candidates still ask about."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"final:{batch_id}", 0))))
    status = (await registration.batch(session, batch_id)).status
    if status not in (BatchStatus.PUBLISHED, BatchStatus.REVIEW_WINDOW):
        return False
    standing = await queries.outcomes(session, batch_id=batch_id, published_only=True, brief=True)
    final = [one for one in standing if one.status is OutcomeStatus.FINAL]
    kept = [one for one in standing if one.status is OutcomeStatus.UNDER_REVIEW or one.id in asked]
    if not final or len(final) + len(kept) < len(standing):
        return False
    if len(standing) < len(await queries.outcomes(session, batch_id=batch_id, brief=True)):
        return False  # somebody's first result is not published yet
    if await queries.without_outcome(session, batch_id):
        return False
    for to in (BatchStatus.REVIEW_WINDOW, BatchStatus.FINAL):
        if status is not to:
            await registration_actions.move_batch(session, actor, batch_id=batch_id, to=to, now=now)
    return True


async def _people(session: AsyncSession, actor: Actor, batch_id: UUID) -> tuple[list[Registration], dict[UUID, Scheme]]:
    """The confirmed registrations whose scheme the actor computes for, and the schemes."""
    found = [one for one in await registration.registrations(session, batch_id=batch_id) if one.status.confirmed]
    schemes = {one.id: one for one in await catalogue.schemes(session, {one.scheme_id for one in found})}
    mine = {id for id, one in schemes.items() if queries.in_scope(actor, one)}
    return [one for one in found if one.scheme_id in mine], schemes


def _verdict(scheme: Scheme, marks: Iterable[Mark]) -> Verdict:
    """Apply the scheme's rule; a mark that nobody has verified is still missing (3.6)."""
    parts = {
        mark.component_id: Part(state=mark.state, value=mark.value)
        if mark.status is MarkStatus.VERIFIED
        else Part(state=PartState.MISSING)
        for mark in marks
    }
    return decide(scheme.pass_rule, scheme.components, parts)


async def _newest(session: AsyncSession, batch_id: UUID) -> dict[UUID, Outcome]:
    """The highest version of each registration's outcome."""
    found: dict[UUID, Outcome] = {}
    for one in await queries.all_versions(session, batch_id, brief=True):
        found[one.registration_id] = one
    return found


def _same(old: Outcome, verdict: Verdict) -> bool:
    explanation = verdict.explanation
    return (old.inputs_sha256, old.rule_version) == (explanation.inputs_sha256, explanation.rule_version) and (
        old.status in PENDING or old.status in PUBLIC
    )


async def _write(
    session: AsyncSession,
    actor: Actor,
    batch_id: UUID,
    fresh: Sequence[tuple[Registration, Verdict]],
    newest: Mapping[UUID, Outcome],
    reason: str,
    now: datetime,
) -> None:
    if not fresh:
        return
    outdated = [old.id for one, _ in fresh if (old := newest.get(one.id)) is not None and old.status in PENDING]
    for part in chunks(outdated, 1000):
        await session.execute(
            update(OutcomeRow).where(OutcomeRow.id.in_(part)).values(status=OutcomeStatus.SUPERSEDED.value)
        )
    rows = [_row(actor, batch_id, one, verdict, newest.get(one.id), reason, now) for one, verdict in fresh]
    for part_rows in chunks(rows, 500):
        await insert_many(session, OutcomeRow, part_rows)
    await audit.record(
        session, actor, "outcomes.compute", subject="outcome", ids=[row["id"] for row in rows],
        stream=f"batch:{batch_id}", now=now,
        data={"count": len(rows), "superseded": len(outdated), "reason": reason},
    )  # fmt: skip


def _row(
    actor: Actor, batch_id: UUID, one: Registration, verdict: Verdict, old: Outcome | None, reason: str, now: datetime
) -> dict[str, Any]:
    return {
        "id": new_id(),
        "registration_id": one.id,
        "batch_id": batch_id,
        "scheme_id": one.scheme_id,
        "version": 1 if old is None else old.version + 1,
        "decision": verdict.decision.value,
        "composite": verdict.composite,
        "explanation": verdict.explanation.data(),
        "inputs": dict(verdict.explanation.inputs),
        "rule_version": verdict.explanation.rule_version,
        "inputs_sha256": verdict.explanation.inputs_sha256,
        "status": OutcomeStatus.COMPUTED.value,
        "reason": reason or None,
        "computed_by": actor.account_id,
        "computed_at": now,
        "verified_by": None,
        "verified_at": None,
        "published_by": None,
        "published_at": None,
    }


async def _in_scope(
    session: AsyncSession, actor: Actor, permission: Permission, batch_id: UUID, status: OutcomeStatus
) -> list[Outcome]:
    """The outcomes in this state whose organisation the actor acts for; Forbidden when the permission is nowhere."""
    if not actor.may(permission):
        raise Forbidden
    found = [one for one in await queries.outcomes(session, batch_id=batch_id, brief=True) if one.status is status]
    schemes = {one.id: one for one in await catalogue.schemes(session, {one.scheme_id for one in found})}
    mine = [
        one for one in found
        if actor.within(permission, organisation_id=schemes[one.scheme_id].organisation_id)
    ]  # fmt: skip
    if found and not mine:
        raise Forbidden
    return mine


async def _enterers(session: AsyncSession, batch_id: UUID) -> dict[UUID, set[UUID]]:
    """Per registration everybody whose entry is in one of its marks."""
    hands: dict[UUID, set[UUID]] = defaultdict(set)
    for mark in await marking.marks(session, batch_id=batch_id):
        hands[mark.registration_id].update(mark.entered_by)
    return hands


async def _retire_public(session: AsyncSession, registration_ids: Sequence[UUID]) -> int:
    """The public version of a corrected outcome makes room for the new one."""
    count = 0
    for part in chunks(registration_ids, 1000):
        changed = await session.execute(
            update(OutcomeRow)
            .where(OutcomeRow.registration_id.in_(part), OutcomeRow.status.in_([one.value for one in PUBLIC]))
            .values(status=OutcomeStatus.CORRECTED.value)
            .returning(OutcomeRow.id)
        )
        count += len(changed.all())
    return count


async def _mark_outcome(
    session: AsyncSession, actor: Actor, registration_ids: set[UUID], batch_id: UUID, now: datetime
) -> None:
    """A registration ends in its outcome (3.4)."""
    seated = [
        one.id
        for one in await registration.registrations(session, batch_id=batch_id)
        if one.id in registration_ids and one.status is RegistrationStatus.SEATED
    ]
    if seated:
        await registration_actions.mark_outcome(session, actor, registration_ids=seated, now=now)


async def _change(session: AsyncSession, outcomes: Sequence[Outcome], **values: object) -> None:
    for part in chunks([one.id for one in outcomes], 1000):
        await session.execute(update(OutcomeRow).where(OutcomeRow.id.in_(part)).values(**values))


async def _advance_if_all(
    session: AsyncSession, actor: Actor, batch_id: UUID, to: BatchStatus, wanted: frozenset[OutcomeStatus],
    now: datetime,
) -> None:  # fmt: skip
    """Move the batch on when every one of its confirmed registrations has come that far."""
    if await queries.without_outcome(session, batch_id):
        return
    if all(one.status in wanted for one in await queries.outcomes(session, batch_id=batch_id, brief=True)):
        await _advance(session, actor, batch_id, to, now)


async def _advance(session: AsyncSession, actor: Actor, batch_id: UUID, to: BatchStatus, now: datetime) -> None:
    """Move the batch to a status of the scoring road where it is the next step; any other batch stays as it is."""
    batch = await registration.batch(session, batch_id)
    road = {
        BatchStatus.SESSIONS_DONE: BatchStatus.SCORING,
        BatchStatus.SCORING: BatchStatus.VERIFIED,
        BatchStatus.VERIFIED: BatchStatus.PUBLISHED,
    }
    if road.get(batch.status) is to:
        await registration_actions.move_batch(session, actor, batch_id=batch_id, to=to, now=now)


async def _record(
    session: AsyncSession, actor: Actor, action: str, batch_id: UUID, outcomes: Sequence[Outcome], now: datetime,
    **data: object,
) -> None:  # fmt: skip
    counts: dict[str, int] = defaultdict(int)
    for one in outcomes:
        counts[one.decision.value] += 1
    await audit.record(
        session, actor, action, subject="outcome", ids=[one.id for one in outcomes], stream=f"batch:{batch_id}",
        now=now, data={"count": len(outcomes), **counts, **data},
    )  # fmt: skip
