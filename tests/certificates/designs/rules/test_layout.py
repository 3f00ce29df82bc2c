"""What a drawn certificate must show: a good sheet, then one thing wrong at a time."""

from __future__ import annotations

import msgspec
import pytest

from certificates.designs.rules.dummies import DUMMIES
from certificates.designs.rules.fields import PHOTO, QR
from certificates.designs.rules.layout import Image, Measured, Text, contrast, layout_problems, seal_problems

SEAL = (214.0, 21.0, 254.0, 61.0)
NAME, DUMMY = DUMMIES["short"]
FACE = DUMMY["face"]
LINES = [
    "职业技能等级证书", "经考核合格，特发此证。", FACE["holder_name"], FACE["id_type_zh"], DUMMY["id_number"],
    FACE["certificate_name_zh"], FACE["level_zh"], DUMMY["number_grouped"], DUMMY["issued_zh"],
    FACE["organisation_name_zh"], "演示 · 样本", FACE["mark_zh"],
]  # fmt: skip


def text(words: str, line: int) -> Text:
    return Text(words, 80, 20 + 8 * line, 60, 6, (0, 0, 0), 11, str(line))


GOOD = Measured(
    1, 297.0, 210.0, [text(words, line) for line, words in enumerate(LINES)],
    [Image(PHOTO, 20, 60, 35, 49), Image(QR, 20, 130, 30, 30)],
)  # fmt: skip


def codes(measured: Measured) -> list[str]:
    return [one.code for one in layout_problems(measured, DUMMY, NAME, SEAL)]


def changed(line: int, **to: object) -> Measured:
    texts = [msgspec.structs.replace(one, **to) if at == line else one for at, one in enumerate(GOOD.texts)]
    return msgspec.structs.replace(GOOD, texts=texts)


def test_a_good_sheet_has_no_problem() -> None:
    assert codes(GOOD) == []


@pytest.mark.parametrize("line", range(len(LINES)))
def test_each_required_field_is_missed(line: int) -> None:
    found = layout_problems(changed(line, text=""), DUMMY, NAME, SEAL)
    assert [one.code for one in found] and all(one.code.startswith("missing_") for one in found)
    assert found[0].way_out
    assert found[0].facts["dummy"] == NAME


@pytest.mark.parametrize(
    ("measured", "code"),
    [
        (msgspec.structs.replace(GOOD, pages=2), "pages"),
        (msgspec.structs.replace(GOOD, width=210.0, height=297.0), "page_size"),
        (changed(2, colour=(0.8, 0.8, 0.8)), "contrast"),
        (changed(2, size_pt=5.0), "small"),
        (changed(2, width=300.0), "outside"),
        (changed(2, y=GOOD.texts[3].y), "covered"),
        (changed(2, x=21.0, y=70.0), "covered"),
        (msgspec.structs.replace(GOOD, images=[Image(PHOTO, 20, 60, 20, 28), GOOD.images[1]]), "image_small"),
        (msgspec.structs.replace(GOOD, images=[GOOD.images[0], Image(QR, 220, 155, 30, 30)]), "seal_covers"),
        (changed(2, x=230.0, y=155.0, width=20.0), "seal_covers"),
        (changed(4, x=200.0, y=160.0), "seal_covers"),
        (changed(9, x=200.0, y=160.0), ""),  # the issuer's name may be under the seal
        (changed(8, x=200.0, y=160.0), ""),  # the date too
        (changed(2, x=15.0), "outside"),  # on the frame
        (changed(2, text=LINES[2] + "教育部"), ""),
        (msgspec.structs.replace(GOOD, texts=[*GOOD.texts, text("指", 15), text("定", 16)]), "forbidden_words"),
    ],
)
def test_one_thing_wrong(measured: Measured, code: str) -> None:
    assert set(codes(measured)) == ({code} if code else set())


def test_an_empty_sheet_lacks_everything() -> None:
    found = codes(Measured(0, 0, 0, [], []))
    assert len(found) == 16 and "missing_photo" in found and "pages" in found


def test_contrast_is_that_of_wcag() -> None:
    assert contrast((0, 0, 0)) == pytest.approx(21)
    assert contrast((1, 1, 1)) == pytest.approx(1)
    assert contrast((0x76 / 255,) * 3) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize(
    "box", [(0, 0, 40, 40), (214, 21, 254, 81), (214, 21, 224, 31), (260, 21, 300, 61), (214, 12, 254, 52)]
)
def test_the_seal_is_a_square_inside_the_sheet(box: tuple[float, ...]) -> None:
    assert [one.code for one in seal_problems(box)] == ["seal_box"]
    assert seal_problems(SEAL) == []
