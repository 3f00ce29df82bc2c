"""Drawing in limited children: our fonts and nothing else, no address, no hanging, no box for a missing character."""

from __future__ import annotations

import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest

from exam.kernel import pdf
from exam.kernel.sandbox import ChildFailed, Children
from tests.exam.kernel.print_home import print_home

PAGE = "<html lang='zh-CN'><head><title>试</title></head><body style=\"font-family:'Kaowu Sans'\">{}</body></html>"
DENIED = [
    "<img src='http://127.0.0.1:9/x.png'>",
    "<img src='file:///etc/passwd'>",
    "<link rel=stylesheet href='data:text/css,p{}'>",
    "<style>@import url(https://example.org/x.css);</style>",
    "<style>p{background:url(//example.org/x.png)}</style><p>x",
    "<svg><image href='file:///etc/hostname' width=9 height=9 /></svg>",
    "<object data='file:///etc/passwd'></object>",
    "<link rel=attachment href='file:///etc/passwd'>",
    "<img src='asset:unknown.png'>",
]


@pytest.fixture(scope="module")
def home() -> Path:
    return print_home()


def test_a_page_is_drawn_with_embedded_fonts_only(home: Path, tmp_path: Path) -> None:
    data = pdf.draw_pdf(PAGE.format("<h1>职业技能</h1><b>粗 bold</b>"), home=home)
    file = tmp_path / "page.pdf"
    file.write_bytes(data)
    if shutil.which("pdffonts"):
        lines = subprocess.run(["pdffonts", file], capture_output=True, text=True, check=True).stdout.splitlines()[2:]
        assert lines
        assert all("Kaowu" in line and line.split()[-5] == "yes" for line in lines)
    assert len(pikepdf.open(BytesIO(data)).pages) == 1


@pytest.mark.parametrize("html", DENIED)
def test_every_address_is_denied(home: Path, html: str) -> None:
    with pytest.raises(ChildFailed, match="denied"):
        pdf.draw_pdf(PAGE.format(html), home=home)


def test_an_asset_that_was_handed_over_is_drawn(home: Path) -> None:
    picture = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'
    assert pdf.draw_pdf(PAGE.format("<img src='asset:a.svg'>"), assets={"a.svg": picture}, home=home)


async def test_the_parts_of_a_long_print_are_joined_in_order(home: Path) -> None:
    data = await pdf.render_pdfs([PAGE.format(f"<p>{n}") for n in range(5)], home=home)
    assert len(pikepdf.open(BytesIO(data)).pages) == 5


async def test_each_part_is_told_and_has_its_own_assets(home: Path) -> None:
    picture = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'
    told: list[int] = []
    parts = [PAGE.format(f"<img src='asset:{n}.svg'>") for n in range(3)]
    data = await pdf.render_pdfs(parts, assets=[{f"{n}.svg": picture} for n in range(3)], home=home, drawn=told.append)
    assert len(pikepdf.open(BytesIO(data)).pages) == 3
    assert sorted(told) == [0, 1, 2]
    with pytest.raises(ChildFailed, match="denied"):
        await pdf.render_pdfs(parts, assets=[{"0.svg": picture}] * 3, home=home)


async def test_no_parts_is_an_error(home: Path) -> None:
    with pytest.raises(ValueError, match="nothing"):
        await pdf.render_pdfs([], home=home)


def test_the_conforming_variant_says_so(home: Path) -> None:
    check_conforming(pdf.draw_pdf(PAGE.format("<p>一"), variant=pdf.CONFORMING, home=home))


async def test_a_document_for_one_reader_conforms_and_a_bound_one_does_not_say_so(home: Path) -> None:
    page = PAGE.format("<p>一")
    check_conforming(await pdf.render_pdf(page, home=home))
    check_conforming(await pdf.render_pdfs([page], home=home))
    with pikepdf.open(BytesIO(await pdf.render_pdfs([page, page], home=home))) as bound:
        assert "/Metadata" not in bound.Root
        assert "/MarkInfo" not in bound.Root


def check_conforming(data: bytes) -> None:
    """What tells readers of ISO 19005-3 (6.1.3, 6.2.3, 6.6, 6.7) and ISO 14289-1 (5, 7.1) that a file is of their kind."""
    with pikepdf.open(BytesIO(data)) as opened:
        assert "/ID" in opened.trailer
        assert opened.Root.ViewerPreferences.DisplayDocTitle
        assert opened.Root.OutputIntents[0].S == "/GTS_PDFA1"
        assert "/StructTreeRoot" in opened.Root
        text = bytes(opened.Root.Metadata.read_bytes()).decode()
        assert "pdfuaid:part>1" in text.replace('"', ">")
        assert opened.Root.MarkInfo.Marked
        assert str(opened.Root.Lang) == "zh-CN"


def test_missing_glyphs_are_named_and_nothing_misses_nothing(home: Path) -> None:
    assert pdf.missing_glyphs("张三·Zhang 2026\n", home=home) == set()
    assert pdf.missing_glyphs("", home=home) == set()
    assert pdf.missing_glyphs("王𠮷𫔭", home=home) == {"𠮷", "𫔭"}


def test_a_child_that_takes_too_long_is_replaced(home: Path) -> None:
    children = Children("tests.exam.kernel.sandbox_child", count=1, seconds=30)
    assert children.ask(b"echo") == b"ECHO"
    with pytest.raises(ChildFailed) as slow:
        children.ask(b"sleep", seconds=0.3)
    assert slow.value.facts["reason"] == "超时"
    assert children.ask(b"echo") == b"ECHO"
    children.close()


@pytest.mark.parametrize("deed", [b"memory", b"network", b"program", b"raise"])
def test_a_child_may_not_eat_memory_reach_out_or_start_programs(deed: bytes) -> None:
    children = Children("tests.exam.kernel.sandbox_child", count=1, seconds=30, megabytes=400)
    with pytest.raises(ChildFailed):
        children.ask(deed)
    assert children.ask(b"echo") == b"ECHO"
    children.close()
