"""The authors' text format: `[单选|专业知识] stem`, options `A. text`, key `= B`; one item after another.

Keys: letters (`= AC`), `= 对` or `= 错`, or the texts that count separated by `|`; the blanks of one stem by `；`.
The English words single, multiple, true/false, fill-in, true and false are read, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from exam.catalogue.rules import ItemKind
from exam.kernel.errors import N_, Invalid, Problem
from exam.papers.rules.records import ItemDraft, blanks_in, problems_of

KIND_WORDS: Mapping[str, ItemKind] = {
    "单选": ItemKind.SINGLE,
    "多选": ItemKind.MULTIPLE,
    "判断": ItemKind.TRUE_FALSE,
    "填空": ItemKind.FILL_IN,
    "single": ItemKind.SINGLE,
    "multiple": ItemKind.MULTIPLE,
    "true/false": ItemKind.TRUE_FALSE,
    "fill-in": ItemKind.FILL_IN,
}
_TRUTH = {"对": "true", "错": "false", "正确": "true", "错误": "false", "true": "true", "false": "false"}
_HEAD = re.compile(r"^\[\s*(?P<kind>[^|\]]+?)\s*(?:\|\s*(?P<dimension>[^\]]*?)\s*)?\]\s*(?P<stem>.*)$")
_OPTION = re.compile(r"^(?P<letter>[A-H])\s*[.．、]\s*(?P<text>.+)$")


class TextInvalid(Invalid):
    """The text names no complete list of items; nothing was added."""

    message = N_("试题文本有 %(n)s 处错误，没有导入任何试题。")
    way_out = N_("请按行号修改后重新导入。")


def read_items(text: str) -> list[ItemDraft]:
    """Read all items or raise TextInvalid naming every wrong line. A text without items is refused, too."""
    reader = _Reader()
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), start=1):
        reader.line(number, line.strip())
    reader.end()
    if not reader.drafts and not reader.problems:
        reader.add(1, "empty", N_("没有找到任何试题。"))
    for row, draft in enumerate(reader.drafts, start=1):
        reader.problems += problems_of(draft, row)
    if reader.problems:
        raise TextInvalid(problems=reader.problems, n=len(reader.problems))
    return reader.drafts


class _Reader:
    def __init__(self) -> None:
        self.drafts: list[ItemDraft] = []
        self.problems: list[Problem] = []
        self._head: re.Match[str] | None = None
        self._options: list[str] = []
        self._head_line = 0

    def line(self, number: int, line: str) -> None:
        if not line:
            return
        if match := _HEAD.match(line):
            self.end()
            self._head, self._options, self._head_line = match, [], number
        elif self._head is not None and (option := _OPTION.match(line)):
            self._options.append(option["text"].strip())
        elif self._head is not None and line[0] in "=＝":
            self._key(number, line[1:].strip())
        else:
            self.add(number, "unreadable", N_("第 %(line)s 行无法识别。"))

    def end(self) -> None:
        """An item without a key line is incomplete."""
        if self._head is not None:
            self.add(self._head_line, "no_key", N_("第 %(line)s 行开始的试题没有答案。"))
            self._head = None

    def add(self, number: int, code: str, message: str) -> None:
        self.problems.append(Problem(message=message, facts={"line": number}, row=number, code=code))

    def _key(self, number: int, text: str) -> None:
        assert self._head is not None
        head, self._head = self._head, None
        kind = KIND_WORDS.get(head["kind"])
        if kind is None:
            self.add(number, "kind", N_("第 %(line)s 行的题型无法识别，应为单选、多选、判断或填空。"))
            return
        self.drafts.append(
            ItemDraft(
                kind=kind,
                stem=head["stem"].strip(),
                dimension=(head["dimension"] or "").strip(),
                options=tuple(self._options),
                key=_key(kind, head["stem"], text),
            )
        )


def _key(kind: ItemKind, stem: str, text: str) -> tuple[str, ...]:
    if kind is ItemKind.TRUE_FALSE:
        return (_TRUTH.get(text, text),)
    if kind is ItemKind.FILL_IN:
        if blanks_in(stem) == 1:
            return tuple(part.strip() for part in text.split("|"))
        return tuple(part.strip() for part in re.split(r"[;；]", text))
    return tuple(character for character in text if not character.isspace() and character not in ",，、")
