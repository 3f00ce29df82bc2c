"""Which sites to approve: the answer, as the file ``kaowu-approvals/1`` says it.

It is checked without a solver (:mod:`checking.approvals`); what there is to choose from stands in :mod:`approving`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from exam.kernel.errors import N_
from scheduling.planning.rules.problem import Count, Id, Kilometres, Record

FORMAT: Final = "kaowu-approvals/1"

UNSERVED_KM: Final = 10_000.0
"""What a candidate whom no approved site of the province has capacity for costs."""


class UncoveredReason(StrEnum):
    """Why nothing that can be approved covers a pair."""

    NO_APPLICANT = "no_applicant"  # no site of the prefecture has applied for the certificate
    OTHER_DAYS = "other_days"  # one has, but for days on which nothing is examined


UNCOVERED_LABELS: Final[Mapping[UncoveredReason, str]] = {
    UncoveredReason.NO_APPLICANT: N_("该地区没有站点申请这个证书"),
    UncoveredReason.OTHER_DAYS: N_("该地区的申请或批准都不在本期考核的日期内"),
}


class Approve(Record, frozen=True):
    """An application to approve, and what for."""

    application: Id
    site: Id
    certificate: Id
    covers: tuple[Id, ...] = ()  # prefectures that have no approved site without it
    short_by: Count = 0  # candidates who would find no place in the province without it
    saves_km: Kilometres = 0.0  # candidate-kilometres more without it, where nobody would be short


class NotNeeded(Record, frozen=True):
    """An application that is not worth its cost."""

    application: Id
    saves_km: Kilometres = 0.0  # candidate-kilometres it would save beside the chosen ones; less than its cost_km


class Uncovered(Record, frozen=True):
    """A pair that nothing covers: it needs a new application, or a waiver with a reason."""

    certificate: Id
    prefecture: Id
    reason: UncoveredReason


class Short(Record, frozen=True):
    """Candidates for whom the province has no place even with every application approved that helps."""

    certificate: Id
    province: Id
    count: Count


class Approvals(Record, frozen=True):
    """The answer: which applications to approve, what stays uncovered, and how good that is."""

    format: str
    problem_sha256: str
    pairs: Count  # (certificate, prefecture with a pilot institution) without a waiver
    approve: tuple[Approve, ...]
    not_needed: tuple[NotNeeded, ...] = ()
    uncovered: tuple[Uncovered, ...] = ()
    short: tuple[Short, ...] = ()
    travel_km: float = 0.0  # of all candidates who find a place, from the middle of their prefecture
    opening_km: float = 0.0  # cost_km of what is approved
    objective_km: float = 0.0  # travel + opening + UNSERVED_KM for each who is short
    bound_km: float = 0.0  # no choice is cheaper
    gap: float = 0.0  # (objective - bound) / objective
