"""Credits: when a proposal is due, where types and people stand (domain.md 3.9), and the two national reporting tables (section 8).

A proposal belongs to a certificate and level and has versions: hours, credits and the rule between them are data, not code.
"""

from __future__ import annotations

import calendar
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from exam.kernel.errors import N_, Conflict, Invalid, Problem
from exam.kernel.workdays import Due, is_official, is_workday

MOST_CREDITS: Final = Decimal(100)
MOST_HOURS: Final = Decimal(5000)
SOON: Final = timedelta(days=7)


def proposal_due(published_on: date) -> Due:
    """The last day for the credit proposal: a month after the certificate was published (E05).

    The same day of the next month, else that month's end; on a day off, the next working day (民法典 201-203, by convention).
    """
    year, month = (
        (published_on.year + 1, 1) if published_on.month == 12 else (published_on.year, published_on.month + 1)
    )
    day = date(year, month, min(published_on.day, calendar.monthrange(year, month)[1]))
    official = is_official(day)
    while not is_workday(day):
        day += timedelta(days=1)
        official = official and is_official(day)
    return Due(day, provisional=not official)


class TypeStatus(StrEnum):
    """Where the credit value of a certificate and level stands."""

    PROPOSAL_DUE = "proposal_due"
    PROPOSED = "proposed"
    REVIEW = "review"
    RECOGNISED = "recognised"
    REFUSED = "refused"
    PUBLISHED = "published"


class PersonStatus(StrEnum):
    """Where one person's certificate stands at the credit bank."""

    ACCOUNT_MISSING = "account_missing"
    ACCOUNT_OPEN = "account_open"
    STORED = "stored"
    CONVERSION_REQUESTED = "conversion_requested"
    SCHOOL_REVIEW = "school_review"
    CONVERTED = "converted"
    REFUSED = "refused"


T, P = TypeStatus, PersonStatus
TYPE_ALLOWED: Final[Mapping[TypeStatus, frozenset[TypeStatus]]] = MappingProxyType(
    {
        T.PROPOSAL_DUE: frozenset({T.PROPOSED}),
        T.PROPOSED: frozenset({T.REVIEW}),
        T.REVIEW: frozenset({T.RECOGNISED, T.REFUSED, T.PUBLISHED}),
        T.RECOGNISED: frozenset({T.PUBLISHED}),
        T.REFUSED: frozenset(),  # a next version is proposed
        T.PUBLISHED: frozenset(),
    }
)
PERSON_ALLOWED: Final[Mapping[PersonStatus, frozenset[PersonStatus]]] = MappingProxyType(
    {
        P.ACCOUNT_MISSING: frozenset({P.ACCOUNT_OPEN, P.STORED}),
        P.ACCOUNT_OPEN: frozenset({P.STORED}),
        P.STORED: frozenset({P.CONVERSION_REQUESTED}),
        P.CONVERSION_REQUESTED: frozenset({P.SCHOOL_REVIEW}),
        P.SCHOOL_REVIEW: frozenset({P.CONVERTED, P.REFUSED}),
        P.CONVERTED: frozenset(),
        P.REFUSED: frozenset({P.CONVERSION_REQUESTED}),
    }
)
TYPE_LABELS: Final[Mapping[TypeStatus, str]] = MappingProxyType(
    {
        T.PROPOSAL_DUE: N_("待提出建议"),
        T.PROPOSED: N_("已提出，待送达"),
        T.REVIEW: N_("学分银行核定中"),
        T.RECOGNISED: N_("已认定"),
        T.REFUSED: N_("未认定"),
        T.PUBLISHED: N_("已公布"),
    }
)
TYPE_TONES: Final[Mapping[TypeStatus, str]] = MappingProxyType(
    {
        T.PROPOSAL_DUE: "needs",
        T.PROPOSED: "needs",
        T.REVIEW: "needs",
        T.RECOGNISED: "done",
        T.REFUSED: "stopped",
        T.PUBLISHED: "done",
    }
)
PERSON_LABELS: Final[Mapping[PersonStatus, str]] = MappingProxyType(
    {
        P.ACCOUNT_MISSING: N_("未建账户"),
        P.ACCOUNT_OPEN: N_("已建账户，未存入"),
        P.STORED: N_("已存入"),
        P.CONVERSION_REQUESTED: N_("已申请转换"),
        P.SCHOOL_REVIEW: N_("院校审核中"),
        P.CONVERTED: N_("已转换"),
        P.REFUSED: N_("未予转换"),
    }
)
PERSON_TONES: Final[Mapping[PersonStatus, str]] = MappingProxyType(
    {
        P.ACCOUNT_MISSING: "warning",
        P.ACCOUNT_OPEN: "needs",
        P.STORED: "done",
        P.CONVERSION_REQUESTED: "needs",
        P.SCHOOL_REVIEW: "needs",
        P.CONVERTED: "done",
        P.REFUSED: "plain",
    }
)
NOT_STORED: Final = (P.ACCOUNT_MISSING, P.ACCOUNT_OPEN)
"""Issued but not stored: whom the institution must urge (E11)."""
ASKED: Final = (P.ACCOUNT_MISSING, P.ACCOUNT_OPEN)
"""What the bank is asked about; the later steps are the school's own."""


