"""Reads of marking: live marks, double entry, score sheets (each assessor's own only), progress and work lists."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.catalogue.rules import Agreement, Component, Form, Scheme, Sheet, parse_sheet
from exam.kernel.errors import N_, NotFound
from exam.kernel.i18n import Name
from exam.kernel.needs import Need
from exam.registration import queries as registration
from exam.registration.rules import BatchStatus, Registration
from exam.sittings import queries as sittings
from exam.sittings.rules import PRESENT, Duty, DutySpec, RoomSession, Sitting, SittingStatus
from scoring.marking.models import (
    ContestedSheetRow,
    LeadDecisionRow,
    MarkRow,
    PaperEntryRow,
    RoomHoldRow,
    ScoreSheetRow,
)
from scoring.marking.rules import (
    EntryState,
    Mark,
    MarkSource,
    MarkStatus,
    PaperEntry,
    PartState,
    Path,
    SheetStatus,
    agree,
    in_room,
    spread,
    state_of,
)

_SCHEMES: dict[UUID, Scheme] = {}
_SHEETS: dict[UUID, Sheet] = {}
ASSESSING = (Duty.ASSESSOR, Duty.LEAD_ASSESSOR)
MARKED_BATCHES = (BatchStatus.IN_PROGRESS, BatchStatus.SESSIONS_DONE, BatchStatus.SCORING, BatchStatus.VERIFIED)
_CONTESTED = exists().where(ContestedSheetRow.sheet_id == ScoreSheetRow.id)
_MARK_COLUMNS = (
    MarkRow.id, MarkRow.batch_id, MarkRow.registration_id, MarkRow.component_id, MarkRow.sitting_id, MarkRow.state,
    MarkRow.value, MarkRow.source, MarkRow.status, MarkRow.version, MarkRow.entered_by, MarkRow.entered_at,
    MarkRow.verified_by, MarkRow.verified_at,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ScoreSheet:
    """One assessor's sheet; ``scored`` is what the server added up when it was signed."""

    id: UUID
    batch_id: UUID
    room_session_id: UUID
    sitting_id: UUID
    registration_id: UUID
    component_id: UUID
    assessor_id: UUID
    version: int
    revision: int
    status: SheetStatus
    answers: Mapping[str, Any]
    overtime_minutes: int | None
    note: str
    total: Decimal | None
    scored: Mapping[str, Any] | None
    opened_at: datetime
    saved_at: datetime
    signed_at: datetime | None
    signed_sha256: str | None
    corrects_id: UUID | None
    reason: str | None
    countersigned_by: UUID | None
    countersigned_at: datetime | None
    evidence: Mapping[str, Any]
    second_needed: bool
    declined_by: UUID | None
    declined_at: datetime | None
    decline_reason: str


@dataclass(frozen=True, kw_only=True)
class ComponentProgress:
    """How far the marking of one component of a batch is. expected = the sum of all the states, missing included."""

    scheme: Scheme
    component: Component
    expected: int
    states: Mapping[PartState, int]
    verified: int
    once: int  # papers read by one person only
    different: int  # papers read differently by two
    to_decide: int  # sittings whose sheets differ beyond the tolerance

    @property
    def done(self) -> int:
        return self.expected - self.states[PartState.MISSING]

    @property
    def to_verify(self) -> int:
        return self.done - self.verified


@dataclass(frozen=True, kw_only=True)
class Expected:
    """One part that needs a mark: a registration x a component of its scheme, with its sitting where there is one."""

    registration: Registration
    component: Component
    sitting: Sitting | None


@dataclass(frozen=True, kw_only=True)
class Station:
    """One room session an assessor serves, with the candidates and own sheets."""

    room: RoomSession
    duty: Duty
    component: Component
    candidates: tuple[StationCandidate, ...]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Whether another assessor's sheet of a candidate is wanted."""

    more: bool
    third: bool  # because two differ


@dataclass(frozen=True, kw_only=True)
class StationCandidate:
    """A candidate at the station, by seat, and where the assessor's own sheet stands (None = not opened)."""

    sitting: Sitting
    sheet: ScoreSheet | None
    wanted: Wanted

    @property
    def todo(self) -> bool:
        """Whether the assessor has something to do here: an own sheet to finish, or one that is wanted."""
        if not self.scorable:
            return False
        return self.sheet.status is SheetStatus.DRAFT if self.sheet else self.wanted.more

    @property
    def scorable(self) -> bool:
        return self.sitting.status in PRESENT and self.sitting.status is not SittingStatus.VOIDED


