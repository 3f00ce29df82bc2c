"""Station rotas, the books of sites and rooms with their contents, and the workbook for the platform."""

import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pikepdf
import pytest
from sqlalchemy import select, update

from exam.accounts.rules import Role
from exam.kernel.errors import Forbidden
from exam.kernel.ids import new_id
from exam.kernel.services import Services
from exam.registration.models import PersonRow
from exam.registration.queries.people import id_context
from scheduling.timetable import actions, documents, queries
from scheduling.timetable.documents import books
from scheduling.timetable.documents.platform import platform_book
from scheduling.timetable.documents.stations import rota_sheet, turnaround
from scheduling.timetable.queries import prints
from scheduling.timetable.rules.platform import CANDIDATES, SESSIONS, PlatformBatch, session_code
from scheduling.timetable.rules.prints import Book, Print, PrintOrder, RoomPack, Rota, by_room, rotas_of
from tests.exam.kernel.print_home import print_home
from tests.exam.registration.world import NOW, person
from tests.scheduling.world import World, close, make_world, register, site_head, staff

PEOPLE = 20
"""More than a workshop has stations: there is a second round."""


@pytest.fixture
async def world(services: Services) -> World:
    async with services.db.transaction() as session:
        made = await make_world(session)
        await register(session, made, PEOPLE, school=0)
        await staff(session, made, 0, 4, may_invigilate=True, may_head=True)
        await staff(session, made, 1, 3, may_invigilate=True, may_head=False, assess=True)
        await close(session, made)
        plan = await actions.propose(session, made.officer, batch_id=made.batch.id, seed=3, now=NOW)
        await actions.publish(session, made.officer, services.vault, plan_id=plan.id, now=NOW)
    return made


@pytest.fixture
async def packs(services: Services, world: World) -> list[RoomPack]:
    async with services.db.transaction() as session:
        return await queries.room_packs(session, world.officer, batch_id=world.batch.id)


def press(**changes: Any) -> documents.Press:
    home: Path = print_home()
    made = documents.Press(photos=lambda sha256: None, base_url="https://x.test", printed_by="考务", now=NOW, home=home)
    return replace(made, **changes)


# ---------------------------------------------------------------- the rota


def test_nothing_practical_has_no_rota(packs: list[RoomPack]) -> None:
    assert rotas_of([]) == []
    assert rotas_of(pack for pack in packs if not pack.component.form.practical) == []


def test_a_rota_has_everybody_once_at_their_station_and_round(packs: list[RoomPack]) -> None:
    found = rotas_of(packs)
    people = [line.registration.id for rota in found for pack in rota.packs for line in pack.seats]
    assert len(people) == len(set(people)) == PEOPLE
    rota = next(rota for rota in found if len(rota.rounds) > 1)
    sheet = rota_sheet(rota, documents.SHEETS[Print.ROTA], press())
    (table,) = sheet["tables"]
    shown = {
        (row["station"], place): cell["ticket_no"]
        for row in table["rows"]
        for place, cell in enumerate(row["cells"])
        if cell
    }
    wanted = {
        (f"{line.seat_no:02d}", rota.rounds.index((line.starts_at, line.ends_at))): line.ticket_no
        for pack in rota.packs
        for line in pack.seats
    }
    assert shown == wanted
    assert [one["count"] for one in table["rounds"]] == [
        sum(place == n for _, place in wanted) for n in range(len(rota.rounds))
    ]


def test_changing_over_and_waiting_are_told(packs: list[RoomPack]) -> None:
    rota = next(rota for rota in rotas_of(packs) if len(rota.rounds) > 1)
    first, second = rota.rounds[:2]
    assert turnaround(rota.rounds, 0) is None
    assert turnaround(rota.rounds, 1) == (second[0] - first[1]).total_seconds() // 60
    assert turnaround(((first[0], second[1]), second), 1) is None  # two rounds at a time: nothing to change over
    sheet = rota_sheet(rota, documents.SHEETS[Print.ROTA], press())
    opens = first[0] - timedelta(minutes=rota.first.room.terms.entry_minutes)
    assert sheet["tables"][0]["rounds"][0]["waiting"] == f"{opens + timedelta(hours=8):%H:%M}"


def test_a_long_day_goes_on_in_another_table(packs: list[RoomPack]) -> None:
    pack = next(pack for pack in packs if pack.component.form.practical)
    line = pack.seats[0]
    lines = [
        replace(
            line, starts_at=line.starts_at + timedelta(hours=n), ends_at=line.starts_at + timedelta(hours=n, minutes=50)
        )
        for n in range(8)
    ]
    rota = Rota(batch=pack.batch, site=pack.site, day=line.starts_at.date(), packs=(replace(pack, seats=tuple(lines)),))
    sheet = rota_sheet(rota, documents.SHEETS[Print.ROTA], press())
    assert [len(table["rounds"]) for table in sheet["tables"]] == [6, 2]
    assert sheet["tables"][1]["rounds"][0]["number"] == 7
    assert sheet["tables"][1]["rounds"][0]["turnaround"] == 10


