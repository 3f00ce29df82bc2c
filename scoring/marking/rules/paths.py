"""The path to a mark (document 7 of domain section 7: the summary with its spread): from whose sheets, by which rule, said in
words for the office and, without anybody's marks or names, for the candidate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from exam.kernel.errors import N_
from scoring.marking.rules.agreeing import Path
from scoring.marking.rules.records import Mark, MarkSource

CENT = Decimal("0.01")

_OFFICE: Mapping[Path, str] = {
    Path.SINGLE: N_("一名考评员评 %(totals)s 分，即为得分。"),
    Path.MEAN: N_("%(n)s 名考评员各评 %(totals)s 分，最多相差 %(spread)s 分，未超过容差 %(tolerance)s 分，取平均 %(value)s 分。"),
    Path.NEAREST_PAIR: N_("%(n)s 名考评员各评 %(totals)s 分，最多相差 %(spread)s 分；取最接近的 %(used)s 分的平均 %(value)s 分。"),
    Path.LEAD: N_("考评员各评 %(totals)s 分，最多相差 %(spread)s 分，超过容差 %(tolerance)s 分；考评组长裁定为 %(value)s 分。"),
}  # fmt: skip
_CANDIDATE: Mapping[Path, str] = {
    Path.SINGLE: N_("由一名考评员按评分表逐项评分。"),
    Path.MEAN: N_("%(n)s 名考评员互不知情、各自评分，最多相差 %(spread)s 分，在允许的 %(tolerance)s 分以内，取平均。"),
    Path.NEAREST_PAIR: N_(
        "%(n)s 名考评员互不知情、各自评分，相差超过允许的 %(tolerance)s 分，取最接近的两个评分的平均。"
    ),
    Path.LEAD: N_("考评员的评分相差超过允许的 %(tolerance)s 分，由考评组长核对后裁定。"),
}


@dataclass(frozen=True, kw_only=True)
class MarkPath:
    """How a practical mark came about."""

    path: Path
    totals: tuple[Decimal, ...]  # of the signed sheets, in an order that no arrival changes
    used: tuple[int, ...]  # places of those that count; empty where the lead decided
    tolerance: Decimal | None  # None on marks from before it was kept
    value: Decimal
    reason: str = ""  # the lead's

    @property
    def spread(self) -> Decimal:
        """The largest difference between two totals; 0 for one."""
        return max(self.totals) - min(self.totals) if self.totals else Decimal(0)

    @property
    def facts(self) -> dict[str, Any]:
        """What the sentences name; marks to two places, as on paper."""
        return {
            "n": len(self.totals),
            "totals": _listed(self.totals),
            "used": _listed([self.totals[place] for place in self.used]),
            "spread": _shown(self.spread),
            "tolerance": "—" if self.tolerance is None else _shown(self.tolerance),
            "value": _shown(self.value),
        }

    @property
    def for_office(self) -> str:
        """The sentence (msgid) for officers and the lead."""
        return _OFFICE[self.path]

    @property
    def for_candidate(self) -> str:
        """The sentence (msgid) for the candidate: nobody's name, nobody's single mark."""
        return _CANDIDATE[self.path]


def path_of(mark: Mark) -> MarkPath | None:
    """How a mark came about; None where no sheets lie behind it. The mark must have its detail."""
    if mark.source not in (MarkSource.SHEETS, MarkSource.LEAD) or mark.value is None or "sheets" not in mark.detail:
        return None
    totals = tuple(Decimal(one["total"]) for one in mark.detail["sheets"])
    lead = mark.source is MarkSource.LEAD
    told = mark.detail.get("path")
    path = Path.LEAD if lead else Path(told) if told else Path.SINGLE if len(totals) == 1 else Path.MEAN
    tolerance = mark.detail.get("tolerance")
    return MarkPath(
        path=path,
        totals=totals,
        used=() if lead else tuple(mark.detail.get("used", range(len(totals)))),
        tolerance=None if tolerance is None else Decimal(tolerance),
        value=mark.value,
        reason=str(mark.detail.get("reason", "")),
    )


def _listed(totals: Sequence[Decimal]) -> str:
    return " / ".join(_shown(one) for one in totals)


def _shown(number: Decimal) -> str:
    return format(number.quantize(CENT, ROUND_HALF_UP), "f")
