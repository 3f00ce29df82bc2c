"""The states of an outcome (domain 3.6), who may bring it to the next one, and its record."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from exam.kernel.errors import N_, Conflict
from scoring.outcomes.rules.decision import Decision


class OutcomeStatus(StrEnum):
    COMPUTED = "computed"
    VERIFIED = "verified"
    PUBLISHED = "published"
    UNDER_REVIEW = "under_review"
    UPHELD = "upheld"
    CORRECTED = "corrected"  # the corrected version stands in its place
    FINAL = "final"
    SUPERSEDED = "superseded"  # computed anew before it was published


_S = OutcomeStatus
ALLOWED: Mapping[OutcomeStatus, frozenset[OutcomeStatus]] = {
    _S.COMPUTED: frozenset({_S.VERIFIED, _S.SUPERSEDED}),
    _S.VERIFIED: frozenset({_S.PUBLISHED, _S.SUPERSEDED}),
    _S.PUBLISHED: frozenset({_S.UNDER_REVIEW, _S.CORRECTED, _S.FINAL}),
    _S.UNDER_REVIEW: frozenset({_S.UPHELD, _S.CORRECTED}),
    _S.UPHELD: frozenset({_S.FINAL, _S.CORRECTED}),
    _S.CORRECTED: frozenset(),
    _S.FINAL: frozenset({_S.CORRECTED}),
    _S.SUPERSEDED: frozenset(),
}
PENDING = frozenset({_S.COMPUTED, _S.VERIFIED})
PUBLIC = frozenset({_S.PUBLISHED, _S.UNDER_REVIEW, _S.UPHELD, _S.FINAL})

STATUS_LABELS: Mapping[OutcomeStatus, str] = {
    _S.COMPUTED: N_("待核定"),
    _S.VERIFIED: N_("已核定"),
    _S.PUBLISHED: N_("已发布"),
    _S.UNDER_REVIEW: N_("复核中"),
    _S.UPHELD: N_("复核维持"),
    _S.CORRECTED: N_("已更正"),
    _S.FINAL: N_("已确定"),
    _S.SUPERSEDED: N_("已重算"),
}
DECISION_LABELS: Mapping[Decision, str] = {
    Decision.PASSED: N_("合格"),
    Decision.FAILED: N_("不合格"),
    Decision.ABSENT: N_("缺考"),
    Decision.VOID: N_("成绩无效"),
}
DECISION_TONES: Mapping[Decision, str] = {
    Decision.PASSED: "done",
    Decision.FAILED: "stopped",
    Decision.ABSENT: "warning",
    Decision.VOID: "stopped",
}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One version of a registration's result, with everything it was decided from."""

    id: UUID
    registration_id: UUID
    batch_id: UUID
    scheme_id: UUID
    version: int
    decision: Decision
    composite: Decimal | None  # as published; None where no total exists
    explanation: Mapping[str, Any] = field(hash=False)
    inputs: Mapping[str, Any] = field(hash=False)
    rule_version: str
    inputs_sha256: str
    status: OutcomeStatus
    reason: str | None  # why this version replaced a published one
    computed_at: datetime
    verified_by: UUID | None
    verified_at: datetime | None
    published_by: UUID | None
    published_at: datetime | None


class SecondPersonNeeded(Conflict):
    message = N_("其中 %(count)s 人的成绩由您录入，您不能核定。")
    way_out = N_("登分、核定、发布须由三个不同的人完成；请由另一名成绩复核员核定。")


class ThirdPersonNeeded(Conflict):
    message = N_("其中 %(count)s 人的成绩由您录入或核定，您不能发布。")
    way_out = N_("登分、核定、发布须由三个不同的人完成；请由另一名成绩管理员发布。")


def own_work(person: UUID | None, people: Mapping[UUID, Collection[UUID | None]]) -> list[UUID]:
    """Of these things the ones the person has had a hand in; nobody's work is the system's own."""
    return [] if person is None else [thing for thing, hands in people.items() if person in hands]
