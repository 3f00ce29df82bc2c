"""The published definition of a scheme (``kaowu-scheme/1``), read and checked as a whole.

Checked: three levels (A01), forms and fee under its cap (D01-D03), weights that sum to 1, a pass rule that fits
the components (domain section 4), papers and sheets that add up to the full marks, forbidden wording (A10).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from exam.catalogue.rules.blueprints import read_blueprint
from exam.catalogue.rules.fees import check_fee, fee_cap
from exam.catalogue.rules.reading import Reader
from exam.catalogue.rules.records import LATE_LIMIT_MINUTES, ExemptPolicy, Form, Level, PassKind, PassRule
from exam.catalogue.rules.sheets import read_sheet
from exam.kernel.errors import N_, Invalid

FORMAT = "kaowu-scheme/1"
FORBIDDEN_WORDS = ("教育部指导", "职成司指导", "指定")  # A10
_FIELDS = ("format", "organisation", "certificate", "level", "fee_yuan", "fee_approval", "components", "pass_rule")
_COMPONENT_FIELDS = (
    "code", "name_zh", "name_en", "form", "duration_minutes", "full_marks", "weight", "minimum",
    "late_limit_minutes", "earliest_leave_minutes", "blueprint", "sheet",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ComponentDraft:
    """One component of a definition: a ``Component`` that has no id yet."""

    seq: int
    code: str
    name_zh: str
    name_en: str
    form: Form
    duration_minutes: int
    full_marks: Decimal
    weight: Decimal
    minimum: Decimal | None
    late_limit_minutes: int
    earliest_leave_minutes: int
    blueprint: Mapping[str, Any]
    sheet: Mapping[str, Any] | None


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A definition that holds in itself; whether its certificate exists is for the action to see."""

    organisation_code: str
    certificate_code: str
    level: Level
    components: tuple[ComponentDraft, ...]
    pass_rule: PassRule
    fee_yuan: Decimal
    fee_cap_yuan: Decimal
    fee_approval: str | None


class DefinitionInvalid(Invalid):
    message = N_("考核方案定义有误，没有发布。")
    way_out = N_("请按所列位置修改后重新上传；格式说明见“考核方案文件格式”。")


def parse_definition(data: Mapping[str, Any]) -> Draft:
    """The draft a definition describes; DefinitionInvalid naming every wrong place otherwise.

    Raises FeeAboveCap when all else is right but the fee needs an approval (D03).
    """
    reader = Reader(data)
    reader.only(_FIELDS)
    if reader.data.get("format") != FORMAT:
        reader.add("format", N_("%(path)s 应为 %(wanted)s。"), "format", wanted=FORMAT)
    components = tuple(_component(item, seq) for seq, item in enumerate(reader.children("components"), 1))
    rule = read_pass_rule(reader.child("pass_rule"))
    _check_components(reader, components)
    _check_rule(reader, rule, components)
    fee = reader.number("fee_yuan", low=0, high=100_000)
    head = (reader.text("organisation"), reader.text("certificate"), reader.choice("level", Level, Level.ELEMENTARY))
    approval = _approval(reader)
    if reader.problems:
        raise DefinitionInvalid(problems=reader.problems)
    cap = fee_cap(components)
    check_fee(fee, cap, approval)
    return Draft(
        organisation_code=head[0], certificate_code=head[1], level=head[2], components=components,
        pass_rule=rule, fee_yuan=fee, fee_cap_yuan=cap, fee_approval=approval,
    )  # fmt: skip


def read_pass_rule(reader: Reader) -> PassRule:
    """Read a pass rule, noting problems in the reader."""
    reader.only(("code", "version", "kind", "pass_mark", "places", "exempt", "exempt_mark"))
    exempt = (
        reader.choice("exempt", ExemptPolicy, ExemptPolicy.EXCLUDE)
        if "exempt" in reader.data
        else (ExemptPolicy.EXCLUDE)
    )
    mark = reader.optional_number("exempt_mark", low=0, high=100)
    if (exempt is ExemptPolicy.FIXED) != (mark is not None):
        reader.add("exempt_mark", N_("%(path)s 只在免试部分按固定分计入时填写，且必须填写。"), "exempt_mark")
    return PassRule(
        code=reader.text("code"),
        version=reader.integer("version", low=1, high=999, default=1),
        kind=reader.choice("kind", PassKind, PassKind.WEIGHTED_SUM),
        pass_mark=reader.number("pass_mark", low=Decimal("0.01"), high=100),
        places=reader.integer("places", low=0, high=4, default=2),
        exempt=exempt,
        exempt_mark=mark,
    )


