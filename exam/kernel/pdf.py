"""Documents to print and to keep: HTML becomes PDF in limited child processes, with our own fonts and no address.

The page may use the families "Kaowu Serif" and "Kaowu Sans" and what is handed over as ``asset:<name>``; anything
else (a network address, a local file, a data address) stops the drawing. The children (`exam.kernel.pdf_worker`)
stay warm, are limited in time and memory, and are replaced when one of them is lost.

A character for which the fonts hold no glyph would be printed as a box: `missing_glyphs` finds it beforehand.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Final

import msgspec
import pikepdf
from fontTools.ttLib import TTFont

from exam.kernel import fonts
from exam.kernel.pdf_layout import Layout
from exam.kernel.sandbox import Children
from exam.kernel.settings import Settings

CONFORMING: Final = "pdf/a-3a"
"""The variant of documents that are kept: PDF/A-3a (ISO 19005-3) and PDF/UA-1 (ISO 14289-1) at once."""

WORKERS_COUNT: Final = 2
_DRAW_SECONDS: Final = 120.0
_DRAW_MEGABYTES: Final = 2048
_INVISIBLE: Final = frozenset("\n\r\t\u200b\u200c\u200d\u2060\ufeff")
_FONT_CONFIG: Final = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig><dir>{folder}</dir><cachedir>{cache}</cachedir></fontconfig>
"""

_lock = threading.Lock()


class SealField(msgspec.Struct, frozen=True):
    """A signature field to prepare on the first page: its box in points from the lower left, and its appearance."""

    name: str
    box: tuple[float, float, float, float]
    tooltip: str
    appearance: bytes  # a one-page PDF, drawn into the box
    reserved: int  # bytes kept for the signature
    signer: str
    reason: str
    signed_at: str  # PDF date


class Attachment(msgspec.Struct, frozen=True):
    """A file inside a kept document (PDF/A-3): its name, media type, what it is, its bytes, how it relates to the page."""

    name: str
    mime: str
    description: str
    data: bytes
    relationship: str = "Data"  # ISO 19005-3, 6.8: Source, Data, Alternative, Supplement, Unspecified


class _Drawing(msgspec.Struct, frozen=True):
    html: str
    assets: dict[str, bytes]
    variant: str | None
    underlay: bytes | None
    seal: SealField | None
    attachments: tuple[Attachment, ...]
    dated: str
    values: dict[str, str] | None = None


async def render_pdf(
    html: str,
    *,
    base: Path | None = None,
    assets: Mapping[str, bytes] | None = None,
    variant: str | None = CONFORMING,
    underlay: bytes | None = None,
    seal: SealField | None = None,
    home: Path | None = None,
) -> bytes:
    """Draw a page of HTML and return the PDF; raises `exam.kernel.sandbox.ChildFailed`.

    One document for one reader is tagged and fit to be kept, whatever it is; None as `variant` leaves that out, for pages
    that are bound into another file (a fifth quicker, a third smaller). `assets` are what ``asset:<name>`` addresses
    mean; the files of the folder `base` are added to them. `underlay` is a one-page PDF laid under every page. `home` is
    the installation's data folder (default: that of the settings).
    """
    return await asyncio.to_thread(
        draw_pdf, html, base=base, assets=assets, variant=variant, underlay=underlay, seal=seal, home=home
    )


async def render_pdfs(
    parts: Sequence[str],
    *,
    assets: Mapping[str, bytes] | Sequence[Mapping[str, bytes]] | None = None,
    home: Path | None = None,
    drawn: Callable[[int], None] | None = None,
) -> bytes:
    """Draw the parts of a long print (a room, a class each) side by side and return them as one PDF, in order.

    A single part conforms like any other document; several are bound for the printer, without tags. `assets` are for all
    parts, or a sequence with those of each part. `drawn` is told the index of each part that is finished.
    """
    if not parts:
        raise ValueError("nothing to print")
    variant = CONFORMING if len(parts) == 1 else None
    done = await render_each(parts, assets=assets, home=home, drawn=drawn, variant=variant)
    return await asyncio.to_thread(_joined, done) if len(done) > 1 else done[0]


