"""评分表 as data: the kinds of row seen on real practical score sheets (domain section 4, a-g).

This module reads and checks the definition of a sheet; what an assessor's entries add up to is
decided in ``scoring.marking.rules``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from exam.catalogue.rules.reading import ZERO, Reader
from exam.kernel.errors import N_, Invalid


class RowKind(StrEnum):
    MEASURED = "measured"  # (a) 超差每 step 扣 per_step
    JUDGED = "judged"  # 0-3 by descriptors
    OCCURRENCE = "occurrence"  # (c) 每处扣 each，扣完为止
    ALL_OR_NOTHING = "all_or_nothing"  # (b) 出现错误不得分
    VETO = "veto"  # (f) 否决项
    GLOBAL = "global"  # 总体评价: one judgement of the whole work; adds no marks unless it has points


class VetoEffect(StrEnum):
    SECTION = "section"  # this section counts 0
    TOTAL = "total"  # the whole sheet counts 0
    FAIL = "fail"  # the sheet counts 0 and the candidate is stopped for safety
    STOP = "stop"  # the candidate is stopped for safety; what was done until then counts

    @property
    def stops(self) -> bool:
        """Whether the work ends here: what was not begun needs no answer any more."""
        return self in (VetoEffect.FAIL, VetoEffect.STOP)


class Proof(StrEnum):
    """What a veto item that happened needs before the sheet counts."""

    EITHER = "either"  # evidence, or else a second person's signature
    SECOND = "second"  # a second person's signature
    EVIDENCE = "evidence"  # words or a photo
    NONE = "none"


class Dimension(StrEnum):
    """A05: what the assessment content covers."""

    PROFESSIONALISM = "professionalism"
    KNOWLEDGE = "knowledge"
    SKILL = "skill"


ROW_LABELS: Mapping[RowKind, str] = {
    RowKind.MEASURED: N_("测量"),
    RowKind.JUDGED: N_("等级评判"),
    RowKind.OCCURRENCE: N_("按处扣分"),
    RowKind.ALL_OR_NOTHING: N_("全对得分"),
    RowKind.VETO: N_("否决项"),
    RowKind.GLOBAL: N_("总体评价"),
}
EFFECT_LABELS: Mapping[VetoEffect, str] = {
    VetoEffect.SECTION: N_("本部分不计分"),
    VetoEffect.TOTAL: N_("全表不计分"),
    VetoEffect.FAIL: N_("终止操作，全表不计分"),
    VetoEffect.STOP: N_("终止操作，已完成的部分计分"),
}
PROOF_LABELS: Mapping[Proof, str] = {
    Proof.EITHER: N_("写明证据，或由第二人签名"),
    Proof.SECOND: N_("须由第二人签名"),
    Proof.EVIDENCE: N_("须写明证据"),
    Proof.NONE: N_("不需要证据和第二人签名"),
}
DIMENSION_LABELS: Mapping[Dimension, str] = {
    Dimension.PROFESSIONALISM: N_("职业素养"),
    Dimension.KNOWLEDGE: N_("专业知识"),
    Dimension.SKILL: N_("职业技能"),
}
TIE_LABELS: Mapping[str, str] = {
    "higher": N_("取较高的一对"),
    "all": N_("取三人平均"),
    "lead": N_("由组长裁定"),
}
JUDGED_TOP = 3  # judged rows run 0, 1, 2, 3
GLOBAL_LEVELS = range(3, 8)  # how many levels a global rating may have


@dataclass(frozen=True, kw_only=True)
class Words:
    """A text in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, kw_only=True)
