"""The completeness ledger of a session: its tablets' chains, its sheets, its photos, and what could not be taken."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, select, union
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from exam.kernel.ids import id_of
from exam.sittings import queries as sittings
from exam.sittings.rules import PRESENT, Duty, DutySpec, RoomSession, Sitting, SittingStatus
from scoring.marking import queries as marking
from scoring.marking.queries import ScoreSheet
from scoring.marking.rules import SheetStatus
from scoring.tablets.models import TabletEventRow, TabletEvidenceRow, TabletHandoutRow, TabletOddityRow
from scoring.tablets.queries.chains import numbers, states
from scoring.tablets.queries.devices import TabletRecord, tablets
from scoring.tablets.queries.settlements import Settlement, settlements
from scoring.tablets.rules.devices import Oddness
from scoring.tablets.rules.events import FIRST, SheetKey
from scoring.tablets.rules.folding import SheetState
from scoring.tablets.rules.ledger import Aside, DeviceAccount, Ledger, balance, wanted_of
from scoring.tablets.rules.settling import Outcome
from scoring.tablets.rules.standing import same


@dataclass(frozen=True, kw_only=True)
class Oddity:
    """An event that was kept aside, whole."""

    id: UUID
    tablet_id: UUID
    number: int
    sha256: str
    why: Oddness
    body: Mapping[str, Any]
    received_at: datetime
    settled_at: datetime | None
    settled_by: str
    settlement: str


@dataclass(frozen=True, kw_only=True)
class Account:
    """Everything that the ledger of a session is drawn from."""

    room: RoomSession
    tablets: tuple[TabletRecord, ...]
    candidates: tuple[Sitting, ...]  # by seat, absent ones too
    assessors: tuple[DutySpec, ...]
    sheets: Mapping[tuple[UUID, UUID], ScoreSheet]  # (sitting, assessor) -> newest version
    states: Mapping[SheetKey, SheetState]
    wanted: tuple[SheetKey, ...]
    differing: frozenset[SheetKey]
    corrected: frozenset[SheetKey]  # put right by a later version on the server
    unsettled: Mapping[SheetKey, Settlement]
    photos: frozenset[str]  # of those spoken of, the ones that are there
    oddities: tuple[Oddity, ...]  # settled ones too
    ledger: Ledger


_UNSETTLED = (Outcome.WAITING, Outcome.REFUSED)


async def ledger(session: AsyncSession, room_session_id: UUID) -> Ledger:
    """The ledger of a session."""
    return (await account(session, room_session_id)).ledger


async def account(session: AsyncSession, room_session_id: UUID) -> Account:
    """The ledger of a session with what it is drawn from; NotFound when there is no such session, or no practical one."""
    room = await sittings.room_session(session, room_session_id)
    own = await tablets(session, ids=await room_tablets(session, room_session_id))
    found = await states(session, room_session_id)
    sheets = {
        (one.sitting_id, one.assessor_id): one
        for one in await marking.sheets(session, room_session_ids=[room_session_id])
    }
    people = await sittings.sittings(session, room_session_id=room_session_id)
    duties = [one for one in await marking.assessing(session, room_session_id) if one.duty is Duty.ASSESSOR]
    wanted = await _wanted(session, room, people, duties, sheets, found)
    differing = await _differing(session, room, sheets, found)
    photos = await kept_photos(session, {photo for state in found.values() for photo, _ in state.evidence})
    corrected = _corrected(sheets, found)
    unsettled = {
        key: one
        for one in await settlements(session, room_session_ids=[room_session_id], open_only=True)
        if one.outcome in _UNSETTLED
        and (key := SheetKey(sitting_id=one.sitting_id, assessor_id=one.assessor_id, version=one.version))
        not in corrected
    }
    aside = await oddities(session, room_session_id, [one.id for one in own])
    return Account(
        room=room, tablets=tuple(own), candidates=tuple(people), assessors=tuple(duties), sheets=sheets, states=found,
        wanted=tuple(wanted), differing=differing, corrected=corrected, unsettled=unsettled, photos=photos, oddities=tuple(aside),
        ledger=balance(
            await _chains(session, own), wanted, found,
            settled={_key(one) for one in sheets.values() if one.status is SheetStatus.SIGNED},
            waiting={_key(one) for one in sheets.values() if one.status is SheetStatus.COUNTERSIGN and one.version == 1},
            differing=differing, corrected=corrected, unsettled=unsettled, photos=photos,
            aside=[Aside(device_id=one.tablet_id, number=one.number, sha256=one.sha256)
                   for one in aside if one.settled_at is None],
        ),
    )  # fmt: skip


async def _differing(
    session: AsyncSession,
    room: RoomSession,
    sheets: Mapping[tuple[UUID, UUID], ScoreSheet],
    found: Mapping[SheetKey, SheetState],
) -> frozenset[SheetKey]:
    """The versions that stand on the server with other contents than a tablet signed; also while a correction is open."""
    definition = await marking.sheet_definition(session, room.component_id)
    signed = await marking.signed_sheets(session, {key.sitting_id for key in found}, contested=True)
    both = [*sheets.values(), *(one for group in signed.values() for one in group)]
    stand = {(one.sitting_id, one.assessor_id, one.version): one for one in both if one.status is not SheetStatus.DRAFT}
    return frozenset(
        key
        for key, state in found.items()
        if state.sound
        and (sheet := stand.get((key.sitting_id, key.assessor_id, key.version))) is not None
        and not same(definition, state.answers, state.overtime, sheet.answers, sheet.overtime_minutes)
    )


def _corrected(
    sheets: Mapping[tuple[UUID, UUID], ScoreSheet], found: Mapping[SheetKey, SheetState]
) -> frozenset[SheetKey]:
    """The versions that a later one, signed twice on the server, has put right."""
    return frozenset(
        key
        for key in found
        if (sheet := sheets.get((key.sitting_id, key.assessor_id))) is not None
        and sheet.version > key.version
        and sheet.status is SheetStatus.SIGNED
    )


async def room_tablets(session: AsyncSession, room_session_id: UUID) -> list[UUID]:
    """The tablets that a session waits for: given out for it and used, or with events of it."""
    given = select(TabletHandoutRow.tablet_id).where(
        TabletHandoutRow.room_session_id == room_session_id, TabletHandoutRow.unused_reason == ""
    )
    worked = select(TabletEventRow.tablet_id).where(TabletEventRow.room_session_id == room_session_id)
    return list(await session.scalars(union(given, worked)))


async def kept_photos(session: AsyncSession, hashes: Collection[str]) -> frozenset[str]:
    """Of these photos the ones that arrived."""
    if not hashes:
        return frozenset()
    query = select(TabletEvidenceRow.sha256).where(TabletEvidenceRow.sha256.in_(sorted(hashes)))
    return frozenset(await session.scalars(query))


async def oddities(session: AsyncSession, room_session_id: UUID, tablet_ids: Collection[UUID]) -> list[Oddity]:
    """What these tablets sent that could not be taken, as far as it concerns a session: of its candidates, or of nobody we know."""
    if not tablet_ids:
        return []
    query = select(TabletOddityRow).where(TabletOddityRow.tablet_id.in_(list(tablet_ids)))
    rows = list(await session.scalars(query.order_by(TabletOddityRow.tablet_id, TabletOddityRow.number)))
    named = {id for row in rows if (id := id_of(str(row.body.get("sitting")))) is not None}
    places = {one.id: one.room_session_id for one in await sittings.sittings(session, ids=named)} if named else {}
    return [
        oddity_record(row)
        for row in rows
        if places.get(id_of(str(row.body.get("sitting"))), room_session_id) == room_session_id  # type: ignore[arg-type]
    ]


def oddity_record(row: TabletOddityRow) -> Oddity:
    """A row as the record that pages read."""
    return Oddity(
        id=row.id, tablet_id=row.tablet_id, number=row.number, sha256=row.hash, why=Oddness(row.why), body=row.body,
        received_at=row.received_at, settled_at=row.settled_at, settled_by=row.settled_by, settlement=row.settlement,
    )  # fmt: skip


def _key(sheet: ScoreSheet) -> SheetKey:
    return SheetKey(sitting_id=sheet.sitting_id, assessor_id=sheet.assessor_id)


async def _wanted(
    session: AsyncSession,
    room: RoomSession,
    people: Iterable[Sitting],
    duties: Iterable[DutySpec],
    sheets: Mapping[tuple[UUID, UUID], ScoreSheet],
    found: Mapping[SheetKey, SheetState],
) -> list[SheetKey]:
    """The sheets asked for, of everybody who is there."""
    rule = await marking.agreement_in(session, room.id, room.component_id)
    more = await marking.wanted_sheets(session, [room.id])
    signed: dict[UUID, set[UUID]] = defaultdict(set)
    begun: dict[UUID, set[UUID]] = defaultdict(set)
    for (sitting_id, assessor_id), sheet in sheets.items():
        if sheet.status is SheetStatus.SIGNED:
            signed[sitting_id].add(assessor_id)
        elif sheet.answers:
            begun[sitting_id].add(assessor_id)
    for key, state in found.items():
        if state.signed is not None:
            signed[key.sitting_id].add(key.assessor_id)
        elif state.answers:
            begun[key.sitting_id].add(key.assessor_id)
    order = [one.account_id for one in duties]
    return [
        key
        for one in people
        if one.status in PRESENT and one.status is not SittingStatus.VOIDED
        for key in wanted_of(
            one.id, order, rule.assessors_count + more[one.id].third, signed=signed[one.id], begun=begun[one.id]
        )
    ]


async def _chains(session: AsyncSession, own: Iterable[TabletRecord]) -> list[DeviceAccount]:
    broken = await _broken(session, [one.id for one in own])
    return [
        DeviceAccount(
            device_id=one.id, label=one.label, numbers=await numbers(session, one.id), last=one.last_number,
            seen_at=one.seen_at, broken=one.id in broken,
        )
        for one in own
    ]  # fmt: skip


async def _broken(session: AsyncSession, tablet_ids: Collection[UUID]) -> frozenset[UUID]:
    """Tablets with a fork (two events under one number) or an event that does not follow from the one before: as
    `rules.events.broken_links` has it, on the hashes that are stored."""
    one, before = aliased(TabletEventRow), aliased(TabletEventRow)
    forked = (
        select(one.tablet_id)
        .where(one.tablet_id.in_(list(tablet_ids)))
        .group_by(one.tablet_id)
        .having(func.count() > func.count(one.number.distinct()))
    )
    odd = select(one.tablet_id).where(
        one.tablet_id.in_(list(tablet_ids)),
        ((one.number == 1) & (one.previous != FIRST))
        | exists().where(
            before.tablet_id == one.tablet_id, before.number == one.number - 1, before.hash != one.previous
        ),
    )
    return frozenset(await session.scalars(union(forked, odd)))
