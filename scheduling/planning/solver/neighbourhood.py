"""Large-neighbourhood search at a site: some certificates are taken out and put back in the best way there is.

One model of a whole site is beyond the solver; a few certificates, with all others where they are, take it a moment.
``cum[cohort, item, slot]`` is how many of a cohort have sat an item up to a slot. A chain then is one inequality of two
variables per slot; sessions are whole rooms by class, stations whole stations. Who stays out counts before any room.

The solver runs on one thread with a fixed seed and a limit in its own deterministic time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from ortools.sat.python import cp_model

from scheduling.planning.rules.problem import Form
from scheduling.planning.solver.schedule import Schedule, Use
from scheduling.planning.solver.site import Model

_LEFT_OUT: Final = 50  # sessions that one more candidate is worth
Class = tuple[Form, int, bool]  # rooms of a size, on the ground floor or not


@dataclass(slots=True)
class Piece:
    """The part of a site that is free, as a model of the solver."""

    model: Model
    schedule: Schedule
    certificates: frozenset[str]
    solver: cp_model.CpModel = field(default_factory=cp_model.CpModel)
    cohorts: list[int] = field(default_factory=list)
    cum: dict[tuple[int, int, int], Any] = field(default_factory=dict)
    rooms: dict[tuple[int, int, Class], Any] = field(default_factory=dict)
    stations: dict[tuple[int, int], Any] = field(default_factory=dict)
    left_out: dict[int, Any] = field(default_factory=dict)
    free: dict[tuple[int, Class], list[int]] = field(default_factory=dict)  # concrete rooms
    cost: list[Any] = field(default_factory=list)


def rebuilt(model: Model, schedule: Schedule, certificates: Iterable[str], *, effort: float) -> Schedule | None:
    """The schedule with some certificates put back in better; None when nothing better was found within the effort."""
    piece = Piece(model, schedule, frozenset(certificates))
    _cohorts(piece)
    if not piece.cohorts or any(_special(model, number) for number in piece.cohorts):
        return None
    _free_rooms(piece)
    _seats(piece)
    before = _cost_now(piece)
    piece.solver.add(sum(piece.left_out.values()) * _LEFT_OUT + sum(piece.cost) <= before - 1)
    piece.solver.minimize(sum(piece.left_out.values()) * _LEFT_OUT + sum(piece.cost))
    engine = cp_model.CpSolver()
    engine.parameters.num_workers = 1
    engine.parameters.random_seed = 1
    engine.parameters.max_deterministic_time = effort
    engine.parameters.cp_model_presolve = True
    engine.parameters.linearization_level = 1
    status = engine.solve(piece.solver)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    return _taken_over(piece, engine)


def _special(model: Model, number: int) -> bool:
    """People, and groups that sit alone in a workshop, stay where they are."""
    cohort = model.cohorts[number]
    own = any(model.items[item].own for item in cohort.items)
    return bool(cohort.person) or own or cohort.ground


def _cohorts(piece: Piece) -> None:
    """Chains: cumulative counts per slot, and who stays out."""
    model, solver = piece.model, piece.solver
    for number, cohort in enumerate(model.cohorts):
        if model.items[cohort.items[0]].certificate not in piece.certificates:
            continue
        piece.cohorts.append(number)
        piece.left_out[number] = solver.new_int_var(0, cohort.count, "")
        for at in range(len(cohort.items)):
            before = model.before[cohort.gap_minutes] if cohort.gaps[at] else range(model.slots_count)
            previous: Any = 0
            for slot in range(model.slots_count):
                if not cohort.open[at][slot] or (at and _value(piece, number, at - 1, before[slot]) is None):
                    piece.cum[number, at, slot] = previous
                    continue
                here = solver.new_int_var(0, cohort.count, "")
                piece.cum[number, at, slot] = here
                if not isinstance(previous, int):
                    solver.add(here >= previous)
                if at:
                    solver.add(here <= _value(piece, number, at - 1, before[slot]))
                previous = here
            solver.add(previous + piece.left_out[number] == cohort.count)


def _value(piece: Piece, cohort: int, at: int, slots: int) -> Any:
    """How many have sat an item in the first so many slots; None: nobody can have."""
    if not slots:
        return None
    value = piece.cum[cohort, at, slots - 1]
    return None if isinstance(value, int) else value


def _free_rooms(piece: Piece) -> None:
    """Rooms that the certificates which stay do not take."""
    model = piece.model
    taken: dict[tuple[Form, int], set[int]] = {}
    for (number, slot), uses in piece.schedule.use.items():
        item = model.items[number]
        if item.component.form is not Form.PRACTICAL and item.certificate not in piece.certificates:
            taken.setdefault((item.component.form, slot), set()).update(use.place for use in uses)
    for form, places in model.rooms.items():
        for slot in range(model.slots_count):
            busy = taken.get((form, slot), set())
            for number, place in enumerate(places):
                if place.open[slot] and number not in busy:
                    piece.free.setdefault((slot, (form, place.size, place.ground)), []).append(number)


def _seats(piece: Piece) -> None:
    """Who sits in a slot has a seat in a session of the item, or a station."""
    model, solver = piece.model, piece.solver
    sitting: dict[tuple[int, int], list[Any]] = {}
    for number in piece.cohorts:
        for at, item in enumerate(model.cohorts[number].items):
            for slot in range(model.slots_count):
                here = piece.cum[number, at, slot]
                last = piece.cum[number, at, slot - 1] if slot else 0
                if here is not last and not isinstance(here, int):
                    sitting.setdefault((item, slot), []).append(here - last)
    used: dict[tuple[int, Class], list[Any]] = {}
    shops: dict[tuple[str, int], list[Any]] = {}
    totals: dict[int, list[Any]] = {}
    for (item, slot), terms in sorted(sitting.items()):
        one = model.items[item]
        if one.component.form is Form.PRACTICAL:
            most = sum(shop.size for shop in model.shops[one.certificate] if shop.open[slot])
            stations = solver.new_int_var(0, min(most, -(-one.count // one.serves[slot])), "")
            piece.stations[item, slot] = stations
            solver.add(sum(terms) <= stations * one.serves[slot])
            shops.setdefault((one.certificate, slot), []).append(stations)
            continue
        seats = []
        for kind in _classes(piece, one.component.form, slot):
            here = piece.free[slot, kind]
            count = solver.new_int_var(0, min(len(here), one.sessions + 1), "")
            piece.rooms[item, slot, kind] = count
            used.setdefault((slot, kind), []).append(count)
            totals.setdefault(item, []).append(count * one.seats[here[0]])
            seats.append(count * one.seats[here[0]])
            piece.cost.append(count)
        solver.add(sum(terms) <= sum(seats))
    for item, seated in totals.items():
        outs = [piece.left_out[number] for number in piece.cohorts if item in model.cohorts[number].items]
        solver.add(sum(seated) + sum(outs) >= model.items[item].count)
    for (slot, kind), counts in used.items():
        if len(counts) > 1:
            solver.add(sum(counts) <= len(piece.free[slot, kind]))
    for (certificate, slot), counts in shops.items():
        most = sum(shop.size for shop in model.shops[certificate] if shop.open[slot])
        opened = solver.new_bool_var("")
        solver.add(sum(counts) <= most * opened)
        piece.cost.append(opened)


def _classes(piece: Piece, form: Form, slot: int) -> list[Class]:
    places = piece.model.rooms[form]
    kinds = sorted({(place.size, place.ground) for place in places})
    return [(form, *kind) for kind in kinds if (slot, (form, *kind)) in piece.free]


def _cost_now(piece: Piece) -> int:
    """What the free certificates cost as they are."""
    model, schedule = piece.model, piece.schedule
    rooms = 0
    shops: set[tuple[str, int]] = set()
    for (number, slot), uses in schedule.use.items():
        item = model.items[number]
        if item.certificate in piece.certificates:
            if item.component.form is Form.PRACTICAL:
                shops.add((item.certificate, slot))
            else:
                rooms += len(uses)
    return rooms + len(shops) + _LEFT_OUT * sum(schedule.unplaced[number] for number in piece.cohorts)


def _taken_over(piece: Piece, engine: cp_model.CpSolver) -> Schedule:
    """The schedule with the free certificates as the solver has put them."""
    model = piece.model
    flow = list(piece.schedule.flow)
    unplaced = list(piece.schedule.unplaced)
    use = {
        key: uses
        for key, uses in piece.schedule.use.items()
        if model.items[key[0]].certificate not in piece.certificates
    }
    sitting: dict[tuple[int, int], int] = {}
    for number in piece.cohorts:
        rows = []
        unplaced[number] = engine.value(piece.left_out[number])
        for at, item in enumerate(model.cohorts[number].items):
            sums = [0]
            for slot in range(model.slots_count):
                value = piece.cum[number, at, slot]
                sums.append(value if isinstance(value, int) else engine.value(value))
            row = [later - earlier for earlier, later in pairwise(sums)]
            for slot, count in enumerate(row):
                if count:
                    sitting[item, slot] = sitting.get((item, slot), 0) + count
            rows.append(row)
        flow[number] = rows
    free = {key: list(rooms) for key, rooms in piece.free.items()}
    shops: dict[tuple[str, int], list[int]] = {}
    for (item, slot), count in sorted(sitting.items()):
        if model.items[item].component.form is Form.PRACTICAL:
            use[item, slot] = _at_stations(piece, item, slot, count, shops)
        else:
            use[item, slot] = _in_rooms(piece, engine, item, slot, count, free)
    return Schedule(flow, {key: use[key] for key in sorted(use)}, unplaced)


def _in_rooms(
    piece: Piece,
    engine: cp_model.CpSolver,
    item: int,
    slot: int,
    count: int,
    free: dict[tuple[int, Class], list[int]],
) -> list[Use]:
    one = piece.model.items[item]
    rooms = []
    for kind in _classes(piece, one.component.form, slot):
        wanted = engine.value(piece.rooms[item, slot, kind])
        rooms += free[slot, kind][:wanted]
        del free[slot, kind][:wanted]
    found = []
    for room in sorted(rooms, key=lambda number: (-one.seats[number], number)):
        taken = min(count, one.seats[room])
        if taken:
            found.append(Use(room, one.seats[room], taken))
        count -= taken
    return found


def _at_stations(piece: Piece, item: int, slot: int, count: int, shops: dict[tuple[str, int], list[int]]) -> list[Use]:
    one = piece.model.items[item]
    places = piece.model.shops[one.certificate]
    free = shops.setdefault((one.certificate, slot), [place.size if place.open[slot] else 0 for place in places])
    served = one.serves[slot]
    found = []
    for number, place in enumerate(places):
        taken = min(count, free[number] * served)
        if taken:
            free[number] -= -(-taken // served)
            found.append(Use(number, place.size * served, taken))
            count -= taken
    return found
