"""Everybody has a first page, also where nothing has happened yet."""

import re

import httpx
import pytest

from exam.accounts import actions
from exam.accounts.rules import SYSTEM, Grant, Role
from exam.kernel.services import Services
from tests.conftest import NOW

PASSWORD = "correct horse battery"
STAFF = [role for role in Role if role not in (Role.SYSTEM, Role.CANDIDATE)]


async def sign_in(client: httpx.AsyncClient, services: Services, *roles: Role) -> None:
    grants = [Grant(role) for role in roles]
    async with services.db.transaction() as session:
        await actions.create_staff(
            session, SYSTEM, login="someone", name="林示例", password=PASSWORD, grants=grants, now=NOW
        )
    html = (await client.get("/sign-in")).text
    found = re.search(r'name="_csrf_token" value="([^"]+)"', html)
    assert found
    await client.post("/sign-in", data={"_csrf_token": found[1], "login": "someone", "secret": PASSWORD})


async def test_a_visitor_checks_certificates_first(client: httpx.AsyncClient) -> None:
    html = (await client.get("/")).text
    assert html.index('name="number"') < html.index('name="file"') < html.index("/sign-in?kind=candidate")


@pytest.mark.parametrize("role", STAFF)
async def test_every_role_has_a_first_page_before_anything_happened(
    client: httpx.AsyncClient, services: Services, role: Role
) -> None:
    await sign_in(client, services, role)
    answer = await client.get("/")
    assert answer.status_code == 200
    assert "林示例" in answer.text
    assert "%(" not in answer.text
    assert len(answer.content) < 100_000


async def test_a_candidate_without_a_registration_is_told_whom_to_ask(
    client: httpx.AsyncClient, services: Services
) -> None:
    await sign_in(client, services, Role.CANDIDATE)
    assert "请联系报名院校" in (await client.get("/")).text


async def test_who_serves_on_site_lands_on_the_day_and_not_in_the_office(
    client: httpx.AsyncClient, services: Services
) -> None:
    await sign_in(client, services, Role.INVIGILATOR, Role.ASSESSOR)
    assert 'class="site"' in (await client.get("/")).text


async def test_the_style_guide_is_small_enough(client: httpx.AsyncClient) -> None:
    answer = await client.get("/style-guide")
    assert answer.status_code == 200
    assert len(answer.content) < 100_000


async def test_the_search_is_for_those_who_may_read(client: httpx.AsyncClient, services: Services) -> None:
    await sign_in(client, services, Role.INVIGILATOR)
    assert (await client.get("/search?q=示例")).status_code == 403


async def test_a_search_without_words_asks_for_them_and_one_without_finds_says_how(
    client: httpx.AsyncClient, services: Services
) -> None:
    await sign_in(client, services, Role.EXAM_OFFICER)
    assert "没有找到" not in (await client.get("/search")).text
    for words in ("没有这个人", "420126050001018", "%", "' OR 1=1 --", "_"):
        answer = await client.get("/search", params={"q": words})
        assert answer.status_code == 200
        assert "没有找到" in answer.text
