"""Photos of evidence: one JPEG without metadata, as a tablet's canvas draws it; what else comes is refused by name.

The head of the file is read by its markers (ITU-T T.81 annex B) before anything is decoded: its size in pixels, and segments
in which a position may stand (Exif and XMP in APP1, IPTC in APP13, previews of other pictures in APP2, comments).
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import Final

from PIL import Image, UnidentifiedImageError

from exam.kernel.errors import N_, Invalid

BYTES_MOST: Final = 5_000_000
PIXELS_MOST: Final = 12_000_000
"""A tablet scales to 1,600 pixels on the longer side; more than this is nothing that it drew."""
FORMAT: Final = "kaowu-tablet-evidence/1"


class EvidenceHashWrong(Invalid):
    """The bytes are not the ones that were announced."""

    message = N_("收到的照片与登记的摘要不一致，没有保存。")
    way_out = N_("照片仍在平板上；请重新发送。")


class EvidenceTooLarge(Invalid):
    """More bytes than a photo of evidence needs."""

    message = N_("照片有 %(size)s MB，超过 %(limit)s MB，没有保存。")
    way_out = N_("照片仍在平板上；请用平板上的评分页面拍照，它会自动缩小。")


class EvidenceTooManyPixels(Invalid):
    """A picture that would fill the memory."""

    message = N_("照片有 %(width)s×%(height)s 像素，超过 %(limit)s 百万像素，没有保存。")
    way_out = N_("照片仍在平板上；请用平板上的评分页面拍照，它会自动缩小。")


class EvidenceNotJpeg(Invalid):
    """Another kind of file, or a broken one."""

    message = N_("这不是完整的 JPEG 照片（%(kind)s），没有保存。")
    way_out = N_("请用平板上的评分页面拍照；不要直接传送相册里的文件。")


class EvidenceTellsPlace(Invalid):
    """Metadata may tell where, when and by whom a photo was taken."""

    message = N_("照片带有位置或拍摄信息（%(kind)s），没有保存。")
    way_out = N_("请用平板上的评分页面拍照，它会去掉这些信息。")


@dataclass(frozen=True, kw_only=True)
class Jpeg:
    """What the head of a JPEG says."""

    width: int
    height: int


def announced(device: str, sha256: str, size_bytes: int) -> dict[str, object]:
    """What the tablet signs when it sends a photo."""
    return {"format": FORMAT, "device": device, "sha256": sha256, "bytes": size_bytes}


def read_photo(data: bytes) -> Jpeg:
    """Look at a photo and decode it once; raises one of the refusals above."""
    if len(data) > BYTES_MOST:
        raise EvidenceTooLarge(size=round(len(data) / 1_000_000, 1), limit=BYTES_MOST // 1_000_000)
    found = read_head(data)
    if not found.width or not found.height:
        raise EvidenceNotJpeg(kind="JPEG")
    if found.width * found.height > PIXELS_MOST:
        raise EvidenceTooManyPixels(width=found.width, height=found.height, limit=PIXELS_MOST // 1_000_000)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            Image.open(io.BytesIO(data), formats=["JPEG"]).load()
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombWarning) as error:
        raise EvidenceNotJpeg(kind="JPEG") from error
    return found


def read_head(data: bytes) -> Jpeg:
    """The size in the head; refuses what is no JPEG, and metadata. Every marker up to the end of the picture is walked."""
    if data[:2] != b"\xff\xd8":
        raise EvidenceNotJpeg(kind=_kind(data))
    at, size = 2, None
    while True:
        at, marker, body = _segment(data, at)
        if marker == _END:
            break
        if what := _tells(marker, body):
            raise EvidenceTellsPlace(kind=what)
        if marker in _FRAMES:
            if len(body) < 5:
                raise EvidenceNotJpeg(kind="JPEG")
            size = size or Jpeg(height=int.from_bytes(body[1:3], "big"), width=int.from_bytes(body[3:5], "big"))
        if marker == _SCAN:
            at = _after_scan(data, at)
    if size is None:
        raise EvidenceNotJpeg(kind="JPEG")
    if at != len(data):
        raise EvidenceTellsPlace(kind=N_("图像之后还有数据"))
    return size


_END: Final = 0xD9
_SCAN: Final = 0xDA
_RESTARTS: Final = frozenset(range(0xD0, 0xD8))
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_DRAWN: Final[dict[int, tuple[bytes, ...]]] = {0xE0: (b"JFIF\0",), 0xE2: (b"ICC_PROFILE\0",), 0xEE: (b"Adobe",)}
"""What an encoder itself writes into the segments for applications: size, colours."""


def _segment(data: bytes, at: int) -> tuple[int, int, bytes]:
    """The segment at a place: (place after it, marker, contents)."""
    while data[at : at + 2] == b"\xff\xff":  # fill bytes
        at += 1
    if at + 2 > len(data) or data[at] != 0xFF:
        raise EvidenceNotJpeg(kind="JPEG")
    marker = data[at + 1]
    if marker == _END:
        return at + 2, marker, b""
    length = int.from_bytes(data[at + 2 : at + 4], "big")
    if length < 2 or at + 2 + length > len(data):
        raise EvidenceNotJpeg(kind="JPEG")
    return at + 2 + length, marker, data[at + 4 : at + 2 + length]


def _after_scan(data: bytes, at: int) -> int:
    """The place of the next marker after the coded picture: a stuffed zero and restarts belong to it."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            raise EvidenceNotJpeg(kind="JPEG")
        following = data[at + 1]
        if following != 0 and following != 0xFF and following not in _RESTARTS:
            return at
        at += 1 if following == 0xFF else 2


def _tells(marker: int, body: bytes) -> str:
    """What kind of metadata a segment is; empty where it is none."""
    if marker == 0xFE:
        return N_("文字注释")
    if not 0xE0 <= marker <= 0xEF or body.startswith(_DRAWN.get(marker, ())):
        return ""
    names = {b"Exif": "Exif", b"http://ns.adobe.com": "XMP", b"Photoshop": "IPTC", b"MPF": "MPF"}
    return next((name for start, name in names.items() if body.startswith(start)), f"APP{marker - 0xE0}")


def _kind(data: bytes) -> str:
    if data[4:8] == b"ftyp":
        return "HEIC" if data[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"hevc") else "MP4"
    kinds = {b"\x89PNG": "PNG", b"GIF8": "GIF", b"RIFF": "WebP", b"%PDF": "PDF"}
    return next((name for start, name in kinds.items() if data.startswith(start)), N_("未知格式"))
