"""Two versions of a plan side by side: sessions added, removed and moved, and whose place differs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True)
class Spot:
    """Where and when a session is held."""

    site_id: UUID
    room_id: UUID
    starts_at: datetime


@dataclass(frozen=True, kw_only=True)
class Difference(Generic[Item]):
    """What is only in one of them, and what differs."""

    added: tuple[Item, ...]
    removed: tuple[Item, ...]
    changed: tuple[tuple[Item, Item], ...]  # before, after
    same: int


def compare(
    before: Mapping[tuple[str, ...], Item],
    after: Mapping[tuple[str, ...], Item],
    spots: Iterable[Mapping[tuple[str, ...], object]],
) -> Difference[Item]:
    """Compare by key; two items are the same when their spots (one table for each version) are equal."""
    old, new = spots
    common = [key for key in before if key in after]
    return Difference(
        added=tuple(one for key, one in after.items() if key not in before),
        removed=tuple(one for key, one in before.items() if key not in after),
        changed=tuple((before[key], after[key]) for key in common if old[key] != new[key]),
        same=sum(old[key] == new[key] for key in common),
    )
