"""What the pages of reviews send."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

import msgspec

from exam.kernel.errors import N_, Invalid, Problem
from scoring.reviews.rules import Finding, Ground

MARK = "mark-"


class RequestForm(msgspec.Struct, kw_only=True):
    outcome_id: UUID
    ground: Ground
    statement: str


class RefuseForm(msgspec.Struct, kw_only=True):
    reason: str


class RecheckForm(msgspec.Struct, kw_only=True):
    finding: Finding
    answer: str


def corrections_sent(items: Iterable[tuple[str, Any]]) -> dict[UUID, Decimal]:
    """The corrected marks by component; blank ones are left out."""
    found: dict[UUID, Decimal] = {}
    for name, value in items:
        text = value.strip() if isinstance(value, str) else ""
        if not name.startswith(MARK) or not text:
            continue
        try:
            number = Decimal(text)
            if not number.is_finite():
                raise InvalidOperation
            found[UUID(name.removeprefix(MARK))] = number
        except (InvalidOperation, ValueError) as error:
            raise Invalid(problems=[Problem(field=name, message=N_("%(value)s 不是分数。"), facts={"value": text[:20]},
                                            code="malformed")]) from error  # fmt: skip
    return found
