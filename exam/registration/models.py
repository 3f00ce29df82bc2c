"""Tables of registration. What must never be double is a constraint here, beside the check in the rules.

An ID number and a phone number stand sealed; the ID number is found by its blind index. Who is registered for what in a
batch is unique among the *live* registrations (3.4), held by a partial index. Whoever registers in person only *claims* an ID
number until an officer has checked it: a claim stands on a person of its own, and passes the check only as the holder.
"""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from exam.catalogue.rules.records import Level
from exam.kernel.db import Base, append_only, status_check
from exam.registration.rules.accommodations import OPEN, AccommodationStatus
from exam.registration.rules.identity import Gender, IdType
from exam.registration.rules.records import Channel, InstitutionKind, Payer, UnitKind
from exam.registration.rules.status import DEAD, TO_CHECK, BatchStatus, RegistrationStatus

LIVE = "status NOT IN ({})".format(", ".join(f"'{status.value}'" for status in sorted(DEAD)))
UNCHECKED = "status IN ({})".format(
    ", ".join(f"'{status.value}'" for status in sorted({*DEAD, *TO_CHECK, RegistrationStatus.RETURNED}))
)


class UnitRow(Base):
    """填报单位 (B08): its own thing with a span of validity, not a prefix of an area code."""

    __tablename__ = "reporting_units"
    __table_args__ = (
        status_check("kind", UnitKind),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="valid"),
        {"schema": "exam"},
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    name_zh: Mapped[str]
    name_en: Mapped[str]
    province_code: Mapped[str] = mapped_column(index=True)
    kind: Mapped[str]
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("exam.reporting_units.code"))
    reports_to_province: Mapped[bool]
    gb2260_codes: Mapped[list[str]]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]


class PrefectureRow(Base):
    """Coverage unit of C02, with its tile on the map."""

    __tablename__ = "prefectures"
    __table_args__ = (
        status_check("kind", UnitKind),
        UniqueConstraint("tile_x", "tile_y", "province_code"),
        {"schema": "exam"},
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    name_zh: Mapped[str]
    name_en: Mapped[str]
    province_code: Mapped[str]
    kind: Mapped[str]
    unit_code: Mapped[str] = mapped_column(ForeignKey("exam.reporting_units.code"))
    tile_x: Mapped[int]
    tile_y: Mapped[int]


class InstitutionRow(Base):
    """试点院校; the code is unique: one institution, one registration (B11)."""

    __tablename__ = "institutions"
    __table_args__ = (status_check("kind", InstitutionKind), {"schema": "exam"})

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name_zh: Mapped[str]
    name_en: Mapped[str]
    kind: Mapped[str]
    unit_code: Mapped[str] = mapped_column(ForeignKey("exam.reporting_units.code"), index=True)
    prefecture_code: Mapped[str] = mapped_column(ForeignKey("exam.prefectures.code"), index=True)
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]


