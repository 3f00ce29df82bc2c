"""Printed documents: every template renders its own example, escapes what it is given, and reads well in both languages."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import cv2
import numpy
import pikepdf
import pytest
import segno

from exam.kernel import pdf, printing
from exam.kernel.printing import PrintHead, qr_svg
from tests.exam.kernel.print_home import print_home

HEAD = PrintHead(
    title="考场签到表", document_id="0193", number="QD-1", printed_at=datetime(2026, 5, 16, 1, tzinfo=UTC), room="101"
)


def test_the_common_sheet_shows_what_is_there_and_leaves_out_what_is_not() -> None:
    source = "{% extends 'common/document.html' %}{% block main %}{{ doc.sheet(head) }}{% endblock %}"
    template = printing._environment().from_string(source)
    html = template.render(head=HEAD, style="", locale="zh")
    assert "考场签到表" in html
    assert "101" in html
    assert "2026年5月16日" in html
    assert "批次" not in html


class _Tables(HTMLParser):
    """How many columns each row of each table fills, spans counted."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[list[int]] = []
        self._open: list[tuple[list[int], list[int]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        match tag:
            case "table":
                self.tables.append([])
                self._open.append((self.tables[-1], []))
            case "tr":
                rows, below = self._open[-1]
                rows.append(below.pop(0) if below else 0)
            case "td" | "th":
                rows, below = self._open[-1]
                width = int(given.get("colspan") or 1)
                rows[-1] += width
                for down in range(int(given.get("rowspan") or 1) - 1):
                    below.extend([0] * (down + 1 - len(below)))
                    below[down] += width

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self._open.pop()


@pytest.mark.parametrize(("document", "version"), printing.documents())
def test_every_row_of_a_table_fills_as_many_columns(document: str, version: str) -> None:
    """ISO 14289-1, 7.5: a reader that walks a table by its cells would lose its way."""
    found = _Tables()
    found.feed(printing.preview(document, version))
    assert [rows for rows in found.tables if len(set(rows)) > 1] == []


@pytest.mark.parametrize("count", range(1, 8))
def test_the_last_fact_takes_what_is_left_of_its_row(count: int) -> None:
    source = "{% import 'common/doc.html' as doc with context %}{{ doc.facts(pairs) }}"
    found = _Tables()
    found.feed(printing._environment().from_string(source).render(pairs=[("一", n) for n in range(count)], locale="zh"))
    assert {*found.tables[0]} == {6 if count > 3 else 2 * count}


@pytest.mark.parametrize(("document", "version"), printing.documents() or [("", "")])
def test_every_document_has_metadata(document: str, version: str) -> None:
    if not document:
        pytest.fail("there is no printed document at all")
    found = printing.metadata(document, version)
    assert {"title_zh", "title_en"} <= set(found), f"{document}/{version}/metadata.json"
    assert isinstance(json.dumps(printing.dummy(document, version)), str)


def test_a_qr_code_reads_back() -> None:
    text = "https://example.org/v/AbCdEf-_0123456789abcdef"
    svg = qr_svg(text, label="二维码")
    assert 'aria-label="二维码"' in svg
    size = int(svg.split('viewBox="0 0 ')[1].split()[0])
    picture = numpy.full((size + 8, size + 8), 255, numpy.uint8)
    for run in svg.split('d="')[1].split('"')[0].split("M")[1:]:
        x, rest = run.split(" ", 1)
        y, width = rest.split("h", 1)[0], rest.split("h", 1)[1].split("v")[0]
        picture[int(y) + 4, int(x) + 4 : int(x) + 4 + int(width)] = 0
    large = cv2.resize(picture, None, fx=6, fy=6, interpolation=cv2.INTER_NEAREST)
    found, _, _ = cv2.QRCodeDetector().detectAndDecode(large)
    assert found == text
    assert size == segno.make(text, error="m", micro=False).symbol_size(scale=1, border=0)[0]


def test_every_page_of_a_print_carries_its_head_its_number_and_its_codes() -> None:
    """Also where a new head begins in the middle: the first sheet of two pages, the second of one."""
    source = (
        "{% extends 'common/document.html' %}{% block main %}"
        "{% for head in heads %}{{ doc.sheet(head, first=loop.first) }}"
        "{% if loop.first %}<div class='tall'></div>{% endif %}<p>{{ loop.index }}</p>{% endfor %}{% endblock %}"
    )
    other = PrintHead(title="门贴", document_id="0194", number="MT-2", printed_at=HEAD.printed_at, room="202")
    style = printing._style("common", "v1") + " .tall { height: 240mm }"
    html = printing._environment().from_string(source).render(heads=[HEAD, other], style=style, locale="zh")
    data = pdf.draw_pdf(html, home=print_home())
    with pikepdf.open(io.BytesIO(data)) as opened:
        assert len(opened.pages) == 3
    rooms, codes = [], []
    for number in (1, 2, 3):
        picture, words = look(data, number)
        rooms.append("101" if "101" in words else "202" if "202" in words else "")
        found, _, _ = cv2.QRCodeDetector().detectAndDecode(picture[: len(picture) // 6])
        codes.append(found)
        foot = picture[-len(picture) // 12 : -len(picture) // 24, -picture.shape[1] // 6 :]
        assert foot.min() < 100, "the page number is missing"
    assert rooms == ["101", "101", "202"]
    assert codes == ["0193", "0193", "0194"]


def look(data: bytes, page: int) -> tuple[Any, str]:
    """A page as a grey picture and as words, by outside programs."""
    if not shutil.which("pdftoppm"):
        pytest.skip("no poppler on this machine")
    numbers = ["-f", str(page), "-l", str(page)]
    grey = subprocess.run(
        ["pdftoppm", "-r", "150", "-gray", *numbers, "-"], input=data, capture_output=True, check=True
    )
    words = subprocess.run(["pdftotext", *numbers, "-", "-"], input=data, capture_output=True, check=True)
    picture = cv2.imdecode(numpy.frombuffer(grey.stdout, numpy.uint8), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    return picture, words.stdout.decode()