# ---------------------------------------------------------------- books


def words_of(data: bytes) -> list[str]:
    """The titles of the pages in order: the bookmarks of what a book was bound from are gone, so its own are read."""
    with pikepdf.open(io.BytesIO(data)) as opened, opened.open_outline() as outline:
        return [item.title for item in outline.root]


async def made_books(services: Services, world: World, **named: Any) -> list[Book]:
    async with services.db.transaction() as session:
        return await prints.books(session, world.officer, batch_id=world.batch.id, **named)


async def test_a_sites_book_is_bound_by_day_room_and_session(services: Services, world: World) -> None:
    (book,) = await made_books(services, world)
    plan = books.planned(book)
    leaves = list(plan.leaves())
    rotas = len(rotas_of(book.packs))
    assert len(leaves) == len(set(leaves)) == 1 + len(book.letters) + len(book.days) + 4 * len(book.packs) + rotas
    assert leaves[0] == (Print.SCHEDULE, 0)
    assert [kind for kind, _ in leaves[1 : 1 + len(book.letters)]] == [Print.LETTERS] * len(book.letters)
    rest = leaves[1 + len(book.letters) :]
    assert rest[:5] == [(Print.HANDOVER, 0), *((kind, 0) for kind in books.OF_SESSION)]
    for day in book.days:
        walked = [(pack.place.code if pack.place else "", pack.room.starts_at) for pack in by_room(day.packs)]
        assert walked == sorted(walked)
    rota = rest.index((Print.ROTA, 0))
    practical = [n for n, pack in enumerate(book.packs) if pack.component.form.practical]
    assert rest[rota - 1][0] is Print.RECORD
    assert rest[rota - 1][1] in practical


async def test_a_book_counts_its_pages_through_and_tells_where_each_sheet_is(services: Services, world: World) -> None:
    (book,) = await made_books(services, world)
    told: list[tuple[int, int]] = []
    drawn = await documents.draw(Print.SITE_BOOK, [book], press(), lambda *said: told.append(said))
    assert drawn.name == f"考点资料包-{book.batch.code}-{book.site.code}.pdf"
    assert told[0] == (0, drawn.sheets)
    assert told[-1] == (drawn.sheets, drawn.sheets)
    with pikepdf.open(io.BytesIO(drawn.data)) as opened:
        assert len(opened.pages) >= drawn.sheets
        with opened.open_outline() as outline:
            titles = [item.title for item in outline.root]
            day = outline.root[3]
            first = day.children[1]
            assert [item.title for item in first.children][:4] == ["门贴", "座位表", "签到表", "考场情况记录单"]
        assert titles[0] == f"{book.site.name_zh} 目录"
        assert titles[1:3] == ["考务工作安排表", "派遣单"]
        lying = [page.mediabox[2] > page.mediabox[3] for page in opened.pages]
        assert not lying[0]
        assert lying[1]  # contents upright, work schedule lying


