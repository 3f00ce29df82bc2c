"""Tables of the exam day. What must never be double is held here: a person's time, a room's time, a seat, a duty."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from exam.kernel.db import Base, append_only, status_check
from exam.sittings.rules import Duty, Effect, IncidentStatus, RoomStatus, SittingStatus

_PERIOD = text("tstzrange(starts_at, ends_at)")
_SEATS = text("int4range(first_seat, first_seat + seats_count)")


class RoomSessionRow(Base):
    """One component in one room in one time window."""

    __tablename__ = "room_sessions"
    __table_args__ = (
        status_check("status", RoomStatus),
        CheckConstraint("ends_at > starts_at", name="period"),
        CheckConstraint("seats_count > 0 AND first_seat > 0", name="seats_count"),
        CheckConstraint("status <> 'closed' OR (expected = present + absent)", name="balanced"),
        CheckConstraint("status = 'planned' OR awaits_paper = ''", name="awaits_paper"),
        ExcludeConstraint(
            ("room_id", "="), (_SEATS, "&&"), (_PERIOD, "&&"), name="ex_room_sessions_room", using="gist"
        ),
        Index("ix_room_sessions_batch_id", "batch_id"),
        Index("ix_room_sessions_site_id", "site_id", "starts_at"),
        {"schema": "exam"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    batch_id: Mapped[UUID]
    plan_id: Mapped[UUID]
    site_id: Mapped[UUID]
    site_code: Mapped[str]
    site_name: Mapped[str]
    site_name_en: Mapped[str]
    site_address: Mapped[str]
    site_address_en: Mapped[str]
    prefecture_code: Mapped[str]
    room_id: Mapped[UUID]
    room_name: Mapped[str]
    room_name_en: Mapped[str]
    component_id: Mapped[UUID]
    form: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    first_seat: Mapped[int]
    seats_count: Mapped[int]  # from the first one
    terms: Mapped[dict[str, Any]]
    status: Mapped[str]
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    expected: Mapped[int | None]
    present: Mapped[int | None]
    absent: Mapped[int | None]
    note: Mapped[str | None]
    awaits_paper: Mapped[str]  # the version that must be prepared before the room may open; empty: none


class SittingRow(Base):
    """One candidate x one component x one window x one seat."""

    __tablename__ = "sittings"
    __table_args__ = (
        status_check("status", SittingStatus),
        CheckConstraint("ends_at > starts_at", name="period"),
        CheckConstraint("seat_no > 0", name="seat_no"),
        CheckConstraint("late_minutes >= 0 AND extra_minutes >= 0 AND granted_minutes >= 0", name="minutes"),
        CheckConstraint("(status = 'absent') = (absent_at IS NOT NULL)", name="absent_at"),
        CheckConstraint("status NOT IN ('checked_in', 'started') OR checked_in_at IS NOT NULL", name="checked_in_at"),
        UniqueConstraint("room_session_id", "seat_no"),
        UniqueConstraint("registration_id", "component_id"),
        ExcludeConstraint(("person_id", "="), (_PERIOD, "&&"), name="ex_sittings_person", using="gist"),
        Index("ix_sittings_batch_id", "batch_id"),
        Index("ix_sittings_ticket_no", "ticket_no"),
        {"schema": "exam"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    batch_id: Mapped[UUID]
    registration_id: Mapped[UUID]
    person_id: Mapped[UUID]
    component_id: Mapped[UUID]
    room_session_id: Mapped[UUID] = mapped_column(ForeignKey(RoomSessionRow.id))
    seat_no: Mapped[int]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    paper_version: Mapped[str]
    ticket_no: Mapped[str]
    published_sha256: Mapped[str]  # of the place as it was published: tells a repeated publication from a changed one
    status: Mapped[str]
    checked_in_at: Mapped[datetime | None]
    check_in_method: Mapped[str | None]
    late_minutes: Mapped[int]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    absent_at: Mapped[datetime | None]
    granted_minutes: Mapped[int]  # of an accommodation (H16): the end has them already
    measures: Mapped[str]  # what must be done for the candidate, never why
    extra_minutes: Mapped[int]
    moves_count: Mapped[int]
    reason: Mapped[str | None]


class DutyRow(Base):
    """One person's duty in one room session; a site head serves all rooms of the site at once."""

    __tablename__ = "duties"
    __table_args__ = (
        status_check("duty", Duty),
        CheckConstraint("ends_at > starts_at", name="period"),
        UniqueConstraint("room_session_id", "account_id", "duty"),
        # Two duties in one room (invigilator and assessor, domain section 0, decision 2) are allowed; two rooms are not.
        ExcludeConstraint(
            ("account_id", "="),
            ("room_session_id", "<>"),
            (_PERIOD, "&&"),
            name="ex_duties_account",
            using="gist",
            where=text("duty <> 'site_head'"),
        ),
        {"schema": "exam"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    batch_id: Mapped[UUID] = mapped_column(index=True)
    room_session_id: Mapped[UUID] = mapped_column(ForeignKey(RoomSessionRow.id))
    account_id: Mapped[UUID]
    name: Mapped[str]
    duty: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]


class MoveRow(Base):
    """A change of seat or room after publication."""

    __tablename__ = "sitting_moves"
    __table_args__ = ({"schema": "exam"},)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    sitting_id: Mapped[UUID] = mapped_column(index=True)  # the log outlives a place that a repair took away
    from_room_session_id: Mapped[UUID] = mapped_column(index=True)
    from_seat_no: Mapped[int]
    to_room_session_id: Mapped[UUID] = mapped_column(index=True)
    to_seat_no: Mapped[int]
    reason: Mapped[str]
    by_account_id: Mapped[UUID | None]
    by_name: Mapped[str]
    at: Mapped[datetime]


class IncidentRow(Base):
    """A discipline incident from the room to its final decision (3.12)."""

    __tablename__ = "incidents"
    __table_args__ = (
        status_check("status", IncidentStatus),
        CheckConstraint(
            "effect IS NULL OR effect IN (" + ", ".join(f"'{effect}'" for effect in Effect) + ")", name="effect"
        ),
        CheckConstraint("status NOT IN ('decided', 'objected', 'final') OR effect IS NOT NULL", name="decided"),
        CheckConstraint(
            "signed IS NOT FALSE OR (cardinality(witnesses) >= 2 AND witnesses[1] <> witnesses[2])", name="witnesses"
        ),
        CheckConstraint("signed IS NULL OR read_at IS NOT NULL", name="read"),
        CheckConstraint("status IN ('recorded', 'dismissed') OR signed IS NOT NULL", name="signed"),
        CheckConstraint("served_how IN ('in_person', 'page', 'post', 'left')", name="served_how"),
        CheckConstraint("(served_at IS NULL) = (served_how IS NULL)", name="served"),
        UniqueConstraint("batch_id", "number"),
        {"schema": "exam"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    batch_id: Mapped[UUID]
    number: Mapped[int]  # within the batch, as printed on the record
    sitting_id: Mapped[UUID] = mapped_column(ForeignKey(SittingRow.id), index=True)
    room_session_id: Mapped[UUID] = mapped_column(ForeignKey(RoomSessionRow.id), index=True)
    registration_id: Mapped[UUID] = mapped_column(index=True)
    component_id: Mapped[UUID]
    code: Mapped[str]
    facts: Mapped[str]
    evidence: Mapped[str]
    seen_at: Mapped[datetime]
    read_at: Mapped[datetime | None]  # to the candidate, word for word
    read_name: Mapped[str | None]
    signed: Mapped[bool | None]  # None: nobody has signed or refused yet
    signed_at: Mapped[datetime | None]
    witnesses: Mapped[list[str]]
    reported_by: Mapped[UUID | None]
    reported_name: Mapped[str]
    reported_at: Mapped[datetime]
    status: Mapped[str]
    confirmed_by: Mapped[UUID | None]
    confirmed_name: Mapped[str | None]
    confirmed_at: Mapped[datetime | None]
    effect: Mapped[str | None]
    basis: Mapped[str | None]
    decision: Mapped[str | None]
    decided_by: Mapped[UUID | None]
    decided_name: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    objection_until: Mapped[datetime | None]
    served_at: Mapped[datetime | None]
    served_how: Mapped[str | None]
    served_name: Mapped[str | None]
    statement: Mapped[str | None]  # what the candidate said in defence, or that the right was waived
    final_at: Mapped[datetime | None]


class IncidentItemRow(Base):
    """Something kept from the candidate, with a receipt."""

    __tablename__ = "incident_items"
    __table_args__ = (CheckConstraint("item <> ''", name="item"), {"schema": "exam"})

    id: Mapped[UUID] = mapped_column(primary_key=True)
    incident_id: Mapped[UUID] = mapped_column(ForeignKey(IncidentRow.id), index=True)
    item: Mapped[str]
    kept_name: Mapped[str]
    kept_at: Mapped[datetime]


class IncidentReturnRow(Base):
    """A kept item given back, once: to whom, by whom."""

    __tablename__ = "incident_returns"
    __table_args__ = (CheckConstraint("to_name <> ''", name="to_name"), {"schema": "exam"})

    item_id: Mapped[UUID] = mapped_column(ForeignKey(IncidentItemRow.id), primary_key=True)
    to_name: Mapped[str]
    by_name: Mapped[str]
    at: Mapped[datetime]


class IncidentStatementRow(Base):
    """What the candidate says: in defence before the decision, or against it after."""

    __tablename__ = "incident_statements"
    __table_args__ = (CheckConstraint("kind IN ('defence', 'objection')", name="kind"), {"schema": "exam"})

    id: Mapped[UUID] = mapped_column(primary_key=True)
    incident_id: Mapped[UUID] = mapped_column(ForeignKey(IncidentRow.id), index=True)
    kind: Mapped[str]
    words: Mapped[str]
    at: Mapped[datetime]
    by_account_id: Mapped[UUID | None]
    by_name: Mapped[str]  # the candidate, or who wrote it down


class IncidentRulingRow(Base):
    """The decision on an objection, by somebody who did not make the first one."""

    __tablename__ = "incident_rulings"
    __table_args__ = (
        CheckConstraint("ruling IN ('upheld', 'changed', 'lifted')", name="ruling"),
        CheckConstraint("by_account_id IS DISTINCT FROM first_account_id", name="two_people"),
        CheckConstraint("reason <> ''", name="reason"),
        {"schema": "exam"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    incident_id: Mapped[UUID] = mapped_column(ForeignKey(IncidentRow.id), index=True)
    ruling: Mapped[str]
    reason: Mapped[str]
    first_account_id: Mapped[UUID | None]  # who made the decision objected to
    first_effect: Mapped[str]
    first_decision: Mapped[str]
    by_account_id: Mapped[UUID | None]
    by_name: Mapped[str]
    at: Mapped[datetime]


class RoomStepRow(Base):
    """What was recorded about one step of a room's minute plan. Facts are added: a confirmation or a correction is the next row."""

    __tablename__ = "room_steps"
    __table_args__ = (
        CheckConstraint("state IN ('asked', 'done', 'skipped')", name="state"),
        CheckConstraint("source IN ('page', 'paper')", name="source"),
        CheckConstraint("second_how IN ('password', 'device', 'paper')", name="second_how"),
        # Papers pass through two pairs of hands: the second person is somebody else, by account or by the names on paper.
        CheckConstraint(
            "NOT two_people OR state <> 'done' OR (source = 'page' AND second_account_id IS NOT NULL"
            " AND by_account_id IS DISTINCT FROM second_account_id)"
            " OR (source = 'paper' AND second_name <> '' AND by_name <> '' AND second_name <> by_name)",
            name="two_people",
        ),
        CheckConstraint("state <> 'skipped' OR reason <> ''", name="skipped"),
        CheckConstraint("NOT unbalanced OR reason <> ''", name="unbalanced"),
        CheckConstraint("source = 'page' OR keyed_name <> ''", name="keyed"),
        CheckConstraint("at <= recorded_at", name="at"),
        UniqueConstraint("room_session_id", "step", "no"),
        {"schema": "exam"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    room_session_id: Mapped[UUID] = mapped_column(ForeignKey(RoomSessionRow.id))
    plan_version: Mapped[int]
    step: Mapped[str]
    no: Mapped[int]  # the highest counts
    two_people: Mapped[bool]
    state: Mapped[str]
    at: Mapped[datetime]  # when it happened, as written on the paper where it was keyed in
    recorded_at: Mapped[datetime]
    by_account_id: Mapped[UUID | None]
    by_name: Mapped[str]
    second_account_id: Mapped[UUID | None]
    second_name: Mapped[str]
    second_how: Mapped[str | None]
    counts: Mapped[dict[str, Any]]
    unbalanced: Mapped[bool]
    reason: Mapped[str]
    source: Mapped[str]
    keyed_name: Mapped[str]


class AmendmentRow(Base):
    """A correction of attendance after the session: what stood before, what stands now, why, who."""

    __tablename__ = "attendance_amendments"
    __table_args__ = (
        CheckConstraint("reason <> ''", name="reason"),
        CheckConstraint("(from_status = 'absent') <> (to_status = 'absent')", name="change"),
        {"schema": "exam"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    sitting_id: Mapped[UUID] = mapped_column(index=True)
    room_session_id: Mapped[UUID] = mapped_column(index=True)
    from_status: Mapped[str]
    to_status: Mapped[str]
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]
    reason: Mapped[str]
    room_closed: Mapped[bool]
    by_account_id: Mapped[UUID | None]
    by_name: Mapped[str]
    at: Mapped[datetime]


class StationDrawRow(Base):
    """A draw of stations: from seed and list anybody gets the same."""

    __tablename__ = "station_draws"
    __table_args__ = (
        CheckConstraint("no = 1 OR reason <> ''", name="again"),
        CheckConstraint("seed <> ''", name="seed"),
        UniqueConstraint("room_session_id", "no"),
        {"schema": "exam"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    room_session_id: Mapped[UUID]
    no: Mapped[int]  # the highest holds
    seed: Mapped[str]
    list_sha256: Mapped[str]
    stations: Mapped[dict[str, Any]]  # ticket number -> station
    reason: Mapped[str]
    by_account_id: Mapped[UUID | None]
    by_name: Mapped[str]
    at: Mapped[datetime]


class StationStateRow(Base):
    """A station goes out of order, or works again; the latest row of a station holds."""

    __tablename__ = "station_states"
    __table_args__ = (CheckConstraint("reason <> ''", name="reason"), {"schema": "exam"})

    id: Mapped[UUID] = mapped_column(primary_key=True)
    room_session_id: Mapped[UUID] = mapped_column(index=True)
    seat_no: Mapped[int]
    out: Mapped[bool]
    reason: Mapped[str]
    by_name: Mapped[str]
    at: Mapped[datetime]


class AttemptRow(Base):
    """An attempt that a fault broke off and that is taken again; two people stand for it."""

    __tablename__ = "broken_attempts"
    __table_args__ = (
        CheckConstraint("reason <> ''", name="reason"),
        CheckConstraint("by_account_id IS DISTINCT FROM second_account_id", name="two_people"),
        UniqueConstraint("sitting_id", "no"),
        {"schema": "exam"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    sitting_id: Mapped[UUID]
    no: Mapped[int]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime]
    reason: Mapped[str]
    by_account_id: Mapped[UUID | None]
    by_name: Mapped[str]
    second_account_id: Mapped[UUID]
    second_name: Mapped[str]


append_only(MoveRow.__table__)
append_only(StationDrawRow.__table__)
append_only(StationStateRow.__table__)
append_only(AttemptRow.__table__)
append_only(AmendmentRow.__table__)
append_only(RoomStepRow.__table__)
append_only(IncidentItemRow.__table__)
append_only(IncidentReturnRow.__table__)
append_only(IncidentStatementRow.__table__)
append_only(IncidentRulingRow.__table__)
