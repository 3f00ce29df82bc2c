"""Draws one certificate: the compiled template through the press, or where that is unsure the template through WeasyPrint.

Both lay the same frame under it and the same seal into its open signature field; both are drawn once per process, template
and issuer. What comes out is complete but for the signature (`certificates.issuing.signer`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import segno

from certificates.designs.documents.templates import filled
from certificates.designs.queries import built_in_template
from certificates.designs.rules.fields import EDGE_MM, PAGE_MM, SEAL_FIELD
from certificates.designs.rules.layout import may_be_sealed
from certificates.designs.rules.records import WEASYPRINT, Template
from certificates.issuing.documents.guilloche import frame_pdf
from certificates.issuing.documents.photos import flaw_of, printed
from certificates.issuing.documents.press import (
    Seal,
    Unsure,
    Variant,
    compile_all,
    covered,
    overflows,
    press,
    set_page,
    shape_of,
    thawed,
    variant_of,
)
from certificates.issuing.documents.press.faces import faces
from certificates.issuing.documents.press.pressing import code_image, photo_image
from certificates.issuing.documents.press.setting import recorded_page
from certificates.issuing.documents.press.template import blank_photo
from certificates.issuing.documents.seal import SIZE_MM, seal_svg
from certificates.issuing.rules.face import Eligible, Face, face_problems
from certificates.issuing.rules.fitting import PhotoFlaw, no_room, photo_problem
from certificates.issuing.rules.numbers import grouped
from exam.kernel import fonts, pdf
from exam.kernel.errors import N_, Problem, Unavailable
from exam.kernel.pdf import Attachment

RESERVED_BYTES: Final = 6144
STAMPED_BYTES: Final = 16384
"""With a time stamp: the authority's certificates lie in it too."""
SAMPLE_NUMBER: Final = "0" * 20 + "X"
_SAMPLE_ADDRESS: Final = f"https://certificates.example.org/v/{'0' * 22}"
_MASK: Final = 4
_CODE_SCALE: Final = 8
_POINTS_PER_MM: Final = 72 / 25.4
_PX_PER_MM: Final = 96 / 25.4
_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_SHEET: Final = "<style>@page{{size:{width}mm {height}mm;margin:0}}body{{margin:0}}img{{display:block}}</style><img src='asset:sheet.svg'>"


@dataclass(frozen=True, kw_only=True)
class Intent:
    """What is to be drawn and signed under a reserved number.

    `compiled` is the SHA-256 of the compiled shape that it was begun with, `WEASYPRINT` where it was begun without, and
    empty where nothing was settled (a sample): then the press says what it can.
    """

    id: UUID
    number: str
    version: int
    token: str
    template: Template
    face: Face
    id_number: str = field(repr=False)
    photo_sha256: str
    numbered_at: datetime
    compiled: str = ""


class CompiledElsewhere(Unavailable):
    """The compiled shape that a certificate was begun with is not in the store, and this machine compiles another one."""

    message = N_("证书 %(number)s 开始制作时所用的版式编译结果不在文件库中，没有颁发。")
    way_out = N_("请从备份恢复文件库后继续；编号已保留。")


@dataclass(frozen=True)
class Drawn:
    """A drawn certificate, and why the slower way was needed (empty: it was pressed)."""

    data: bytes = field(repr=False)
    reason: str = ""


def draw(
    intent: Intent,
    *,
    photo: bytes,
    base_url: str,
    signer_name: str,
    home: Path,
    attachments: Sequence[Attachment] = (),
    frozen: Callable[[str], bytes] | None = None,
    reserved: int = RESERVED_BYTES,
) -> bytes:
    """The certificate as PDF/A-3a and PDF/UA-1, its signature field prepared and open, with its associated files.

    The press puts it together; where it is unsure, WeasyPrint draws it, which takes about forty times as long. `frozen`
    hands out the compiled shape of a hash, where this machine's own is another one than the certificate was begun with.
    `reserved` is the room for the signature in bytes.
    """
    return drawn(
        intent,
        photo=photo,
        base_url=base_url,
        signer_name=signer_name,
        home=home,
        attachments=attachments,
        frozen=frozen,
        reserved=reserved,
    ).data


