"""What the printed incident record says (domain section 7, document 8), before it is put into words and on paper."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from exam.sittings.rules.incidents import Effect


@dataclass(frozen=True, kw_only=True)
class ItemPrint:
    """Something kept, and when it was given back to whom."""

    item: str
    kept_name: str
    kept_at: datetime
    returned_at: datetime | None = None
    to_name: str = ""
    return_name: str = ""


@dataclass(frozen=True, kw_only=True)
class SaidPrint:
    """What the candidate said, or what was ruled about it."""

    words: str
    by_name: str
    at: datetime


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
    signed: bool | None
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
    read_at: datetime | None = None
    read_name: str | None = None
    signed_at: datetime | None = None
    served_at: datetime | None = None
    served_how: str | None = None
    served_name: str | None = None
    items: tuple[ItemPrint, ...] = ()
    said: tuple[SaidPrint, ...] = ()  # defence and objections
    rulings: tuple[SaidPrint, ...] = ()  # what was decided about objections

    @property
    def kinds(self) -> tuple[str, ...]:
        """The sheets that apply: the record always, the receipt where something was kept, the decision once made."""
        kinds = ["record"]
        if self.items:
            kinds.append("receipt")
        if self.effect is not None:
            kinds.append("decision")
        return tuple(kinds)
