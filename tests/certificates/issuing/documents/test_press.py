"""The press and WeasyPrint agree: places, pictures and words; what the press is unsure of goes the slower way, by name."""

from __future__ import annotations

import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pikepdf
import pytest
from numpy.typing import NDArray
from PIL import Image

from certificates.designs.queries import built_in_template
from certificates.issuing.documents import drawing
from certificates.issuing.documents.drawing import context_of, drawn
from certificates.issuing.documents.press import shape_of, template, variant_of
from certificates.issuing.documents.press.breaking import may_break
from certificates.issuing.documents.press.faces import Unsure
from certificates.issuing.documents.press.template import differences
from exam.kernel import pdf, printing
from tests.certificates.issuing.documents.clauses import broken
from tests.certificates.issuing.documents.people import ADDRESS, WORST, Studio, intent_of
from tests.exam.kernel.print_home import print_home

SEEN = 7  # of the people: as pictures; as words all of them
FAR = 96  # of 255: a pixel that differs more counts as another one
OTHER_PIXELS = 0.001  # of all, at 100 dpi: letter-spaced lines are set up to 0.3 points apart; measured 0.0002


@pytest.fixture(scope="module")
def studio() -> Studio:
    return Studio(print_home())


@pytest.fixture(scope="module")
def pressed(studio: Studio) -> list[bytes]:
    found = [drawn(intent_of(one, serial), **studio.arguments(serial)) for serial, one in enumerate(WORST)]
    assert [one.reason for one in found] == [""] * len(WORST)
    return [one.data for one in found]


@pytest.fixture(scope="module")
def printed(studio: Studio) -> list[bytes]:
    return [
        drawing._by_weasyprint(drawing._Work(intent_of(one, serial), **work_of(studio, serial)))
        for serial, one in enumerate(WORST)
    ]


def work_of(studio: Studio, serial: int) -> dict[str, Any]:
    known = studio.arguments(serial)
    address = f"{known.pop('base_url')}/v/{intent_of({}, serial).token}"
    return {**known, "address": address}


def joined(files: list[bytes], path: Path) -> Path:
    with pikepdf.new() as book:
        for data in files:
            with pikepdf.open(BytesIO(data)) as one:
                book.pages.extend(one.pages)
        book.save(path)
    return path


def rasters(files: list[bytes], folder: Path, dpi: int) -> list[NDArray[np.int16]]:
    path = joined(files, folder / "book.pdf")
    command = ["pdftoppm", "-r", str(dpi), "-gray", str(path), str(folder / "page")]
    subprocess.run(command, check=True, capture_output=True)
    return [np.asarray(Image.open(one), dtype=np.int16) for one in sorted(folder.glob("page*.pgm"))]


