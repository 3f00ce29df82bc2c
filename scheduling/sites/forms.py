"""Forms of the sites: what an institution, an organisation and a province send."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import msgspec

from exam.catalogue.rules import Form, Level
from exam.kernel.errors import NotFound
from scheduling.sites.rules import ApprovalStatus, Standing


def chosen(text: str) -> UUID | None:
    """The choice of a filter: nothing chosen is None, nonsense is nowhere."""
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise NotFound from error


class SiteForm(msgspec.Struct):
    """The place itself."""

    name_zh: str
    address_zh: str
    name_en: str = ""
    address_en: str = ""
    route_zh: str = ""
    route_en: str = ""


class RoomForm(msgspec.Struct):
    """One room."""

    code: str
    name_zh: str
    form: Form
    seats: int
    spares: int = 0
    columns: int = 5
    floor: int = 1
    cameras: bool = False
    name_en: str = ""
    certificate_ids: list[UUID] = []


class ApplicationForm(msgspec.Struct):
    """An application for one certificate."""

    certificate_id: UUID
    levels: list[Level]
    valid_from: date
    valid_to: date
    standing: Standing = Standing.DESIGNATED
    standing_reason: str = ""


class StepForm(msgspec.Struct):
    """One step of the approval."""

    to: ApprovalStatus
    reason: str = ""


class StandingForm(msgspec.Struct):
    """Which of the prefecture's sites this one is."""

    standing: Standing
    reason: str = ""


class WaiverForm(msgspec.Struct):
    """Why a prefecture goes without a site."""

    certificate_id: UUID
    prefecture_code: str
    reason: str
    valid_from: date
    valid_to: date


class ConditionsForm(msgspec.Struct):
    """Conditions of a certificate's sites."""

    body: str
    paper: int = 0
    computer: int = 0
    practical_general: int = 0
    practical_special: int = 0

    def minimum(self) -> dict[Form, int]:
        """Usable seats asked for, by form; those of zero left out."""
        asked = {
            Form.PAPER: self.paper,
            Form.COMPUTER: self.computer,
            Form.PRACTICAL_GENERAL: self.practical_general,
            Form.PRACTICAL_SPECIAL: self.practical_special,
        }
        return {form: seats for form, seats in asked.items() if seats > 0}
