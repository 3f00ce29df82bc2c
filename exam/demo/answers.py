"""What candidates do on their papers and at their stations, drawn from how able they are. Pure.

``ability`` is standard normal. The numbers are set so that about two of three pass, as real batches have it.
"""

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from random import Random
from typing import Any

from exam.catalogue.rules import ItemKind, Row, RowKind, Sheet
from exam.papers.rules import ItemKeyRecord, Question

_THEORY = 0.55  # log-odds of an average candidate to know an item
_PRACTICE = 0.6
_SLOPE = 0.62


def _chance(base: float, ability: float) -> float:
    return 1 / (1 + math.exp(-(base + _SLOPE * ability)))


def answer(question: Question, key: ItemKeyRecord, ability: float, rng: Random) -> Any:
    """One answer: right with the chance of the ability, else a plausible wrong one, sometimes none."""
    right = rng.random() < _chance(_THEORY, ability)
    if not right and rng.random() < 0.08:
        return None
    options = [option.id for option in question.options]
    match question.kind:
        case ItemKind.SINGLE | ItemKind.TRUE_FALSE:
            good = sorted(key.options)
            return good[0] if right else rng.choice([one for one in options if one not in key.options])
        case ItemKind.MULTIPLE:
            good = sorted(key.options)
            return good if right else _partly(good, options, rng)
        case ItemKind.FILL_IN:
            return [sorted(texts)[0] if right else rng.choice(("不清楚", "0", "100")) for texts in key.blanks]
    raise AssertionError(question.kind)


def _partly(good: Sequence[str], options: Sequence[str], rng: Random) -> list[str]:
    """Too few of the right ones, or one that is wrong among them."""
    if rng.random() < 0.6 and len(good) > 1:
        return sorted(rng.sample(list(good), len(good) - 1))
    wrong = [one for one in options if one not in good]
    return sorted([*good[:-1], rng.choice(wrong)]) if wrong else list(good[:1])


def paper_mark(ability: float, rng: Random) -> Decimal:
    """What stands on a marked paper: halves of a mark, 0 to 100."""
    raw = rng.gauss(66 + 11 * ability, 6)
    return Decimal(round(min(98.0, max(8.0, raw)) * 2)) / 2


def sheet_entries(sheet: Sheet, ability: float, rng: Random) -> tuple[Mapping[str, Any], int]:
    """An assessor's entries for every row of a sheet, and the minutes of overtime."""
    entries = {row.code: _entry(row, ability, rng) for row in sheet.rows}
    overtime = rng.choice((1, 2, 4)) if sheet.overtime and rng.random() < 0.12 - 0.05 * ability else 0
    return entries, overtime


def _entry(row: Row, ability: float, rng: Random) -> Any:
    well = _chance(_PRACTICE, ability)
    match row.kind:
        case RowKind.MEASURED:
            return str(_measured(row, well, rng))
        case RowKind.JUDGED:
            return sum(rng.random() < 0.28 + 0.64 * well for _ in range(3))
        case RowKind.OCCURRENCE:
            return sum(rng.random() > well for _ in range(4))
        case RowKind.ALL_OR_NOTHING:
            return "true" if rng.random() < 0.15 + 0.8 * well else "false"
        case RowKind.VETO:
            return "true" if rng.random() < 0.004 else "false"
        case RowKind.GLOBAL:
            return round(row.top * well)


def sheet_evidence(sheet: Sheet, entries: Mapping[str, Any]) -> Mapping[str, str]:
    """What an assessor writes beside the veto items that happened."""
    happened = [row.code for row in sheet.rows if row.kind is RowKind.VETO and entries[row.code] == "true"]
    return dict.fromkeys(happened, "当场制止，考场录像可查")


def _measured(row: Row, well: float, rng: Random) -> Decimal:
    """The nominal value, off by some steps when the work was poor."""
    nominal, step = row.nominal or Decimal(0), row.step or Decimal(1)
    tolerance = row.tolerance or Decimal(0)
    if rng.random() < well:
        inside = tolerance * rng.choice((Decimal("-0.5"), Decimal(0), Decimal("0.5")))
        return (nominal + inside).quantize(nominal if nominal.as_tuple().exponent else step)
    off = tolerance + step * rng.randint(1, 4)
    return nominal + (off if rng.random() < 0.5 or nominal <= off else -off)


def second_reading(mark: Decimal, rng: Random) -> Decimal:
    """What the second person types: nearly always the same, now and then a slip."""
    return mark if rng.random() < 0.985 else min(Decimal(100), mark + Decimal("0.5"))


def second_opinion(entries: Mapping[str, Any], sheet: Sheet, rng: Random) -> Mapping[str, Any]:
    """Another assessor's entries for the same work: one judged row may differ by a level."""
    judged = [row.code for row in sheet.rows if row.kind is RowKind.JUDGED]
    if not judged or rng.random() < 0.5:
        return dict(entries)
    code = rng.choice(judged)
    level = min(3, max(0, int(entries[code]) + rng.choice((-1, 1))))
    return {**entries, code: level}
