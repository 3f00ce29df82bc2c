"""The photo of a candidate: jpg or png, upright, light background, of a sensible size (X04, X05).

The numbers are configuration: X05 was seen on a trade skill exam, not on 1+X. A photo is decoded once under a limit on
its pixels, drawn anew without its metadata (place, camera), and only the new bytes are kept.
"""

import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps, ImageStat, UnidentifiedImageError

from exam.kernel.errors import N_, Invalid


@dataclass(frozen=True, kw_only=True)
class PhotoRule:
    """What a photo must be like."""

    smallest_bytes: int = 2 * 1024
    largest_bytes: int = 2 * 1024 * 1024
    smallest_width: int = 240
    smallest_height: int = 320
    most_pixels: int = 24_000_000
    narrowest: float = 0.66  # width / height; 5:7 is 0.714, 3:4 is 0.75
    widest: float = 0.80
    lightest_needed: int = 170  # mean of the two upper corners, 0 black to 255 white
    kept_height: int = 560


RULE = PhotoRule()


class PhotoKind(Invalid):
    message = N_("这不是 jpg 或 png 照片，或照片已损坏。")
    way_out = N_("请用手机或电脑把照片另存为 jpg 后再上传。")


class PhotoSize(Invalid):
    message = N_("照片有 %(kb)s KB，应在 %(smallest)s 至 %(largest)s KB 之间。")
    way_out = N_("请调整照片大小后再上传。")


class PhotoPixels(Invalid):
    message = N_("照片是 %(width)s×%(height)s 像素，至少应为 %(smallest_width)s×%(smallest_height)s。")
    way_out = N_("请上传清晰的原片。")


class PhotoAspect(Invalid):
    message = N_("照片宽高比不合适（%(width)s×%(height)s），应为竖幅证件照，约 5:7。")
    way_out = N_("请裁剪成证件照比例后再上传。")


class PhotoBackground(Invalid):
    message = N_("照片背景太暗，应为白色。")
    way_out = N_("请使用近 6 个月内的白底彩色证件照。")


def prepare_photo(data: bytes, rule: PhotoRule = RULE) -> bytes:
    """Check a photo and return the jpg that is kept; raises one of the refusals above."""
    if not rule.smallest_bytes <= len(data) <= rule.largest_bytes:
        raise PhotoSize(
            kb=round(len(data) / 1024, 1), smallest=rule.smallest_bytes // 1024, largest=rule.largest_bytes // 1024
        )
    picture = _decode(data, rule)
    width, height = picture.size
    if width < rule.smallest_width or height < rule.smallest_height:
        raise PhotoPixels(
            width=width, height=height, smallest_width=rule.smallest_width, smallest_height=rule.smallest_height
        )
    if not rule.narrowest <= width / height <= rule.widest:
        raise PhotoAspect(width=width, height=height)
    if _corner_light(picture) < rule.lightest_needed:
        raise PhotoBackground
    return _encode(picture, rule)


def _decode(data: bytes, rule: PhotoRule) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data), formats=["JPEG", "PNG"])
            if picture.width * picture.height > rule.most_pixels:
                raise PhotoKind
            picture.load()
            upright = ImageOps.exif_transpose(picture)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombWarning) as error:
        raise PhotoKind from error
    if upright.mode in ("RGBA", "LA", "P"):
        upright = upright.convert("RGBA")
        white = Image.new("RGBA", upright.size, "white")
        upright = Image.alpha_composite(white, upright)
    return upright.convert("RGB")


def _corner_light(picture: Image.Image) -> float:
    """The darker of the two upper corners, each an eighth of the width: hair seldom reaches there."""
    grey = picture.convert("L")
    side = max(1, grey.width // 8)
    corners = ((0, 0, side, side), (grey.width - side, 0, grey.width, side))
    return min(ImageStat.Stat(grey.crop(box)).mean[0] for box in corners)


def _encode(picture: Image.Image, rule: PhotoRule) -> bytes:
    if picture.height > rule.kept_height:
        width = round(picture.width * rule.kept_height / picture.height)
        picture = picture.resize((width, rule.kept_height), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=88, optimize=True)
    return out.getvalue()
