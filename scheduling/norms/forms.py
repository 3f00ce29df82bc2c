"""Form of the norms: one field for each number, as a person writes it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from exam.kernel.errors import N_, Invalid, Problem
from scheduling.norms.rules import DESCRIBED, Unit, read


class DecideForm(msgspec.Struct):
    """What goes with the numbers."""

    effective_on: date
    based_on: int
    reason: str = ""


def numbers(sent: Mapping[str, Any], codes: tuple[str, ...]) -> dict[str, int]:
    """The numbers that were sent; every one that cannot be read is named."""
    found: dict[str, int] = {}
    problems = []
    for code in codes:
        unit, text = DESCRIBED[code].unit, str(sent.get(code) or "").strip()
        try:
            found[code] = read(unit, text)
        except ValueError:
            message = N_("请按 24 小时制填写时间，例如 08:30。") if unit is Unit.CLOCK else N_("请填写整数。")
            problems.append(Problem(field=code, code="malformed", message=message))
    if problems:
        raise Invalid(problems=problems)
    return found
