"""A score sheet as the editor's form sends it, and the steps that change its shape: pure, and the same without a script.

Fields are named by their place (``s1.r3.points``, see :mod:`exam.catalogue.rules.lint`). What was typed is kept as typed, also where
it is wrong: the draft is saved, and what is wrong is said at its row.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

from exam.catalogue.rules.sheets import JUDGED_TOP, Proof, RowKind

SECTIONS_MOST: Final = 20
ROWS_MOST: Final = 60
_TEXTS = ("code", "name_zh", "name_en")
_ROW: Mapping[RowKind, tuple[str, ...]] = {
    RowKind.MEASURED: ("points", "nominal", "tolerance", "step", "per_step", "unit"),
    RowKind.JUDGED: ("points",),
    RowKind.OCCURRENCE: ("points", "each"),
    RowKind.ALL_OR_NOTHING: ("points",),
    RowKind.VETO: ("effect", "proof"),
    RowKind.GLOBAL: ("points",),
}
_LEVELS: Mapping[RowKind, int] = {RowKind.JUDGED: JUDGED_TOP + 1, RowKind.GLOBAL: 5}


def sheet_from_form(sent: Mapping[str, str]) -> dict[str, Any]:
    """The sheet a form describes; blank optional fields are left out, numbers stay as they were typed."""
    made: dict[str, Any] = {"title_zh": _text(sent, "title_zh"), "title_en": _text(sent, "title_en")}
    if task := _text(sent, "task"):
        made["task"] = task
    made["sections"] = [_section(sent, f"s{number}") for number in _numbers(sent, "s{}.code", SECTIONS_MOST)]
    if any(_text(sent, f"overtime.{name}") for name in ("every_minutes", "points", "stop_minutes")):
        made["overtime"] = {
            "every_minutes": _whole(_text(sent, "overtime.every_minutes")), "points": _text(sent, "overtime.points"),
            "stop_minutes": _whole(_text(sent, "overtime.stop_minutes")),
        }  # fmt: skip
    agreed: dict[str, Any] = {"tolerance": _text(sent, "agreement.tolerance")}
    agreed["assessors"] = _whole(_text(sent, "agreement.assessors") or "2")
    if _text(sent, "agreement.third"):
        agreed["third"] = True
        agreed["tie"] = _text(sent, "agreement.tie") or "higher"
    made["agreement"] = agreed
    return made


def step(sheet: Mapping[str, Any], asked: str) -> dict[str, Any]:
    """The sheet after one step of the editor: ``row-add:1:judged``, ``row-remove:1:2``, ``row-up:1:2``, ``section-add``,
    ``section-remove:2``, ``section-up:2``, ``level-add:1:2``, ``level-remove:1:2``. A step that fits nothing changes nothing."""
    made = deepcopy(dict(sheet))
    name, *rest = asked.split(":")
    numbers = [int(one) for one in rest if one.isascii() and one.isdigit()]
    sections: list[Any] = made["sections"]
    try:
        if min([*numbers, 1]) < 1:
            return made
        match name:
            case "section-add" if len(sections) < SECTIONS_MOST:
                sections.append(_blank_section(sections))
            case "section-remove":
                del sections[numbers[0] - 1]
            case "section-up" if numbers[0] > 1:
                _swap(sections, numbers[0] - 1)
            case "row-add" if len(sections[numbers[0] - 1]["rows"]) < ROWS_MOST:
                section = sections[numbers[0] - 1]
                section["rows"].append(_blank_row(section, RowKind(rest[1])))
            case "row-remove":
                del sections[numbers[0] - 1]["rows"][numbers[1] - 1]
            case "row-up" if numbers[1] > 1:
                _swap(sections[numbers[0] - 1]["rows"], numbers[1] - 1)
            case "level-add":
                sections[numbers[0] - 1]["rows"][numbers[1] - 1]["levels"].append({"zh": "", "en": ""})
            case "level-remove":
                sections[numbers[0] - 1]["rows"][numbers[1] - 1]["levels"].pop()
    except (IndexError, ValueError, KeyError):
        return deepcopy(dict(sheet))
    return made


def blank_sheet() -> dict[str, Any]:
    """The start of a sheet that has none yet."""
    made: dict[str, Any] = {
        "title_zh": "",
        "title_en": "",
        "sections": [],
        "agreement": {"tolerance": "5", "assessors": 2},
    }
    return step(made, "section-add")


def _section(sent: Mapping[str, str], at: str) -> dict[str, Any]:
    made: dict[str, Any] = {name: _text(sent, f"{at}.{name}") for name in (*_TEXTS, "dimension")}
    if gate := _text(sent, f"{at}.gate"):
        made["gate"] = gate
    made["rows"] = [_row(sent, f"{at}.r{number}") for number in _numbers(sent, at + ".r{}.code", ROWS_MOST)]
    return made


def _row(sent: Mapping[str, str], at: str) -> dict[str, Any]:
    kind = _text(sent, f"{at}.kind")
    made: dict[str, Any] = {"code": _text(sent, f"{at}.code"), "kind": kind}
    made |= {name: _text(sent, f"{at}.{name}") for name in _TEXTS[1:]}
    made |= {name: text for name in ("standard_zh", "standard_en") if (text := _text(sent, f"{at}.{name}"))}
    if kind not in set(RowKind):
        return made
    known = RowKind(kind)
    made |= {name: text for name in _ROW[known] if (text := _text(sent, f"{at}.{name}"))}
    if known in _LEVELS:
        numbers = list(_numbers(sent, at + ".l{}.zh", 9))
        typed: list[dict[str, str]] = [
            {tongue: _text(sent, f"{at}.l{n}.{tongue}") for tongue in ("zh", "en")} for n in numbers
        ]
        made["levels"] = typed
        if not numbers or (known is RowKind.JUDGED and len(numbers) != _LEVELS[known]):
            made["levels"] = [*typed, *_blank_levels(known)][: _LEVELS[known]]
    if known is RowKind.VETO:
        made = {"effect": "total"} | made
        if made.get("proof") == Proof.EITHER:  # what is so without being said
            del made["proof"]
    return made


def _blank_section(sections: list[Any]) -> dict[str, Any]:
    code = _free([str(one.get("code", "")) for one in sections])
    made: dict[str, Any] = {"code": code, "name_zh": "", "name_en": "", "dimension": "skill", "rows": []}
    made["rows"] = [_blank_row(made, RowKind.JUDGED)]
    return made


def _blank_row(section: Mapping[str, Any], kind: RowKind) -> dict[str, Any]:
    letter = str(section.get("code", ""))
    number = len(section["rows"]) + 1
    while any(row.get("code") == f"{letter}{number}" for row in section["rows"]):
        number += 1
    made: dict[str, Any] = {"code": f"{letter}{number}", "kind": kind.value, "name_zh": "", "name_en": ""}
    if kind in _LEVELS:
        made["levels"] = _blank_levels(kind)
    if kind is RowKind.VETO:
        made |= {"effect": "total"}
    return made


def _blank_levels(kind: RowKind) -> list[dict[str, str]]:
    return [{"zh": "", "en": ""} for _ in range(_LEVELS[kind])]


def _free(taken: list[str]) -> str:
    return next((letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if letter not in taken), str(len(taken) + 1))


def _swap(items: list[Any], index: int) -> None:
    items[index - 1], items[index] = items[index], items[index - 1]


def _numbers(sent: Mapping[str, str], name: str, most: int) -> range:
    count = 0
    while count < most and name.format(count + 1) in sent:
        count += 1
    return range(1, count + 1)


def _text(sent: Mapping[str, str], name: str) -> str:
    return str(sent.get(name, "")).strip()[:2000]


def _whole(text: str) -> int | str:
    """Whole numbers as numbers, anything else as it was typed: the reader says what is wrong."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else text
