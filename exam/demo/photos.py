"""Drawn portraits: flat, friendly, on white, 295 x 413 pixels (one inch at 300 dpi). They show nobody.

The same look number always gives the same picture. Even numbers are drawn with short hair, odd ones with long.
"""

import random
from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageDraw

WIDTH, HEIGHT = 295, 413
LOOKS = 48
_SCALE = 3  # drawn larger and reduced, so that edges are smooth

_SKIN = ("#f2d3b5", "#eac4a0", "#e0b48c", "#f6dcc4", "#d7a67c")
_HAIR = ("#1f1a17", "#2b211c", "#3a2a20", "#16181c", "#43302a")
_CLOTH = ("#274c5e", "#3d5a45", "#5a3d4f", "#37415c", "#7a5230", "#44605f", "#6b3f3f", "#2f4858")
_COLLAR = ("#f5f5f0", "#dfe7ea", "#efe6d8")

Box = tuple[float, float, float, float]


class _Sheet:
    """A canvas in picture coordinates."""

    def __init__(self) -> None:
        self.image = Image.new("RGB", (WIDTH * _SCALE, HEIGHT * _SCALE), "white")
        self._draw = ImageDraw.Draw(self.image)

    def ellipse(self, box: Box, fill: str) -> None:
        self._draw.ellipse([value * _SCALE for value in box], fill=fill)

    def rounded(self, box: Box, radius: float, fill: str) -> None:
        self._draw.rounded_rectangle([value * _SCALE for value in box], radius=radius * _SCALE, fill=fill)

    def polygon(self, points: list[tuple[float, float]], fill: str) -> None:
        self._draw.polygon([(x * _SCALE, y * _SCALE) for x, y in points], fill=fill)

    def arc(self, box: Box, start: int, end: int, fill: str, width: float) -> None:
        self._draw.arc([value * _SCALE for value in box], start, end, fill=fill, width=int(width * _SCALE))

    def pie(self, box: Box, start: int, end: int, fill: str) -> None:
        self._draw.pieslice([value * _SCALE for value in box], start, end, fill=fill)


def _shade(colour: str, factor: float) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"#{int(red * factor):02x}{int(green * factor):02x}{int(blue * factor):02x}"


def _body(sheet: _Sheet, rng: random.Random, skin: str) -> None:
    cloth = rng.choice(_CLOTH)
    sheet.rounded((26, 318, 269, 480), 74, cloth)
    sheet.rounded((122, 270, 173, 352), 24, _shade(skin, 0.90))
    collar = rng.choice(_COLLAR)
    sheet.polygon([(118, 318), (147, 356), (124, 384), (98, 324)], collar)
    sheet.polygon([(177, 318), (147, 356), (170, 384), (196, 324)], collar)


def _hair_behind(sheet: _Sheet, long: bool, hair: str, rng: random.Random) -> None:
    if long:
        length = rng.choice((262, 300, 338))
        sheet.rounded((78, 100, 216, length), 64, hair)


def _face(sheet: _Sheet, skin: str, rng: random.Random) -> None:
    width = rng.choice((54, 57, 60))
    sheet.ellipse((147 - width - 9, 186, 147 - width + 13, 222), _shade(skin, 0.93))
    sheet.ellipse((147 + width - 13, 186, 147 + width + 9, 222), _shade(skin, 0.93))
    sheet.ellipse((147 - width, 118, 147 + width, 290), skin)


def _features(sheet: _Sheet, skin: str, hair: str, rng: random.Random) -> None:
    gap, line = rng.choice((23, 25, 27)), _shade(hair, 0.9)
    for x in (147 - gap, 147 + gap):
        sheet.ellipse((x - 7, 196, x + 7, 209), "#ffffff")
        sheet.ellipse((x - 5, 197, x + 5, 208), "#2a2320")
        sheet.ellipse((x + 0.5, 198.5, x + 3, 201), "#ffffff")
        sheet.rounded((x - 12, 179, x + 12, 183.5), 2, line)
    sheet.arc((139, 214, 156, 238), 30, 150, _shade(skin, 0.78), 2.4)
    smile = rng.choice((12, 15, 18))
    sheet.arc((147 - smile, 236, 147 + smile, 260), 25, 155, "#a4574d", 3)
    if rng.random() < 0.34:
        frame = rng.choice(("#2b2b2b", "#6b5036", "#44546a"))
        for x in (147 - gap, 147 + gap):
            sheet.arc((x - 18, 186, x + 18, 219), 0, 360, frame, 2.6)
        sheet.arc((147 - gap + 16, 196, 147 + gap - 16, 210), 190, 350, frame, 2.6)


def _hair_front(sheet: _Sheet, long: bool, hair: str, skin: str, rng: random.Random) -> None:
    """The cap of hair, then the forehead laid over it: the line between them is the hairline."""
    sheet.pie((86, 100, 208, 238), 180, 360, hair)
    style = rng.randrange(4)
    if long:
        sheet.rounded((80, 150, 98, 250), 9, hair)
        sheet.rounded((196, 150, 214, 250), 9, hair)
    else:
        sheet.rounded((87, 150, 97, 190), 5, hair)
        sheet.rounded((197, 150, 207, 190), 5, hair)
    if style == 0:  # fringe
        sheet.rounded((92, 140, 202, 176 if long else 166), 14, hair)
    elif style == 1:  # parted to the left
        sheet.pie((99, 134, 195, 232), 180, 360, skin)
        sheet.polygon([(95, 172), (128, 128), (170, 128), (118, 156)], hair)
    elif style == 2:  # parted to the right
        sheet.pie((99, 134, 195, 232), 180, 360, skin)
        sheet.polygon([(199, 172), (166, 128), (124, 128), (176, 156)], hair)
    else:  # brushed back
        sheet.pie((97, 132, 197, 232), 180, 360, skin)


@lru_cache(maxsize=LOOKS)
def portrait(look: int) -> bytes:
    """The JPEG of one look, about 45 KB as the photo rule asks (X05: white background, 40-200 KB)."""
    rng = random.Random(f"portrait {look % LOOKS}")
    long = look % 2 == 1
    skin, hair = rng.choice(_SKIN), rng.choice(_HAIR)
    sheet = _Sheet()
    _hair_behind(sheet, long, hair, rng)
    _body(sheet, rng, skin)
    _face(sheet, skin, rng)
    _hair_front(sheet, long, hair, skin, rng)
    _features(sheet, skin, hair, rng)
    picture = sheet.image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    out = BytesIO()
    picture.save(out, "JPEG", quality=92, dpi=(300, 300))
    return out.getvalue()
