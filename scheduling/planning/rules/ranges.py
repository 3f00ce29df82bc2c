"""Members of groups as ranges: taking some of them out of placements and sessions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import msgspec

from scheduling.planning.rules.plan import Part, Placement, Session, Unplaced

Range = TypeVar("Range", Placement, Part, Unplaced)
Gone = Mapping[str, Sequence[tuple[int, int]]]
"""Group -> (first, one past the last) of members, in order."""


def without(placements: Iterable[Range], unplaced: Iterable[Unplaced | Placement]) -> tuple[Range, ...]:
    """The placements (or the list of the unplaced) of everybody but these members."""
    gone = _gone(unplaced)
    return tuple(kept for one in placements for kept in _cut(one, gone))


def without_members(sessions: Iterable[Session], unplaced: Iterable[Unplaced | Placement]) -> tuple[Session, ...]:
    """The sessions without these members; a session that nobody is left in is dropped."""
    gone = _gone(unplaced)
    found = []
    for session in sessions:
        if not any(part.group in gone for part in session.parts):
            found.append(session)
            continue
        parts = tuple(kept for part in session.parts for kept in _cut(part, gone))
        if parts:
            found.append(msgspec.structs.replace(session, parts=parts))
    return tuple(found)


def shared(members: Iterable[Range], others: Iterable[Unplaced | Placement]) -> tuple[Range, ...]:
    """The members that are among the others, too."""
    found = []
    ranges = _gone(others)
    for one in members:
        begin, end = one.first, one.first + one.count
        for first, last in ranges.get(one.group, ()):
            low, high = max(begin, first), min(end, last)
            if low < high:
                found.append(msgspec.structs.replace(one, first=low, count=high - low))
                begin = high
    return tuple(found)


def uncovered(count: Mapping[str, int], members: Iterable[Unplaced | Placement]) -> list[tuple[str, int, int]]:
    """Of groups with so many members: (group, first, count) of those that are not listed, in the order of the groups."""
    known = _gone(members)
    found = []
    for group, total in count.items():
        begin = 0
        for first, last in [*known.get(group, ()), (total, total)]:
            if first > begin:
                found.append((group, begin, first - begin))
            begin = max(begin, last)
    return found


def _gone(members: Iterable[Unplaced | Placement]) -> Gone:
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for one in members:
        found[one.group].append((one.first, one.first + one.count))
    return {group: sorted(ranges) for group, ranges in found.items()}


def _cut(one: Range, gone: Gone) -> Iterator[Range]:
    begin, end = one.first, one.first + one.count
    for first, last in gone.get(one.group, ()):
        if last <= begin or first >= end:
            continue
        if first > begin:
            yield msgspec.structs.replace(one, first=begin, count=first - begin)
        begin = max(begin, last)
    if begin < end:
        yield msgspec.structs.replace(one, first=begin, count=end - begin)
