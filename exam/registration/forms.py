"""What the pages of registration send."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from exam.registration.rules.accommodations import Measures
from exam.registration.rules.identity import Gender, IdType
from exam.registration.rules.records import InstitutionKind
from exam.registration.rules.status import BatchStatus

_CHINA = ZoneInfo("Asia/Shanghai")


def china_instant(typed: datetime) -> datetime:
    """A date and time from a form is China time unless it says otherwise."""
    return typed if typed.tzinfo else typed.replace(tzinfo=_CHINA)


class BatchForm(msgspec.Struct, kw_only=True):
    """A batch to plan."""

    code: str
    name_zh: str
    name_en: str
    province_code: str
    registration_opens_at: datetime
    registration_closes_at: datetime
    first_day: date
    last_day: date
    scheme_ids: list[UUID]
    filing_no: str = ""


class ScheduleForm(msgspec.Struct, kw_only=True):
    """Other days for a batch."""

    registration_opens_at: datetime
    registration_closes_at: datetime
    first_day: date
    last_day: date
    filing_no: str = ""


class MoveForm(msgspec.Struct, kw_only=True):
    """A step of a batch."""

    to: BatchStatus
    reason: str = ""


class DecideForm(msgspec.Struct, kw_only=True):
    """An officer's decision on several registrations."""

    decision: str  # accept, accept_all, give_back, reject, confirm_all
    ids: list[UUID]
    reason: str = ""


class SelectionForm(msgspec.Struct, kw_only=True):
    """What an institution does with several of its registrations."""

    institution: UUID
    verb: str  # fee, consent, withdraw, resubmit
    ids: list[UUID]
    everyone: bool = False
    receipt: str = ""
    reason: str = ""


class EntryForm(msgspec.Struct, kw_only=True):
    """What somebody sends to register in person; what is missing is said by the rules, beside its field."""

    key: str
    name: str = ""
    id_type: IdType | None = None
    id_number: str = ""
    gender: Gender | None = None
    birth: date | None = None
    phone: str = ""
    prefecture_code: str = ""
    eligible: bool = False
    consent: bool = False


class FeeForm(msgspec.Struct, kw_only=True):
    """Fees that members of society have paid, under one receipt."""

    ids: list[UUID]
    receipt: str = ""


class WaiverForm(msgspec.Struct, kw_only=True):
    """A fee waiver (D07)."""

    reason: str
    proof: str


class ExemptionForm(msgspec.Struct, kw_only=True):
    """A part that is not sat (D12)."""

    component_id: UUID
    reason: str
    proof: str = ""


class AccommodationForm(msgspec.Struct, kw_only=True):
    """Measures asked for, with reason and evidence (H16)."""

    extra_percent: int = 0
    own_room: bool = False
    ground_floor: bool = False
    reason: str = ""
    evidence: str = ""

    def measures(self) -> Measures:
        """What was chosen."""
        return Measures(self.extra_percent, self.own_room, self.ground_floor)


class DecisionForm(AccommodationForm, kw_only=True):
    """An officer's decision on measures, with the measures as granted."""

    decision: str  # grant, refuse


class RetainForm(msgspec.Struct, kw_only=True):
    """A part whose mark is kept from an earlier registration (3.6)."""

    component_id: UUID
    value: Decimal
    source_registration_id: UUID


class ResitForm(msgspec.Struct, kw_only=True):
    """A resit in a later batch."""

    batch_id: UUID
    consent: bool = False


class TransferForm(msgspec.Struct, kw_only=True):
    """Another prefecture to sit in."""

    prefecture_code: str
    reason: str


class ReasonForm(msgspec.Struct, kw_only=True):
    """A step that is recorded with its reason."""

    reason: str = ""


class InstitutionForm(msgspec.Struct, kw_only=True):
    """An institution to register (B01, B11)."""

    code: str
    name_zh: str
    name_en: str
    kind: InstitutionKind
    prefecture_code: str
    latitude: float | None = None
    longitude: float | None = None


class PilotForm(msgspec.Struct, kw_only=True):
    """A pilot to approve (X03)."""

    certificate_id: UUID
    year: int
    quota: int
    majors: str = ""
