"""Drawing papers from the bank by a stored seed, and showing a paper in one candidate's order. Same seed, same paper."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any
from uuid import UUID

from exam.catalogue.rules import Blueprint, ItemKind, PaperSection
from exam.kernel.errors import N_, Conflict
from exam.papers.rules.records import BankItem, Option, Paper, Question


class BankTooSmall(Conflict):
    """The bank holds fewer items of a kind than one paper needs."""

    message = N_("题库中“%(section)s”只有 %(have)s 题，一份试卷需要 %(want)s 题。")
    way_out = N_("请先补充试题，再组卷。")


def draw(
    bank: Collection[BankItem],
    blueprint: Blueprint,
    versions: Sequence[str],
    seed: int,
    avoid: Collection[UUID] = (),
) -> dict[str, tuple[tuple[PaperSection, tuple[BankItem, ...]], ...]]:
    """Draw every version: versions share items only where the bank is too small, items to avoid come last."""
    random = Random(seed)
    drawn: dict[str, list[tuple[PaperSection, tuple[BankItem, ...]]]] = {version: [] for version in versions}
    used: set[UUID] = set()
    for section in blueprint.sections:
        pool = _pool(bank, section.kind, random, {*avoid, *used})
        if len(pool) < section.count:
            raise BankTooSmall(section=section.name_zh, have=len(pool), want=section.count)
        for index, version in enumerate(versions):
            chosen = _take(pool, index * section.count, section.count)
            used |= {item.id for item in chosen}
            drawn[version].append((section, chosen))
    return {version: tuple(sections) for version, sections in drawn.items()}


def _pool(bank: Collection[BankItem], kind: ItemKind, random: Random, avoid: Collection[UUID]) -> list[BankItem]:
    """Shuffle from a fixed order, so that the seed alone decides; a stable sort puts what is to be avoided last."""
    pool = sorted((item for item in bank if item.kind is kind), key=lambda item: item.code)
    random.shuffle(pool)
    return sorted(pool, key=lambda item: item.id in avoid)


def _take(pool: Sequence[BankItem], start: int, count: int) -> tuple[BankItem, ...]:
    return tuple(pool[(start + offset) % len(pool)] for offset in range(count))


def presented(paper: Paper, seed: int) -> Paper:
    """The paper in one candidate's order: items inside their section, options inside their item, numbered anew."""
    random = Random(seed)
    no = 0
    sections = []
    for section in paper.sections:
        questions = list(section.questions)
        if paper.shuffle_items:
            random.shuffle(questions)
        shown = []
        for question in questions:
            no += 1
            shown.append(replace(question, no=no, options=_options(question, paper.shuffle_options, random)))
        sections.append(replace(section, questions=tuple(shown)))
    return replace(paper, sections=tuple(sections))


def _options(question: Question, shuffle: bool, random: Random) -> tuple[Option, ...]:
    options = list(question.options)
    if shuffle and question.kind is not ItemKind.TRUE_FALSE:
        random.shuffle(options)
    return tuple(options)


def sealed_sha256(content: Mapping[str, Any] | Sequence[Any]) -> str:
    """SHA-256 over the canonical JSON of a paper's content, or of its keys."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
