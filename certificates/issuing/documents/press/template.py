"""Compiles the certificate template: each of its shapes is recorded once, proved against WeasyPrint, and frozen.

A shape is what the template says when its fields are left open: which of its conditions hold (a name in Latin letters, a
mark, a long name). It is found by filling the template with marks instead of values, so that every condition and loop of
the template language works. A shape is recorded with the template's own example, set again by the press with that example
and with longer and shorter ones, and compared with what WeasyPrint does; only a shape that agrees to a twentieth of a
pixel is pressed. Compiled shapes are kept beside the fonts they were measured with (``<home>/fonts/press``), under the hash
of everything they depend on.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import msgspec
import uharfbuzz
from PIL import Image

from certificates.designs.documents.templates import filled
from certificates.designs.rules.dummies import DUMMIES
from certificates.designs.rules.fields import LITERAL
from certificates.designs.rules.records import BUILT_IN, Template
from certificates.issuing.documents.press.faces import Unsure, faces, folder_of
from certificates.issuing.documents.press.setting import Page, set_page
from exam.kernel import pdf, printing
from exam.kernel.pdf_layout import Layout, mark

FORMAT: Final = "kaowu-press/1"
_NEAR: Final = 0.05  # pixels between the press and WeasyPrint
_PROVEN: Final = 3  # of the four probes that must be decided
_KEPT: Final = 64  # shapes in memory
_DOCUMENT: Final = "certificate"


class Marked(str):
    """A value that the template sees as it is, and that stands as a mark in the page it makes."""

    name: str

    def __new__(cls, value: str, name: str) -> Marked:
        made = super().__new__(cls, value)
        made.name = name
        return made

    def __html__(self) -> str:
        return mark(self.name)

    def upper(self) -> str:
        """What the template makes of a value is no mark: each certificate would be a shape of its own."""
        raise Unsure(f"{self.name} in capitals")

    def lower(self) -> str:
        """The same."""
        raise Unsure(f"{self.name} in small letters")


@dataclass(frozen=True)
class Variant:
    """One shape of a template, ready to be pressed; `sha256` is over its frozen record, `frozen`."""

    sha256: str
    layout: Layout = field(compare=False, repr=False)
    frozen: bytes = field(compare=False, repr=False)

    @property
    def refusals(self) -> tuple[str, ...]:
        return self.layout.refusals


def marked(values: Mapping[str, Any], prefix: str = "") -> tuple[dict[str, Any], dict[str, str]]:
    """The context with marks for its texts, and the values that the marks stand for; `LITERAL` ones stay as they are."""
    context: dict[str, Any] = {}
    found: dict[str, str] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            context[key], inner = marked(value, f"{name}.")
            found |= inner
        elif isinstance(value, str) and name not in LITERAL:
            context[key] = Marked(value, name)
            found[name] = value
        else:
            context[key] = value
    return context, found


def shape_of(template: Template, values: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """The page with its fields open, and the values of the fields; raises `Unsure`."""
    context, found = marked(values)
    return filled(template.source, context), found


def variant_of(shape: str, home: Path) -> Variant:
    """The compiled shape; raises `Unsure` with what the press cannot do about it."""
    digest = hashlib.sha256(shape.encode()).hexdigest()
    with _locks[int(digest[0], 16) % len(_locks)]:
        found = _compiled(digest, folder_of(home), _Open(shape))
    if found.refusals:
        raise Unsure("; ".join(found.refusals))
    return found


@lru_cache(maxsize=_KEPT)
def thawed(frozen: bytes) -> Variant:
    """A compiled shape from its frozen record."""
    return Variant(hashlib.sha256(frozen).hexdigest(), msgspec.msgpack.decode(frozen, type=Layout), frozen)


def compile_all(template: Template, home: Path) -> None:
    """Compile what the test fillings make of a design, and prove each with its own filling; raises `Unsure` where one fails."""
    assets = {"photo.jpg": blank_photo(), "qr.png": printing.qr_png("example")}
    for name, (_, dummy) in DUMMIES.items():
        shape, values = shape_of(template, dummy)
        layout = variant_of(shape, home).layout
        seen = pdf.record_layout(shape, values=values, assets=assets, home=home)
        if found := differences(layout, seen, values, home):
            raise Unsure(f"{name}: {found[0]}")


_locks = tuple(threading.Lock() for _ in range(4))


class _Open:
    """The page of a shape; two are equal, so that the hash beside it is the key of the cache."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Open)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=_KEPT)
