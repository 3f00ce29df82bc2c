"""The ceiling of a fee: D01 (four forms), D02 (mixed exams), D03 (above the ceiling only by approval)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Protocol

from exam.catalogue.rules.records import Form
from exam.kernel.errors import N_, Invalid

CAPS_YUAN: Mapping[Form, Decimal] = {
    Form.PAPER: Decimal(200),
    Form.COMPUTER: Decimal(300),
    Form.PRACTICAL_GENERAL: Decimal(500),
    Form.PRACTICAL_SPECIAL: Decimal(700),
}


class Share(Protocol):
    """Anything with a form and a share of the marks."""

    @property
    def form(self) -> Form: ...

    @property
    def weight(self) -> Decimal: ...


class NoShares(Invalid):
    message = N_("没有科目，无法计算费用上限。")
    way_out = N_("请至少写入一个科目。")


class FeeAboveCap(Invalid):
    message = N_("考核费 %(fee)s 元超过上限 %(cap)s 元。")
    way_out = N_("请降低费用，或填写省级教育行政部门的审核文号和理由。")


def fee_cap(parts: Sequence[Share]) -> Decimal:
    """D02: the sum of score share x cap, in yuan with two places."""
    if not parts:
        raise NoShares()
    total = sum((part.weight * CAPS_YUAN[part.form] for part in parts), Decimal(0))
    return total.quantize(Decimal("0.01"))


def check_fee(fee_yuan: Decimal, cap_yuan: Decimal, approval: str | None) -> None:
    """D03: refuse a fee above its cap unless the approval is on record."""
    if fee_yuan > cap_yuan and not (approval or "").strip():
        raise FeeAboveCap(fee=fee_yuan, cap=cap_yuan)
