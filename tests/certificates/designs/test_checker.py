"""The child that tries designs: the built-in one passes on every dummy; what a template may not do, it cannot."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest

from certificates.designs import checker
from certificates.designs.queries import built_in
from certificates.designs.rules.dummies import DUMMIES
from certificates.designs.rules.records import LIMIT_CHARACTERS
from exam.kernel import pdf
from tests.exam.kernel.print_home import print_home

GOOD = built_in()
TITLE = "<h1>职业技能等级证书</h1>"


@pytest.fixture(scope="module")
def home() -> Path:
    return print_home()


def found(html: str, style: str, home: Path) -> list[tuple[int | None, str]]:
    problems, tried = checker.try_one(replace(GOOD, html=html, style=style), "usual", home, picture=False)
    assert not tried.png
    return [(one.row, one.code) for one in problems]


def test_the_built_in_design_passes_on_every_dummy(home: Path) -> None:
    assert checker.every_problem(GOOD, home) == []


def test_every_character_of_the_dummies_can_be_drawn(home: Path) -> None:
    text = "".join(str(value) for _, dummy in DUMMIES.values() for value in dummy["face"].values())
    assert pdf.missing_glyphs(text, home=home) == set()


def test_a_picture_and_a_pdf_of_one_page(home: Path) -> None:
    problems, tried = checker.try_one(GOOD, "rare", home)
    assert problems == []
    assert tried.png[8:12] == b"WEBP"
    document = pypdfium2.PdfDocument(tried.pdf)
    assert len(document) == 1
    assert DUMMIES["rare"][1]["face"]["holder_name"] in document[0].get_textpage().get_text_range()


@pytest.mark.parametrize(
    ("mark", "code"),
    [
        ("{% for a in face %}x{% endfor %}", "template_node"),
        ("{{ 'a' * 1000000000 }}", "template_node"),
        ("{{ face.__class__ }}", "template_name"),
        ("{{ number.__class__.__mro__ }}", "template_name"),
        ("{{ face['holder_name'] }}", "template_node"),
        ("{{ number.upper() }}", "template_node"),
        ("{{ number | pprint }}", "template_node"),
        ("{% set face = 1 %}{{ face.holder }}", "template_name"),
        ("{{ 1000000 * number }}", "template_node"),
        ("{{ number ~ number }}", "template_node"),
        ("{% include 'x' %}", "template_node"),
        ("{% macro a() %}{% endmacro %}", "template_node"),
        ("{{ salary }}", "template_name"),
        ("{% if %}", "template_syntax"),
    ],
)
def test_what_jinja_may_not_do(mark: str, code: str, home: Path) -> None:
    line = GOOD.html[: GOOD.html.index(TITLE)].count("\n") + 1
    assert (line, code) in found(GOOD.html.replace(TITLE, TITLE + mark), GOOD.style, home)


def test_no_address_is_fetched(home: Path) -> None:
    style = GOOD.style + "body { background: url(file:///etc/hostname) }"
    assert [code for _, code in found(GOOD.html, style, home)] == ["template_draw"]


def test_words_put_together_by_the_template_are_found(home: Path) -> None:
    html = GOOD.html.replace("特发此证。", "特发此证。指{{ '定' }}")
    assert "forbidden_words" in [code for _, code in found(html, GOOD.style, home)]


def test_hidden_fields_are_missing_fields(home: Path) -> None:
    codes = [code for _, code in found(GOOD.html, GOOD.style + ".number { display: none }", home)]
    assert {"missing_number", "missing_id_number"} <= set(codes)


def test_one_page_and_no_overlap(home: Path) -> None:
    two = GOOD.html.replace("</body>", '<div>一</div><div class="two">二</div></body>')
    assert "pages" in [code for _, code in found(two, GOOD.style + ".two { break-before: page }", home)]
    assert "covered" in [code for _, code in found(GOOD.html, GOOD.style + ".issuer { top: 120mm }", home)]


def test_too_long_is_not_even_read(home: Path) -> None:
    long = replace(GOOD, html="x" * (LIMIT_CHARACTERS + 1))
    assert [one.code for one in checker.every_problem(long, home)] == ["too_long"]
