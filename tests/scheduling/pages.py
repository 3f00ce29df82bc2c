"""Signed-in clients for tests of pages."""

import re
from uuid import UUID

import httpx

from exam.accounts import actions as accounts
from exam.accounts.rules import SYSTEM, Actor
from exam.kernel.ids import new_id
from exam.kernel.services import Services

PASSWORD = "a long password"


async def account(services: Services, actor: Actor) -> str:
    """Make an account with the actor's grants and return its login."""
    login = f"user{new_id().hex[-8:]}"
    async with services.db.transaction() as session:
        await accounts.create_staff(
            session,
            SYSTEM,
            login=login,
            name=actor.name,
            password=PASSWORD,
            grants=actor.grants,
            now=services.clock.now(),
        )
    return login


async def sign_in(client: httpx.AsyncClient, services: Services, actor: Actor) -> None:
    """Let the client act as somebody with the actor's grants."""
    client.cookies.delete("kaowu_session")
    login = await account(services, actor)
    answer = await post(client, "/sign-in", page="/sign-in", login=login, secret=PASSWORD)
    assert answer.status_code == 303, answer.text


async def post(client: httpx.AsyncClient, path: str, *, page: str = "", **fields: object) -> httpx.Response:
    """Send a form with the token of the page it stands on."""
    html = (await client.get(page or path)).text
    found = re.search(r'name="_csrf_token" value="([^"]+)"', html) or re.search(r'csrf-token" content="([^"]+)"', html)
    assert found, html
    data = {name: str(value) if isinstance(value, UUID) else value for name, value in fields.items()}
    return await client.post(path, data={"_csrf_token": found[1], **data})
