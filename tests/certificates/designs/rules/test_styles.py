"""The style sheet: fonts, addresses, what hides and turns; each by its line."""

from __future__ import annotations

import pytest

from certificates.designs.queries import built_in
from certificates.designs.rules.styles import style_problems


def test_the_built_in_style_has_no_problem() -> None:
    assert style_problems(built_in().style) == []
    assert style_problems("") == []


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("@import url(https://example.org/x.css);", "at_rule"),
        ('@font-face { font-family: "X"; src: url(asset:qr.png) }', "at_rule"),
        ("p { background: url(https://example.org/x.png) }", "address"),
        ('p { background: url("file:///etc/passwd") }', "address"),
        ("p { background: linear-gradient(url(http://x/), red) }", "address"),
        ("p { background: image-set('a.png' 1x) }", "function"),
        ("p { content: attr(title) }", "function"),
        ('p::after { content: "指" "定" }', "forbidden_words"),
        (r'p::after { content: "\6307\5b9a" }', "forbidden_words"),
        ('p { font-family: "SimSun", "Kaowu Serif" }', "font"),
        ("p { font-family: serif }", "font"),
        ("p { font: 12pt SimSun }", "font"),
        ("p { opacity: .1 }", "property"),
        ("p { display: none }", "property"),
        ("p { transform: scale(-1) }", "function"),
        ("@media print { p { visibility: hidden } }", "property"),
        ("@page { @top-left { content: url(http://x/) } }", "address"),
        ("p { color: red", ""),
        ("} p { color: red }", "syntax"),
    ],
)
def test_what_may_not_stand_there(line: str, code: str) -> None:
    found = style_problems(f"h1 {{ color: #000 }}\n{line}\n")
    assert (2, code) in [(one.row, one.code) for one in found] if code else found == []
