"""What the pages of marking send. Sheets and entry lists have as many fields as the data has rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

import msgspec

from exam.kernel.errors import N_, Invalid, Problem

ROW, MARK, EVIDENCE = "row-", "mark-", "evidence-"


class ReasonForm(msgspec.Struct, kw_only=True):
    """Why a signed sheet is corrected."""

    reason: str


class DecisionForm(msgspec.Struct, kw_only=True):
    """What the lead assessor decides, and why."""

    value: Decimal
    reason: str


class VerifyForm(msgspec.Struct, kw_only=True):
    """Which component is verified; all where none is named."""

    component_id: UUID | None = None


class SheetSent(msgspec.Struct, kw_only=True, frozen=True):
    """The entries of a sheet as they were sent: a row that was cleared is None."""

    answers: Mapping[str, str | None]
    overtime_minutes: int | None
    note: str
    evidence: Mapping[str, str]  # by veto row


def sheet_sent(sent: Mapping[str, Any]) -> SheetSent:
    """Read a sheet's form; Invalid names an overtime that is no whole number."""
    answers = {name.removeprefix(ROW): _text(value) or None for name, value in sent.items() if name.startswith(ROW)}
    overtime = _text(sent.get("overtime"))
    if overtime and not (overtime.isascii() and overtime.isdigit() and len(overtime) < 4):
        raise Invalid(problems=[Problem(field="overtime", message=N_("超时分钟数应是整数。"), code="malformed")])
    evidence = {name.removeprefix(EVIDENCE): _text(value) for name, value in sent.items() if name.startswith(EVIDENCE)}
    return SheetSent(
        answers=answers,
        overtime_minutes=int(overtime) if overtime else None,
        note=_text(sent.get("note")),
        evidence=evidence,
    )


def marks_sent(items: Iterable[tuple[str, Any]]) -> dict[UUID, Decimal]:
    """Read a list of paper marks by registration; blank ones are left out; Invalid names what is no number."""
    found: dict[UUID, Decimal] = {}
    problems = []
    for name, value in items:
        text = _text(value)
        if not name.startswith(MARK) or not text:
            continue
        try:
            number = Decimal(text)
            if not number.is_finite():
                raise InvalidOperation
            found[UUID(name.removeprefix(MARK))] = number
        except (InvalidOperation, ValueError):
            problems.append(
                Problem(field=name, message=N_("%(value)s 不是分数。"), facts={"value": text[:20]}, code="malformed")
            )
    if problems:
        raise Invalid(problems=problems)
    if not found:
        raise Invalid(problems=[Problem(field="marks", message=N_("没有填写任何分数。"), code="missing")])
    return found


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
