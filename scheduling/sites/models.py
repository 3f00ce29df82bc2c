"""Tables of the sites: sites, rooms, published conditions, approvals, waivers of coverage.

Held here and not only in Python: one designated site per certificate and prefecture (partial unique index over
the live states), a reason beside every further site and every waiver, seats and spares that make sense.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Date, ForeignKey, Index, Text, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from exam.catalogue.rules import Form
from exam.kernel.db import Base, status_check
from scheduling.sites.rules import LIVE, ApprovalStatus, Standing

_LIVE = ", ".join(f"'{status}'" for status in LIVE)


class SiteRow(Base):
    """One place of an institution where exams are held."""

    __tablename__ = "sites"
    __table_args__ = (UniqueConstraint("code"), {"schema": "scheduling"})

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    institution_id: Mapped[UUID] = mapped_column(ForeignKey("exam.institutions.id"), index=True)
    prefecture_code: Mapped[str] = mapped_column(ForeignKey("exam.prefectures.code"), index=True)
    address_zh: Mapped[str]
    address_en: Mapped[str]
    route_zh: Mapped[str]
    route_en: Mapped[str]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    closed_on: Mapped[list[date]] = mapped_column(ARRAY(Date))
    created_at: Mapped[datetime]


class RoomRow(Base):
    """A room: seats, machines or stations of one form."""

    __tablename__ = "rooms"
    __table_args__ = (
        UniqueConstraint("site_id", "code"),
        status_check("form", Form),
        CheckConstraint("seats > 0 AND spares >= 0 AND spares < seats", name="seats"),
        CheckConstraint("columns > 0", name="columns"),
        {"schema": "scheduling"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("scheduling.sites.id"))
    code: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    form: Mapped[str]
    seats: Mapped[int]
    spares: Mapped[int]
    columns: Mapped[int]
    floor: Mapped[int]
    cameras: Mapped[bool]
    certificate_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))


class ConditionsRow(Base):
    """站点条件 of a certificate, as the organisation published them (C01)."""

    __tablename__ = "site_conditions"
    __table_args__ = (UniqueConstraint("certificate_id", "version"), {"schema": "scheduling"})

    id: Mapped[UUID] = mapped_column(primary_key=True)
    certificate_id: Mapped[UUID] = mapped_column(ForeignKey("exam.certificates.id"))
    version: Mapped[int]
    body: Mapped[str]
    minimum: Mapped[dict[str, Any]]  # form -> usable seats
    published_at: Mapped[datetime]


class ApprovalRow(Base):
    """An application of a site for a certificate, on its way to a right (domain 3.2)."""

    __tablename__ = "site_approvals"
    __table_args__ = (
        status_check("status", ApprovalStatus),
        status_check("standing", Standing),
        CheckConstraint("valid_from <= valid_to", name="period"),
        CheckConstraint("standing = 'designated' OR btrim(standing_reason) <> ''", name="standing_reason"),
        Index(
            "uq_site_approvals_designated",
            "certificate_id",
            "prefecture_code",
            unique=True,
            postgresql_where=text(f"standing = 'designated' AND status IN ({_LIVE})"),
        ),
        Index(
            "uq_site_approvals_site",
            "site_id",
            "certificate_id",
            unique=True,
            postgresql_where=text("status NOT IN ('revoked', 'expired')"),
        ),
        {"schema": "scheduling"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("scheduling.sites.id"))
    certificate_id: Mapped[UUID] = mapped_column(ForeignKey("exam.certificates.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("exam.organisations.id"), index=True)
    prefecture_code: Mapped[str] = mapped_column(ForeignKey("exam.prefectures.code"))
    levels: Mapped[list[str]] = mapped_column(ARRAY(Text))
    standing: Mapped[str]
    standing_reason: Mapped[str]
    status: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    conditions_version: Mapped[int]
    note: Mapped[str]
    submitted_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]


class ApprovalStepRow(Base):
    """One step of an application: who, when, from which state to which, why."""

    __tablename__ = "site_approval_steps"
    __table_args__ = ({"schema": "scheduling"},)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    approval_id: Mapped[UUID] = mapped_column(ForeignKey("scheduling.site_approvals.id"), index=True)
    from_status: Mapped[str]
    to_status: Mapped[str]
    reason: Mapped[str]
    by_name: Mapped[str]
    at: Mapped[datetime]


class WaiverRow(Base):
    """Why a prefecture goes without a site of a certificate (C02)."""

    __tablename__ = "coverage_waivers"
    __table_args__ = (
        UniqueConstraint("certificate_id", "prefecture_code", "valid_from"),
        CheckConstraint("btrim(reason) <> ''", name="reason"),
        CheckConstraint("valid_from <= valid_to", name="period"),
        {"schema": "scheduling"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    certificate_id: Mapped[UUID] = mapped_column(ForeignKey("exam.certificates.id"))
    prefecture_code: Mapped[str] = mapped_column(ForeignKey("exam.prefectures.code"))
    reason: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    granted_by: Mapped[str]
    granted_at: Mapped[datetime]
