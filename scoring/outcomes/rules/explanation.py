"""Why a result is what it is, as data: steps of (msgid, facts) that can be told in either language later.

The inputs are kept in one canonical JSON (sorted keys, no blanks, numbers as plain text); its SHA-256 and the version
of the rule are stored beside the outcome, so that anybody can apply the rule again and compare.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from exam.catalogue.rules import Component, PassRule, pass_rule_data, plain
from exam.kernel.errors import N_
from scoring.marking.rules import PartState

SHOWN = Decimal("0.0001")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One sentence of an explanation. A fact is text, or a text in both languages {"zh", "en"}."""

    kind: str  # part | total | test | result
    text: str  # msgid
    facts: Mapping[str, Any] = field(default_factory=dict, hash=False)
    good: bool | None = None  # None: neither for nor against

    def data(self) -> dict[str, Any]:
        return {"kind": self.kind, "text": self.text, "facts": dict(self.facts), "good": self.good}


@dataclass(frozen=True, kw_only=True)
class Explanation:
    rule_version: str
    inputs: Mapping[str, Any] = field(hash=False)
    steps: tuple[Step, ...]

    @property
    def inputs_sha256(self) -> str:
        return digest(self.inputs)

    def data(self) -> dict[str, Any]:
        """What is stored with the outcome."""
        return {
            "rule_version": self.rule_version,
            "inputs_sha256": self.inputs_sha256,
            "steps": [step.data() for step in self.steps],
        }


def digest(data: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON."""
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def canonical_inputs(rule: PassRule, parts: Iterable[tuple[Component, PartState, Decimal | None]]) -> dict[str, Any]:
    """Everything the decision depends on; UUIDs and numbers as text."""
    return {
        "rule": pass_rule_data(rule),
        "parts": [
            {
                "component": str(component.id), "code": component.code, "seq": component.seq,
                "full_marks": plain(component.full_marks), "weight": plain(component.weight),
                "minimum": None if component.minimum is None else plain(component.minimum),
                "state": state.value, "value": None if value is None else plain(value),
            }
            for component, state, value in parts
        ],
    }  # fmt: skip


def part(component: Component, state: PartState, value: Decimal, percent: Decimal, share: Decimal) -> Step:
    retained = state is PartState.RETAINED
    text = (
        N_(
            "“%(component)s”沿用保留成绩 %(value)s 分（满分 %(full)s），百分制 %(percent)s，权重 %(weight)s，计 %(points)s 分。"
        )
        if retained
        else N_(
            "“%(component)s”得 %(value)s 分（满分 %(full)s），百分制 %(percent)s，权重 %(weight)s，计 %(points)s 分。"
        )
    )
    facts = {
        "component": _name(component), "value": plain(value), "full": plain(component.full_marks),
        "percent": _shown(percent), "weight": _percent(share), "points": _shown(percent * share),
    }  # fmt: skip
    return Step(kind="part", text=text, facts=facts)


def exempt(component: Component, whole: Decimal) -> Step:
    facts = {"component": _name(component), "weight": _percent(component.weight), "whole": _percent(whole)}
    return Step(
        kind="part",
        facts=facts,
        text=N_("“%(component)s”免试，其权重 %(weight)s 不计入，其余科目合计 %(whole)s 按比例放大为 100%%。"),
    )


def exempt_fixed(component: Component, percent: Decimal) -> Step:
    facts = {"component": _name(component), "percent": plain(percent), "weight": _percent(component.weight)}
    return Step(
        kind="part", facts=facts, text=N_("“%(component)s”免试，按方案规定的 %(percent)s 分计入，权重 %(weight)s。")
    )


_STATES: Mapping[PartState, str] = {
    PartState.SCORED: N_("“%(component)s”得 %(value)s 分（满分 %(full)s）。"),
    PartState.RETAINED: N_("“%(component)s”有保留成绩 %(value)s 分（满分 %(full)s）。"),
    PartState.ABSENT: N_("“%(component)s”缺考。"),
    PartState.VOID: N_("“%(component)s”成绩无效。"),
    PartState.EXEMPT: N_("“%(component)s”免试。"),
    PartState.MISSING: N_("“%(component)s”没有成绩。"),
}


def state(component: Component, state: PartState, value: Decimal | None) -> Step:
    """A part told by its state alone, where no total is formed."""
    facts = {"component": _name(component), "value": "" if value is None else plain(value),
             "full": plain(component.full_marks)}  # fmt: skip
    good = False if state in (PartState.ABSENT, PartState.VOID) else None
    return Step(kind="part", text=_STATES[state], facts=facts, good=good)


def total(raw: Decimal, composite: Decimal, *, reference: bool) -> Step:
    text = (
        N_("各科合成 %(raw)s，四舍五入公布为 %(composite)s；按科目判定，总分仅供参考。")
        if reference
        else N_("各科合成 %(raw)s，四舍五入公布为 %(composite)s。")
    )
    return Step(kind="total", text=text, facts={"raw": _long(raw), "composite": format(composite, "f")})


def against_pass_mark(composite: Decimal, mark: Decimal, enough: bool) -> Step:
    text = N_("总分 %(composite)s 达到合格线 %(mark)s。") if enough else N_("总分 %(composite)s 低于合格线 %(mark)s。")
    return Step(kind="test", text=text, good=enough, facts={"composite": format(composite, "f"), "mark": plain(mark)})


def against_minimum(component: Component, value: Decimal, least: Decimal, enough: bool) -> Step:
    text = (
        N_("“%(component)s” %(value)s 分，达到本科目最低要求 %(least)s 分。")
        if enough
        else N_("“%(component)s” %(value)s 分，低于本科目最低要求 %(least)s 分。")
    )
    facts = {"component": _name(component), "value": format(value, "f"), "least": plain(least)}
    return Step(kind="test", text=text, facts=facts, good=enough)


def _name(component: Component) -> dict[str, str]:
    return {"zh": component.name_zh, "en": component.name_en}


def _shown(number: Decimal) -> str:
    """For reading only: four places; the calculation goes on with the exact number."""
    return plain(number.quantize(SHOWN, ROUND_HALF_UP))


def _long(number: Decimal) -> str:
    """The total before rounding, to eight places for reading."""
    return plain(number.quantize(Decimal("0.00000001"), ROUND_HALF_UP))


def _percent(share: Decimal) -> str:
    return f"{_shown(share * 100)}%"
