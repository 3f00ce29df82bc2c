"""How a batch (domain 3.3) and a registration (domain 3.4) may change, each as one table; the guards have names.

A word of the domain is a status here and nowhere else. ``room_voided`` of 3.3 concerns one room and is told by the
sittings, not by the batch.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from exam.accounts.rules import Permission
from exam.kernel.errors import N_, Conflict


class BatchStatus(StrEnum):
    """Where a batch stands."""

    PLANNED = "planned"
    ANNOUNCED = "announced"
    REGISTRATION_OPEN = "registration_open"
    REGISTRATION_CLOSED = "registration_closed"
    ARRANGED = "arranged"
    TICKETS_RELEASED = "tickets_released"
    PAPERS_SEALED = "papers_sealed"
    IN_PROGRESS = "in_progress"
    SESSIONS_DONE = "sessions_done"
    SCORING = "scoring"
    VERIFIED = "verified"
    PUBLISHED = "published"
    REVIEW_WINDOW = "review_window"
    FINAL = "final"
    CERTIFICATES_ISSUED = "certificates_issued"
    REGISTERED = "registered"
    SETTLED = "settled"
    ARCHIVED = "archived"
    POSTPONED = "postponed"
    CANCELLED = "cancelled"


BATCH_STATUS_LABELS: Mapping[BatchStatus, str] = {
    BatchStatus.PLANNED: N_("计划中"),
    BatchStatus.ANNOUNCED: N_("已公布"),
    BatchStatus.REGISTRATION_OPEN: N_("报名中"),
    BatchStatus.REGISTRATION_CLOSED: N_("报名截止"),
    BatchStatus.ARRANGED: N_("已编排"),
    BatchStatus.TICKETS_RELEASED: N_("准考证已发放"),
    BatchStatus.PAPERS_SEALED: N_("试卷已封存"),
    BatchStatus.IN_PROGRESS: N_("考核进行中"),
    BatchStatus.SESSIONS_DONE: N_("考核结束"),
    BatchStatus.SCORING: N_("评分中"),
    BatchStatus.VERIFIED: N_("成绩已核定"),
    BatchStatus.PUBLISHED: N_("成绩已发布"),
    BatchStatus.REVIEW_WINDOW: N_("成绩复核期"),
    BatchStatus.FINAL: N_("成绩已确定"),
    BatchStatus.CERTIFICATES_ISSUED: N_("证书已颁发"),
    BatchStatus.REGISTERED: N_("已录入平台"),
    BatchStatus.SETTLED: N_("费用已结算"),
    BatchStatus.ARCHIVED: N_("已归档"),
    BatchStatus.POSTPONED: N_("已推迟"),
    BatchStatus.CANCELLED: N_("已取消"),
}

_B = BatchStatus
ROAD: tuple[BatchStatus, ...] = tuple(status for status in _B if status not in (_B.POSTPONED, _B.CANCELLED))
_BEFORE_FIRST_SESSION = ROAD[ROAD.index(_B.ANNOUNCED) : ROAD.index(_B.IN_PROGRESS)]

ALLOWED_BATCH: Mapping[BatchStatus, frozenset[BatchStatus]] = {
    status: frozenset(
        {*ROAD[place + 1 : place + 2]}
        | ({_B.POSTPONED, _B.CANCELLED} if status in _BEFORE_FIRST_SESSION else set())
        | ({_B.CANCELLED} if status is _B.PLANNED else set())
        | ({_B.REGISTRATION_OPEN} if status is _B.REGISTRATION_CLOSED else set())
        | ({_B.REGISTRATION_CLOSED} if status is _B.ARRANGED else set())
    )
    for place, status in enumerate(ROAD)
} | {
    _B.POSTPONED: frozenset({_B.ANNOUNCED, _B.REGISTRATION_OPEN, _B.REGISTRATION_CLOSED, _B.CANCELLED}),
    _B.CANCELLED: frozenset(),
}

REASON_NEEDED = frozenset(
    {
        (_B.REGISTRATION_CLOSED, _B.REGISTRATION_OPEN),
        (_B.ARRANGED, _B.REGISTRATION_CLOSED),
        *((status, side) for status in _B for side in (_B.POSTPONED, _B.CANCELLED)),
    }
)

_P = Permission
MOVERS: Mapping[BatchStatus, frozenset[Permission]] = {
    _B.PLANNED: frozenset({_P.BATCH_MANAGE}),
    _B.ANNOUNCED: frozenset({_P.BATCH_MANAGE}),
    _B.REGISTRATION_OPEN: frozenset({_P.BATCH_MANAGE}),
    _B.REGISTRATION_CLOSED: frozenset({_P.BATCH_MANAGE, _P.PLAN_MANAGE}),
    _B.ARRANGED: frozenset({_P.BATCH_MANAGE, _P.PLAN_MANAGE}),
    _B.TICKETS_RELEASED: frozenset({_P.BATCH_MANAGE, _P.PLAN_MANAGE, _P.PRINT_SET}),
    _B.PAPERS_SEALED: frozenset({_P.BATCH_MANAGE, _P.ITEM_WRITE}),
    _B.IN_PROGRESS: frozenset({_P.BATCH_MANAGE, _P.ROOM_RUN, _P.SITE_RUN}),
    _B.SESSIONS_DONE: frozenset({_P.BATCH_MANAGE, _P.ROOM_RUN, _P.SITE_RUN}),
    _B.SCORING: frozenset({_P.BATCH_MANAGE, _P.MARK_ENTER, _P.SHEET_SCORE, _P.OUTCOME_VERIFY, _P.OUTCOME_PUBLISH}),
    _B.VERIFIED: frozenset({_P.OUTCOME_VERIFY}),
    _B.PUBLISHED: frozenset({_P.OUTCOME_PUBLISH}),
    _B.REVIEW_WINDOW: frozenset({_P.OUTCOME_PUBLISH, _P.BATCH_MANAGE}),
    _B.FINAL: frozenset({_P.OUTCOME_PUBLISH, _P.BATCH_MANAGE}),
    _B.CERTIFICATES_ISSUED: frozenset({_P.CERTIFICATE_ISSUE}),
    _B.REGISTERED: frozenset({_P.PLATFORM_RUN}),
    _B.SETTLED: frozenset({_P.BATCH_MANAGE}),
    _B.ARCHIVED: frozenset({_P.BATCH_MANAGE}),
    _B.POSTPONED: frozenset({_P.BATCH_MANAGE}),
    _B.CANCELLED: frozenset({_P.BATCH_MANAGE}),
}


class BatchMoveNotAllowed(Conflict):
    """The table has no such step."""

    message = N_("批次现在是“%(from_status)s”，不能直接变为“%(to_status)s”。")
    way_out = N_("请按批次的步骤依次办理；批次页列出了下一步。")


class BatchReasonMissing(Conflict):
    """A step back or aside is recorded with its reason."""

    message = N_("变为“%(to_status)s”需要写明理由。")
    way_out = N_("请填写理由后再提交，理由会记入批次记录。")


class NoSchemeOffered(Conflict):
    message = N_("批次还没有开考的证书和等级。")
    way_out = N_("请先在批次中加入至少一个证书等级，再公布。")


class FilingMissing(Conflict):
    message = N_("全省范围的考核需要先报省级教育行政部门备案，批次还没有备案号。")
    way_out = N_("请填写备案号后再公布（教职成司函要求提前沟通并备案）。")


class WindowNotReached(Conflict):
    message = N_("报名窗口要到 %(opens)s 才开始。")
    way_out = N_("请到时再开放报名，或先修改报名开始时间。")


class WindowOver(Conflict):
    message = N_("报名窗口已于 %(closes)s 结束。")
    way_out = N_("请先把报名截止时间改到以后，再开放报名。")


class RegistrationsUnfinished(Conflict):
    message = N_("还有 %(unfinished)s 条报名没有确认，不能编排。")
    way_out = N_("请先审核、确认缴费，或退出、驳回这些报名。")


class NobodyRegistered(Conflict):
    message = N_("没有已确认的报名，无从编排。")
    way_out = N_("请先导入名单并完成审核。")


def in_china(instant: datetime) -> str:
    """An instant as words carry it: 2026-05-16 09:00, China time (B10: an instant, never a bare "midnight")."""
    return f"{instant.astimezone(ZoneInfo('Asia/Shanghai')):%Y-%m-%d %H:%M}"


@dataclass(frozen=True, kw_only=True)
class BatchFacts:
    """What the guards look at."""

    schemes_count: int
    filing_no: str
    opens_at: datetime
    closes_at: datetime
    unfinished_count: int  # live registrations not yet confirmed
    confirmed_count: int  # confirmed or further
    now: datetime


Guard = Callable[[BatchFacts], None]


def something_offered(facts: BatchFacts) -> None:
    """At least one certificate and level is offered."""
    if facts.schemes_count < 1:
        raise NoSchemeOffered


def filed(facts: BatchFacts) -> None:
    """F10: an exam across a province is filed with it beforehand."""
    if not facts.filing_no.strip():
        raise FilingMissing


def window_open(facts: BatchFacts) -> None:
    """The registration window, in server time, includes now."""
    if facts.now < facts.opens_at:
        raise WindowNotReached(opens=in_china(facts.opens_at))
    if facts.now >= facts.closes_at:
        raise WindowOver(closes=in_china(facts.closes_at))


def all_confirmed(facts: BatchFacts) -> None:
    """Nobody waits between registration and confirmation when places are arranged."""
    if facts.unfinished_count:
        raise RegistrationsUnfinished(unfinished=facts.unfinished_count)
    if not facts.confirmed_count:
        raise NobodyRegistered


GUARDS: Mapping[BatchStatus, tuple[Guard, ...]] = {
    _B.ANNOUNCED: (something_offered, filed),
    _B.REGISTRATION_OPEN: (something_offered, window_open),
    _B.ARRANGED: (all_confirmed,),
}


def check_batch_move(current: BatchStatus, to: BatchStatus, *, reason: str, facts: BatchFacts) -> None:
    """Raise the refusal that stands in the way of this step, if any."""
    if to not in ALLOWED_BATCH[current]:
        raise BatchMoveNotAllowed(from_status=BATCH_STATUS_LABELS[current], to_status=BATCH_STATUS_LABELS[to])
    if (current, to) in REASON_NEEDED and not reason.strip():
        raise BatchReasonMissing(to_status=BATCH_STATUS_LABELS[to])
    for guard in GUARDS.get(to, ()):
        guard(facts)


class RegistrationStatus(StrEnum):
    """Where a registration stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    DOCS_CHECKING = "docs_checking"
    RETURNED = "returned"
    ACCEPTED = "accepted"
    CONSENT_CONFIRMED = "consent_confirmed"
    WAIVED = "waived"
    INSTITUTION_PAID = "institution_paid"
    SELF_PAID = "self_paid"
    CONFIRMED = "confirmed"
    SEATED = "seated"
    OUTCOME = "outcome"
    TRANSFERRED = "transferred"
    WITHDRAWN = "withdrawn"
    REJECTED = "rejected"
    BARRED = "barred"

    @property
    def live(self) -> bool:
        """Whether it holds its place in the unique index, the quota and the plan."""
        return self not in DEAD

    @property
    def confirmed(self) -> bool:
        """Whether registration is over for it and a place can be, or was, given."""
        return self in CONFIRMED

    @property
    def to_check(self) -> bool:
        """Whether it waits for the officer's check."""
        return self in TO_CHECK

    @property
    def settled(self) -> bool:
        """Whether its fee is settled and only the confirmation is left."""
        return self in FEE_SETTLED


