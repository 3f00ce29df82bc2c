"""Writing marks: one live version per part, a change is a new version; the verifier is a second person (domain 2, 3.6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.kernel import audit
from exam.kernel.clock import CHINA
from exam.kernel.db import chunks, insert_many
from exam.kernel.errors import N_, Conflict
from exam.kernel.ids import new_id
from exam.registration import queries as registration
from exam.sittings import queries as sittings
from exam.sittings.rules import RoomSession, SittingStatus
from scoring.marking import queries
from scoring.marking.models import MarkRow
from scoring.marking.rules import Mark, MarkSource, MarkStatus, PartState

OF_SHEETS = (MarkSource.SHEETS, MarkSource.LEAD)


class NothingToVerify(Conflict):
    message = N_("没有待复核的成绩。")
    way_out = N_("请等登分完成后再复核；缺少的成绩见进度表。")


class OwnEntry(Conflict):
    message = N_("其中 %(count)s 个成绩由您本人录入，不能由您复核。")
    way_out = N_("请由另一名成绩复核员办理。")


class RoomsOpen(Conflict):
    """More may come from the tablets of a session until somebody closes its ledger."""

    message = N_("%(count)s 个场次的平板记录还没有对平关闭，这些场次的成绩不能复核，例如 %(room)s（%(at)s）。")
    way_out = N_("请主考或考务管理员在“评分对账”中关闭该场次；有缺口时由考务管理员写明理由。")


@dataclass(frozen=True, kw_only=True)
class NewMark:
    """A mark to be written; ``reason`` is needed only where it replaces another."""

    registration_id: UUID
    component_id: UUID
    sitting_id: UUID | None
    state: PartState
    value: Decimal | None
    source: MarkSource
    entered_by: Sequence[UUID] = ()
    reason: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, kw_only=True)
class Verified:
    """What one verification covered."""

    count: int
    own: int  # left for somebody else
    held: int = 0  # left until their sessions are closed


async def write_marks(
    session: AsyncSession, actor: Actor, *, batch_id: UUID, new: Sequence[NewMark], now: datetime
) -> list[UUID]:
    """Write marks that differ from the live ones, each as the next version; return the ids written."""
    live = await _live(
        session, {one.registration_id for one in new}, detail=any(one.source in OF_SHEETS for one in new)
    )
    changed = [one for one in new if _differs(live.get((one.registration_id, one.component_id)), one)]
    if not changed:
        return []
    replaced = [mark for one in changed if (mark := live.get((one.registration_id, one.component_id)))]
    for part in chunks([mark.id for mark in replaced], 1000):
        await session.execute(update(MarkRow).where(MarkRow.id.in_(part)).values(live=False))
    last = await _last_versions(session, {one.registration_id for one in changed})
    rows = [_row(batch_id, one, last.get((one.registration_id, one.component_id), 0), now) for one in changed]
    for part_rows in chunks(rows, 1000):
        await insert_many(session, MarkRow, part_rows)
    ids = [row["id"] for row in rows]
    await audit.record(
        session, actor, "marking.write_marks", subject="mark", ids=ids, stream=f"batch:{batch_id}", now=now,
        data={"count": len(ids), "replaced": len(replaced), "sources": sorted({one.source.value for one in changed}),
              "reasons": sorted({one.reason for one in changed if one.reason})},
    )  # fmt: skip
    return ids


async def retire_sheet_mark(
    session: AsyncSession, actor: Actor, *, registration_id: UUID, component_id: UUID, now: datetime
) -> None:
    """Take back the mark of a part whose sheets no longer agree, because one of them was corrected: nothing stands until they
    agree again or the lead has decided. The version stays on record."""
    live = await _live(session, [registration_id])
    mark = live.get((registration_id, component_id))
    if mark is None or mark.source not in OF_SHEETS:
        return
    await session.execute(update(MarkRow).where(MarkRow.id == mark.id).values(live=False))
    await audit.record(
        session, actor, "marking.retire_sheet_mark", subject="mark", ids=[mark.id], stream=f"batch:{mark.batch_id}",
        now=now, data={"version": mark.version},
    )  # fmt: skip


async def collect(session: AsyncSession, actor: Actor, *, batch_id: UUID, now: datetime) -> int:
    """Enter what is known without marking: exempt (D12), retained, absent, and void by final decisions (3.12).

    Idempotent. A final void replaces a mark; attendance never replaces one. Returns the number written.
    """
    if not (actor.may(Permission.MARK_VERIFY) or actor.may(Permission.OUTCOME_PUBLISH)):
        actor.require(Permission.MARK_VERIFY)
    void = await sittings.void_parts(session, batch_id)
    voided = {(one.registration_id, one.component_id) for one in void}
    found = {(one.registration_id, one.component_id): one for one in await queries.marks(session, batch_id=batch_id)}
    parts = await queries.expected(session, batch_id)
    await _retire_attendance(session, actor, batch_id, [found.pop(key) for key in _stale(parts, found)], now)
    new = []
    for part in parts:
        key = (part.registration.id, part.component.id)
        if key in voided or (part.registration.id, None) in voided:
            made = _known(part, PartState.VOID, None, MarkSource.INCIDENT)
            new.append(made if key not in found else _because(made, "final incident decision"))
        elif key not in found:
            known = _without_marking(part)
            if known is not None:
                new.append(known)
    return len(await write_marks(session, actor, batch_id=batch_id, new=new, now=now))


async def verify_marks(
    session: AsyncSession, actor: Actor, *, batch_id: UUID, now: datetime, component_id: UUID | None = None
) -> Verified:
    """Verify the entered marks of a batch (or one component) that are not of the actor's own entry.

    Marks of sessions whose tablets' ledger is not closed are left. Raises RoomsOpen when there are no others, OwnEntry when
    all that wait are the actor's own, NothingToVerify when none wait.
    """
    allowed = await _own_components(session, actor, batch_id, Permission.MARK_VERIFY)
    waiting = [
        mark
        for mark in await queries.marks(session, batch_id=batch_id, component_id=component_id)
        if mark.status is MarkStatus.ENTERED and mark.component_id in allowed
    ]
    if not waiting:
        raise NothingToVerify()
    rooms = await queries.held_rooms(session, batch_id)
    held = await queries.held_sittings(session, rooms)
    free = [mark for mark in waiting if mark.sitting_id not in held]
    if not free:
        require_closed(rooms)
    others = [mark for mark in free if actor.account_id is None or actor.account_id not in mark.entered_by]
    if not others:
        raise OwnEntry(count=len(free))
    ids = [mark.id for mark in others]
    for part in chunks(ids, 1000):
        await session.execute(
            update(MarkRow)
            .where(MarkRow.id.in_(part))
            .values(status=MarkStatus.VERIFIED.value, verified_by=actor.account_id, verified_at=now)
        )
    await audit.record(
        session, actor, "marking.verify_marks", subject="mark", ids=ids, stream=f"batch:{batch_id}", now=now,
        data={"count": len(ids), "component_id": str(component_id or "")},
    )  # fmt: skip
    return Verified(count=len(ids), own=len(free) - len(others), held=len(waiting) - len(free))


def require_closed(rooms: Sequence[RoomSession]) -> None:
    """Refuse to go on while sessions wait for their tablets; of none there is nothing to wait for."""
    if rooms:
        first = rooms[0]
        at = f"{first.starts_at.astimezone(CHINA):%Y-%m-%d %H:%M}"
        raise RoomsOpen(count=len(rooms), room=f"{first.site_name} {first.room_name}", at=at)


async def _own_components(session: AsyncSession, actor: Actor, batch_id: UUID, permission: Permission) -> set[UUID]:
    """Components of the batch whose organisation is in the actor's scope; Forbidden when there are none."""
    batch = await registration.batch(session, batch_id)
    schemes = await catalogue.schemes(session, batch.scheme_ids)
    allowed = [one for one in schemes if actor.within(permission, organisation_id=one.organisation_id)]
    if not allowed:
        actor.require(permission, organisation_id=None)
    return {component.id for scheme in allowed for component in scheme.components}


