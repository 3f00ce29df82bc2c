"""A schedule on the table: what is free in which slot, and seating or taking out single chains.

A chain is a path: one slot per item, each far enough after the one before. Adding a path to a feasible schedule or
taking one out of it leaves it feasible.
"""

from __future__ import annotations

from dataclasses import dataclass

from scheduling.planning.rules.problem import Form
from scheduling.planning.solver.schedule import Schedule, Use
from scheduling.planning.solver.site import Cohort, Model

_NEVER = 1 << 30


@dataclass(slots=True)
class Board:
    """A model, its schedule, and which places are taken."""

    model: Model
    schedule: Schedule
    taken: dict[tuple[Form, int], set[int]]  # rooms in use, per form and slot
    stations: dict[tuple[str, int, int], int]  # stations in use, per certificate, workshop and slot
    busy: set[tuple[str, int]]  # people in slots

    @staticmethod
    def of(model: Model, schedule: Schedule) -> Board:
        """Lay a schedule on the table."""
        board = Board(model, schedule, {}, {}, set())
        for (number, at), uses in schedule.use.items():
            for use in uses:
                board._occupy(number, at, use, use.count)
        for cohort, rows in zip(model.cohorts, schedule.flow, strict=True):
            if cohort.person:
                board.busy.update((cohort.person, at) for row in rows for at, count in enumerate(row) if count)
        return board

    def _occupy(self, number: int, at: int, use: Use, count: int) -> None:
        item = self.model.items[number]
        if item.component.form is not Form.PRACTICAL:
            self.taken.setdefault((item.component.form, at), set()).add(use.place)
            return
        key = item.certificate, use.place, at
        size = self.model.shops[item.certificate][use.place].size
        self.stations[key] = size if item.own else self.stations.get(key, 0) + -(-count // item.serves[at])

    def free(self, number: int, at: int, *, ground: bool) -> tuple[int, int]:
        """Who could still sit an item in a slot: (seats in places in use, seats of one more place)."""
        if self.model.items[number].component.form is Form.PRACTICAL:
            return self._free_stations(number, at, ground)
        item = self.model.items[number]
        places = self.model.rooms[item.component.form]
        there = sum(
            use.cap - use.count
            for use in self.schedule.use.get((number, at), ())
            if places[use.place].ground or not ground
        )
        room = self._free_room(number, at, ground, 1)
        return there, item.seats[room] if room >= 0 else 0

    def _free_room(self, number: int, at: int, ground: bool, wanted: int) -> int:
        """The smallest free room for so many, else the largest free one; -1: none."""
        item = self.model.items[number]
        taken = self.taken.get((item.component.form, at), set())
        found = -1
        for room, place in enumerate(self.model.rooms[item.component.form]):
            if place.open[at] and room not in taken and (place.ground or not ground) and item.seats[room]:
                found = room
                if item.seats[room] >= wanted:
                    break
        return found

    def _free_stations(self, number: int, at: int, ground: bool) -> tuple[int, int]:
        item = self.model.items[number]
        there = more = 0
        for index, shop in enumerate(self.model.shops[item.certificate]):
            if not shop.open[at] or (ground and not shop.ground):
                continue
            used = self.stations.get((item.certificate, index, at), 0)
            mine = [use for use in self.schedule.use.get((number, at), ()) if use.place == index]
            if mine:
                open_seats = -mine[0].count % item.serves[at]
                there += open_seats + (0 if item.own else (shop.size - used) * item.serves[at])
            elif used and not item.own:
                there += (shop.size - used) * item.serves[at]
            elif not used:
                more = max(more, shop.size * item.serves[at])
        return there, more

    def path(self, cohort: Cohort) -> tuple[int, int, list[int]] | None:
        """The way through the free seats that opens the fewest sessions: (sessions, how many can go, slots)."""
        model = self.model
        slots = range(model.slots_count)
        best: list[
            list[tuple[int, int, int]]
        ] = []  # per item and slot: (sessions, minus seats, slot of the item before)
        for at, number in enumerate(cohort.items):
            row = []
            reach: list[tuple[int, int, int]] = [(0, -_NEVER, -1)] * (model.slots_count + 1)
            if at:
                lowest = (_NEVER, 0, -1)
                reach = [lowest]
                for slot in slots:
                    cost, seats, _ = best[at - 1][slot]
                    lowest = min(lowest, (cost, seats, slot))
                    reach.append(lowest)
            before = model.before[cohort.gap_minutes] if cohort.gaps[at] else slots
            for slot in slots:
                cost, seats, source = reach[before[slot]]
                if (
                    cost >= _NEVER
                    or not cohort.open[at][slot]
                    or (cohort.person and (cohort.person, slot) in self.busy)
                ):
                    row.append((_NEVER, 0, -1))
                    continue
                there, more = self.free(number, slot, ground=cohort.ground)
                if there:
                    row.append((cost, max(seats, -there), source))
                elif more:
                    row.append((cost + 1, max(seats, -more), source))
                else:
                    row.append((_NEVER, 0, -1))
            best.append(row)
        last = min(slots, key=lambda slot: best[-1][slot])
        if best[-1][last][0] >= _NEVER:
            return None
        cost, seats, _ = best[-1][last]
        way = [last]
        for row in best[:0:-1]:
            way.append(row[way[-1]][2])
        return cost, -seats, way[::-1]

    def seat(self, cohort: int, way: list[int], count: int) -> None:
        """Seat so many along a path that :meth:`path` found."""
        one = self.model.cohorts[cohort]
        for at, (number, slot) in enumerate(zip(one.items, way, strict=True)):
            self.schedule.flow[cohort][at][slot] += count
            self._sit(number, slot, count, one.ground)
            if one.person:
                self.busy.add((one.person, slot))
        self.schedule.unplaced[cohort] -= count

    def _sit(self, number: int, at: int, count: int, ground: bool) -> None:
        item = self.model.items[number]
        uses = self.schedule.use.setdefault((number, at), [])
        if item.component.form is Form.PRACTICAL:
            self._sit_at_stations(number, at, count, ground)
            return
        places = self.model.rooms[item.component.form]
        for use in uses:
            if places[use.place].ground or not ground:
                taken = min(count, use.cap - use.count)
                use.count += taken
                count -= taken
        while count:
            room = self._free_room(number, at, ground, count)
            taken = min(count, item.seats[room])
            uses.append(Use(room, item.seats[room], taken))
            self.taken.setdefault((item.component.form, at), set()).add(room)
            count -= taken

    def _sit_at_stations(self, number: int, at: int, count: int, ground: bool) -> None:
        item = self.model.items[number]
        uses = self.schedule.use[number, at]
        served = item.serves[at]
        for index, shop in enumerate(self.model.shops[item.certificate]):
            if not count or not shop.open[at] or (ground and not shop.ground):
                continue
            key = item.certificate, index, at
            mine = next((use for use in uses if use.place == index), None)
            used = self.stations.get(key, 0)
            if mine is None and item.own and used:
                continue
            had = mine.count if mine else 0
            mine_used = shop.size if mine and item.own else -(-had // served)
            able = (shop.size - used + mine_used) * served - had
            taken = min(count, able)
            if taken <= 0:
                continue
            if mine is None:
                mine = Use(index, shop.size * served, 0)
                uses.append(mine)
            mine.count += taken
            self.stations[key] = shop.size if item.own else used - mine_used + -(-mine.count // served)
            count -= taken


def insert(model: Model, schedule: Schedule) -> None:
    """Seat those who were left out wherever seats are free along a chain; changes the schedule."""
    if not any(schedule.unplaced):
        return
    board = Board.of(model, schedule)
    for cohort, left in enumerate(schedule.unplaced):
        while left:
            found = board.path(model.cohorts[cohort])
            if found is None:
                break
            _, seats, way = found
            count = min(left, seats)
            board.seat(cohort, way, count)
            left -= count