@dataclass(frozen=True, kw_only=True)
class Disagreement:
    """Signed sheets of one sitting that differ beyond the tolerance and wait for the lead assessor."""

    sitting: Sitting
    component: Component
    sheets: tuple[ScoreSheet, ...]
    tolerance: Decimal


async def marks(
    session: AsyncSession,
    *,
    batch_id: UUID | None = None,
    registration_id: UUID | None = None,
    registration_ids: Iterable[UUID] | None = None,
    component_id: UUID | None = None,
    detail: bool = False,
) -> list[Mark]:
    """The live marks; filters add up. Columns, not objects, and ``detail`` only where it is asked for: thousands a batch."""
    columns = (*_MARK_COLUMNS, MarkRow.detail) if detail else _MARK_COLUMNS
    query: Select[Any] = select(*columns).where(MarkRow.live).order_by(MarkRow.registration_id)
    if batch_id is not None:
        query = query.where(MarkRow.batch_id == batch_id)
    if registration_id is not None:
        query = query.where(MarkRow.registration_id == registration_id)
    if registration_ids is not None:
        query = query.where(MarkRow.registration_id.in_(list(registration_ids)))
    if component_id is not None:
        query = query.where(MarkRow.component_id == component_id)
    return [_mark(row) for row in await session.execute(query)]


async def expected(
    session: AsyncSession,
    batch_id: UUID,
    *,
    registrations: Sequence[Registration] | None = None,
    component_id: UUID | None = None,
) -> list[Expected]:
    """Every part of the batch's confirmed registrations, by registration and component."""
    found = registrations
    if found is None:
        found = [one for one in await registration.registrations(session, batch_id=batch_id) if one.status.confirmed]
    schemes = {one.id: one for one in await catalogue.schemes(session, {one.scheme_id for one in found})}
    places = {
        (one.registration_id, one.component_id): one for one in await sittings.sittings(session, batch_id=batch_id)
    }
    return [
        Expected(registration=one, component=component, sitting=places.get((one.id, component.id)))
        for one in found
        for component in schemes[one.scheme_id].components
        if component_id in (None, component.id)
    ]


async def paper_entries(
    session: AsyncSession, *, batch_id: UUID | None = None, component_id: UUID | None = None,
    registration_ids: Iterable[UUID] | None = None,
) -> dict[tuple[UUID, UUID], list[PaperEntry]]:  # fmt: skip
    """Readings of paper marks by (registration, component), in the order of their rounds."""
    query = select(
        PaperEntryRow.registration_id, PaperEntryRow.component_id, PaperEntryRow.round, PaperEntryRow.value,
        PaperEntryRow.entered_by, PaperEntryRow.entered_at,
    ).order_by(PaperEntryRow.round)  # fmt: skip
    if batch_id is not None:
        query = query.where(PaperEntryRow.batch_id == batch_id)
    if component_id is not None:
        query = query.where(PaperEntryRow.component_id == component_id)
    if registration_ids is not None:
        query = query.where(PaperEntryRow.registration_id.in_(list(registration_ids)))
    found: dict[tuple[UUID, UUID], list[PaperEntry]] = defaultdict(list)
    for row in await session.execute(query):
        found[row.registration_id, row.component_id].append(PaperEntry(**row._mapping))
    return found


async def sheets(
    session: AsyncSession,
    *,
    batch_id: UUID | None = None,
    room_session_ids: Iterable[UUID] | None = None,
    sitting_ids: Iterable[UUID] | None = None,
    assessor_id: UUID | None = None,
    ids: Iterable[UUID] | None = None,
) -> list[ScoreSheet]:
    """The newest version of each assessor's sheet per sitting; filters add up. ``ids`` gives exactly those versions."""
    query = select(ScoreSheetRow).order_by(ScoreSheetRow.sitting_id, ScoreSheetRow.assessor_id, ScoreSheetRow.version)
    if batch_id is not None:
        query = query.where(ScoreSheetRow.batch_id == batch_id)
    if room_session_ids is not None:
        query = query.where(ScoreSheetRow.room_session_id.in_(list(room_session_ids)))
    if sitting_ids is not None:
        query = query.where(ScoreSheetRow.sitting_id.in_(list(sitting_ids)))
    if assessor_id is not None:
        query = query.where(ScoreSheetRow.assessor_id == assessor_id)
    if ids is not None:
        query = query.where(ScoreSheetRow.id.in_(list(ids)))
    rows = await session.scalars(query.execution_options(populate_existing=True))
    newest = {(row.sitting_id, row.assessor_id): row for row in rows}
    return [sheet_record(row) for row in newest.values()]


