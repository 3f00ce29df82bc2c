"""Two or three assessors who do not see each other's marks: when they agree, and who decides when they do not.

Two are compared. Within the tolerance their mean is the mark. Beyond it a third assessor marks, where the sheet asks
for one; of three, the nearest pair counts if it lies within the tolerance; otherwise the lead decides. What counts when the
third lies in the middle of the two is data (:class:`Tie`), like the tolerance: no source fixes it for 1+X [C]. The path that
led to a mark is kept with it.

Tablets without a line sign more than was asked for. No signed sheet is left out then, and none comes first: what all of them
come to depends on what they say, never on which arrived before which. Within the tolerance all are averaged; beyond it they are
treated as if the last had been asked because the others differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from itertools import combinations

from exam.catalogue.rules import Agreement, Tie
from exam.kernel.errors import N_

ZERO = Decimal(0)
KEPT = Decimal("0.0001")


class Path(StrEnum):
    """How a mark came about, or what is still missing."""

    WAITING = "waiting"  # fewer sheets than the sheet asks for
    SINGLE = "single"  # one assessor is enough
    MEAN = "mean"  # all within the tolerance
    THIRD = "third"  # two differ: a third assessor is needed
    NEAREST_PAIR = "nearest_pair"  # of three, two agree
    LEAD = "lead"  # the lead decides


PATH_LABELS: Mapping[Path, str] = {
    Path.WAITING: N_("等待评分表签名"),
    Path.SINGLE: N_("一名考评员评分"),
    Path.MEAN: N_("评分差在允许范围内，取平均"),
    Path.THIRD: N_("两名考评员评分差过大，等待第三名考评员"),
    Path.NEAREST_PAIR: N_("三名考评员中取最接近的两个评分的平均"),
    Path.LEAD: N_("由考评组长裁定"),
}


@dataclass(frozen=True, kw_only=True)
class Agreed:
    """What several totals come to. `used`: their places in the order given; `value` as a mark is kept, rounded again where it is
    published."""

    path: Path
    value: Decimal | None = None
    used: tuple[int, ...] = ()

    @property
    def settled(self) -> bool:
        """Whether there is a mark."""
        return self.value is not None


def in_room(agreement: Agreement, assessors: int) -> Agreement:
    """The sheet's rule with the assessors a room really has: one where there is one, no third where there is nobody else."""
    wanted = max(1, min(agreement.assessors_count, assessors))
    return replace(agreement, assessors_count=wanted, third=agreement.third and assessors > max(2, wanted))


def agree(agreement: Agreement, totals: Sequence[Decimal]) -> Agreed:
    """Combine the totals of all signed sheets; their order decides nothing but the places in `used`. Nobody's total is none of
    the others' average by silence: an empty list agrees on nothing."""
    wanted = max(1, agreement.assessors_count)
    if len(totals) < wanted:
        return Agreed(path=Path.WAITING)
    if len(totals) == 1:
        return Agreed(path=Path.SINGLE, value=totals[0], used=(0,))
    if spread(totals) <= agreement.tolerance:
        return _mean(Path.MEAN, totals, range(len(totals)))
    if len(totals) == 2:
        return Agreed(path=Path.THIRD if agreement.third else Path.LEAD)
    if not agreement.third and wanted <= 2:
        return Agreed(path=Path.LEAD)
    return _nearest(agreement, totals)


def _nearest(agreement: Agreement, totals: Sequence[Decimal]) -> Agreed:
    pairs = list(combinations(range(len(totals)), 2))
    least = min(abs(totals[a] - totals[b]) for a, b in pairs)
    if least > agreement.tolerance:
        return Agreed(path=Path.LEAD)
    nearest = [pair for pair in pairs if abs(totals[pair[0]] - totals[pair[1]]) == least]
    sums = {totals[a] + totals[b] for a, b in nearest}
    if len(sums) == 1:  # one pair, or pairs of the same marks
        return _mean(Path.NEAREST_PAIR, totals, nearest[0])
    match agreement.tie:
        case Tie.HIGHER:
            return _mean(Path.NEAREST_PAIR, totals, max(nearest, key=lambda pair: totals[pair[0]] + totals[pair[1]]))
        case Tie.ALL:
            return _mean(Path.NEAREST_PAIR, totals, range(len(totals)))
        case Tie.LEAD:
            return Agreed(path=Path.LEAD)


def _mean(path: Path, totals: Sequence[Decimal], used: Sequence[int]) -> Agreed:
    return Agreed(path=path, value=mean([totals[one] for one in used]), used=tuple(used))


def mean(totals: Sequence[Decimal]) -> Decimal:
    """The mean as a mark is kept: of two exact, a third to four places, half up. ZeroDivisionError of none."""
    return (sum(totals, ZERO) / len(totals)).quantize(KEPT, ROUND_HALF_UP)


def spread(totals: Sequence[Decimal]) -> Decimal:
    """The largest difference between two totals; 0 for one and for none."""
    return max(totals) - min(totals) if totals else ZERO
