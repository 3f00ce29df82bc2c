"""The photo as it goes into the file: as it is stored where that is small, else at the size at which it is printed.

A stored photo may have a hundred kilobytes, of which paper shows nothing: 300 dots per inch of 35 x 49 mm are 413 x 579
pixels. The same photo gives the same bytes. The record and the register keep naming the stored one by its SHA-256.
"""

from __future__ import annotations

from io import BytesIO
from typing import Final

from PIL import Image, UnidentifiedImageError

from certificates.issuing.documents.press.faces import Unsure
from certificates.issuing.documents.press.pressing import jpeg_size
from certificates.issuing.rules.fitting import PhotoFlaw, photo_flaw

BYTES_MOST: Final = 20_000
PIXELS: Final = (413, 579)  # 35 x 49 mm at 300 dpi
_QUALITIES: Final = (86, 78, 70, 62, 54, 46, 38, 30, 22)


def printed(photo: bytes) -> bytes:
    """The bytes that are embedded: at most `BYTES_MOST`, or the least there is; raises `Unsure` for what is no plain JPEG."""
    if len(photo) <= BYTES_MOST:
        return photo
    channels, width, height = jpeg_size(photo)
    if channels not in (1, 3):
        return photo  # named where it is embedded
    scale = max(PIXELS[0] / width, PIXELS[1] / height)
    size = (round(width * scale), round(height * scale)) if scale < 1 else (width, height)
    picture = _opened(photo, size)
    small = b""
    for quality in _QUALITIES:
        out = BytesIO()
        picture.save(out, "JPEG", quality=quality, optimize=True)
        small = out.getvalue()
        if len(small) <= BYTES_MOST:
            break
    return min(small, photo, key=len)


def flaw_of(photo: bytes) -> PhotoFlaw | None:
    """What keeps a photo from being printed; one that breaks off is no picture."""
    try:
        flaw = photo_flaw(*jpeg_size(photo))
        if flaw is None:
            _opened(photo, (64, 64))
    except Unsure:
        return PhotoFlaw.KIND
    return flaw


def _opened(photo: bytes, size: tuple[int, int]) -> Image.Image:
    """The picture at a size; decoded no larger than that needs."""
    try:
        picture = Image.open(BytesIO(photo), formats=["JPEG"])
        picture.draft(None, size)
        picture.load()
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as broken:
        raise Unsure("a photo that cannot be read") from broken
    return picture if picture.size == size else picture.resize(size, Image.Resampling.LANCZOS)
