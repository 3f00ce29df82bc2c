"""Forms of the duties."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import msgspec

from scheduling.duties.rules import RelationKind


class ExaminerForm(msgspec.Struct):
    """Somebody who enters the pool, by the login of an account that exists."""

    login: str
    institution_id: UUID
    may_invigilate: bool = False
    may_head: bool = False


class QualificationForm(msgspec.Struct):
    """An advanced certificate held."""

    certificate_id: UUID
    valid_from: date
    valid_to: date
    may_lead: bool = False


class RelationForm(msgspec.Struct):
    """A declared relation to an institution; relations to candidates are declared by their registration."""

    institution_id: UUID
    kind: RelationKind = RelationKind.INSTITUTION
    note: str = ""


class AvailabilityForm(msgspec.Struct):
    """Days away, one date a line or separated by commas."""

    away_on: str = ""
    active: bool = False
