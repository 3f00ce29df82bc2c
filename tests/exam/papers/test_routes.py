"""The item bank's page: importing from text and file, sealing, and whose bank it is."""

import re

import httpx
import pytest

from exam.accounts.rules import SYSTEM
from exam.kernel.services import Services
from exam.papers import queries
from tests.conftest import NOW
from tests.exam.examroom import PASSWORD, ExamRoom, make_examroom

ITEM = "[判断|专业知识] 新的判断题\n= 对\n"


@pytest.fixture
async def room(services: Services) -> ExamRoom:
    """A world with an item author."""
    return await make_examroom(services, NOW, count=1)


async def enter(client: httpx.AsyncClient, login: str) -> str:
    """Sign in and return the CSRF token."""
    page = await client.get("/sign-in")
    csrf = re.findall(r'name="_csrf_token" value="([^"]*)"', page.text)[0]
    form = {"login": login, "secret": PASSWORD, "kind": "staff", "next": "/", "_csrf_token": csrf}
    assert (await client.post("/sign-in", data=form)).status_code == 303
    return str(re.findall(r'csrf-token" content="([^"]*)"', (await client.get("/")).text)[0])


async def post(client: httpx.AsyncClient, room: ExamRoom, csrf: str, items: str, file: bytes = b"") -> httpx.Response:
    data = {
        "certificate_id": str(room.world.web.certificate_id),
        "level": "elementary",
        "items": items,
        "_csrf_token": csrf,
    }
    files = {"file": ("items.txt" if file else "", file)}
    return await client.post("/exam/papers/items", data=data, files=files)


async def count(services: Services, room: ExamRoom) -> int:
    async with services.db.transaction() as session:
        return len(await queries.bank(session, room.world.web.certificate_id, room.world.web.level))


async def test_items_come_in_as_text_or_as_a_file(
    client: httpx.AsyncClient, services: Services, room: ExamRoom
) -> None:
    csrf = await enter(client, "author")
    before = await count(services, room)
    assert (await post(client, room, csrf, ITEM)).status_code == 303
    assert (await post(client, room, csrf, "", ITEM.replace("新的", "又一").encode("gb18030"))).status_code == 303
    assert (await post(client, room, csrf, "", ("\ufeff" + ITEM.replace("新的", "第三")).encode())).status_code == 303
    assert await count(services, room) == before + 3
    page = (await client.get("/exam/papers")).text
    assert str(before // 4) in page


@pytest.mark.parametrize("items", ["", "随便", ITEM + "[单选] 没有答案\nA. 甲\nB. 乙"])
async def test_one_wrong_line_takes_nothing_and_is_named(
    client: httpx.AsyncClient, services: Services, room: ExamRoom, items: str
) -> None:
    csrf = await enter(client, "author")
    before = await count(services, room)
    answer = await post(client, room, csrf, items)
    assert answer.status_code == 422
    assert "error-summary" in answer.text
    assert await count(services, room) == before


async def test_a_binary_file_is_refused(client: httpx.AsyncClient, services: Services, room: ExamRoom) -> None:
    csrf = await enter(client, "author")
    assert (await post(client, room, csrf, "", b"\x89PNG\x0d\x0a\x80\xff\xff")).status_code == 422


async def test_papers_are_drawn_and_sealed_from_the_page(
    client: httpx.AsyncClient, services: Services, room: ExamRoom
) -> None:
    csrf = await enter(client, "author")
    component = room.world.web.components[0]
    form = {"component_id": str(component.id), "versions": "3", "_csrf_token": csrf}
    assert (await client.post("/exam/papers/assemble", data=form)).status_code == 303
    async with services.db.transaction() as session:
        papers = await queries.papers(session, component_ids=[component.id])
        assert await queries.invariants(session) == []
        assert [line.scheme.id for line in await queries.bank_lines(session, SYSTEM)] != []
    assert sorted(paper.version for paper in papers) == ["A", "A", "B", "B", "C"]
    assert "朱" not in (await client.get("/exam/papers")).text


async def test_others_have_no_item_bank(client: httpx.AsyncClient, room: ExamRoom) -> None:
    await enter(client, "invigilator")
    assert (await client.get("/exam/papers")).status_code == 403
