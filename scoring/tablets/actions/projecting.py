"""From tablets' events to score sheets: each version that is soundly signed is entered through the actions of marking.

It comes after the events are committed and never takes one of them back: what cannot be entered is kept with the words why. It may
be done as often as one likes; the same events come to the same sheets in whatever order they arrived.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts import queries as accounts
from exam.accounts.rules import Actor
from exam.kernel.errors import Refusal
from exam.sittings import actions as sitting_actions
from exam.sittings import queries as sittings
from exam.sittings.rules import SittingStatus
from scoring.marking import queries as marking
from scoring.marking.actions import Received, contest_sheet, receive_sheet
from scoring.marking.queries import ScoreSheet
from scoring.marking.rules import SheetSigned, SheetStatus
from scoring.tablets import queries
from scoring.tablets.models import TabletPassRow, TabletSettlementRow
from scoring.tablets.rules.events import Event, Kind, SheetKey, sha256
from scoring.tablets.rules.folding import SheetState, fold
from scoring.tablets.rules.packs import sheet_sha256
from scoring.tablets.rules.settling import (
    CORRECT_IT,
    WAITS_FOR,
    Contradiction,
    Matter,
    OlderSheet,
    Outcome,
    StopNotEntered,
    Told,
    Version,
    VersionBefore,
    contradicting,
    sheet_of,
    versions,
)

_Settled = dict[tuple[int, Matter], TabletSettlementRow]


@dataclass(frozen=True, kw_only=True)
class _Work:
    """One assessor's sheets of one candidate, and what became of them so far."""

    room_session_id: UUID
    sitting_id: UUID
    assessor_id: UUID
    events: tuple[Event, ...]
    states: Mapping[int, SheetState]
    settled: _Settled
    now: datetime


async def project(
    session: AsyncSession, *, room_session_id: UUID, pairs: Collection[tuple[UUID, UUID]] | None = None, now: datetime
) -> None:
    """Enter what tablets signed in a session: of these (sitting, assessor) pairs, or of all that :func:`queries.pending` names."""
    lock = func.pg_advisory_xact_lock(func.hashtextextended(f"tablets:{room_session_id}", 0))
    await session.execute(select(lock))
    chosen = sorted(await queries.pending(session, room_session_id) if pairs is None else set(pairs))
    if not chosen:
        return
    events: dict[tuple[UUID, UUID], list[Event]] = defaultdict(list)
    for one in await queries.events(session, sitting_ids={sitting for sitting, _ in chosen}):
        events[one.sheet.sitting_id, one.sheet.assessor_id].append(one)
    for pair in chosen:
        await _enter(session, await _work(session, room_session_id, pair, events[pair], now))


async def _work(
    session: AsyncSession, room_session_id: UUID, pair: tuple[UUID, UUID], events: list[Event], now: datetime
) -> _Work:
    query = select(TabletSettlementRow).where(
        TabletSettlementRow.sitting_id == pair[0], TabletSettlementRow.assessor_id == pair[1]
    )
    rows = await session.scalars(query.with_for_update().execution_options(populate_existing=True))
    return _Work(
        room_session_id=room_session_id, sitting_id=pair[0], assessor_id=pair[1], events=tuple(events),
        states={key.version: state for key, state in fold(events).items()},
        settled={(row.version, Matter(row.matter)): row for row in rows}, now=now,
    )  # fmt: skip


async def _enter(session: AsyncSession, work: _Work) -> None:
    for number in sorted(work.states):
        if work.states[number].stopped is not None:
            await _stop(session, work, number)
    for version in versions(work.states):
        await _version(session, work, version)
    for number in contradicting(work.states):
        state = work.states[number]
        held = work.settled.get((number, Matter.SHEET))
        await _contest(session, work, number)
        await _settle(
            session, work, number, Matter.SHEET, state.signed or "", refusal=Contradiction(), outcome=Outcome.CONTRADICTION,
            sheet_id=held.sheet_id if held else None,
        )  # fmt: skip


