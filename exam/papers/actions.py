"""Changes of the bank and of papers: items are added, papers are drawn and sealed in one step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.catalogue.rules import Component, Form, ItemKind, Level, PaperSection, Scheme, parse_blueprint
from exam.kernel import audit
from exam.kernel.db import insert_many
from exam.kernel.errors import N_, Conflict, Invalid, NotFound
from exam.kernel.ids import new_id
from exam.papers import queries
from exam.papers.models import ItemKeyRow, ItemRow, PaperKeysRow, PaperRow
from exam.papers.queries import PaperInfo
from exam.papers.rules import BankItem, ItemDraft, draw, problems_of, sealed_sha256
from exam.papers.rules.records import LETTERS, TRUTHS, key_blanks


class ItemsInvalid(Invalid):
    """All items of a delivery are taken, or none."""

    message = N_("有 %(n)s 处错误，没有导入任何试题。")
    way_out = N_("请按题号修改后重新导入。")


class NoBlueprint(Conflict):
    """Only computer components are drawn from the bank."""

    message = N_("该科目不是机考，没有组卷蓝图。")


@dataclass(frozen=True)
class ItemsAdded:
    """How many items are new, and how many the bank already had word for word."""

    added: int
    known: int


async def add_items(
    session: AsyncSession,
    actor: Actor,
    *,
    certificate_id: UUID,
    level: Level,
    items: Sequence[ItemDraft],
    now: datetime,
) -> ItemsAdded:
    """Add items to the bank of one certificate and level, all or none; an item it already has is left alone."""
    await _require_own(session, actor, certificate_id)
    problems = [problem for row, draft in enumerate(items, start=1) for problem in problems_of(draft, row)]
    if problems:
        raise ItemsInvalid(problems=problems, n=len(problems))
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtext(:key))"), {"key": f"items:{certificate_id}:{level}"}
    )
    hashes = {_content_sha256(draft): draft for draft in items}
    query = select(ItemRow.content_sha256).where(ItemRow.certificate_id == certificate_id, ItemRow.level == level)
    known = set((await session.scalars(query)).all())
    count = await session.scalar(
        select(func.count()).where(ItemRow.certificate_id == certificate_id, ItemRow.level == level)
    )
    fresh = [(sha256, draft) for sha256, draft in hashes.items() if sha256 not in known]
    rows = [
        _item_row(draft, sha256, certificate_id, level, (count or 0) + index, actor, now)
        for index, (sha256, draft) in enumerate(fresh, start=1)
    ]
    await insert_many(session, ItemRow, rows)
    await insert_many(
        session, ItemKeyRow, [_key_row(row["id"], draft) for row, (_, draft) in zip(rows, fresh, strict=True)]
    )
    if rows:
        await audit.record(
            session, actor, "papers.add_items", subject="item", ids=[row["id"] for row in rows],
            stream=f"papers:{certificate_id}", data={"level": level, "added": len(rows)}, now=now,
        )  # fmt: skip
    return ItemsAdded(len(rows), len(items) - len(rows))


async def assemble(
    session: AsyncSession,
    actor: Actor,
    *,
    component: Component,
    versions: Sequence[str] = ("A", "B"),
    seed: int,
    batch_id: UUID | None = None,
    apart: bool = False,
    now: datetime,
) -> list[PaperInfo]:
    """Draw the versions of one component's paper by a stored seed and seal them, keys apart.

    `apart`: beside papers that are sealed already, whose items come last, too.
    """
    scheme = await _scheme_of(session, component.id)
    actor.require(Permission.ITEM_WRITE, organisation_id=scheme.organisation_id)
    if component.form is not Form.COMPUTER:
        raise NoBlueprint
    blueprint = parse_blueprint(component.blueprint)
    bank = await queries.bank(session, scheme.certificate_id, scheme.level)
    others = [one.id for one in scheme.components if one.id != component.id]
    avoid = await queries.used_items(session, others, batch_id)
    if apart:
        for own in dict.fromkeys((batch_id, None)):
            avoid |= await queries.used_items(session, [component.id], own)
    drawn = draw(bank, blueprint, versions, seed, avoid)
    rows: list[dict[str, Any]] = []
    key_rows: list[dict[str, Any]] = []
    for version, sections in drawn.items():
        content = _content(component, version, blueprint.shuffle_items, blueprint.shuffle_options, sections)
        row = {
            "id": new_id(),
            "component_id": component.id,
            "certificate_id": scheme.certificate_id,
            "level": scheme.level,
            "batch_id": batch_id,
            "version": version,
            "seed": seed,
            "content": content,
            "content_sha256": sealed_sha256(content),
            "items_count": blueprint.items_count,
            "full_marks": blueprint.full_marks,
            "sealed_at": now,
            "sealed_by": actor.account_id,
        }
        keys = [_key(item, section) for section, items in sections for item in items]
        rows.append(row)
        key_rows.append({"paper_id": row["id"], "keys": keys, "keys_sha256": sealed_sha256(keys)})
    await insert_many(session, PaperRow, rows)
    await insert_many(session, PaperKeysRow, key_rows)
    await audit.record(
        session, actor, "papers.assemble", subject="paper", ids=[row["id"] for row in rows],
        stream=f"papers:{scheme.certificate_id}", now=now,
        data={"seed": seed, "versions": list(versions), "component_id": component.id,
              "content_sha256": [row["content_sha256"] for row in rows]},
    )  # fmt: skip
    made = {row["id"] for row in rows}
    return [info for info in await queries.papers(session, component_ids=[component.id]) if info.id in made]


async def retire_item(session: AsyncSession, actor: Actor, *, item_id: UUID, now: datetime) -> None:
    """Take an item out of use; sealed papers keep it."""
    row = await session.get(ItemRow, item_id, with_for_update=True)
    if row is None:
        raise NotFound
    await _require_own(session, actor, row.certificate_id)
    if row.retired_at is None:
        row.retired_at = now
        await audit.record(
            session, actor, "papers.retire_item", subject="item", ids=[item_id],
            stream=f"papers:{row.certificate_id}", now=now,
        )  # fmt: skip


async def _require_own(session: AsyncSession, actor: Actor, certificate_id: UUID) -> None:
    found = [one for one in await catalogue.certificates(session) if one.id == certificate_id]
    if not found:
        raise NotFound
    actor.require(Permission.ITEM_WRITE, organisation_id=found[0].organisation_id)


async def _scheme_of(session: AsyncSession, component_id: UUID) -> Scheme:
    for scheme in await catalogue.schemes(session):
        if any(component.id == component_id for component in scheme.components):
            return scheme
    raise NotFound


def _content_sha256(draft: ItemDraft) -> str:
    return sealed_sha256([draft.kind, draft.stem.strip(), list(draft.options), list(draft.key)])


def _item_row(
    draft: ItemDraft, sha256: str, certificate_id: UUID, level: Level, number: int, actor: Actor, now: datetime
) -> dict[str, Any]:
    return {
        "id": new_id(),
        "certificate_id": certificate_id,
        "level": level,
        "code": draft.code or f"{number:05d}",
        "kind": draft.kind,
        "stem": draft.stem.strip(),
        "options": _options(draft),
        "dimension": draft.dimension,
        "content_sha256": sha256,
        "created_at": now,
        "created_by": actor.account_id,
    }


def _options(draft: ItemDraft) -> list[dict[str, str]]:
    """Options with their ids; a statement's two answers are options, too."""
    if draft.kind is ItemKind.TRUE_FALSE:
        return [{"id": truth, "text": ""} for truth in TRUTHS]
    return [{"id": letter, "text": option} for letter, option in zip(LETTERS, draft.options, strict=False)]


