"""Presses one certificate: content, fonts, pictures, metadata, files and the open signature, in one revision.

PDF/A-3a (ISO 19005-3) and PDF/UA-1 (ISO 14289-1). Nothing in it comes from a clock or from chance: the same input gives
the same bytes.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from certificates.issuing.documents.press import objects as pdf
from certificates.issuing.documents.press.base import (
    CATALOG,
    CONTENT,
    DOCUMENT,
    FORM,
    INFO,
    METADATA,
    PAGE,
    PAGES,
    PICTURES,
    PROFILE,
    ROOT,
    SEAL,
    SIGNATURE,
    WIDGET,
    Base,
    base_of,
    ornament_operators,
)
from certificates.issuing.documents.press.faces import Face, Subset, Unsure, subset
from certificates.issuing.documents.press.setting import Page, Set
from certificates.issuing.documents.press.template import FORMAT, Variant
from exam.kernel.pdf import Attachment, SealField
from exam.kernel.pdf_layout import Layout, Picture, Piece
from exam.kernel.pdf_xmp import xmp_packet

PRODUCER: Final = FORMAT
_PX: Final = 0.75  # points in a CSS pixel
_INTENT: Final = "sRGB IEC61966-2.1"
_LIGHT: Final = bytes([0xFF, 0x00, *range(2, 256)])  # a module becomes eight pixels
_FRAMES: Final = frozenset({*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)})


@dataclass(frozen=True)
class Seal:
    """The frame, and the signature field with its seal."""

    frame: bytes
    field: SealField


@dataclass(frozen=True)
class Image:
    """A picture as it goes into the file: its entries, its data, its size in pixels."""

    entries: str
    data: bytes
    width: int
    height: int


def press(
    variant: Variant,
    page: Page,
    values: Mapping[str, str],
    *,
    faces: Mapping[tuple[str, bool], Face],
    images: Mapping[str, Image],
    seal: Seal,
    attachments: Sequence[Attachment],
    dated: str,
) -> bytes:
    """The PDF of a page that was set; raises `Unsure`. `dated` is its PDF date."""
    layout = variant.layout
    base = base_of(variant, seal.frame, seal.field.appearance)
    cut = _subsets(base, page, faces)
    file = pdf.File(list(base.file.parts), base.file.size, dict(base.file.places))
    small: dict[int, str] = {}
    following = base.next_number
    file.add(CONTENT, pdf.packed("", _content(layout, base, page, cut, images).encode()))
    for key, place in base.fonts.items():
        _font(file, small, base.first_font + 5 * place, faces[key], cut[key])
    for place, picture in enumerate(layout.pictures):
        image = images[picture.source]
        file.add(PICTURES + place, pdf.stream(image.entries, image.data))
    title, author, subject = (_filled(one, values) for one in (layout.title, layout.author, layout.subject))
    packet = xmp_packet(title=title, author=author, subject=subject, producer=PRODUCER, dated=dated)
    file.add(METADATA, pdf.stream("/Type/Metadata/Subtype/XML", packet))
    small[INFO] = (
        f"<</Title{pdf.text(title)}/Author{pdf.text(author)}/Subject{pdf.text(subject)}/Producer({PRODUCER})"
        f"/CreationDate({dated})/ModDate({dated})>>"
    )
    small |= _figures(layout, base, page, values)
    small |= _seal_objects(seal.field)
    names: list[str] = []
    files: list[int] = []
    for one in sorted(attachments, key=lambda one: one.name):
        file.add(following, _embedded(one, dated))
        small[following + 1] = _file_specification(one, following)
        names.append(f"{pdf.text(one.name)}{following + 1} 0 R")
        files.append(following + 1)
        following += 2
    small[CATALOG] = _catalog(layout, files, names)
    file.add_packed(following, small)
    file.add(SIGNATURE, _signature(seal.field))
    digest = hashlib.sha256()
    for part in file.parts[len(base.file.parts) :]:
        digest.update(part)
    identity = f"<{digest.hexdigest()[:32]}>"
    return file.finish(following + 1, f"/Root {CATALOG} 0 R/Info {INFO} 0 R/ID[{identity}{identity}]")


def _filled(pieces: Sequence[Piece], values: Mapping[str, str]) -> str:
    return "".join(values[piece.text] if piece.field else piece.text for piece in pieces)


# ------------------------------------------------------------ content


def _subsets(base: Base, page: Page, faces: Mapping[tuple[str, bool], Face]) -> dict[tuple[str, bool], Subset]:
    used: dict[tuple[str, bool], set[str]] = {key: set() for key in base.fonts}
    for one in page.sets:
        used[one.type.family, one.type.bold].update(one.text)
    return {key: subset(faces[key], signs or {" "}) for key, signs in used.items()}


def _content(
    layout: Layout, base: Base, page: Page, cut: Mapping[tuple[str, bool], Subset], images: Mapping[str, Image]
) -> str:
    """The page's operators: frame and ornaments as artifacts, then everything that is read, in reading order."""
    height = layout.height * _PX
    out = ["/Artifact BMC q /Frame Do Q EMC", f"/Artifact BMC q {_PX} 0 0 -{_PX} 0 {pdf.number(height)} cm"]
    if page.moved:
        for ornament in layout.ornaments:
            down = pdf.number(page.shift(ornament.flow, ornament.place))
            out.append(f"q 1 0 0 1 0 {down} cm\n{ornament_operators(ornament.operators)}\nQ")
    else:
        out.append(base.ornaments)
    out.append("Q EMC")
    of_run: dict[int, list[Set]] = {}
    for one in page.sets:
        of_run.setdefault(one.run, []).append(one)
    marked = [
        (mark, _run(run, mark, tag, of_run.get(run, ()), base, cut, height)) for run, (mark, tag) in base.marks.items()
    ]
    for place, (picture, figure) in enumerate(zip(layout.pictures, base.figures, strict=True)):
        box = _box(picture, page, height)
        operators = _picture(place, picture.fit, box, images[picture.source])
        marked.append((figure.mark, f"/Figure<</MCID {figure.mark}>>BDC\n{operators}\nEMC"))
    out += [operators for _, operators in sorted(marked)]
    return "\n".join(out)


