"""The data folder whose prepared fonts the drawing tests share: the one that set-up filled, or one filled now."""

from __future__ import annotations

from pathlib import Path

from exam.kernel import fonts
from exam.kernel.settings import Settings


def print_home() -> Path:
    home = Settings.load().home
    fonts.prepare(home)
    return home


def link_fonts(home: Path) -> None:
    """Let a test's own data folder use the prepared fonts."""
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "fonts").exists():
        (home / "fonts").symlink_to(print_home() / "fonts")
