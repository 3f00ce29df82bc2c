"""The timetable solver: every site in turn, what overflows goes to the next choice, then papers and seats.

Simple and honest: a constructive heuristic without a proof of optimality. It promises that no hard constraint
is violated and that everybody is placed or listed with a reason; :mod:`checker` tests that without sharing code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from scheduling.timetable.rules import seats
from scheduling.timetable.rules.demand import Choice, Group, choices, groups
from scheduling.timetable.rules.placing import Block, Board, place_site
from scheduling.timetable.rules.plan import Placement, Plan, Seat, Session, Unplaced, UnplacedReason
from scheduling.timetable.rules.problem import Candidate, Place, Problem
from scheduling.timetable.rules.runs import Progress, Stage, silent


def solve(problem: Problem, seed: int, progress: Progress = silent) -> Plan:
    """Place every candidate or list the reason. Same problem and seed: same plan, whatever the input's order."""
    board = Board.of(problem)
    wishes, unplaced = _wishes(problem, progress)
    blocks: list[Block] = []
    placements: dict[str, Placement] = {}
    left: dict[str, Unplaced] = {}
    waiting = [candidate for candidate, _ in wishes.values()]
    for rank in range(max((len(found) for _, found in wishes.values()), default=0)):
        waiting = [candidate for candidate in waiting if len(wishes[candidate.id][1]) > rank]
        placed, refused = _round(board, wishes, waiting, rank, seed, progress)
        blocks += placed
        for candidate in (member for block in placed for member in block.candidates):
            choice = wishes[candidate.id][1][rank]
            placements[candidate.id] = Placement(
                candidate_id=candidate.id, site_id=choice.venue_id, reason=choice.reason
            )
        for reason in refused:
            left.setdefault(reason.candidate_id, reason)  # the first choice's reason is the one to mend
        waiting = [candidate for candidate in waiting if candidate.id not in placements]
    unplaced += [reason for candidate_id, reason in left.items() if candidate_id not in placements]
    return _finish(problem, seed, blocks, placements, _counted(problem, unplaced), progress)


def _wishes(
    problem: Problem, progress: Progress
) -> tuple[dict[str, tuple[Candidate, tuple[Choice, ...]]], list[Unplaced]]:
    wishes: dict[str, tuple[Candidate, tuple[Choice, ...]]] = {}
    unplaced: list[Unplaced] = []
    found_groups = groups(candidate for candidate in problem.candidates if candidate.part_ids)
    for number, group in enumerate(found_groups, start=1):
        progress(Stage.GROUPS, number, len(found_groups))
        found, reason = choices(problem, group)
        for candidate in group.candidates:
            wishes[candidate.id] = (candidate, found)
        unplaced += _each(group, reason)
    return wishes, unplaced


def _each(group: Group, reason: Unplaced | None) -> list[Unplaced]:
    return [replace(reason, candidate_id=candidate.id) for candidate in group.candidates] if reason else []


def _round(
    board: Board,
    wishes: Mapping[str, tuple[Candidate, tuple[Choice, ...]]],
    waiting: Iterable[Candidate],
    rank: int,
    seed: int,
    progress: Progress,
) -> tuple[list[Block], list[Unplaced]]:
    by_site: dict[str, list[Candidate]] = {}
    for candidate in waiting:
        by_site.setdefault(wishes[candidate.id][1][rank].venue_id, []).append(candidate)
    blocks: list[Block] = []
    left: list[Unplaced] = []
    done, total = len(wishes) - sum(map(len, by_site.values())), len(wishes)
    for site_id in sorted(by_site, key=lambda key: board.problem.venue_by_id[key].code):
        attempt = place_site(board, board.problem.venue_by_id[site_id], by_site[site_id], seed)
        for block in attempt.blocks:
            board.add(block)
            known = board.starts.setdefault(block.part.id, {})
            known[block.start] = known.get(block.start, 0) + 1
        blocks += attempt.blocks
        left += attempt.left
        done += len(by_site[site_id])
        progress(Stage.SESSIONS, done, total)
    return blocks, left