def _key_row(item_id: UUID, draft: ItemDraft) -> dict[str, Any]:
    if draft.kind is ItemKind.FILL_IN:
        return {"item_id": item_id, "options": [], "blanks": [list(texts) for texts in key_blanks(draft)]}
    return {"item_id": item_id, "options": sorted(draft.key), "blanks": []}


def _content(
    component: Component,
    version: str,
    shuffle_items: bool,
    shuffle_options: bool,
    sections: Sequence[tuple[PaperSection, Sequence[BankItem]]],
) -> dict[str, Any]:
    return {
        "component_id": str(component.id),
        "version": version,
        "shuffle_items": shuffle_items,
        "shuffle_options": shuffle_options,
        "sections": [_section(section, items) for section, items in sections],
    }


def _section(section: PaperSection, items: Sequence[BankItem]) -> Mapping[str, Any]:
    return {
        "kind": section.kind.value,
        "name_zh": section.name_zh,
        "name_en": section.name_en,
        "points": str(section.points),
        "items": [
            {
                "id": str(item.id),
                "stem": item.stem,
                "dimension": item.dimension,
                "options": [{"id": option.id, "text": option.text} for option in item.options],
            }
            for item in items
        ],
    }


def _key(item: BankItem, section: PaperSection) -> dict[str, Any]:
    return {
        "item_id": str(item.id),
        "kind": section.kind.value,
        "points": str(section.points),
        "partial": section.partial.value,
        "options": list(item.key_options),
        "blanks": [list(texts) for texts in item.key_blanks],
    }
