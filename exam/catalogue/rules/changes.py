"""What differs between two definitions, place by place: what the second person reads before approving.

Things are matched by their code (components, sections, rows) and, without one, by their place in the list.

>>> before = {"rows": [{"code": "A1", "points": "10"}, {"code": "A2"}]}
>>> after = {"rows": [{"code": "A1", "points": "12"}, {"code": "A3"}]}
>>> [(one.kind.value, one.place, one.before, one.after) for one in changes(before, after)]
[('changed', ('rows', 'A1', 'points'), '10', '12'), ('removed', ('rows', 'A2'), '', ''), ('added', ('rows', 'A3'), '', '')]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from exam.kernel.errors import N_


class ChangeKind(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"  # the same things in another order


CHANGE_LABELS: Mapping[ChangeKind, str] = {
    ChangeKind.ADDED: N_("新增"),
    ChangeKind.REMOVED: N_("删除"),
    ChangeKind.CHANGED: N_("修改"),
    ChangeKind.MOVED: N_("调整顺序"),
}


@dataclass(frozen=True, kw_only=True)
class Change:
    """One difference: where, and what stood there before and stands there now."""

    kind: ChangeKind
    place: tuple[str, ...]  # field names and codes from the outside in
    before: str = ""
    after: str = ""


def changes(before: Any, after: Any) -> list[Change]:
    """Every difference, in the order of the older definition, what is new after it."""
    return list(_between((), before, after))


def _between(place: tuple[str, ...], before: Any, after: Any) -> Iterator[Change]:
    if isinstance(before, list) and isinstance(after, list):
        one, other = _keyed(before), _keyed(after)
        yield from _members(place, one, other)
        if [key for key in one if key in other] != [key for key in other if key in one]:
            yield Change(kind=ChangeKind.MOVED, place=place, before=" ".join(one), after=" ".join(other))
    elif isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _members(place, before, after)
    elif _said(before) != _said(after):
        yield Change(kind=ChangeKind.CHANGED, place=place, before=_said(before), after=_said(after))


def _members(place: tuple[str, ...], before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for key, value in before.items():
        if key in after:
            yield from _between((*place, key), value, after[key])
        else:
            yield Change(kind=ChangeKind.REMOVED, place=(*place, key), before=_plain(value))
    for key, value in after.items():
        if key not in before:
            yield Change(kind=ChangeKind.ADDED, place=(*place, key), after=_plain(value))


def _keyed(items: list[Any]) -> dict[str, Any]:
    """A list by the codes of its items; what has none, or one that came before, by its place."""
    found: dict[str, Any] = {}
    for number, item in enumerate(items, 1):
        code = item.get("code") if isinstance(item, Mapping) else None
        found[str(code) if code and str(code) not in found else f"#{number}"] = item
    return found


def _plain(value: Any) -> str:
    return "" if isinstance(value, (Mapping, list)) else _said(value)


def _said(value: Any) -> str:
    return "" if value is None else str(value)
