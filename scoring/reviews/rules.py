"""成绩复核 (domain 3.10): what may be asked, in which window, who looks again, and the states on the way.

Checked are missing marks, adding up, copying and the discipline record; nobody marks anew. The window of 5 working days and
the answer within 10 are a convention [C], counted by the official calendar (domain section 5).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from exam.kernel.errors import N_, Conflict, Forbidden, Invalid
from exam.kernel.workdays import Due, add_workdays

WINDOW_WORKDAYS = 5
ANSWER_WORKDAYS = 10
LONGEST_STATEMENT = 500


class ReviewStatus(StrEnum):
    REQUESTED = "requested"
    REFUSED = "refused"
    ACCEPTED = "accepted"
    RECHECKED = "rechecked"
    ANSWERED = "answered"


class Ground(StrEnum):
    """What a candidate may have checked."""

    MISSING = "missing"
    ADDING = "adding"
    COPYING = "copying"
    DISCIPLINE = "discipline"


class Finding(StrEnum):
    UPHELD = "upheld"
    CORRECTED = "corrected"


ALLOWED: Mapping[ReviewStatus, frozenset[ReviewStatus]] = {
    ReviewStatus.REQUESTED: frozenset({ReviewStatus.ACCEPTED, ReviewStatus.REFUSED}),
    ReviewStatus.ACCEPTED: frozenset({ReviewStatus.RECHECKED}),
    ReviewStatus.RECHECKED: frozenset({ReviewStatus.ANSWERED}),
    ReviewStatus.REFUSED: frozenset(),
    ReviewStatus.ANSWERED: frozenset(),
}
OPEN = frozenset(status for status, further in ALLOWED.items() if further)
"""A review in one of these keeps its outcome from becoming final."""

STATUS_LABELS: Mapping[ReviewStatus, str] = {
    ReviewStatus.REQUESTED: N_("待受理"),
    ReviewStatus.REFUSED: N_("不予受理"),
    ReviewStatus.ACCEPTED: N_("已受理，待复查"),
    ReviewStatus.RECHECKED: N_("已复查，待答复"),
    ReviewStatus.ANSWERED: N_("已答复"),
}
STATUS_TONES: Mapping[ReviewStatus, str] = {
    ReviewStatus.REQUESTED: "needs",
    ReviewStatus.REFUSED: "stopped",
    ReviewStatus.ACCEPTED: "needs",
    ReviewStatus.RECHECKED: "needs",
    ReviewStatus.ANSWERED: "done",
}
GROUND_LABELS: Mapping[Ground, str] = {
    Ground.MISSING: N_("漏登或漏评"),
    Ground.ADDING: N_("合计有误"),
    Ground.COPYING: N_("登记或转录有误"),
    Ground.DISCIPLINE: N_("违纪记录有误"),
}
FINDING_LABELS: Mapping[Finding, str] = {
    Finding.UPHELD: N_("复查无误，维持原结果"),
    Finding.CORRECTED: N_("发现差错，予以更正"),
}


@dataclass(frozen=True, kw_only=True)
class Review:
    """One candidate's request about one published outcome."""

    id: UUID
    outcome_id: UUID
    registration_id: UUID
    batch_id: UUID
    scheme_id: UUID
    ground: Ground
    statement: str
    status: ReviewStatus
    requested_at: datetime
    due_on: date
    due_provisional: bool  # the calendar of that year is not out yet
    decided_by: UUID | None
    decided_at: datetime | None
    refusal: str | None
    rechecked_by: UUID | None
    rechecked_at: datetime | None
    finding: Finding | None
    answer: str | None
    answered_by: UUID | None
    answered_at: datetime | None


class WindowOver(Conflict):
    message = N_("复核申请期已于 %(until)s 结束。")
    way_out = N_("如有新的情况，请向院校或培训评价组织反映。")


class NothingToReview(Conflict):
    message = N_("只能对已发布、尚在复核期内的结果申请复核。")


class AlreadyRequested(Conflict):
    message = N_("这个结果已经申请过复核。")
    way_out = N_("请在“我的复核”中查看进度。")


class StatementMissing(Invalid):
    message = N_("请写明要核查的内容，不超过 %(longest)s 字。")


class ReasonMissing(Invalid):
    message = N_("请写明理由。")


class StepRefused(Conflict):
    message = N_("复核现为“%(present)s”，不能办理这一步。")
    way_out = N_("请刷新页面，按最新状态办理。")


class HandInResult(Forbidden):
    message = N_("您参与过这个结果的登分、核定或发布，不能复查。")
    way_out = N_("请由没有参与的人员复查。")


class OwnRecheck(Forbidden):
    message = N_("复查人不能答复自己的复查。")
    way_out = N_("请由另一名成绩管理员答复。")


class CorrectionMissing(Invalid):
    message = N_("更正须写出至少一个科目的正确得分。")


def window(published_on: date) -> Due:
    """The last day on which a review may be asked for; the day of publication is not counted."""
    return add_workdays(published_on, WINDOW_WORKDAYS)


def window_over(published_on: date, today: date) -> bool:
    """Whether nobody can ask any more: the last day ends at 24:00."""
    return today > window(published_on).on


def answer_due(requested_on: date) -> Due:
    """The day by which the candidate has an answer."""
    return add_workdays(requested_on, ANSWER_WORKDAYS)


def require_window(published_on: date, today: date) -> None:
    """Refuse a request after the window."""
    if window_over(published_on, today):
        raise WindowOver(until=window(published_on).on)


def require_step(present: ReviewStatus, wanted: ReviewStatus) -> None:
    """Refuse a step the table does not know."""
    if wanted not in ALLOWED[present]:
        raise StepRefused(present=STATUS_LABELS[present])
