"""Before issue: an organisation's own design, written by one officer and approved by another, comes into force."""

import asyncio
from dataclasses import replace
from uuid import UUID

from certificates.designs import actions, queries
from certificates.designs.checker import every_problem
from certificates.designs.rules.records import PRESS
from certificates.issuing.documents import compile_design
from exam.demo.stage import Stage
from exam.registration import queries as registration

_INK, _GOLD = ("#0b4644", "#6e1423"), ("#6d5a24", "#5c4a12")


async def put_in_force(stage: Stage, batch_id: UUID) -> str:
    """The first organisation of a batch gets a design in wine red; returns its name."""
    officer, second, now = stage.cast["issuer"], stage.cast["issuer2"], stage.services.clock.now()
    home = stage.services.settings.home
    async with stage.change() as session:
        batch = await registration.batch(session, batch_id)
        id = await actions.begin(
            session, officer, title="酒红版式", organisation_id=min(batch.organisation_ids), based_on="", now=now
        )
        plain = (await queries.design(session, officer, id)).source
        red = replace(plain, style=plain.style.replace(*_INK).replace(*_GOLD))
        await actions.save(session, officer, id=id, source=red, revision=1, now=now)
        one = await queries.design(session, officer, id)
    problems = await asyncio.to_thread(every_problem, one.source, home)
    await asyncio.to_thread(compile_design, one.template, home)
    async with stage.change() as session:
        await actions.submit(session, officer, id=id, tried=one.sha256, problems=problems, now=now)
    async with stage.change() as session:
        await actions.approve(session, second, id=id, now=now)
        await actions.publish(session, officer, id=id, way=PRESS, now=now)
    return one.name
