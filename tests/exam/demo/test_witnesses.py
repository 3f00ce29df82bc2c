"""The demo's ledger is watched by two servers that really answer."""

from dataclasses import replace

from certificates.ledger import actions
from certificates.ledger.jobs import seal
from exam.demo.witnesses import NAMES, witnessed
from exam.kernel.services import Services
from tests.certificates.ledger.test_actions import drafts


async def test_two_witnesses_cosign(services: Services) -> None:
    async with services.db.transaction() as session:
        await actions.append(session, drafts(2), now=services.clock.now())
    async with witnessed(services.settings) as settings:
        sealed = await seal(replace(services, settings=settings))
        async with witnessed(settings) as same:
            assert same is settings
    assert tuple(one.name for one in sealed.note.signatures[1:]) == NAMES
