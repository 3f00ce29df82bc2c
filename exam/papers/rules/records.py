"""Items and papers as frozen records. A paper carries no key: keys are records of their own, read by scoring only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from exam.catalogue.rules import ItemKind, Partial
from exam.kernel.errors import N_, Problem

LETTERS = "ABCDEFGH"
TRUTHS = ("true", "false")
DIMENSIONS = ("职业素养", "专业知识", "职业技能")  # A05
_BLANK = re.compile(r"_{2,}|＿{2,}")


def blanks_in(stem: str) -> int:
    """How many blanks a fill-in stem shows as runs of underscores; a stem that shows none asks for one answer."""
    return max(1, len(_BLANK.findall(stem)))


@dataclass(frozen=True, kw_only=True)
class ItemDraft:
    """One item as its author hands it in.

    `key`: letters for choices; "true" or "false"; for fill-in with one blank every text that counts, with several blanks
    one entry a blank, its accepted texts separated by "|". What an item is worth is said by the blueprint.
    """

    kind: ItemKind
    stem: str
    options: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    dimension: str = ""
    code: str = ""  # the author's own number; made from the content where empty


@dataclass(frozen=True, kw_only=True)
class Option:
    """One choice; its id stays the same wherever it is shown."""

    id: str
    text: str


@dataclass(frozen=True, kw_only=True)
class BankItem:
    """One item of the bank, with its key: never leaves the server."""

    id: UUID
    code: str
    kind: ItemKind
    stem: str
    options: tuple[Option, ...]
    dimension: str
    key_options: tuple[str, ...]
    key_blanks: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Question:
    """One item on a paper, without its key."""

    id: UUID
    no: int  # 1 ... as shown
    kind: ItemKind
    stem: str
    options: tuple[Option, ...]
    blanks_count: int  # fill-in only, else 0
    points: Decimal
    dimension: str


@dataclass(frozen=True, kw_only=True)
class Section:
    """Questions of one kind under one heading."""

    kind: ItemKind
    name_zh: str
    name_en: str
    points: Decimal  # per item
    questions: tuple[Question, ...]


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A sealed paper version: what a candidate may see once the exam runs."""

    id: UUID
    component_id: UUID
    batch_id: UUID | None
    version: str
    seed: int
    shuffle_items: bool
    shuffle_options: bool
    sections: tuple[Section, ...]
    full_marks: Decimal
    content_sha256: str
    sealed_at: datetime

    @property
    def questions(self) -> tuple[Question, ...]:
        """All questions in order."""
        return tuple(question for section in self.sections for question in section.questions)


@dataclass(frozen=True, kw_only=True)
class ItemKeyRecord:
    """The right answer of one item on one paper, and what it is worth (the shape scoring marks by)."""

    item_id: UUID
    kind: ItemKind
    points: Decimal
    partial: Partial
    options: frozenset[str]
    blanks: tuple[frozenset[str], ...]


@dataclass(frozen=True, kw_only=True)
class PaperKeys:
    """The keys of one paper, kept apart from it."""

    paper_id: UUID
    component_id: UUID
    version: str
    items: tuple[ItemKeyRecord, ...]
    keys_sha256: str


@dataclass(frozen=True)
class Shape:
    """What an answer to an item may look like."""

    kind: ItemKind
    options: frozenset[str]
    blanks_count: int


def problems_of(draft: ItemDraft, row: int) -> Iterator[Problem]:
    """Everything wrong with a draft; `row` counts items from 1."""
    if not draft.stem.strip():
        yield _problem(row, "no_stem", N_("第 %(row)s 题没有题干。"))
    if draft.dimension and draft.dimension not in DIMENSIONS:
        yield _problem(row, "dimension", N_("第 %(row)s 题的维度“%(name)s”不在列表中。"), name=draft.dimension)
    if draft.kind in (ItemKind.SINGLE, ItemKind.MULTIPLE):
        yield from _of_choice(draft, row)
    elif draft.kind is ItemKind.TRUE_FALSE:
        if len(draft.key) != 1 or draft.key[0] not in TRUTHS:
            yield _problem(row, "key", N_("第 %(row)s 题的答案应为“对”或“错”。"))
    else:
        yield from _of_fill_in(draft, row)


def _of_choice(draft: ItemDraft, row: int) -> Iterator[Problem]:
    count = len(draft.options)
    if not 2 <= count <= len(LETTERS) or any(not text.strip() for text in draft.options):
        yield _problem(row, "options", N_("第 %(row)s 题应有 2 至 8 个选项，且都不为空。"))
    elif len(set(draft.options)) != count:
        yield _problem(row, "options_equal", N_("第 %(row)s 题有相同的选项。"))
    letters = LETTERS[:count]
    wanted = 1 if draft.kind is ItemKind.SINGLE else 2
    right = set(draft.key)
    if not right or not right <= set(letters) or len(right) != len(draft.key):
        yield _problem(row, "key", N_("第 %(row)s 题的答案不在选项之中。"))
    elif (wanted == 1 and len(right) != 1) or (wanted == 2 and len(right) < 2):
        yield _problem(row, "key_count", N_("第 %(row)s 题的答案个数与题型不符。"))


def _of_fill_in(draft: ItemDraft, row: int) -> Iterator[Problem]:
    blanks = key_blanks(draft)
    if len(blanks) != blanks_in(draft.stem) or not blanks or any(not accepted for accepted in blanks):
        yield _problem(row, "blanks", N_("第 %(row)s 题的答案个数与空格数不符。"))


def key_blanks(draft: ItemDraft) -> tuple[tuple[str, ...], ...]:
    """The accepted texts of each blank of a fill-in draft."""
    if blanks_in(draft.stem) == 1:
        return (_texts(draft.key),)
    return tuple(_texts(entry.split("|")) for entry in draft.key)


def _texts(entries: Sequence[str]) -> tuple[str, ...]:
    return tuple(text.strip() for text in entries if text.strip())


def _problem(row: int, code: str, message: str, **facts: object) -> Problem:
    return Problem(message=message, facts={"row": row, **facts}, row=row, code=code)