def _without_marking(part: queries.Expected) -> NewMark | None:
    """The mark of a part that nobody has to mark; None where somebody has to."""
    component_id = part.component.id
    if component_id in part.registration.exempt:
        return _known(part, PartState.EXEMPT, None, MarkSource.EXEMPTION)
    if component_id in part.registration.retained:
        return _known(part, PartState.RETAINED, part.registration.retained[component_id], MarkSource.RETENTION)
    if part.sitting is not None and part.sitting.status is SittingStatus.ABSENT:
        return _known(part, PartState.ABSENT, None, MarkSource.ATTENDANCE)
    if part.sitting is not None and part.sitting.status is SittingStatus.VOIDED:
        return _known(part, PartState.VOID, None, MarkSource.INCIDENT)
    return None


def _stale(parts: Iterable[queries.Expected], found: Mapping[tuple[UUID, UUID], Mark]) -> list[tuple[UUID, UUID]]:
    """Absences that attendance has taken back since."""
    return [
        key
        for part in parts
        if (mark := found.get(key := (part.registration.id, part.component.id))) is not None
        and mark.source is MarkSource.ATTENDANCE
        and part.sitting is not None
        and part.sitting.status is not SittingStatus.ABSENT
    ]


async def _retire_attendance(
    session: AsyncSession, actor: Actor, batch_id: UUID, stale: Sequence[Mark], now: datetime
) -> None:
    if not stale:
        return
    ids = [mark.id for mark in stale]
    await session.execute(update(MarkRow).where(MarkRow.id.in_(ids)).values(live=False))
    await audit.record(
        session, actor, "marking.retire_absence", subject="mark", ids=ids, stream=f"batch:{batch_id}", now=now,
        data={"count": len(ids)},
    )  # fmt: skip


