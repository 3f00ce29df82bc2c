"""What pages read again and again, kept in the process: a batch as a problem, the files of stored plans.

A stored plan never changes; everything else is kept under the state of the records (:func:`exam.kernel.audit.state`) and
made anew as soon as something is recorded. Kept is only what is the same for every reader: who may see it is asked before,
every time, and the words are made for each reader.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Final, Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from exam.kernel import audit

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

ELSEWHERE: Final = ("account", "certificate", "papers:", "feed:")
"""Streams in which nothing is recorded that a timetable is made from: sign-ins, certificates, item banks, feeds."""

KEPT: Final = 4
"""So many plans stay ready for questions in a process."""

NOTHING: Final = "0:None"
"""The state of an empty log."""


class Shelf(Generic[K, V]):
    """The few things used last."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: OrderedDict[K, V] = OrderedDict()

    async def get(self, key: K, make: Callable[[], Awaitable[V]]) -> V:
        """What is kept under the key; made where it is not. Two who ask at once may both make it."""
        if key in self._held:
            self._held.move_to_end(key)
            return self._held[key]
        made = self._held[key] = await make()
        while len(self._held) > self._most:
            self._held.popitem(last=False)
        return made


async def records(session: AsyncSession) -> str:
    """The state of everything that a timetable is made from."""
    return await audit.state(session, without=ELSEWHERE)
