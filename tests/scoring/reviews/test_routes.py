"""Pages of reviews: asked for on a phone, accepted, looked at again and answered in the office."""

from decimal import Decimal

import httpx
import pytest

from exam.accounts import actions as accounts
from exam.accounts.rules import SYSTEM, Grant, Role, Scope
from exam.kernel.clock import FixedClock
from exam.kernel.services import Services
from scoring.marking import actions as marking
from scoring.marking.actions import NewMark
from scoring.marking.rules import MarkSource, PartState
from scoring.outcomes import actions as outcomes
from tests.scoring.pages import plain_text, post, sign_in
from tests.scoring.world import AFTER, PASSWORD, World, at_status, make_world


@pytest.fixture
async def world(services: Services, clock: FixedClock) -> World:
    clock.at = AFTER
    async with services.db.transaction() as session:
        made = await make_world(session, count=1, accounts=True)
        await at_status(session, made.batch_id, "scoring")
        new = [
            NewMark(registration_id=made.registrations[0], component_id=part.id, sitting_id=None, value=Decimal(50),
                    state=PartState.SCORED, source=MarkSource.THIRD_ENTRY)
            for part in made.scheme.components
        ]  # fmt: skip
        await marking.write_marks(session, made.typists[0], batch_id=made.batch_id, new=new, now=AFTER)
        await marking.verify_marks(session, made.verifier, batch_id=made.batch_id, now=AFTER)
        await outcomes.compute(session, made.verifier, batch_id=made.batch_id, now=AFTER)
        await outcomes.verify(session, made.verifier, batch_id=made.batch_id, now=AFTER)
        await outcomes.publish(session, made.publisher, batch_id=made.batch_id, now=AFTER)
        organisation = Scope("organisation", str(made.scheme.organisation_id))
        for login, grant in (
            ("candidate0", Grant(Role.CANDIDATE, Scope("registration", str(made.registrations[0])))),
            ("fresh", Grant(Role.SCORE_VERIFIER, organisation)),
        ):
            await accounts.create_staff(
                session, SYSTEM, login=login, name=login, password=PASSWORD, grants=[grant], now=AFTER
            )
    return made


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_the_whole_way(client: httpx.AsyncClient, world: World, language: str) -> None:
    await client.get(f"/language/{language}")
    await sign_in(client, "candidate0")
    page = (await client.get("/scoring/outcomes/mine")).text
    form = page.split('href="/scoring/reviews/mine?outcome=')[1].split('"')[0]
    address = f"/scoring/reviews/mine?outcome={form}"
    assert "%(" not in (await client.get(address)).text
    blank = await post(client, "/scoring/reviews", page=address, outcome_id=form, ground="adding", statement="")
    assert blank.status_code == 422
    sent = await post(
        client, "/scoring/reviews", page=address, outcome_id=form, ground="adding", statement="请核对合计"
    )
    assert sent.status_code == 303
    twice = await post(client, "/scoring/reviews", page=address, outcome_id=form, ground="adding", statement="再核")
    assert twice.status_code == 409
    assert (await client.get("/scoring/reviews")).status_code == 403
    await sign_in(client, "publisher")
    link = (await client.get("/scoring/reviews")).text.split('href="/scoring/reviews/')[-1].split('"')[0]
    review = f"/scoring/reviews/{link}"
    assert (await post(client, f"{review}/accept", page=review)).status_code == 303
    await sign_in(client, "verifier")
    own = await post(client, f"{review}/recheck", page=review, finding="upheld", answer="无误")
    assert own.status_code == 403
    await sign_in(client, "fresh")
    wrong = await post(client, f"{review}/recheck", page=review, finding="corrected", answer="有误")
    assert wrong.status_code == 422
    assert (
        await post(client, f"{review}/recheck", page=review, finding="upheld", answer="合计无误")
    ).status_code == 303
    await sign_in(client, "publisher")
    assert (await post(client, f"{review}/answer", page=review)).status_code == 303
    assert "%(" not in (await client.get(review)).text
    await sign_in(client, "candidate0")
    assert "合计无误" in plain_text((await client.get("/scoring/reviews/mine")).text)
