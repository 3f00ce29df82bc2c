"""No page has text of its own outside the catalogues, nor script or style outside the static files (CSP)."""

import re
from pathlib import Path

import pytest

from exam.kernel.pages import environment
from exam.kernel.settings import TREE
from tests.templates.messages import chinese

TEMPLATES = sorted(path for folder in ("layout", "pages") for path in (TREE / "templates" / folder).rglob("*.html"))
FORBIDDEN = {
    "an inline style": re.compile(r"<[^>]*\sstyle\s*="),
    "a style element": re.compile(r"<style"),
    "an event attribute": re.compile(r"<[^>]*\son[a-z]+\s*="),
    "a script without a file": re.compile(r"<script(?![^>]*\ssrc=)"),
    "an outside address": re.compile(r"""(?:src|href|action)\s*=\s*["']?(?:https?:)?//"""),
}


@pytest.fixture(params=TEMPLATES, ids=lambda path: str(path.relative_to(TREE / "templates")))
def template(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_no_text_outside_the_catalogues(template: Path) -> None:
    """What stands in <pre> is a sample of a file format, whose words are Chinese in both languages."""
    tokens = environment().lex(re.sub(r"<pre.*?</pre>", "", template.read_text(encoding="utf-8"), flags=re.S))
    bare = [(line, text.strip()) for line, kind, text in tokens if kind == "data" and chinese(text.replace("中文", ""))]
    assert bare == []


def test_no_script_or_style_inside(template: Path) -> None:
    source = template.read_text(encoding="utf-8")
    for what, pattern in FORBIDDEN.items():
        assert not pattern.search(source), what


def test_every_posting_form_carries_the_token(template: Path) -> None:
    for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", template.read_text(encoding="utf-8"), re.S):
        assert "csrf_input" in form, form[:80]
