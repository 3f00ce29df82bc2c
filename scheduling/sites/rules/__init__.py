"""Rules of 考核站点: the status table of an approval, capacity, the lint on conditions, and coverage.

Sources: C01 (conditions public, self-application, organisation and province agree, filed in both), C02 (at
least one site per certificate and prefecture with a pilot institution, 原则上), C04 (host is normally a
pilot institution), A11 (conditions name no brand to be bought), domain 3.2 (life cycle) and section 0,
decision 1 (one designated site per certificate and prefecture, further ones with a reason).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from exam.catalogue.rules import FORM_LABELS, Form, Level
from exam.kernel.errors import N_, Conflict, Forbidden, Invalid, NotFound, Problem


class ApprovalStatus(StrEnum):
    """Life cycle of one approval: certificate x site x valid period (domain 3.2)."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    DESK_REVIEW = "org_desk_review"
    ON_SITE_CHECK = "on_site_check"
    ORG_AGREED = "org_agreed"
    CONSULTED = "province_consulted"
    AGREED = "agreed"
    FILED_PROVINCE = "filed_province"
    FILED_PLATFORM = "filed_platform"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    EXPIRED = "expired"


class Standing(StrEnum):
    """Which of the sites of a certificate in a prefecture this one is."""

    DESIGNATED = "designated"
    BRANCH = "branch"
    RESERVE = "reserve"


class Party(StrEnum):
    """Who takes a step in the approval (C01)."""

    INSTITUTION = "institution"
    ORGANISATION = "organisation"
    PROVINCE = "province"


class CoverageState(StrEnum):
    """What C02 says about one certificate in one prefecture."""

    COVERED = "covered"
    WAIVED = "waived"
    MISSING = "missing"


STATUS_LABELS: Mapping[ApprovalStatus, str] = {
    ApprovalStatus.DRAFT: N_("草稿"),
    ApprovalStatus.SUBMITTED: N_("已提交"),
    ApprovalStatus.RETURNED: N_("已退回修改"),
    ApprovalStatus.DESK_REVIEW: N_("组织材料审核"),
    ApprovalStatus.ON_SITE_CHECK: N_("现场核查"),
    ApprovalStatus.ORG_AGREED: N_("培训评价组织同意"),
    ApprovalStatus.CONSULTED: N_("与省级沟通"),
    ApprovalStatus.AGREED: N_("协商确定"),
    ApprovalStatus.FILED_PROVINCE: N_("已在省级备案"),
    ApprovalStatus.FILED_PLATFORM: N_("已在平台备案"),
    ApprovalStatus.ACTIVE: N_("启用"),
    ApprovalStatus.SUSPENDED: N_("暂停"),
    ApprovalStatus.REVOKED: N_("已撤销"),
    ApprovalStatus.EXPIRED: N_("已到期"),
}
STATUS_TONES: Mapping[ApprovalStatus, str] = {
    **dict.fromkeys(ApprovalStatus, "needs"),
    ApprovalStatus.ACTIVE: "done",
    ApprovalStatus.RETURNED: "warning",
    ApprovalStatus.SUSPENDED: "warning",
    ApprovalStatus.REVOKED: "stopped",
    ApprovalStatus.EXPIRED: "stopped",
}
STANDING_LABELS: Mapping[Standing, str] = {
    Standing.DESIGNATED: N_("主站点"),
    Standing.BRANCH: N_("分站点"),
    Standing.RESERVE: N_("备用站点"),
}
COVERAGE_LABELS: Mapping[CoverageState, str] = {
    CoverageState.COVERED: N_("已覆盖"),
    CoverageState.WAIVED: N_("已说明理由"),
    CoverageState.MISSING: N_("缺站点"),
}
STEP_LABELS: Mapping[ApprovalStatus, str] = {
    ApprovalStatus.SUBMITTED: N_("提交申请"),
    ApprovalStatus.RETURNED: N_("退回修改"),
    ApprovalStatus.DESK_REVIEW: N_("开始材料审核"),
    ApprovalStatus.ON_SITE_CHECK: N_("进入现场核查"),
    ApprovalStatus.ORG_AGREED: N_("同意设点"),
    ApprovalStatus.CONSULTED: N_("提请省级沟通"),
    ApprovalStatus.AGREED: N_("协商确定"),
    ApprovalStatus.FILED_PROVINCE: N_("省级备案"),
    ApprovalStatus.FILED_PLATFORM: N_("登记平台备案"),
    ApprovalStatus.ACTIVE: N_("启用站点"),
    ApprovalStatus.SUSPENDED: N_("暂停站点"),
    ApprovalStatus.REVOKED: N_("撤销站点"),
    ApprovalStatus.EXPIRED: N_("标记到期"),
}

