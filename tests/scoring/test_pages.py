"""The pages of scoring in a browser: axe finds nothing serious, nothing is cut off, in the office and on a phone."""

import os
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from exam.accounts import actions as accounts
from exam.accounts.rules import SYSTEM, Grant, Role, Scope
from exam.kernel.clock import FixedClock
from exam.kernel.services import Services
from scoring.marking import actions as marking
from scoring.marking.actions import NewMark
from scoring.marking.rules import MarkSource, PartState
from scoring.outcomes import actions as outcomes
from scoring.outcomes import queries
from scoring.reviews import actions as reviews
from scoring.reviews.rules import Ground
from tests.scoring.world import AFTER, PASSWORD, World, at_status, make_world
from tests.templates.axe import axe

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = pytest.mark.browser
COUNT = 24


@pytest.fixture
async def world(services: Services, clock: FixedClock) -> World:
    """A published batch with all four conclusions and one request for a review."""
    clock.at = AFTER
    async with services.db.transaction() as session:
        made = await make_world(session, count=COUNT, accounts=True)
        await at_status(session, made.batch_id, "scoring")
        new = []
        for index, one in enumerate(made.registrations):
            for place, part in enumerate(made.scheme.components):
                state = PartState.ABSENT if (index, place) == (5, 1) else PartState.SCORED
                state = PartState.VOID if (index, place) == (7, 0) else state
                value = Decimal(38 + (index * 7 + place * 11) % 60) if state is PartState.SCORED else None
                new.append(NewMark(registration_id=one, component_id=part.id, sitting_id=None, state=state, value=value,
                                   source=MarkSource.THIRD_ENTRY, entered_by=[made.typists[0].account_id or one]))  # fmt: skip
        await marking.write_marks(session, made.typists[0], batch_id=made.batch_id, new=new, now=AFTER)
        await marking.verify_marks(session, made.verifier, batch_id=made.batch_id, now=AFTER)
        await outcomes.compute(session, made.verifier, batch_id=made.batch_id, now=AFTER)
        await outcomes.verify(session, made.verifier, batch_id=made.batch_id, now=AFTER)
        await outcomes.publish(session, made.publisher, batch_id=made.batch_id, now=AFTER)
        scope = Scope("registration", str(made.registrations[0]))
        await accounts.create_staff(session, SYSTEM, login="candidate0", name="考生1", password=PASSWORD,
                                    grants=[Grant(Role.CANDIDATE, scope)], now=AFTER)  # fmt: skip
        (line,) = await queries.mine(session, made.candidate(1))
        assert line.outcome is not None
        await reviews.request_review(session, made.candidate(1), outcome_id=line.outcome.id, ground=Ground.ADDING,
                                     statement="请核对实操合计", now=AFTER)  # fmt: skip
    return made


async def _sign_in(page: "Page", live: str, login: str) -> None:
    await page.context.clear_cookies()
    await page.goto(live + "/sign-in")
    await page.fill("#login", login)
    await page.fill("#secret", PASSWORD)
    await page.click("main form button[type=submit]")
    await page.wait_for_url(live + "/")


async def _look(page: "Page", address: str, name: str) -> None:
    """Open a page, let axe look at it, take a picture for whoever asks for one (KAOWU_SHOTS=folder)."""
    answer = await page.goto(address)
    assert answer is not None and answer.status == 200, address
    if folder := os.environ.get("KAOWU_SHOTS"):
        await page.screenshot(path=f"{folder}/{name}.png", full_page=True)
    await axe(page)
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


async def test_the_office(page: "Page", world: World, services: Services, live: str) -> None:
    batch = f"{live}/scoring/outcomes/batches/{world.batch_id}"
    await _sign_in(page, live, "publisher")
    await _look(page, live + "/scoring/outcomes", "outcomes")
    await _look(page, batch, "batch")
    async with services.db.transaction() as session:
        found = await queries.outcomes(session, registration_id=world.registrations[0])
    await _look(page, f"{live}/scoring/outcomes/{found[0].id}", "outcome")
    await _look(page, live + "/scoring/reviews", "reviews")
    await page.click("main tbody a")
    await page.wait_for_url("**/scoring/reviews/*-*")
    await axe(page)
    await _look(page, f"{live}/exam/catalogue/schemes/{world.scheme.id}", "scheme")
    await _look(page, live + "/exam/catalogue", "catalogue")
    await _sign_in(page, live, "verifier")
    await _look(page, f"{live}/scoring/marking/batches/{world.batch_id}", "marking")


async def test_the_candidates_phone(page: "Page", world: World, live: str) -> None:
    await page.set_viewport_size({"width": 390, "height": 844})
    await _sign_in(page, live, "candidate0")
    await _look(page, live + "/scoring/outcomes/mine", "mine")
    await page.click("text=申请成绩复核")
    await page.wait_for_url("**/scoring/reviews/mine*")
    await axe(page)
    await page.goto(live + "/language/en?back=/scoring/outcomes/mine")
    await _look(page, live + "/scoring/outcomes/mine", "mine-en")