async def test_the_contents_name_the_page_a_sheet_begins_on(
    services: Services, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    (book,) = await made_books(services, world)
    plan = books.planned(book)
    lengths = {leaf: 2 if leaf[0] is Print.SIGN_IN else 1 for leaf in plan.leaves()}
    html = books._contents(book, plan, lengths, 1, documents.CONTENTS, press())
    letters, page = len(book.letters), 2 + 1 + len(book.letters)
    assert ">2</td>" in html  # the schedule
    assert f">{3}–{2 + letters}</td>" in html
    assert f"交接单　{page}<" in html
    for cell in (f">{page + 1}<", f">{page + 2}<", f">{page + 3}–{page + 4}<", f">{page + 5}<"):
        assert cell in html


async def test_every_room_has_its_own_book(services: Services, world: World) -> None:
    found = await made_books(services, world, rooms=True)
    assert len(found) == len({book.room.room_id for book in found if book.room}) == 2
    for book in found:
        assert book.room
        assert {pack.room.room_id for pack in book.packs} == {book.room.room_id}
        assert book.letters == ()
    (one,) = await made_books(services, world, rooms=True, room_id=found[0].room.room_id if found[0].room else None)
    assert one.packs == found[0].packs
    drawn = await documents.draw(Print.ROOM_BOOK, found, press())
    assert words_of(drawn.data) == [f"{one.site.name_zh} {book.room.room_name} 目录" for book in found if book.room]
    alone = await documents.draw(Print.ROOM_BOOK, [one], press())
    assert alone.name == f"考场资料包-{one.batch.code}-{one.site.code}-{one.room.room_name if one.room else ''}.pdf"


async def test_a_head_has_the_book_of_the_own_site_only(services: Services, world: World) -> None:
    head, stranger = site_head(world.site_id), site_head(new_id())
    order = PrintOrder(batch_id=world.batch.id, what=Print.SITE_BOOK, site_id=world.site_id)
    async with services.db.transaction() as session:
        assert len(await queries.material(session, head, services.vault, order)) == 1
        for actor, asked in (
            (stranger, order),
            (head, replace(order, site_id=None)),
            (head, replace(order, what=Print.PLATFORM)),
        ):
            with pytest.raises(Forbidden):
                await queries.material(session, actor, services.vault, asked)


# ---------------------------------------------------------------- the workbook for the platform


async def sealed(services: Services, numbers: dict[str, str]) -> None:
    """Give everybody a number that opens; `numbers` by name."""
    async with services.db.transaction() as session:
        for row in (await session.scalars(select(PersonRow))).all():
            number = services.vault.seal(numbers.get(row.name, "42999919990101001X"), id_context(row.id))
            await session.execute(update(PersonRow).where(PersonRow.id == row.id).values(id_sealed=number))


def rows_of(data: bytes, name: str) -> list[dict[str, Any]]:
    sheet = openpyxl.load_workbook(io.BytesIO(data))[name]
    (heads, *rows) = [[cell.value for cell in row] for row in sheet.iter_rows()]
    return [dict(zip(heads, row, strict=True)) for row in rows]


async def test_the_platform_is_told_of_every_session_and_sitting(
    services: Services, world: World, packs: list[RoomPack]
) -> None:
    await sealed(services, {"考生000": "429999200001010028"})
    order = PrintOrder(batch_id=world.batch.id, what=Print.PLATFORM)
    async with services.db.transaction() as session:
        found = await queries.material(session, world.officer, services.vault, order)
        with pytest.raises(Forbidden):
            other = person(Role.EXAM_OFFICER, "organisation", new_id())
            await prints.platform_batch(session, other, services.vault, batch_id=world.batch.id)
    drawn = await documents.draw(Print.PLATFORM, found, press())
    assert drawn.name == f"平台上报表-{world.batch.code}.xlsx"
    sessions, people = rows_of(drawn.data, "场次"), rows_of(drawn.data, "考生")
    assert drawn.sheets == 2
    assert list(sessions[0]) == [column.head for column in SESSIONS]
    assert list(people[0]) == [column.head for column in CANDIDATES]
    assert [row["场次编号"] for row in sessions] == [session_code(pack) for pack in packs]
    assert len({row["场次编号"] for row in sessions}) == len(packs)
    assert sum(int(row["应考人数"]) for row in sessions) == len(people) == 2 * PEOPLE
    mine = [row for row in people if row["姓名"] == "考生000"]
    assert {row["证件号码"] for row in mine} == {"429999200001010028"}
    assert [row["科目"] for row in mine] == ["理论", "实操"]
    held = {(row["场次编号"], row["日期"], row["考场"]) for row in sessions}
    assert all((row["场次编号"], row["日期"], row["考场"]) in held for row in people)


async def test_every_cell_is_text_and_none_a_formula(packs: list[RoomPack], world: World) -> None:
    pack = packs[0]
    line = pack.seats[0]
    bad = replace(line.registration, name='=HYPERLINK("x")', class_name="+1", major="@x", major_code="007")
    found = PlatformBatch(
        batch=pack.batch,
        packs=(replace(pack, seats=(replace(line, registration=bad),)),),
        id_numbers={bad.person_id: "429999200001010028"},
        schools={},
    )
    data, rows = platform_book(found)
    assert rows == 2
    book = openpyxl.load_workbook(io.BytesIO(data))
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.value is None or (cell.data_type == "s" and cell.number_format == "@"), cell
                assert cell.quotePrefix
    (row,) = rows_of(data, "考生")
    assert (row["姓名"], row["班级"], row["专业"], row["专业代码"]) == ('=HYPERLINK("x")', "+1", "@x", "007")
    assert platform_book(found)[0] == data


def test_a_batch_without_sessions_has_heads_alone(packs: list[RoomPack]) -> None:
    data, rows = platform_book(PlatformBatch(batch=packs[0].batch, packs=(), id_numbers={}, schools={}))
    assert rows == 0
    assert rows_of(data, "场次") == rows_of(data, "考生") == []