async def versions(session: AsyncSession, ids: Iterable[UUID]) -> list[ScoreSheet]:
    """These versions of sheets, also where a newer one stands beside them."""
    query = select(ScoreSheetRow).where(ScoreSheetRow.id.in_(list(ids))).order_by(ScoreSheetRow.id)
    return [sheet_record(row) for row in await session.scalars(query.execution_options(populate_existing=True))]


async def sheet(session: AsyncSession, sheet_id: UUID) -> ScoreSheet:
    """One version of a sheet; NotFound when there is none."""
    found = await sheets(session, ids=[sheet_id])
    if not found:
        raise NotFound
    return found[0]


async def signed_sheets(
    session: AsyncSession, sitting_ids: Iterable[UUID], *, contested: bool = False
) -> dict[UUID, list[ScoreSheet]]:
    """Per sitting the newest *signed* version of each assessor's sheet: what counts while a correction is open. By assessor, so
    that no arrival changes the order. With ``contested`` those too that contradict another signature and do not count."""
    query = (
        select(ScoreSheetRow, _CONTESTED)
        .where(ScoreSheetRow.sitting_id.in_(list(sitting_ids)), ScoreSheetRow.status == SheetStatus.SIGNED.value)
        .order_by(ScoreSheetRow.sitting_id, ScoreSheetRow.assessor_id, ScoreSheetRow.version)
        .execution_options(populate_existing=True)
    )
    newest = {(row.sitting_id, row.assessor_id): (row, out) for row, out in await session.execute(query)}
    found: dict[UUID, list[ScoreSheet]] = defaultdict(list)
    for row, out in newest.values():
        if contested or not out:
            found[row.sitting_id].append(sheet_record(row))
    return found


async def sheet_version(
    session: AsyncSession, *, sitting_id: UUID, assessor_id: UUID, version: int
) -> ScoreSheet | None:
    """One version of somebody's sheet of a candidate, whether or not a newer one stands beside it."""
    query = select(ScoreSheetRow).where(
        ScoreSheetRow.sitting_id == sitting_id,
        ScoreSheetRow.assessor_id == assessor_id,
        ScoreSheetRow.version == version,
    )
    row = await session.scalar(query.execution_options(populate_existing=True))
    return None if row is None else sheet_record(row)


async def component(session: AsyncSession, component_id: UUID) -> tuple[Scheme, Component]:
    """A component with its scheme; NotFound when there is none. Published schemes never change: read once a process."""
    if component_id not in _SCHEMES:
        _SCHEMES[component_id] = await catalogue.scheme_of_component(session, component_id)
    scheme = _SCHEMES[component_id]
    return scheme, scheme.component(component_id)


async def sheet_definition(session: AsyncSession, component_id: UUID) -> Sheet:
    """The score sheet of a practical component; NotFound for any other."""
    if component_id not in _SHEETS:
        _, found = await component(session, component_id)
        if found.sheet is None:
            raise NotFound
        _SHEETS[component_id] = parse_sheet(found.sheet)
    return _SHEETS[component_id]


async def assessing(session: AsyncSession, room_session_id: UUID) -> list[DutySpec]:
    """Who assesses in a room session."""
    return [duty for duty in await sittings.duties(session, room_session_id=room_session_id) if duty.duty in ASSESSING]


async def agreement_in(session: AsyncSession, room_session_id: UUID, component_id: UUID) -> Agreement:
    """How sheets of a component agree in a room session, with the assessors it has."""
    here = sum(one.duty is Duty.ASSESSOR for one in await assessing(session, room_session_id))
    return in_room((await sheet_definition(session, component_id)).agreement, here)