_S, _P = ApprovalStatus, Party
# Who may take which step. Absent = not allowed. The province's own steps need no organisation and the reverse (C01).
STEPS: Mapping[ApprovalStatus, Mapping[ApprovalStatus, Party]] = {
    _S.DRAFT: {_S.SUBMITTED: _P.INSTITUTION},
    _S.RETURNED: {_S.SUBMITTED: _P.INSTITUTION},
    _S.SUBMITTED: {_S.DESK_REVIEW: _P.ORGANISATION, _S.RETURNED: _P.ORGANISATION},
    _S.DESK_REVIEW: {_S.ON_SITE_CHECK: _P.ORGANISATION, _S.RETURNED: _P.ORGANISATION},
    _S.ON_SITE_CHECK: {_S.ORG_AGREED: _P.ORGANISATION, _S.RETURNED: _P.ORGANISATION},
    _S.ORG_AGREED: {_S.CONSULTED: _P.ORGANISATION},
    _S.CONSULTED: {_S.AGREED: _P.PROVINCE, _S.RETURNED: _P.PROVINCE},
    _S.AGREED: {_S.FILED_PROVINCE: _P.PROVINCE},
    _S.FILED_PROVINCE: {_S.FILED_PLATFORM: _P.PROVINCE},
    _S.FILED_PLATFORM: {_S.ACTIVE: _P.PROVINCE},
    _S.ACTIVE: {_S.SUSPENDED: _P.PROVINCE, _S.EXPIRED: _P.PROVINCE},
    _S.SUSPENDED: {_S.ACTIVE: _P.PROVINCE, _S.REVOKED: _P.PROVINCE},
    _S.REVOKED: {},
    _S.EXPIRED: {},
}
ALLOWED: Mapping[ApprovalStatus, frozenset[ApprovalStatus]] = {here: frozenset(to) for here, to in STEPS.items()}
NEEDS_REASON = frozenset({_S.RETURNED, _S.SUSPENDED, _S.REVOKED})
# A designated approval in one of these holds the place of its certificate and prefecture (database: partial unique index).
LIVE = tuple(status for status in ApprovalStatus if status not in (_S.DRAFT, _S.RETURNED, _S.REVOKED, _S.EXPIRED))
# Of every room of computers this share stays free for machines that fail (C: domain section 4, "Rooms"); data per room may raise it.
RESERVE_SHARE = 0.10


class StepNotAllowed(Conflict):
    message = N_("站点审批不能从“%(from_)s”到“%(to)s”。")
    way_out = N_("请刷新页面，按当前状态可用的按钮操作。")


class NotYourStep(Forbidden):
    message = N_("“%(step)s”由%(party)s办理。")
    way_out = N_("请等待对方办理，或联系其经办人。")


class ReasonMissing(Invalid):
    message = N_("“%(step)s”必须写明理由。")
    way_out = N_("请写明理由，理由会显示给对方并留档。")


class DesignatedTaken(Conflict):
    message = N_("%(prefecture)s的“%(certificate)s”已有主站点：%(site)s。")
    way_out = N_("请改为分站点或备用站点并写明理由，或先由省级撤销原主站点。")


class NotPilot(Conflict):
    message = N_("申请院校今年没有“%(certificate)s”的试点资格，不能申请该证书的考核站点。")
    way_out = N_("请先完成本年度试点申报，审核通过后再申请站点。")


class ConditionsMissing(Conflict):
    message = N_("“%(certificate)s”的站点条件尚未公布，不能提交申请。")
    way_out = N_("请联系培训评价组织公布站点条件。")


class CapacityMissing(Invalid):
    message = N_("考场条件未达到公布的要求，没有提交。")
    way_out = N_("请补充考场、座位或工位后再提交。")