def _compiled(digest: str, folder: Path, shape: _Open) -> Variant:
    path = folder / "press" / f"{_key(digest)}.msgpack"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with (path.parent / "lock").open("w") as turn:
            fcntl.flock(
                turn, fcntl.LOCK_EX
            )  # of several processes that see a design for the first time, one compiles it
            if not path.exists():
                whole = path.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
                whole.write_bytes(msgspec.msgpack.encode(_compile(shape.text, folder.parent)))
                os.replace(whole, path)
    return thawed(path.read_bytes())


def _key(digest: str) -> str:
    """What a compiled shape depends on beside its own text, which holds the template and its style."""
    parts = [FORMAT, digest, pdf.engine(), uharfbuzz.__version__, str(_example())]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _example() -> dict[str, Any]:
    """The filling that every shape is recorded with."""
    return printing.dummy(_DOCUMENT, BUILT_IN)


def _compile(shape: str, home: Path) -> Layout:
    """Record a shape with the example, and prove it with longer and shorter values."""
    _, example = marked(_example())
    assets = {"photo.jpg": blank_photo(), "qr.png": printing.qr_png("example")}
    layout = pdf.record_layout(shape, values=example, assets=assets, home=home)
    refusals = list(layout.refusals)
    if not refusals:
        decided = 0
        for name, values in _probes(example).items():
            seen = pdf.record_layout(shape, values=values, assets=assets, home=home)
            found = differences(layout, seen, values, home)
            decided += found is not None
            refusals += [f"{name}: {what}" for what in found or ()]
        if decided < _PROVEN:
            refusals.append("too little could be proved")
    return msgspec.structs.replace(layout, refusals=tuple(refusals[:8]))


def _probes(example: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The example itself, everything one character, the prose of it longer by half and twice as long."""
    prose = {name for name, value in example.items() if not value.isascii() or " " in value}
    return {
        "example": dict(example),
        "short": {name: value[:1] if name in prose else value for name, value in example.items()},
        "longer": {
            name: f"{value}{value[: len(value) // 2]}".strip() if name in prose else value
            for name, value in example.items()
        },
        "long": {name: f"{value} {value}" if name in prose else value for name, value in example.items()},
    }


def differences(layout: Layout, seen: Layout, values: Mapping[str, str], home: Path) -> list[str] | None:
    """Where the press and WeasyPrint set the same values differently; empty when they agree, None when it is unsure."""
    try:
        page = set_page(layout, values, faces(home))
    except Unsure:
        return None
    wanted = {
        (one.run, one.text.strip()): (one.x, one.baseline)
        for paragraph in seen.paragraphs
        for line in paragraph.lines
        for one in line
        if one.text.strip()
    }
    made = {(one.run, one.text.strip()): (one.x, one.baseline) for one in page.sets}
    found = [f"“{text}” is set elsewhere" for _, text in sorted(wanted.keys() ^ made.keys())]
    found += [
        f"“{key[1]}” stands at {made[key]}, not {wanted[key]}"
        for key in sorted(wanted.keys() & made.keys())
        if any(abs(one - other) > _NEAR for one, other in zip(wanted[key], made[key], strict=True))
    ]
    return found + _moved(layout, seen, page)


def _moved(layout: Layout, seen: Layout, page: Page) -> list[str]:
    """Pictures that are not where they should be after what grew above them."""
    return [
        f"{one.source} stands elsewhere"
        for one, other in zip(layout.pictures, seen.pictures, strict=True)
        if abs(one.box[1] + page.shifts[one.flow] - other.box[1]) > _NEAR or one.box[0] != other.box[0]
    ]


@lru_cache(maxsize=1)
def blank_photo() -> bytes:
    """A photo of the usual proportions with nobody on it."""
    out = BytesIO()
    Image.new("RGB", (295, 413), "#d8dee2").save(out, "JPEG")
    return out.getvalue()
