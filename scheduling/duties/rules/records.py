"""Records of the duties: examiners and their qualifications, sessions to staff, who is sent and what stays empty.

Sources: domain section 2 (assessors withdraw for relatives and own classes; ratios are norms: :mod:`scheduling.norms`),
D17 (an assessor holds the advanced certificate), section 0 decision 2 (invigilator and assessor are two duties).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from uuid import UUID

from exam.kernel.errors import N_, Conflict, NotFound
from exam.sittings.rules import Duty


class RelationKind(StrEnum):
    """What an examiner has declared."""

    PERSON = "person"
    INSTITUTION = "institution"


class GapReason(StrEnum):
    """Why a position stays empty."""

    NOBODY = "nobody"
    CONFLICT = "conflict"
    BUSY = "busy"
    STOPPED = "stopped"  # the arrangement was ended before anybody was found


RELATION_LABELS: Mapping[RelationKind, str] = {
    RelationKind.PERSON: N_("与考生有亲属或利害关系"),
    RelationKind.INSTITUTION: N_("在该院校任教或兼课"),
}
GAP_REASONS: Mapping[GapReason, str] = {
    GapReason.NOBODY: N_("人员库中没有符合条件的人。"),
    GapReason.CONFLICT: N_("符合条件的人都来自本考场考生的院校，或已申报利害关系。"),
    GapReason.BUSY: N_("符合条件的人当日已有任务、在其他站点或请假。"),
    GapReason.STOPPED: N_("编排提前结束，还没有排到这个岗位。"),
}
GAP_WAYS_OUT: Mapping[GapReason, str] = {
    GapReason.NOBODY: N_("请登记有资格的人员：考评员须持有该证书的高级证书并在有效期内。"),
    GapReason.CONFLICT: N_("请从其他院校增加考评员。"),
    GapReason.BUSY: N_("请增加人员或考期后重新编排。"),
    GapReason.STOPPED: N_("请重新编排，并让它进行到底。"),
}


class ExaminerKnown(Conflict):
    message = N_("%(name)s已在人员库中。")
    way_out = N_("请在列表中修改原有记录。")


class ExaminerUnknown(NotFound):
    message = N_("人员库中没有这个人。")


@dataclass(frozen=True, kw_only=True)
class Qualification:
    """The advanced certificate an assessor holds."""

    certificate_id: UUID
    may_lead: bool
    valid_from: date
    valid_to: date


@dataclass(frozen=True, kw_only=True)
class Examiner:
    """A member of the pool."""

    id: UUID
    account_id: UUID
    name: str
    institution_id: UUID
    prefecture_code: str
    may_invigilate: bool
    may_head: bool
    active: bool = True
    away_on: tuple[date, ...] = ()
    qualifications: tuple[Qualification, ...] = ()
    related_people: frozenset[UUID] = frozenset()
    related_institutions: frozenset[UUID] = frozenset()

    def qualified(self, certificate_id: UUID, day: date, *, lead: bool = False) -> bool:
        """H13: whether this person may assess (or lead) this certificate on that day."""
        return any(
            q.certificate_id == certificate_id and q.valid_from <= day <= q.valid_to and (q.may_lead or not lead)
            for q in self.qualifications
        )


@dataclass(frozen=True, kw_only=True)
class Post:
    """A session to staff, as far as staff is concerned."""

    session_id: UUID
    site_id: UUID
    host_institution_id: UUID
    prefecture_code: str
    room_id: UUID
    certificate_id: UUID
    practical: bool
    day: date
    starts_at: datetime
    ends_at: datetime
    candidates_count: int
    institution_ids: frozenset[UUID]  # where its candidates come from
    person_ids: frozenset[UUID]
    invigilators_count: int = 2  # asked for, in a practical room

    @cached_property
    def minutes(self) -> int:
        """Length of the duty."""
        return int((self.ends_at - self.starts_at).total_seconds() // 60)


@dataclass(frozen=True, kw_only=True)
class Occupied:
    """Time an examiner already serves, published in another batch."""

    site_id: UUID
    day: date
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """One person sent to one session."""

    session_id: UUID
    examiner_id: UUID
    duty: Duty


@dataclass(frozen=True, kw_only=True)
class Gap:
    """Positions of one session that stay empty."""

    session_id: UUID
    duty: Duty
    missing: int
    reason: GapReason


@dataclass(frozen=True, kw_only=True)
class Standby:
    """Somebody who waits at a site for a day in case somebody is ill."""

    site_id: UUID
    day: date
    examiner_id: UUID


@dataclass(frozen=True, kw_only=True)
class Roster:
    """Everybody who is sent, and what stays empty."""

    assignments: tuple[Assignment, ...]
    gaps: tuple[Gap, ...]