class BrandNamed(Invalid):
    message = N_("站点条件不得要求购置指定品牌：发现“%(words)s”。")
    way_out = N_("请改写为功能与参数要求。")


class WaiverNotNeeded(Conflict):
    message = N_("%(prefecture)s的“%(certificate)s”已有启用的站点，或没有试点院校，不需要说明理由。")
    way_out = N_("请刷新覆盖图。")


class SiteUnknown(NotFound):
    message = N_("没有这个考核站点，或它不在您的范围内。")


class ApprovalUnknown(NotFound):
    message = N_("没有这份站点申请，或它不在您的范围内。")


PARTY_LABELS: Mapping[Party, str] = {
    Party.INSTITUTION: N_("申请院校"),
    Party.ORGANISATION: N_("培训评价组织"),
    Party.PROVINCE: N_("省级教育行政部门"),
}


@dataclass(frozen=True, kw_only=True)
class Room:
    """考场: seats, machines or stations of one form in one place."""

    id: UUID
    site_id: UUID
    code: str
    name_zh: str
    name_en: str
    form: Form
    seats: int  # all seats, machines or stations, spares included
    spares: int  # kept free for failures
    columns: int  # of the seat plan, seen from the platform
    floor: int
    cameras: bool
    certificate_ids: tuple[UUID, ...] = ()  # practical equipment serves these only; empty = any

    @property
    def usable(self) -> int:
        """Seats a session may fill."""
        return usable_seats(self.form, self.seats, self.spares)


@dataclass(frozen=True, kw_only=True)
class Site:
    """考核站点: an institution's place for exams."""

    id: UUID
    code: str
    name_zh: str
    name_en: str
    institution_id: UUID
    prefecture_code: str
    address_zh: str
    address_en: str
    route_zh: str
    route_en: str
    latitude: float | None
    longitude: float | None
    closed_on: tuple[date, ...] = ()
    rooms: tuple[Room, ...] = ()

    def seats(self, form: Form) -> int:
        """Usable seats of a form over all rooms."""
        return sum(room.usable for room in self.rooms if room.form == form)


@dataclass(frozen=True, kw_only=True)
class Approval:
    """The right of a site to hold a certificate's exams, and how far the application has come."""

    id: UUID
    site_id: UUID
    certificate_id: UUID
    organisation_id: UUID
    prefecture_code: str
    levels: tuple[Level, ...]
    standing: Standing
    standing_reason: str
    status: ApprovalStatus
    valid_from: date
    valid_to: date
    note: str  # the last reason given, e.g. why it was returned

    def holds(self, day: date, level: Level | None = None) -> bool:
        """H3: whether exams of this certificate (and level) may be held on that day."""
        return (
            self.status is ApprovalStatus.ACTIVE
            and self.valid_from <= day <= self.valid_to
            and (level is None or level in self.levels)
        )


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """Why a prefecture may do without a site of a certificate (C02: 原则上)."""

    certificate_id: UUID
    prefecture_code: str
    reason: str
    valid_from: date
    valid_to: date


@dataclass(frozen=True, kw_only=True)
class CoverageLine:
    """C02 for one certificate in one prefecture that has a pilot institution for it."""

    certificate_id: UUID
    prefecture_code: str
    state: CoverageState
    designated_site_id: UUID | None
    site_ids: tuple[UUID, ...]
    institutions_count: int
    reason: str = ""


def usable_seats(form: Form, seats: int, spares: int) -> int:
    """Seats to fill: all but the spares, and in computer rooms never more than 90 percent (H5)."""
    reserve = math.ceil(seats * RESERVE_SHARE) if form is Form.COMPUTER else 0
    return max(0, seats - max(spares, reserve))


def check_step(status: ApprovalStatus, to: ApprovalStatus, parties: Collection[Party], reason: str) -> None:
    """Refuse a step the table does not allow, that another party takes, or that lacks its reason."""
    party = STEPS[status].get(to)
    if party is None:
        raise StepNotAllowed(from_=STATUS_LABELS[status], to=STATUS_LABELS[to])
    if party not in parties:
        raise NotYourStep(step=STEP_LABELS[to], party=PARTY_LABELS[party])
    if to in NEEDS_REASON and not reason.strip():
        raise ReasonMissing(step=STEP_LABELS[to])


