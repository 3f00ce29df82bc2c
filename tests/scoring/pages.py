"""Signed-in clients for tests of the scoring pages."""

import re

import httpx

from tests.scoring.world import PASSWORD


async def sign_in(client: httpx.AsyncClient, login: str) -> None:
    """Sign somebody of the world in."""
    client.cookies.delete("kaowu_session")
    answer = await post(client, "/sign-in", login=login, secret=PASSWORD)
    assert answer.status_code == 303, answer.text


async def post(client: httpx.AsyncClient, path: str, *, page: str = "", **fields: str) -> httpx.Response:
    """Send a form with the token of the page it stands on."""
    return await client.post(path, data={"_csrf_token": await _token(client, page or path), **fields})


async def send(client: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    """Send a form as a script does: the answer is JSON."""
    data = {"_csrf_token": await _token(client, path), **fields}
    return await client.post(path, data=data, headers={"Accept": "application/json"})


async def _token(client: httpx.AsyncClient, page: str) -> str:
    html = (await client.get(page)).text
    found = re.search(r'csrf-token" content="([^"]+)"', html)
    assert found, html
    return found[1]


def plain_text(html: str) -> str:
    """The words of a page without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))