class CreditMoveRefused(Conflict):
    """The record does not stand where this step begins."""

    message = N_("%(name)s 的学分记录现在是“%(status)s”，这一步没有执行。")
    way_out = N_("请刷新页面，查看最新状态。")


class CertificateRevoked(Conflict):
    """Nothing is converted of a certificate that was revoked."""

    message = N_("%(name)s 已被撤销，存入的学分不能再转换。")
    way_out = N_("请选择“不予转换”，并写明理由。")


class BadProposal(Invalid):
    """The proposal cannot be sent."""

    message = N_("学分建议有误，没有保存任何更改。")


class BadConversion(Invalid):
    """The decision lacks what it needs."""

    message = N_("转换决定有误，没有保存任何更改。")


def type_move(name: str, present: TypeStatus, wanted: TypeStatus) -> TypeStatus:
    """The next status of a type, or `CreditMoveRefused`."""
    if wanted not in TYPE_ALLOWED[present]:
        raise CreditMoveRefused(name=name, status=TYPE_LABELS[present])
    return wanted


def person_move(name: str, present: PersonStatus, wanted: PersonStatus) -> PersonStatus:
    """The next status of a person's record, or `CreditMoveRefused`."""
    if wanted not in PERSON_ALLOWED[present]:
        raise CreditMoveRefused(name=name, status=PERSON_LABELS[present])
    return wanted


def proposal_problems(*, hours: Decimal, credits: Decimal, rule: str) -> list[Problem]:
    """What is wrong with a proposal, by field."""
    found = []
    if not 0 < hours <= MOST_HOURS:
        found.append(
            Problem(
                field="hours", code="range", message=N_("学时须大于 0，且不超过 %(most)s。"), facts={"most": MOST_HOURS}
            )
        )
    if not 0 < credits <= MOST_CREDITS:
        found.append(
            Problem(
                field="credits",
                code="range",
                message=N_("学分须大于 0，且不超过 %(most)s。"),
                facts={"most": MOST_CREDITS},
            )
        )
    if not rule.strip():
        found.append(Problem(field="rule", code="missing", message=N_("请写明学时与学分的换算规则。")))
    return found


def conversion_problems(
    *, converted: bool, course: str, credits: Decimal | None, reason: str, stored: Decimal
) -> list[Problem]:
    """What a school's decision lacks: a course and no more credits than were stored, or a reason."""
    found = []
    if converted and not course.strip():
        found.append(Problem(field="course", code="missing", message=N_("请填写转换成的课程。")))
    if converted and (credits is None or not 0 < credits <= stored):
        found.append(
            Problem(
                field="credits",
                code="range",
                message=N_("转换的学分须大于 0，且不超过存入的 %(most)s。"),
                facts={"most": stored},
            )
        )
    if not converted and not reason.strip():
        found.append(Problem(field="reason", code="missing", message=N_("不予转换须写明理由。")))
    return found