def next_steps(status: ApprovalStatus, parties: Collection[Party]) -> tuple[ApprovalStatus, ...]:
    """The steps these parties may take now, in the table's order."""
    return tuple(to for to, party in STEPS[status].items() if party in parties)


def check_standing(standing: Standing, reason: str) -> None:
    """A further site beside the designated one needs a recorded reason (section 0, decision 1)."""
    if standing is not Standing.DESIGNATED and not reason.strip():
        raise ReasonMissing(step=STANDING_LABELS[standing])


def check_capacity(rooms: Iterable[Room], minimum: Mapping[Form, int]) -> None:
    """Refuse a site below the published conditions: at least so many usable seats of each form (domain 3.2, guards)."""
    usable: dict[Form, int] = {}
    for room in rooms:
        usable[room.form] = usable.get(room.form, 0) + room.usable
    problems = [
        Problem(
            message=N_("%(form)s需要至少 %(need)s 个可用座位或工位，现有 %(have)s 个。"),
            facts={"form": FORM_LABELS[form], "need": need, "have": usable.get(form, 0)},
            field="rooms",
            code="capacity",
        )
        for form, need in minimum.items()
        if usable.get(form, 0) < need
    ]
    if not usable:
        problems.append(Problem(message=N_("申请里还没有考场。"), field="rooms", code="no_rooms"))
    if problems:
        raise CapacityMissing(problems=problems)


# A11: words by which a condition would make institutions buy somebody's product. Data: names are added as they are reported.
BRAND_WORDS = (
    "指定品牌",
    "品牌为",
    "品牌：",
    "品牌:",
    "原厂",
    "唯一供应商",
    "指定供应商",
    "指定型号",
    "须购置",
    "必须购买",
    "统一采购自",
)


def brand_words(text: str, words: Iterable[str] = BRAND_WORDS) -> tuple[str, ...]:
    """The words in a text on site conditions that A11 forbids, in their order of appearance."""
    found = [(text.find(word), word) for word in words if word in text]
    return tuple(word for _, word in sorted(found))


def check_conditions(text: str) -> None:
    """Refuse site conditions that name a brand to be bought (A11)."""
    if words := brand_words(text):
        raise BrandNamed(words="、".join(words))


def coverage(
    pilots: Iterable[tuple[UUID, str, UUID]],
    approvals: Iterable[Approval],
    waivers: Iterable[Waiver],
    on: date,
) -> tuple[CoverageLine, ...]:
    """C02 on one day, one line per (certificate, prefecture with a pilot institution), sorted.

    ``pilots`` are (certificate, prefecture code, institution). A prefecture is covered by an active designated
    site; branches alone do not cover it, because candidates are sent to the designated one.
    """
    institutions: dict[tuple[UUID, str], set[UUID]] = {}
    for certificate, prefecture, institution in pilots:
        institutions.setdefault((certificate, prefecture), set()).add(institution)
    sites: dict[tuple[UUID, str], list[Approval]] = {}
    for approval in approvals:
        if approval.holds(on):
            sites.setdefault((approval.certificate_id, approval.prefecture_code), []).append(approval)
    reasons = {(w.certificate_id, w.prefecture_code): w.reason for w in waivers if w.valid_from <= on <= w.valid_to}
    return tuple(
        _line(key, len(schools), sites.get(key, []), reasons.get(key, ""))
        for key, schools in sorted(institutions.items(), key=lambda item: (item[0][0], item[0][1]))
    )


def _line(key: tuple[UUID, str], schools: int, approvals: list[Approval], reason: str) -> CoverageLine:
    designated = next((a.site_id for a in approvals if a.standing is Standing.DESIGNATED), None)
    if designated is not None:
        state = CoverageState.COVERED
    elif reason:
        state = CoverageState.WAIVED
    else:
        state = CoverageState.MISSING
    return CoverageLine(
        certificate_id=key[0],
        prefecture_code=key[1],
        state=state,
        designated_site_id=designated,
        site_ids=tuple(sorted(approval.site_id for approval in approvals)),
        institutions_count=schools,
        reason=reason if state is CoverageState.WAIVED else "",
    )
