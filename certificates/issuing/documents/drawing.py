"""Draws one certificate: the face through WeasyPrint, the frame under it, the open signature field with the seal.

Frame and seal are drawn once per process and template and then laid under and into each certificate (facts: plain
drawing takes nine times as long). What comes out is complete but for the signature (`certificates.issuing.signer`).
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from certificates.issuing.documents.guilloche import frame_svg
from certificates.issuing.documents.seal import SIZE_MM, seal_svg
from certificates.issuing.rules.face import Eligible, Face, face_problems
from certificates.issuing.rules.numbers import grouped
from exam.kernel import fonts, pdf, printing
from exam.kernel.errors import Problem
from exam.kernel.pdf import Attachment

RESERVED_BYTES: Final = 6144
SEAL_FIELD: Final = "Seal"
_POINTS_PER_MM: Final = 72 / 25.4
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
    """What is to be drawn and signed under a reserved number."""

    id: UUID
    number: str
    version: int
    token: str
    template: str
    face: Face
    id_number: str = field(repr=False)
    photo_sha256: str
    numbered_at: datetime


def draw(
    intent: Intent,
    *,
    photo: bytes,
    base_url: str,
    signer_name: str,
    home: Path,
    attachments: Sequence[Attachment] = (),
) -> bytes:
    """The certificate as PDF/A-3a and PDF/UA-1, its signature field prepared and open, with its associated files."""
    address = f"{base_url}/v/{intent.token}"
    html = printing.render_print(
        "certificate",
        intent.template,
        face=intent.face,
        number=intent.number,
        number_grouped=grouped(intent.number),
        id_number=intent.id_number,
        issued_zh=_date_zh(intent.face.issued_on),
        issued_en=_date_en(intent.face.issued_on),
        address=address,
    )
    static = prepare_static(intent.face.organisation_name_zh, intent.template, home)
    return pdf.draw_pdf(
        html,
        assets={"photo.jpg": photo, "qr.png": printing.qr_png(address)},
        variant=pdf.CONFORMING,
        underlay=static.frame,
        seal=pdf.SealField(
            name=SEAL_FIELD,
            box=static.box,
            appearance=static.seal,
            reserved=RESERVED_BYTES,
            tooltip=f"{intent.face.organisation_name_zh} 电子签章 Electronic seal of the issuer",
            signer=signer_name,
            reason="职业技能等级证书颁发 Issue of certificate",
            signed_at=_pdf_date(intent.numbered_at),
        ),
        attachments=attachments,
        dated=_pdf_date(intent.numbered_at),
        home=home,
    )


def printable_of(items: Sequence[Eligible], home: Path) -> tuple[list[Eligible], list[Problem]]:
    """Those that can be printed, and why each of the others cannot, before a number is spent."""
    printable: list[Eligible] = []
    problems: list[Problem] = []
    for item in items:
        found = face_problems(item.face, item.photo_sha256, pdf.missing_glyphs(item.face.text, home=home))
        problems += found
        if not found:
            printable.append(item)
    return printable, problems


@dataclass(frozen=True)
class Static:
    """What thousands of certificates share, as one-page PDFs."""

    frame: bytes
    seal: bytes
    box: tuple[float, float, float, float]  # points from the lower left


def prepare_static(organisation_name: str, template: str, home: Path) -> Static:
    """The frame and an issuer's seal, drawn by the first thread that asks."""
    with _lock:
        return _static(organisation_name, template, home)


_lock = threading.Lock()


@lru_cache(maxsize=64)
def _static(organisation_name: str, template: str, home: Path) -> Static:
    found: dict[str, Any] = printing.metadata("certificate", template)["seal"]
    left, low, right, high = (round(float(edge) * _POINTS_PER_MM, 2) for edge in found["box_mm"])
    seal = seal_svg(organisation_name, "证书专用章", fonts.prepare(home).serif_bold)
    return Static(_frame(home), _sheet(seal, SIZE_MM, SIZE_MM, home), (left, low, right, high))


@lru_cache(maxsize=4)
def _frame(home: Path) -> bytes:
    return _sheet(frame_svg(), 297, 210, home)


def _sheet(svg: str, width: float, height: float, home: Path) -> bytes:
    return pdf.draw_pdf(_SHEET.format(width=width, height=height), assets={"sheet.svg": svg.encode()}, home=home)


def _date_zh(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _date_en(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _pdf_date(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):D:%Y%m%d%H%M%S}+00'00'"
