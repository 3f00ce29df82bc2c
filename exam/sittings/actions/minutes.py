"""Recording the steps of a room's minute plan: alone, by two people, not done with its reason, or keyed in from paper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.kernel import audit
from exam.kernel.ids import new_id
from exam.sittings import queries
from exam.sittings.actions.authority import (
    WORK,
    lock_room,
    require_duty,
    require_keeper,
    second_person,
)
from exam.sittings.actions.changes import room_stream
from exam.sittings.models import RoomStepRow
from exam.sittings.queries.minutes import step_record, step_records
from exam.sittings.rules import RoomSession, headcount
from exam.sittings.rules.counting import (
    NamesMissing,
    NothingAsked,
    ReasonMissing,
    SamePerson,
    UnknownStep,
    differences,
    require_agreement,
    require_counts,
    require_fresh,
    require_written,
)
from exam.sittings.rules.minutes import MinuteStep, StepRecord, StepState, plan_of


@dataclass(frozen=True)
class Written:
    """What a paper form says about a step, for whoever keys it in."""

    at: datetime
    by_name: str
    second_name: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    reason: str = ""


async def record_step(
    session: AsyncSession,
    actor: Actor,
    *,
    room_session_id: UUID,
    step: str,
    counts: Mapping[str, int] | None = None,
    reason: str = "",
    second_account_id: UUID | None = None,
    now: datetime,
) -> StepRecord:
    """Record a step as done now.

    Where two people are needed the second one is `second_account_id`, whose password the caller has proved
    (``accounts.actions.prove``); without one the step waits until somebody else confirms it on an own device.
    """
    room, plan, records = await _load(session, actor, room_session_id, step, now)
    require_fresh(records.get(step), plan.title)
    given = require_counts(plan, counts or {})
    wrong = await _wrong(session, room, plan, given, records)
    require_agreement(wrong, reason)
    row = _row(room, plan, records, actor, now)
    row.counts, row.reason, row.unbalanced = dict(given), reason.strip(), bool(wrong)
    if plan.two_people and second_account_id is None:
        row.state = StepState.ASKED
    elif plan.two_people and second_account_id is not None:
        await _second(session, row, room, second_account_id, now)
    return await _write(session, actor, "record_step", row, now)


async def record_steps(
    session: AsyncSession,
    actor: Actor,
    *,
    room_session_id: UUID,
    second: Actor,
    times: Mapping[str, datetime],
    counts: Mapping[str, Mapping[str, int]],
    now: datetime,
) -> list[str]:
    """Record several steps of a room by the same rules, each at its own time, with one colleague as the second person.

    What is recorded already stays; returns what was added. For whoever acts many rooms out (the demo).
    """
    room = await lock_room(session, room_session_id, alone=True)
    await require_duty(session, actor, room, now, WORK)
    records = await step_records(session, room.id)
    people = headcount(one.status for one in await queries.sittings(session, room_session_id=room.id))
    received = counts.get("unseal", {}).get("received")
    rows = []
    for plan in plan_of(room):
        if plan.act is not None or plan.key not in times or plan.key in records:
            continue
        given = require_counts(plan, counts.get(plan.key, {}))
        require_agreement(differences(plan, given, received, people), "")
        row = _row(room, plan, records, actor, min(times[plan.key], now))
        row.counts = dict(given)
        if plan.two_people:
            assert second.account_id is not None
            await _second(session, row, room, second.account_id, now)
        rows.append(row)
    session.add_all(rows)
    await session.flush()
    await audit.record(
        session, actor, "sittings.record_steps", subject="room_session", ids=[room.id], stream=room_stream(room.id),
        data={"steps": [row.step for row in rows], "two_people": True}, now=now,
    )  # fmt: skip
    return [row.step for row in rows]


async def confirm_step(
    session: AsyncSession, actor: Actor, *, room_session_id: UUID, step: str, now: datetime
) -> StepRecord:
    """Confirm, on an own device, what a colleague has recorded. It happened when it was recorded."""
    room, plan, records = await _load(session, actor, room_session_id, step, now)
    asked = records.get(step)
    if asked is None or asked.state is not StepState.ASKED:
        raise NothingAsked(step=plan.title)
    if asked.by_account_id == actor.account_id:
        raise SamePerson
    row = _row(room, plan, records, actor, now)
    row.at, row.by_name, row.counts, row.reason = asked.at, asked.by_name, dict(asked.counts), asked.reason
    row.by_account_id = UUID(str(asked.by_account_id)) if asked.by_account_id else None
    wrong = await _wrong(session, room, plan, asked.counts, records)
    require_agreement(wrong, asked.reason)
    row.unbalanced = bool(wrong)
    row.second_account_id, row.second_name, row.second_how = actor.account_id, actor.name, "device"
    return await _write(session, actor, "confirm_step", row, now)


async def skip_step(
    session: AsyncSession, actor: Actor, *, room_session_id: UUID, step: str, reason: str, now: datetime
) -> StepRecord:
    """Record that a step was not done, and why."""
    if not reason.strip():
        raise ReasonMissing
    room, plan, records = await _load(session, actor, room_session_id, step, now)
    require_fresh(records.get(step), plan.title)
    row = _row(room, plan, records, actor, now)
    row.state, row.reason = StepState.SKIPPED, reason.strip()
    return await _write(session, actor, "skip_step", row, now)


async def key_in_step(
    session: AsyncSession, actor: Actor, *, room_session_id: UUID, step: str, written: Written, now: datetime
) -> StepRecord:
    """Enter afterwards what a paper form says, or correct what was recorded; officers and site heads, at any time.

    The time as written, the time of entry, who signed and who keyed it in are all kept; so is what stood there before.
    """
    room = await lock_room(session, room_session_id, alone=True)
    await require_keeper(session, actor, room)
    plan = _step_of(room, step)
    require_written(written.at, room.starts_at, now)
    first, second = written.by_name.strip(), written.second_name.strip()
    if not first or (plan.two_people and (not second or first == second)):
        raise NamesMissing
    records = await step_records(session, room.id)
    given = require_counts(plan, written.counts)
    wrong = await _wrong(session, room, plan, given, records)
    require_agreement(wrong, written.reason)
    row = _row(room, plan, records, actor, now)
    row.at, row.by_account_id, row.by_name, row.second_name = written.at, None, first, second
    row.second_how = "paper" if second else None
    row.counts, row.reason, row.unbalanced = dict(given), written.reason.strip(), bool(wrong)
    row.source, row.keyed_name = "paper", actor.name
    return await _write(session, actor, "key_in_step", row, now)


async def _load(
    session: AsyncSession, actor: Actor, room_session_id: UUID, step: str, now: datetime
) -> tuple[RoomSession, MinuteStep, dict[str, StepRecord]]:
    room = await lock_room(session, room_session_id, alone=True)
    await require_duty(session, actor, room, now, WORK)
    return room, _step_of(room, step), await step_records(session, room.id)


def _step_of(room: RoomSession, key: str) -> MinuteStep:
    found = next((one for one in plan_of(room) if one.key == key and one.act is None), None)
    if found is None:
        raise UnknownStep
    return found


async def _wrong(
    session: AsyncSession,
    room: RoomSession,
    plan: MinuteStep,
    counts: Mapping[str, int],
    records: Mapping[str, StepRecord],
) -> tuple[tuple[str, int, int], ...]:
    if not counts:
        return ()
    people = headcount(one.status for one in await queries.sittings(session, room_session_id=room.id))
    opened = records.get("unseal")
    received = opened.counts.get("received") if opened and opened.state is StepState.DONE else None
    return differences(plan, counts, received, people)


async def _second(session: AsyncSession, row: RoomStepRow, room: RoomSession, account_id: UUID, now: datetime) -> None:
    second = await second_person(session, row.by_account_id, room, account_id, now)
    row.second_account_id, row.second_name, row.second_how = account_id, second.name, "password"


def _row(
    room: RoomSession, plan: MinuteStep, records: Mapping[str, StepRecord], actor: Actor, now: datetime
) -> RoomStepRow:
    before = records.get(plan.key)
    return RoomStepRow(
        id=new_id(), room_session_id=room.id, plan_version=room.terms.plan_version, step=plan.key,
        no=before.no + 1 if before else 1, two_people=plan.two_people, state=StepState.DONE, at=now, recorded_at=now,
        by_account_id=actor.account_id, by_name=actor.name, second_account_id=None, second_name="", second_how=None,
        counts={}, unbalanced=False, reason="", source="page", keyed_name="",
    )  # fmt: skip


async def _write(session: AsyncSession, actor: Actor, action: str, row: RoomStepRow, now: datetime) -> StepRecord:
    session.add(row)
    await session.flush()
    await audit.record(
        session, actor, f"sittings.{action}", subject="room_session", ids=[row.room_session_id],
        stream=room_stream(row.room_session_id), now=now,
        data={"step": row.step, "no": row.no, "state": row.state, "counts": row.counts, "reason": row.reason,
              "source": row.source, "two_people": row.two_people and row.state == StepState.DONE},
    )  # fmt: skip
    return step_record(row)
