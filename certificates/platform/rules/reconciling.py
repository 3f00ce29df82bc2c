"""Ours against theirs: every difference between our register and the platform's, by name. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from certificates.platform.rules.status import GOING, THERE, PlatformStatus
from exam.kernel.errors import N_


class Difference(StrEnum):
    """How our register and the platform's can disagree about one certificate version."""

    MISSING_THERE = "missing_there"
    MISSING_HERE = "missing_here"
    FIELDS_DIFFER = "fields_differ"
    WITHDRAWN_THERE = "withdrawn_there"
    IN_FORCE_THERE = "in_force_there"
    RECEIPT_MISSING = "receipt_missing"


DIFFERENCE_LABELS: Final[Mapping[Difference, str]] = MappingProxyType(
    {
        Difference.MISSING_THERE: N_("平台缺少"),
        Difference.MISSING_HERE: N_("本系统缺少"),
        Difference.FIELDS_DIFFER: N_("字段不一致"),
        Difference.WITHDRAWN_THERE: N_("平台已撤销，本系统有效"),
        Difference.IN_FORCE_THERE: N_("本系统已撤销，平台仍有效"),
        Difference.RECEIPT_MISSING: N_("平台已入库，回执未到"),
    }
)
WAYS_OUT: Final[Mapping[Difference, str]] = MappingProxyType(
    {
        Difference.MISSING_THERE: N_("有回执而平台查不到：请凭平台编号向平台查询，不要直接重报。"),
        Difference.MISSING_HERE: N_("平台上有本机构名下而本系统没有的证书：请向平台核实来源，必要时报告冒用。"),
        Difference.FIELDS_DIFFER: N_("请核对下列字段；本系统有误则更正证书，平台有误则请平台更正。"),
        Difference.WITHDRAWN_THERE: N_("请向平台查询撤销原因；撤销属实的，在证书页撤销。"),
        Difference.IN_FORCE_THERE: N_("撤销尚未送达，系统会继续上报；若连续两天如此，请联系平台。"),
        Difference.RECEIPT_MISSING: N_("系统会先查询回执，不会重复上报。"),
    }
)


@dataclass(frozen=True, kw_only=True)
class Ours:
    """One of our registrations: its status, the digest of what was sent, when the receipt came."""

    key: str
    status: PlatformStatus
    digest: str
    accepted_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Theirs:
    """One record as the platform lists it."""

    key: str
    digest: str
    withdrawn: bool
    platform_id: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Differing:
    """One disagreement."""

    key: str
    kind: Difference


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Every disagreement in order of the keys, and the keys that agree and count as registered."""

    differences: tuple[Differing, ...]
    same: tuple[str, ...]


def compare(ours: Iterable[Ours], theirs: Iterable[Theirs], *, asked_at: datetime) -> Compared:
    """Ours against theirs; two empty registers agree.

    `asked_at` is when the platform was asked: what it accepted after that may be missing in its answer.
    """
    mine, other = {one.key: one for one in ours}, {one.key: one for one in theirs}
    found: list[Differing] = []
    same: list[str] = []
    for key in sorted(mine.keys() | other.keys()):
        kind = _difference(mine.get(key), other.get(key), asked_at)
        if kind is not None:
            found.append(Differing(key=key, kind=kind))
        elif key in mine and key in other and mine[key].status in THERE:
            same.append(key)
    return Compared(differences=tuple(found), same=tuple(same))


def _difference(ours: Ours | None, theirs: Theirs | None, asked_at: datetime) -> Difference | None:
    if ours is None:
        return Difference.MISSING_HERE
    if theirs is None:
        late = ours.accepted_at is not None and ours.accepted_at >= asked_at
        return Difference.MISSING_THERE if ours.status in THERE and not late else None
    if ours.status in GOING:
        return None if theirs.withdrawn else Difference.IN_FORCE_THERE
    if theirs.withdrawn:
        return Difference.WITHDRAWN_THERE
    if theirs.digest != ours.digest:
        return Difference.FIELDS_DIFFER
    return None if ours.status in THERE else Difference.RECEIPT_MISSING


HOLDER: Final = "holder"
"""Stands for name and ID number, which the platform does not show: they differ where nothing that is shown does."""
FIELD_LABELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "certificate_code": N_("证书代码"),
        "certificate_name": N_("证书名称"),
        "level": N_("等级"),
        "organisation_code": N_("培训评价组织代码"),
        "organisation_name": N_("培训评价组织"),
        "institution_name": N_("院校"),
        "batch_code": N_("考核批次"),
        "issued_on": N_("发证日期"),
        "sha256": N_("文件指纹"),
        HOLDER: N_("持证人信息"),
    }
)


def differing_fields(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """Which public fields differ, by name; `holder` where only what is not shown can differ."""
    fields = [name for name in sorted(theirs) if name in ours and str(ours[name]) != str(theirs[name])]
    return fields or [HOLDER]
