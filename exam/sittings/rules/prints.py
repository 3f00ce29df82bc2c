"""What the printed incident record says (domain section 7, document 8), before it is put into words and on paper."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from exam.sittings.rules.incidents import Effect


@dataclass(frozen=True, kw_only=True)
class IncidentPrint:
    """One incident with the candidate, the place, and the decision where there is one."""

    incident_id: UUID
    number: int
    batch_code: str
    certificate: str  # certificate and level, in the reader's language
    component: str
    site: str
    room: str
    starts_at: datetime
    ends_at: datetime
    name: str
    ticket_no: str
    id_masked: str
    seat_no: int
    code: str
    facts: str
    evidence: str
    seen_at: datetime
    signed: bool
    witnesses: tuple[str, ...]
    reported_name: str
    reported_at: datetime
    confirmed_name: str | None
    confirmed_at: datetime | None
    effect: Effect | None
    basis: str | None
    decision: str | None
    statement: str | None
    decided_name: str | None
    decided_at: datetime | None
    objection_until: datetime | None
    final_at: datetime | None

    @property
    def kinds(self) -> tuple[str, ...]:
        """The sheets that apply: the record always, the receipt where something was kept, the decision once made."""
        kinds = ["record"]
        if self.evidence:
            kinds.append("receipt")
        if self.effect is not None:
            kinds.append("decision")
        return tuple(kinds)
