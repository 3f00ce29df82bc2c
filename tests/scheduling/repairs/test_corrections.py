"""After an accepted repair: one pack of what has changed and nothing else, every sheet marked, what is void named."""

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from exam.kernel import pdf
from exam.kernel.crypto import Vault
from exam.kernel.errors import Forbidden
from exam.kernel.ids import new_id
from exam.sittings import queries as sittings
from scheduling.repairs import actions, queries
from scheduling.repairs.rules.asking import Asked
from scheduling.repairs.rules.repair import What
from scheduling.sites import queries as sites
from scheduling.timetable import documents
from scheduling.timetable import queries as timetable
from scheduling.timetable.documents import books, corrections, drawing
from scheduling.timetable.queries.corrections import changed
from scheduling.timetable.rules.lifecycle import PlanUnknown
from scheduling.timetable.rules.prints import Change, Correction, Print, PrintOrder
from tests.exam.kernel.print_home import print_home
from tests.exam.registration.world import NOW
from tests.scheduling.repairs.world import Published, propose, publish, stand
from tests.scheduling.world import site_head


@pytest.fixture
def vault() -> Vault:
    return Vault({"001": b"k" * 32}, "001")


@pytest.fixture(scope="module", autouse=True)
def children() -> Iterator[None]:
    yield
    pdf.close()


async def flooded(session: AsyncSession, vault: Vault) -> tuple[Published, Published]:
    """A computer room of the larger site is flooded: before and after."""
    before = await publish(session, vault)
    world = before.world
    room = next(one for one in before.rooms.values() if one.form == "computer" and one.site_id == world.site_id)
    site = next(one for one in await sites.sites(session) if one.id == world.site_id)
    code = next(one.code for one in site.rooms if one.id == room.room_id)
    repair_id = await propose(session, world, Asked(what=What.ROOM, site=site.code, room=code))
    await actions.accept(session, world.officer, vault, repair_id=repair_id, now=NOW)
    return before, await stand(session, world)


async def made(session: AsyncSession, vault: Vault, found: Published, **changes: object) -> Correction:
    order = PrintOrder(batch_id=found.world.batch.id, what=Print.CORRECTION, version=2)
    material = await timetable.material(session, found.world.officer, vault, replace(order, **changes))  # type: ignore[arg-type]
    (one,) = (one for one in material if isinstance(one, Correction))
    return one


async def test_only_what_changed_is_in_the_pack(session: AsyncSession, vault: Vault) -> None:
    before, after = await flooded(session, vault)
    world = before.world
    one = await made(session, vault, before)
    moved = {
        place.registration_id
        for id, place in before.places.items()
        if place.room_session_id != after.places[id].room_session_id
    }
    assert {card.registration.id for card in one.tickets} == moved
    assert (one.version, one.before, one.reason) == (2, 1, "水管爆裂")
    assert sorted((line.change, line.room.code) for line in one.rooms) == [(Change.GONE, "R1"), (Change.NEW, "R8")]
    (book,) = one.books
    assert (book.site.id, {pack.room.id for pack in book.bound}) == (
        world.site_id,
        after.rooms.keys() - before.rooms.keys(),
    )
    assert len(book.packs) > len(book.bound)  # the schedule tells of the whole site
    assert [day.day for day in book.handed] == [world.batch.first_day]
    own = await sittings.duties(session, batch_id=world.batch.id)
    fresh = {duty.name for duty in own if duty.session_id not in before.rooms}
    assert set(one.letters) == fresh
    kinds = [kind for kind, _ in books.planned(book).leaves()]
    assert kinds == [Print.SCHEDULE, *[Print.LETTERS] * len(fresh), Print.HANDOVER, *books.OF_SESSION]


async def test_a_site_has_its_own_rooms_and_no_tickets_and_an_institution_its_own_tickets(
    session: AsyncSession, vault: Vault
) -> None:
    before, _ = await flooded(session, vault)
    world = before.world
    other = next(one.id for one in await sites.sites(session) if one.id != world.site_id)
    own = await made(session, vault, before, site_id=world.site_id)
    assert (own.tickets, len(own.rooms), len(own.books)) == ((), 2, 1)
    untouched = await made(session, vault, before, site_id=other)
    assert (untouched.rooms, untouched.books) == ((), ())
    with pytest.raises(documents.NothingToPrint):
        await documents.draw(Print.CORRECTION, [untouched], press(print_home()))
    order = PrintOrder(batch_id=world.batch.id, what=Print.CORRECTION, version=2, site_id=world.site_id)
    assert await timetable.material(session, site_head(world.site_id), vault, order)
    for refused in (replace(order, site_id=None), replace(order, site_id=other)):
        with pytest.raises(Forbidden):
            await timetable.material(session, site_head(world.site_id), vault, refused)
    with pytest.raises(Forbidden):
        await timetable.material(session, site_head(new_id()), vault, order)
    cards = PrintOrder(batch_id=world.batch.id, what=Print.TICKETS, version=2, institution_id=world.schools[2].id)
    assert len(await timetable.material(session, world.secretaries[2], vault, cards)) == 0
    cards = replace(cards, institution_id=world.schools[0].id)
    assert len(await timetable.material(session, world.secretaries[0], vault, cards)) == 12
    assert cards.key != replace(cards, version=None).key


async def test_a_version_that_repairs_nothing_has_no_corrections(session: AsyncSession, vault: Vault) -> None:
    before, _ = await flooded(session, vault)
    for version in (0, 1, 3):
        with pytest.raises(PlanUnknown):
            await changed(session, before.world.batch.id, version)
    room = await timetable.print_room(session, before.world.officer, before.world.batch.id)
    assert [one.version for one in room.repaired] == [2]
    assert Print.CORRECTION not in room.kinds


async def test_every_sheet_says_what_it_makes_void(
    session: AsyncSession, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, _ = await flooded(session, vault)
    one = await made(session, vault, before)
    heads: list[str] = []
    real = drawing.parts
    monkeypatch.setattr(
        corrections, "parts", lambda kind, records, own: [_noted(heads, part) for part in real(kind, records, own)]
    )
    told: list[tuple[int, int]] = []
    drawn = await documents.draw(Print.CORRECTION, [one], press(print_home()), lambda *said: told.append(said))
    assert drawn.name == f"更正资料-{one.batch.code}-v2.pdf"
    assert told[-1] == (drawn.sheets, drawn.sheets)
    assert len(heads) == 2
    assert all("更正 第 2 版" in html and "第 1 版的同名表单作废" in html for html in heads)
    assert all(word in heads[0] for word in ("水管爆裂", "旧表作废，不再使用", "新增，见后", "演示学校1"))
    with pikepdf.open(io.BytesIO(drawn.data)) as opened, opened.open_outline() as outline:
        titles = [item.title[:3] for item in outline.root]
        assert titles == ["更正清", "准考证", one.books[0].site.name_zh[:3]]
        assert len(opened.pages) >= drawn.sheets
    assert (await queries.notices_of(session, before.world.officer, NOW)) == []


def _noted(heads: list[str], part: drawing.Part) -> drawing.Part:
    heads.append(part.html)
    return part


def press(home: Path) -> documents.Press:
    return documents.Press(photos=lambda sha256: None, base_url="https://x.test", printed_by="考务", now=NOW, home=home)
