"""A10, however the words are written."""

from __future__ import annotations

import pytest

from certificates.designs.rules.words import bare, words_in, words_in_any


@pytest.mark.parametrize(
    "text",
    [
        "教育部指导", "教 育\u3000部\u200b指·导", "教育部指導", "教育部（指）导", "教-育_部—指.导",
        "\u2f6f指 定".replace("\u2f6f", ""), "指\n定", "指☆定", "⾄指定",
    ],
)  # fmt: skip
def test_found_however_written(text: str) -> None:
    assert words_in(text)


@pytest.mark.parametrize("text", ["", "教育部", "指导教师", "规定的指标", "职业技能等级证书"])
def test_left_alone(text: str) -> None:
    assert words_in(text) == ()


def test_full_width_and_compatibility_forms() -> None:
    assert bare("Ａ１ 職") == "A1职"
    assert words_in_any(["", "职成司指導", "指定", "指定"]) == ("职成司指导", "指定")
