"""What the credit pages send."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import msgspec

from certificates.credit.rules import NOT_STORED, PersonStatus
from exam.catalogue.rules import Level

SHOW: dict[str, tuple[PersonStatus, ...]] = {
    "not_stored": NOT_STORED,
    **{status.value: (status,) for status in PersonStatus},
}
"""The filters of the list of people."""


class ProposalForm(msgspec.Struct, kw_only=True):
    """What a certificate and level is worth."""

    kind: str  # certificate id / level
    hours: Decimal
    credits: Decimal
    rule: str

    def which(self) -> tuple[UUID, Level]:
        """The certificate and level; raises ValueError where there is none."""
        id, _, level = self.kind.partition("/")
        return UUID(id), Level(level)


class RequestForm(msgspec.Struct, kw_only=True):
    """The course that stored credits shall count for."""

    course: str


class DecisionForm(msgspec.Struct, kw_only=True):
    """The school's decision."""

    decision: str  # convert, refuse
    credits: str = ""
    reason: str = ""
