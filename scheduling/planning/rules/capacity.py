"""How many fit where: of a room in a slot, of a workshop in a slot, of a site over the whole period (H4, H5, H6)."""

from __future__ import annotations

from scheduling.planning.rules.problem import Component, Form, Room, Rules, Site, Slot, Workshop


def usable_seats(room: Room, rules: Rules) -> int:
    """Seats that candidates may take: all but the spare ones; of computers at least the reserve is kept free, rounded up (H5)."""
    reserve = -(-room.seats * rules.reserve_percent // 100) if room.form is Form.COMPUTER else 0
    return max(0, room.seats - max(room.spare, reserve))


def rounds(minutes: int, slot: Slot, rules: Rules) -> int:
    """How many candidates one station serves in a slot, one after the other with a turnaround between them (H6)."""
    return (slot.minutes + rules.turnaround_minutes) // (minutes + rules.turnaround_minutes)


def stations_used(count: int, component: Component, slot: Slot, rules: Rules) -> int | None:
    """Stations that a practical session of so many takes; None when the slot is too short for one candidate."""
    served = rounds(component.minutes, slot, rules)
    return -(-count // served) if served else None


def open_slots(site: Site, place: Room | Workshop, slots: tuple[Slot, ...]) -> tuple[Slot, ...]:
    """The slots in which neither the site nor the place is closed (H15)."""
    closed = {*site.closed, *place.closed}
    return tuple(slot for slot in slots if slot.id not in closed)
