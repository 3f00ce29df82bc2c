"""How well assessors agree, while the candidates are still there: pure statistics over signed sheets.

A *case* is one candidate whose awaited sheets are all signed; nothing is known here of a case before that, so nobody can be
shown one half of a pair. Of a case the first two sheets make the pair that is compared with the tolerance. An assessor's
*difference* in a case is the own total minus the mean of the others' totals: positive is generous. *Drift* is the mean difference of
the last third of somebody's cases minus that of the first third, in the order of signing.

>>> one, two = UUID(int=1), UUID(int=2)
>>> at = datetime(2026, 5, 16, 9, 0)
>>> sheet = lambda who, total, minute: Reading(assessor_id=who, total=Decimal(total), signed_at=at.replace(minute=minute))
>>> case = Case(seat_no=1, readings=(sheet(one, "84", 1), sheet(two, "80", 2)))
>>> case.spread, within(case, Decimal(5)), agreement([case], Decimal(5))
(Decimal('4'), True, Decimal('1'))
>>> [(d.difference, d.seat_no) for d in differences([case])[one]]
[(Decimal('4'), 1)]
>>> agreement([], Decimal(5)) is None
True
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

DRIFT_LEAST: Final = 6
"""Cases of one assessor below which a drift says nothing: two in each third."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One assessor's signed total."""

    assessor_id: UUID
    total: Decimal
    signed_at: datetime


@dataclass(frozen=True, kw_only=True)
class Case:
    """One candidate with all awaited sheets, in the order of their first signatures; at least two."""

    seat_no: int
    readings: tuple[Reading, ...]

    @property
    def spread(self) -> Decimal:
        """The difference of the first two totals."""
        return abs(self.readings[0].total - self.readings[1].total)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One assessor's total in one case against the mean of the others'."""

    seat_no: int
    signed_at: datetime
    difference: Decimal


@dataclass(frozen=True, kw_only=True)
class Tendency:
    """How one assessor marks against the others."""

    assessor_id: UUID
    count: int
    mean: Decimal  # of the signed differences
    drift: Decimal | None  # None below DRIFT_LEAST cases
    differences: tuple[Difference, ...]  # in the order of signing


def within(case: Case, tolerance: Decimal) -> bool:
    """Whether the pair of a case lies within the tolerance."""
    return case.spread <= tolerance


def agreement(cases: Sequence[Case], tolerance: Decimal) -> Decimal | None:
    """The share of pairs within the tolerance, 0 to 1; None where there is no pair yet."""
    if not cases:
        return None
    return Decimal(sum(within(case, tolerance) for case in cases)) / len(cases)


def differences(cases: Iterable[Case]) -> dict[UUID, list[Difference]]:
    """Per assessor the differences in the order of signing (ties by seat)."""
    found: dict[UUID, list[Difference]] = {}
    for case in cases:
        for own in case.readings:
            others = [one.total for one in case.readings if one.assessor_id != own.assessor_id]
            if others:
                gap = own.total - sum(others, Decimal(0)) / len(others)
                made = Difference(seat_no=case.seat_no, signed_at=own.signed_at, difference=gap)
                found.setdefault(own.assessor_id, []).append(made)
    return {who: sorted(ones, key=lambda one: (one.signed_at, one.seat_no)) for who, ones in found.items()}


def drift(ordered: Sequence[Difference]) -> Decimal | None:
    """The mean of the last third minus that of the first third; None for fewer than :data:`DRIFT_LEAST` cases."""
    if len(ordered) < DRIFT_LEAST:
        return None
    third = len(ordered) // 3
    return _mean(ordered[-third:]) - _mean(ordered[:third])


def tendencies(cases: Iterable[Case]) -> list[Tendency]:
    """Everybody's tendency, the largest mean difference on top; ties by account."""
    found = [
        Tendency(assessor_id=who, count=len(ones), mean=_mean(ones), drift=drift(ones), differences=tuple(ones))
        for who, ones in differences(cases).items()
    ]
    return sorted(found, key=lambda one: (-abs(one.mean), str(one.assessor_id)))


def _mean(ones: Sequence[Difference]) -> Decimal:
    return sum((one.difference for one in ones), Decimal(0)) / len(ones)