async def wanted_sheets(session: AsyncSession, room_session_ids: Collection[UUID]) -> dict[UUID, Wanted]:
    """Per sitting of these rooms whether one more assessor's sheet is wanted: the first ones, or a third where two differ.
    A sheet that was opened and left blank keeps nobody else out."""
    totals = {
        id: list(found.values()) for (id, _), found in (await _signed_totals(session, None, room_session_ids)).items()
    }
    begun: dict[UUID, set[UUID]] = defaultdict(set)
    for one in await sheets(session, room_session_ids=room_session_ids):
        if one.answers or one.status is not SheetStatus.DRAFT or one.version > 1:
            begun[one.sitting_id].add(one.assessor_id)
    found: dict[UUID, Wanted] = {}
    for room in await sittings.room_sessions(session, ids=room_session_ids):
        rule = await agreement_in(session, room.id, room.component_id)
        for sitting in await sittings.sittings(session, room_session_id=room.id):
            found[sitting.id] = _wanted(rule, totals.get(sitting.id, []), len(begun[sitting.id]))
    return found


async def wanted_sheet(session: AsyncSession, sitting: Sitting) -> Wanted:
    """The same for one sitting, without reading its room's others."""
    totals = await _signed_totals(session, None, None, [sitting.id])
    begun = {
        one.assessor_id
        for one in await sheets(session, sitting_ids=[sitting.id])
        if one.answers or one.status is not SheetStatus.DRAFT
    }
    rule = await agreement_in(session, sitting.room_session_id, sitting.component_id)
    return _wanted(rule, list(totals.get((sitting.id, sitting.component_id), {}).values()), len(begun))


def _wanted(rule: Agreement, totals: Sequence[Decimal], begun: int) -> Wanted:
    third = agree(rule, totals).path is Path.THIRD
    return Wanted(more=begun < rule.assessors_count + third, third=third)


async def stations(session: AsyncSession, actor: Actor, now: datetime) -> list[Station]:
    """The room sessions an assessor serves in these days, candidates by seat, with the assessor's own sheets only."""
    if actor.account_id is None:
        return []
    duties = {
        duty.session_id: duty.duty
        for duty in await sittings.duties(session, account_id=actor.account_id)
        if duty.duty in ASSESSING
    }
    rooms = [room for room in await sittings.my_rooms(session, actor, now) if room.id in duties]
    own = {one.sitting_id: one for one in await sheets(
        session, room_session_ids=[room.id for room in rooms], assessor_id=actor.account_id)}  # fmt: skip
    wanted = await wanted_sheets(session, [room.id for room in rooms])
    found = []
    for room in rooms:
        people = await sittings.sittings(session, room_session_id=room.id)
        _, part = await component(session, room.component_id)
        found.append(
            Station(
                room=room,
                duty=duties[room.id],
                component=part,
                candidates=tuple(
                    StationCandidate(sitting=one, sheet=own.get(one.id), wanted=wanted[one.id]) for one in people
                ),
            )
        )
    return found


async def disagreements(
    session: AsyncSession, *, batch_id: UUID | None = None, room_session_ids: Iterable[UUID] | None = None
) -> list[Disagreement]:
    """Sittings that the lead must decide, and that nobody has decided yet."""
    unsettled = {
        sitting_id: (component_id, list(totals.values()))
        for (sitting_id, component_id), totals in (await _signed_totals(session, batch_id, room_session_ids)).items()
        if spread(list(totals.values())) > (await sheet_definition(session, component_id)).agreement.tolerance
    }
    if not unsettled:
        return []
    places = {one.id: one for one in await sittings.sittings(session, ids=unsettled)}
    rules = {(place.room_session_id, unsettled[id][0]) for id, place in places.items()}
    rule = {key: await agreement_in(session, *key) for key in sorted(rules, key=str)}
    apart = [
        id
        for id, (component_id, totals) in unsettled.items()
        if agree(rule[places[id].room_session_id, component_id], totals).path is Path.LEAD
    ]
    signed = await signed_sheets(session, apart)
    decided = await _decided(session, apart)
    waiting = []
    for sitting_id, group in signed.items():
        if decided.get(sitting_id) != _signature(group):
            _, part = await component(session, group[0].component_id)
            agreement = (await sheet_definition(session, part.id)).agreement
            waiting.append(
                Disagreement(
                    sitting=places[sitting_id], component=part, sheets=tuple(group), tolerance=agreement.tolerance
                )
            )
    return sorted(waiting, key=lambda one: (one.sitting.starts_at, one.sitting.seat_no))