class Row:
    """One criterion. Fields that its kind does not use are None or empty."""

    code: str
    kind: RowKind
    name: Words
    points: Decimal  # 配分; 0 for a veto item
    standard: Words  # 评分标准 in words
    nominal: Decimal | None = None  # measured: the wanted value
    tolerance: Decimal | None = None  # measured: allowed deviation either way
    step: Decimal | None = None  # measured: each started step beyond the tolerance ...
    per_step: Decimal | None = None  # ... costs this much, floor 0
    unit: str = ""
    levels: tuple[Words, ...] = ()  # judged: descriptors of 0, 1, 2, 3; global: from the lowest
    each: Decimal | None = None  # occurrence: cost of one
    effect: VetoEffect | None = None  # veto
    proof: Proof | None = None  # veto

    @property
    def top(self) -> int:
        """The highest level of a judged row or a global rating; 0 for other rows."""
        return max(0, len(self.levels) - 1)


@dataclass(frozen=True, kw_only=True)
class Section:
    code: str
    name: Words
    dimension: Dimension
    gate: Decimal | None  # (d) below this many marks here, no other section counts
    rows: tuple[Row, ...]

    @property
    def points(self) -> Decimal:
        return sum((row.points for row in self.rows), ZERO)


@dataclass(frozen=True, kw_only=True)
class Overtime:
    """(e) points off for every started period, and where the work is stopped."""

    every_minutes: int
    points: Decimal
    stop_minutes: int


class Tie(StrEnum):
    """What counts when the third total lies exactly between the two others."""

    HIGHER = "higher"  # the pair with the higher mean
    ALL = "all"  # the mean of all three
    LEAD = "lead"  # the lead decides


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """When assessors' totals count as the same: the mean is taken. Otherwise a third marks, where asked for, or the lead decides."""

    tolerance: Decimal
    assessors_count: int = 2
    third: bool = False
    tie: Tie = Tie.HIGHER


@dataclass(frozen=True, kw_only=True)
class Sheet:
    title: Words
    sections: tuple[Section, ...]
    overtime: Overtime | None
    agreement: Agreement
    task: str = ""  # 任务号 of the test paper, printed on the sheet

    @property
    def full_marks(self) -> Decimal:
        return sum((section.points for section in self.sections), ZERO)

    @property
    def rows(self) -> tuple[Row, ...]:
        return tuple(row for section in self.sections for row in section.rows)


class SheetInvalid(Invalid):
    message = N_("评分表定义有误。")
    way_out = N_("请按所列位置修改后重新上传。")


def parse_sheet(data: Mapping[str, Any]) -> Sheet:
    """The sheet a stored definition describes; SheetInvalid with every problem otherwise."""
    reader = Reader(data, "sheet")
    sheet = read_sheet(reader)
    if reader.problems:
        raise SheetInvalid(problems=reader.problems)
    return sheet


def read_sheet(reader: Reader) -> Sheet:
    """Read a sheet, noting problems in the reader."""
    reader.only(("title_zh", "title_en", "task", "sections", "overtime", "agreement"))
    sections = tuple(_section(item) for item in reader.children("sections"))
    codes = [row.code for section in sections for row in section.rows]
    for code in sorted({code for code in codes if codes.count(code) > 1}):
        reader.add("duplicate_row", N_("%(path)s 中评分项编号 %(code)s 重复。"), "sections", code=code)
    return Sheet(
        title=_words(reader, "title"), sections=sections, overtime=_overtime(reader), agreement=_agreement(reader),
        task=reader.text("task", required=False),
    )  # fmt: skip


def _words(reader: Reader, name: str, *, required: bool = True) -> Words:
    return Words(zh=reader.text(f"{name}_zh", required=required), en=reader.text(f"{name}_en", required=required))


def _section(reader: Reader) -> Section:
    reader.only(("code", "name_zh", "name_en", "dimension", "gate", "rows"))
    rows = tuple(_row(item) for item in reader.children("rows"))
    section = Section(
        code=reader.text("code"),
        name=_words(reader, "name"),
        dimension=reader.choice("dimension", Dimension, Dimension.SKILL),
        gate=reader.optional_number("gate", low=0),
        rows=rows,
    )
    if section.gate is not None and section.gate > section.points:
        reader.add("gate_too_high", N_("%(path)s 的门槛高于本部分配分 %(points)s。"), "gate", points=section.points)
    return section


