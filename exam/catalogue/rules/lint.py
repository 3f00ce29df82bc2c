"""What is wrong with a score sheet, and what is unwise, each at its row: the editor shows both, only the first stops publication.

Fields are named as the editor's form names them: ``s1.r3.points`` is the marks of row 3 in section 1, ``overtime.stop_minutes`` the
stop. Advice is a convention of ours [C]: a sheet that follows none of it can still be right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from exam.catalogue.rules.reading import Reader
from exam.catalogue.rules.sheets import Dimension, Proof, Row, RowKind, Section, Sheet, VetoEffect, read_sheet
from exam.kernel.errors import N_, Problem

_INDEX = re.compile(r"(sections|rows|levels)\[(\d+)\]")
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_SHORT = {"sections": "s", "rows": "r", "levels": "l"}
WIDE = Decimal("0.1")
"""A tolerance above this share of the full marks lets nearly everything pass as agreement."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One problem or piece of advice, at a field of the form."""

    problem: Problem  # its field is the form's
    stops: bool  # publication waits until it is mended

    @property
    def row(self) -> str:
        """The row or section it belongs to: ``s1.r3``, ``s1`` or nothing."""
        parts = self.problem.field.split(".")
        return ".".join(part for part in parts[:2] if re.fullmatch(r"[sr]\d+", part))


def lint(data: Mapping[str, Any], full_marks: Decimal) -> list[Finding]:
    """Everything to say about a sheet, what stops publication first, each part in the order of the sheet."""
    reader = Reader(data, "sheet")
    sheet = read_sheet(reader)
    found = [Finding(problem=_renamed(one), stops=True) for one in reader.problems]
    if not found and sheet.full_marks != full_marks:
        message = N_("各项配分合计 %(total)s 分，与科目满分 %(full)s 分不符。")
        facts = {"total": sheet.full_marks, "full": full_marks}
        found.append(Finding(problem=Problem(message=message, facts=facts, field="sections", code="sum"), stops=True))
    return [*found, *(Finding(problem=one, stops=False) for one in _advice(sheet))]


def field_name(path: str) -> str:
    """A place in a definition as the name of the form's field: ``sheet.sections[1].rows[3].points`` -> ``s1.r3.points``."""
    inner = path.partition("sheet.")[2] or path.removeprefix("sheet")
    return _INDEX.sub(lambda match: _SHORT[match[1]] + match[2], inner)


def _renamed(problem: Problem) -> Problem:
    return replace(problem, field=field_name(problem.field))


def _advice(sheet: Sheet) -> Iterator[Problem]:
    covered = {section.dimension for section in sheet.sections}
    if sheet.sections and Dimension.PROFESSIONALISM not in covered:
        yield _say("sections", "dimension", N_("没有一个部分属于“职业素养”，考核内容应包含它（A05）。"))
    for number, section in enumerate(sheet.sections, 1):
        yield from _of_section(f"s{number}", section)
    agreed, most = sheet.agreement, sheet.full_marks * WIDE
    if sheet.full_marks and agreed.tolerance > most:
        yield _say(
            "agreement.tolerance", "wide", N_("容差超过满分的十分之一（%(most)s 分），大的差异不会被发现。"), most=most
        )
    if agreed.assessors_count == 1:
        yield _say("agreement.assessors", "alone", N_("只有一名考评员时，没有人能发现他评得偏宽或偏严。"))
    if sheet.overtime and sheet.overtime.stop_minutes % sheet.overtime.every_minutes:
        yield _say("overtime.stop_minutes", "steps", N_("终止的分钟数不是扣分间隔的整倍数，最后一段不满一个间隔。"))


def _of_section(at: str, section: Section) -> Iterator[Problem]:
    for number, row in enumerate(section.rows, 1):
        yield from _of_row(f"{at}.r{number}", row)
    if section.gate is not None and section.gate == section.points:
        yield _say(f"{at}.gate", "gate", N_("门槛等于本部分配分：扣 1 分，其他部分就都不计分。"))


def _of_row(at: str, row: Row) -> Iterator[Problem]:
    if _CHINESE.search(row.name.en) or _CHINESE.search(row.standard.en):
        yield _say(f"{at}.name_en", "english", N_("英文里有汉字。"))
    if row.kind is RowKind.VETO:
        if not row.standard.zh:
            yield _say(f"{at}.standard_zh", "standard", N_("请写明看到什么才算发生；只凭名称，各人判得不同。"))
        if row.proof is Proof.NONE and row.effect is not VetoEffect.SECTION:
            yield _say(f"{at}.proof", "proof", N_("这一项使全表不计分或终止考试，却不需要证据和第二人。"))
    if row.kind is RowKind.OCCURRENCE and row.each is not None and row.each >= row.points > 0:
        yield _say(f"{at}.each", "all", N_("一处就扣完配分，用“全对得分”更清楚。"))
    if row.kind is RowKind.MEASURED and row.per_step is not None and row.per_step >= row.points > 0:
        yield _say(f"{at}.per_step", "all", N_("超差一步就扣完配分，用“全对得分”更清楚。"))
    if len({level.zh for level in row.levels}) < len(row.levels):
        yield _say(f"{at}.l1.zh", "same", N_("有两级的描述相同，考评员无法区分。"))


def _say(field: str, code: str, message: str, **facts: object) -> Problem:
    return Problem(field=field, code=code, message=message, facts=facts)
