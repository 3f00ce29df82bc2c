"""What an assessor's entries on a practical sheet add up to (domain section 4, patterns a-g).

The server adds; a total that a tablet shows is only a preview. Row marks are rounded once, to the two places
that stand on the paper, so that the rows of a printed sheet really add up to its total.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from exam.catalogue.rules import JUDGED_TOP, Dimension, Row, RowKind, Section, Sheet, VetoEffect
from exam.kernel.errors import N_, Conflict, Invalid, Problem

ZERO = Decimal(0)
CENT = Decimal("0.01")
OCCURRENCES_MOST = 99

Entry = Decimal | int | bool


class EntriesInvalid(Invalid):
    message = N_("评分表有 %(count)s 处填写不符合要求，没有保存。")


class SheetIncomplete(Conflict):
    message = N_("还有 %(count)s 项没有评分，不能签名。")
    way_out = N_("请逐项评完；页面会带您到第一个空项：%(first)s。")


class OvertimePastStop(Invalid):
    message = N_("超时 %(minutes)s 分钟，超过应终止的 %(stop)s 分钟。")
    way_out = N_("超时达到上限时应终止操作，请按上限填写。")


@dataclass(frozen=True, kw_only=True)
class RowScore:
    code: str
    earned: Decimal
    lost: Decimal


@dataclass(frozen=True, kw_only=True)
class SectionScore:
    code: str
    dimension: Dimension
    raw: Decimal  # sum of the rows
    counted: Decimal  # after vetoes and gates
    zeroed_by: str  # "" | code of the veto row | code of the section whose gate was missed


@dataclass(frozen=True, kw_only=True)
class SheetScore:
    """The sheet added up: total = max(0, sum of counted sections - overtime)."""

    rows: tuple[RowScore, ...]
    sections: tuple[SectionScore, ...]
    vetoes: tuple[str, ...]  # codes of veto rows that happened
    overtime_lost: Decimal
    stopped: bool  # a veto that ends the work, or the time was stopped
    undone: tuple[str, ...]  # rows that a stopped candidate did not come to: they earn nothing
    total: Decimal

    @property
    def dimensions(self) -> dict[Dimension, Decimal]:
        """Counted marks per dimension (A05), before overtime."""
        found: dict[Dimension, Decimal] = {}
        for section in self.sections:
            found[section.dimension] = found.get(section.dimension, ZERO) + section.counted
        return found


def read_entries(sheet: Sheet, answers: Mapping[str, Any]) -> dict[str, Entry]:
    """The stored or sent answers as exact entries; blank ones are left out; EntriesInvalid names wrong ones."""
    rows = {row.code: row for row in sheet.rows}
    entries: dict[str, Entry] = {}
    problems: list[Problem] = []
    for code, value in answers.items():
        row = rows.get(code)
        if row is None:
            problems.append(_problem(code, N_("评分表没有 %(row)s 这一项。"), "unknown_row"))
        elif value is not None and value != "":
            entry = _entry(row, value)
            if entry is None:
                problems.append(_problem(code, N_("%(row)s 的填写不符合要求。"), "bad_entry"))
            else:
                entries[code] = entry
    if problems:
        raise EntriesInvalid(problems=problems, count=len(problems))
    return entries


def safety_stopped(sheet: Sheet, entries: Mapping[str, Entry]) -> bool:
    """Whether a veto item that ends the work has happened."""
    return any(row.effect is not None and row.effect.stops and entries.get(row.code) is True for row in sheet.rows)


def missing_rows(sheet: Sheet, entries: Mapping[str, Entry]) -> list[str]:
    """Codes of the rows nobody has answered yet, in the order of the sheet; veto items need an answer too. After a safety stop
    only those do: what the candidate did not come to stays blank."""
    stopped = safety_stopped(sheet, entries)
    return [row.code for row in sheet.rows if row.code not in entries and not (stopped and row.effect is None)]


def missing(sheet: Sheet, entries: Mapping[str, Entry], overtime_minutes: int | None) -> list[str]:
    """What is still blank, the overtime among it where the sheet counts it and nobody was stopped."""
    blank = missing_rows(sheet, entries)
    if sheet.overtime is not None and overtime_minutes is None and not safety_stopped(sheet, entries):
        blank.append("overtime")
    return blank


def require_complete(sheet: Sheet, entries: Mapping[str, Entry], overtime_minutes: int | None) -> None:
    """Refuse to sign a sheet with a blank; a sheet without rows is never complete."""
    blank = missing(sheet, entries, overtime_minutes)
    if blank or not sheet.rows:
        raise SheetIncomplete(count=len(blank), first=blank[0] if blank else "")


def row_mark(row: Row, entry: Entry) -> Decimal:
    """What one row earns, between 0 and its points; a veto row earns nothing."""
    match row.kind:
        case RowKind.MEASURED:
            lost = _steps_beyond(row, Decimal(entry)) * (row.per_step or ZERO)
        case RowKind.JUDGED | RowKind.GLOBAL:
            lost = row.points - row.points * int(entry) / (row.top or JUDGED_TOP)
        case RowKind.OCCURRENCE:
            lost = (row.each or ZERO) * int(entry)
        case RowKind.ALL_OR_NOTHING:
            lost = ZERO if entry else row.points
        case RowKind.VETO:
            return ZERO
    return max(ZERO, row.points - lost).quantize(CENT, ROUND_HALF_UP)


def score_sheet(sheet: Sheet, entries: Mapping[str, Entry], overtime_minutes: int | None = None) -> SheetScore:
    """Add a sheet up. Blank rows earn nothing (a preview); signing demands that there are none."""
    rows = tuple(_row_score(row, entries.get(row.code)) for row in sheet.rows)
    earned = {row.code: row.earned for row in rows}
    vetoes = [row for row in sheet.rows if row.kind is RowKind.VETO and entries.get(row.code)]
    sections = _sections(sheet, earned, vetoes)
    overtime = overtime_loss(sheet, overtime_minutes or 0)
    ended = safety_stopped(sheet, entries)
    timed_out = sheet.overtime is not None and (overtime_minutes or 0) >= sheet.overtime.stop_minutes
    return SheetScore(
        rows=rows,
        sections=sections,
        vetoes=tuple(row.code for row in vetoes),
        overtime_lost=overtime,
        stopped=ended or timed_out,
        undone=tuple(row.code for row in sheet.rows if ended and row.effect is None and row.code not in entries),
        total=max(ZERO, sum((section.counted for section in sections), ZERO) - overtime),
    )


def overtime_loss(sheet: Sheet, minutes: int) -> Decimal:
    """(e): points off for every started period; past the stop nobody works on."""
    if sheet.overtime is None or minutes <= 0:
        return ZERO
    if minutes > sheet.overtime.stop_minutes:
        raise OvertimePastStop(minutes=minutes, stop=sheet.overtime.stop_minutes)
    return -(-minutes // sheet.overtime.every_minutes) * sheet.overtime.points


def _entry(row: Row, value: object) -> Entry | None:
    match row.kind:
        case RowKind.MEASURED:
            return _number(value)
        case RowKind.JUDGED | RowKind.GLOBAL:
            return _whole(value, row.top or JUDGED_TOP)
        case RowKind.OCCURRENCE:
            return _whole(value, OCCURRENCES_MOST)
        case RowKind.ALL_OR_NOTHING | RowKind.VETO:
            return {"true": True, "false": False}.get(str(value).lower())


def _number(value: object) -> Decimal | None:
    if isinstance(value, (bool, float)):  # a binary fraction is not what the gauge showed
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < 1_000_000 else None


def _whole(value: object, most: int) -> int | None:
    text = str(value).strip()
    if isinstance(value, bool) or not (text.isascii() and text.isdigit()) or int(text) > most:
        return None
    return int(text)


def _steps_beyond(row: Row, value: Decimal) -> Decimal:
    beyond = abs(value - (row.nominal or ZERO)) - (row.tolerance or ZERO)
    if beyond <= 0 or not row.step:
        return ZERO
    return (beyond / row.step).to_integral_value(ROUND_CEILING)


def _row_score(row: Row, entry: Entry | None) -> RowScore:
    earned = ZERO if entry is None else row_mark(row, entry)
    return RowScore(code=row.code, earned=earned, lost=row.points - earned)


def _sections(sheet: Sheet, earned: Mapping[str, Decimal], vetoes: Sequence[Row]) -> tuple[SectionScore, ...]:
    raw = {section.code: sum((earned[row.code] for row in section.rows), ZERO) for section in sheet.sections}
    whole = next((row.code for row in vetoes if row.effect in (VetoEffect.TOTAL, VetoEffect.FAIL)), "")
    own = {section.code: _own_veto(section, vetoes) for section in sheet.sections}
    kept = {code: ZERO if whole or own[code] else mark for code, mark in raw.items()}
    missed = [section.code for section in sheet.sections if section.gate is not None
              and kept[section.code] < section.gate]  # fmt: skip
    found = []
    for section in sheet.sections:
        gate = next((code for code in missed if code != section.code), "")
        zeroed = whole or own[section.code] or gate
        found.append(
            SectionScore(
                code=section.code,
                dimension=section.dimension,
                raw=raw[section.code],
                counted=ZERO if zeroed else raw[section.code],
                zeroed_by=zeroed,
            )
        )
    return tuple(found)


def _own_veto(section: Section, vetoes: Sequence[Row]) -> str:
    return next((row.code for row in vetoes if row in section.rows and row.effect is VetoEffect.SECTION), "")


def _problem(code: str, message: str, name: str) -> Problem:
    return Problem(message=message, facts={"row": code}, field=code, code=name)