async def _version(session: AsyncSession, work: _Work, version: Version) -> None:
    held = work.settled.get((version.number, Matter.SHEET))
    contradiction = Contradiction() if version.contradicts else None
    outcome = Outcome.CONTRADICTION if version.contradicts else Outcome.APPLIED
    if version.contradicts:
        await _contest(session, work, version.number)
    if held is not None and held.sheet_id is not None:  # it stands: a signed sheet is immutable
        await _settle(
            session, work, version.number, Matter.SHEET, held.signed, sheet_id=held.sheet_id, refusal=contradiction,
            outcome=outcome,
        )  # fmt: skip
        return
    try:
        async with session.begin_nested():
            sheet_id = await _receive(session, work, version)
    except Refusal as refusal:
        if isinstance(refusal, SheetSigned):  # with other entries than these: which of the two holds, nobody can tell
            await _contest(session, work, version.number)
        await _settle(session, work, version.number, Matter.SHEET, version.digest, refusal=refusal)
        return
    await _settle(
        session,
        work,
        version.number,
        Matter.SHEET,
        version.digest,
        sheet_id=sheet_id,
        refusal=contradiction,
        outcome=outcome,
    )


async def _receive(session: AsyncSession, work: _Work, version: Version) -> UUID:
    sitting = await sittings.sitting(session, work.sitting_id)
    _, component = await marking.component(session, sitting.component_id)
    signed_on = sheet_of(version.signature)
    if signed_on is not None and signed_on != sheet_sha256(component.sheet or {}):
        raise OlderSheet
    if version.number > 1:
        _require_before(work, version.number, await _newest(session, work))
    data = version.signature.data
    sheet = Received(
        sitting_id=sitting.id, assessor_id=work.assessor_id, answers=data["answers"], overtime_minutes=data["overtime"],
        note=data["note"], evidence=data.get("evidence") or {}, seconded_by=await _second(session, version.signature),
        corrects=version.number > 1, reason=version.reason, contested=version.contradicts,
    )  # fmt: skip
    actor = Actor(work.assessor_id, "", ())
    try:
        async with session.begin_nested():
            return (await receive_sheet(session, actor, sheet, now=work.now)).id
    except SheetSigned:  # keyed in from paper, or signed on the page: with the same entries it is that sheet
        standing = await _standing(session, work, version.number)
        if standing is None or not await _same(session, standing, sheet):
            raise
        return standing.id


async def _standing(session: AsyncSession, work: _Work, number: int) -> ScoreSheet | None:
    """This version as it is signed on the server, wherever that was."""
    found = await marking.sheet_version(
        session, sitting_id=work.sitting_id, assessor_id=work.assessor_id, version=number
    )
    return found if found is not None and found.status is not SheetStatus.DRAFT else None


async def _contest(session: AsyncSession, work: _Work, number: int) -> None:
    """A version with two different signatures counts no longer, from whichever of them it was entered."""
    standing = await _standing(session, work, number)
    if standing is not None:
        await contest_sheet(session, Actor(work.assessor_id, "", ()), standing, now=work.now)


async def _newest(session: AsyncSession, work: _Work) -> ScoreSheet | None:
    """The newest version of this sheet that the server has, wherever it was signed."""
    found = await marking.sheets(session, sitting_ids=[work.sitting_id], assessor_id=work.assessor_id)
    return found[0] if found else None


def _require_before(work: _Work, number: int, newest: ScoreSheet | None) -> None:
    """A correction follows the version before it, wherever that was signed; one that was refused was never a sheet."""
    before = work.settled.get((number - 1, Matter.SHEET))
    if before is not None and before.outcome != Outcome.WAITING:
        return
    if newest is None or newest.version < number - 1:
        raise VersionBefore(version=number)