def _run(
    run: int,
    mark: int,
    tag: str,
    sets: Sequence[Set],
    base: Base,
    cut: Mapping[tuple[str, bool], Subset],
    height: float,
) -> str:
    if not sets:
        return f"/{tag}<</MCID {mark}>>BDC EMC"
    kind = sets[0].type
    key = (kind.family, kind.bold)
    codes = cut[key].codes
    colour = " ".join(pdf.number(one) for one in kind.colour)
    spacing = f"{pdf.number(kind.spacing * _PX)} Tc " if kind.spacing else ""
    out = [f"/{tag}<</MCID {mark}>>BDC q BT {colour} rg {spacing}/F{base.fonts[key]} {pdf.number(kind.size * _PX)} Tf"]
    for one in sets:
        shown = "".join([codes[sign] for sign in one.text])
        out.append(f"1 0 0 1 {pdf.number(one.x * _PX)} {pdf.number(height - one.baseline * _PX)} Tm <{shown}> Tj")
    out.append("ET Q EMC")
    return "\n".join(out)


def _box(picture: Picture, page: Page, height: float) -> tuple[float, float, float, float]:
    """Where a picture stands, in points from the lower left: x, y, width, height."""
    x, y, width, tall = picture.box
    down = page.shift(picture.flow, 0)
    return x * _PX, height - (y + down + tall) * _PX, width * _PX, tall * _PX


def _picture(place: int, fit: str, box: tuple[float, float, float, float], image: Image) -> str:
    """CSS object-fit (css-images-3, 5.5): fill stretches, cover fills and cuts, contain shows all."""
    x, y, width, height = box
    if fit == "fill":
        return f"q {_numbers(width, 0, 0, height, x, y)} cm /I{place} Do Q"
    if fit not in ("cover", "contain"):
        raise Unsure(f"object-fit: {fit}")
    choose = max if fit == "cover" else min
    scale = choose(width / image.width, height / image.height)
    wide, tall = image.width * scale, image.height * scale
    matrix = _numbers(wide, 0, 0, tall, x + (width - wide) / 2, y + (height - tall) / 2)
    return f"q {_numbers(x, y, width, height)} re W n {matrix} cm /I{place} Do Q"


def _numbers(*values: float) -> str:
    return " ".join(pdf.number(one) for one in values)


# ------------------------------------------------------------ fonts and pictures


def _font(file: pdf.File, small: dict[int, str], first: int, face: Face, cut: Subset) -> None:
    """A composite font of one TrueType subset (9.7), its codes being its glyphs."""
    name = f"/{cut.tag}+{face.name}"
    small[first] = (
        f"<</Type/Font/Subtype/Type0/BaseFont{name}/Encoding/Identity-H/DescendantFonts[{first + 1} 0 R]"
        f"/ToUnicode {first + 4} 0 R>>"
    )
    small[first + 1] = (
        f"<</Type/Font/Subtype/CIDFontType2/BaseFont{name}/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)"
        f"/Supplement 0>>/FontDescriptor {first + 2} 0 R/CIDToGIDMap/Identity/DW 1000/W{cut.widths}>>"
    )
    small[first + 2] = (
        f"<</Type/FontDescriptor/FontName{name}/Flags 4/FontBBox[{_numbers(*face.box)}]/ItalicAngle 0"
        f"/Ascent {face.ascent}/Descent {face.descent}/CapHeight 733/StemV 80/FontFile2 {first + 3} 0 R>>"
    )
    file.add(first + 3, pdf.stream(f"/Length1 {cut.length}/Filter/FlateDecode", cut.program))
    file.add(first + 4, pdf.stream("/Filter/FlateDecode", cut.to_unicode))


def photo_image(data: bytes) -> Image:
    """A JPEG as it is (7.4.8); raises `Unsure` for what is none, for four colours, or one that is turned by its metadata."""
    channels, width, height = jpeg_size(data)
    space = {1: "/DeviceGray", 3: "/DeviceRGB"}.get(channels)
    if space is None:
        raise Unsure("a photo of four colours")
    entries = f"/Type/XObject/Subtype/Image/Width {width}/Height {height}/ColorSpace{space}/BitsPerComponent 8/Filter/DCTDecode"
    return Image(entries, data, width, height)


