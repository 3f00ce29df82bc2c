"""What keeps a certificate from being printed although its facts are right: a text without room, a photo of a wrong kind."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from certificates.issuing.rules.face import Face
from exam.kernel.errors import N_, Problem

RATIO_MIN, RATIO_MAX = 0.62, 0.86
"""Width against height: from 25 x 40 mm to 30 x 35 mm; beyond, too much of the person would be cut away."""

SIDE_MIN: Final = 160
"""Pixels of the shorter side: 115 dpi on paper."""


class PhotoFlaw(StrEnum):
    """Why a photo cannot be printed."""

    KIND = "kind"  # no plain JPEG of one or three colours
    SHAPE = "shape"  # not upright enough, or too narrow
    SMALL = "small"


_PHOTO: Final = {
    PhotoFlaw.KIND: N_("%(name)s：照片不是普通的 jpg 图像，不能用于证书。"),
    PhotoFlaw.SHAPE: N_("%(name)s：照片的宽高比不适合证书，人像会被裁去一部分。"),
    PhotoFlaw.SMALL: N_("%(name)s：照片太小，印在证书上不清楚。"),
}


def no_room(face: Face, text: str) -> Problem:
    """A text that the certificate has no room for, or that would push something over the seal."""
    return Problem(
        message=N_("%(name)s：“%(text)s”在证书上放不下。"),
        facts={"name": face.holder_name, "text": text.strip()},
        way_out=N_("请核对姓名与证书名称；确需这样写时，请换用放得下的证书模板。"),
        field="name",
        code="no_room",
    )


def photo_problem(face: Face, flaw: PhotoFlaw) -> Problem:
    """A photo that cannot be printed."""
    return Problem(
        message=_PHOTO[flaw],
        facts={"name": face.holder_name},
        way_out=N_("请由院校补传照片后再发证。"),
        field="photo",
        code=f"photo_{flaw}",
    )


def photo_flaw(channels: int, width: int, height: int) -> PhotoFlaw | None:
    """What is wrong with a photo of this many colours and pixels."""
    if channels not in (1, 3):
        return PhotoFlaw.KIND
    if not RATIO_MIN <= width / height <= RATIO_MAX:
        return PhotoFlaw.SHAPE
    return PhotoFlaw.SMALL if min(width, height) < SIDE_MIN else None
