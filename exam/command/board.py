"""What one reader sees of the day: totals, tiles of prefectures, sites by time, rooms of a site, problems on top. Pure."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from exam.command.rules import Found, RoomFacts, Snapshot, Totals, Trouble, tone_of, totals, worst
from exam.kernel.clock import CHINA
from exam.registration.rules import Prefecture
from exam.signals.rules import Sight

SITES_SHOWN = 60
PROBLEMS_SHOWN = 40
_KINDS = tuple(Trouble)


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One prefecture of the tile map."""

    code: str
    name_zh: str
    name_en: str
    tile_x: int
    tile_y: int
    state: str
    note: str
    href: str


@dataclass(frozen=True, kw_only=True)
class Cell:
    """Rooms of one site at one time, or one room: present of expected, the worst tone, what is wrong."""

    value: str
    tone: str
    words: str = ""  # msgid
    href: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One site, or one room."""

    name_zh: str
    name_en: str
    href: str
    cells: tuple[Cell, ...]

    @property
    def label(self) -> str:
        """The Chinese name."""
        return self.name_zh


@dataclass(frozen=True, kw_only=True)
class Board:
    """One reader's command centre."""

    at: datetime
    stale: bool
    totals: Totals
    tiles: tuple[Tile, ...]
    prefecture: Prefecture | None
    site: RoomFacts | None  # any room of the site that was chosen: it has its names
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    by_room: bool  # rows are rooms of one site
    sites_count: int
    unready: tuple[tuple[UUID, str], ...]  # sites without a readiness record, by code: id and name
    problems: tuple[tuple[RoomFacts, Found], ...]
    problems_count: int
    version: str  # changes with what is shown

    @property
    def live(self) -> dict[str, Any]:
        """What a stream says at once; the rest is fetched."""
        return {name: getattr(self.totals, name) for name in Totals.__dataclass_fields__} | {
            "problems": self.problems_count
        }


def board(
    snapshot: Snapshot,
    view: Sight,
    prefectures: Mapping[str, Prefecture],
    prefecture: str = "",
    site_id: UUID | None = None,
) -> Board:
    """Cut a reader's part out of the day. Nothing of anybody else's is in it, not even as a number."""
    own = [
        room
        for room in snapshot.rooms
        if view.sees(site_id=room.site_id, prefecture_code=room.prefecture_code, batch_ids=[room.batch_id], room_session_id=room.id)
    ]  # fmt: skip
    chosen = [room for room in own if prefecture in ("", room.prefecture_code) and site_id in (None, room.site_id)]
    problems = sorted(
        ((room, found) for room in chosen for found in snapshot.found[room.id]),
        key=lambda one: (one[1].weight, _KINDS.index(one[1].kind), -one[1].minutes, one[0].site_code, one[0].room_name),
    )  # fmt: skip
    columns = sorted({_time(room) for room in chosen})
    sites = {room.site_id for room in chosen}
    by_room = site_id is not None or len(sites) == 1
    rows = _rooms(chosen, columns, snapshot) if by_room else _sites(chosen, columns, snapshot)
    counted = totals(chosen, sum(bool(snapshot.found[room.id]) for room in chosen))
    tiles = _tiles(own, prefectures, snapshot)
    unready = {room.site_id: room for room in chosen if room.site_id not in snapshot.ready}
    seen = (
        sorted(unready),
        counted,
        [(room.id, one.kind, sorted(one.facts.items())) for room, one in problems],
        rows,
        tiles,
        snapshot.stale,
    )
    return Board(
        at=snapshot.at,
        stale=snapshot.stale,
        totals=counted,
        tiles=tiles,
        prefecture=prefectures.get(prefecture),
        site=chosen[0] if site_id is not None and chosen else None,
        columns=tuple(columns),
        rows=rows if by_room or len(sites) <= SITES_SHOWN else (),
        by_room=by_room,
        sites_count=len(sites),
        unready=tuple((id, room.site_name) for id, room in sorted(unready.items(), key=lambda one: one[1].site_code)),
        problems=tuple(problems[:PROBLEMS_SHOWN]),
        problems_count=len(problems),
        version=hashlib.sha256(repr(seen).encode()).hexdigest()[:16],
    )


def _time(room: RoomFacts) -> str:
    return f"{room.starts_at.astimezone(CHINA):%H:%M}"


def _tiles(rooms: Sequence[RoomFacts], prefectures: Mapping[str, Prefecture], snapshot: Snapshot) -> tuple[Tile, ...]:
    """Prefectures that hold rooms today; one alone needs no map."""
    grouped: dict[str, list[RoomFacts]] = defaultdict(list)
    for room in rooms:
        grouped[room.prefecture_code].append(room)
    if len(grouped) < 2:
        return ()
    return tuple(
        Tile(
            code=code, name_zh=prefectures[code].name_zh, name_en=prefectures[code].name_en,
            tile_x=prefectures[code].tile_x, tile_y=prefectures[code].tile_y,
            state=worst(tone_of(room, snapshot.found[room.id]) for room in own),
            note=f"{sum(room.present for room in own)}/{sum(room.expected for room in own)}",
            href=f"/exam/command?prefecture={code}",
        )
        for code, own in sorted(grouped.items())
        if code in prefectures
    )  # fmt: skip


def _sites(rooms: Sequence[RoomFacts], columns: Sequence[str], snapshot: Snapshot) -> tuple[Row, ...]:
    grouped: dict[UUID, list[RoomFacts]] = defaultdict(list)
    for room in rooms:
        grouped[room.site_id].append(room)

    def row(own: Sequence[RoomFacts]) -> Row:
        href = f"/exam/command?site={own[0].site_id}"
        return Row(
            name_zh=own[0].site_name, name_en=own[0].site_name_en, href=href,
            cells=tuple(_cell([room for room in own if _time(room) == column], snapshot, href) for column in columns),
        )  # fmt: skip

    ordered = sorted(grouped.values(), key=lambda own: (_ORDER[_tone(own, snapshot)], own[0].site_code))
    return tuple(row(own) for own in ordered)


def _rooms(rooms: Sequence[RoomFacts], columns: Sequence[str], snapshot: Snapshot) -> tuple[Row, ...]:
    grouped: dict[str, list[RoomFacts]] = defaultdict(list)
    for room in rooms:
        grouped[room.room_name].append(room)

    def cell(own: Sequence[RoomFacts]) -> Cell:
        return _cell(own, snapshot, f"/exam/sittings/rooms/{own[0].id}" if own else "")

    return tuple(
        Row(
            name_zh=name, name_en=own[0].room_name_en, href="",
            cells=tuple(cell([room for room in own if _time(room) == column]) for column in columns),
        )
        for name, own in sorted(grouped.items())
    )  # fmt: skip


_ORDER = {"stopped": 0, "warning": 1, "needs": 2, "plain": 3, "done": 4}


def _tone(rooms: Sequence[RoomFacts], snapshot: Snapshot) -> str:
    return worst(tone_of(room, snapshot.found[room.id]) for room in rooms)


def _cell(rooms: Sequence[RoomFacts], snapshot: Snapshot, href: str) -> Cell:
    if not rooms:
        return Cell(value="", tone="")
    found = [one for room in rooms for one in snapshot.found[room.id]]
    first = min(found, key=lambda one: one.weight, default=None)
    return Cell(
        value=f"{sum(room.present for room in rooms)}/{sum(room.expected for room in rooms)}",
        tone=_tone(rooms, snapshot), words=first.kind.value if first else "", href=href,
    )  # fmt: skip