async def render_each(
    parts: Sequence[str],
    *,
    assets: Mapping[str, bytes] | Sequence[Mapping[str, bytes]] | None = None,
    home: Path | None = None,
    drawn: Callable[[int], None] | None = None,
    variant: str | None = None,
) -> list[bytes]:
    """The same as one PDF a part, for whoever binds them otherwise.

    No more parts are under way than there are children: a long print leaves the process's threads to others.
    """
    own = assets if isinstance(assets, Sequence) else [assets] * len(parts)
    turn = asyncio.Semaphore(WORKERS_COUNT)

    async def draw(index: int) -> bytes:
        async with turn:
            data = await render_pdf(parts[index], assets=own[index], variant=variant, home=home)
        if drawn is not None:
            drawn(index)
        return data

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(draw(index)) for index in range(len(parts))]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]


def draw_pdf(
    html: str,
    *,
    base: Path | None = None,
    assets: Mapping[str, bytes] | None = None,
    variant: str | None = None,
    underlay: bytes | None = None,
    seal: SealField | None = None,
    attachments: Sequence[Attachment] = (),
    dated: str = "",
    home: Path | None = None,
) -> bytes:
    """The same for callers that have a thread of their own to wait in.

    `attachments` go into a conforming document as associated files; `dated` is its PDF date and theirs.
    """
    found = {path.name: path.read_bytes() for path in base.iterdir() if path.is_file()} if base else {}
    drawing = _Drawing(html, {**found, **(assets or {})}, variant, underlay, seal, tuple(attachments), dated)
    return _children(home or Settings.load().home).ask(msgspec.msgpack.encode(drawing))


def record_layout(html: str, *, values: Mapping[str, str], assets: Mapping[str, bytes], home: Path) -> Layout:
    """How a page with marked fields is laid out when these values stand in them; raises `ChildFailed`."""
    drawing = _Drawing(html, dict(assets), CONFORMING, None, None, (), "", dict(values))
    return msgspec.msgpack.decode(_children(home).ask(msgspec.msgpack.encode(drawing)), type=Layout)


def engine() -> str:
    """What draws: its name and version."""
    return f"WeasyPrint {version('weasyprint')}"


def missing_glyphs(text: str, *, home: Path | None = None) -> set[str]:
    """The characters of the text that one of the fonts cannot draw; empty for an empty text."""
    return set(text) - _drawable(home or Settings.load().home)


def close() -> None:
    """End the drawing children (they also end with the process)."""
    with _lock:
        for children in _POOLS.values():
            children.close()
        _POOLS.clear()
        _drawable.cache_clear()


def _joined(documents: Sequence[bytes]) -> bytes:
    with pikepdf.new() as joined:
        for data in documents:
            with pikepdf.open(BytesIO(data)) as part:
                joined.pages.extend(part.pages)
        out = BytesIO()
        joined.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return out.getvalue()


_POOLS: Final[dict[Path, Children]] = {}


def _children(home: Path) -> Children:
    """The children that draw with the fonts of a home; homes that share fonts share them."""
    folder = fonts.prepare(home).serif.parent.resolve()
    with _lock:
        if folder not in _POOLS:
            _POOLS[folder] = Children(
                "exam.kernel.pdf_worker",
                count=WORKERS_COUNT,
                seconds=_DRAW_SECONDS,
                megabytes=_DRAW_MEGABYTES,
                env=drawing_environment(home),
            )
        return _POOLS[folder]


def drawing_environment(home: Path) -> dict[str, str]:
    """What a child must be told to draw with the fonts of a home, and no others."""
    prepared = fonts.prepare(home)
    return {
        "FONTCONFIG_FILE": str(_font_config(prepared.serif.parent.resolve())),
        "KAOWU_CHILD_FONT": str(prepared.sans.resolve()),
        "SOURCE_DATE_EPOCH": "0",
    }


def _font_config(folder: Path) -> Path:
    """Tell fontconfig of our fonts and of no others."""
    path = folder / "fonts.conf"
    text = _FONT_CONFIG.format(folder=folder, cache=folder / "cache")
    if not path.exists() or path.read_text("utf-8") != text:
        whole = path.with_suffix(f".{os.getpid()}")
        whole.write_text(text, "utf-8")
        os.replace(whole, path)
    return path


@lru_cache(maxsize=4)
def _drawable(home: Path) -> frozenset[str]:
    """What every font of ours can draw."""
    prepared = fonts.prepare(home)
    maps = [set(TTFont(path, lazy=True).getBestCmap()) for path in (prepared.serif, prepared.sans)]
    return frozenset(map(chr, set.intersection(*maps))) | _INVISIBLE
