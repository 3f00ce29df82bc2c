"""Printed documents: every template renders its own example, escapes what it is given, and reads well in both languages."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import cv2
import numpy
import pytest
import segno

from exam.kernel import printing
from exam.kernel.printing import PrintHead, qr_svg

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
