"""Share codes: made by the holder only, shown once, live to the minute, ended and revoked like unknown, counted without names."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from certificates.issuing import actions as issuing
from certificates.issuing import jobs, queries
from certificates.issuing.rules.status import CertificateStatus
from certificates.sharing import actions
from certificates.sharing import queries as own
from certificates.sharing.rules import LIVE_LIMIT, NotShareable, TooManyShares
from certificates.verification.routes.shared import limiters
from exam.accounts import actions as accounts
from exam.accounts.rules import SYSTEM, Actor, Grant, Role, Scope
from exam.kernel import audit
from exam.kernel.clock import FixedClock
from exam.kernel.errors import NotFound
from exam.kernel.services import Services
from tests.certificates.conftest import TODAY

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def fresh() -> None:
    limiters.clear()


@pytest.fixture
async def one(services: Services, officer: Actor, batch_id: UUID) -> queries.Certificate:
    """The first certificate of a batch that was issued."""
    await jobs.issue_batch(services, officer, batch_id)
    async with services.db.transaction() as session:
        found, _ = await queries.page_of(session, officer, batch_id=batch_id, status=CertificateStatus.ISSUED, limit=1)
    return found[0]


@pytest.fixture
async def holder(services: Services, one: queries.Certificate) -> Actor:
    """The holder, who can sign in."""
    grants = [Grant(Role.CANDIDATE, Scope("person", str(one.person_id)))]
    async with services.db.transaction() as session:
        id = await accounts.create_staff(
            session, SYSTEM, login="holder", name=one.face.holder_name, password=PASSWORD, grants=grants, now=TODAY
        )
    return Actor(id, one.face.holder_name, tuple(grants))


@pytest.fixture
async def statements(services: Services) -> AsyncIterator[list[str]]:
    """The SQL statements of the public look-ups, in order."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    engine = services.db._reader.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