async def _signed_totals(
    session: AsyncSession, batch_id: UUID | None, room_session_ids: Iterable[UUID] | None,
    sitting_ids: Iterable[UUID] | None = None,
) -> dict[tuple[UUID, UUID], dict[UUID, Decimal]]:  # fmt: skip
    """By (sitting, component) the total of each assessor's newest signed version that counts."""
    query = (
        select(
            ScoreSheetRow.sitting_id, ScoreSheetRow.component_id, ScoreSheetRow.assessor_id, ScoreSheetRow.total,
            _CONTESTED.label("contested"),
        )
        .where(ScoreSheetRow.status == SheetStatus.SIGNED.value)
        .order_by(ScoreSheetRow.sitting_id, ScoreSheetRow.assessor_id, ScoreSheetRow.version)
    )  # fmt: skip
    if batch_id is not None:
        query = query.where(ScoreSheetRow.batch_id == batch_id)
    if room_session_ids is not None:
        query = query.where(ScoreSheetRow.room_session_id.in_(list(room_session_ids)))
    if sitting_ids is not None:
        query = query.where(ScoreSheetRow.sitting_id.in_(list(sitting_ids)))
    found: dict[tuple[UUID, UUID], dict[UUID, Decimal]] = defaultdict(dict)
    for row in await session.execute(query):
        group = found[row.sitting_id, row.component_id]
        if row.contested or row.total is None:
            group.pop(row.assessor_id, None)
        else:
            group[row.assessor_id] = row.total
    return found


async def _decided(session: AsyncSession, sitting_ids: list[UUID]) -> dict[UUID, frozenset[str]]:
    """Per sitting the sheets its newest decision was about: a corrected sheet opens the question again."""
    query = (
        select(LeadDecisionRow.sitting_id, LeadDecisionRow.totals)
        .where(LeadDecisionRow.sitting_id.in_(sitting_ids))
        .order_by(LeadDecisionRow.decided_at)
    )
    return {row.sitting_id: frozenset(one["sheet_id"] for one in row.totals) for row in await session.execute(query)}


def _signature(group: Sequence[ScoreSheet]) -> frozenset[str]:
    return frozenset(str(one.id) for one in group)


async def progress(session: AsyncSession, batch_id: UUID) -> list[ComponentProgress]:
    """How far each component of a batch is, in the order of schemes and components."""
    parts = await expected(session, batch_id)
    found = {(one.registration_id, one.component_id): one for one in await marks(session, batch_id=batch_id)}
    read = await paper_entries(session, batch_id=batch_id)
    waiting: dict[UUID, int] = defaultdict(int)
    for one in await disagreements(session, batch_id=batch_id):
        waiting[one.component.id] += 1
    grouped: dict[UUID, list[tuple[UUID, UUID]]] = defaultdict(list)
    for part in parts:
        grouped[part.component.id].append((part.registration.id, part.component.id))
    return [
        _progress(scheme, component, grouped[component.id], found, read, waiting[component.id])
        for scheme in await catalogue.schemes(session, {part.registration.scheme_id for part in parts})
        for component in scheme.components
    ]


def _progress(
    scheme: Scheme,
    component: Component,
    keys: Sequence[tuple[UUID, UUID]],
    found: Mapping[tuple[UUID, UUID], Mark],
    read: Mapping[tuple[UUID, UUID], list[PaperEntry]],
    to_decide: int,
) -> ComponentProgress:
    states = dict.fromkeys(PartState, 0)
    for key in keys:
        states[found[key].state if key in found else PartState.MISSING] += 1
    readings = [state_of(read.get(key, [])) for key in keys if key not in found]
    return ComponentProgress(
        scheme=scheme,
        component=component,
        expected=len(keys),
        states=states,
        verified=sum(1 for key in keys if key in found and found[key].status is MarkStatus.VERIFIED),
        once=readings.count(EntryState.ONCE),
        different=readings.count(EntryState.DIFFERENT),
        to_decide=to_decide,
    )


