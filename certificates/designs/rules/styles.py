"""The style sheet: our fonts only, no address, nothing that hides, moves or turns what must be read; each problem by line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import tinycss2

from certificates.designs.rules.fields import ASSETS, FAMILIES
from certificates.designs.rules.markup import forbidden
from certificates.designs.rules.words import words_in
from exam.kernel.errors import N_, Problem

AT_RULES: Final = frozenset({"page", "media"})
FUNCTIONS: Final = frozenset({"rgb", "rgba", "hsl", "hsla", "calc", "min", "max", "linear-gradient", "var", "url"})
REFUSED: Final = frozenset(
    [
        "visibility",
        "opacity",
        "clip",
        "clip-path",
        "mask",
        "direction",
        "unicode-bidi",
        "transform",
        "filter",
        "mix-blend-mode",
        "behavior",
        "-webkit-text-fill-color",
        "text-overflow",
        "writing-mode",
        "appearance",
        "bookmark-label",
        "string-set",
        "quotes",
        "footnote-display",
    ]
)
_KEYWORDS: Final = frozenset({"inherit", "initial", "unset"})


def style_problems(css: str) -> list[Problem]:
    """Every problem of the style sheet, by line; none for an empty one."""
    return list(_rules(tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)))


def _rules(nodes: Iterable[Any]) -> Iterator[Problem]:
    for node in nodes:
        match node.type:
            case "error":
                yield _problem(node, "syntax", N_("样式写错了，读不懂。"), N_("请检查括号、分号和引号。"))
            case "at-rule":
                yield from _at_rule(node)
            case "qualified-rule":
                yield from _addresses(node.prelude)
                yield from _contents(node.content)
            case "declaration":
                yield from _declaration(node)


def _at_rule(node: Any) -> Iterator[Problem]:
    name = node.lower_at_keyword
    margin = name.startswith(("top-", "bottom-", "left-", "right-"))
    if name not in AT_RULES and not margin:
        yield _problem(
            node,
            "at_rule",
            N_("不能使用 @%(name)s。"),
            N_("字体由系统提供（Kaowu Serif、Kaowu Sans），样式都写在这里。"),
            name=name,
        )
        return
    yield from _addresses(node.prelude)
    if node.content is not None:
        yield from _contents(node.content)


def _contents(content: Any) -> Iterator[Problem]:
    yield from _rules(tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True))


def _declaration(node: Any) -> Iterator[Problem]:
    name = node.lower_name
    tokens = [token for token in node.value if token.type not in ("whitespace", "comment")]
    hides = name == "display" and any(getattr(token, "lower_value", "") == "none" for token in tokens)
    if name in REFUSED or hides:
        yield _problem(
            node,
            "property",
            N_("不能使用样式 %(name)s：证书上的文字不能隐藏、翻转或变形。"),
            N_("请删去这一项。"),
            name=f"{name}: none" if hides else name,
        )
    if name in ("font-family", "font"):
        yield from _families(node, name, tokens)
    yield from _addresses(node.value)
    text = "".join(token.value for token in tokens if token.type == "string")
    if found := words_in(text):
        yield forbidden("style", node.source_line, found)


def _families(node: Any, name: str, tokens: list[Any]) -> Iterator[Problem]:
    strings = [token.value for token in tokens if token.type == "string"]
    words = [token.value for token in tokens if token.type == "ident"]
    other = [one for one in strings if one not in FAMILIES]
    if name == "font-family":
        other += [one for one in words if one not in _KEYWORDS]
    lacking = name == "font" and not strings and not (len(words) == 1 and words[0] in _KEYWORDS)
    if other or lacking:
        yield _problem(
            node,
            "font",
            N_("字体“%(font)s”不随系统提供。"),
            N_('请使用 "Kaowu Serif"（宋体）或 "Kaowu Sans"（黑体）。'),
            font="、".join(other) or " ".join(words) or "?",
        )


def _addresses(tokens: Iterable[Any]) -> Iterator[Problem]:
    """Addresses and functions anywhere in a value, also inside of other functions."""
    for token in tokens or ():
        address = None
        if token.type == "error":
            yield _problem(token, "syntax", N_("样式写错了，读不懂。"), N_("请检查括号、分号和引号。"))
        elif token.type == "url":
            address = token.value
        elif token.type == "function":
            if token.lower_name not in FUNCTIONS:
                yield _problem(
                    token, "function", N_("不能使用函数 %(name)s()。"), N_("请写出具体的值。"), name=token.lower_name
                )
            if token.lower_name == "url":
                address = "".join(one.value for one in token.arguments if one.type == "string")
            yield from _addresses(token.arguments)
        elif token.type in ("() block", "[] block", "{} block"):
            yield from _addresses(token.content)
        if address is not None and not (address.startswith("asset:") and address[6:] in ASSETS):
            yield _problem(
                token,
                "address",
                N_("不能引用地址“%(source)s”。"),
                N_("只能使用 asset:photo.jpg（照片）和 asset:qr.png（二维码）。"),
                source=address[:60],
            )


def _problem(node: Any, code: str, message: str, way_out: str, **facts: object) -> Problem:
    return Problem(row=node.source_line, field="style", code=code, message=message, way_out=way_out, facts=facts)
