"""The ledger as static files (C2SP tlog-tiles), so that any web server can serve it: full tiles are written once, the
checkpoint last. A partial tile goes when its full one is there."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from certificates.ledger.rules.checkpoints import tree_head
from certificates.ledger.rules.notes import BadNote, read_note
from certificates.ledger.rules.tiles import Tile
from exam.kernel.errors import N_, Conflict
from exam.kernel.files import write_whole
from exam.kernel.locks import exclusive
from exam.kernel.settings import Settings

CHECKPOINT: Final = "checkpoint"


class LedgerWentBack(Conflict):
    """More was published than the database has: it was restored from an older copy."""

    message = N_("数据库中的登记簿只有 %(size)s 条，而已公布到第 %(published)s 条：数据库被恢复到了较早的状态。")
    way_out = N_("请停止颁发，从更近的备份恢复；不要删除已公布的文件。")


def folder_of(settings: Settings) -> Path:
    """Where the static files stand, for any web server."""
    return settings.home / "ledger"


def published_size(folder: Path) -> int:
    """How many leaves the published checkpoint has; 0 where none is published."""
    try:
        return tree_head(read_note((folder / CHECKPOINT).read_text("utf-8"))).size
    except (OSError, UnicodeError, BadNote):
        return 0


def write_tiles(folder: Path, tiles: Iterable[tuple[Tile, bytes]]) -> None:
    """Write files of the tree; each whole or not at all."""
    for tile, data in tiles:
        path = folder / tile.path
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, data, 0o644)
        if not tile.partial:
            shutil.rmtree(path.with_name(path.name + ".p"), ignore_errors=True)


def write_checkpoint(folder: Path, size: int, text: str) -> None:
    """Publish a checkpoint whose tiles are written; an older one never takes the place of a newer one."""
    with exclusive(folder / ".lock"):
        if size >= published_size(folder):
            write_whole(folder / CHECKPOINT, text.encode(), 0o644)
