"""Pure records for the rules' tests: components, rules and sheets without a database."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from exam.catalogue.queries import pass_rule
from exam.catalogue.rules import Component, Form, PassRule

SPACE = UUID("00000000-0000-0000-0000-0000000000aa")


def component(code: str, seq: int = 1, /, **facts: Any) -> Component:
    """A component with a stable id made from its code."""
    minimum = facts.get("minimum")
    return Component(
        id=uuid5(SPACE, code),
        seq=seq,
        code=code,
        name_zh=f"科目{code}",
        name_en=f"Part {code}",
        form=Form.PAPER,
        duration_minutes=60,
        full_marks=Decimal(facts.get("full_marks", "100")),
        weight=Decimal(facts.get("weight", "1")),
        minimum=None if minimum is None else Decimal(minimum),
        late_limit_minutes=30,
        earliest_leave_minutes=30,
    )


def rule(**data: Any) -> PassRule:
    """A pass rule from its JSON form with the usual defaults."""
    usual = {"code": "R", "version": 1, "kind": "weighted_sum", "pass_mark": "60", "places": 2, "exempt": "exclude"}
    return pass_rule({**usual, **data})


def sheet_definition() -> Mapping[str, Any]:
    """A practical sheet that uses every kind of row (100 marks)."""
    return {
        "title_zh": "轴类零件加工",
        "title_en": "Turning a shaft",
        "overtime": {"every_minutes": 3, "points": "1", "stop_minutes": 15},
        "agreement": {"tolerance": "5", "assessors": 2},
        "sections": [
            {
                "code": "A", "name_zh": "工件质量", "name_en": "Work-piece", "dimension": "skill", "gate": "48",
                "rows": [
                    {"code": "A1", "kind": "measured", "name_zh": "外圆", "name_en": "Diameter", "points": "40",
                     "nominal": "20.00", "tolerance": "0.02", "step": "0.01", "per_step": "2", "unit": "mm"},
                    {"code": "A2", "kind": "all_or_nothing", "name_zh": "倒角", "name_en": "Chamfer", "points": "40"},
                ],
            },
            {
                "code": "B", "name_zh": "操作规范", "name_en": "Procedure", "dimension": "knowledge",
                "rows": [
                    {"code": "B1", "kind": "judged", "name_zh": "工序", "name_en": "Sequence", "points": "10",
                     "levels": [{"zh": "不会", "en": "none"}, {"zh": "较差", "en": "poor"},
                                {"zh": "良好", "en": "good"}, {"zh": "优秀", "en": "excellent"}]},
                ],
            },
            {
                "code": "C", "name_zh": "职业素养", "name_en": "Conduct", "dimension": "professionalism",
                "rows": [
                    {"code": "C1", "kind": "occurrence", "name_zh": "现场整理", "name_en": "Tidiness",
                     "points": "10", "each": "1"},
                    {"code": "C2", "kind": "veto", "name_zh": "违反安全规程", "name_en": "Safety breach",
                     "effect": "fail"},
                    {"code": "C3", "kind": "veto", "name_zh": "未戴护目镜", "name_en": "No goggles",
                     "effect": "section"},
                ],
            },
        ],
    }  # fmt: skip
