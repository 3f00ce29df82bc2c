"""States of a plan, the refusals around it, and ticket numbers.

Ticket number (domain section 7, document 1; [C], the scheme is data): year and batch, site, serial number at the
site, and as its last two digits the seat of the first session.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from exam.kernel.errors import N_, Conflict, Invalid, NotFound

LOCK_BEFORE: Final = timedelta(hours=24)
"""So long before its first session a published plan is locked [C]: from then on only a repair, with its reason, changes it."""


class PlanStatus(StrEnum):
    """A plan is proposed, filed with the province or the awarding organisation, published, or set aside.

    Locked is a published plan whose first session is near, or that an officer has locked (:func:`locked`).
    """

    DRAFT = "draft"
    FILED = "filed"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"


PLAN_LABELS: Mapping[PlanStatus, str] = {
    PlanStatus.DRAFT: N_("草案"),
    PlanStatus.FILED: N_("已报备"),
    PlanStatus.PUBLISHED: N_("已发布"),
    PlanStatus.SUPERSEDED: N_("已被替代"),
}
ALLOWED: Mapping[PlanStatus, frozenset[PlanStatus]] = {
    PlanStatus.DRAFT: frozenset({PlanStatus.FILED, PlanStatus.PUBLISHED, PlanStatus.SUPERSEDED}),
    PlanStatus.FILED: frozenset({PlanStatus.DRAFT, PlanStatus.PUBLISHED, PlanStatus.SUPERSEDED}),
    PlanStatus.PUBLISHED: frozenset({PlanStatus.SUPERSEDED}),
    PlanStatus.SUPERSEDED: frozenset(),
}


def locked(status: PlanStatus, locked_at: datetime | None, first_start: datetime | None, now: datetime) -> bool:
    """Whether a plan is locked: by an officer, or because its first session is near."""
    near = first_start is not None and now >= first_start - LOCK_BEFORE
    return status is PlanStatus.PUBLISHED and (locked_at is not None or near)


class PlanUnknown(NotFound):
    message = N_("没有这份安排，或它不在您的范围内。")


class AlreadyPublished(Conflict):
    message = N_("本批次的安排已经发布，不能重新编排。")
    way_out = N_("发布后的变动在考场页面逐人办理：换座、换场都会写明理由并留档。")


class RegistrationOpen(Conflict):
    message = N_("批次现为“%(status)s”，报名截止后才能发布安排。")
    way_out = N_("现在可以试排草案；请先截止报名，再编排并发布。")


class PlanStale(Conflict):
    message = N_("编排之后报名有变化：草案包含 %(planned)s 人，现在应排 %(now)s 人。")
    way_out = N_("请重新编排，再发布新的草案。")


class AccommodationsChanged(Conflict):
    message = N_("编排之后有 %(n)s 名考生的便利措施有变化，草案没有落实。")
    way_out = N_("请重新编排，再发布新的草案。")


class PlanNotDraft(Conflict):
    message = N_("这份安排不是草案，不能发布。")
    way_out = N_("请从批次页面打开最新的草案。")


class FilingIncomplete(Invalid):
    message = N_("请写明报备给谁，以及报备的日期（不晚于今天）。")
    way_out = N_("例如：省级教育行政部门，或培训评价组织。")


class PlanNotFiled(Conflict):
    message = N_("这份安排现在不能报备或撤回报备。")
    way_out = N_("只有草案可以报备，只有已报备、尚未发布的安排可以撤回。")


class PlanFiled(Conflict):
    message = N_("本批次的安排已经报备，不再改动。")
    way_out = N_("请照此发布；要重新编排，请先在“版本与调整”撤回报备。")


class PlanNotPublished(Conflict):
    message = N_("这份安排不是现行的已发布安排。")
    way_out = N_("请从批次页面打开现行的安排。")


class GapsUnexplained(Invalid):
    message = N_("还有 %(unplaced)s 人未安排、%(unfilled)s 个岗位空缺；要照此发布，必须写明理由。")
    way_out = N_("请先解决，或写明这些人和岗位将如何处理。")


class NothingToPlace(Conflict):
    message = N_("本批次没有已确认的报名，无从编排。")
    way_out = N_("请先完成报名审核与缴费确认。")


class PlanBroken(Conflict):
    message = N_("独立检查发现这份安排违反 %(count)s 条硬性约束（%(codes)s），没有保存。")
    way_out = N_("请把批次编号和种子 %(seed)s 告诉管理员。")


@dataclass(frozen=True, kw_only=True)
class TicketScheme:
    """How a ticket number is put together; lengths in digits."""

    site_digits: int = 6
    serial_digits: int = 4
    seat_digits: int = 2

    def number(self, prefix: str, site_code: str, serial: int, seat_no: int) -> str:
        """Year and batch (prefix), site, serial within the batch, seat: digits only, typed on any keypad.

        The serial runs through the whole batch, so that numbers differ even where site codes end alike.
        """
        site = "".join(re.findall(r"\d", site_code)).rjust(self.site_digits, "0")[-self.site_digits :]
        seat = seat_no % 10**self.seat_digits
        return f"{prefix}{site}{serial:0{self.serial_digits}d}{seat:0{self.seat_digits}d}"


def batch_prefix(year: int, number: int) -> str:
    """Two digits of the year and the running number of the batch in it: 26001."""
    return f"{year % 100:02d}{number:03d}"
