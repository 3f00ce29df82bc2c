"""What a reader sees of the day: the own scope only, as numbers too; and a version that changes with what is shown."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from exam.command.board import SITES_SHOWN, board
from exam.command.rules import RoomFacts, Snapshot, troubles
from exam.registration.rules import Prefecture, UnitKind
from exam.signals.rules import Sight
from tests.conftest import NOW
from tests.exam.command.test_rules import room

HERE = room(1)
THERE = room(
    2,
    site_id=UUID(int=81),
    site_code="420500-01",
    site_name="峡州考点",
    prefecture_code="420500",
    batch_id=UUID(int=91),
)
FAR = room(3, site_id=UUID(int=82), site_name="别省考点", prefecture_code="410100", batch_id=UUID(int=92), expected=99)
PLACES = {
    code: Prefecture(code=code, name_zh=code, name_en=code, kind=UnitKind.CITY, unit_code=code, tile_x=number, tile_y=0)
    for number, code in enumerate(("420100", "420500", "410100"))
}


def day(*rooms: RoomFacts, minutes: float = -10) -> Snapshot:
    now = NOW + timedelta(minutes=minutes)
    return Snapshot(at=now, rooms=rooms, found={one.id: tuple(troubles(one, now)) for one in rooms})


def test_each_scope_sees_its_own_and_counts_nothing_else() -> None:
    today = day(HERE, THERE, FAR)
    province = board(today, Sight(provinces=frozenset({"42"})), PLACES)
    assert (province.totals.expected, province.problems_count) == (20, 2)
    assert [tile.code for tile in province.tiles] == ["420100", "420500"]
    officer = board(today, Sight(batches=frozenset({UUID(int=91)})), PLACES)
    assert (officer.totals.rooms, officer.tiles) == (1, ())
    head = board(today, Sight(sites=frozenset({HERE.site_id})), PLACES)
    assert [one.name_zh for one in head.rows] == [HERE.room_name]
    assert board(today, Sight(), PLACES).totals.rooms == 0
    assert "别省" not in repr(province) and "别省" not in repr(head)


def test_a_prefecture_and_a_site_narrow_it() -> None:
    today, view = day(HERE, THERE, FAR), Sight(all_provinces=True)
    assert board(today, view, PLACES, "420500").totals.rooms == 1
    one = board(today, view, PLACES, site_id=THERE.site_id)
    assert one.site == THERE and one.rows[0].cells[0].href == f"/exam/sittings/rooms/{THERE.id}"
    assert board(today, Sight(provinces=frozenset({"42"})), PLACES, site_id=FAR.site_id).totals.rooms == 0


def test_many_sites_wait_for_a_prefecture() -> None:
    rooms = [room(number, site_id=UUID(int=number)) for number in range(1, SITES_SHOWN + 2)]
    found = board(day(*rooms), Sight(all_provinces=True), PLACES)
    assert (found.rows, found.sites_count) == ((), SITES_SHOWN + 1)
    assert len(board(day(*rooms[1:]), Sight(all_provinces=True), PLACES).rows) == SITES_SHOWN


def test_the_version_is_that_of_what_is_shown() -> None:
    view = Sight(provinces=frozenset({"42"}))
    first = board(day(HERE, THERE, FAR), view, PLACES)
    assert board(day(HERE, THERE, FAR), view, PLACES).version == first.version
    assert board(day(HERE, THERE, replace(FAR, present=5)), view, PLACES).version == first.version
    assert board(day(HERE, replace(THERE, present=1), FAR), view, PLACES).version != first.version
    assert board(replace(day(HERE, THERE, FAR), stale=True), view, PLACES).version != first.version
