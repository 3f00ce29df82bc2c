"""What the pages of tablets send."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from exam.kernel.errors import N_, Invalid, Problem
from scoring.marking.forms import ROW, sheet_sent


class LabelForm(msgspec.Struct, kw_only=True):
    """A tablet that is to be enrolled."""

    site_id: UUID
    label: str


class HandoutForm(msgspec.Struct, kw_only=True):
    """Tablets given out for a session."""

    room_session_id: UUID
    tablet_id: list[UUID] = []


class ReturnForm(msgspec.Struct, kw_only=True):
    """A tablet that comes back from a session."""

    room_session_id: UUID
    unused_reason: str = ""


class ReasonForm(msgspec.Struct, kw_only=True):
    """Why, where a reason is recorded."""

    reason: str


class BadgeForm(msgspec.Struct, kw_only=True):
    """What is done to an assessor's badge, and why."""

    site_id: UUID
    reason: str = ""


class PinForm(msgspec.Struct, kw_only=True):
    """A PIN, typed twice."""

    pin: str
    again: str


class ClosingForm(msgspec.Struct, kw_only=True):
    """Closing a session: the digest of the ledger that was shown, and the reason where it does not balance."""

    seen: str
    reason: str = ""


class WordsForm(msgspec.Struct, kw_only=True):
    """What became of something, in words."""

    words: str = ""


class DecisionForm(msgspec.Struct, kw_only=True):
    """The second person's decision about a file."""

    take: bool
    reason: str = ""


class CheckForm(msgspec.Struct, kw_only=True):
    """The slip as the second person reads it."""

    slip: str = ""


class KeyingSent(msgspec.Struct, kw_only=True, frozen=True):
    """A paper sheet as it was typed."""

    sitting_id: UUID
    assessor_id: UUID
    answers: Mapping[str, Any]
    overtime_minutes: int | None
    note: str
    evidence: Mapping[str, str]
    slip: str
    reason: str
    correcting: bool = False
    correction: str = ""


def keying_sent(sent: Mapping[str, Any]) -> KeyingSent:
    """Read a keyed-in sheet; Invalid names what is missing or no number."""
    sheet = sheet_sent(sent)
    texts = {name: value.strip() for name, value in sent.items() if isinstance(value, str)}
    labels = {"slip": N_("请填写凭条校验码。"), "reason": N_("请写明为什么按纸质评分表补录。")}
    correcting = bool(texts.get("correcting"))
    if correcting:
        labels["correction"] = N_("请照纸上写明更正理由。")
    problems = [
        Problem(field=name, message=words, code="missing") for name, words in labels.items() if not texts.get(name)
    ]
    if problems:
        raise Invalid(problems=problems)
    try:
        sitting_id, assessor_id = UUID(texts.get("sitting", "")), UUID(texts.get("assessor", ""))
    except ValueError as error:
        unknown = N_("所选的项目不存在，请从列表重新选择。")
        raise Invalid(problems=[Problem(field="sitting", message=unknown, code="malformed")]) from error
    return KeyingSent(
        sitting_id=sitting_id, assessor_id=assessor_id, overtime_minutes=sheet.overtime_minutes, note=sheet.note,
        answers={code: value for code, value in sheet.answers.items() if value is not None},
        evidence={code: words for code, words in sheet.evidence.items() if words}, slip=texts["slip"],
        reason=texts["reason"], correcting=correcting, correction=texts.get("correction", ""),
    )  # fmt: skip


def typed(sent: Mapping[str, Any]) -> dict[str, str]:
    """What was typed, to be shown again: by row and by field."""
    return {name.removeprefix(ROW): value for name, value in sent.items() if isinstance(value, str)}
