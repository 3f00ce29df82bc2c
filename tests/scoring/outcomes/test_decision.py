"""The decision: golden cases of the three real rules, the edges of rounding, and properties that always hold."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exam.catalogue.rules import Component
from scoring.outcomes.rules import (
    Decision,
    NoComponents,
    NothingScored,
    Part,
    PartsMissing,
    PartState,
    ValueWrong,
    Verdict,
    WeightsWrong,
    decide,
    digest,
    published,
)
from tests.scoring.builders import component, rule

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "pass_rules.json").read_text())
STATES_WITHOUT_TOTAL = (PartState.ABSENT, PartState.VOID)


def _components(name: str) -> list[Component]:
    rows = GOLDEN["rules"][name]["components"]
    return [component(row["code"], seq, **row) for seq, row in enumerate(rows, 1)]


def _part(data: list[Any]) -> Part:
    return Part(state=PartState(data[0]), value=None if data[1] is None else Decimal(data[1]))


def _decide(name: str, parts: dict[str, Any]) -> Verdict:
    components = _components(name)
    given_parts = {one.id: _part(parts[one.code]) for one in components if one.code in parts}
    return decide(rule(**GOLDEN["rules"][name]["pass_rule"]), components, given_parts)


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: f"{case['rule']}-{case['parts']}")
def test_golden(case: dict[str, Any]) -> None:
    verdict = _decide(case["rule"], case["parts"])
    composite = None if verdict.composite is None else str(verdict.composite)
    assert (verdict.decision, composite) == (case["decision"], case["composite"])


@pytest.mark.parametrize(
    ("raw", "shown"), [
        ("59.994", "59.99"), ("59.995", "60.00"), ("59.999", "60.00"), ("60", "60.00"), ("0", "0.00"),
        ("59.985", "59.99"), ("0.125", "0.13"), ("0.135", "0.14"), ("59.98499999999999999999999999999", "59.98"),
    ],
)  # fmt: skip
def test_published_rounds_half_up_once(raw: str, shown: str) -> None:
    assert str(published(Decimal(raw), 2)) == shown


def test_a_half_is_rounded_up_also_to_an_odd_number() -> None:
    one = component("A")
    half = {one.id: Part(state=PartState.SCORED, value=Decimal("60.5"))}
    verdict = decide(rule(kind="single_paper", pass_mark="61", places=0), [one], half)
    assert (verdict.decision, verdict.composite) == (Decision.PASSED, 61)


def test_no_components_is_refused() -> None:
    with pytest.raises(NoComponents):
        decide(rule(), [], {})


def test_no_parts_is_missing_and_not_zero() -> None:
    with pytest.raises(PartsMissing) as refused:
        decide(rule(), [component("A")], {})
    assert "科目A" in str(refused.value)


def test_everything_exempt_has_no_result() -> None:
    """all([]) once passed a candidate with no marks."""
    one = component("A")
    for kind in ("weighted_sum", "every_component"):
        with pytest.raises(NothingScored):
            decide(rule(kind=kind), [one], {one.id: Part(state=PartState.EXEMPT)})


def test_only_a_part_of_weight_zero_left_has_no_result() -> None:
    whole, none = component("A", 1, weight="1"), component("B", 2, weight="0")
    parts = {whole.id: Part(state=PartState.EXEMPT), none.id: Part(state=PartState.SCORED, value=Decimal(100))}
    with pytest.raises(NothingScored):
        decide(rule(), [whole, none], parts)


@pytest.mark.parametrize("weights", [("0.4", "0.5"), ("0.4", "0.7"), ("0.3333", "0.6666")])
def test_weights_must_sum_to_one(weights: tuple[str, str]) -> None:
    components = [component(code, seq, weight=w) for seq, (code, w) in enumerate(zip("AB", weights, strict=True), 1)]
    parts = {one.id: Part(state=PartState.SCORED, value=Decimal(60)) for one in components}
    with pytest.raises(WeightsWrong):
        decide(rule(), components, parts)


@pytest.mark.parametrize(
    "part",
    [
        Part(state=PartState.SCORED),
        Part(state=PartState.SCORED, value=Decimal(101)),
        Part(state=PartState.SCORED, value=Decimal(-1)),
        Part(state=PartState.SCORED, value=Decimal("NaN")),
        Part(state=PartState.ABSENT, value=Decimal(0)),
        Part(state=PartState.EXEMPT, value=Decimal(60)),
    ],
)
def test_a_value_that_does_not_fit_its_state_is_refused(part: Part) -> None:
    one = component("A")
    with pytest.raises(ValueWrong):
        decide(rule(), [one], {one.id: part})


def test_a_float_is_not_a_mark() -> None:
    one = component("A")
    with pytest.raises(TypeError):
        decide(rule(), [one], {one.id: Part(state=PartState.SCORED, value=60.0)})  # type: ignore[arg-type]


def test_absent_zero_void_exempt_and_retained_are_five_things() -> None:
    parts = {"absent": None, "scored": "0", "void": None, "exempt": None, "retained": "70"}
    told = [_decide("R1", {"T": [state, value], "P": ["scored", "80"]}) for state, value in parts.items()]
    assert [verdict.decision for verdict in told] == ["absent", "failed", "void", "passed", "passed"]
    assert len({verdict.explanation.inputs_sha256 for verdict in told}) == 5
    assert [None if v.composite is None else str(v.composite) for v in told] == [None, "48.00", None, "80.00", "76.00"]


def test_the_explanation_is_data_and_ends_in_the_result() -> None:
    verdict = _decide("R1", {"T": ["scored", "100"], "P": ["scored", "33.33"]})
    stored = json.loads(json.dumps(verdict.explanation.data()))
    assert stored["rule_version"] == "R1/1+decide/1"
    assert [step["kind"] for step in stored["steps"]] == ["part", "part", "total", "test", "result"]
    assert stored["steps"][0]["facts"]["component"] == {"zh": "科目T", "en": "Part T"}
    assert stored["steps"][2]["facts"] == {"raw": "59.998", "composite": "60.00"}
    for step in stored["steps"]:
        facts = {name: value["zh"] if isinstance(value, dict) else value for name, value in step["facts"].items()}
        assert "%(" not in (step["text"] % facts)


def test_the_hash_is_of_the_canonical_inputs() -> None:
    explanation = _decide("R2", {"A": ["scored", "60.0"]}).explanation
    same = _decide("R2", {"A": ["scored", "60.00"]}).explanation
    assert explanation.inputs_sha256 == same.inputs_sha256 == digest(json.loads(json.dumps(explanation.inputs)))
    assert explanation.inputs_sha256 != _decide("R2", {"A": ["scored", "60.01"]}).explanation.inputs_sha256


marks = st.decimals(min_value=0, max_value=100, places=4)
shares = st.lists(st.integers(min_value=1, max_value=1000), min_size=1, max_size=5)


def _scheme(cuts: list[int], full: list[Decimal]) -> list[Component]:
    """Components whose weights are multiples of 0.0001 that sum to 1."""
    units = [cut * 10_000 // sum(cuts) for cut in cuts]
    units[0] += 10_000 - sum(units)
    return [
        component(f"C{seq}", seq, weight=Decimal(unit) / 10_000, full_marks=str(top))
        for seq, (unit, top) in enumerate(zip(units, full, strict=True), 1)
    ]


@st.composite
def schemes(draw: st.DrawFn) -> tuple[list[Component], list[Decimal]]:
    cuts = draw(shares)
    full = [Decimal(draw(st.sampled_from([40, 60, 70, 90, 100, 110, 150]))) for _ in cuts]
    percents = [draw(marks) for _ in cuts]
    components = _scheme(cuts, full)
    values = [(percent * top / 100).quantize(Decimal("0.0001")) for percent, top in zip(percents, full, strict=True)]
    return components, values


def _scored(components: list[Component], values: list[Decimal]) -> dict[Any, Part]:
    return {one.id: Part(state=PartState.SCORED, value=value) for one, value in zip(components, values, strict=True)}


@given(schemes(), st.sampled_from(["weighted_sum", "every_component"]), st.data())
def test_more_marks_never_turn_a_pass_into_a_failure(
    made: tuple[list[Component], list[Decimal]], kind: str, data: st.DataObject
) -> None:
    components, values = made
    at = data.draw(st.integers(min_value=0, max_value=len(values) - 1))
    better = list(values)
    better[at] = data.draw(st.decimals(min_value=values[at], max_value=components[at].full_marks, places=4))
    before = decide(rule(kind=kind), components, _scored(components, values))
    after = decide(rule(kind=kind), components, _scored(components, better))
    assert (before.composite or 0) <= (after.composite or 0)
    assert not (before.decision is Decision.PASSED and after.decision is Decision.FAILED)


@given(schemes(), st.randoms(use_true_random=False))
def test_the_order_of_components_and_parts_changes_nothing(
    made: tuple[list[Component], list[Decimal]], random: Any
) -> None:
    components, values = made
    parts = _scored(components, values)
    shuffled = list(components)
    random.shuffle(shuffled)
    pairs = list(parts.items())
    random.shuffle(pairs)
    assert decide(rule(), components, parts) == decide(rule(), shuffled, dict(pairs))


@given(schemes())
def test_the_total_is_exact(made: tuple[list[Component], list[Decimal]]) -> None:
    """Against fractions: the published total is the exact one rounded half up."""
    from fractions import Fraction

    components, values = made
    verdict = decide(rule(), components, _scored(components, values))
    exact = sum(
        (Fraction(value) * 100 / Fraction(one.full_marks) * Fraction(one.weight)
         for one, value in zip(components, values, strict=True)), Fraction(0),
    )  # fmt: skip
    cents = (exact * 100 + Fraction(1, 2)).__floor__()
    assert verdict.composite == Decimal(cents) / 100
    assert isinstance(verdict.raw, Decimal)


@given(schemes(), st.sampled_from(STATES_WITHOUT_TOTAL), st.data())
def test_an_absent_or_void_part_leaves_no_total(
    made: tuple[list[Component], list[Decimal]], state: PartState, data: st.DataObject
) -> None:
    components, values = made
    parts = _scored(components, values)
    parts[data.draw(st.sampled_from(components)).id] = Part(state=state)
    verdict = decide(rule(), components, parts)
    assert verdict.composite is None and verdict.decision == state.value
