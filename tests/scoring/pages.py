"""Signed-in clients for tests of the scoring pages."""

import re
from typing import Any

import httpx

from tests.scoring.world import PASSWORD


async def sign_in(client: httpx.AsyncClient, login: str) -> None:
    """Sign somebody of the world in."""
    client.cookies.delete("kaowu_session")
    answer = await post(client, "/sign-in", login=login, secret=PASSWORD)
    assert answer.status_code == 303, answer.text


async def post(
    client: httpx.AsyncClient, path: str, *, page: str = "", json: bool = False, **fields: Any
) -> httpx.Response:
    """Send a form with the token of the page it stands on."""
    html = (await client.get(page or path)).text
    found = re.search(r'csrf-token" content="([^"]+)"', html)
    assert found, html
    headers = {"Accept": "application/json"} if json else {}
    return await client.post(path, data={"_csrf_token": found[1], **fields}, headers=headers)


def plain_text(html: str) -> str:
    """The words of a page without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))
