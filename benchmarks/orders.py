"""Part of the case `orders`: three assessors on three tablets without a line where two are asked, with a contradiction among their
sheets, delivered to a real database in many ways. Whatever came first, the marks must be the same: value, path, and whose sheets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.installation import installation
from exam.accounts.rules import Actor, Role, Scope
from exam.kernel.db import Database
from scoring.marking import queries as marking
from scoring.tablets import actions
from scoring.tablets.rules.events import Kind, SheetKey
from tests.exam.day import person
from tests.scoring.tablets.world import Signer, Tablet, batches, message
from tests.scoring.world import GOOD, START, World, hold, make_world

DELIVERIES: Final = 100
CANDIDATES: Final = 6
SEED: Final = 1
Marks = dict[str, tuple[Any, ...]]
Dealt = list[tuple[Tablet, Signer]]


def marks_in_any_order(deliveries: int = DELIVERIES) -> dict[str, Any]:
    """Deliver the same sheets again and again, each time onto the same empty room."""
    with installation() as found:
        return asyncio.run(_deliver(found.url, deliveries))


async def _deliver(url: str, deliveries: int) -> dict[str, Any]:
    db = Database(url)
    try:
        async with db.transaction() as session:
            world, dealt = await _deal(session)
            wanted: Marks | None = None
            different = 0
            for number in range(deliveries):
                trial = await session.begin_nested()
                marks = await _one(session, world, dealt, Random(f"{SEED} marks {number}"))
                await trial.rollback()
                session.expire_all()
                wanted = marks if wanted is None else wanted
                different += marks != wanted
    finally:
        await db.engine.dispose()
    return {"deliveries": deliveries, "marks": len(wanted or {}), "marks_different": different}


async def _deal(session: AsyncSession) -> tuple[World, Dealt]:
    """A tablet for each of three assessors, every candidate's sheet signed on it; one assessor signs one of them twice."""
    world = await make_world(session, count=CANDIDATES, accounts=True, third=True)
    await hold(session, world, "P")
    room = world.rooms["P"]
    head = person(Role.SITE_HEAD, Scope("site", str(room.site_id)), name="head")
    dealt: Dealt = []
    for place, assessor in enumerate(_three(world)):
        signer = Signer()
        id = await actions.register(
            session, head, site_id=room.site_id, label=f"T{place}", public_key=signer.public, now=START
        )
        await actions.give_out(session, head, tablet_id=id, room_session_id=room.id, now=START)
        await actions.sign_in(session, assessor, tablet_id=id, now=START)
        tablet = Tablet(id)
        assert assessor.account_id is not None
        for index in range(CANDIDATES):
            random = Random(f"{SEED} sheet {place} {index}")
            key = SheetKey(sitting_id=world.sittings["P", index], assessor_id=assessor.account_id)
            for _ in range(2 if (place, index) == (0, 0) else 1):
                answers = {**GOOD, "C1": random.randrange(9)}
                tablet.write(Kind.SIGNED, key, answers=answers, overtime=0, note="")
        dealt.append((tablet, signer))
    return world, dealt


def _three(world: World) -> Sequence[Actor]:
    assert world.third is not None
    return (*world.assessors, world.third)


async def _one(session: AsyncSession, world: World, dealt: Dealt, random: Random) -> Marks:
    """One delivery: every tablet's events cut, doubled and shuffled among the others', sheets entered after each message."""
    room = world.rooms["P"].id
    sent = [(one, batch) for one in dealt for batch in batches(one[0].events, random, doubled=0.3, longest=3)]
    random.shuffle(sent)
    for (tablet, signer), batch in sent:
        said = message(tablet, batch)
        await actions.take(session, said, signer.sign(said.body), now=START)
        await actions.project(session, room_session_id=room, now=START)
    return {
        str(one.sitting_id): (one.value, one.detail["path"], sorted(map(str, one.entered_by)))
        for one in await marking.marks(session, batch_id=world.batch_id, detail=True)
    }
