"""What differs between two versions of a design, line by line."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher

from certificates.designs.rules.records import Source
from exam.kernel.errors import N_


@dataclass(frozen=True)
class Change:
    """One stretch that differs: where it begins now, what stood there, what stands there."""

    part: str  # msgid
    line: int
    before: tuple[str, ...]
    after: tuple[str, ...]


def changes(before: Source, after: Source) -> list[Change]:
    """Every stretch that differs; empty when nothing does."""
    parts = (
        (N_("模板"), before.html.splitlines(), after.html.splitlines()),
        (N_("样式"), before.style.splitlines(), after.style.splitlines()),
        (N_("签章位置"), [_box(before)], [_box(after)]),
    )
    found = []
    for name, old, new in parts:
        for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if tag != "equal":
                found.append(Change(name, c + 1, tuple(old[a:b]), tuple(new[c:d])))
    return found


def _box(source: Source) -> str:
    return " ".join(f"{edge:g}" for edge in source.seal_mm)
