"""Marking of computer components by key, in one go for a batch (X01). Idempotent: what is marked stays marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.catalogue.rules import Form, plain
from exam.delivery import queries as delivery
from exam.delivery.queries import Response
from exam.kernel.errors import Forbidden
from exam.papers import queries as papers
from exam.papers.rules import PaperKeys
from exam.sittings.rules import SittingStatus
from scoring.marking import queries
from scoring.marking.actions.marks import NewMark, write_marks
from scoring.marking.rules import MarkSource, PaperMark, PartState, mark_paper

HANDED_IN = (SittingStatus.SUBMITTED, SittingStatus.AUTO_SUBMITTED, SittingStatus.STOPPED)


@dataclass(frozen=True, kw_only=True)
class Marked:
    """What a run of the machine came to."""

    count: int  # sittings marked now
    waiting: int  # not handed in yet


async def mark_computer(session: AsyncSession, actor: Actor, *, batch_id: UUID, now: datetime) -> Marked:
    """Mark every handed-in computer sitting of a batch that has no mark yet."""
    if not any(actor.may(one) for one in (Permission.MARK_ENTER, Permission.MARK_VERIFY, Permission.OUTCOME_PUBLISH)):
        raise Forbidden
    found = {(one.registration_id, one.component_id) for one in await queries.marks(session, batch_id=batch_id)}
    parts = [
        part
        for part in await queries.expected(session, batch_id)
        if part.component.form is Form.COMPUTER
        and part.sitting is not None
        and (part.registration.id, part.component.id) not in found
        and part.sitting.status is not SittingStatus.ABSENT
    ]
    ready = [part for part in parts if part.sitting is not None and part.sitting.status in HANDED_IN]
    new = await _marks(session, ready)
    await write_marks(session, actor, batch_id=batch_id, new=new, now=now)
    return Marked(count=len(new), waiting=len(parts) - len(ready))


async def _marks(session: AsyncSession, parts: Sequence[queries.Expected]) -> list[NewMark]:
    ids = [part.sitting.id for part in parts if part.sitting is not None]
    responses = {one.sitting_id: one for one in await delivery.responses(session, ids)}
    keys = await papers.keys(session, {one.paper_id for one in responses.values()})
    return [
        _mark(part, part.sitting.id, responses.get(part.sitting.id), keys) for part in parts if part.sitting is not None
    ]


def _mark(
    part: queries.Expected, sitting_id: UUID, response: Response | None, keys: Mapping[UUID, PaperKeys]
) -> NewMark:
    """A sitting that was handed in without ever being started has no answers: it earns 0, which is a mark."""
    value, detail = Decimal(0), {"answered": 0, "items": {}}
    if response is not None:
        paper = keys[response.paper_id]
        marked = mark_paper(paper.items, response.answers)
        value, detail = marked.total, _detail(paper, marked, response)
    return NewMark(
        registration_id=part.registration.id,
        component_id=part.component.id,
        sitting_id=sitting_id,
        state=PartState.SCORED,
        value=value,
        source=MarkSource.COMPUTER,
        detail=detail,
    )


def _detail(keys: PaperKeys, marked: PaperMark, response: Response) -> dict[str, Any]:
    return {
        "paper_id": str(keys.paper_id),
        "keys_sha256": keys.keys_sha256,
        "answers_sha256": response.answers_sha256,
        "answered": marked.answered_count,
        "items": {str(item_id): plain(value) for item_id, value in marked.items.items()},
    }
