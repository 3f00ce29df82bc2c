"""What the site's pages send."""

from __future__ import annotations

from datetime import date

import msgspec

from exam.sittings.rules import Effect


class MethodForm(msgspec.Struct):
    """How the identity was seen."""

    method: str = "name"


class ReasonForm(msgspec.Struct):
    """A step that is recorded with its reason."""

    reason: str = ""


class MoveForm(msgspec.Struct):
    """Another seat."""

    seat_no: int
    reason: str = ""


class ResumeForm(msgspec.Struct):
    """Extra time, with the second person who stands for it."""

    extra_minutes: int
    second_person: str = ""
    reason: str = ""


class CloseForm(msgspec.Struct):
    """What the room's record says besides the counts."""

    note: str = ""


class IncidentForm(msgspec.Struct):
    """An incident as it is written down in the room."""

    code: str
    facts: str = ""
    evidence: str = ""
    signed: str = "yes"  # yes: the candidate signed; no: refused, two of the staff sign
    witness_1: str = ""
    witness_2: str = ""


class DecisionForm(msgspec.Struct):
    """An officer's decision."""

    effect: Effect
    basis: str = ""
    decision: str = ""
    statement: str = ""
    objection_until: date | None = None


class ConclusionForm(msgspec.Struct):
    """Making a decision final."""

    waived: bool = False
    statement: str = ""
