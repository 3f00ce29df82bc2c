"""Printed documents: what stands on them, one head a sheet, photos where there are any, nothing from an address."""

import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from exam.kernel.clock import CHINA
from exam.kernel.i18n import Locale
from exam.kernel.services import Services
from scheduling.timetable import actions, documents, queries
from scheduling.timetable.documents import Press
from scheduling.timetable.documents.rooms import grid
from scheduling.timetable.rules.prints import Print, RoomPack, SiteDay, Ticket
from tests.exam.kernel.print_home import print_home
from tests.exam.registration.world import NOW
from tests.scheduling.world import World, close, make_world, register, staff

SHA = "a" * 64


@pytest.fixture
def home() -> Path:
    return print_home()


@pytest.fixture
async def world(services: Services) -> World:
    async with services.db.transaction() as session:
        made = await make_world(session)
        await register(session, made, 5, school=0)
        await staff(session, made, 0, 4, may_invigilate=True, may_head=True)
        await staff(session, made, 1, 3, may_invigilate=True, may_head=False, assess=True)
        await close(session, made)
        plan = await actions.propose(session, made.officer, batch_id=made.batch.id, seed=3, now=NOW)
        await actions.publish(session, made.officer, services.vault, plan_id=plan.id, now=NOW)
    return made


@pytest.fixture
async def cards(services: Services, world: World) -> list[Ticket]:
    async with services.db.transaction() as session:
        return await queries.tickets(session, world.officer, services.vault, batch_id=world.batch.id)


@pytest.fixture
async def packs(services: Services, world: World) -> list[RoomPack]:
    async with services.db.transaction() as session:
        return await queries.room_packs(session, world.officer, batch_id=world.batch.id)


def pages(data: bytes) -> int:
    with pikepdf.open(io.BytesIO(data)) as opened:
        return len(opened.pages)


