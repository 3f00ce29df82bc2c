"""What the ledger's page shows of a session: each tablet, each candidate's sheets, each gap in words, and how it was closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, union
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts import queries as accounts
from exam.sittings import queries as sittings
from exam.sittings.rules import PRESENT, RoomSession, Sitting, SittingStatus
from scoring.marking import queries as marking
from scoring.tablets.models import TabletEventRow, TabletHandoutRow
from scoring.tablets.queries.closings import Closing, closings, later_events
from scoring.tablets.queries.ledgers import Account, Oddity, account
from scoring.tablets.queries.paper import Keyed, keyed
from scoring.tablets.queries.settlements import Settlement
from scoring.tablets.rules.events import SheetKey
from scoring.tablets.rules.ledger import DeviceAccount, Gap, Ledger, arrived_since
from scoring.tablets.rules.standing import Standing, standing


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One assessor's sheet of one candidate."""

    assessor_id: UUID
    standing: Standing
    sheet_id: UUID | None
    keyed_id: UUID | None
    settlement: Settlement | None  # why it is not entered


@dataclass(frozen=True, kw_only=True)
class Line:
    """One candidate."""

    sitting: Sitting
    there: bool
    cells: tuple[Cell, ...]


@dataclass(frozen=True, kw_only=True)
class DeviceLine:
    """One tablet."""

    chain: DeviceAccount
    seen_ago: timedelta | None
    silent: bool
    revoked: bool
    later: int  # events that came after the closing

    @property
    def whole(self) -> bool:
        """Whether all it wrote is here."""
        return not self.chain.missing and not self.chain.broken and self.chain.seen_at is not None


@dataclass(frozen=True, kw_only=True)
class GapLine:
    """One gap with the names of what it concerns."""

    gap: Gap
    label: str  # of the tablet
    seat: int | None
    assessor: str


@dataclass(frozen=True, kw_only=True)
class RoomLedger:
    """The whole page."""

    account: Account
    names: Mapping[UUID, str]  # of assessors, in the order of the columns
    lines: tuple[Line, ...]
    devices: tuple[DeviceLine, ...]
    gaps: tuple[GapLine, ...]
    closing: Closing | None
    closing_gaps: tuple[GapLine, ...]
    arrived: tuple[GapLine, ...]  # of the gaps it was closed with
    keyed: tuple[Keyed, ...]
    open_oddities: tuple[Oddity, ...]
    settled_oddities: tuple[Oddity, ...]

    @property
    def room(self) -> RoomSession:
        return self.account.room

    @property
    def ledger(self) -> Ledger:
        return self.account.ledger

    @property
    def photos_expected(self) -> int:
        """Photos that events speak of."""
        return len({photo for state in self.account.states.values() for photo, _ in state.evidence})

    @property
    def labels(self) -> Mapping[UUID, str]:
        """Of the tablets."""
        return {one.id: one.label for one in self.account.tablets}


@dataclass(frozen=True, kw_only=True)
class RoomLine:
    """One session in the list."""

    room: RoomSession
    ledger: Ledger | None  # of an open one
    closing: Closing | None


async def room_ledger(session: AsyncSession, room_session_id: UUID, now: datetime) -> RoomLedger:
    """The page of one session; NotFound when there is no such practical session."""
    found = await account(session, room_session_id)
    done = (await closings(session, [room_session_id])).get(room_session_id)
    later = await later_events(session, done) if done else {}
    typed = await keyed(session, room_session_id=room_session_id)
    names = await _names(session, found)
    gaps = tuple(_named(found, names, one) for one in found.ledger.gaps)
    then = done.gaps if done else ()
    return RoomLedger(
        account=found, names=names, lines=_lines(found, names, typed), gaps=gaps, closing=done,
        devices=tuple(_device(found, one, later.get(one.device_id, 0), now) for one in found.ledger.devices),
        closing_gaps=tuple(_named(found, names, one) for one in then),
        arrived=tuple(_named(found, names, one) for one in arrived_since(then, found.ledger.gaps)), keyed=tuple(typed),
        open_oddities=tuple(one for one in found.oddities if one.settled_at is None),
        settled_oddities=tuple(one for one in found.oddities if one.settled_at is not None),
    )  # fmt: skip


