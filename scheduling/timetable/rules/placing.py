"""One site: its components in order, each in the earliest room and time that holds (list scheduling).

Sessions with a paper fill a room and share their start with other sites where that costs nothing (H9); at
practical stations the candidates come in waves, one candidate a station, with a turnaround between (H6).
Whoever cannot have all components is given none: a ticket is whole or it is not printed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random

from scheduling.timetable.rules.calendar import starts
from scheduling.timetable.rules.plan import Unplaced, UnplacedReason
from scheduling.timetable.rules.problem import Candidate, Part, Place, Problem, SchemeParts, Taken, Venue


class Mode(StrEnum):
    """How eagerly a site is filled; tried in this order until everybody is placed."""

    COMMON = "common"  # start together with other sites, wait until a room can be filled, fill rooms equally
    EQUAL = "equal"  # wait until a room can be filled, fill rooms equally
    PACKED = "packed"  # wait until a room can be filled, leave no seat of it empty
    EARLY = "early"  # start as soon as anybody is ready, leave no seat empty


@dataclass(frozen=True, slots=True)
class Block:
    """A session with its people, before seats are drawn."""

    site_id: str
    room_id: str
    scheme_id: str
    part: Part
    start: int
    candidates: tuple[Candidate, ...]

    @property
    def end(self) -> int:
        return self.start + self.part.duration_minutes


@dataclass
class Board:
    """What is occupied: rooms and people, published or placed so far, and the starts each component already has."""

    problem: Problem
    rooms: dict[str, list[Taken]] = field(default_factory=dict)
    people: dict[str, list[Taken]] = field(default_factory=dict)
    starts: dict[str, dict[int, int]] = field(default_factory=dict)  # component -> start -> sessions

    @classmethod
    def of(cls, problem: Problem) -> Board:
        return cls(
            problem,
            {room: list(taken) for room, taken in problem.taken_rooms.items()},
            {person: list(taken) for person, taken in problem.taken_people.items()},
        )

    def fork(self, venue: Venue, candidates: Iterable[Candidate]) -> Board:
        """A board on which one site can be tried without touching this one."""
        people = {candidate.person_id for candidate in candidates}
        return Board(
            self.problem,
            {place.id: list(self.rooms.get(place.id, ())) for place in venue.places},
            {person: list(self.people.get(person, ())) for person in people},
            self.starts,
        )

    def add(self, block: Block) -> None:
        """Occupy the room and the people of a block."""
        taken = Taken(start=block.start, end=block.end, site_id=block.site_id)
        self.rooms.setdefault(block.room_id, []).append(taken)
        for candidate in block.candidates:
            self.people.setdefault(candidate.person_id, []).append(taken)

    def room_free(self, place: Place, start: int, end: int, turnaround: int) -> bool:
        return all(
            end + turnaround <= taken.start or taken.end + turnaround <= start for taken in self.rooms.get(place.id, ())
        )

    def person_free(self, person_id: str, start: int, end: int, site_id: str) -> bool:
        hours = self.problem.hours
        for taken in self.people.get(person_id, ()):
            gap = hours.gap_minutes if taken.site_id == site_id else hours.travel_minutes
            if not (end + gap <= taken.start or taken.end + gap <= start):
                return False
        return True


@dataclass
class Attempt:
    """The outcome of one try at a site."""

    blocks: list[Block]
    left: list[Unplaced]

    @property
    def cost(self) -> tuple[int, int]:
        return (len(self.left), len(self.blocks))


def place_site(board: Board, venue: Venue, candidates: Sequence[Candidate], seed: int) -> Attempt:
    """Try the modes, then other orders of the schemes, until nobody is left; keep the best."""
    best: Attempt | None = None
    for number, mode in enumerate((*Mode, *[Mode.EARLY, Mode.PACKED] * 3)):
        order = _order(
            board.problem, candidates, Random(f"{seed}:{venue.code}:{number}") if number >= len(Mode) else None
        )
        attempt = _attempt(board.fork(venue, candidates), venue, order, mode)
        if best is None or attempt.cost < best.cost:
            best = attempt
        if not best.left:
            break
    assert best is not None
    return best


def _order(
    problem: Problem, candidates: Sequence[Candidate], random: Random | None
) -> list[tuple[SchemeParts, list[Candidate]]]:
    """Schemes with their candidates, the longest work first, or in a drawn order."""
    by_scheme: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        by_scheme.setdefault(candidate.scheme_id, []).append(candidate)
    for members in by_scheme.values():
        members.sort(key=lambda member: (member.institution_id or "~", member.id))
    keys = sorted(by_scheme, key=lambda key: (-len(by_scheme[key]), key))
    if random is not None:
        random.shuffle(keys)
    return [(problem.scheme_by_id[key], by_scheme[key]) for key in keys]


def _attempt(board: Board, venue: Venue, order: list[tuple[SchemeParts, list[Candidate]]], mode: Mode) -> Attempt:
    blocks: list[Block] = []
    left: list[Unplaced] = []
    for scheme, members in order:
        ready: dict[str, int] = {}
        failed: dict[str, Unplaced] = {}
        placed: list[Block] = []
        for part in scheme.parts:
            waiting = [c for c in members if part.id in c.part_ids and c.id not in failed]
            found, lost = _component(board, venue, scheme, part, waiting, ready, mode)
            placed += found
            failed |= {unplaced.candidate_id: unplaced for unplaced in lost}
        blocks += _without(board, placed, failed)
        left += failed.values()
    return Attempt(blocks, left)


def _component(
    board: Board,
    venue: Venue,
    scheme: SchemeParts,
    part: Part,
    waiting: list[Candidate],
    ready: dict[str, int],
    mode: Mode,
) -> tuple[list[Block], list[Unplaced]]:
    """Open sessions for one component until nobody waits or no start is left."""
    finder = _Finder(board, venue, scheme, part, ready)
    blocks: list[Block] = []
    while waiting:
        block = finder.next_block(waiting, mode)
        if block is None:
            return blocks, finder.reasons(waiting)
        board.add(block)
        gone = {candidate.id for candidate in block.candidates}
        waiting = [candidate for candidate in waiting if candidate.id not in gone]
        ready.update(dict.fromkeys(gone, block.end + board.problem.hours.gap_minutes))
        blocks.append(block)
    return blocks, []


class _Finder:
    """Looks for the next session of one component at one site."""

    def __init__(self, board: Board, venue: Venue, scheme: SchemeParts, part: Part, ready: Mapping[str, int]) -> None:
        problem = board.problem
        hours = problem.hours
        practical = part.form.practical
        self.board, self.venue, self.scheme, self.part, self.ready = board, venue, scheme, part, ready
        self.turnaround = hours.practical_turnaround_minutes if practical else hours.turnaround_minutes
        self.places = sorted(
            (place for place in venue.places if place.serves(part.form, scheme.certificate_id) and place.usable > 0),
            key=lambda place: (place.usable, place.code),
        )
        grid = hours.practical_grid_minutes if practical else hours.grid_minutes
        every = starts(hours, part.duration_minutes, grid, problem.first_day, problem.days_count, venue.closed_on)
        licensed = {
            index
            for index in range(problem.days_count)
            if venue.licence(scheme.certificate_id, scheme.level, problem.day(index * 1440))
        }
        self.starts = [minute for minute in every if minute // 1440 in licensed]
        self.allowed = frozenset(self.starts)

    def next_block(self, waiting: list[Candidate], mode: Mode) -> Block | None:
        """The next session: with other sites if that loses nobody, else the first at which a room can be had."""
        if not self.places:
            return None
        soonest = min(self.ready.get(candidate.id, 0) for candidate in waiting)
        patient = soonest if mode is Mode.EARLY or self.part.form.practical else self._room_full(waiting)
        if mode is Mode.COMMON and not self.part.form.practical:
            common = self.board.starts.get(self.part.id, {})
            for start in sorted(common):
                if (
                    start >= patient
                    and start in self.allowed
                    and (block := self._open(waiting, start, mode))
                    and self._as_good(block, waiting)
                ):
                    return block
        for floor in dict.fromkeys((patient, soonest)):
            for start in self.starts:
                if start >= floor and (block := self._open(waiting, start, mode)):
                    return block
        return None

    def _room_full(self, waiting: list[Candidate]) -> int:
        """When enough people are ready to fill the largest room."""
        enough = min(len(waiting), self.places[-1].usable)
        return sorted(self.ready.get(candidate.id, 0) for candidate in waiting)[enough - 1]

    def _as_good(self, block: Block, waiting: list[Candidate]) -> bool:
        return len(block.candidates) >= min(len(waiting), _share(len(waiting), self.places[-1].usable))

    def _open(self, waiting: list[Candidate], start: int, mode: Mode) -> Block | None:
        end = start + self.part.duration_minutes
        free = [place for place in self.places if self.board.room_free(place, start, end, self.turnaround)]
        if not free:
            return None
        able = [
            candidate
            for candidate in waiting
            if self.ready.get(candidate.id, 0) <= start
            and self.board.person_free(candidate.person_id, start, end, self.venue.id)
        ]
        able = _one_each(able)
        if not able:
            return None
        place = next((place for place in free if place.usable >= len(able)), free[-1])
        equal = mode in (Mode.COMMON, Mode.EQUAL)
        chosen = tuple(able[: _share(len(able), place.usable) if equal else place.usable])
        return Block(self.venue.id, place.id, self.scheme.id, self.part, start, chosen)

    def reasons(self, waiting: list[Candidate]) -> list[Unplaced]:
        """Why these are left: a clash where a room was still to be had, else seats short."""
        found: list[Unplaced] = []
        length = self.part.duration_minutes
        for candidate in waiting:
            open_later = any(
                self.ready.get(candidate.id, 0) <= start
                and any(self.board.room_free(place, start, start + length, self.turnaround) for place in self.places)
                for start in self.starts
            )
            reason = UnplacedReason.CLASH if open_later else UnplacedReason.CAPACITY
            found.append(
                Unplaced(candidate_id=candidate.id, reason=reason, part_id=self.part.id, site_id=self.venue.id)
            )
        return found


def _share(people: int, seats: int) -> int:
    """How many go into the first of the fewest sessions that hold these people, so that all are about equally full."""
    return math.ceil(people / math.ceil(people / seats))


def _one_each(candidates: list[Candidate]) -> list[Candidate]:
    """At most one registration per person."""
    found: dict[str, Candidate] = {}
    for candidate in candidates:
        found.setdefault(candidate.person_id, candidate)
    return list(found.values())


def _without(board: Board, blocks: list[Block], failed: Mapping[str, Unplaced]) -> list[Block]:
    """Take the failed out of the sessions they already had, and close sessions nobody is left in."""
    if not failed:
        return blocks
    kept: list[Block] = []
    for block in blocks:
        staying = tuple(candidate for candidate in block.candidates if candidate.id not in failed)
        if staying == block.candidates:
            kept.append(block)
            continue
        taken = Taken(start=block.start, end=block.end, site_id=block.site_id)
        for candidate in block.candidates:
            if candidate.id in failed:
                board.people[candidate.person_id].remove(taken)
        if staying:
            kept.append(Block(block.site_id, block.room_id, block.scheme_id, block.part, block.start, staying))
        else:
            board.rooms[block.room_id].remove(taken)
    return kept
