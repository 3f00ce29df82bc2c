"""Photos of evidence: what a canvas draws is kept; what tells a place, is too large, or is no photo is refused by name."""

import io
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from scoring.tablets.rules.evidence import (
    BYTES_MOST,
    EvidenceNotJpeg,
    EvidenceTellsPlace,
    EvidenceTooLarge,
    EvidenceTooManyPixels,
    read_head,
    read_photo,
)
from tests.scoring.tablets.world import photo


def _segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body


def _with(data: bytes, segment: bytes) -> bytes:
    return data[:2] + segment + data[2:]


def test_what_a_canvas_draws_is_a_photo() -> None:
    for given_ in (photo(), photo(width=1600, height=1200), photo(progressive=True)):
        found = read_photo(given_)
        assert found == read_head(given_)
    assert (read_photo(photo(width=64, height=48)).width, read_photo(photo(width=64, height=48)).height) == (64, 48)
    assert read_photo(_with(photo(), _segment(0xE2, b"ICC_PROFILE\0" + bytes(20)))).width


@pytest.mark.parametrize(
    "marker, body, kind",
    [(0xE1, b"Exif\0\0" + bytes(30), "Exif"), (0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>", "XMP"), (0xED, b"Photoshop 3.0\0", "IPTC"),
     (0xE2, b"MPF\0" + bytes(8), "MPF"), (0xFE, b"Wuhan", "文字注释"), (0xEB, b"JP\0\0", "APP11")],
)  # fmt: skip
def test_metadata_is_refused_by_its_name(marker: int, body: bytes, kind: str) -> None:
    with pytest.raises(EvidenceTellsPlace) as refused:
        read_photo(_with(photo(), _segment(marker, body)))
    assert refused.value.facts["kind"] == kind


def test_a_position_written_by_a_camera_is_refused() -> None:
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (30.0, 35.0, 0.0)}
    out = io.BytesIO()
    Image.new("RGB", (20, 20)).save(out, "JPEG", exif=exif)
    with pytest.raises(EvidenceTellsPlace):
        read_photo(out.getvalue())


def test_what_hangs_behind_the_picture_is_refused() -> None:
    with pytest.raises(EvidenceTellsPlace):
        read_photo(photo() + b"GPS 30.5,114.3")


def test_a_bomb_is_told_by_its_head_and_never_decoded() -> None:
    bomb = bytearray(photo())
    at = bomb.index(b"\xff\xc0") + 5
    bomb[at : at + 4] = (8000).to_bytes(2, "big") + (5000).to_bytes(2, "big")
    with pytest.raises(EvidenceTooManyPixels) as refused:
        read_photo(bytes(bomb))
    assert (refused.value.facts["width"], refused.value.facts["height"]) == (5000, 8000)


def test_other_files_are_named() -> None:
    png = io.BytesIO()
    Image.new("RGB", (20, 20)).save(png, "PNG")
    for data, kind in (
        (b"\0\0\0\x18ftypheic" + bytes(40), "HEIC"),
        (png.getvalue(), "PNG"),
        (b"", "未知格式"),
        (b"\xff\xd8", "JPEG"),
    ):
        with pytest.raises(EvidenceNotJpeg) as refused:
            read_photo(data)
        assert refused.value.facts["kind"] == kind
    with pytest.raises(EvidenceTooLarge):
        read_photo(photo() + bytes(BYTES_MOST))


def test_a_photo_cut_short_is_no_photo() -> None:
    data = photo(width=80, height=80)
    random = Random(3)
    for end in sorted(random.sample(range(2, len(data) - 1), 40)):
        with pytest.raises(EvidenceNotJpeg):
            read_photo(data[:end])


@given(st.binary(max_size=400))
def test_whatever_comes_is_answered_in_words(data: bytes) -> None:
    for sent in (data, b"\xff\xd8" + data, photo()[:40] + data):
        with pytest.raises((EvidenceNotJpeg, EvidenceTellsPlace, EvidenceTooManyPixels)):
            read_photo(sent)
