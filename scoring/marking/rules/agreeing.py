"""Two or three assessors who do not see each other's marks: when they agree, and who decides when they do not.

The first two are compared. Within the tolerance their mean is the mark. Beyond it a third assessor marks, where the sheet asks
for one; of three, the nearest pair counts if it lies within the tolerance; otherwise the lead decides. What counts when the
third lies in the middle of the two is data (:class:`Tie`), like the tolerance: no source fixes it for 1+X [C]. The path that
led to a mark is kept with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from itertools import combinations

from exam.catalogue.rules import Agreement, Tie
from exam.kernel.errors import N_

ZERO = Decimal(0)


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
    """What several totals come to. `used`: their places in the order given; `value` is exact, rounded where it is published."""

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
    return replace(agreement, assessors_count=wanted, third=agreement.third and assessors > wanted)


def agree(agreement: Agreement, totals: Sequence[Decimal]) -> Agreed:
    """Combine totals, in the order in which their sheets were signed. Nobody's total is none of the others' average by silence:
    an empty list agrees on nothing."""
    wanted = agreement.assessors_count
    if len(totals) < max(1, wanted):
        return Agreed(path=Path.WAITING)
    if wanted == 1 and len(totals) == 1:
        return Agreed(path=Path.SINGLE, value=totals[0], used=(0,))
    if _spread(totals[:wanted]) <= agreement.tolerance:
        return _mean(Path.MEAN, totals, range(wanted))
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
    return Agreed(path=path, value=sum((totals[one] for one in used), ZERO) / len(used), used=tuple(used))


def _spread(totals: Sequence[Decimal]) -> Decimal:
    return max(totals) - min(totals)