async def rooms_with_tablets(session: AsyncSession, *, since: datetime) -> list[RoomSession]:
    """Sessions that tablets were given out for or worked in and that end after `since`, the newest first."""
    ids = await marking.hold_ids(session)  # what is given out or comes holds its session
    rooms = await sittings.room_sessions(session, ids=ids) if ids else []
    ended = [one for one in rooms if one.ends_at >= since]
    return sorted(ended, key=lambda one: (one.starts_at, str(one.id)), reverse=True)


async def room_lines(session: AsyncSession, rooms: Sequence[RoomSession]) -> list[RoomLine]:
    """Where these sessions stand; of a closed one with what it was closed."""
    done = await closings(session, [one.id for one in rooms])
    return [
        RoomLine(
            room=one,
            closing=done.get(one.id),
            ledger=None if one.id in done else (await account(session, one.id)).ledger,
        )
        for one in rooms
    ]


async def rooms_of_import(session: AsyncSession, tablet_id: UUID) -> list[RoomSession]:
    """The sessions a tablet was given out for or worked in, the newest first: where to look after its file was taken."""
    query = union(
        select(TabletHandoutRow.room_session_id).where(TabletHandoutRow.tablet_id == tablet_id),
        select(TabletEventRow.room_session_id).where(TabletEventRow.tablet_id == tablet_id),
    )
    found = await sittings.room_sessions(session, ids=set(await session.scalars(query)))
    return sorted(found, key=lambda one: (one.starts_at, str(one.id)), reverse=True)


async def _names(session: AsyncSession, found: Account) -> dict[UUID, str]:
    """The columns: who is on duty, in that order, then others with a sheet here."""
    names = {one.account_id: one.name for one in found.assessors}
    others = {one for _, one in found.sheets} | {key.assessor_id for key in found.states}
    known = await accounts.names(session, others - set(names)) if others - set(names) else {}
    return names | {one: known.get(one, "—") for one in sorted(others - set(names), key=str)}


def _lines(found: Account, names: Mapping[UUID, str], typed: list[Keyed]) -> tuple[Line, ...]:
    by_pair = {(one.sitting_id, one.assessor_id): one for one in typed if not one.withdrawal}
    newest: dict[tuple[UUID, UUID], SheetKey] = {}
    for key in sorted(found.states):
        newest[key.sitting_id, key.assessor_id] = key
    lines = []
    for one in found.candidates:
        there = one.status in PRESENT and one.status is not SittingStatus.VOIDED
        cells = tuple(_cell(found, one.id, who, newest.get((one.id, who)), by_pair.get((one.id, who))) for who in names)
        lines.append(Line(sitting=one, there=there, cells=cells))
    return tuple(lines)


def _cell(found: Account, sitting_id: UUID, who: UUID, key: SheetKey | None, typed: Keyed | None) -> Cell:
    sheet = found.sheets.get((sitting_id, who))
    settlement = found.unsettled.get(key) if key else None
    stands = standing(
        state=found.states[key] if key and key not in found.corrected else None,
        server=sheet.status if sheet else None,
        filled=bool(sheet and sheet.answers),
        wanted=SheetKey(sitting_id=sitting_id, assessor_id=who) in found.wanted,
        differing=key in found.differing,
        keyed=typed is not None and typed.sheet_id is not None,
        checking=typed is not None and typed.waits,
    )
    return Cell(
        assessor_id=who, standing=stands, sheet_id=sheet.id if sheet else None, keyed_id=typed.id if typed else None,
        settlement=settlement,
    )  # fmt: skip


def _device(found: Account, chain: DeviceAccount, later: int, now: datetime) -> DeviceLine:
    tablet = next(one for one in found.tablets if one.id == chain.device_id)
    return DeviceLine(
        chain=chain, seen_ago=now - chain.seen_at if chain.seen_at else None, silent=chain.silent(now),
        revoked=tablet.revoked_at is not None, later=later,
    )  # fmt: skip


def _named(found: Account, names: Mapping[UUID, str], gap: Gap) -> GapLine:
    labels = {one.id: one.label for one in found.tablets}
    seats = {one.id: one.seat_no for one in found.candidates}
    return GapLine(
        gap=gap, label=labels.get(gap.device_id, "") if gap.device_id else "",
        seat=seats.get(gap.sheet.sitting_id) if gap.sheet else None,
        assessor=names.get(gap.sheet.assessor_id, "—") if gap.sheet else "",
    )  # fmt: skip
