"""The decision: component marks and a pass rule in, a decision with its whole explanation out (domain section 4).

Numbers are ``Decimal``. A total is rounded once, ROUND_HALF_UP to the published places, in :func:`published`, and the
decision is taken on the published number, so that nobody reads "60.00, not passed". A division that does not end is
carried to 60 digits: with marks of 4 places and full marks under 10^6 no such quotient comes nearer to a rounding
boundary than 10^-13, so the rounded number is the exact one.

Absent, zero, void, exempt, retained and missing are six different things: a missing part has no outcome at all, a void
part voids the outcome, an absent part makes it absent, an exempt part is left out of the weights or stands with a fixed
mark as the rule says, a retained part counts with its earlier mark, and a zero is a mark.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from enum import StrEnum
from uuid import UUID

from exam.catalogue.rules import Component, ExemptPolicy, PassKind, PassRule
from exam.kernel.errors import N_, Conflict, Invalid
from scoring.marking.rules import PartState
from scoring.outcomes.rules import explanation as say
from scoring.outcomes.rules.explanation import Explanation, Step

ENGINE = "decide/1"
EXACT = Context(prec=60, rounding=ROUND_HALF_UP)
HUNDRED = Decimal(100)
ZERO = Decimal(0)


class Decision(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    ABSENT = "absent"
    VOID = "void"


@dataclass(frozen=True, kw_only=True)
class Part:
    """One component's contribution. A value stands exactly where the state has one."""

    state: PartState
    value: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What was decided. ``composite`` is the published total, ``raw`` the one before rounding; None where none exists."""

    decision: Decision
    composite: Decimal | None
    raw: Decimal | None
    explanation: Explanation


class NoComponents(Invalid):
    message = N_("考核方案没有科目，不能形成结果。")


class WeightsWrong(Invalid):
    message = N_("科目权重合计为 %(total)s，必须等于 1。")


class PartsMissing(Conflict):
    message = N_("还缺科目成绩：%(components)s。")
    way_out = N_("请先完成这些科目的登分。")


class NothingScored(Conflict):
    message = N_("没有任何一科实际考核，不能形成结果。")
    way_out = N_("免试只能免去部分科目；请核对免试记录。")


class ValueWrong(Invalid):
    message = N_("科目“%(component)s”的成绩 %(value)s 与状态不符，或超出满分。")


def published(value: Decimal, places: int) -> Decimal:
    """The one place where a mark is rounded: half up, to the published places."""
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, EXACT)


def decide(rule: PassRule, components: Sequence[Component], parts: Mapping[UUID, Part]) -> Verdict:
    """Decide one registration's result. ``parts`` is by component id; a component without a part is missing."""
    ordered = sorted(components, key=lambda component: component.seq)
    _check(ordered, parts)
    pairs = [(component, parts.get(component.id, Part(state=PartState.MISSING))) for component in ordered]
    with localcontext(EXACT):
        verdict = _decide(rule, pairs)
    return verdict


def _decide(rule: PassRule, pairs: Sequence[tuple[Component, Part]]) -> Verdict:
    inputs = say.canonical_inputs(rule, [(component, part.state, part.value) for component, part in pairs])
    states = [part.state for _, part in pairs]

    def verdict(decision: Decision, steps: Sequence[Step], raw: Decimal | None = None) -> Verdict:
        total = None if raw is None else published(raw, rule.places)
        whole = Explanation(rule_version=f"{rule.name}+{ENGINE}", inputs=inputs, steps=(*steps, _ends[decision]))
        return Verdict(decision=decision, composite=total, raw=raw, explanation=whole)

    if PartState.VOID in states:
        return verdict(Decision.VOID, [say.state(component, part.state, part.value) for component, part in pairs])
    missing = [component for component, part in pairs if part.state is PartState.MISSING]
    if missing:
        raise PartsMissing(components="、".join(component.name_zh for component in missing))
    if not any(part.state is not PartState.EXEMPT for _, part in pairs):
        raise NothingScored()
    if PartState.ABSENT in states:
        return verdict(Decision.ABSENT, [say.state(component, part.state, part.value) for component, part in pairs])
    raw, steps = _combine(rule, pairs)
    steps.append(say.total(raw, published(raw, rule.places), reference=rule.kind is PassKind.EVERY_COMPONENT))
    passed, reasons = _RULES[rule.kind](rule, pairs, published(raw, rule.places))
    return verdict(Decision.PASSED if passed else Decision.FAILED, [*steps, *reasons], raw)