async def held_rooms(session: AsyncSession, batch_id: UUID) -> list[RoomSession]:
    """The sessions of a batch whose marks wait until somebody closes their ledger."""
    held = set(await session.scalars(select(RoomHoldRow.room_session_id).where(RoomHoldRow.released_at.is_(None))))
    return [one for one in await sittings.room_sessions(session, batch_id=batch_id) if one.id in held] if held else []


async def hold_ids(session: AsyncSession) -> set[UUID]:
    """The sessions whose marks wait or waited for somebody to close their ledger."""
    return set(await session.scalars(select(RoomHoldRow.room_session_id)))


async def held_sittings(session: AsyncSession, rooms: Iterable[RoomSession]) -> set[UUID]:
    """The sittings of these sessions."""
    return {one.id for room in rooms for one in await sittings.sittings(session, room_session_id=room.id)}


async def needs(session: AsyncSession, actor: Actor, now: datetime) -> list[Need]:
    """What marking wants from this person."""
    return [
        *await _needs_of_assessor(session, actor, now),
        *await _needs_of_officers(session, actor),
    ]


async def _needs_of_assessor(session: AsyncSession, actor: Actor, now: datetime) -> list[Need]:
    if actor.account_id is None or not actor.may(Permission.SHEET_SCORE):
        return []
    found = await stations(session, actor, now)
    open_count = sum(
        1 for station in found if station.duty is Duty.ASSESSOR for one in station.candidates if one.todo
    )  # fmt: skip
    needs = []
    if open_count:
        needs.append(Need(text=N_("%(n)s 名考生待评分"), href="/scoring/marking/stations", count=open_count))
    seconds = [
        one
        for one in await sheets(session, room_session_ids=[station.room.id for station in found])
        if one.status is SheetStatus.COUNTERSIGN and one.version == 1 and one.assessor_id != actor.account_id
    ]
    if seconds:
        needs.append(
            Need(
                text=N_("%(n)s 份评分表的否决项待第二人会签"),
                href="/scoring/marking/decisions",
                count=len(seconds),
                tone="warning",
            )
        )
    contested = await _contested(session, actor.account_id)
    if contested:
        text = N_("%(n)s 份评分表有两个不同的签名，暂不计分，待您更正")
        href = f"/scoring/marking/sheets/{contested[0]}"
        needs.append(Need(text=text, href=href, count=len(contested), tone="warning"))
    lead = [station.room.id for station in found if station.duty is Duty.LEAD_ASSESSOR]
    waiting = len(await disagreements(session, room_session_ids=lead)) if lead else 0
    if waiting:
        needs.append(
            Need(
                text=N_("%(n)s 份评分相差超过容差，待组长裁定"),
                href="/scoring/marking/decisions",
                count=waiting,
                tone="warning",
            )
        )
    return needs


async def _contested(session: AsyncSession, assessor_id: UUID) -> list[UUID]:
    """The assessor's own sheets that do not count and that no later version puts right."""
    query = select(ContestedSheetRow.sheet_id).join(ScoreSheetRow, ScoreSheetRow.id == ContestedSheetRow.sheet_id)
    later = aliased(ScoreSheetRow)
    newer = exists().where(
        later.sitting_id == ScoreSheetRow.sitting_id, later.assessor_id == assessor_id,
        later.version > ScoreSheetRow.version,
    )  # fmt: skip
    query = query.where(ScoreSheetRow.assessor_id == assessor_id, ~newer)
    return list(await session.scalars(query.order_by(ContestedSheetRow.contested_at, ContestedSheetRow.sheet_id)))


async def _needs_of_officers(session: AsyncSession, actor: Actor) -> list[Need]:
    if not (actor.may(Permission.MARK_ENTER) or actor.may(Permission.MARK_VERIFY)):
        return []
    found = []
    for batch in await registration.batches(session, MARKED_BATCHES):
        own = {part.id for scheme in await catalogue.schemes(session, batch.scheme_ids) if in_scope(actor, scheme)
               for part in scheme.components}  # fmt: skip
        facts, href = {"batch": Name(batch.name_zh, batch.name_en)}, f"/scoring/marking/batches/{batch.id}"
        if actor.may(Permission.MARK_ENTER):
            different = await _different(session, batch.id, own)
            unread = await _unread(session, batch.id, own)
            if different:
                found.append(
                    Need(
                        text=N_("%(batch)s：%(n)s 份试卷两次登分不一致"),
                        href=href,
                        count=different,
                        facts=facts,
                        tone="warning",
                    )
                )
            if unread:
                found.append(Need(text=N_("%(batch)s：%(n)s 份纸笔成绩待登分"), href=href, count=unread, facts=facts))
        if actor.may(Permission.MARK_VERIFY):
            waiting = await _unverified(session, batch.id, own)
            if waiting:
                found.append(Need(text=N_("%(batch)s：%(n)s 个科目成绩待复核"), href=href, count=waiting, facts=facts))
    return found


