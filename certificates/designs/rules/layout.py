"""What a drawn certificate shows: everything required is there, inside the sheet, readable, and nothing covers anything.

The child measures (`certificates.designs.checker.child`), these functions judge. Millimetres from the upper left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, Final

import msgspec

from certificates.designs.rules.fields import EDGE_MM, LABELS, PAGE_MM, PHOTO, QR, SOURCES, SPECIMEN, STATEMENT, TITLE
from certificates.designs.rules.markup import forbidden
from certificates.designs.rules.words import bare, words_in
from exam.kernel.errors import N_, Problem

CONTRAST_LEAST: Final = 4.5  # WCAG 2.2, 1.4.3
SIZE_LEAST_PT: Final = 6.5
PHOTO_LEAST_MM: Final = (24.0, 33.0)
QR_LEAST_MM: Final = 22.0
SEAL_MM: Final = (30.0, 50.0)
_SLACK: Final = 0.15  # of a line's height that belongs to no character
_TOUCH_MM: Final = 0.3


class Text(msgspec.Struct, frozen=True):
    """One run of characters on a line."""

    text: str
    x: float
    y: float
    width: float
    height: float
    colour: tuple[float, float, float]  # 0..1, sRGB
    size_pt: float
    owner: str  # what it belongs to: its element's number and tag


class Image(msgspec.Struct, frozen=True):
    """One picture."""

    name: str
    x: float
    y: float
    width: float
    height: float


class Measured(msgspec.Struct, frozen=True):
    """One drawn dummy."""

    pages: int
    width: float
    height: float
    texts: list[Text]
    images: list[Image]


Box = tuple[float, float, float, float]


def layout_problems(measured: Measured, dummy: Mapping[str, Any], name: str, seal_mm: Sequence[float]) -> list[Problem]:
    """Every problem of one drawn dummy; `name` is the dummy's (a msgid), told in each."""
    found = [
        *_sheet(measured),
        *_missing(measured, dummy),
        *_readable(measured),
        *_inside(measured),
        *_covered(measured),
        *_images(measured, seal_mm),
        *_sealed(measured, dummy, seal_mm),
    ]
    if words := words_in("".join(one.text for one in measured.texts)):
        found.append(forbidden("html", 1, words))
    return [
        Problem(
            field=one.field or "html", row=one.row, code=one.code, message=one.message, way_out=one.way_out,
            facts={**one.facts, "dummy": name},
        )
        for one in found
    ]  # fmt: skip


def _sheet(measured: Measured) -> Iterator[Problem]:
    if measured.pages != 1:
        yield _problem(
            "pages",
            N_("内容排成了 %(pages)s 页，证书只能有一页。"),
            N_("请缩小字号或间距，或删去内容。"),
            pages=measured.pages,
        )
    if (round(measured.width), round(measured.height)) != PAGE_MM:
        yield _problem(
            "page_size",
            N_("纸张是 %(width)s×%(height)s 毫米，应为 A4 横向。"),
            N_("请写 @page { size: A4 landscape; margin: 0 }。"),
            width=round(measured.width),
            height=round(measured.height),
        )


def _missing(measured: Measured, dummy: Mapping[str, Any]) -> Iterator[Problem]:
    shown = bare("".join(one.text for one in measured.texts))
    face = dummy["face"]
    wanted = {
        "title": TITLE,
        "statement": STATEMENT,
        "specimen": SPECIMEN if face["specimen"] else "",
        "mark_zh": face["mark_zh"],
        "number": dummy["number"],
        "id_number": dummy["id_number"],
        "issued_zh": dummy["issued_zh"],
        **{name: face[name] for name in LABELS if name in face and name not in ("specimen", "mark_zh")},
    }
    there = {one.name for one in measured.images}
    for key, label in LABELS.items():
        lacking = (key in wanted and bare(str(wanted[key])) not in shown) or (
            key in ("photo", "qr") and {"photo": PHOTO, "qr": QR}[key] not in there
        )
        if lacking:
            yield _problem(
                f"missing_{key}", N_("缺少%(label)s。"), N_("请写入 %(source)s。"), label=label, source=SOURCES[key]
            )


def _readable(measured: Measured) -> Iterator[Problem]:
    for one in measured.texts:
        if not bare(one.text):
            continue
        if (ratio := contrast(one.colour)) < CONTRAST_LEAST:
            yield _problem(
                "contrast",
                N_("“%(text)s”的颜色太浅，对比度 %(ratio)s，至少要 4.5。"),
                N_("请换更深的颜色。"),
                text=_short(one.text),
                ratio=f"{ratio:.1f}",
            )
        if one.size_pt < SIZE_LEAST_PT:
            yield _problem(
                "small",
                N_("“%(text)s”的字号只有 %(size)s 磅，至少要 6.5 磅。"),
                N_("请放大字号。"),
                text=_short(one.text),
                size=f"{one.size_pt:.1f}",
            )