def html_of(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect what would be drawn instead of drawing it."""
    seen: list[str] = []

    async def keep(parts: list[str], **named: object) -> bytes:
        seen.extend(parts)
        return b"%PDF"

    monkeypatch.setattr(documents, "render_pdfs", keep)
    return seen


def photo(sha256: str) -> bytes | None:
    out = io.BytesIO()
    Image.new("RGB", (50, 70), "white").save(out, "JPEG")
    return out.getvalue()


def no_photo(sha256: str) -> bytes | None:
    return None


def press(home: Path, *, photos: documents.Photos = no_photo, locale: Locale = "zh", by: str = "考务") -> Press:
    return Press(photos=photos, base_url="https://x.test", printed_by=by, now=NOW, locale=locale, home=home)


@pytest.mark.parametrize("what", Print)
async def test_nothing_to_print_is_said(what: Print, home: Path) -> None:
    with pytest.raises(documents.NothingToPrint):
        await documents.draw(what, [], press(home))


def test_every_kind_is_in_the_table_once() -> None:
    assert set(documents.SHEETS) == set(Print) - {
        Print.PACK,
        Print.ROOM_BOOK,
        Print.SITE_BOOK,
        Print.PLATFORM,
        Print.CORRECTION,
    }
    for field in ("document", "code", "title"):
        assert len({getattr(sheet, field) for sheet in documents.SHEETS.values()}) == len(documents.SHEETS)


async def test_a_ticket_is_one_page_with_its_photo(cards: list[Ticket], home: Path) -> None:
    cards = [replace(card, registration=replace(card.registration, photo_sha256=SHA)) for card in cards]
    told: list[tuple[int, int]] = []
    drawn = await documents.draw(Print.TICKETS, cards, press(home, photos=photo), lambda *said: told.append(said))
    assert pages(drawn.data) == drawn.sheets == len(cards) == 5
    assert drawn.name == f"准考证-{cards[0].batch.code}-5.pdf"
    assert told == [(0, 5), (5, 5)]


async def test_a_ticket_tells_everything_but_keeps_the_secret_out_of_the_address(
    cards: list[Ticket], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = html_of(monkeypatch)
    await documents.draw(Print.TICKETS, cards, press(print_home()))
    (html,) = seen
    card = cards[0]
    for text in (
        card.registration.name,
        card.secret,
        "429999********001X",
        "演示学校1考点",
        "学院路 1 号",
        "理论",
        "实操",
    ):
        assert text in html
    assert f"https://x.test/sign-in?kind=candidate&amp;ticket={card.ticket_no}" in html
    assert f"{card.secret}&" not in html
    assert "asset:photo-" not in html


async def test_english_tickets_are_english(cards: list[Ticket], monkeypatch: pytest.MonkeyPatch) -> None:
    seen = html_of(monkeypatch)
    await documents.draw(Print.TICKETS, cards, press(print_home(), locale="en", by="Office"))
    assert "Rules for candidates" in seen[0]
    assert "考生须知" not in seen[0]


async def test_a_room_pack_holds_four_sheets_a_room(packs: list[RoomPack], home: Path) -> None:
    drawn = await documents.draw(Print.PACK, packs, press(home))
    assert pages(drawn.data) == drawn.sheets == 4 * len(packs)


async def test_the_seat_plan_is_seen_from_the_platform(packs: list[RoomPack], monkeypatch: pytest.MonkeyPatch) -> None:
    theory = next(pack for pack in packs if pack.component.seq == 1)
    plan = grid(theory)
    front, back = plan["grid"][-1], plan["grid"][0]
    assert front[-1]["seat"] == "01"  # right-hand front
    assert back[-1]["seat"] == f"{len(plan['grid']):02d}"  # the first column runs to the back
    seen = html_of(monkeypatch)
    await documents.draw(Print.SEATS, [theory], press(print_home()))
    assert all(line.registration.name in seen[0] for line in theory.seats)


async def test_letters_say_every_duty_and_a_head_has_one_line_a_day(
    services: Services, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with services.db.transaction() as session:
        letters = await queries.letters(session, world.officer, batch_id=world.batch.id)
    heads = [letter for letter in letters if any(line.duty == "site_head" for line in letter.lines)]
    assert [len(letter.lines) for letter in heads] == [1]
    seen = html_of(monkeypatch)
    await documents.draw(Print.LETTERS, letters, press(print_home()))
    assert all(letter.name in seen[0] for letter in letters)


async def test_a_door_list_of_many_breaks_into_two_columns(
    packs: list[RoomPack], monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = packs[0]
    seats = tuple(replace(pack.seats[0], seat_no=number) for number in range(1, 26))
    seen = html_of(monkeypatch)
    await documents.draw(Print.DOOR, [replace(pack, seats=seats)], press(print_home()))
    assert seen[0].count('class="mid door-seat"') == 25
    assert seen[0].count(">座位</th>") == 2


async def test_a_name_the_fonts_cannot_draw_is_not_printed(cards: list[Ticket], home: Path) -> None:
    rare = replace(cards[0], registration=replace(cards[0].registration, name="王𠮷"))
    with pytest.raises(documents.CharacterMissing) as refusal:
        await documents.draw(Print.TICKETS, [rare], press(home))
    assert refusal.value.facts["characters"] == "𠮷"


@pytest.fixture
async def days(services: Services, world: World) -> list[SiteDay]:
    async with services.db.transaction() as session:
        return await queries.site_days(session, world.officer, batch_id=world.batch.id, site_id=world.site_id)


async def test_the_schedule_of_a_site_names_everybody_and_when_to_be_there(
    days: list[SiteDay], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = html_of(monkeypatch)
    drawn = await documents.draw(Print.SCHEDULE, days, press(print_home()))
    assert (drawn.sheets, len(seen)) == (1, 1)
    html = seen[0]
    for pack in (pack for day in days for pack in day.packs):
        arrive = (pack.room.starts_at - timedelta(minutes=60)).astimezone(CHINA)
        assert f"{arrive:%H:%M}</td>" in html
        assert all(duty.name in html for duty in pack.team)
        assert not any(line.registration.name in html for line in pack.seats)
    assert html.count("考点其他岗位") == 1


async def test_a_hand_over_sheet_counts_out_and_back_with_two_signatures_each(
    days: list[SiteDay], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = html_of(monkeypatch)
    drawn = await documents.draw(Print.HANDOVER, days, press(print_home()))
    assert drawn.sheets == len(days)
    sessions = sum(len(day.packs) for day in days)
    html = "".join(seen)
    assert html.count('<th scope="row">领取</th>') == html.count('<th scope="row">交回</th>') == sessions
    assert html.count("上传回执") == sum(pack.component.form == "computer" for day in days for pack in day.packs)
    assert html.count("已签名评分表") == sum(pack.component.form.practical for day in days for pack in day.packs)
    assert html.count("<td></td><td></td></tr>") == 2 * sessions  # handed over by, received by


async def test_the_papers_of_a_site_are_one_page_a_day(days: list[SiteDay], home: Path) -> None:
    for what in (Print.SCHEDULE, Print.HANDOVER):
        drawn = await documents.draw(what, days, press(home))
        assert pages(drawn.data) == drawn.sheets, what


@pytest.mark.parametrize("what", [Print.DOOR, Print.SCHEDULE, Print.HANDOVER])
async def test_places_have_their_english_names(
    days: list[SiteDay], what: Print, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = html_of(monkeypatch)
    pack = days[0].packs[0]
    site = replace(pack.site, name_en="Sample Site")
    packs = [replace(pack, site=site, room=replace(pack.room, room_name_en="Computer Room 9"))]
    material = packs if what is Print.DOOR else [replace(days[0], site=site, packs=tuple(packs))]
    await documents.draw(what, material, press(print_home(), locale="en"))
    assert "Sample Site" in seen[0]
    assert "Computer Room 9" in seen[0]