def jpeg_size(data: bytes) -> tuple[int, int, int]:
    """Channels, width and height of a JPEG (ITU-T T.81, B.2.2); raises `Unsure`."""
    at, end = 2, len(data)
    if data[:2] != b"\xff\xd8":
        raise Unsure("a photo that is no JPEG")
    while at + 9 < end and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _FRAMES:
            precision, height, width, channels = struct.unpack(">BHHB", data[at + 4 : at + 10])
            if precision != 8 or not width or not height:
                break
            return channels, width, height
        if marker == 0xE1 and b"Exif" in data[at + 4 : at + 10]:
            raise Unsure("a photo with camera metadata")
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    raise Unsure("a photo that cannot be read")


def code_image(rows: Sequence[bytes]) -> Image:
    """A QR code of one bit a pixel and eight pixels a module; rows of 0 (light) and 1 (dark)."""
    size = len(rows) * 8
    data = b"".join(row.translate(_LIGHT) * 8 for row in rows)
    entries = (
        f"/Type/XObject/Subtype/Image/Width {size}/Height {size}/ColorSpace/DeviceGray/BitsPerComponent 1"
        "/Filter/FlateDecode"
    )
    return Image(entries, zlib.compress(data), size, size)


# ------------------------------------------------------------ structure, files, signature


def _figures(layout: Layout, base: Base, page: Page, values: Mapping[str, str]) -> dict[int, str]:
    found: dict[int, str] = {}
    for picture, figure in zip(layout.pictures, base.figures, strict=True):
        x, y, width, height = _box(picture, page, layout.height * _PX)
        box = _numbers(x, y, x + width, y + height)
        found[figure.element] = (
            f"<</Type/StructElem/S/Figure/P {figure.parent} 0 R/Pg {PAGE} 0 R/K[{figure.mark}]"
            f"/A<</O/Layout/BBox[{box}]/Placement/Block>>/Alt{pdf.text(_filled(picture.alt, values))}>>"
        )
    return found


def _seal_objects(field: SealField) -> dict[int, str]:
    """The signature field (12.7.4.5) as a widget inside a Form (ISO 14289-1, 7.18.4)."""
    tooltip = pdf.text(field.tooltip)
    return {
        WIDGET: f"<</Type/Annot/Subtype/Widget/FT/Sig/T{pdf.text(field.name)}/TU{tooltip}/Contents{tooltip}/F 132"
        f"/Rect[{_numbers(*field.box)}]/V {SIGNATURE} 0 R/P {PAGE} 0 R/AP<</N {SEAL} 0 R>>/StructParent 1>>",
        FORM: f"<</Type/StructElem/S/Form/P {DOCUMENT} 0 R/Pg {PAGE} 0 R/Alt{tooltip}"
        f"/K<</Type/OBJR/Obj {WIDGET} 0 R/Pg {PAGE} 0 R>>>>",
    }


def _signature(field: SealField) -> bytes:
    """The open signature (12.8.1), outside the object streams, where the signer finds it."""
    entries = (
        f"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached"
        f"/ByteRange [0 9999999999 9999999999 9999999999]/Contents <{'00' * field.reserved}>"
        f"/Name{pdf.text(field.signer)}/Reason{pdf.text(field.reason)}/M({field.signed_at})>>"
    )
    return entries.encode()


def _embedded(one: Attachment, dated: str) -> bytes:
    entries = (
        f"/Type/EmbeddedFile/Subtype/{one.mime.replace('/', '#2F')}/Params<</Size {len(one.data)}/ModDate({dated})>>"
    )
    return pdf.packed(entries, one.data)


def _file_specification(one: Attachment, data: int) -> str:
    name = pdf.text(one.name)
    return (
        f"<</Type/Filespec/F{name}/UF{name}/Desc{pdf.text(one.description)}/AFRelationship/{one.relationship}"
        f"/EF<</F {data} 0 R/UF {data} 0 R>>>>"
    )


def _catalog(layout: Layout, files: Sequence[int], names: Sequence[str]) -> str:
    attached = f"/AF{pdf.references(files)}/Names<</EmbeddedFiles<</Names[{' '.join(names)}]>>>>" if files else ""
    return (
        f"<</Type/Catalog/Pages {PAGES} 0 R/Metadata {METADATA} 0 R/Lang({layout.lang})/MarkInfo<</Marked true>>"
        f"/StructTreeRoot {ROOT} 0 R/ViewerPreferences<</DisplayDocTitle true>>"
        f"/OutputIntents[<</Type/OutputIntent/S/GTS_PDFA1/OutputConditionIdentifier({_INTENT})/Info({_INTENT})"
        f"/DestOutputProfile {PROFILE} 0 R>>]/AcroForm<</Fields[{WIDGET} 0 R]/SigFlags 3>>{attached}>>"
    )
