"""An installation of its own for a case: a home, a durable PostgreSQL with the whole schema, and tablets at work in it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Role, Scope
from exam.kernel.postgres import Server
from exam.migrations import upgrade
from scoring.tablets import actions
from scoring.tablets.rules.events import SheetKey
from tests.exam.day import person
from tests.scoring.tablets.world import Signer, Tablet
from tests.scoring.world import START, hold, make_world


@dataclass(frozen=True, kw_only=True)
class Installation:
    """Where the case's data is."""

    home: Path
    server: Server
    url: str


@contextmanager
def installation() -> Iterator[Installation]:
    """Start it empty; it is gone after the block."""
    with tempfile.TemporaryDirectory(prefix="kaowu-bench-") as folder:
        home = Path(folder)
        home.chmod(0o755)  # root's server runs as `nobody` and must pass
        server = Server(home)
        url = server.start()
        try:
            with ThreadPoolExecutor(1) as pool:  # Alembic runs a loop of its own
                pool.submit(upgrade, url).result()
            yield Installation(home=home, server=server, url=url)
        finally:
            server.stop()


async def deal_tablets(
    session: AsyncSession, *, candidates: int, tablets: int
) -> list[tuple[Tablet, Signer, list[SheetKey]]]:
    """A practical session with tablets given out, its assessors signed in on each, and all their sheets dealt among them."""
    world = await make_world(session, count=candidates, accounts=True)
    await hold(session, world, "P")
    room = world.rooms["P"]
    head = person(Role.SITE_HEAD, Scope("site", str(room.site_id)), name="head")
    sheets = [
        SheetKey(sitting_id=id, assessor_id=assessor.account_id)
        for (part, _), id in sorted(world.sittings.items(), key=lambda one: str(one[0]))
        if part == "P"
        for assessor in world.assessors
        if assessor.account_id is not None
    ]
    found = []
    for number in range(tablets):
        signer = Signer()
        id = await actions.register(
            session, head, site_id=room.site_id, label=f"T{number + 1:02d}", public_key=signer.public, now=START
        )
        await actions.give_out(session, head, tablet_id=id, room_session_id=room.id, now=START)
        for assessor in world.assessors:
            await actions.sign_in(session, assessor, tablet_id=id, now=START)
        found.append((Tablet(id), signer, sheets[number::tablets]))
    return found