_ROW_FIELDS = {
    RowKind.MEASURED: ("nominal", "tolerance", "step", "per_step", "unit"),
    RowKind.JUDGED: ("levels",),
    RowKind.OCCURRENCE: ("each",),
    RowKind.ALL_OR_NOTHING: (),
    RowKind.VETO: ("effect", "proof"),
    RowKind.GLOBAL: ("levels",),
}


def _row(reader: Reader) -> Row:
    kind = reader.choice("kind", RowKind, RowKind.ALL_OR_NOTHING)
    common = ("code", "kind", "name_zh", "name_en", "points", "standard_zh", "standard_en")
    reader.only((*common, *_ROW_FIELDS[kind]))
    veto = kind is RowKind.VETO
    measured = kind is RowKind.MEASURED
    return Row(
        code=reader.text("code"),
        kind=kind,
        name=_words(reader, "name"),
        points=_points(reader, kind),
        standard=_words(reader, "standard", required=False),
        nominal=reader.number("nominal") if measured else None,
        tolerance=reader.number("tolerance", low=0) if measured else None,
        step=reader.number("step", low=Decimal("0.0001")) if measured else None,
        per_step=reader.number("per_step", low=Decimal("0.01")) if measured else None,
        unit=reader.text("unit", required=False) if measured else "",
        levels=_levels(reader, kind) if kind in (RowKind.JUDGED, RowKind.GLOBAL) else (),
        each=reader.number("each", low=Decimal("0.01")) if kind is RowKind.OCCURRENCE else None,
        effect=reader.choice("effect", VetoEffect, VetoEffect.TOTAL) if veto else None,
        proof=_proof(reader) if veto else None,
    )


def _points(reader: Reader, kind: RowKind) -> Decimal:
    """The marks of a row: none for a veto item, none unless they are given for a global rating."""
    if kind is RowKind.VETO:
        return ZERO
    if kind is RowKind.GLOBAL:
        return reader.optional_number("points", low=0, high=1000) or ZERO
    return reader.number("points", low=Decimal("0.5"), high=1000)


def _proof(reader: Reader) -> Proof:
    return reader.choice("proof", Proof, Proof.EITHER) if "proof" in reader.data else Proof.EITHER


def _levels(reader: Reader, kind: RowKind) -> tuple[Words, ...]:
    levels = tuple(Words(zh=item.text("zh"), en=item.text("en")) for item in reader.children("levels"))
    if kind is RowKind.JUDGED and len(levels) != JUDGED_TOP + 1:
        reader.add("four_levels", N_("%(path)s 应依次写出 0、1、2、3 四级描述。"), "levels")
    if kind is RowKind.GLOBAL and len(levels) not in GLOBAL_LEVELS:
        reader.add("global_levels", N_("%(path)s 应从低到高写出 3 至 7 级描述。"), "levels")
    return levels


def _overtime(reader: Reader) -> Overtime | None:
    if reader.data.get("overtime") is None:
        return None
    item = reader.child("overtime")
    item.only(("every_minutes", "points", "stop_minutes"))
    return Overtime(
        every_minutes=item.integer("every_minutes", low=1, high=120),
        points=item.number("points", low=0),
        stop_minutes=item.integer("stop_minutes", low=1, high=240),
    )


def _agreement(reader: Reader) -> Agreement:
    if reader.data.get("agreement") is None:
        return Agreement(tolerance=Decimal(5))
    item = reader.child("agreement")
    item.only(("tolerance", "assessors", "third", "tie"))
    return Agreement(
        tolerance=item.number("tolerance", low=0),
        assessors_count=item.integer("assessors", low=1, high=3, default=2),
        third=item.boolean("third"),
        tie=item.choice("tie", Tie, default=Tie.HIGHER) if "tie" in item.data else Tie.HIGHER,
    )