_R = RegistrationStatus
DEAD = frozenset({_R.WITHDRAWN, _R.REJECTED, _R.BARRED})
CONFIRMED = frozenset({_R.CONFIRMED, _R.TRANSFERRED, _R.SEATED, _R.OUTCOME})
TO_CHECK = frozenset({_R.SUBMITTED, _R.DOCS_CHECKING})
FEE_SETTLED = frozenset({_R.WAIVED, _R.INSTITUTION_PAID, _R.SELF_PAID})

REGISTRATION_STATUS_LABELS: Mapping[RegistrationStatus, str] = {
    _R.DRAFT: N_("草稿"),
    _R.SUBMITTED: N_("待审核"),
    _R.DOCS_CHECKING: N_("审核中"),
    _R.RETURNED: N_("已退回"),
    _R.ACCEPTED: N_("审核通过"),
    _R.CONSENT_CONFIRMED: N_("本人已同意"),
    _R.WAIVED: N_("已减免"),
    _R.INSTITUTION_PAID: N_("院校已缴费"),
    _R.SELF_PAID: N_("本人已缴费"),
    _R.CONFIRMED: N_("已确认"),
    _R.SEATED: N_("已编座"),
    _R.OUTCOME: N_("已出结果"),
    _R.TRANSFERRED: N_("已转考点"),
    _R.WITHDRAWN: N_("已退出"),
    _R.REJECTED: N_("已驳回"),
    _R.BARRED: N_("禁考"),
}