async def _same(session: AsyncSession, found: ScoreSheet, sheet: Received) -> bool:
    definition = await marking.sheet_definition(session, found.component_id)
    entries = queries.entered(definition, sheet.answers)
    overtime = sheet.overtime_minutes if definition.overtime is not None else None
    return dict(found.answers) == entries and found.overtime_minutes == overtime


async def _second(session: AsyncSession, signature: Event) -> UUID | None:
    """Who signed a veto item as the second: counted where that person has a pass on the same tablet."""
    found = signature.data.get("seconded")
    try:
        account_id = UUID(found["account"]) if found else None
    except (KeyError, TypeError, ValueError):
        return None
    if account_id is None:
        return None
    held = await session.get(TabletPassRow, (signature.device_id, account_id))
    return account_id if held is not None else None


async def _stop(session: AsyncSession, work: _Work, number: int) -> None:
    held = work.settled.get((number, Matter.STOP))
    said = dict(work.states[number].stopped or {})
    if held is not None and held.outcome == Outcome.APPLIED:
        await _settle(session, work, number, Matter.STOP, held.signed)
        return
    try:
        async with session.begin_nested():
            if (await sittings.sitting(session, work.sitting_id)).status is not SittingStatus.STOPPED:
                actor = await accounts.actor(session, work.assessor_id)
                reason = f"{said.get('row', '')} {said.get('reason', '')}".strip()
                await sitting_actions.stop(session, actor, sitting_id=work.sitting_id, reason=reason, now=work.now)
    except Refusal:  # somebody records it on the room's page; then it is entered
        told = StopNotEntered()
        await _settle(session, work, number, Matter.STOP, sha256(said), refusal=told, outcome=Outcome.WAITING)
        return
    await _settle(session, work, number, Matter.STOP, sha256(said))


async def _settle(
    session: AsyncSession,
    work: _Work,
    number: int,
    matter: Matter,
    signed: str,
    *,
    sheet_id: UUID | None = None,
    refusal: Refusal | None = None,
    outcome: Outcome | None = None,
) -> None:
    """Write down what became of it, in the place of what was written before."""
    kind = Kind.SIGNED if matter is Matter.SHEET else Kind.STOPPED
    if outcome is None and refusal is not None:
        outcome = Outcome.WAITING if refusal.code in WAITS_FOR else Outcome.REFUSED
    row = work.settled.get((number, matter))
    if row is None:
        row = TabletSettlementRow(
            sitting_id=work.sitting_id, assessor_id=work.assessor_id, version=number, matter=matter.value,
            room_session_id=work.room_session_id,
        )  # fmt: skip
        work.settled[number, matter] = row
        session.add(row)
    told = _described(refusal)
    became = ((outcome or Outcome.APPLIED).value, told.code, sheet_id)
    if (row.outcome, row.code, row.sheet_id) != became:
        row.at = work.now  # since then it stands so; a try that changes nothing writes nothing
    row.outcome, row.code, row.sheet_id = became
    row.message, row.way_out, row.facts, row.signed = told.message, told.way_out, dict(told.facts), signed
    row.events_count = _count(work, number, kind)
    await session.flush()


def _described(refusal: Refusal | None) -> Told:
    """A refusal as it is kept: where it names a row, that row's words; where it knows no way out, the assessor's."""
    if refusal is None:
        return Told()
    problem = next(iter(refusal.problems), None)
    message, facts = (problem.message, problem.facts) if problem else (refusal.message, refusal.facts)
    return Told(
        code=refusal.code, message=message, way_out=refusal.way_out or CORRECT_IT,
        facts={name: one if isinstance(one, int) else str(one) for name, one in facts.items()},
    )  # fmt: skip


def _count(work: _Work, number: int, kind: Kind) -> int:
    key = SheetKey(sitting_id=work.sitting_id, assessor_id=work.assessor_id, version=number)
    return sum(1 for one in work.events if one.kind is kind and one.sheet == key)
