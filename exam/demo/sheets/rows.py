"""The kinds of rows seen on real score sheets (domain.md section 4, a-g), in the format of ``kaowu-scheme/1``."""

from collections.abc import Sequence
from typing import Any

Data = dict[str, Any]

_JUDGED = (
    ("未完成或方法错误", "Not done, or wrong method"),
    ("基本完成，有明显缺陷", "Done with clear defects"),
    ("完成，有小缺陷", "Done with small defects"),
    ("完整、规范、熟练", "Complete, correct and fluent"),
)
SAFETY = (
    "出现危及人身或设备安全的操作，考评员应立即制止",
    "Any act that endangers people or equipment; the assessor stops it at once",
)
TIDY = ("工位整理与资料归还", "Station tidied, papers returned")


def _row(code: str, kind: str, name: tuple[str, str], points: int, standard: tuple[str, str], **more: Any) -> Data:
    row: Data = {
        "code": code,
        "kind": kind,
        "name_zh": name[0],
        "name_en": name[1],
        "standard_zh": standard[0],
        "standard_en": standard[1],
        **more,
    }
    return row if kind == "veto" else {**row, "points": points}


def measured(
    code: str, name: tuple[str, str], points: int, *, nominal: str, tolerance: str, step: str, per_step: str, unit: str
) -> Data:
    """A value is measured; each started step beyond the tolerance costs points."""
    standard = (
        f"标准值 {nominal}±{tolerance} {unit}，每超差 {step} {unit} 扣 {per_step} 分，扣完为止",
        f"{nominal}±{tolerance} {unit}; {per_step} marks off per started {step} {unit} beyond",
    )
    more = {"nominal": nominal, "tolerance": tolerance, "step": step, "per_step": per_step, "unit": unit}
    return _row(code, "measured", name, points, standard, **more)


def judged(code: str, name: tuple[str, str], points: int, standard: tuple[str, str]) -> Data:
    """The assessor judges 0, 1, 2 or 3 by descriptors."""
    levels = [{"zh": zh, "en": en} for zh, en in _JUDGED]
    return _row(code, "judged", name, points, standard, levels=levels)


def occurrence(code: str, name: tuple[str, str], points: int, each: str, standard: tuple[str, str]) -> Data:
    """Each occurrence costs points; the row never falls below 0."""
    return _row(code, "occurrence", name, points, standard, each=each)


def whole(code: str, name: tuple[str, str], points: int, standard: tuple[str, str]) -> Data:
    """All or nothing."""
    return _row(code, "all_or_nothing", name, points, standard)


def veto(code: str, name: tuple[str, str], effect: str, standard: tuple[str, str]) -> Data:
    """A veto item: nothing is earned here, everything can be lost."""
    return _row(code, "veto", name, 0, standard, effect=effect)


def section(code: str, name: tuple[str, str], dimension: str, rows: Sequence[Data], gate: str | None = None) -> Data:
    """One part of the sheet; with a gate, the other parts count only when this one reaches it."""
    data: Data = {"code": code, "name_zh": name[0], "name_en": name[1], "dimension": dimension, "rows": list(rows)}
    return data if gate is None else {**data, "gate": gate}