def _counted(problem: Problem, unplaced: list[Unplaced]) -> list[Unplaced]:
    """Put the number of missing seats, per site and form, into the capacity reasons."""
    form = {part.id: part.form for part in problem.part_by_id.values()}
    short = Counter((u.site_id, form[u.part_id]) for u in unplaced if u.reason is UnplacedReason.CAPACITY)
    return [
        replace(u, short=short[u.site_id, form[u.part_id]]) if u.reason is UnplacedReason.CAPACITY else u
        for u in sorted(unplaced, key=lambda item: item.candidate_id)
    ]


def _finish(
    problem: Problem,
    seed: int,
    blocks: list[Block],
    placements: Mapping[str, Placement],
    unplaced: list[Unplaced],
    progress: Progress,
) -> Plan:
    blocks = sorted(blocks, key=lambda block: (block.start, block.site_id, block.room_id))
    versions = _versions(blocks)
    sessions: list[Session] = []
    seated: list[Seat] = []
    places = {place.id: place for venue in problem.venues for place in venue.places}
    together = 0
    for done, block in enumerate(blocks, start=1):
        progress(Stage.SEATS, done, len(blocks))
        session = _session(block, versions)
        sessions.append(session)
        drawn = _draw(block, places[block.room_id], seed)
        together += drawn[1]
        seated += [
            Seat(session_key=session.key, candidate_id=candidate_id, part_id=block.part.id, seat_no=number)
            for number, candidate_id in enumerate(drawn[0], start=1)
        ]
    figures = {
        "candidates": len(placements) + len(unplaced),
        "placed": len(placements),
        "unplaced": len(unplaced),
        "sites": len({placement.site_id for placement in placements.values()}),
        "sessions": len(sessions),
        "sittings": len(seated),
        "versions": max((len(found) for found in _starts(_papers(blocks)).values()), default=0),
        "neighbours_same_institution": together,
    }
    return Plan(
        seed=seed,
        sessions=tuple(sessions),
        seats=tuple(seated),
        placements=tuple(placements[key] for key in sorted(placements)),
        unplaced=tuple(unplaced),
        figures=figures,
    )


def _session(block: Block, versions: Mapping[tuple[str, int], str]) -> Session:
    return Session(
        key=f"{block.room_id}@{block.start}",
        site_id=block.site_id,
        room_id=block.room_id,
        scheme_id=block.scheme_id,
        part_id=block.part.id,
        form=block.part.form,
        start=block.start,
        end=block.end,
        version=versions[block.part.id, block.start],
    )


def _draw(block: Block, place: Place, seed: int) -> tuple[list[str], int]:
    institution = {candidate.id: candidate.institution_id or candidate.person_id for candidate in block.candidates}
    drawn = seats.draw(list(institution.items()), place.usable, place.columns, f"{seed}:{block.room_id}:{block.start}")
    return drawn, seats.same_institution([institution[key] for key in drawn], place.usable, place.columns)


def _starts(blocks: Iterable[Block]) -> dict[str, list[int]]:
    found: dict[str, set[int]] = {}
    for block in blocks:
        found.setdefault(block.part.id, set()).add(block.start)
    return {part: sorted(minutes) for part, minutes in found.items()}


def _papers(blocks: Iterable[Block]) -> list[Block]:
    """The blocks that use a sealed paper. Station tasks are known beforehand or drawn on the spot."""
    return [block for block in blocks if not block.part.form.practical]


def _versions(blocks: list[Block]) -> dict[tuple[str, int], str]:
    """H9: sessions with a paper that start together share its version, others do not; a station's task is always A."""
    versions = {(block.part.id, block.start): version_name(0) for block in blocks}
    for part, minutes in _starts(_papers(blocks)).items():
        versions |= {(part, start): version_name(index) for index, start in enumerate(minutes)}
    return versions


def version_name(index: int) -> str:
    """A, B, ... Z, AA, AB, ..."""
    name = ""
    index += 1
    while index:
        index, letter = divmod(index - 1, 26)
        name = chr(ord("A") + letter) + name
    return name
