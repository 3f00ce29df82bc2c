"""组卷蓝图 of a computer component: which kinds of item, how many, worth how much, and partial credit.

X01: objective items are marked by machine; how partly right answers count is data of the scheme.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from exam.catalogue.rules.reading import ZERO, Reader
from exam.catalogue.rules.records import ItemKind
from exam.kernel.errors import N_, Invalid


class Partial(StrEnum):
    """What a partly right answer earns."""

    NONE = "none"  # all or nothing
    SUBSET = "subset"  # multiple choice: half the points for a true, non-empty part of the right set
    PER_BLANK = "per_blank"  # fill-in: an equal share of the points for each right blank


PARTIAL_LABELS: Mapping[Partial, str] = {
    Partial.NONE: N_("全对得分"),
    Partial.SUBSET: N_("少选得一半，错选不得分"),
    Partial.PER_BLANK: N_("按空得分"),
}
_ALLOWED = {
    ItemKind.SINGLE: {Partial.NONE},
    ItemKind.TRUE_FALSE: {Partial.NONE},
    ItemKind.MULTIPLE: {Partial.NONE, Partial.SUBSET},
    ItemKind.FILL_IN: {Partial.NONE, Partial.PER_BLANK},
}


@dataclass(frozen=True, kw_only=True)
class PaperSection:
    kind: ItemKind
    name_zh: str
    name_en: str
    count: int
    points: Decimal  # per item
    partial: Partial


@dataclass(frozen=True, kw_only=True)
class Blueprint:
    sections: tuple[PaperSection, ...]
    shuffle_items: bool
    shuffle_options: bool

    @property
    def full_marks(self) -> Decimal:
        return sum((section.count * section.points for section in self.sections), ZERO)

    @property
    def items_count(self) -> int:
        return sum(section.count for section in self.sections)


class BlueprintInvalid(Invalid):
    message = N_("组卷蓝图有误。")
    way_out = N_("请按所列位置修改后重新上传。")


def parse_blueprint(data: Mapping[str, Any]) -> Blueprint:
    """The blueprint a stored definition describes; BlueprintInvalid with every problem otherwise."""
    reader = Reader(data, "blueprint")
    blueprint = read_blueprint(reader)
    if reader.problems:
        raise BlueprintInvalid(problems=reader.problems)
    return blueprint


def read_blueprint(reader: Reader) -> Blueprint:
    """Read a blueprint, noting problems in the reader."""
    reader.only(("sections", "shuffle_items", "shuffle_options", "terms"))  # terms: read by exam.sittings
    return Blueprint(
        sections=tuple(_section(item) for item in reader.children("sections")),
        shuffle_items=bool(reader.data.get("shuffle_items", True)),
        shuffle_options=bool(reader.data.get("shuffle_options", True)),
    )


def _section(reader: Reader) -> PaperSection:
    reader.only(("kind", "name_zh", "name_en", "count", "points", "partial"))
    kind = reader.choice("kind", ItemKind, ItemKind.SINGLE)
    partial = reader.choice("partial", Partial, Partial.NONE) if "partial" in reader.data else Partial.NONE
    if partial not in _ALLOWED[kind]:
        reader.add("partial_unfit", N_("%(path)s 的部分得分方式不适用于该题型。"), "partial")
    return PaperSection(
        kind=kind,
        name_zh=reader.text("name_zh"),
        name_en=reader.text("name_en"),
        count=reader.integer("count", low=1, high=500),
        points=reader.number("points", low=Decimal("0.1"), high=100),
        partial=partial,
    )
