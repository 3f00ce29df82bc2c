"""Papers and numbers of sessions: one paper per start of the same component anywhere (H9), named A, B, C ..."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from scheduling.planning.rules.plan import Session
from scheduling.planning.rules.problem import Problem

_Key = tuple[str, str, str]


def named(problem: Problem, sessions: Sequence[Session]) -> tuple[Session, ...]:
    """Number sessions in their order, and name the papers of each component in the order of the starts."""
    starts: dict[_Key, set[int]] = defaultdict(set)
    for one in sessions:
        starts[one.certificate, one.level, one.component].add(problem.slot_number[one.slot])
    paper = {
        (*key, problem.slots[slot].id): letters(number)
        for key, slots in starts.items()
        for number, slot in enumerate(sorted(slots))
    }
    return tuple(
        msgspec.structs.replace(
            one, id=f"N{number + 1:06d}", paper=paper[one.certificate, one.level, one.component, one.slot]
        )
        for number, one in enumerate(sessions)
    )


class Papers:
    """The names in use; what is added gets the next ones."""

    def __init__(self, problem: Problem, sessions: Sequence[Session]) -> None:
        self.starts = {slot.id: slot.starts for slot in problem.slots}
        self.ids = {one.id for one in sessions}
        self.last = len(sessions)
        self.paper: dict[tuple[_Key, object], str] = {}
        self.taken: dict[_Key, set[str]] = defaultdict(set)
        for one in sessions:
            key = one.certificate, one.level, one.component
            self.paper.setdefault((key, self.starts[one.slot]), one.paper)
            self.taken[key].add(one.paper)

    def next_id(self) -> str:
        """A number that no session has."""
        while True:
            self.last += 1
            id = f"N{self.last:06d}"
            if id not in self.ids:
                self.ids.add(id)
                return id

    def of(self, certificate: str, level: str, component: str, slot: str) -> str:
        """The paper of a component at the start of a slot; a new one where nobody has sat it then."""
        key = certificate, level, component
        start = self.starts[slot]
        if (key, start) not in self.paper:
            number = 0
            while letters(number) in self.taken[key]:
                number += 1
            self.paper[key, start] = letters(number)
            self.taken[key].add(letters(number))
        return self.paper[key, start]


def letters(number: int) -> str:
    """A, B ... Z, AA, AB ... for 0, 1 ...

    >>> letters(0), letters(25), letters(26), letters(701), letters(702)
    ('A', 'Z', 'AA', 'ZZ', 'AAA')
    """
    text = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(ord("A") + rest) + text
    return text
