"""What the site's pages send."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import msgspec

from exam.sittings.rules import Effect
from exam.sittings.rules.incidents import Ruling, Service


class MethodForm(msgspec.Struct):
    """How the identity was seen."""

    method: str = "name"


class ReasonForm(msgspec.Struct):
    """A step that is recorded with its reason."""

    reason: str = ""


class DrawForm(msgspec.Struct):
    """A draw of stations; without a seed a random one is taken."""

    seed: str = ""
    reason: str = ""


class RerunForm(msgspec.Struct):
    """An attempt taken again, with the second person who stands for it."""

    second: UUID
    password: str
    reason: str = ""


class AmendForm(msgspec.Struct):
    """Attendance as it really was."""

    present: bool
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


class CountsForm(msgspec.Struct):
    """Papers counted in a step; which of them are asked for is the step's."""

    count_received: int | None = None
    count_used: int | None = None
    count_blank: int | None = None
    count_spare: int | None = None
    count_absent: int | None = None
    count_submitted: int | None = None

    @property
    def counts(self) -> dict[str, int]:
        """What was filled in, by the name of the count."""
        values = {name.removeprefix("count_"): getattr(self, name) for name in CountsForm.__struct_fields__}
        return {name: value for name, value in values.items() if value is not None}


class StepForm(CountsForm):
    """A step done now, with the second person where one stands by."""

    reason: str = ""
    second: UUID | None = None
    password: str = ""


class WrittenForm(CountsForm, kw_only=True):
    """A step as a paper form tells it."""

    at: datetime  # as written there, China time
    by_name: str = ""
    second_name: str = ""
    reason: str = ""


class IncidentForm(msgspec.Struct):
    """An incident as it is written down in the room; it is read and signed afterwards."""

    code: str
    facts: str = ""
    evidence: str = ""
    items: str = ""  # a line each


class SignatureForm(msgspec.Struct):
    """The candidate signed, or refused before two of the staff."""

    signed: str = ""
    second: UUID | None = None
    password: str = ""


class ItemForm(msgspec.Struct):
    """Something kept."""

    item: str = ""


class ReturnForm(msgspec.Struct):
    """Something given back."""

    to_name: str = ""


class ServiceForm(msgspec.Struct):
    """When and how the decision reached the candidate."""

    how: Service
    served_at: datetime | None = None
    objection_until: date | None = None


class WordsForm(msgspec.Struct):
    """What the candidate says."""

    words: str = ""


class RulingForm(msgspec.Struct):
    """The decision on an objection."""

    ruling: Ruling
    reason: str = ""
    effect: Effect | None = None


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
