"""The six certificates of the first batch (A02) with invented awarding organisations and exam schemes as data.

The pass rules are the three that are proven for real certificates (domain.md section 4): R1 weighted sum without
floors, R2 one paper, R3 every subject must pass. Fees stand at or under the computed cap (D01, D02).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from exam.demo import sheets

LEVELS = ("elementary", "intermediate", "advanced")
LEVEL_WORDS = {"elementary": "初级", "intermediate": "中级", "advanced": "高级"}
Data = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class DemoOrganisation:
    """An invented awarding organisation (培训评价组织)."""

    code: str  # four characters
    name_zh: str
    name_en: str


@dataclass(frozen=True, kw_only=True)
class DemoCertificate:
    """A certificate, the majors that fit it, and how its exam is made."""

    code: str  # three characters
    name_zh: str
    name_en: str
    organisation: str  # code
    majors: tuple[str, ...]
    forms: tuple[str, ...]


ORGANISATIONS: tuple[DemoOrganisation, ...] = (
    DemoOrganisation(
        code="YJ01", name_zh="云筑建科职业评价中心（演示）", name_en="Yunzhu Construction Assessment Centre (Demo)"
    ),
    DemoOrganisation(code="QM02", name_zh="前码信息技术评价中心（演示）", name_en="Qianma IT Assessment Centre (Demo)"),
    DemoOrganisation(
        code="TW03", name_zh="通衢物流职业评价中心（演示）", name_en="Tongqu Logistics Assessment Centre (Demo)"
    ),
    DemoOrganisation(
        code="NH04", name_zh="暖和照护职业评价中心（演示）", name_en="Nuanhe Care Assessment Centre (Demo)"
    ),
    DemoOrganisation(
        code="CX05", name_zh="驰行汽车职业评价中心（演示）", name_en="Chixing Automotive Assessment Centre (Demo)"
    ),
)

CERTIFICATES: tuple[DemoCertificate, ...] = (
    DemoCertificate(
        code="BIM", name_zh="建筑信息模型（BIM）", name_en="Building Information Modelling (BIM)", organisation="YJ01",
        majors=("建筑工程技术", "建设工程管理", "工程造价", "建筑装饰工程技术"),
        forms=("computer", "practical_general"),
    ),
    DemoCertificate(
        code="WEB", name_zh="Web前端开发", name_en="Web Front-end Development", organisation="QM02",
        majors=("软件技术", "计算机应用技术", "移动应用开发", "数字媒体技术"), forms=("computer", "computer"),
    ),
    DemoCertificate(
        code="LOG", name_zh="物流管理", name_en="Logistics Management", organisation="TW03",
        majors=("现代物流管理", "采购与供应管理", "物流工程技术"), forms=("paper",),
    ),
    DemoCertificate(
        code="ELD", name_zh="老年照护", name_en="Elderly Care", organisation="NH04",
        majors=("智慧健康养老服务与管理", "护理", "康复治疗技术"), forms=("computer", "practical_general"),
    ),
    DemoCertificate(
        code="AUT", name_zh="汽车运用与维修", name_en="Automobile Operation and Maintenance", organisation="CX05",
        majors=("汽车检测与维修技术", "汽车运用与维修", "汽车技术服务与营销"), forms=("paper", "practical_special"),
    ),
    DemoCertificate(
        code="NEV", name_zh="智能新能源汽车", name_en="Intelligent New Energy Vehicles", organisation="CX05",
        majors=("新能源汽车技术", "智能网联汽车技术", "新能源汽车检测与维修技术"),
        forms=("computer", "practical_special"),
    ),
)  # fmt: skip

_R1: Data = {"code": "R1", "version": 1, "kind": "weighted_sum", "pass_mark": "60", "places": 2}
_R2: Data = {"code": "R2", "version": 1, "kind": "single_paper", "pass_mark": "60", "places": 2}
_R3: Data = {"code": "R3", "version": 1, "kind": "every_component", "pass_mark": "60", "places": 2}

BLUEPRINT: Data = {
    "sections": [
        {"kind": "single", "name_zh": "单项选择题", "name_en": "Single choice", "count": 10, "points": "4"},
        {"kind": "multiple", "name_zh": "多项选择题", "name_en": "Multiple choice", "count": 4, "points": "8",
         "partial": "subset"},
        {"kind": "true_false", "name_zh": "判断题", "name_en": "True or false", "count": 4, "points": "4"},
        {"kind": "fill_in", "name_zh": "填空题", "name_en": "Fill in", "count": 2, "points": "6"},
    ],
    "shuffle_items": True,
    "shuffle_options": True,
}  # fmt: skip

_THEORY = ("理论", "Theory")
_PRACTICAL = ("实操", "Practical")


def _component(
    code: str, name: tuple[str, str], form: str, minutes: int, weight: str, minimum: str | None = None, **more: Any
) -> Data:
    data: Data = {
        "code": code,
        "name_zh": name[0],
        "name_en": name[1],
        "form": form,
        "duration_minutes": minutes,
        "full_marks": "100",
        "weight": weight,
        **more,
    }
    if minimum is not None:
        data["minimum"] = minimum
    if form == "computer":
        data["blueprint"] = BLUEPRINT
    return data


def _parts(code: str, step: int) -> tuple[list[Data], Data, str]:
    """Components, pass rule and fee of one certificate; ``step`` is 1, 2, 3 from elementary upwards."""
    longer = 10 * (step - 1)
    match code:
        case "BIM":
            return (
                [
                    _component("T", _THEORY, "computer", 50 + longer, "0.4"),
                    _component("P", _PRACTICAL, "practical_general", 80 + longer, "0.6", sheet=sheets.bim(step)),
                ],
                _R1,
                "380",
            )
        case "WEB":
            return (
                [
                    _component("T", _THEORY, "computer", 50 + longer, "0.4"),
                    _component("P", ("实操（机考）", "Practice by computer"), "computer", 60 + longer, "0.6"),
                ],
                _R1,
                "280",
            )
        case "LOG":
            return [_component("W", ("综合笔试", "Written examination"), "paper", 90 + longer, "1")], _R2, "160"
        case "ELD":
            return (
                [
                    _component("T", ("照护知识", "Knowledge of care"), "computer", 50 + longer, "0.4", "60"),
                    _component(
                        "P",
                        ("照护实操", "Care in practice"),
                        "practical_general",
                        40 + longer,
                        "0.6",
                        "60",
                        sheet=sheets.eld(step),
                    ),
                ],
                _R3,
                "360",
            )
        case "AUT":
            return (
                [
                    _component("W", _THEORY, "paper", 60 + longer, "0.3"),
                    _component("P", _PRACTICAL, "practical_special", 50 + longer, "0.7", sheet=sheets.aut(step)),
                ],
                _R1,
                "500",
            )
        case "NEV":
            return (
                [
                    _component("T", _THEORY, "computer", 50 + longer, "0.3", "60"),
                    _component("P", _PRACTICAL, "practical_special", 50 + longer, "0.7", "60", sheet=sheets.nev(step)),
                ],
                _R3,
                "580",
            )
    raise KeyError(code)


def definition(certificate: DemoCertificate, level: str) -> Mapping[str, Any]:
    """The published form of one exam scheme, ``kaowu-scheme/1``."""
    components, rule, fee = _parts(certificate.code, LEVELS.index(level) + 1)
    return {
        "format": "kaowu-scheme/1",
        "organisation": certificate.organisation,
        "certificate": certificate.code,
        "level": level,
        "fee_yuan": fee,
        "components": components,
        "pass_rule": rule,
    }


def definitions() -> Iterator[Mapping[str, Any]]:
    """All eighteen schemes: six certificates, three levels."""
    for certificate in CERTIFICATES:
        for level in LEVELS:
            yield definition(certificate, level)


def certificate_of(code: str) -> DemoCertificate:
    """The certificate with this code."""
    return next(certificate for certificate in CERTIFICATES if certificate.code == code)