def _known(part: queries.Expected, state: PartState, value: Decimal | None, source: MarkSource) -> NewMark:
    return NewMark(
        registration_id=part.registration.id, component_id=part.component.id, state=state, value=value, source=source,
        sitting_id=None if part.sitting is None else part.sitting.id,
    )  # fmt: skip


def _because(mark: NewMark, reason: str) -> NewMark:
    return NewMark(**{**mark.__dict__, "reason": reason})


async def _live(
    session: AsyncSession, registration_ids: Iterable[UUID], *, detail: bool = False
) -> dict[tuple[UUID, UUID], Mark]:
    """The live marks of these registrations, held against others who write them."""
    ids = sorted(registration_ids)
    for part in chunks(ids, 1000):
        held = select(MarkRow.id).where(MarkRow.registration_id.in_(part), MarkRow.live).order_by(MarkRow.id)
        await session.execute(held.with_for_update())
    found = await queries.marks(session, registration_ids=ids, detail=detail)
    return {(one.registration_id, one.component_id): one for one in found}


async def _last_versions(session: AsyncSession, registration_ids: Iterable[UUID]) -> dict[tuple[UUID, UUID], int]:
    """The last version per part, live or not: a mark that was retired is followed by the next number."""
    found: dict[tuple[UUID, UUID], int] = {}
    for part in chunks(sorted(registration_ids), 1000):
        query = (
            select(MarkRow.registration_id, MarkRow.component_id, func.max(MarkRow.version))
            .where(MarkRow.registration_id.in_(part))
            .group_by(MarkRow.registration_id, MarkRow.component_id)
        )
        found |= {(one, component): version for one, component, version in await session.execute(query)}
    return found


def _differs(old: Mark | None, new: NewMark) -> bool:
    """Whether the new mark is to be written; a final void is replaced only by another decision or a correction, and
    what a review corrected by no sheet that comes later."""
    if old is None:
        return True
    if old.source is MarkSource.INCIDENT and new.source not in (MarkSource.INCIDENT, MarkSource.CORRECTION):
        return False
    if old.source is MarkSource.CORRECTION and new.source in OF_SHEETS:
        return False
    if new.source in OF_SHEETS and old.detail.get("sheets") != new.detail.get("sheets"):
        return True  # the same value of other sheets is another mark: other people are in it
    return (old.state, old.value, old.source) != (new.state, new.value, new.source)


def _row(batch_id: UUID, new: NewMark, last: int, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "batch_id": batch_id,
        "registration_id": new.registration_id,
        "component_id": new.component_id,
        "sitting_id": new.sitting_id,
        "state": new.state.value,
        "value": new.value,
        "source": new.source.value,
        "status": MarkStatus.ENTERED.value,
        "version": last + 1,
        "live": True,
        "entered_by": sorted(set(new.entered_by)),
        "entered_at": now,
        "verified_by": None,
        "verified_at": None,
        "reason": new.reason,
        "detail": dict(new.detail),
    }
