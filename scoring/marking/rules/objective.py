"""Marking of objective items by key (X01): single, multiple, true/false, fill-in.

How a partly right answer counts is data of the scheme (``Partial``); nothing is ever taken off for a wrong
answer, and an unanswered item earns 0, which is a score and not an absence.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from exam.catalogue.rules import ItemKind, Partial
from exam.papers.rules import ItemKeyRecord

ZERO = Decimal(0)
CENT = Decimal("0.01")


@dataclass(frozen=True, kw_only=True)
class PaperMark:
    """The marks of one paper: per item and in sum."""

    items: Mapping[UUID, Decimal]
    total: Decimal
    answered_count: int


def mark_paper(keys: Collection[ItemKeyRecord], answers: Mapping[UUID, Any]) -> PaperMark:
    """Mark every item of a paper; answers to items that are not on it are ignored."""
    items = {key.item_id: mark_item(key, answers.get(key.item_id)) for key in keys}
    answered = sum(1 for key in keys if _given(answers.get(key.item_id)))
    return PaperMark(items=items, total=sum(items.values(), ZERO), answered_count=answered)


def mark_item(key: ItemKeyRecord, answer: Any) -> Decimal:
    """What one answer earns: between 0 and the points of the item."""
    if not _given(answer):
        return ZERO
    if key.kind is ItemKind.FILL_IN:
        return _fill_in(key, answer)
    chosen = frozenset(_option(one) for one in _listed(answer))
    if not key.options or not chosen:
        return ZERO
    if chosen == key.options:
        return key.points
    if key.partial is Partial.SUBSET and chosen < key.options:
        return (key.points / 2).quantize(CENT, ROUND_HALF_UP)
    return ZERO


def same_text(typed: str) -> str:
    """The form in which typed text is compared: NFKC (full-width = half-width), no blanks, small letters."""
    return "".join(unicodedata.normalize("NFKC", typed).split()).casefold()


def _fill_in(key: ItemKeyRecord, answer: Any) -> Decimal:
    typed = _listed(answer)
    right = [
        index < len(typed) and same_text(str(typed[index])) in {same_text(one) for one in accepted}
        for index, accepted in enumerate(key.blanks)
    ]
    if not right:
        return ZERO
    if key.partial is Partial.PER_BLANK:
        return (key.points * sum(right) / len(right)).quantize(CENT, ROUND_HALF_UP)
    return key.points if all(right) else ZERO


def _given(answer: Any) -> bool:
    return answer is not None and answer != "" and any(str(one).strip() for one in _listed(answer))


def _listed(answer: Any) -> Sequence[Any]:
    return answer if isinstance(answer, (list, tuple)) else [answer]


def _option(one: Any) -> str:
    return str(one).strip().lower() if isinstance(one, bool) else str(one).strip()
