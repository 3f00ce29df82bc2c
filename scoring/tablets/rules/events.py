"""Events of a tablet: one chain per device, the same bytes everywhere, and a state that no order of arrival can change.

An event says who did what to which sheet. It carries its device, its number in that device's chain (1, 2, 3 ... without a
gap), the hash of the event before it, an id that is made once (the idempotency key), and a counter that grows with everything
the tablet has seen (Lamport's clock). The tablet's own time is kept for people to read and orders nothing: tablets are two
hours wrong. The hash is SHA-256 over the event's canonical JSON: RFC 8785 (JCS), for which members are kept to texts, whole
numbers, booleans, null, lists and objects, so that every language writes the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

from exam.kernel.canonical import canonical
from exam.kernel.errors import N_, Invalid

FORMAT: Final = "kaowu-event/1"
FIRST: Final = "0" * 64
"""What the first event of a chain has before it."""


class Kind(StrEnum):
    """What happened to a sheet."""

    OPENED = "opened"  # the candidate stands at the station
    ANSWERED = "answered"  # one row: {"row", "value"}; null clears it
    OVERTIME = "overtime"  # {"minutes"}
    NOTED = "noted"  # {"text"}
    EVIDENCE = "evidence"  # {"sha256", "row", "bytes"}: a photo, kept by its hash
    STOPPED = "stopped"  # {"row", "reason"}: a safety stop
    SIGNED = "signed"  # {"answers", "overtime", "note"}: everything that is signed, whole
    CORRECTED = "corrected"  # {"reason"}: opens the next version
    RERUN = "rerun"  # {"reason"}: another attempt after a fault: begins blank again


class NotAnEvent(Invalid):
    """What a tablet sent is no event of ours."""

    message = N_("第 %(number)s 条记录不符合格式，没有接收。")
    way_out = N_("请更新平板上的程序后重新发送；这条记录仍保存在平板上。")


@dataclass(frozen=True, kw_only=True, order=True)
class SheetKey:
    """One assessor's sheet of one candidate's sitting, in one version."""

    sitting_id: UUID
    assessor_id: UUID
    version: int = 1


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing that happened on one tablet."""

    device_id: UUID
    number: int  # from 1, in the device's chain
    previous: str  # hash of the event before it
    id: UUID
    counter: int  # Lamport's clock
    kind: Kind
    sheet: SheetKey
    said_at: str  # the tablet's clock: ISO 8601, as it wrote it; to be read, never to order by
    data: Mapping[str, Any]

    @property
    def body(self) -> dict[str, Any]:
        """What is hashed, as JSON."""
        return {
            "format": FORMAT,
            "device": str(self.device_id),
            "number": self.number,
            "previous": self.previous,
            "id": str(self.id),
            "counter": self.counter,
            "kind": self.kind.value,
            "sitting": str(self.sheet.sitting_id),
            "assessor": str(self.sheet.assessor_id),
            "version": self.sheet.version,
            "said_at": self.said_at,
            "data": dict(self.data),
        }

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the canonical body, in hexadecimal."""
        return sha256(self.body)

    @property
    def place(self) -> tuple[int, str, int]:
        """Where it stands among all events of a sheet: after everything its tablet had seen; ties by device and number."""
        return self.counter, str(self.device_id), self.number


def sha256(value: Any) -> str:
    """The hash of a value's canonical JSON."""
    return hashlib.sha256(canonical(value)).hexdigest()


def broken_links(events: Iterable[Event]) -> Iterator[Event]:
    """Of one device's events in the order of their numbers: those that do not follow from the one before, where it is there."""
    chain = sorted(events, key=lambda one: one.number)
    yield from (one for one in chain if one.number == 1 and one.previous != FIRST)
    for before, after in pairwise(chain):
        if after.number == before.number + 1 and after.previous != before.hash:
            yield after


def gaps(numbers: Iterable[int], last: int) -> list[tuple[int, int]]:
    """The runs of numbers from 1 to `last` that are not there, as (first, last)."""
    missing: list[tuple[int, int]] = []
    at = 1
    for number in sorted(set(numbers)):
        if number > last:
            break
        if number > at:
            missing.append((at, number - 1))
        at = max(at, number + 1)
    if at <= last:
        missing.append((at, last))
    return missing
