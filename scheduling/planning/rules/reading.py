"""Reads the files ``kaowu-problem/1`` and ``kaowu-plan/1``: either a record that keeps its promises, or every fault by its place.

msgspec decodes a good file in one pass. A file that it refuses is gone through again, piece by piece, so that all its
faults are told and not only the first. Then come the promises that types cannot make (:mod:`promises`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeVar, get_args, get_origin

import msgspec
from msgspec import structs

from exam.kernel.errors import N_, Invalid
from exam.kernel.errors import Problem as Fault
from scheduling.planning.rules import promises
from scheduling.planning.rules.approvals import Approvals
from scheduling.planning.rules.contradictions import contradictions
from scheduling.planning.rules.losses import Losses
from scheduling.planning.rules.plan import Plan
from scheduling.planning.rules.problem import Problem, Record
from scheduling.planning.rules.serial import canonical_plan, canonical_problem

MOST_FAULTS: Final = 100
"""More are not listed: who repairs a hundred sends the file again."""

R = TypeVar("R", Problem, Plan, Approvals)


class BadFile(Invalid):
    """A problem or a plan that cannot be used; nothing is written."""

    message = N_("文件有误，没有写入任何结果。")
    way_out = N_("请按所列位置逐项更正后重新提交。")


def read_problem(data: bytes) -> Problem:
    """Read a problem; its lists come in canonical order.

    :raises BadFile: with a fault for each place that is wrong (at most MOST_FAULTS), contradictory pins among them
    """
    problem = _decode(data, Problem)
    faults = list(promises.of_problem(problem))
    if not faults:
        faults = list(contradictions(problem))
    _refuse(faults)
    return canonical_problem(problem)


def read_plan(data: bytes) -> Plan:
    """Read a plan; its lists come in canonical order. Whether it fits a problem is for :func:`match` to say.

    :raises BadFile: with a fault for each place that is wrong (at most MOST_FAULTS)
    """
    plan = _decode(data, Plan)
    _refuse(list(promises.of_plan(plan)))
    return canonical_plan(plan)


def read_losses(data: bytes) -> Losses:
    """Read what was lost after publication. Whether the problem has it is for :func:`losses.require_known` to say.

    :raises BadFile: with the place of what is wrong
    """
    try:
        return msgspec.json.decode(data, type=Losses)
    except msgspec.ValidationError as error:
        raise BadFile(problems=[_fault(str(error), "")]) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadFile(problems=[_not_json(str(error))]) from error


def read_approvals(data: bytes, problem: Problem) -> Approvals:
    """Read a proposal to approve sites of this problem.

    :raises BadFile: with a fault for each place that is wrong or unknown (at most MOST_FAULTS)
    """
    found = _decode(data, Approvals)
    _refuse(list(promises.of_approvals(found)) or list(promises.of_approvals_for(problem, found)))
    return found


def is_approvals(data: bytes) -> bool:
    """Whether a file says of itself that it proposes sites to approve (and is no plan)."""
    try:
        raw = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return isinstance(raw, dict) and raw.get("format") == promises.FORMATS[Approvals]


def match(problem: Problem, plan: Plan) -> None:
    """Make sure that a plan names nothing that the problem does not have.

    :raises BadFile: with the place of everything unknown (at most MOST_FAULTS)
    """
    _refuse(list(promises.of_plan_for(problem, plan)))


def _refuse(faults: list[Fault]) -> None:
    if faults:
        raise BadFile(problems=faults[:MOST_FAULTS])


def _decode(data: bytes, kind: type[R]) -> R:
    try:
        raw = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadFile(problems=[_not_json(str(error))]) from error
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        if isinstance(raw, dict) and raw.get("format") != promises.FORMATS[kind]:
            raise BadFile(problems=[promises.wrong_format(raw.get("format"), promises.FORMATS[kind])]) from error
        faults = list(_faults(raw, kind, ""))
        raise BadFile(problems=(faults or [_fault(str(error), "")])[:MOST_FAULTS]) from error


def _faults(value: object, kind: Any, place: str) -> Iterator[Fault]:
    """What is wrong with a decoded value that should be of a type: records and lists piece by piece, the rest by msgspec."""
    if isinstance(kind, type) and issubclass(kind, Record) and isinstance(value, dict):
        yield from _record_faults(value, kind, place)
        return
    record = _item_of(kind)
    if record is not None and isinstance(value, list):
        for number, item in enumerate(value):
            yield from _faults(item, record, f"{place}[{number}]")
        return
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        yield _fault(str(error), place)


def _record_faults(value: Mapping[str, object], kind: type[Record], place: str) -> Iterator[Fault]:
    dot = f"{place}." if place else ""
    fields = {field.name: field for field in structs.fields(kind)}
    for name in sorted(value.keys() - fields.keys()):
        yield _unknown_field(f"{dot}{name}", name)
    for name, field in fields.items():
        if name in value:
            yield from _faults(value[name], field.type, f"{dot}{name}")
        elif field.required:
            yield _missing_field(f"{dot}{name}", name)


def _item_of(kind: Any) -> Any:
    """The type of the items of a list of records or texts; None for anything else."""
    if get_origin(kind) is tuple and get_args(kind)[1:] == (...,):
        return get_args(kind)[0]
    return None


_AT = re.compile(r" - at `\$(?P<path>[^`]*)`$")
_EXPECTED = re.compile(r"^Expected `(?P<expected>[^`]+)`(?P<range> [^,]+)?(?:, got `(?P<found>[^`]+)`)?$")
_NO_CHOICE = re.compile(r"^Invalid enum value (?P<found>.+)$")
_OBJECT_MISSING = re.compile(r"^Object missing required field `(?P<name>[^`]+)`$")
_OBJECT_UNKNOWN = re.compile(r"^Object contains unknown field `(?P<name>[^`]+)`$")


def _fault(message: str, place: str) -> Fault:
    """A message of msgspec as a fault with its place."""
    if found := _AT.search(message):
        path = found["path"]
        message, place = message[: found.start()], f"{place}{path}" if place else path.lstrip(".")
    if found := _OBJECT_MISSING.match(message):
        return _missing_field(place, found["name"])
    if found := _OBJECT_UNKNOWN.match(message):
        return _unknown_field(place, found["name"])
    if found := _NO_CHOICE.match(message):
        return Fault(
            message=N_("%(found)s 不是允许的取值。"),
            facts={"found": found[1]},
            field=place,
            way_out=N_("请查看格式说明中这一项可用的取值。"),
            code="no_choice",
        )
    if (found := _EXPECTED.match(message)) and found["found"]:
        return Fault(
            message=N_("此处应为 %(expected)s，文件中是 %(found)s。"),
            facts={"expected": found["expected"].replace("object", "record"), "found": found["found"]},
            field=place,
            way_out=N_("请查看格式说明中这一项的类型。"),
            code="wrong_type",
        )
    if found:
        return Fault(
            message=N_("数值或长度超出范围：应为 %(expected)s。"),
            facts={"expected": f"{found['expected']}{found['range'] or ''}"},
            field=place,
            way_out=N_("请查看格式说明中这一项的范围。"),
            code="out_of_range",
        )
    return Fault(
        message=N_("此处的内容无法读取（%(detail)s）。"),
        facts={"detail": message},
        field=place,
        way_out=N_("请查看格式说明中这一项的写法。"),
        code="unreadable",
    )


def _missing_field(place: str, name: str) -> Fault:
    return Fault(
        message=N_("缺少必填项 %(name)s。"),
        facts={"name": name},
        field=place,
        way_out=N_("请补上这一项。"),
        code="missing",
    )


def _unknown_field(place: str, name: str) -> Fault:
    return Fault(
        message=N_("有不认识的项 %(name)s。"),
        facts={"name": name},
        field=place,
        way_out=N_("请检查名称的拼写，或删去这一项。"),
        code="unknown_field",
    )


def _not_json(detail: str) -> Fault:
    return Fault(
        message=N_("文件不是有效的 JSON（%(detail)s）。"),
        facts={"detail": detail},
        way_out=N_("请用 UTF-8 编码的 JSON 文件。"),
        code="not_json",
    )
