"""A photo of any size makes a certificate of at most 130,000 bytes; a small one stays as it is; a broken one is named."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from certificates.issuing.documents.drawing import drawn
from certificates.issuing.documents.photos import BYTES_MOST, PIXELS, flaw_of, printed
from certificates.issuing.rules.fitting import PhotoFlaw
from exam.demo.photos import portrait
from tests.certificates.issuing.documents.people import WORST, Studio, intent_of
from tests.exam.kernel.print_home import print_home


def grainy(width: int, height: int, grain: int, mode: str = "RGB") -> bytes:
    """A portrait with the grain of a camera: what makes photos large."""
    face = Image.open(BytesIO(portrait(1))).convert("RGB").resize((width, height))
    noise = np.random.default_rng(7).normal(0, grain, (height, width, 3))
    seen = np.clip(np.asarray(face, dtype=np.int16) + noise, 0, 255).astype(np.uint8)
    out = BytesIO()
    Image.fromarray(seen).convert(mode).save(out, "JPEG", quality=95)
    return out.getvalue()


@pytest.mark.parametrize(
    ("photo", "least", "pixels"),
    [
        (grainy(480, 672, 3), 45_000, (414, 579)),
        (grainy(600, 840, 4), 80_000, (414, 579)),
        (grainy(358, 441, 15), 80_000, (358, 441)),
        (grainy(640, 900, 6, "L"), 80_000, (413, 581)),
    ],
)
def test_a_large_photo_is_embedded_as_large_as_it_is_printed(photo: bytes, least: int, pixels: tuple[int, int]) -> None:
    assert len(photo) > least
    small = printed(photo)
    assert len(small) <= BYTES_MOST
    assert Image.open(BytesIO(small)).size == pixels
    assert printed(photo) == small
    assert printed(small) == small


def test_a_small_photo_stays_as_it_is() -> None:
    assert printed(portrait(3)) == portrait(3)
    assert (round(35 / 25.4 * 300), round(49 / 25.4 * 300)) == PIXELS


def test_the_whole_file_stays_below_130_000_bytes_with_a_large_photo() -> None:
    studio = Studio(print_home())
    for serial in (5, 6):  # the longest titles
        made = drawn(intent_of(WORST[serial], serial), **{**studio.arguments(serial), "photo": grainy(600, 840, 4)})
        assert not made.reason
        assert len(made.data) <= 130_000


def test_a_photo_that_breaks_off_is_no_photo() -> None:
    photo = portrait(0)
    assert flaw_of(photo) is None
    assert flaw_of(photo[: len(photo) // 2]) is PhotoFlaw.KIND
    assert flaw_of(grainy(480, 672, 3)[:20_000]) is PhotoFlaw.KIND
    assert flaw_of(b"") is PhotoFlaw.KIND
