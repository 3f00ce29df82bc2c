"""Entering paper marks: two people type what stands on the paper, the system compares, a third decides (3.6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.catalogue.rules import Form
from exam.kernel import audit
from exam.kernel.db import insert_many
from exam.kernel.errors import N_, Conflict, Forbidden, Invalid, Problem
from exam.kernel.ids import new_id
from exam.sittings.rules import SittingStatus
from scoring.marking import queries
from scoring.marking.actions.marks import NewMark, write_marks
from scoring.marking.models import PaperEntryRow
from scoring.marking.rules import (
    EntryState,
    MarkOutOfRange,
    MarkSource,
    PaperEntry,
    PartState,
    agreed_value,
    next_round,
    require_mark,
    state_of,
)

HANDED_IN = (SittingStatus.SUBMITTED, SittingStatus.AUTO_SUBMITTED, SittingStatus.STOPPED)


class NotOnPaper(Conflict):
    message = N_("“%(component)s”不是纸笔科目，不能登分。")


class NoPaper(Invalid):
    message = N_("有 %(count)s 名考生没有交卷记录，没有保存任何登分。")
    way_out = N_("请核对考场情况记录；缺考考生不登分。")


@dataclass(frozen=True, kw_only=True)
class Entered:
    """What one round of typing came to."""

    count: int
    agreed: int  # now fixed, by two alike or by the third
    different: int  # a second reading that differs from the first
    waiting: int  # first readings


async def enter_paper_marks(
    session: AsyncSession,
    actor: Actor,
    *,
    batch_id: UUID,
    component_id: UUID,
    entries: Mapping[UUID, Decimal],
    now: datetime,
) -> Entered:
    """Type marks of one paper component by registration. All or nothing; nobody reads the same paper twice.

    Raises SamePerson, AlreadyAgreed, NotOnPaper; Invalid with one problem per wrong value.
    """
    scheme, component = await queries.component(session, component_id)
    actor.require(Permission.MARK_ENTER, organisation_id=scheme.organisation_id)
    if actor.account_id is None:
        raise Forbidden  # a reading has a reader
    if component.form is not Form.PAPER:
        raise NotOnPaper(component=component.name_zh)
    _check_values(entries, component.full_marks)
    places = await _places(session, batch_id, component_id, entries)
    read = await queries.paper_entries(session, component_id=component_id, registration_ids=entries)
    new = [
        PaperEntry(
            registration_id=registration_id, component_id=component_id, value=value, entered_by=actor.account_id,
            round=next_round(read.get((registration_id, component_id), []), actor.account_id), entered_at=now,
        )
        for registration_id, value in entries.items()
    ]  # fmt: skip
    ids = {entry.registration_id: new_id() for entry in new}
    await insert_many(session, PaperEntryRow, [
        {**entry.__dict__, "id": ids[entry.registration_id], "batch_id": batch_id} for entry in new
    ])  # fmt: skip
    await audit.record(
        session, actor, "marking.enter_paper_marks", subject="paper_entry", ids=ids.values(),
        stream=f"batch:{batch_id}", now=now, data={"component_id": str(component_id), "count": len(new)},
    )  # fmt: skip
    whole = {entry.registration_id: [*read.get((entry.registration_id, component_id), []), entry] for entry in new}
    fixed = [_mark(group, places[registration_id]) for registration_id, group in whole.items()
             if agreed_value(group) is not None]  # fmt: skip
    await write_marks(session, actor, batch_id=batch_id, new=fixed, now=now)
    states = [state_of(group) for group in whole.values()]
    return Entered(
        count=len(new), agreed=len(fixed), different=states.count(EntryState.DIFFERENT),
        waiting=states.count(EntryState.ONCE),
    )  # fmt: skip


def _check_values(entries: Mapping[UUID, Decimal], full_marks: Decimal) -> None:
    problems = []
    for registration_id, value in entries.items():
        try:
            require_mark(value, full_marks)
        except MarkOutOfRange as refusal:
            problems.append(
                Problem(
                    message=refusal.message,
                    facts=refusal.facts,
                    way_out=refusal.way_out,
                    field=f"mark-{registration_id}",
                    code=refusal.code,
                )
            )
    if problems or not entries:
        raise Invalid(problems=problems)


async def _places(
    session: AsyncSession, batch_id: UUID, component_id: UUID, entries: Mapping[UUID, Decimal]
) -> dict[UUID, UUID]:
    """The sitting of each registration; NoPaper when somebody handed in nothing."""
    places = {
        part.registration.id: part.sitting.id
        for part in await queries.expected(session, batch_id, component_id=component_id)
        if part.sitting is not None and part.sitting.status in HANDED_IN
    }
    without = [registration_id for registration_id in entries if registration_id not in places]
    if without:
        raise NoPaper(count=len(without))
    return places


def _mark(group: list[PaperEntry], sitting_id: UUID) -> NewMark:
    third = state_of(group) is EntryState.DECIDED
    return NewMark(
        registration_id=group[0].registration_id,
        component_id=group[0].component_id,
        sitting_id=sitting_id,
        state=PartState.SCORED,
        value=agreed_value(group),
        source=MarkSource.THIRD_ENTRY if third else MarkSource.DOUBLE_ENTRY,
        entered_by=[entry.entered_by for entry in group],
        detail={"entries": [{"round": entry.round, "value": str(entry.value)} for entry in group]},
    )