def drawn(
    intent: Intent,
    *,
    photo: bytes,
    base_url: str,
    signer_name: str,
    home: Path,
    attachments: Sequence[Attachment] = (),
    frozen: Callable[[str], bytes] | None = None,
    reserved: int = RESERVED_BYTES,
) -> Drawn:
    """The same, and by which way it came."""
    work = _Work(
        intent, _small(photo), f"{base_url}/v/{intent.token}", signer_name, home, attachments, frozen, reserved
    )
    if intent.compiled == WEASYPRINT:
        return Drawn(_by_weasyprint(work), "begun without the press")
    try:
        return Drawn(_pressed(work))
    except Unsure as unsure:
        return Drawn(_by_weasyprint(work), str(unsure))


def _small(photo: bytes) -> bytes:
    try:
        return printed(photo)
    except Unsure:
        return photo


@dataclass(frozen=True)
class _Work:
    intent: Intent
    photo: bytes
    address: str
    signer_name: str
    home: Path
    attachments: Sequence[Attachment]
    frozen: Callable[[str], bytes] | None = None
    reserved: int = RESERVED_BYTES

    @property
    def context(self) -> dict[str, Any]:
        return context_of(self.intent.face, self.intent.number, self.intent.id_number, self.address)

    @property
    def dated(self) -> str:
        return _pdf_date(self.intent.numbered_at)

    @property
    def seal(self) -> Seal:
        face = self.intent.face
        static = prepare_static(face.organisation_name_zh, self.home)
        prepared = pdf.SealField(
            name=SEAL_FIELD,
            box=_seal_box(self.intent.template),
            appearance=static.seal,
            reserved=self.reserved,
            tooltip=f"{face.organisation_name_zh} 电子签章 Electronic seal of the issuer",
            signer=self.signer_name,
            reason="职业技能等级证书颁发 Issue of certificate",
            signed_at=self.dated,
        )
        return Seal(static.frame, prepared)


def context_of(face: Face, number: str, id_number: str, address: str) -> dict[str, Any]:
    """What the template is filled with."""
    return {
        "face": face.as_data(),
        "number": number,
        "number_grouped": grouped(number),
        "id_number": id_number,
        "issued_zh": _date_zh(face.issued_on),
        "issued_en": _date_en(face.issued_on),
        "address": address,
    }


def _pressed(work: _Work) -> bytes:
    opened = faces(work.home)
    shape, values = shape_of(work.intent.template, work.context)
    variant = _variant(work, shape)
    images = {"asset:photo.jpg": photo_image(work.photo), "asset:qr.png": code_image(code(work.address).matrix)}
    return press(
        variant,
        set_page(variant.layout, values, opened),
        values,
        faces=opened,
        images=images,
        seal=work.seal,
        attachments=work.attachments,
        dated=work.dated,
    )


def _variant(work: _Work, shape: str) -> Variant:
    """The compiled shape: that with which the certificate was begun, wherever it was compiled."""
    begun = work.intent.compiled
    try:
        own = variant_of(shape, work.home)
    except Unsure:
        if not begun:
            raise
    else:
        if begun in ("", own.sha256):
            return own
    found = thawed(work.frozen(begun)) if work.frozen else None
    if found is None or found.sha256 != begun:
        raise CompiledElsewhere(number=work.intent.number)
    return found


def _by_weasyprint(work: _Work) -> bytes:
    seal = work.seal
    return pdf.draw_pdf(
        filled(work.intent.template.source, work.context),
        assets={"photo.jpg": work.photo, "qr.png": qr_png(work.address)},
        variant=pdf.CONFORMING,
        underlay=seal.frame,
        seal=seal.field,
        attachments=work.attachments,
        dated=work.dated,
        home=work.home,
    )


def code(address: str) -> Any:
    """The QR code (ISO/IEC 18004) of an address; with one mask for all, so that seven need not be weighed."""
    return segno.make(address, error="m", micro=False, boost_error=False, mode="byte", mask=_MASK)


def qr_png(address: str) -> bytes:
    """The same code as a picture for the page of HTML."""
    out = BytesIO()
    code(address).save(out, kind="png", scale=_CODE_SCALE, border=0)
    return out.getvalue()


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """One who was looked at before a number is spent: what keeps the certificate from being printed, or with what it will be.

    `variant` is the compiled shape; None where the press cannot serve it, or where it cannot be printed.
    """

    item: Eligible
    problems: Sequence[Problem]
    variant: Variant | None = None

    @property
    def compiled(self) -> str:
        """What the intent names."""
        return self.variant.sha256 if self.variant else WEASYPRINT


