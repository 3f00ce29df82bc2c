"""The template's HTML: each thing that may not stand there, by its line."""

from __future__ import annotations

import pytest

from certificates.designs.queries import built_in
from certificates.designs.rules.markup import markup_problems, masked

GOOD = built_in().html


def problem(old: str, new: str) -> list[tuple[int | None, str]]:
    assert old in GOOD
    return [(one.row, one.code) for one in markup_problems(GOOD.replace(old, new, 1))]


def test_the_built_in_template_has_no_problem() -> None:
    assert markup_problems(GOOD) == []


def test_an_empty_template_lacks_everything() -> None:
    codes = {one.code for one in markup_problems("")}
    assert codes == {"style_place", "no_title", "no_language", "image_count"}


@pytest.mark.parametrize(
    ("new", "code"),
    [
        ("<h1>职业技能等级证书</h1><script>1</script>", "tag"),
        ("<h1>职业技能等级证书</h1><link>", "tag"),
        ('<h1 style="color:red">职业技能等级证书</h1>', "attribute"),
        ('<h1 onclick="x">职业技能等级证书</h1>', "attribute"),
        ('<h1>职业技能等级证书</h1><img src="https://example.org/a.png" alt="x">', "address"),
        ('<h1>职业技能等级证书</h1><img src="asset:../seal.png" alt="x">', "address"),
        ('<h1>职业技能等级证书</h1><img src="{{ address }}" alt="x">', "address"),
        ('<h1 src="asset:qr.png">职业技能等级证书</h1>', "address"),
        ("<h1>职业技能等级证书</h1><p>教育部指导</p>", "forbidden_words"),
        ("<h1>职业技能等级证书</h1><p>教育<b>部</b></p><p>&#x6307;导</p>", "forbidden_words"),
        ("<h1>职业技能等级证书</h1><!-- 指定 -->", "forbidden_words"),
        ('<h1>职业技能等级证书</h1><p aria-label="指 定">x</p>', "forbidden_words"),
    ],
)
def test_what_may_not_stand_there(new: str, code: str) -> None:
    line = GOOD[: GOOD.index("<h1>职业技能等级证书</h1>")].count("\n") + 1
    assert (line, code) in problem("<h1>职业技能等级证书</h1>", new)


def test_pictures_need_words_and_stand_once() -> None:
    assert [code for _, code in problem(' alt="持证人照片 Photo of the holder"', "")] == ["alt"]
    photo = '<img class="photo" src="asset:photo.jpg" alt="持证人照片 Photo of the holder">'
    assert [code for _, code in problem(photo, photo * 2)] == ["image_count"]
    assert [code for _, code in problem(photo, "")] == ["image_count"]


def test_jinja_is_masked_character_by_character() -> None:
    html = '{# a\nb #}<td{% if 1 > 2 %} class="x"{% endif %}>{{ face.name }}</td>\n'
    assert len(masked(html)) == len(html)
    assert masked(html).count("\n") == html.count("\n")
    assert "{" not in masked(html)
