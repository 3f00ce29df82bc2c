"""What every constraint looks at: the problem, the plan, its sessions with the records they name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from scheduling.planning.rules.members import Members, members_of
from scheduling.planning.rules.plan import Plan, Session
from scheduling.planning.rules.problem import Component, Form, Problem, Room, Rules, Site, Slot, Workshop


@dataclass(frozen=True, slots=True)
class Held:
    """A session with the records it names."""

    session: Session
    site: Site
    place: Room | Workshop
    slot: Slot
    component: Component
    rules: Rules
    count: int  # of candidates

    @property
    def where(self) -> str:
        """Its place and time, as violations name them."""
        return f"{self.site.id}/{self.place.id}@{self.slot.id}"

    @property
    def practical(self) -> bool:
        """Whether it needs stations rather than seats."""
        return self.component.form is Form.PRACTICAL


Spot = tuple[str, str, str]  # site, place, slot


@dataclass(frozen=True)
class Case:
    """A plan that is checked."""

    problem: Problem
    plan: Plan

    @cached_property
    def members(self) -> Members:
        """Who sits what, where and when."""
        return members_of(self.problem, self.plan)

    @cached_property
    def held(self) -> tuple[Held, ...]:
        """The sessions, in the order of the plan."""
        place = {(site.id, one.id): one for site in self.problem.sites for one in site.places}
        problem = self.problem
        return tuple(
            Held(
                session=one,
                site=problem.site[one.site],
                place=place[one.site, one.place],
                slot=problem.slot[one.slot],
                component=problem.component[one.certificate, one.level, one.component],
                rules=problem.rules_of(one.certificate),
                count=one.count,
            )
            for one in self.plan.sessions
        )

    @cached_property
    def by_spot(self) -> Mapping[Spot, tuple[Held, ...]]:
        """The sessions of each place and slot."""
        found: dict[Spot, list[Held]] = defaultdict(list)
        for held in self.held:
            found[held.site.id, held.place.id, held.slot.id].append(held)
        return {spot: tuple(sessions) for spot, sessions in found.items()}

    @cached_property
    def by_id(self) -> Mapping[str, Held]:
        """The sessions by their id."""
        return {held.session.id: held for held in self.held}