def test_press_and_weasyprint_agree_as_pictures_and_as_words(
    pressed: list[bytes], printed: list[bytes], tmp_path: Path
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    ours, theirs = rasters(pressed[:SEEN], tmp_path / "a", 100), rasters(printed[:SEEN], tmp_path / "b", 100)
    for one, other, person in zip(ours, theirs, WORST[:SEEN], strict=True):
        share = float((np.abs(one - other) > FAR).mean())
        assert share < OTHER_PIXELS, (person, share)
    words = [
        subprocess.run(
            ["pdftotext", joined(files, tmp_path / "all.pdf"), "-"], check=True, capture_output=True
        ).stdout.split()
        for files in (pressed, printed)
    ]
    assert sorted(words[0]) == sorted(words[1])
    for known in WORST:
        assert known.get("holder_name", "").replace(" ", "").encode() in b"".join(words[0])


def test_the_code_is_read_back_from_a_noisy_print(pressed: list[bytes], tmp_path: Path) -> None:
    (page,) = rasters(pressed[4:5], tmp_path, 150)
    noise = np.random.default_rng(4).normal(0, 24, page.shape)
    blurred = cv2.GaussianBlur(np.clip(page + noise, 0, 255).astype(np.uint8), (3, 3), 0)
    corner = blurred[int(page.shape[0] * 0.55) :, : page.shape[1] // 3]
    text, *_ = cv2.QRCodeDetector().detectAndDecode(cv2.resize(corner, None, fx=2, fy=2))
    assert text == f"{ADDRESS}/v/{4:022d}"


@pytest.mark.parametrize("serial", [0, 4, 6])
def test_every_clause_that_can_be_read_holds(
    pressed: list[bytes], printed: list[bytes], serial: int, tmp_path: Path
) -> None:
    assert broken(pressed[serial]) == []
    assert broken(printed[serial]) == []
    file = tmp_path / "one.pdf"
    file.write_bytes(pressed[serial])
    subprocess.run(["qpdf", "--check", file], check=True, capture_output=True)
    said = subprocess.run(["mutool", "draw", "-F", "stext", "-o", "-", file], check=True, capture_output=True)
    assert said.stderr.replace(b"warning: ICC support is not available", b"").strip() == b""


def test_the_clauses_are_noticed_when_broken(pressed: list[bytes]) -> None:
    def spoilt(deed: str) -> list[str]:
        with pikepdf.open(BytesIO(pressed[0])) as one:
            root, page = one.Root, one.pages[0]
            match deed:
                case "_content":
                    page.Contents = one.make_stream(
                        page.Contents.read_bytes().replace(b"/Artifact BMC", b"", 1).replace(b"EMC", b"", 1)
                    )
                case "_structure":
                    root.StructTreeRoot.ParentTree.Nums[1][3] = root.StructTreeRoot.ParentTree.Nums[1][4]
                case "_catalog":
                    root.ViewerPreferences.DisplayDocTitle = False
                case "_fonts":
                    page.Resources.Font["/F1"].DescendantFonts[0].W[1][3] = 1
                case "_attached":
                    del root.AF
                case "_widget":
                    page.Annots[0].F = 4
                case "_values":
                    page.Resources.ExtGState = pikepdf.Dictionary(G=one.make_indirect(pikepdf.Dictionary(ca=0.5)))
            out = BytesIO()
            one.save(out)
        return broken(out.getvalue())

    for deed in ("_content", "_structure", "_catalog", "_fonts", "_widget", "_values"):
        assert any(line.startswith(f"{deed[1:]}:") for line in spoilt(deed)), deed


def test_the_same_input_gives_the_same_bytes_and_another_input_others(pressed: list[bytes], studio: Studio) -> None:
    again = drawn(intent_of(WORST[3], 3), **studio.arguments(3)).data
    assert again == pressed[3]
    assert again != drawn(intent_of(WORST[3], 4), **studio.arguments(3)).data
    assert max(map(len, pressed)) < 130_000


def test_what_the_press_is_unsure_of_is_drawn_the_slower_way_and_named(studio: Studio) -> None:
    found = drawn(intent_of({"holder_name_latin": "Zoe\u0301 D"}), **studio.arguments())
    assert "U+0301" in found.reason
    assert broken(found.data) == []


@pytest.mark.parametrize(
    ("style", "refusal"),
    [
        (".issuer-en { float: left }", "float"),
        (".statement { text-align: justify }", "text-align"),
        (".statement b { padding: 0 1em }", "proved"),
        (".title-en { text-transform: uppercase }", "text_transform"),
        (".issuer { width: auto }", "shrinks"),
        (".title-en { opacity: .5 }", "opacity"),
    ],
)
def test_a_template_that_the_press_cannot_serve_is_refused_by_name(studio: Studio, style: str, refusal: str) -> None:
    face = intent_of({}).face
    shape, _ = shape_of(built_in_template(), context_of(face, "N", "1", "a"))
    refusals = template._compile(shape.replace("</style>", f"{style}</style>"), studio.home).refusals
    assert refusal in " ".join(refusals)


def test_a_wrong_place_is_noticed_by_the_proof(studio: Studio) -> None:
    face = intent_of({}).face
    shape, values = shape_of(built_in_template(), context_of(face, "N1", "1", "a"))
    layout = variant_of(shape, studio.home).layout
    assets = {"photo.jpg": template.blank_photo(), "qr.png": printing.qr_png("a")}
    moved = shape.replace("</style>", ".issuer { left: 113mm }</style>")
    assert (
        differences(
            layout, pdf.record_layout(shape, values=values, assets=assets, home=studio.home), values, studio.home
        )
        == []
    )
    assert differences(
        layout, pdf.record_layout(moved, values=values, assets=assets, home=studio.home), values, studio.home
    )


@pytest.mark.parametrize(
    ("pair", "allowed"),
    [
        ("考核", True), ("核，", False), ("，经", True), ("（中", False), ("中）", False), ("）考", True), ("ab", False),
        ("a中", True), ("中a", True), ("5G", False), ("a ", False), (" a", True), ("中（", True), ("a(", False),
        ("尔·", True), ("·阿", True), ("l·", False), ("e,", False), ("-S", True), ("’N", False),
    ],
)  # fmt: skip
def test_lines_end_where_unicode_lets_them(pair: str, allowed: bool) -> None:
    assert may_break(pair[0], pair[1]) is allowed


def test_an_unknown_character_is_not_guessed_at() -> None:
    for pair in ("中ก", "中✂"):
        with pytest.raises(Unsure):
            may_break(pair[0], pair[1])