async def _different(session: AsyncSession, batch_id: UUID, component_ids: set[UUID]) -> int:
    """Papers that two people have read differently and no third yet."""
    groups = (
        select(PaperEntryRow.registration_id)
        .where(PaperEntryRow.batch_id == batch_id, PaperEntryRow.component_id.in_(component_ids))
        .group_by(PaperEntryRow.registration_id, PaperEntryRow.component_id)
        .having(func.count() == 2, func.min(PaperEntryRow.value) != func.max(PaperEntryRow.value))
    )
    return int(await session.scalar(select(func.count()).select_from(groups.subquery())) or 0)


async def _unread(session: AsyncSession, batch_id: UUID, component_ids: set[UUID]) -> int:
    """Handed-in papers without a mark."""
    query = select(MarkRow.registration_id, MarkRow.component_id).where(
        MarkRow.batch_id == batch_id, MarkRow.component_id.in_(component_ids), MarkRow.live
    )
    marked = {(row.registration_id, row.component_id) for row in await session.execute(query)}
    paper = {id for id in component_ids if (await component(session, id))[1].form is Form.PAPER}
    if not paper:
        return 0
    handed_in = (SittingStatus.SUBMITTED, SittingStatus.AUTO_SUBMITTED, SittingStatus.STOPPED)
    return sum(
        1
        for one in await sittings.sittings(session, batch_id=batch_id)
        if one.component_id in paper and one.status in handed_in
        and (one.registration_id, one.component_id) not in marked
    )  # fmt: skip


async def _unverified(session: AsyncSession, batch_id: UUID, component_ids: set[UUID]) -> int:
    query = select(func.count()).select_from(MarkRow).where(
        MarkRow.batch_id == batch_id, MarkRow.component_id.in_(component_ids), MarkRow.live,
        MarkRow.status == MarkStatus.ENTERED.value,
    )  # fmt: skip
    return int(await session.scalar(query) or 0)


def in_scope(actor: Actor, scheme: Scheme) -> bool:
    """Whether the scheme's organisation is one the actor enters or verifies marks for."""
    return any(
        actor.within(permission, organisation_id=scheme.organisation_id)
        for permission in (Permission.MARK_ENTER, Permission.MARK_VERIFY)
    )


def sheet_record(row: ScoreSheetRow) -> ScoreSheet:
    """A row as the record other modules read."""
    return ScoreSheet(
        id=row.id, batch_id=row.batch_id, room_session_id=row.room_session_id, sitting_id=row.sitting_id,
        registration_id=row.registration_id, component_id=row.component_id, assessor_id=row.assessor_id,
        version=row.version, revision=row.revision, status=SheetStatus(row.status), answers=dict(row.answers),
        overtime_minutes=row.overtime_minutes, note=row.note, total=row.total, scored=row.scored,
        opened_at=row.opened_at, saved_at=row.saved_at, signed_at=row.signed_at, signed_sha256=row.signed_sha256,
        corrects_id=row.corrects_id, reason=row.reason, countersigned_by=row.countersigned_by,
        countersigned_at=row.countersigned_at, evidence=dict(row.evidence), second_needed=row.second_needed,
        declined_by=row.declined_by, declined_at=row.declined_at, decline_reason=row.decline_reason,
    )  # fmt: skip


def _mark(row: Any) -> Mark:
    return Mark(
        id=row.id, batch_id=row.batch_id, registration_id=row.registration_id, component_id=row.component_id,
        sitting_id=row.sitting_id, state=PartState(row.state), value=row.value, source=MarkSource(row.source),
        status=MarkStatus(row.status), version=row.version, entered_by=tuple(row.entered_by),
        entered_at=row.entered_at, verified_by=row.verified_by, verified_at=row.verified_at,
        detail=row._mapping.get("detail", {}),
    )  # fmt: skip
