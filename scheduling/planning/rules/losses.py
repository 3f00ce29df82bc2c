"""What happens after publication, as the problem then stands: a site that is lost can hold nobody any more."""

from __future__ import annotations

from collections.abc import Collection

from msgspec.structs import replace

from scheduling.planning.rules.problem import Pin, Problem


def without_sites(problem: Problem, lost: Collection[str]) -> Problem:
    """The problem with these sites closed in every slot; their approvals stay (H1 is about approvals)."""
    every = tuple(slot.id for slot in problem.slots)
    sites = (replace(site, closed=every) if site.id in lost else site for site in problem.sites)
    return replace(problem, sites=tuple(sites))


def pin_is_lost(problem: Problem, pin: Pin) -> bool:
    """Whether a pin cannot hold any more: its site, room or person is not there in its slot (or in any slot)."""
    site = problem.site.get(pin.site or "")
    if site is None:
        return True
    closed = set(site.closed)
    if pin.room is not None:
        place = next((one for one in site.places if one.id == pin.room), None)
        if place is None:
            return True
        closed |= set(place.closed)
    person = problem.person.get(pin.person or "")
    if pin.person is not None and person is None:
        return True
    if person is not None and person.available is not None:
        closed |= problem.slot_number.keys() - set(person.available)
    wanted = {pin.slot} if pin.slot is not None else set(problem.slot_number)
    return bool(wanted) and wanted <= closed
