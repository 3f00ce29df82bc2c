"""The frozen records that registration hands to the rest of the road, and the enums they use."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from exam.catalogue.rules.records import Level
from exam.kernel.errors import N_
from exam.registration.rules.accommodations import Measures
from exam.registration.rules.identity import Gender, IdType
from exam.registration.rules.status import BatchStatus, RegistrationStatus


class UnitKind(StrEnum):
    """Kinds of reporting and coverage units, in the words of the national code table (domain section 6)."""

    MUNICIPALITY = "直辖市"
    CITY = "地级市"
    AREA = "地区"
    AUTONOMOUS_PREFECTURE = "自治州"
    LEAGUE = "盟"
    COUNTY_LEVEL = "省直辖县级"
    CORPS = "自治区直辖县级(兵团)"


class InstitutionKind(StrEnum):
    """学校类型 (B01); 技工学校 may not take part and has no word here."""

    SECONDARY = "secondary"
    HIGHER = "higher"
    VOCATIONAL_BACHELOR = "vocational_bachelor"
    APPLIED = "applied"
    OPEN_UNIVERSITY = "open_university"


INSTITUTION_KIND_LABELS: Mapping[InstitutionKind, str] = {
    InstitutionKind.SECONDARY: N_("中职"),
    InstitutionKind.HIGHER: N_("高职"),
    InstitutionKind.VOCATIONAL_BACHELOR: N_("本科层次职业教育试点学校"),
    InstitutionKind.APPLIED: N_("应用型本科"),
    InstitutionKind.OPEN_UNIVERSITY: N_("国家开放大学"),
}


class Channel(StrEnum):
    """考生类别: students of a pilot major, and members of society (D13, X03)."""

    SCHOOL = "school"
    SOCIAL = "social"


CHANNEL_LABELS: Mapping[Channel, str] = {Channel.SCHOOL: N_("在校"), Channel.SOCIAL: N_("社会")}


class Payer(StrEnum):
    """缴费方式: who bears the fee of one registration (D06, D07, domain 3.4)."""

    INSTITUTION = "institution"
    SELF = "self"
    WAIVED = "waived"


PAYER_LABELS: Mapping[Payer, str] = {
    Payer.INSTITUTION: N_("院校承担"),
    Payer.SELF: N_("自费"),
    Payer.WAIVED: N_("减免"),
}


@dataclass(frozen=True, kw_only=True)
class Unit:
    """填报单位: its own thing, not a prefix of an area code (B08, domain section 6)."""

    code: str
    name_zh: str
    name_en: str
    province_code: str
    kind: UnitKind
    parent_code: str | None
    reports_to_province: bool
    gb2260_codes: tuple[str, ...]
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, kw_only=True)
class Prefecture:
    """A coverage unit (C02): a prefecture-level city, or what follows its rule by convention; its tile on the map."""

    code: str
    name_zh: str
    name_en: str
    kind: UnitKind
    unit_code: str
    tile_x: int
    tile_y: int


@dataclass(frozen=True, kw_only=True)
class Institution:
    """试点院校; one institution has one registration (B11)."""

    id: UUID
    code: str
    name_zh: str
    name_en: str
    kind: InstitutionKind
    unit_code: str
    prefecture_code: str
    latitude: float | None
    longitude: float | None


@dataclass(frozen=True, kw_only=True)
class Pilot:
    """What an institution may examine in one calendar year (X03), with its head-count (B15, B16)."""

    id: UUID
    institution_id: UUID
    certificate_id: UUID
    year: int
    quota: int
    majors: tuple[str, ...]  # codes or names of the pilot majors; empty = all


@dataclass(frozen=True, kw_only=True)
class Batch:
    """考核批次."""

    id: UUID
    code: str
    name_zh: str
    name_en: str
    organisation_ids: tuple[UUID, ...]
    province_code: str
    status: BatchStatus
    registration_opens_at: datetime
    registration_closes_at: datetime
    first_day: date
    last_day: date
    scheme_ids: tuple[UUID, ...]
    filing_no: str = ""


@dataclass(frozen=True, kw_only=True)
class BatchMove:
    """One change of a batch's status."""

    from_status: BatchStatus
    to_status: BatchStatus
    at: datetime
    reason: str


@dataclass(frozen=True, kw_only=True)
class Registration:
    """One person's registration for one certificate and level in one batch."""

    id: UUID
    batch_id: UUID
    person_id: UUID
    name: str
    name_sort: str
    name_latin: str
    gender: Gender
    id_type: IdType
    id_masked: str
    photo_sha256: str | None
    institution_id: UUID | None
    institution_name_zh: str
    institution_name_en: str
    channel: Channel
    scheme_id: UUID
    certificate_id: UUID
    level: Level
    prefecture_code: str
    major: str
    major_code: str
    class_name: str
    status: RegistrationStatus
    payer: Payer
    fee_yuan: Decimal
    first_free: bool
    waiver_reason: str
    waiver_proof: str
    consent_at: datetime | None
    resit_of: UUID | None
    return_reason: str
    entry_no: str | None = None  # 报名号 of who registered in person
    claimed: bool = False  # nobody has compared the person with the ID number yet
    exempt: Mapping[UUID, str] = field(default_factory=dict, hash=False)  # component -> reason (D12)
    retained: Mapping[UUID, Decimal] = field(default_factory=dict, hash=False)  # component -> mark kept
    measures: Measures = field(default_factory=Measures)  # granted: what must be done for the candidate (H16)

    @property
    def live(self) -> bool:
        """Whether it still counts: not withdrawn, rejected or barred."""
        return self.status.live

    @property
    def missing(self) -> tuple[str, ...]:
        """What must still come before an officer can accept it: msgids of MISSING_LABELS' keys."""
        found = []
        if self.photo_sha256 is None:
            found.append("photo")
        if self.consent_at is None:
            found.append("consent")
        return tuple(found)


MISSING_LABELS: Mapping[str, str] = {"photo": N_("照片"), "consent": N_("本人同意")}