def pass_rule_data(rule: PassRule) -> dict[str, Any]:
    """The JSON form of a pass rule: what ``read_pass_rule`` reads; numbers as text."""
    data: dict[str, Any] = {
        "code": rule.code, "version": rule.version, "kind": rule.kind.value, "pass_mark": plain(rule.pass_mark),
        "places": rule.places, "exempt": rule.exempt.value,
    }  # fmt: skip
    if rule.exempt_mark is not None:
        data["exempt_mark"] = plain(rule.exempt_mark)
    return data


def plain(number: Decimal) -> str:
    """The shortest plain spelling of a number: 60.00 -> "60", never an exponent."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _component(reader: Reader, seq: int) -> ComponentDraft:
    reader.only(_COMPONENT_FIELDS)
    form = reader.choice("form", Form, Form.PAPER)
    duration = reader.integer("duration_minutes", low=1, high=600)
    component = ComponentDraft(
        seq=seq,
        code=reader.text("code"),
        name_zh=_wording(reader, "name_zh"),
        name_en=reader.text("name_en"),
        form=form,
        duration_minutes=duration,
        full_marks=reader.number("full_marks", low=1, high=1000),
        weight=reader.number("weight", low=0, high=1),
        minimum=reader.optional_number("minimum", low=0),
        late_limit_minutes=reader.integer("late_limit_minutes", low=0, high=600, default=LATE_LIMIT_MINUTES[form]),
        earliest_leave_minutes=reader.integer("earliest_leave_minutes", low=0, high=600, default=0),
        blueprint=reader.data.get("blueprint") or {},
        sheet=reader.data.get("sheet"),
    )
    _check_component(reader, component)
    return component


def _check_component(reader: Reader, component: ComponentDraft) -> None:
    full = component.full_marks
    if component.minimum is not None and component.minimum > full:
        reader.add("minimum_too_high", N_("%(path)s 高于满分 %(full)s。"), "minimum", full=full)
    for name in ("late_limit_minutes", "earliest_leave_minutes"):
        if getattr(component, name) > component.duration_minutes:
            reader.add("longer_than_exam", N_("%(path)s 超过考试时长。"), name)
    if component.form is Form.COMPUTER:
        blueprint = read_blueprint(reader.child("blueprint"))
        if blueprint.full_marks != full:
            reader.add(
                "paper_sum",
                N_("%(path)s 的题目合计 %(total)s 分，与满分 %(full)s 不符。"),
                "blueprint",
                total=blueprint.full_marks,
                full=full,
            )
    if component.form.practical:
        sheet = read_sheet(reader.child("sheet"))
        if sheet.full_marks != full:
            reader.add(
                "sheet_sum",
                N_("%(path)s 的配分合计 %(total)s 分，与满分 %(full)s 不符。"),
                "sheet",
                total=sheet.full_marks,
                full=full,
            )
    elif component.sheet is not None:
        reader.add("sheet_unfit", N_("%(path)s 只用于实操科目。"), "sheet")


def _check_components(reader: Reader, components: tuple[ComponentDraft, ...]) -> None:
    codes = [component.code for component in components]
    for code in sorted({code for code in codes if code and codes.count(code) > 1}):
        reader.add("duplicate_component", N_("%(path)s 中科目编号 %(code)s 重复。"), "components", code=code)
    total = sum((component.weight for component in components), Decimal(0))
    if components and total != 1:
        reader.add("weights", N_("%(path)s 的权重合计为 %(total)s，必须等于 1。"), "components", total=total)


def _check_rule(reader: Reader, rule: PassRule, components: tuple[ComponentDraft, ...]) -> None:
    if rule.kind is PassKind.SINGLE_PAPER and len(components) != 1:
        reader.add("single_paper", N_("%(path)s 为单卷规则，只能有一个科目。"), "pass_rule")
    if rule.kind is PassKind.EVERY_COMPONENT and rule.exempt is ExemptPolicy.FIXED:
        reader.add("fixed_unfit", N_("%(path)s 要求每科及格，免试部分不能按固定分计入。"), "pass_rule")


def _approval(reader: Reader) -> str | None:
    if reader.data.get("fee_approval") is None:
        return None
    item = reader.child("fee_approval")
    item.only(("number", "reason"))
    return f"{item.text('number')}：{item.text('reason')}"


def _wording(reader: Reader, name: str) -> str:
    text = reader.text(name)
    for word in FORBIDDEN_WORDS:
        if word in text:
            reader.add("forbidden_word", N_("%(path)s 不得出现“%(word)s”。"), name, word=word)
    return text