async def post(client: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    html = (await client.get("/verify")).text
    found = re.search(r'name="_csrf_token" value="([^"]+)"', html)
    assert found
    return await client.post(path, data={"_csrf_token": found[1], **fields})


async def make(services: Services, holder: Actor, one: queries.Certificate, **given: Any) -> tuple[UUID, str]:
    wanted: dict[str, Any] = {"days": 30, "shows_name": True, "shows_photo": True, "label": ""} | given
    async with services.db.transaction() as session:
        share, code = await actions.make(
            session, holder, services.vault, certificate_id=one.id, now=services.clock.now(), **wanted
        )
    return share.id, code


def bare(page: httpx.Response) -> str:
    """A page without what differs from request to request."""
    return re.sub(r'value="[^"]*"|<time.*?</time>|content="[^"]*"|href="[^"]*"', "", page.text)


async def test_a_holder_makes_a_code_and_takes_it_back(
    client: httpx.AsyncClient, services: Services, one: queries.Certificate, holder: Actor
) -> None:
    pages = f"/certificates/mine/{one.id}/shares"
    assert (await post(client, "/sign-in", login="holder", secret=PASSWORD)).status_code == 303
    assert pages in (await client.get("/certificates/mine")).text
    assert (await post(client, pages, days="31", name="true")).status_code == 422
    made = await post(client, pages, days="7", name="true", label="某某公司")
    link = re.search(r'value="http[^"]*(/s/[0-9A-Z-]+)"', made.text)
    assert link
    code = link[1].removeprefix("/s/")
    assert len(code.replace("-", "")) * 5 >= 112
    assert code not in (await client.get(pages)).text
    async with services.db.transaction() as session:
        kept = await session.scalar(text("SELECT row_to_json(s)::text FROM certificates.share_codes AS s"))
    assert code not in kept and code.replace("-", "") not in kept

    client.cookies.clear()
    seen = await client.get(link[1].lower())  # typed by hand
    assert one.face.holder_name in seen.text and "真实有效" in seen.text and "<img" not in seen.text
    assert (seen.headers["cache-control"], seen.headers["referrer-policy"]) == ("no-store", "no-referrer")
    assert seen.headers["x-robots-tag"].startswith("noindex")
    assert (await client.get(f"{link[1]}/photo")).status_code == 404
    assert (await client.get(link[1], headers={"Accept": "application/json"})).json()["verdict"] == "genuine"

    await post(client, "/sign-in", login="holder", secret=PASSWORD)
    listed = (await client.get(pages)).text
    assert "2 次，最近一次" in listed and "某某公司" in listed
    async with services.db.transaction() as session:
        (share,) = await own.shares(session, one.id)
    assert (await post(client, f"{pages}/{share.id}/revoke")).status_code == 303
    assert (await post(client, f"{pages}/{share.id}/revoke")).status_code == 409
    assert "分享码打不开" in (await client.get(link[1])).text
    async with services.db.transaction() as session:
        assert await audit.verify(session) == []
        done = "SELECT action FROM exam.audit_records WHERE stream = :stream ORDER BY seq"
        told = await session.scalars(text(done), {"stream": f"certificate:{one.id}"})
        assert list(told) == ["certificates.share_made", "certificates.share_revoked"]


async def test_ended_revoked_and_unknown_are_one_answer(
    client: httpx.AsyncClient,
    services: Services,
    one: queries.Certificate,
    holder: Actor,
    clock: FixedClock,
    statements: list[str],
) -> None:
    share_id, revoked = await make(services, holder, one)
    _, ended = await make(services, holder, one, days=7)
    _, live = await make(services, holder, one, days=90)
    async with services.db.transaction() as session:
        await actions.revoke(session, holder, certificate_id=one.id, share_id=share_id, now=clock.now())
    clock.at += timedelta(days=7)
    asked, pages = [], []
    for code in (revoked, ended, "0000-1111-2222-3333-4444-555"):
        statements.clear()
        answer = await client.get(f"/s/{code}")
        assert (answer.status_code, (await client.get(f"/s/{code}/photo")).status_code) == (200, 404)
        asked.append(list(statements))
        pages.append(bare(answer))
    assert asked[0] == asked[1] == asked[2]
    assert pages[0] == pages[1] == pages[2]
    assert one.face.holder_name not in pages[0]
    assert one.face.holder_name in (await client.get(f"/s/{live}")).text
    for _ in range(60 - 7):
        await client.get("/s/x")
    assert (await client.get(f"/s/{live}")).status_code == 429


async def test_a_code_shows_what_the_holder_chose_and_what_became_of_the_certificate(
    client: httpx.AsyncClient, services: Services, one: queries.Certificate, holder: Actor, officer: Actor
) -> None:
    _, masked = await make(services, holder, one, shows_name=False, shows_photo=False)
    _, full = await make(services, holder, one)
    assert one.face.holder_name not in (await client.get(f"/s/{masked}")).text
    assert f"/s/{full}/photo" in (await client.get(f"/s/{full}")).text
    picture = await client.get(f"/s/{full}/photo")
    assert picture.content == services.files.get(one.photo_sha256)
    assert picture.headers["cache-control"] == "no-store"
    async with services.db.transaction() as session:
        await issuing.revoke(
            session, officer, services.vault, certificate_id=one.id, reason="查实舞弊", now=services.clock.now()
        )
    after = await client.get(f"/s/{full}")
    assert "已撤销" in after.text and "<img" not in after.text
    assert (await client.get(f"/s/{full}/photo")).status_code == 404
    with pytest.raises(NotShareable):
        await make(services, holder, one)


async def test_nobody_else_makes_one_and_no_more_than_the_limit(
    services: Services, one: queries.Certificate, holder: Actor
) -> None:
    other = Actor(holder.account_id, "", (Grant(Role.CANDIDATE, Scope("person", str(UUID(int=1)))),))
    with pytest.raises(NotFound):
        await make(services, other, one)
    for _ in range(LIVE_LIMIT - 1):
        await make(services, holder, one)
    both = await asyncio.gather(*(make(services, holder, one) for _ in range(2)), return_exceptions=True)
    assert [type(each) for each in both if isinstance(each, Exception)] == [TooManyShares]
    with pytest.raises(IntegrityError):
        async with services.db.transaction() as session:
            await session.execute(text("UPDATE certificates.share_codes SET ends_at = made_at + interval '91 days'"))
