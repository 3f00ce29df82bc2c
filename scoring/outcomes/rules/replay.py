"""Applying the rule again to the inputs that were stored: the proof behind every outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from exam.catalogue.rules import Component, ExemptPolicy, Form, PassKind, PassRule
from scoring.marking.rules import PartState
from scoring.outcomes.rules.decision import Part, Verdict, decide


def replay(inputs: Mapping[str, Any]) -> Verdict:
    """Decide again from the canonical inputs alone."""
    rule, components, parts = inputs_of(inputs)
    return decide(rule, components, parts)


def inputs_of(inputs: Mapping[str, Any]) -> tuple[PassRule, Sequence[Component], Mapping[UUID, Part]]:
    """Rule, components and parts as the stored inputs hold them; names are not among the inputs and stay empty."""
    rule = inputs["rule"]
    mark = rule.get("exempt_mark")
    made = PassRule(
        code=rule["code"], version=int(rule["version"]), kind=PassKind(rule["kind"]),
        pass_mark=Decimal(rule["pass_mark"]), places=int(rule["places"]), exempt=ExemptPolicy(rule["exempt"]),
        exempt_mark=None if mark is None else Decimal(mark),
    )  # fmt: skip
    components = [_component(part) for part in inputs["parts"]]
    parts = {
        UUID(part["component"]): Part(
            state=PartState(part["state"]), value=None if part["value"] is None else Decimal(part["value"])
        )
        for part in inputs["parts"]
    }
    return made, components, parts


def _component(part: Mapping[str, Any]) -> Component:
    minimum = part["minimum"]
    return Component(
        id=UUID(part["component"]), seq=int(part["seq"]), code=part["code"], name_zh="", name_en="", form=Form.PAPER,
        duration_minutes=0, full_marks=Decimal(part["full_marks"]), weight=Decimal(part["weight"]),
        minimum=None if minimum is None else Decimal(minimum), late_limit_minutes=0, earliest_leave_minutes=0,
    )  # fmt: skip
