"""Reads of papers: the paper without keys, the keys without the paper, and counts of the bank."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.catalogue.rules import ItemKind, Level, Partial, Scheme
from exam.kernel.errors import N_, NotFound
from exam.kernel.needs import Need
from exam.papers.models import ItemKeyRow, ItemRow, PaperKeysRow, PaperRow
from exam.papers.rules import (
    BankItem,
    ItemKeyRecord,
    Option,
    Paper,
    PaperKeys,
    Question,
    Section,
    Shape,
    blanks_in,
    sealed_sha256,
)


class PaperMissing(NotFound):
    """No sealed paper for this component and version."""

    message = N_("本科目 %(version)s 卷还没有封存的试卷。")
    way_out = N_("请命题组卷员先组卷封存。")


@dataclass(frozen=True, kw_only=True)
class PaperInfo:
    """A sealed paper in a list: nothing of its content."""

    id: UUID
    component_id: UUID
    certificate_id: UUID
    level: Level
    batch_id: UUID | None
    version: str
    items_count: int
    full_marks: Decimal
    content_sha256: str
    sealed_at: datetime


@dataclass(frozen=True, kw_only=True)
class BankLine:
    """One certificate and level of the bank: items by kind, what one paper of its computer components needs, papers."""

    scheme: Scheme
    counts: Mapping[ItemKind, int]
    wanted: Mapping[ItemKind, int]
    papers: tuple[PaperInfo, ...]

    @property
    def short(self) -> tuple[ItemKind, ...]:
        """The kinds of which one paper needs more than there are."""
        return tuple(kind for kind, want in self.wanted.items() if self.counts.get(kind, 0) < want)


_SHAPES: dict[UUID, Mapping[UUID, Shape]] = {}
"""Shapes of sealed papers, which never change: read once per process, for the hot path of answer saving."""


async def paper(session: AsyncSession, paper_id: UUID) -> Paper:
    """A sealed paper without its keys; NotFound when there is none."""
    row = (await session.execute(select(PaperRow).where(PaperRow.id == paper_id))).scalar_one_or_none()
    if row is None:
        raise NotFound
    return _paper(row)


async def paper_for(session: AsyncSession, component_id: UUID, version: str, batch_id: UUID) -> Paper:
    """The paper a sitting is given: the newest of its component and version, one made for its batch first."""
    query = (
        select(PaperRow)
        .where(
            PaperRow.component_id == component_id,
            PaperRow.version == version,
            (PaperRow.batch_id == batch_id) | PaperRow.batch_id.is_(None),
        )
        .order_by(PaperRow.batch_id.is_(None), PaperRow.sealed_at.desc(), PaperRow.id.desc())
        .limit(1)
    )
    row = (await session.execute(query)).scalar_one_or_none()
    if row is None:
        raise PaperMissing(version=version)
    return _paper(row)


async def sealed_versions(
    session: AsyncSession, component_ids: Collection[UUID], batch_id: UUID
) -> dict[tuple[UUID, str], PaperInfo]:
    """(component, version) -> the paper that :func:`paper_for` gives to sittings of a batch."""
    found: dict[tuple[UUID, str], PaperInfo] = {}
    usable = [one for one in await papers(session, component_ids=component_ids) if one.batch_id in (None, batch_id)]
    for one in sorted(usable, key=lambda one: (one.batch_id == batch_id, one.sealed_at, one.id)):
        found[one.component_id, one.version] = one
    return found


async def keys(session: AsyncSession, paper_ids: Iterable[UUID]) -> dict[UUID, PaperKeys]:
    """The keys of papers, for scoring only. Papers that do not exist are left out."""
    query = (
        select(
            PaperKeysRow.paper_id, PaperKeysRow.keys, PaperKeysRow.keys_sha256, PaperRow.component_id, PaperRow.version
        )
        .join(PaperRow, PaperRow.id == PaperKeysRow.paper_id)
        .where(PaperKeysRow.paper_id.in_(set(paper_ids)))
    )
    return {
        row.paper_id: PaperKeys(
            paper_id=row.paper_id,
            component_id=row.component_id,
            version=row.version,
            items=tuple(_key(entry) for entry in row.keys),
            keys_sha256=row.keys_sha256,
        )
        for row in await session.execute(query)
    }


async def shapes(session: AsyncSession, paper_id: UUID) -> Mapping[UUID, Shape]:
    """What an answer to each item of a paper may look like."""
    if paper_id not in _SHAPES:
        found = await paper(session, paper_id)
        _SHAPES[paper_id] = {
            question.id: Shape(
                question.kind,
                frozenset(option.id for option in question.options),
                question.blanks_count,
            )
            for question in found.questions
        }
    return _SHAPES[paper_id]


async def papers(
    session: AsyncSession, *, component_ids: Collection[UUID] | None = None, batch_id: UUID | None = None
) -> list[PaperInfo]:
    """Sealed papers, newest first, without content."""
    query = select(
        PaperRow.id, PaperRow.component_id, PaperRow.certificate_id, PaperRow.level, PaperRow.batch_id, PaperRow.version,
        PaperRow.items_count, PaperRow.full_marks, PaperRow.content_sha256, PaperRow.sealed_at,
    ).order_by(PaperRow.sealed_at.desc(), PaperRow.version)  # fmt: skip
    if component_ids is not None:
        query = query.where(PaperRow.component_id.in_(component_ids))
    if batch_id is not None:
        query = query.where(PaperRow.batch_id == batch_id)
    return [PaperInfo(**{**row._asdict(), "level": Level(row.level)}) for row in await session.execute(query)]


async def bank(session: AsyncSession, certificate_id: UUID, level: Level) -> list[BankItem]:
    """The items of one certificate and level in use, with their keys: for assembly only."""
    query = (
        select(ItemRow, ItemKeyRow)
        .join(ItemKeyRow, ItemKeyRow.item_id == ItemRow.id)
        .where(ItemRow.certificate_id == certificate_id, ItemRow.level == level, ItemRow.retired_at.is_(None))
        .order_by(ItemRow.code)
    )
    return [_bank_item(item, key) for item, key in await session.execute(query)]


async def used_items(session: AsyncSession, component_ids: Collection[UUID], batch_id: UUID | None) -> set[UUID]:
    """The items on sealed papers of these components in the same batch."""
    query = select(PaperRow.content).where(
        PaperRow.component_id.in_(component_ids), PaperRow.batch_id.is_not_distinct_from(batch_id)
    )
    contents = (await session.scalars(query)).all()
    return {UUID(item["id"]) for content in contents for section in content["sections"] for item in section["items"]}


async def bank_lines(session: AsyncSession, actor: Actor) -> list[BankLine]:
    """The bank by certificate and level, of the organisations the actor writes items for."""
    scope = actor.scope_ids(Permission.ITEM_WRITE, "organisation")
    newest = [
        scheme
        for scheme in (await catalogue.newest(session)).values()
        if (scope is None or str(scheme.organisation_id) in scope) and _needed(scheme)
    ]
    counts = await _counts(session)
    sealed = await papers(session)
    return [
        BankLine(
            scheme=scheme,
            counts=counts.get((scheme.certificate_id, scheme.level), {}),
            wanted=_needed(scheme),
            papers=tuple(
                one for one in sealed if (one.certificate_id, one.level) == (scheme.certificate_id, scheme.level)
            ),
        )
        for scheme in newest
    ]


async def _counts(session: AsyncSession) -> dict[tuple[UUID, Level], dict[ItemKind, int]]:
    query = (
        select(ItemRow.certificate_id, ItemRow.level, ItemRow.kind, func.count())
        .where(ItemRow.retired_at.is_(None))
        .group_by(ItemRow.certificate_id, ItemRow.level, ItemRow.kind)
    )
    found: dict[tuple[UUID, Level], dict[ItemKind, int]] = {}
    for certificate_id, level, kind, count in await session.execute(query):
        found.setdefault((certificate_id, Level(level)), {})[ItemKind(kind)] = count
    return found


def _needed(scheme: Scheme) -> Mapping[ItemKind, int]:
    """The most items of each kind that one paper of any computer component of the scheme needs."""
    wanted: Counter[ItemKind] = Counter()
    for component in scheme.components:
        one: Counter[ItemKind] = Counter()
        for section in component.blueprint.get("sections", ()):
            one[ItemKind(section["kind"])] += int(section["count"])
        wanted |= one
    return wanted


async def needs(session: AsyncSession, actor: Actor, now: datetime) -> list[Need]:
    """Levels whose bank cannot fill one paper, and levels without a sealed paper (A06)."""
    if not actor.may(Permission.ITEM_WRITE):
        return []
    lines = await bank_lines(session, actor)
    short = sum(bool(line.short) for line in lines)
    unsealed = sum(not line.short and not line.papers for line in lines)
    found = []
    if short:
        found.append(
            Need(text=N_("%(n)s 个证书等级的题库不够组一份试卷"), href="/exam/papers", count=short, tone="warning")
        )
    if unsealed:
        found.append(Need(text=N_("%(n)s 个证书等级还没有封存试卷"), href="/exam/papers", count=unsealed))
    return found


async def invariants(session: AsyncSession) -> list[str]:
    """Every sealed paper still has the hash it was sealed under, and one key for each of its items."""
    failures = []
    query = select(PaperRow, PaperKeysRow).outerjoin(PaperKeysRow, PaperKeysRow.paper_id == PaperRow.id)
    for row, key_row in await session.execute(query):
        if sealed_sha256(row.content) != row.content_sha256:
            failures.append(f"papers.content_altered: {row.id}")
        if key_row is None or sealed_sha256(key_row.keys) != key_row.keys_sha256:
            failures.append(f"papers.keys_altered: {row.id}")
        elif {entry["item_id"] for entry in key_row.keys} != _item_ids(row.content):
            failures.append(f"papers.keys_incomplete: {row.id}")
    return failures


def _item_ids(content: Mapping[str, Any]) -> set[str]:
    return {item["id"] for section in content["sections"] for item in section["items"]}


def _bank_item(item: ItemRow, key: ItemKeyRow) -> BankItem:
    return BankItem(
        id=item.id,
        code=item.code,
        kind=ItemKind(item.kind),
        stem=item.stem,
        options=tuple(Option(id=option["id"], text=option["text"]) for option in item.options),
        dimension=item.dimension,
        key_options=tuple(key.options),
        key_blanks=tuple(tuple(texts) for texts in key.blanks),
    )


def _paper(row: PaperRow) -> Paper:
    no = 0
    sections = []
    for section in row.content["sections"]:
        questions = []
        for item in section["items"]:
            no += 1
            questions.append(_question(item, section, no))
        sections.append(
            Section(
                kind=ItemKind(section["kind"]),
                name_zh=section["name_zh"],
                name_en=section["name_en"],
                points=Decimal(section["points"]),
                questions=tuple(questions),
            )
        )
    return Paper(
        id=row.id,
        component_id=row.component_id,
        batch_id=row.batch_id,
        version=row.version,
        seed=row.seed,
        shuffle_items=row.content["shuffle_items"],
        shuffle_options=row.content["shuffle_options"],
        sections=tuple(sections),
        full_marks=row.full_marks,
        content_sha256=row.content_sha256,
        sealed_at=row.sealed_at,
    )


def _question(item: Mapping[str, Any], section: Mapping[str, Any], no: int) -> Question:
    kind = ItemKind(section["kind"])
    return Question(
        id=UUID(item["id"]),
        no=no,
        kind=kind,
        stem=item["stem"],
        options=tuple(Option(id=option["id"], text=option["text"]) for option in item["options"]),
        blanks_count=blanks_in(item["stem"]) if kind is ItemKind.FILL_IN else 0,
        points=Decimal(section["points"]),
        dimension=item["dimension"],
    )


def _key(entry: Mapping[str, Any]) -> ItemKeyRecord:
    return ItemKeyRecord(
        item_id=UUID(entry["item_id"]),
        kind=ItemKind(entry["kind"]),
        points=Decimal(entry["points"]),
        partial=Partial(entry["partial"]),
        options=frozenset(entry["options"]),
        blanks=tuple(frozenset(texts) for texts in entry["blanks"]),
    )
