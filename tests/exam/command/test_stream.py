"""The stream over a real database: it sends what changes, survives the end of every connection, and shows no foreign day."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from exam.accounts import actions as accounts
from exam.accounts.rules import SYSTEM, Grant, Role, Scope
from exam.command import snapshot
from exam.command.routes import changes
from exam.command.snapshot import Watch
from exam.kernel.clock import FixedClock
from exam.kernel.db import Database
from exam.kernel.services import Services
from exam.signals.rules import Sight
from exam.sittings import actions
from tests.conftest import NOW
from tests.exam.day import Day, make_day
from tests.scoring.pages import plain_text, sign_in
from tests.scoring.world import PASSWORD

START = NOW + timedelta(minutes=10)


async def opened(services: Services) -> Day:
    async with services.db.transaction() as session:
        day = await make_day(session, START, component=1, paper=False)
        await actions.open_room(session, SYSTEM, room_session_id=day.room.id, now=NOW - timedelta(minutes=1))
    return day


async def said(messages: AsyncIterator[Any], event: str) -> Any:
    """The next message of a kind."""
    async for one in messages:
        if one.event == event:
            return one
    raise AssertionError("the stream ended")


async def check_in(services: Services, day: Day, seat: int) -> None:
    async with services.db.transaction() as session:
        await actions.check_in(session, SYSTEM, sitting_id=day.ids[seat], now=NOW)


async def test_it_goes_on_when_postgresql_ends_every_connection(services: Services) -> None:
    day = await opened(services)
    watch = Watch(services.db, every=0.05)
    messages = aiter(changes(services, watch, Sight(provinces=frozenset({"42"})), "", None, ""))
    first = await said(messages, "board")
    assert json.loads(first.data)["present"] == 0
    other = Database(services.settings.database_url, pool_size=1)
    async with other.transaction() as session:
        await session.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                 " WHERE datname = current_database() AND pid <> pg_backend_pid()")
        )  # fmt: skip
    await other.dispose()
    await check_in(services, day, 0)
    second = await said(messages, "board")
    assert json.loads(second.data)["present"] == 1 and second.id != first.id


async def test_while_the_database_is_away_the_last_state_stays_and_is_called_old(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = await opened(services)
    watch = Watch(services.db, every=0.02)
    messages = aiter(changes(services, watch, Sight(all_provinces=True), "", None, ""))
    await said(messages, "board")

    async def away(*_: object) -> None:
        raise OSError("no server")

    with monkeypatch.context() as patch:
        patch.setattr(snapshot, "read", away)
        assert (await said(messages, "stale")).data == NOW.isoformat()
        assert (await watch.latest(NOW)).stale
    await check_in(services, day, 0)
    assert json.loads((await said(messages, "board")).data)["present"] == 1


async def test_who_comes_back_with_what_is_shown_is_told_nothing_twice(services: Services) -> None:
    day = await opened(services)
    watch, view = Watch(services.db, every=0.02), Sight(all_provinces=True)
    shown = (await said(aiter(changes(services, watch, view, "", None, "")), "board")).id
    again = aiter(changes(services, Watch(services.db, every=0.02), view, "", None, shown))
    await anext(again)
    await check_in(services, day, 0)
    assert json.loads((await said(again, "board")).data)["present"] == 1


async def test_all_readers_cost_one_reading(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    await opened(services)
    watch, count = Watch(services.db), 0
    real = snapshot.read

    async def counting(*given: Any) -> Any:
        nonlocal count
        count += 1
        return await real(*given)

    monkeypatch.setattr(snapshot, "read", counting)
    for _ in range(5):
        await watch.latest(NOW)
    assert count == 1


async def test_the_page_shows_the_own_day_only(
    client: httpx.AsyncClient, services: Services, clock: FixedClock
) -> None:
    day = await opened(services)
    clock.at = START + timedelta(minutes=1)
    grants = {
        "own": (Grant(Role.PROVINCE, Scope("province", "42")),),
        "other": (Grant(Role.PROVINCE, Scope("province", "41")),),
        "head": (Grant(Role.SITE_HEAD, Scope("site", str(day.room.site_id))),),
        "school": (Grant(Role.INSTITUTION, Scope("institution", "x")),),
    }
    async with services.db.transaction() as session:
        for login, granted in grants.items():
            await accounts.create_staff(
                session, SYSTEM, login=login, name=login, password=PASSWORD, grants=granted, now=NOW
            )
    await sign_in(client, "own")
    page = await client.get("/exam/command")
    words = plain_text(page.text)
    assert "入场偏慢" in words and "应到 3 人，入场 0 人" in words
    assert (await client.get("/exam/command/board")).text.count("data-board") == 1
    await sign_in(client, "other")
    page = await client.get(f"/exam/command?site={day.room.site_id}")
    assert "今天没有场次" in plain_text(page.text) and day.room.site_name not in page.text
    await sign_in(client, "head")
    assert "给本站点发通知" in (await client.get(f"/exam/command?site={day.room.site_id}")).text
    await sign_in(client, "school")
    for path in ("", "/board", "/stream"):
        assert (await client.get(f"/exam/command{path}")).status_code == 403
