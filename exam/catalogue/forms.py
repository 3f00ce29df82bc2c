"""What the catalogue's pages send."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

_FIELD = re.compile(r"[a-z0-9_.]{1,60}")
_STEP = re.compile(r"[a-z0-9:_-]{1,60}")


class ApprovalForm(msgspec.Struct, kw_only=True):
    """Beside the definition's file: the approval of a fee above its cap (D03), where the file names none."""

    approval_number: str = ""
    approval_reason: str = ""


class TitleForm(msgspec.Struct, kw_only=True):
    """A cancelled vocational qualification (A04)."""

    name: str
    cancelled_on: date
    source: str


class ReturnForm(msgspec.Struct, kw_only=True):
    """Why a draft goes back; nothing where an author takes it back."""

    reason: str = ""


class RevisionForm(msgspec.Struct, kw_only=True):
    """Which state of the draft was read before it was approved."""

    revision: int


class SheetFields(msgspec.Struct, kw_only=True, frozen=True):
    """What the sheet editor sends: its fields by place, the revision they were made on, the button's step."""

    fields: Mapping[str, str]
    revision: int
    step: str  # "" where it was only saved
    anchor: str  # where the page goes on


def sheet_fields(sent: Mapping[str, Any]) -> SheetFields:
    """Read the editor's form; names of other shapes are left out."""
    fields = {name: value for name, value in sent.items() if isinstance(value, str) and _FIELD.fullmatch(name)}
    revision, asked = fields.pop("revision", ""), fields.pop("do", "")
    numbers = asked.split(":")[1:3] if asked.startswith(("row-", "level-")) else asked.split(":")[1:2]
    anchor = ".".join(letter + number for letter, number in zip("sr", numbers, strict=False) if number.isdigit())
    return SheetFields(
        fields=fields, revision=int(revision) if revision.isascii() and revision.isdigit() else -1,
        step=asked if _STEP.fullmatch(asked) and asked != "save" else "", anchor=anchor,
    )  # fmt: skip
