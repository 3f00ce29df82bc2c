"""What sentences about a plan call things: as the problem's file names them, unless somebody knows better names."""

from __future__ import annotations

from typing import Protocol

from scheduling.planning.rules.problem import Group, Problem


class Names(Protocol):
    """Whatever a reader knows things by; each answer is put into a sentence as it is (``str``)."""

    def institution(self, id: str) -> object: ...

    def certificate(self, id: str) -> object: ...

    def site(self, id: str) -> object: ...

    def place(self, site: str, id: str) -> object: ...

    def slot(self, id: str) -> object: ...

    def days(self, slots: tuple[str, ...]) -> object: ...

    def component(self, group: Group, id: str) -> object: ...


class PlainNames:
    """The names of the file: what has none is called by its identifier."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem

    def institution(self, id: str) -> object:
        """The name of an institution."""
        return self.problem.institution[id].name

    def certificate(self, id: str) -> object:
        """The name of a certificate."""
        return self.problem.certificate[id].name

    def site(self, id: str) -> object:
        """The name of a site."""
        return self.problem.site[id].name

    def place(self, site: str, id: str) -> object:
        """A room or workshop of a site."""
        return id

    def slot(self, id: str) -> object:
        """A slot: day and time."""
        slot = self.problem.slot[id]
        return f"{slot.starts:%Y-%m-%d %H:%M}"

    def days(self, slots: tuple[str, ...]) -> object:
        """The days of slots, each once."""
        return "、".join(dict.fromkeys(f"{self.problem.slot[id].starts:%m-%d}" for id in slots))

    def component(self, group: Group, id: str) -> object:
        """A component of a group's scheme."""
        return id