class PilotRow(Base):
    """What an institution may examine in one calendar year, with its head-count (X03, B15)."""

    __tablename__ = "pilots"
    __table_args__ = (
        UniqueConstraint("institution_id", "certificate_id", "year"),
        CheckConstraint("quota > 0", name="quota"),
        CheckConstraint("year BETWEEN 2019 AND 2100", name="year"),
        {"schema": "exam"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    institution_id: Mapped[UUID] = mapped_column(ForeignKey("exam.institutions.id"))
    certificate_id: Mapped[UUID] = mapped_column(ForeignKey("exam.certificates.id"))
    year: Mapped[int] = mapped_column(index=True)
    quota: Mapped[int]
    majors: Mapped[list[str]]
    approved_at: Mapped[datetime]


class PersonRow(Base):
    """A person, known by one document. The day of birth is not kept: the sealed number tells it."""

    __tablename__ = "people"
    __table_args__ = (status_check("id_type", IdType), status_check("gender", Gender), {"schema": "exam"})

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    name_sort: Mapped[str] = mapped_column(index=True)
    name_latin: Mapped[str]
    gender: Mapped[str]
    ethnicity: Mapped[str]
    id_type: Mapped[str]
    id_sealed: Mapped[str]
    id_blind: Mapped[str] = mapped_column(String(64), unique=True)
    id_masked: Mapped[str]
    phone_sealed: Mapped[str]
    photo_sha256: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime]


class BatchRow(Base):
    """考核批次 (3.3)."""

    __tablename__ = "exam_batches"
    __table_args__ = (
        status_check("status", BatchStatus),
        CheckConstraint("registration_closes_at > registration_opens_at", name="window"),
        CheckConstraint("last_day >= first_day", name="days"),
        {"schema": "exam"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name_zh: Mapped[str]
    name_en: Mapped[str]
    organisation_ids: Mapped[list[UUID]]
    province_code: Mapped[str]
    filing_no: Mapped[str]
    status: Mapped[str]
    registration_opens_at: Mapped[datetime]
    registration_closes_at: Mapped[datetime]
    first_day: Mapped[date]
    last_day: Mapped[date]
    created_at: Mapped[datetime]


class BatchSchemeRow(Base):
    """A certificate and level offered in a batch, by the version of its scheme: one version of each."""

    __tablename__ = "batch_schemes"
    __table_args__ = (UniqueConstraint("batch_id", "certificate_id", "level"), {"schema": "exam"})

    batch_id: Mapped[UUID] = mapped_column(ForeignKey("exam.exam_batches.id"), primary_key=True)
    scheme_id: Mapped[UUID] = mapped_column(ForeignKey("exam.schemes.id"), primary_key=True)
    certificate_id: Mapped[UUID]
    level: Mapped[str]


class BatchMoveRow(Base):
    """One change of a batch's status: the batch's timeline."""

    __tablename__ = "batch_moves"
    __table_args__ = (status_check("to_status", BatchStatus), {"schema": "exam"})

    id: Mapped[UUID] = mapped_column(primary_key=True)
    batch_id: Mapped[UUID] = mapped_column(ForeignKey("exam.exam_batches.id"), index=True)
    from_status: Mapped[str]
    to_status: Mapped[str]
    at: Mapped[datetime]
    account_id: Mapped[UUID | None]
    reason: Mapped[str]


append_only(BatchMoveRow.__table__)


class RosterRow(Base):
    """A roster that was registered whole; its bytes are not kept, their hash is."""

    __tablename__ = "rosters"
    __table_args__ = ({"schema": "exam"},)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    batch_id: Mapped[UUID] = mapped_column(ForeignKey("exam.exam_batches.id"), index=True)
    institution_id: Mapped[UUID] = mapped_column(ForeignKey("exam.institutions.id"), index=True)
    filename: Mapped[str]
    sha256: Mapped[str] = mapped_column(String(64))
    template_version: Mapped[str]
    rows_count: Mapped[int]
    imported_at: Mapped[datetime]
    imported_by: Mapped[UUID | None]


class RosterCheckRow(Base):
    """What a check found, sealed, until its reader has corrected the file; purged after a week."""

    __tablename__ = "roster_checks"
    __table_args__ = ({"schema": "exam"},)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    batch_id: Mapped[UUID] = mapped_column(ForeignKey("exam.exam_batches.id"))
    institution_id: Mapped[UUID] = mapped_column(ForeignKey("exam.institutions.id"))
    sealed: Mapped[str]
    problems_count: Mapped[int]
    checked_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class RegistrationRow(Base):
    """报名: one person, certificate and level in one batch (3.4)."""

    __tablename__ = "registrations"
    __table_args__ = (
        status_check("status", RegistrationStatus),
        status_check("channel", Channel),
        status_check("payer", Payer),
        status_check("level", Level),
        CheckConstraint("fee_yuan >= 0", name="fee"),
        CheckConstraint("payer <> 'waived' OR (waiver_reason <> '' AND waiver_proof <> '')", name="waiver"),
        CheckConstraint("payer <> 'self' OR channel = 'social'", name="self_paid_social_only"),
        CheckConstraint(f"claim_blind IS NULL OR {UNCHECKED}", name="claim"),
        CheckConstraint(
            "entry_no IS NULL OR (channel = 'social' AND consent_at IS NOT NULL AND photo_sha256 IS NOT NULL)",
            name="entry",
        ),
        CheckConstraint(
            "status NOT IN ('consent_confirmed','waived','institution_paid','self_paid','confirmed','seated')"
            " OR consent_at IS NOT NULL",
            name="consent",
        ),
        Index(
            "uq_registrations_live",
            "person_id",
            "certificate_id",
            "level",
            "batch_id",
            unique=True,
            postgresql_where=text(LIVE),
        ),
        Index("ix_registrations_batch_institution", "batch_id", "institution_id"),
        {"schema": "exam"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    batch_id: Mapped[UUID] = mapped_column(ForeignKey("exam.exam_batches.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("exam.people.id"), index=True)
    institution_id: Mapped[UUID | None] = mapped_column(ForeignKey("exam.institutions.id"))
    roster_id: Mapped[UUID | None] = mapped_column(ForeignKey("exam.rosters.id"))
    roster_serial: Mapped[str]
    channel: Mapped[str]
    scheme_id: Mapped[UUID] = mapped_column(ForeignKey("exam.schemes.id"))
    certificate_id: Mapped[UUID] = mapped_column(ForeignKey("exam.certificates.id"))
    level: Mapped[str]
    prefecture_code: Mapped[str] = mapped_column(ForeignKey("exam.prefectures.code"))
    major: Mapped[str]
    major_code: Mapped[str]
    class_name: Mapped[str]
    status: Mapped[str]
    payer: Mapped[str]
    fee_yuan: Mapped[Decimal]
    first_free: Mapped[bool]
    fee_receipt: Mapped[str]
    waiver_reason: Mapped[str]
    waiver_proof: Mapped[str]
    consent_at: Mapped[datetime | None]
    photo_sha256: Mapped[str | None] = mapped_column(String(64))
    resit_of: Mapped[UUID | None] = mapped_column(ForeignKey("exam.registrations.id"))
    return_reason: Mapped[str]
    entry_no: Mapped[str | None] = mapped_column(unique=True)  # 报名号 of who registered in person
    entry_key: Mapped[str | None] = mapped_column(String(64), unique=True)  # of the form: sent twice, it registers once
    claim_blind: Mapped[str | None] = mapped_column(String(64), index=True)  # the number claimed, until it is checked
    created_at: Mapped[datetime]


class ExemptionRow(Base):
    """免试: a part that is not sat, with its reason and proof (D12)."""

    __tablename__ = "exemptions"
    __table_args__ = (CheckConstraint("reason <> ''", name="reason"), {"schema": "exam"})

    registration_id: Mapped[UUID] = mapped_column(ForeignKey("exam.registrations.id"), primary_key=True)
    component_id: Mapped[UUID] = mapped_column(ForeignKey("exam.components.id"), primary_key=True)
    reason: Mapped[str]
    proof: Mapped[str]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime]


class AccommodationRow(Base):
    """便利措施 (H16): what is asked for and granted stands open, why stands sealed: it is health data."""

    __tablename__ = "accommodations"
    __table_args__ = (
        status_check("status", AccommodationStatus),
        CheckConstraint("extra_percent BETWEEN 0 AND 100", name="extra_percent"),
        CheckConstraint("extra_percent > 0 OR own_room OR ground_floor", name="measures"),
        CheckConstraint("reason_sealed <> '' AND evidence_sealed <> ''", name="reason"),
        CheckConstraint("status NOT IN ('granted', 'refused') OR decided_at IS NOT NULL", name="decided_at"),
        CheckConstraint(
            "status <> 'withdrawn' OR (withdrawn_at IS NOT NULL AND withdrawal_sealed <> '')", name="withdrawn"
        ),
        Index(
            "uq_accommodations_open",
            "registration_id",
            unique=True,
            postgresql_where=text("status IN ({})".format(", ".join(f"'{one.value}'" for one in sorted(OPEN)))),
        ),
        {"schema": "exam"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    registration_id: Mapped[UUID] = mapped_column(ForeignKey("exam.registrations.id"), index=True)
    version: Mapped[str]  # of the rules it was asked for under
    extra_percent: Mapped[int]
    own_room: Mapped[bool]
    ground_floor: Mapped[bool]
    status: Mapped[str]
    reason_sealed: Mapped[str]
    evidence_sealed: Mapped[str]
    asked_by: Mapped[UUID | None]
    asked_name: Mapped[str]
    asked_at: Mapped[datetime]
    decision_sealed: Mapped[str]
    decided_by: Mapped[UUID | None]
    decided_name: Mapped[str]
    decided_at: Mapped[datetime | None]
    withdrawal_sealed: Mapped[str]
    withdrawn_by: Mapped[UUID | None]
    withdrawn_name: Mapped[str]
    withdrawn_at: Mapped[datetime | None]


class RetainedPartRow(Base):
    """成绩保留: a part passed in an earlier registration that a resit does not repeat (3.6)."""

    __tablename__ = "retained_parts"
    __table_args__ = (CheckConstraint("value >= 0", name="value"), {"schema": "exam"})

    registration_id: Mapped[UUID] = mapped_column(ForeignKey("exam.registrations.id"), primary_key=True)
    component_id: Mapped[UUID] = mapped_column(ForeignKey("exam.components.id"), primary_key=True)
    value: Mapped[Decimal]
    source_registration_id: Mapped[UUID] = mapped_column(ForeignKey("exam.registrations.id"))
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime]