# ---------------------------------------------------------------- reporting tables


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a reporting table: its head, the longest value, whether it must be filled."""

    head: str
    longest: int
    required: bool = True


GZXZSSJ: Final = (
    Column(head="主键唯一性标识", longest=32), Column(head="学校代码", longest=10), Column(head="证书号", longest=32),
    Column(head="专业号", longest=20, required=False), Column(head="发证机构编码", longest=60),
    Column(head="发证机构名称", longest=150), Column(head="证书名称", longest=80), Column(head="证书类型", longest=30),
    Column(head="证书等级", longest=10), Column(head="鉴定地点", longest=100, required=False),
    Column(head="数据采集时间", longest=15), Column(head="上报状态", longest=10),
)  # fmt: skip
XSJNZSSJ: Final = (
    Column(head="学校代码", longest=10), Column(head="学号", longest=30, required=False), Column(head="学生姓名", longest=60),
    Column(head="发证机构编码", longest=60), Column(head="证书等级", longest=10), Column(head="证书号", longest=32),
    Column(head="证书名称", longest=80), Column(head="发证日期", longest=8), Column(head="是否支持电子证书", longest=1),
    Column(head="下载/打印次数", longest=10, required=False), Column(head="数据采集时间", longest=15),
)  # fmt: skip
CERTIFICATE_KIND: Final = "职业技能等级证书"


@dataclass(frozen=True, kw_only=True)
class Reported:
    """One issued certificate as the reporting tables want it."""

    number: str
    holder_name: str
    school_code: str
    major_code: str
    place: str
    organisation_code: str
    organisation_name: str
    certificate_name: str
    level: str
    issued_on: date
    registered: bool
    downloads: int = 0  # handed to the holder here; what is copied or printed elsewhere nobody counts


def certificate_row(one: Reported, at: datetime) -> list[str]:
    """A row of ODS_GZXZSSJ; `at` in China time."""
    key = hashlib.sha256(f"{one.school_code}/{one.number}".encode()).hexdigest()[:32]
    return [
        key, one.school_code, one.number, one.major_code, one.organisation_code, one.organisation_name, one.certificate_name,
        CERTIFICATE_KIND, one.level, one.place, f"{at:%Y%m%d %H%M%S}", "已上报" if one.registered else "未上报",
    ]  # fmt: skip


def student_row(one: Reported, at: datetime) -> list[str]:
    """A row of ODS_XSJNZSSJ. Student numbers are in no roster: empty, for the school to fill."""
    return [
        one.school_code, "", one.holder_name, one.organisation_code, one.level, one.number, one.certificate_name,
        f"{one.issued_on:%Y%m%d}", "1", str(one.downloads), f"{at:%Y%m%d %H%M%S}",
    ]  # fmt: skip


def table_problems(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> list[Problem]:
    """Every value that the table would not take, by row (the head being row 1) and column."""
    found = []
    for number, row in enumerate(rows, start=2):
        for column, value in zip(columns, row, strict=True):
            if len(value) > column.longest:
                found.append(
                    Problem(
                        row=number, field=column.head, code="too_long",
                        message=N_("“%(value)s”有 %(count)s 个字符，最多 %(most)s 个。"),
                        facts={"value": value[:40], "count": len(value), "most": column.longest},
                        way_out=N_("请在来源处缩短后重新导出；这一行没有写入文件。"),
                    )
                )  # fmt: skip
            elif column.required and not value.strip():
                found.append(
                    Problem(
                        row=number, field=column.head, code="missing", message=N_("没有填写。"),
                        way_out=N_("请在来源处补上后重新导出；这一行没有写入文件。"),
                    )
                )  # fmt: skip
    return found
