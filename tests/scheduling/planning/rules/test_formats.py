"""The description of the formats: its schemas are those of the records, its examples are read and hold."""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import fields

from exam.kernel.settings import TREE
from scheduling.planning.rules.approvals import Approvals
from scheduling.planning.rules.checking import check
from scheduling.planning.rules.checking.approvals import check_approvals
from scheduling.planning.rules.plan import Objectives, Plan, UnplacedReason
from scheduling.planning.rules.problem import Problem, Rules
from scheduling.planning.rules.reading import read_approvals, read_plan, read_problem
from scheduling.planning.rules.schema import schema_text

FORMATS = TREE / "docs" / "formats"
EXAMPLES = FORMATS / "examples"


@pytest.mark.parametrize(("kind", "name"), [(Problem, "problem"), (Plan, "plan"), (Approvals, "approvals")])
def test_the_schema_is_current(kind: Any, name: str) -> None:
    path = FORMATS / f"kaowu-{name}-1.schema.json"
    assert path.read_text(encoding="utf-8") == schema_text(kind), f"kaowu schedule schema {name} > {path.name}"


@pytest.mark.parametrize("name", ["small", "full"])
def test_the_examples_are_read_and_hold(name: str) -> None:
    problem = read_problem((EXAMPLES / f"scheduling-{name}.problem.json").read_bytes())
    plan = read_plan((EXAMPLES / f"scheduling-{name}.plan.json").read_bytes())
    report = check(problem, plan)
    assert (report.violations, report.wrong, report.same_problem) == ((), (), True)
    assert report.bound is not None and report.bound.gap == 0


def test_the_example_of_approvals_says_what_stays_open() -> None:
    problem = read_problem((EXAMPLES / "scheduling-approvals.problem.json").read_bytes())
    approvals = read_approvals((EXAMPLES / "scheduling-approvals.approvals.json").read_bytes(), problem)
    report = check_approvals(problem, approvals)
    assert ([one.where for one in report.violations], report.wrong, report.same_problem) == (["WEB/330800"], (), True)


def test_the_full_example_has_everything_once() -> None:
    raw = json.loads((EXAMPLES / "scheduling-full.problem.json").read_text(encoding="utf-8"))
    assert raw.keys() == {field.name for field in fields(Problem)}
    plan = read_plan((EXAMPLES / "scheduling-full.plan.json").read_bytes())
    assert [one.reason for one in plan.unplaced] == [UnplacedReason.NO_SITE]
    assert plan.assignments and plan.standby


def test_the_description_names_every_field() -> None:
    text = Path(FORMATS / "scheduling.md").read_text(encoding="utf-8")
    for record in (Problem, Plan, Approvals, Rules, Objectives):
        for field in fields(record):
            assert f"`{field.name}`" in text or field.name == "version", f"{record.__name__}.{field.name}"
