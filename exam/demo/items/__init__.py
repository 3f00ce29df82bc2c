"""The demo's item banks: plain text, one file per certificate, written for the demonstration.

The format is one an author can read: `[kind|dimension] stem`, options `A. …`, then `= key`. The key of a fill-in item
lists the answers that count, separated by `|`. Dimensions are the three of the pilot plan: 职业素养, 专业知识, 职业技能 (A05).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["single", "multiple", "true_false", "fill_in"]
KINDS: dict[str, Kind] = {"单选": "single", "多选": "multiple", "判断": "true_false", "填空": "fill_in"}
_HEAD = re.compile(r"^\[(?P<kind>\w+)\|(?P<dimension>\w+)\] (?P<stem>.+)$")
_OPTION = re.compile(r"^(?P<letter>[A-F])\. (?P<text>.+)$")
_HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class DemoItem:
    """One question with its key."""

    kind: Kind
    dimension: str  # 职业素养, 专业知识 or 职业技能
    stem: str
    options: tuple[str, ...]  # in the order A, B, C …; empty for boolean and fill-in
    key: tuple[str, ...]  # letters, ("true",) or ("false",), or every accepted text


def _key(kind: Kind, text: str) -> tuple[str, ...]:
    if kind == "true_false":
        return ({"对": "true", "错": "false"}[text],)
    if kind == "fill_in":
        return tuple(answer.strip() for answer in text.split("|"))
    return tuple(text)


def parse(text: str) -> Iterator[DemoItem]:
    """Read items in the authors' format; a malformed line is an error, never skipped."""
    head: re.Match[str] | None = None
    options: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if match := _HEAD.match(line):
            head, options = match, []
        elif option := _OPTION.match(line):
            options.append(option["text"])
        elif line.startswith("= ") and head is not None:
            kind = KINDS[head["kind"]]
            yield DemoItem(
                kind=kind,
                dimension=head["dimension"],
                stem=head["stem"],
                options=tuple(options),
                key=_key(kind, line[2:].strip()),
            )
            head = None
        elif line.strip():
            raise ValueError(f"line {number}: {line!r}")


def bank(certificate_code: str) -> tuple[DemoItem, ...]:
    """Every item of one certificate, in the order of its file."""
    return tuple(parse((_HERE / f"{certificate_code.lower()}.txt").read_text(encoding="utf-8")))
