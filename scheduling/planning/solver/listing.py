"""List scheduling: one pass through the slots that seats whoever is ready, the most urgent first.

A pass runs forwards (a chain from its first item on) or backwards (from its last); the other pass's result says how
urgent everybody is: the slot in which they sat there is the latest in which they may sit here. Repeated, this pushes
everything together from both sides ("double justification" of project scheduling). Whoever was left out is the most
urgent of all in the next pass.

A session is opened only when the sessions that remain to its item can still hold the others: so a pass never uses more
than the least number of sessions of the packing, except for those who are late already, as far as `spare` allows.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from random import Random

from scheduling.planning.rules.problem import Form
from scheduling.planning.solver.schedule import Schedule, Use, trim
from scheduling.planning.solver.site import Item, Model, Place

Flow = list[list[list[int]]]
_FORMS = (Form.COMPUTER, Form.PAPER)


@dataclass(slots=True)
class View:
    """A model as a pass sees it: slots and chains in the direction of the pass."""

    model: Model
    backward: bool
    slot: list[int]  # of the pass -> of the problem
    chain: list[list[int]]  # per cohort: items
    until: list[list[list[int]]]  # per cohort, item, slot: how many slots of the pass count for the item before
    open: list[list[list[bool]]]
    tail: list[list[float]]  # per cohort, item: how much comes after it, in slots
    rooms: dict[Form, list[list[int]]]  # per form and slot: rooms, smallest first
    shops: list[list[tuple[str, int]]]  # per slot: (certificate, workshop)


def view(model: Model, backward: bool) -> View:
    """Look at a model in one direction."""
    count = model.slots_count
    slot = list(range(count))[::-1] if backward else list(range(count))
    step = -1 if backward else 1
    chain = [list(cohort.items[::step]) for cohort in model.cohorts]
    weight = [_weight(model, item) for item in model.items]
    until = []
    for cohort in model.cohorts:
        strict = cohort.gaps if not backward else (False, *cohort.gaps[:0:-1])
        rows = [[0] * count]
        rows += [
            _until(model.before[cohort.gap_minutes] if strict[number] else list(range(count)), backward)
            for number in range(1, len(cohort.items))
        ]
        until.append(rows)
    return View(
        model=model,
        backward=backward,
        slot=slot,
        chain=chain,
        until=until,
        open=[[[row[at] for at in slot] for row in cohort.open[::step]] for cohort in model.cohorts],
        tail=[[sum(weight[item] for item in items[at + 1 :]) for at in range(len(items))] for items in chain],
        rooms={
            form: [[number for number, place in enumerate(places) if place.open[at]] for at in slot]
            for form, places in model.rooms.items()
        },
        shops=[
            [
                (certificate, number)
                for certificate, places in sorted(model.shops.items())
                for number, place in enumerate(places)
                if place.open[at]
            ]
            for at in slot
        ],
    )


def _until(before: list[int], backward: bool) -> list[int]:
    """Per slot of a pass: how many slots of the pass lie far enough on its other side."""
    if not backward:
        return before
    count = len(before)
    found = []
    for at in range(count - 1, -1, -1):  # the slot of the problem; later items must be in slots that `at` is before
        first = next((later for later in range(count) if before[later] > at), count)
        found.append(count - first)
    return found


def _weight(model: Model, item: Item) -> float:
    """How many slots an item takes when it has its places for itself."""
    if item.component.form is Form.PRACTICAL:
        shops = model.shops[item.certificate]
        opened = max(1, sum(sum(shop.open) for shop in shops))
        return 1.0 + item.sessions * model.slots_count / opened
    return 1.0 + item.sessions / max(1, len(model.rooms[item.component.form]))


class Pass:
    """One pass: its state while it runs."""

    def __init__(self, look: View, due: Flow | None, spare: int, rng: Random | None, *, loose: bool = False) -> None:
        model = look.model
        self.look, self.due, self.model, self.loose = look, due, model, loose
        count = model.slots_count
        self.cum = [[[0] * (count + 1) for _ in items] for items in look.chain]
        self.left = [item.count for item in model.items]
        self.classes = [list(item.classes or ()) for item in model.items]
        self.room_left = [self._room_for(item) for item in model.items]
        self.spare = {form: min(spare, _spare(model, form)) for form in _FORMS}
        self.items_of: dict[str, list[int]] = {certificate: [] for certificate in model.shops}
        for number, item in enumerate(model.items):
            if item.component.form is Form.PRACTICAL:
                self.items_of[item.certificate].append(number)
        self.slack = {certificate: self._slack(certificate) for certificate in model.shops}
        self.slots_left = dict(model.shop_slots)  # that the workshops of a certificate should be used in
        self.slots_open = {
            certificate: sum(sum(shop.open) for shop in shops) for certificate, shops in model.shops.items()
        }
        self.use: dict[tuple[int, int], list[Use]] = {}
        self.busy: set[tuple[str, int]] = set()
        self.noise = [rng.random() if rng else 0.0 for _ in model.items]
        self.strength = 0.0 if rng is None else rng.choice((0.5, 1.0, 2.0))

    def _room_for(self, item: Item) -> int:
        """How many the rooms' sessions of an item hold in all."""
        if item.component.form is Form.PRACTICAL:
            return 0
        return sum(seats * count for seats, count in zip(self._seats(item), item.classes or (), strict=True))

    def _seats(self, item: Item) -> list[int]:
        form = item.component.form
        places = self.model.rooms[form]
        by_size = {place.size: seats for place, seats in zip(places, item.seats, strict=True)}
        return [by_size[size] for size in self.model.classes[form]]

    def _slack(self, certificate: str) -> int:
        """Stations that may stay empty in the slots a workshop is used in."""
        shops = self.model.shops[certificate]
        largest = max(shop.size for shop in shops)
        held = (item.stations for item in self.model.items if item.certificate == certificate)
        return self.model.shop_slots[certificate] * largest - sum(held)

    def run(self) -> Schedule:
        """Go through all slots."""
        for at in range(self.model.slots_count):
            ready = self._ready(at)
            if ready:
                self._practicals(at, ready)
                for form in _FORMS:
                    self._rooms(at, form, ready)
        return self._result()

    # ---------------------------------------------------------------- who is ready

    def _ready(self, at: int) -> dict[int, list[list[float]]]:
        """Item -> [deadline, cohort, at, how many] of those who could sit it now."""
        found: dict[int, list[list[float]]] = {}
        due = self.due
        slots = self.model.slots_count
        for cohort, rows in enumerate(self.cum):
            chain = self.look.chain[cohort]
            until = self.look.until[cohort]
            opened = self.look.open[cohort]
            before = None
            for number, row in enumerate(rows):
                done = row[at]
                row[at + 1] = done
                able = (before[until[number][at]] if before is not None else self.model.cohorts[cohort].count) - done
                before = row
                if able > 0 and opened[number][at]:
                    person = self.model.cohorts[cohort].person
                    if person and (person, at) in self.busy:
                        continue
                    deadline = bisect_right(due[cohort][number], done) if due else slots
                    found.setdefault(chain[number], []).append([deadline, cohort, number, able])
        return found

    def _urgency(self, number: int, entries: list[list[float]]) -> tuple[float, float, int]:
        tails = self.look.tail
        deadline = min(entry[0] for entry in entries)
        tail = max(tails[int(entry[1])][int(entry[2])] for entry in entries)
        return deadline + self.strength * self.noise[number], -tail * (1 + 0.2 * self.noise[number]), number

    # ---------------------------------------------------------------- workshops

    def _practicals(self, at: int, ready: dict[int, list[list[float]]]) -> None:
        items = self.model.items
        slot = self.look.slot[at]
        wanting: dict[str, list[tuple[tuple[float, float, int], int]]] = {}
        for number, entries in ready.items():
            if items[number].component.form is Form.PRACTICAL:
                wanting.setdefault(items[number].certificate, []).append((self._urgency(number, entries), number))
        for certificate, index in self.look.shops[at]:
            if certificate in wanting:
                numbers = [number for _, number in sorted(wanting[certificate])]
                self._workshop(at, slot, certificate, index, numbers, ready)
            self.slots_open[certificate] -= 1

    def _workshop(
        self, at: int, slot: int, certificate: str, index: int, numbers: list[int], ready: dict[int, list[list[float]]]
    ) -> None:
        """Use a workshop in a slot, the most urgent levels first: unless too many stations would stay empty."""
        shop = self.model.shops[certificate][index]
        free, wasted = shop.size, 0
        plan: list[tuple[int, int]] = []
        spare = self.slots_open[certificate] > self.slots_left[certificate]
        for number in numbers:
            item = self.model.items[number]
            served = item.serves[slot]
            if not free or not served or (item.own and free < shop.size):
                continue
            cohorts = self.model.cohorts
            able = int(sum(entry[3] for entry in ready[number] if shop.ground or not cohorts[int(entry[1])].ground))
            count = min(able, free * served)
            if count < self.left[number] and count % served and self.slack[certificate] - wasted < 1:
                count -= count % served  # a station not used to the end would be missed later
            elif count < self.left[number] and count % served:
                wasted += 1
            if count <= 0:
                continue
            plan.append((number, count))
            free -= shop.size if item.own else -(-count // served)
        remaining = sum(self.left[number] for number in self.items_of[certificate]) - sum(count for _, count in plan)
        if not plan or (spare and remaining and wasted + free > self.slack[certificate]):
            return
        self.slack[certificate] -= wasted + free
        self.slots_left[certificate] -= 1
        for number, count in plan:
            seated = self._seat(at, number, ready[number], count, shop.ground)
            if seated:
                size = shop.size * self.model.items[number].serves[slot]
                self.use.setdefault((number, slot), []).append(Use(index, size, seated))

    # ---------------------------------------------------------------- rooms

    def _rooms(self, at: int, form: Form, ready: dict[int, list[list[float]]]) -> None:
        free = list(self.look.rooms[form][at])
        if not free:
            return
        items = self.model.items
        if self.loose:
            for number, entries in ready.items():
                if items[number].component.form is form:
                    count = int(sum(entry[3] for entry in entries))
                    seated = self._seat(at, number, entries, count, ground=True)
                    self.use.setdefault((number, self.look.slot[at]), []).append(Use(free[0], count, seated))
            return
        offers = sorted(
            self._urgency(number, entries) for number, entries in ready.items() if items[number].component.form is form
        )
        for _, _, number in offers:
            while free and self._room(at, form, number, ready[number], free):
                pass
            if not free:
                break

    def _room(self, at: int, form: Form, number: int, entries: list[list[float]], free: list[int]) -> bool:
        """Open a session of an item in one of the free rooms, when that is wise."""
        item = self.model.items[number]
        places = self.model.rooms[form]
        able = lower = 0
        for entry in entries:
            able += int(entry[3])
            if self.model.cohorts[int(entry[1])].ground:
                lower += int(entry[3])
        if not able:
            return False
        best: tuple[int, int, int, int] | None = None
        for kind, size in enumerate(self._seats(item)):
            if not self.classes[number][kind]:
                continue
            room = _smallest(free, item.seats, size, places, lower > 0)
            if room < 0:
                continue
            count = min(able if places[room].ground else able - lower, item.seats[room])
            if count <= 0 or self.room_left[number] - size < self.left[number] - count:
                continue
            option = (size - count, -count, kind, room)
            if best is None or option < best:
                best = option
        if best is None:
            return self._one_more(at, form, number, entries, free)
        _, minus, kind, room = best
        count = self._seat(at, number, entries, -minus, places[room].ground)
        if not count:
            return False
        self.classes[number][kind] -= 1
        self.room_left[number] -= self._seats(item)[kind]
        self.use.setdefault((number, self.look.slot[at]), []).append(Use(room, item.seats[room], count))
        free.remove(room)
        return True

    def _one_more(self, at: int, form: Form, number: int, entries: list[list[float]], free: list[int]) -> bool:
        """Open a session beyond the least number of an item, for those who may not sit later than now."""
        late = [entry for entry in entries if entry[0] <= at and entry[3] > 0]
        if not late or not self.spare[form]:
            return False
        item = self.model.items[number]
        places = self.model.rooms[form]
        lower = any(self.model.cohorts[int(entry[1])].ground for entry in late)
        able = sum(int(entry[3]) for entry in entries)
        room = _smallest(free, item.seats, able, places, lower)
        if room < 0:
            room = max(free, key=lambda one: (item.seats[one], places[one].ground == lower, -one))
        count = self._seat(at, number, entries, min(able, item.seats[room]), places[room].ground)
        if not count:
            return False
        self.spare[form] -= 1
        self.use.setdefault((number, self.look.slot[at]), []).append(Use(room, item.seats[room], count))
        free.remove(room)
        return True

    # ---------------------------------------------------------------- seating

    def _seat(self, at: int, number: int, entries: list[list[float]], count: int, ground: bool) -> int:
        """Seat so many, the most urgent first; how many sat (a person who is busy does not)."""
        seated = 0
        due = self.due
        while seated < count:
            best = None
            for entry in entries:
                if entry[3] > 0 and (ground or not self.model.cohorts[int(entry[1])].ground):
                    rank = (entry[0], -self.look.tail[int(entry[1])][int(entry[2])], entry[1])
                    if best is None or rank < best[0]:
                        best = rank, entry
            if best is None:
                break
            entry = best[1]
            cohort, place = int(entry[1]), int(entry[2])
            person = self.model.cohorts[cohort].person
            if person:
                if (person, at) in self.busy:
                    entry[3] = 0
                    continue
                self.busy.add((person, at))
            row = self.cum[cohort][place]
            taken = min(count - seated, int(entry[3]))
            if due and entry[0] < self.model.slots_count:
                taken = min(taken, due[cohort][place][int(entry[0])] - row[at + 1])
            row[at + 1] += taken
            entry[3] -= taken
            seated += taken
            if due:
                entry[0] = bisect_right(due[cohort][place], row[at + 1])
        self.left[number] -= seated
        return seated

    def _result(self) -> Schedule:
        flow: Flow = []
        for rows in self.cum:
            made = [[row[at + 1] - row[at] for at in range(self.model.slots_count)] for row in rows]
            flow.append([row[::-1] for row in made[::-1]] if self.look.backward else made)
        return trim(self.model, flow, self.use, backward=self.look.backward)


def _spare(model: Model, form: Form) -> int:
    """How many open rooms of a form are left when every item has its least number of sessions."""
    stock = sum(sum(place.open) for place in model.rooms[form])
    return max(0, stock - sum(item.sessions for item in model.items if item.component.form is form))


def _smallest(free: list[int], seats: list[int], size: int, places: list[Place], want_ground: bool) -> int:
    """The smallest free room that seats so many; on the ground floor where that is wanted, else rather not."""
    best: tuple[int, bool, int] | None = None
    for room in free:
        if seats[room] >= size:
            rank = (seats[room], places[room].ground != want_ground, room)
            if best is None or rank < best:
                best = rank
    return best[2] if best else -1


def due_of(look: View, schedule: Schedule, urgent: list[int], earlier: list[int] | None = None) -> Flow:
    """How urgent everybody is in a pass: cumulative counts of the other pass's result.

    `urgent` of a cohort at once; the others of a cohort so many slots `earlier`.
    """
    found: Flow = []
    for cohort, rows in enumerate(schedule.flow):
        turned = [row[::-1] for row in rows[::-1]] if look.backward else rows
        limit = look.model.cohorts[cohort].count
        shift = earlier[cohort] if earlier else 0
        made = []
        for row in turned:
            total = urgent[cohort]
            sums = []
            for count in row:
                total += count
                sums.append(min(limit, total))
            made.append(sums[shift:] + [limit] * min(shift, len(sums)))
        found.append(made)
    return found
