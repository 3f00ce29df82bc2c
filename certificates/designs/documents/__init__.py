"""What a design shares with every certificate (frame, seal), and the hook that compiles one for quick drawing.

Designs stand below issuing, which draws with them; what they need of its drawing is handed in by the wiring (exam/app.py),
once. Without it previews show the bare page, and every design is drawn the slow way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from certificates.designs.rules.records import PRESS, WEASYPRINT, Template


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """What the drawing of certificates lends to designs."""

    frame: Callable[[Path], bytes]  # data folder -> one-page PDF
    seal: Callable[[str, Path], bytes]  # organisation's name, data folder -> one-page PDF
    compile_design: Callable[[Template, Path], None] | None = None  # raises ValueError where the press cannot serve it


_drawing: list[Drawing] = []


def lend(drawing: Drawing) -> None:
    """Hand in the drawing of certificates (wiring)."""
    _drawing[:] = [drawing]


def frame(home: Path) -> bytes | None:
    """The frame under every certificate."""
    return _drawing[0].frame(home) if _drawing else None


def seal(organisation_name: str, home: Path) -> bytes | None:
    """An issuer's seal."""
    return _drawing[0].seal(organisation_name, home) if _drawing else None


def compile_design(template: Template, home: Path) -> tuple[str, str]:
    """Compile a design for the press and say how it will be drawn: `PRESS`, or `WEASYPRINT` and why the press cannot."""
    compiler = _drawing[0].compile_design if _drawing else None
    if compiler is None:
        return WEASYPRINT, ""
    try:
        compiler(template, home)
    except ValueError as refusal:
        return WEASYPRINT, str(refusal)
    return PRESS, ""