def _combine(rule: PassRule, pairs: Sequence[tuple[Component, Part]]) -> tuple[Decimal, list[Step]]:
    """The weighted total on the scale 0-100, unrounded, and how each part came into it."""
    excluded = rule.exempt is ExemptPolicy.EXCLUDE
    counted = [c.weight for c, part in pairs if not (excluded and part.state is PartState.EXEMPT)]
    whole = sum(counted, ZERO)
    if not whole:
        raise NothingScored()
    total, steps = ZERO, []
    for component, part in pairs:
        if part.state is PartState.EXEMPT and excluded:
            steps.append(say.exempt(component, whole))
            continue
        if part.value is None:  # exempt with a fixed mark
            percent = rule.exempt_mark or ZERO
            steps.append(say.exempt_fixed(component, percent))
        else:
            percent = part.value * HUNDRED / component.full_marks
            steps.append(say.part(component, part.state, part.value, percent, component.weight / whole))
        total += percent * component.weight
    return total / whole, steps


def _weighted(rule: PassRule, pairs: Sequence[tuple[Component, Part]], total: Decimal) -> tuple[bool, list[Step]]:
    """R1: the published total reaches the pass mark, and each part its own minimum where it has one."""
    enough = total >= rule.pass_mark
    steps = [say.against_pass_mark(total, rule.pass_mark, enough)]
    floors = [
        (component, published(part.value, rule.places), component.minimum)
        for component, part in pairs
        if part.value is not None and component.minimum is not None
    ]
    steps += [say.against_minimum(component, value, least, value >= least) for component, value, least in floors]
    return enough and all(value >= least for _, value, least in floors), steps


def _every(rule: PassRule, pairs: Sequence[tuple[Component, Part]], total: Decimal) -> tuple[bool, list[Step]]:
    """R3: every part that is not exempt reaches its own pass mark; the total decides nothing."""
    steps, results = [], []
    for component, part in pairs:
        if part.value is None:
            continue
        least = component.minimum if component.minimum is not None else rule.pass_mark * component.full_marks / HUNDRED
        value = published(part.value, rule.places)
        results.append(value >= least)
        steps.append(say.against_minimum(component, value, least, value >= least))
    return bool(results) and all(results), steps


_RULES: Mapping[PassKind, Callable[[PassRule, Sequence[tuple[Component, Part]], Decimal], tuple[bool, list[Step]]]] = {
    PassKind.WEIGHTED_SUM: _weighted,
    PassKind.SINGLE_PAPER: _weighted,  # R2 is the same comparison with one component of weight 1
    PassKind.EVERY_COMPONENT: _every,
}
_ends: Mapping[Decision, Step] = {
    Decision.PASSED: Step(kind="result", text=N_("结论：合格。"), good=True),
    Decision.FAILED: Step(kind="result", text=N_("结论：不合格。"), good=False),
    Decision.ABSENT: Step(kind="result", text=N_("有科目缺考，不形成总分。结论：缺考。"), good=False),
    Decision.VOID: Step(kind="result", text=N_("有科目成绩无效，不形成总分。结论：成绩无效。"), good=False),
}


def _check(components: Sequence[Component], parts: Mapping[UUID, Part]) -> None:
    if not components:
        raise NoComponents()
    total = sum((component.weight for component in components), ZERO)
    if total != 1:
        raise WeightsWrong(total=total)
    for component in components:
        part = parts.get(component.id)
        if part is not None and not _fits(part, component.full_marks):
            raise ValueWrong(component=component.name_zh, value=part.value)


def _fits(part: Part, full_marks: Decimal) -> bool:
    if part.value is None:
        return not part.state.valued
    if not isinstance(part.value, Decimal):
        raise TypeError("a mark is a Decimal")
    return part.state.valued and part.value.is_finite() and 0 <= part.value <= full_marks
