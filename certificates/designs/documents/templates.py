"""Fills the template of a design: Jinja sandboxed, and by a list of what is allowed, so that nothing grows and nothing is called.

A design is written by people of the office. What is not on the list is refused before it runs, at every filling again and
not only when the design is tried: the database is no reason to trust it. Names, `if`, comparisons, lengths and sums of
numbers are all there is; no text is put together by the template, so that a page is never longer than its template and fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec
from jinja2 import StrictUndefined, nodes
from jinja2 import Template as Opened
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from certificates.designs.rules.fields import FACE_FIELDS, NAMES
from certificates.designs.rules.records import Source
from exam.kernel.settings import TREE

FILTERS: Final = frozenset({"length", "upper", "lower", "default", "e", "escape"})
ALLOWED: Final = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Getattr, nodes.If, nodes.Filter, nodes.Const,
    nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.CondExpr, nodes.Assign, nodes.Add, nodes.Mul,
)  # fmt: skip
_COMMON: Final = (TREE / "templates" / "print" / "common" / "style.css").read_text("utf-8")
_ENVIRONMENT: Final = ImmutableSandboxedEnvironment(
    autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, cache_size=0
)


class Fault(msgspec.Struct, frozen=True):
    """What Jinja or the drawing says is wrong."""

    code: str
    line: int = 0
    word: str = ""


class NotAllowed(ValueError):
    """A template that uses what it may not."""


def filled(source: Source, context: Mapping[str, Any]) -> str:
    """The page of HTML; raises `NotAllowed`, and what Jinja raises for a template that is wrong."""
    return _opened(source.html).render(style=_style(source.style), **context)


def template_faults(html: str) -> list[Fault]:
    """What of Jinja a template uses that it may not: fields, `if`, comparisons, lengths and their sums are all it may."""
    whole = _ENVIRONMENT.parse(html)
    names = {*NAMES, *(one.target.name for one in whole.find_all(nodes.Assign) if isinstance(one.target, nodes.Name))}
    return [fault for node in _walk(whole) if (fault := _fault(node, names)) is not None]


@lru_cache(maxsize=32)
def _opened(html: str) -> Opened:
    if faults := template_faults(html):
        raise NotAllowed(", ".join(f"{one.word} (line {one.line})" for one in faults[:4]))
    return _ENVIRONMENT.from_string(html)


@lru_cache(maxsize=32)
def _style(style: str) -> Markup:
    """The common style and the design's own, which cannot end its element."""
    return Markup("\n".join((_COMMON, style.replace("</", "<\\/"))))


def _fault(node: nodes.Node, names: set[str]) -> Fault | None:
    sums = isinstance(node, nodes.Add) and not (_number(node.left) and _number(node.right))
    if not isinstance(node, ALLOWED) or sums or (isinstance(node, nodes.Mul) and not _small(node)):
        return Fault("node", node.lineno, type(node).__name__.lower())
    if isinstance(node, nodes.Filter) and node.name not in FILTERS:
        return Fault("node", node.lineno, node.name)
    if isinstance(node, nodes.Name) and node.name not in names:
        return Fault("name", node.lineno, node.name)
    if isinstance(node, nodes.Getattr):
        of_face = isinstance(node.node, nodes.Name) and node.node.name == "face"
        if not of_face or node.attr not in FACE_FIELDS:
            return Fault("name", node.lineno, node.attr)
    return None


def _number(node: nodes.Node) -> bool:
    """A number, a length, or a sum or multiple of such."""
    if isinstance(node, nodes.Add):
        return _number(node.left) and _number(node.right)
    if isinstance(node, nodes.Filter):
        return node.name == "length"
    return (isinstance(node, nodes.Const) and isinstance(node.value, int)) or (
        isinstance(node, nodes.Mul) and _small(node)
    )


def _small(node: nodes.Mul) -> bool:
    """A number times a length: nothing grows by it."""
    number, length = node.left, node.right
    return (
        isinstance(number, nodes.Const)
        and isinstance(number.value, int)
        and isinstance(length, nodes.Filter)
        and length.name == "length"
    )


def _walk(node: nodes.Node) -> list[nodes.Node]:
    return [node, *(one for child in node.iter_child_nodes() for one in _walk(child))]
