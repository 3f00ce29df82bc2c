"""The template's HTML: which tags, attributes and addresses it may use; each problem with its line.

Jinja's marks are masked first, character by character, so that lines stay what the author sees. What the marks say is
looked at by the child that draws (`certificates.designs.checker`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Final

from certificates.designs.rules.fields import ASSETS, PHOTO, QR
from certificates.designs.rules.words import words_in
from exam.kernel.errors import N_, Problem

TAGS: Final = frozenset(
    [
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "header",
        "main",
        "footer",
        "section",
        "article",
        "div",
        "p",
        "span",
        "b",
        "strong",
        "em",
        "i",
        "small",
        "sup",
        "sub",
        "br",
        "hr",
        "h1",
        "h2",
        "h3",
        "h4",
        "table",
        "caption",
        "colgroup",
        "col",
        "thead",
        "tbody",
        "tfoot",
        "tr",
        "th",
        "td",
        "ul",
        "ol",
        "li",
        "dl",
        "dt",
        "dd",
        "figure",
        "figcaption",
        "img",
    ]
)
ATTRIBUTES: Final = frozenset(
    {"class", "id", "lang", "src", "alt", "scope", "colspan", "rowspan", "charset", "name", "content", "span"}
)
_COMMENT: Final = re.compile(r"\{#.*?#\}", re.DOTALL)
_BLOCK: Final = re.compile(r"\{%.*?%\}", re.DOTALL)
_EXPRESSION: Final = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_KEPT: Final = re.compile(r"[^\n]")
_STYLE: Final = re.compile(r"<style>\s*\{\{\s*style\s*\}\}\s*</style>")


def markup_problems(html: str) -> list[Problem]:
    """Every problem of the HTML, by line."""
    reader = _Reader(masked(html))
    if len(_STYLE.findall(html)) != 1:
        reader.note(
            1,
            "style_place",
            N_("模板须有且只有一处 <style>{{ style }}</style>。"),
            N_("请放在 <head> 里，样式写在右边的样式栏。"),
        )
    return reader.problems


def masked(html: str) -> str:
    """The HTML without Jinja's marks: comments and blocks as blanks, expressions as letters, every line as long as before."""
    bare = _COMMENT.sub(lambda found: _KEPT.sub(" ", found[0]), html)
    bare = _BLOCK.sub(lambda found: _KEPT.sub(" ", found[0]), bare)
    return _EXPRESSION.sub(lambda found: _KEPT.sub("j", found[0]), bare)


class _Reader(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.problems: list[Problem] = []
        self._words: list[tuple[int, str]] = []
        self._images: list[str] = []
        self._titled = self._spoken = self._in_style = False
        self.feed(html)
        self.close()
        self._whole()

    def note(self, line: int, code: str, message: str, way_out: str = "", **facts: object) -> None:
        self.problems.append(Problem(row=line, field="html", code=code, message=message, way_out=way_out, facts=facts))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        line = self.getpos()[0]
        given = {name: value or "" for name, value in attrs}
        if tag not in TAGS:
            self.note(line, "tag", N_("不能使用标签 <%(tag)s>。"), N_("请改用普通的段落、表格或图片。"), tag=tag)
        for name in sorted(given):
            if name not in ATTRIBUTES and not name.startswith("aria-"):
                self.note(
                    line, "attribute", N_("不能使用属性 %(name)s。"), N_("样式请写在样式栏，用 class 引用。"), name=name
                )
        self._in_style = tag == "style"
        self._titled |= tag == "title"
        self._spoken |= tag == "html" and bool(given.get("lang"))
        if "src" in given or tag == "img":
            self._image(line, tag, given)
        for name in ("alt", "content", "name", "aria-label"):
            self._forbidden(line, given.get(name, ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self._in_style = False

    def handle_endtag(self, tag: str) -> None:
        if tag == "style":
            self._in_style = False

    def handle_data(self, data: str) -> None:
        if not self._in_style and data.strip():
            self._words.append((self.getpos()[0], data))

    def handle_comment(self, data: str) -> None:
        self._forbidden(self.getpos()[0], data)

    def handle_pi(self, data: str) -> None:
        self.note(self.getpos()[0], "tag", N_("不能使用标签 <%(tag)s>。"), tag="?")

    def _image(self, line: int, tag: str, given: dict[str, str]) -> None:
        source = given.get("src", "")
        name = source.removeprefix("asset:")
        if tag != "img" or not source.startswith("asset:") or name not in ASSETS:
            self.note(
                line,
                "address",
                N_("不能引用地址“%(source)s”。"),
                N_("只能使用 asset:photo.jpg（照片）和 asset:qr.png（二维码）。"),
                source=source[:60],
            )
        else:
            self._images.append(name)
        if tag == "img" and not given.get("alt", "").strip():
            self.note(line, "alt", N_("图片没有替代文字。"), N_('请写 alt="…"，读屏软件和 PDF/UA 需要它。'))

    def _forbidden(self, line: int, text: str) -> None:
        if found := words_in(text):
            self.problems.append(forbidden("html", line, found))

    def _whole(self) -> None:
        """What only the whole text shows: words split by tags or lines, what is missing or there twice."""
        joined = "".join(text for _, text in self._words)
        named: set[str] = set()
        for line, text in self._words:
            if found := [word for word in words_in(text) if word not in named]:
                named.update(found)
                self.problems.append(forbidden("html", line, found))
        if rest := [word for word in words_in(joined) if word not in named]:
            self.problems.append(forbidden("html", self._split(rest[0]), rest))
        if not self._titled:
            self.note(
                1,
                "no_title",
                N_("没有 <title>。"),
                N_("请在 <head> 里写 <title>职业技能等级证书 {{ number }}</title>。"),
            )
        if not self._spoken:
            self.note(1, "no_language", N_("<html> 没有注明语言。"), N_('请写 <html lang="zh-CN">。'))
        for name in (PHOTO, QR):
            if (count := self._images.count(name)) != 1:
                self.note(
                    1,
                    "image_count",
                    N_("asset:%(name)s 须出现一次，现在是 %(count)s 次。"),
                    N_("照片和二维码各放一处。"),
                    name=name,
                    count=count,
                )

    def _split(self, word: str) -> int:
        """The line on which a word that tags split comes to its end."""
        sofar = ""
        for line, text in self._words:
            sofar += text
            if word in words_in(sofar):
                return line
        return 1


def forbidden(field: str, line: int, words: Sequence[str]) -> Problem:
    """The problem of borrowed authority (A10)."""
    return Problem(
        row=line,
        field=field,
        code="forbidden_words",
        message=N_("含有不得标注的“%(words)s”。"),
        way_out=N_("依据通知要求，不得擅自标注“教育部指导”“职成司指导”“指定”等字样，请删去。"),
        facts={"words": "、".join(words)},
    )