_UNTIL_SEATED = {_R.WITHDRAWN, _R.REJECTED, _R.BARRED}
ALLOWED_REGISTRATION: Mapping[RegistrationStatus, frozenset[RegistrationStatus]] = {
    _R.DRAFT: frozenset({_R.SUBMITTED, *_UNTIL_SEATED}),
    _R.SUBMITTED: frozenset({_R.DOCS_CHECKING, _R.RETURNED, _R.ACCEPTED, *_UNTIL_SEATED}),
    _R.DOCS_CHECKING: frozenset({_R.RETURNED, _R.ACCEPTED, *_UNTIL_SEATED}),
    _R.RETURNED: frozenset({_R.SUBMITTED, *_UNTIL_SEATED}),
    _R.ACCEPTED: frozenset({_R.CONSENT_CONFIRMED, *_UNTIL_SEATED}),
    _R.CONSENT_CONFIRMED: frozenset({*FEE_SETTLED, *_UNTIL_SEATED}),
    _R.WAIVED: frozenset({_R.CONFIRMED, *_UNTIL_SEATED}),
    _R.INSTITUTION_PAID: frozenset({_R.CONFIRMED, *_UNTIL_SEATED}),
    _R.SELF_PAID: frozenset({_R.CONFIRMED, *_UNTIL_SEATED}),
    _R.CONFIRMED: frozenset({_R.SEATED, _R.TRANSFERRED, *_UNTIL_SEATED}),
    _R.TRANSFERRED: frozenset({_R.SEATED, *_UNTIL_SEATED}),
    _R.SEATED: frozenset({_R.OUTCOME, _R.BARRED}),
    _R.OUTCOME: frozenset(),
    _R.WITHDRAWN: frozenset(),
    _R.REJECTED: frozenset(),
    _R.BARRED: frozenset(),
}


class RegistrationMoveNotAllowed(Conflict):
    message = N_("报名现在是“%(from_status)s”，不能变为“%(to_status)s”。")
    way_out = N_("请刷新页面，查看最新状态后再决定。")


def check_registration_move(current: RegistrationStatus, to: RegistrationStatus) -> None:
    """Raise :class:`RegistrationMoveNotAllowed` unless the table has this step."""
    if to not in ALLOWED_REGISTRATION[current]:
        raise RegistrationMoveNotAllowed(
            from_status=REGISTRATION_STATUS_LABELS[current], to_status=REGISTRATION_STATUS_LABELS[to]
        )