def prepared(
    items: Sequence[Eligible],
    templates: Mapping[UUID, Template],
    home: Path,
    photo_of: Callable[[str], bytes] | None = None,
) -> list[Prepared]:
    """What each of them will be printed with, by the organisation's template, and why some cannot.

    Each face is set as it will be: what has no room is found here. `photo_of` hands out the photo of a hash; without it
    photos are not looked at.
    """
    found: list[Prepared] = []
    for item in items:
        variant = None
        problems = face_problems(item.face, item.photo_sha256, pdf.missing_glyphs(item.face.text, home=home))
        if not problems:
            texts, variant = _set(item.face, home, templates[item.organisation_id])
            problems += [no_room(item.face, text) for text in texts[:1]]
        if photo_of is not None and item.photo_sha256 is not None:
            flaw = _flaw(photo_of, item.photo_sha256)
            problems += [photo_problem(item.face, flaw)] if flaw else []
        found.append(Prepared(item=item, problems=problems, variant=None if problems else variant))
    return found


def crowded(face: Face, home: Path, template: Template | None = None) -> list[str]:
    """The texts of a face that have no room on the sheet, or that lie over others."""
    return _set(face, home, template or built_in_template())[0]


def _set(face: Face, home: Path, template: Template) -> tuple[list[str], Variant | None]:
    """The texts without room, and what the face is set with."""
    context = context_of(face, SAMPLE_NUMBER, "0" * 18, _SAMPLE_ADDRESS)
    variant = None
    try:
        shape, values = shape_of(template, context)
        variant = variant_of(shape, home)
        layout = variant.layout
        page = set_page(layout, values, faces(home))
    except Unsure:
        variant = None
        assets = {"photo.jpg": blank_photo(), "qr.png": qr_png(_SAMPLE_ADDRESS)}
        layout = pdf.record_layout(filled(template.source, context), values={}, assets=assets, home=home)
        page = recorded_page(layout)
    left, low, right, high = template.source.seal_mm
    seal = (left * _PX_PER_MM, (PAGE_MM[1] - high) * _PX_PER_MM, right * _PX_PER_MM, (PAGE_MM[1] - low) * _PX_PER_MM)
    found = [one.text for one in overflows(layout, page, EDGE_MM * _PX_PER_MM)]
    return found + [text for text in covered(page, seal) if not may_be_sealed(text, context)], variant


def compile_design(template: Template, home: Path) -> None:
    """Compile what a design makes of the test fillings; raises ValueError with what the press cannot do about it."""
    try:
        compile_all(template, home)
    except Unsure as unsure:
        raise ValueError(str(unsure)) from unsure


def _flaw(photo_of: Callable[[str], bytes], sha256: str) -> PhotoFlaw | None:
    try:
        return flaw_of(photo_of(sha256))
    except FileNotFoundError:
        return PhotoFlaw.KIND


@dataclass(frozen=True)
class Static:
    """What thousands of certificates share, as one-page PDFs."""

    frame: bytes
    seal: bytes


def prepare_static(organisation_name: str, home: Path) -> Static:
    """The frame and an issuer's seal, drawn by the first thread that asks."""
    with _lock:
        return _static(organisation_name, home)


_lock = threading.Lock()


@lru_cache(maxsize=64)
def _static(organisation_name: str, home: Path) -> Static:
    seal = seal_svg(organisation_name, "证书专用章", fonts.prepare(home).serif_bold)
    return Static(_frame(), _sheet(seal, SIZE_MM, SIZE_MM, home))


def _seal_box(template: Template) -> tuple[float, float, float, float]:
    """Where the seal stands, in points from the lower left."""
    left, low, right, high = (round(edge * _POINTS_PER_MM, 2) for edge in template.source.seal_mm)
    return left, low, right, high


@lru_cache(maxsize=1)
def _frame() -> bytes:
    return frame_pdf()


def _sheet(svg: str, width: float, height: float, home: Path) -> bytes:
    return pdf.draw_pdf(_SHEET.format(width=width, height=height), assets={"sheet.svg": svg.encode()}, home=home)


def _date_zh(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _date_en(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _pdf_date(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):D:%Y%m%d%H%M%S}+00'00'"