def _inside(measured: Measured) -> Iterator[Problem]:
    things = [(_short(one.text), _ink(one)) for one in measured.texts if bare(one.text)]
    things += [(one.name, (one.x, one.y, one.x + one.width, one.y + one.height)) for one in measured.images]
    for name, (left, top, right, bottom) in things:
        if left < EDGE_MM or top < EDGE_MM or right > measured.width - EDGE_MM or bottom > measured.height - EDGE_MM:
            yield _problem(
                "outside",
                N_("“%(text)s”压到了边框：离纸边须有 19.4 毫米。"),
                N_("请移动位置，或为最长的内容留出宽度、换行。"),
                text=name,
            )


def _covered(measured: Measured) -> Iterator[Problem]:
    """Runs of one element lie side by side; those of two may not lie on each other, nor on a picture."""
    texts = [one for one in measured.texts if bare(one.text)]
    for one, other in combinations(texts, 2):
        if one.owner != other.owner and _overlap(_ink(one), _ink(other)):
            yield _covers(_short(one.text), _short(other.text))
    for one in texts:
        for image in measured.images:
            if _overlap(_ink(one), (image.x, image.y, image.x + image.width, image.y + image.height)):
                yield _covers(_short(one.text), image.name)


def _covers(text: str, other: str) -> Problem:
    return _problem(
        "covered",
        N_("“%(text)s”与“%(other)s”重叠。"),
        N_("请把它们分开，给较长的内容留出位置。"),
        text=text,
        other=other,
    )


def _images(measured: Measured, seal_mm: Sequence[float]) -> Iterator[Problem]:
    left, low, right, high = seal_mm
    seal = (left, measured.height - high, right, measured.height - low)
    least = {PHOTO: PHOTO_LEAST_MM, QR: (QR_LEAST_MM, QR_LEAST_MM)}
    for one in measured.images:
        width, height = least[one.name]
        if one.width < width or one.height < height:
            yield _problem(
                "image_small",
                N_("%(name)s 只有 %(width)s×%(height)s 毫米，至少要 %(least)s 毫米。"),
                N_("请在样式里放大。"),
                name=one.name,
                width=round(one.width),
                height=round(one.height),
                least=f"{width:g}×{height:g}",
            )
        if _overlap(seal, (one.x, one.y, one.x + one.width, one.y + one.height)):
            yield _problem(
                "seal_covers", N_("签章盖住了 %(name)s。"), N_("请移动签章位置。"), field="seal", name=one.name
            )


def _sealed(measured: Measured, dummy: Mapping[str, Any], seal_mm: Sequence[float]) -> Iterator[Problem]:
    """The seal stands on the issuer's name and the date, as official seals do, and on nothing else."""
    left, low, right, high = seal_mm
    seal = (left, measured.height - high, right, measured.height - low)
    for one in measured.texts:
        if bare(one.text) and _overlap(seal, _ink(one)) and not may_be_sealed(one.text, dummy):
            yield _problem(
                "seal_covers",
                N_("签章盖住了“%(text)s”。"),
                N_("签章只能盖在发证单位名称和日期上，请移动签章位置或这段文字。"),
                field="seal",
                text=_short(one.text),
            )


def may_be_sealed(text: str, values: Mapping[str, Any]) -> bool:
    """Whether a text is (a line of) the issuer's name or the date; `values` are what the template is filled with."""
    face = values["face"]
    names = (face["organisation_name_zh"], face["organisation_name_en"], values["issued_zh"], values["issued_en"])
    return any(bare(text) in bare(name) for name in names)


def seal_problems(seal_mm: Sequence[float]) -> list[Problem]:
    """Whether the seal's box is a square of a seal's size inside the sheet."""
    left, low, right, high = seal_mm
    width, height = right - left, high - low
    fits = min(left, low) >= EDGE_MM and right <= PAGE_MM[0] - EDGE_MM and high <= PAGE_MM[1] - EDGE_MM
    if fits and abs(width - height) < 0.5 and SEAL_MM[0] <= width <= SEAL_MM[1]:
        return []
    return [
        _problem(
            "seal_box",
            N_("签章位置不对：须是边长 30 到 50 毫米的正方形，在边框以内（离纸边至少 19.4 毫米）。"),
            N_("四个数依次是左、下、右、上，从纸张左下角量起，例如 214 21 254 61。"),
            field="seal",
        )
    ]


def contrast(colour: tuple[float, float, float]) -> float:
    """Contrast of a colour on white paper (WCAG 2.2)."""
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in colour)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def _ink(one: Text) -> Box:
    """Where the characters of a run lie: its box without the slack above and below."""
    return (one.x, one.y + _SLACK * one.height, one.x + one.width, one.y + (1 - _SLACK) * one.height)


def _overlap(one: Box, other: Box) -> bool:
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    return wide > _TOUCH_MM and high > _TOUCH_MM


def _short(text: str) -> str:
    text = text.strip()
    return text if len(text) <= 12 else text[:12] + "…"


def _problem(code: str, message: str, way_out: str, *, field: str = "html", **facts: object) -> Problem:
    return Problem(field=field, code=code, message=message, way_out=way_out, facts=facts)
