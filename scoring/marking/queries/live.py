"""What the lead assessor reads while candidates are still there (agreement, tendencies, pairs that differ), and the summary of a
room with spread and path (document 7 of domain section 7).

Of a candidate nothing is shown before every awaited sheet is signed; nothing at all to a lead who has still to sign an own one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts import queries as accounts
from exam.accounts.rules import Actor
from exam.catalogue.rules import Component, Row, Scheme
from exam.sittings import queries as sittings
from exam.sittings.rules import PRESENT, Duty, RoomSession, Sitting, SittingStatus
from scoring.marking.queries import reading
from scoring.marking.queries.reading import ScoreSheet
from scoring.marking.rules import Mark, MarkPath, Path, SheetStatus, agree, path_of
from scoring.marking.rules.agreement_statistics import Case, Reading, Tendency, agreement, tendencies, within

AT_THE_STATION = frozenset({SittingStatus.STARTED, SittingStatus.INTERRUPTED, SittingStatus.CHECKED_IN})


@dataclass(frozen=True, kw_only=True)
class Apart:
    """A pair beyond the tolerance, and what to do now."""

    sitting: Sitting
    sheets: tuple[ScoreSheet, ...]
    spread: Decimal
    path: Path  # THIRD: a third assessor is awaited; LEAD: the lead decides; else settled
    decided: bool
    here: bool  # the candidate still stands at the station: what was measured can be measured again

    @property
    def open(self) -> bool:
        """Whether somebody has to do something."""
        return not self.decided and self.path in (Path.THIRD, Path.LEAD)


@dataclass(frozen=True, kw_only=True)
class Live:
    """One room while it is being assessed."""

    room: RoomSession
    component: Component
    tolerance: Decimal
    present: int  # candidates who are assessed here
    cases: int  # of them with all awaited sheets
    hidden: int  # with some, but not all: nothing of them is shown
    agreement: Decimal | None  # share of pairs within the tolerance
    tendencies: tuple[Tendency, ...]
    names: Mapping[UUID, str]
    apart: tuple[Apart, ...]  # what waits first, then the largest spread


@dataclass(frozen=True, kw_only=True)
class SecondSignature:
    """A sheet with a veto item that waits for a second person: only what happened, no marks."""

    sheet: ScoreSheet
    sitting: Sitting
    rows: tuple[Row, ...]
    evidence: Mapping[str, str]
    assessor: str
    declined_by: str


@dataclass(frozen=True, kw_only=True)
class SummaryLine:
    """One candidate of a room in the summary: the signed totals, the spread, the path, the mark."""

    sitting: Sitting
    sheets: tuple[ScoreSheet, ...]
    mark: Mark | None
    path: MarkPath | None

    @property
    def spread(self) -> Decimal | None:
        totals = [one.total for one in self.sheets if one.total is not None]
        return max(totals) - min(totals) if len(totals) > 1 else None


@dataclass(frozen=True, kw_only=True)
class PathLine:
    """One mark with the path to it."""

    sitting: Sitting
    room: RoomSession
    mark: Mark
    path: MarkPath


async def rooms_led(session: AsyncSession, actor: Actor, now: datetime) -> list[RoomSession]:
    """The room sessions of these days in which the actor is lead assessor."""
    return [one.room for one in await reading.stations(session, actor, now) if one.duty is Duty.LEAD_ASSESSOR]


async def live(session: AsyncSession, actor: Actor, room_session_id: UUID) -> Live:
    """A room as its lead sees it; NotFound for a room that is not assessed."""
    room = await sittings.room_session(session, room_session_id)
    _, part = await reading.component(session, room.component_id)
    definition = await reading.sheet_definition(session, room.component_id)
    rule = await reading.agreement_in(session, room.id, room.component_id)
    people = {one.id: one for one in await sittings.sittings(session, room_session_id=room.id)}
    signed = await reading.signed_sheets(session, people)
    own = await _own_open(session, actor, room.id, people, signed)
    shown = {id: group for id, group in signed.items() if id not in own and len(group) >= max(2, rule.assessors_count)}
    cases = {id: _case(people[id], group) for id, group in shown.items()}
    decided = {one.sitting_id for one in await _lead_marks(session, room, shown)}
    apart = []
    for id, case in cases.items():
        if not within(case, definition.agreement.tolerance):
            totals = [one.total for one in shown[id] if one.total is not None]
            apart.append(
                Apart(
                    sitting=people[id], sheets=tuple(shown[id]), spread=case.spread, path=agree(rule, totals).path,
                    decided=id in decided, here=people[id].status in AT_THE_STATION,
                )
            )  # fmt: skip
    found = tendencies(cases.values())
    return Live(
        room=room, component=part, tolerance=definition.agreement.tolerance, cases=len(cases),
        present=sum(one.status in PRESENT and one.status is not SittingStatus.VOIDED for one in people.values()),
        hidden=sum(1 for id, group in signed.items() if group and id not in shown),
        agreement=agreement(list(cases.values()), definition.agreement.tolerance), tendencies=tuple(found),
        names=await accounts.names(session, [one.assessor_id for one in found]),
        apart=tuple(sorted(apart, key=lambda one: (not one.open, not one.here, -one.spread, one.sitting.seat_no))),
    )  # fmt: skip


async def second_signatures(
    session: AsyncSession, actor: Actor, room_session_ids: Collection[UUID]
) -> list[SecondSignature]:
    """Sheets of others in these rooms whose veto item waits for a second person, the oldest first."""
    waiting = [
        one
        for one in await reading.sheets(session, room_session_ids=room_session_ids)
        if one.status is SheetStatus.COUNTERSIGN and one.version == 1 and one.assessor_id != actor.account_id
    ]
    places = {one.id: one for one in await sittings.sittings(session, ids={one.sitting_id for one in waiting})}
    people = [id for one in waiting for id in (one.assessor_id, one.declined_by) if id is not None]
    names = await accounts.names(session, people)
    found = []
    for one in sorted(waiting, key=lambda one: (one.signed_at or one.saved_at, str(one.id))):
        definition = await reading.sheet_definition(session, one.component_id)
        happened = set(_vetoes(one))
        found.append(
            SecondSignature(
                sheet=one, sitting=places[one.sitting_id],
                rows=tuple(row for row in definition.rows if row.code in happened),
                evidence={code: str(kept.get("text", "")) for code, kept in one.evidence.items()},
                assessor=names.get(one.assessor_id, ""),
                declined_by=names.get(one.declined_by, "") if one.declined_by else "",
            )
        )  # fmt: skip
    return found


async def summary(
    session: AsyncSession, room_session_id: UUID
) -> tuple[RoomSession, Scheme, Component, list[SummaryLine]]:
    """Everybody of a room with signed totals, spread, path and mark, by seat; nothing of sheets that still wait."""
    room = await sittings.room_session(session, room_session_id)
    scheme, part = await reading.component(session, room.component_id)
    people = await sittings.sittings(session, room_session_id=room.id)
    marks = {one.registration_id: one for one in await _marks(session, room, people)}
    signed = await reading.signed_sheets(session, [one.id for one in people])
    lines = []
    for one in sorted(people, key=lambda one: one.seat_no):
        mark = marks.get(one.registration_id)
        lines.append(
            SummaryLine(
                sitting=one,
                sheets=tuple(signed[one.id]) if mark else (),
                mark=mark,
                path=path_of(mark) if mark else None,
            )
        )
    return room, scheme, part, lines


async def component_paths(session: AsyncSession, batch_id: UUID, component_id: UUID) -> list[PathLine]:
    """Every practical mark of a component in a batch with the path to it, the largest spread first."""
    rooms = {one.id: one for one in await sittings.room_sessions(session, batch_id=batch_id)}
    places = {one.id: one for one in await sittings.sittings(session, batch_id=batch_id)}
    found = []
    for mark in await reading.marks(session, batch_id=batch_id, component_id=component_id, detail=True):
        path = path_of(mark)
        if path is not None and mark.sitting_id in places:
            sitting = places[mark.sitting_id]
            found.append(PathLine(sitting=sitting, room=rooms[sitting.room_session_id], mark=mark, path=path))
    return sorted(found, key=lambda one: (-one.path.spread, one.sitting.ticket_no))


async def _own_open(
    session: AsyncSession,
    actor: Actor,
    room_id: UUID,
    people: Mapping[UUID, Sitting],
    signed: Mapping[UUID, Sequence[ScoreSheet]],
) -> set[UUID]:
    """Sittings that the actor has still to assess: who is lead and assessor at once stays blind too."""
    duties = await reading.assessing(session, room_id)
    if not any(one.account_id == actor.account_id and one.duty is Duty.ASSESSOR for one in duties):
        return set()
    done = {id for id, group in signed.items() if any(one.assessor_id == actor.account_id for one in group)}
    return set(people) - done


async def _marks(session: AsyncSession, room: RoomSession, people: Collection[Sitting]) -> list[Mark]:
    return await reading.marks(
        session, registration_ids=[one.registration_id for one in people], component_id=room.component_id, detail=True
    )


async def _lead_marks(session: AsyncSession, room: RoomSession, shown: Mapping[UUID, Any]) -> list[Mark]:
    """The marks that stand for these sittings."""
    places = await sittings.sittings(session, ids=list(shown)) if shown else []
    return [one for one in await _marks(session, room, places) if one.value is not None] if places else []


def _case(sitting: Sitting, group: Sequence[ScoreSheet]) -> Case:
    return Case(
        seat_no=sitting.seat_no,
        readings=tuple(
            Reading(assessor_id=one.assessor_id, total=one.total, signed_at=one.signed_at)
            for one in group
            if one.total is not None and one.signed_at is not None
        ),
    )


def _vetoes(sheet: ScoreSheet) -> Sequence[str]:
    return list(sheet.scored["vetoes"]) if sheet.scored else []
