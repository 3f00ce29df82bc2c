"""What the certificate officer sends about paper."""

from __future__ import annotations

import re
from uuid import UUID

import msgspec

from certificates.printing.rules.sheets import Setting


class IntakeForm(msgspec.Struct, kw_only=True):
    """A range of blank paper."""

    organisation_id: UUID
    first: str
    last: str


class PrinterForm(msgspec.Struct, kw_only=True):
    """A printer's setting; millimetres."""

    organisation_id: UUID
    name: str
    dx_mm: float = 0.0
    dy_mm: float = 0.0
    bleed_mm: float = 0.0
    crop_marks: bool = False
    preprinted: bool = False

    @property
    def setting(self) -> Setting:
        return Setting(
            dx_mm=self.dx_mm,
            dy_mm=self.dy_mm,
            bleed_mm=self.bleed_mm,
            crop_marks=self.crop_marks,
            background=not self.preprinted,
        )


class OrderForm(msgspec.Struct, kw_only=True):
    """What to print: a batch, an institution of it or all, chosen numbers or all."""

    printer_id: UUID
    batch_id: UUID
    institution: str = ""
    numbers: str = ""

    @property
    def chosen(self) -> tuple[str, ...]:
        return tuple(one.upper() for one in re.split(r"[\s,，、;；]+", self.numbers) if one)


class SpoilForm(msgspec.Struct, kw_only=True):
    """Why a sheet is spoiled."""

    reason: str
