"""Tries a design in a limited child process: little memory, two seconds, no address, no file, no program.

The parent's side; what the child does stands in `certificates.designs.checker.child`, which alone knows
WeasyPrint. A design is its author's program: untried, nothing of it runs outside that child.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec

from certificates.designs.documents.templates import Fault
from certificates.designs.rules.dummies import DUMMIES
from certificates.designs.rules.layout import Measured, layout_problems, seal_problems
from certificates.designs.rules.markup import markup_problems
from certificates.designs.rules.records import LIMIT_CHARACTERS, Source
from certificates.designs.rules.styles import style_problems
from exam.kernel import fonts, pdf
from exam.kernel.errors import N_, Problem
from exam.kernel.sandbox import ChildFailed, Children

SECONDS: Final = 6.0
"""Of computing: what a trial may take."""
_PATIENCE_SECONDS: Final = 60.0  # a submission is tried to the end on a busy machine too
_MEGABYTES: Final = 1024


class Trial(msgspec.Struct, frozen=True):
    """One request: a design and one dummy."""

    html: str
    style: str
    dummy: dict[str, Any]
    picture: bool
    under: bytes | None = None  # one-page PDFs: the frame, the seal
    seal: bytes | None = None
    seal_mm: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)


class Tried(msgspec.Struct, frozen=True):
    """What came out: faults, or what was measured, and the picture and the PDF where they were asked for."""

    faults: list[Fault] = []
    measured: Measured | None = None
    png: bytes = b""
    pdf: bytes = b""


_FAULTS: Final[Mapping[str, tuple[str, str]]] = {
    "syntax": (N_("模板写错了：%(word)s。"), N_("请检查花括号和 if、endif 是否成对。")),
    "node": (
        N_("模板里不能使用“%(word)s”：只能写字段和 if。"),
        N_("请改用字段名，例如 {{ face.holder_name }}；循环、赋值、调用和计算都不能用。"),
    ),
    "name": (N_("没有名为“%(word)s”的字段。"), N_("请核对字段名，可用的字段列在编辑框下面。")),
    "draw": (N_("画不出来：%(word)s。"), N_("请撤回刚才的修改再试。")),
    "slow": (N_("这个版式画得太慢或占用内存太多，已停止。"), N_("请简化模板和样式。")),
}


def static_problems(source: Source) -> list[Problem]:
    """What can be said without drawing, at once."""
    if len(source.html) > LIMIT_CHARACTERS or len(source.style) > LIMIT_CHARACTERS:
        return [
            Problem(
                field="html",
                code="too_long",
                message=N_("模板或样式超过 %(limit)s 个字符。"),
                way_out=N_("请删去不用的内容。"),
                facts={"limit": LIMIT_CHARACTERS},
            )
        ]
    return [*markup_problems(source.html), *style_problems(source.style), *seal_problems(source.seal_mm)]


def try_one(
    source: Source,
    key: str,
    home: Path,
    *,
    under: bytes | None = None,
    seal: bytes | None = None,
    picture: bool = True,
    seconds: float = SECONDS,
) -> tuple[list[Problem], Tried]:
    """Draw one dummy and say what is wrong with it; blocks for about half a second, and at most for `seconds`."""
    name, dummy = DUMMIES[key]
    trial = Trial(source.html, source.style, dict(dummy), picture, under, seal, source.seal_mm)
    try:
        answer = _children(home).ask(msgspec.msgpack.encode(trial), seconds=seconds)
    except ChildFailed:
        return [_fault(Fault("slow"))], Tried()
    tried = msgspec.msgpack.decode(answer, type=Tried)
    found = [_fault(one) for one in tried.faults]
    if tried.measured is not None:
        found += layout_problems(tried.measured, dummy, name, source.seal_mm)
        found += _glyphs(tried.measured, name, home)
    return found, tried


def every_problem(source: Source, home: Path) -> list[Problem]:
    """All that stands between a draft and its submission: read, and drawn on every dummy; each problem once."""
    found = static_problems(source)
    if not found:
        for key in DUMMIES:
            found += try_one(source, key, home, picture=False, seconds=_PATIENCE_SECONDS)[0]
    return once(found)


def once(problems: Sequence[Problem]) -> list[Problem]:
    """The problems without those that differ only in the dummy."""
    seen: dict[tuple[object, ...], Problem] = {}
    for one in problems:
        facts = tuple((key, str(value)) for key, value in one.facts.items() if key != "dummy")
        seen.setdefault((one.field, one.row, one.message, facts), one)
    return list(seen.values())


def _glyphs(measured: Measured, name: str, home: Path) -> list[Problem]:
    missing = pdf.missing_glyphs("".join(one.text for one in measured.texts), home=home)
    if not missing:
        return []
    return [
        Problem(
            field="html",
            code="no_glyph",
            message=N_("字体中没有“%(characters)s”。"),
            way_out=N_("请换用别的字。"),
            facts={"characters": "".join(sorted(missing)), "dummy": name},
        )
    ]


def _fault(fault: Fault) -> Problem:
    message, way_out = _FAULTS[fault.code]
    facts = {"word": fault.word} if "%(word)s" in message else {}
    return Problem(
        field="html",
        row=fault.line or None,
        code=f"template_{fault.code}",
        message=message,
        way_out=way_out,
        facts=facts,
    )


_lock = threading.Lock()


def _children(home: Path) -> Children:
    with _lock:
        return _pool(fonts.prepare(home).serif.parent.resolve(), home)


@lru_cache(maxsize=4)
def _pool(_folder: Path, home: Path) -> Children:
    """One warm child for each set of fonts: previews come one after the other."""
    return Children(
        "certificates.designs.checker.child",
        count=1,
        seconds=SECONDS,
        megabytes=_MEGABYTES,
        env=pdf.drawing_environment(home),
    )
