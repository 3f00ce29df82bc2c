"""Definitions of schemes for tests, in the published JSON form."""

from copy import deepcopy
from typing import Any

from tests.scoring.builders import sheet_definition

_BLUEPRINT = {
    "sections": [
        {"kind": "single", "name_zh": "单项选择题", "name_en": "Single choice", "count": 30, "points": "2"},
        {"kind": "multiple", "name_zh": "多项选择题", "name_en": "Multiple choice", "count": 10, "points": "4",
         "partial": "subset"},
    ]
}  # fmt: skip
_DEFINITION: dict[str, Any] = {
    "format": "kaowu-scheme/1",
    "organisation": "T001",
    "certificate": "TST",
    "level": "elementary",
    "fee_yuan": "420",
    "pass_rule": {"code": "R1", "version": 1, "kind": "weighted_sum", "pass_mark": "60"},
    "components": [
        {"code": "T", "name_zh": "理论", "name_en": "Theory", "form": "computer", "duration_minutes": 60,
         "full_marks": "100", "weight": "0.4", "blueprint": _BLUEPRINT},
        {"code": "P", "name_zh": "实操", "name_en": "Practical", "form": "practical_general", "duration_minutes": 90,
         "full_marks": "100", "weight": "0.6", "sheet": sheet_definition()},
    ],
}  # fmt: skip


def definition(**changes: Any) -> dict[str, Any]:
    """The definition with top-level changes; None drops a field."""
    made = deepcopy(_DEFINITION) | changes
    return {name: value for name, value in made.items() if value is not None}


def with_component(index: int, **changes: Any) -> dict[str, Any]:
    """The definition with changes to one component; None drops a field."""
    made = definition()
    component = made["components"][index] | changes
    made["components"][index] = {name: value for name, value in component.items() if value is not None}
    return made
