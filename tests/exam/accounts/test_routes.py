"""The sign-in pages and the edge: cookies, CSRF, headers, refusals as pages and as problem documents."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from exam.accounts import actions
from exam.accounts.rules import SYSTEM, Grant, Role
from exam.kernel.services import Services
from tests.conftest import NOW

PASSWORD = "correct horse battery"


@pytest.fixture
async def visitor(client: httpx.AsyncClient, services: Services) -> AsyncIterator[httpx.AsyncClient]:
    async with services.db.transaction() as session:
        await actions.create_staff(session, SYSTEM, login="officer", name="示例", password=PASSWORD,
                                   grants=[Grant(Role.EXAM_OFFICER)], now=NOW)  # fmt: skip
    yield client


async def post(client: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    """Send a form as the browser would: with the token of the page it stands on."""
    html = (await client.get("/sign-in")).text
    found = re.search(r'name="_csrf_token" value="([^"]+)"', html)
    assert found
    return await client.post(path, data={"_csrf_token": found[1], **fields})


async def test_signs_in_and_goes_where_it_was_asked(visitor: httpx.AsyncClient) -> None:
    answer = await post(visitor, "/sign-in", login="officer", secret=PASSWORD, next="/exam/accounts/me")
    assert (answer.status_code, answer.headers["location"]) == (303, "/exam/accounts/me")
    cookie = next(value for value in answer.headers.get_list("set-cookie") if value.startswith("kaowu_session="))
    assert "HttpOnly" in cookie and "samesite=lax" in cookie.lower()
    me = await visitor.get("/exam/accounts/me")
    assert me.status_code == 200
    assert "考务管理员" in me.text


@pytest.mark.parametrize("elsewhere", ["https://example.org/", "//example.org", "/\\example.org", "javascript:1"])
async def test_never_sends_people_elsewhere(visitor: httpx.AsyncClient, elsewhere: str) -> None:
    answer = await post(visitor, "/sign-in", login="officer", secret=PASSWORD, next=elsewhere)
    assert answer.headers["location"] == "/"


async def test_a_wrong_password_keeps_the_login_and_not_the_secret(visitor: httpx.AsyncClient) -> None:
    answer = await post(visitor, "/sign-in", login="officer", secret="wrong-secret-value")
    assert answer.status_code == 422
    assert "账号或密码不正确" in answer.text
    assert 'value="officer"' in answer.text
    assert "wrong-secret-value" not in answer.text


async def test_an_empty_form_is_a_page_and_not_a_defect(visitor: httpx.AsyncClient) -> None:
    assert (await post(visitor, "/sign-in")).status_code == 422


async def test_a_form_without_its_token_changes_nothing(visitor: httpx.AsyncClient) -> None:
    answer = await visitor.post("/sign-in", data={"login": "officer", "secret": PASSWORD})
    assert answer.status_code == 403
    assert "页面已过期" in answer.text
    assert "kaowu_session" not in visitor.cookies


async def test_a_page_behind_a_guard_leads_to_the_sign_in(visitor: httpx.AsyncClient) -> None:
    answer = await visitor.get("/exam/accounts/me?tab=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Fexam%2Faccounts%2Fme%3Ftab%3D1")


async def test_a_program_gets_a_problem_document(visitor: httpx.AsyncClient) -> None:
    answer = await visitor.get("/no-such-page", headers={"Accept": "application/json"})
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["code"] == "NotFound"


async def test_the_language_switch_speaks_english(visitor: httpx.AsyncClient) -> None:
    answer = await visitor.get("/language/en?back=/sign-in")
    assert answer.headers["location"] == "/sign-in"
    english = await visitor.get("/sign-in")
    assert 'lang="en"' in english.text
    assert english.headers["content-language"] == "en"


async def test_every_answer_has_the_security_headers(visitor: httpx.AsyncClient) -> None:
    for path in ("/sign-in", "/no-such-page", "/static/kaowu.css"):
        answer = await visitor.get(path)
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self'" in policy and "unsafe-inline" not in policy, path
        assert answer.headers["x-content-type-options"] == "nosniff", path


async def test_signing_out_forgets_the_session_on_the_server(visitor: httpx.AsyncClient) -> None:
    await post(visitor, "/sign-in", login="officer", secret=PASSWORD)
    token = visitor.cookies["kaowu_session"]
    await post(visitor, "/sign-out")
    visitor.cookies.set("kaowu_session", token)
    assert (await visitor.get("/exam/accounts/me")).status_code == 303


@pytest.mark.parametrize("field", ["\x00", "a" * 100_000, "💥", "' OR 1=1 --"])
async def test_odd_text_is_refused_and_never_a_defect(visitor: httpx.AsyncClient, field: str) -> None:
    assert (await post(visitor, "/sign-in", login=field, secret=field)).status_code in {422, 429}
