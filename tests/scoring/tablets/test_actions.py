"""Tablets on a real database: taken once, in any order, by whoever may; revoked keys, foreign signatures, odd events."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from random import Random
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Role, Scope
from exam.kernel.errors import Forbidden, Invalid
from exam.kernel.services import Services
from scoring.tablets import actions, queries
from scoring.tablets.rules.devices import (
    KeyUnusable,
    LabelTaken,
    MessageInvalid,
    Oddness,
    Receipt,
    SignatureWrong,
    TabletRevoked,
    TabletUnknown,
    read_event,
    read_message,
)
from scoring.tablets.rules.events import Kind, NotAnEvent, SheetKey
from scoring.tablets.rules.folding import fold, state_hash
from scoring.tablets.rules.ledger import Lacking
from tests.exam.day import person
from tests.scoring.tablets.world import Signer, Tablet, batches, message
from tests.scoring.world import START, World, hold, make_world

NOW = START


class Site:
    """A world with one tablet registered, given out, and signed in on by both assessors."""

    def __init__(self, world: World, head: Actor, signer: Signer, tablet: Tablet) -> None:
        self.world, self.head, self.signer, self.tablet = world, head, signer, tablet

    @property
    def assessors(self) -> list[Actor]:
        """Both, and the third where there is one."""
        return [*self.world.assessors, *([self.world.third] if self.world.third else [])]

    def sheet(self, candidate: int, assessor: int = 0) -> SheetKey:
        account = self.assessors[assessor].account_id
        assert account is not None
        return SheetKey(sitting_id=self.world.sittings["P", candidate], assessor_id=account)


async def make_site(
    session: AsyncSession,
    *,
    accounts: bool = True,
    passes: bool = True,
    third: bool = False,
    absent: tuple[int, ...] = (),
) -> Site:
    world = await make_world(session, accounts=accounts, third=third)
    await hold(session, world, "P", absent=absent)
    head = person(Role.SITE_HEAD, Scope("site", str(world.rooms["P"].site_id)), name="head")
    signer = Signer()
    id = await actions.register(
        session, head, site_id=world.rooms["P"].site_id, label="T07", public_key=signer.public, now=NOW
    )
    await actions.give_out(session, head, tablet_id=id, room_session_id=world.rooms["P"].id, now=NOW)
    site = Site(world, head, signer, Tablet(id))
    for assessor in site.assessors if passes else ():
        await actions.sign_in(session, assessor, tablet_id=id, now=NOW)
    return site


async def send(session: AsyncSession, site: Site, *chosen: int, last: int | None = None) -> Receipt:
    """Send some of the tablet's events, by number; all of them without."""
    events = [one for one in site.tablet.events if not chosen or one.number in chosen]
    sent = message(site.tablet, events, last)
    return await actions.take(session, sent, site.signer.sign(sent.body), now=NOW)


async def test_a_tablet_is_registered_by_its_site_and_nobody_else(session: AsyncSession) -> None:
    site = await make_site(session)
    place = site.world.rooms["P"].site_id
    with pytest.raises(LabelTaken):
        await actions.register(session, site.head, site_id=place, label=" T07 ", public_key=Signer().public, now=NOW)
    with pytest.raises(KeyUnusable):
        await actions.register(session, site.head, site_id=place, label="T08", public_key=site.signer.public, now=NOW)
    for key in (b"", b"no key", b"\x30\x00"):
        with pytest.raises(KeyUnusable):
            await actions.register(session, site.head, site_id=place, label="T09", public_key=key, now=NOW)
    with pytest.raises(Invalid):
        await actions.register(session, site.head, site_id=place, label=" ", public_key=Signer().public, now=NOW)
    stranger = person(Role.SITE_HEAD, Scope("site", str(uuid4())), name="other")
    with pytest.raises(Forbidden):
        await actions.register(session, stranger, site_id=place, label="T09", public_key=Signer().public, now=NOW)
    with pytest.raises(Forbidden):
        await actions.revoke(session, stranger, tablet_id=site.tablet.id, reason="丢失", now=NOW)
    assert [one.label for one in await queries.tablets(session, site_id=place)] == ["T07"]


async def test_events_come_in_pieces_twice_and_backwards_and_are_there_once(session: AsyncSession) -> None:
    site = await make_site(session)
    random = Random(1)
    for candidate in range(3):
        site.tablet.score(site.sheet(candidate), random)
    end = len(site.tablet.events)
    receipt = await send(session, site, 4, 5)
    assert (receipt.confirmed, receipt.missing) == (0, ((1, 3), (6, end)))
    for batch in batches(site.tablet.events, random, doubled=0.5):
        sent = message(site.tablet, batch)
        receipt = await actions.take(session, sent, site.signer.sign(sent.body), now=NOW)
    assert (receipt.confirmed, receipt.missing, receipt.refused) == (end, (), ())
    stored = await queries.events(session, tablet_ids=[site.tablet.id])
    assert [one.hash for one in stored] == [one.hash for one in site.tablet.events]
    room = site.world.rooms["P"].id
    assert state_hash(await queries.states(session, room)) == state_hash(fold(site.tablet.events))
    assert await send(session, site) == receipt


async def test_an_empty_message_says_how_far_the_chain_goes(session: AsyncSession) -> None:
    site = await make_site(session)
    room = site.world.rooms["P"].id
    assert Lacking.UNKNOWN in {one.why for one in (await queries.ledger(session, room)).gaps}
    sent = message(site.tablet, [], last=3)
    receipt = await actions.take(session, sent, site.signer.sign(sent.body), now=NOW)
    assert (receipt.confirmed, receipt.missing) == (0, ((1, 3),))
    numbers = [one for one in (await queries.ledger(session, room)).gaps if one.why is Lacking.NUMBERS]
    assert [(one.first, one.last) for one in numbers] == [(1, 3)]


async def test_the_ledger_waits_for_every_sheet_and_every_number(session: AsyncSession) -> None:
    site = await make_site(session)
    room = site.world.rooms["P"].id
    for candidate in range(3):
        for assessor in range(2):
            site.tablet.score(site.sheet(candidate, assessor), Random(candidate))
    await send(session, site, *range(1, 20))
    before = await queries.ledger(session, room)
    assert not before.balanced
    assert before.sheets_expected == 6
    await send(session, site)
    after = await queries.ledger(session, room)
    assert after.balanced, after.gaps
    assert (after.sheets_signed, after.events_confirmed) == (6, len(site.tablet.events))


async def test_a_foreign_or_changed_message_is_refused_whole(session: AsyncSession) -> None:
    site = await make_site(session)
    site.tablet.score(site.sheet(0), Random(1))
    sent = message(site.tablet, site.tablet.events)
    good = site.signer.sign(sent.body)
    more = replace(sent, last=sent.last + 1)
    for body, signature in ((sent, Signer().sign(sent.body)), (more, good), (sent, good[:-1]), (sent, b"")):
        with pytest.raises(SignatureWrong):
            await actions.take(session, body, signature, now=NOW)
    with pytest.raises(TabletUnknown):
        await actions.take(session, replace(sent, tablet_id=uuid4()), good, now=NOW)
    assert await queries.events(session, tablet_ids=[site.tablet.id]) == []


async def test_a_revoked_tablet_is_heard_no_more(session: AsyncSession) -> None:
    site = await make_site(session)
    site.tablet.score(site.sheet(0), Random(1))
    await send(session, site, 1, 2)
    with pytest.raises(Invalid):
        await actions.revoke(session, site.head, tablet_id=site.tablet.id, reason=" ", now=NOW)
    await actions.revoke(session, site.head, tablet_id=site.tablet.id, reason="被盗", now=NOW)
    await actions.revoke(session, site.head, tablet_id=site.tablet.id, reason="再次", now=NOW + timedelta(hours=1))
    for attempt in (
        send(session, site),
        actions.sign_in(session, site.world.assessors[0], tablet_id=site.tablet.id, now=NOW),
    ):
        with pytest.raises(TabletRevoked):
            await attempt
    (only,) = await queries.tablets(session, ids=[site.tablet.id])
    assert (only.revocation_reason, len(await queries.events(session, tablet_ids=[only.id]))) == ("被盗", 2)


async def test_what_may_not_be_said_is_kept_aside_and_holds_up_nothing(session: AsyncSession) -> None:
    site = await make_site(session)
    stranger = SheetKey(sitting_id=site.world.sittings["P", 0], assessor_id=uuid4())
    nowhere = SheetKey(sitting_id=uuid4(), assessor_id=site.sheet(0).assessor_id)
    elsewhere = SheetKey(sitting_id=site.world.sittings["T", 0], assessor_id=site.sheet(0).assessor_id)
    for sheet in (stranger, nowhere, elsewhere, site.sheet(0)):
        site.tablet.write(Kind.OPENED, sheet)
    receipt = await send(session, site)
    assert receipt.refused == (
        (1, Oddness.NO_PASS), (2, Oddness.UNKNOWN_SITTING), (3, Oddness.NOT_THEIR_SHEET)
    )  # fmt: skip
    assert (receipt.confirmed, receipt.missing) == (4, ())
    assert [one.number for one in await queries.events(session, tablet_ids=[site.tablet.id])] == [4]
    again = await send(session, site)
    assert (again.confirmed, again.refused) == (4, ())


async def test_a_tablet_that_was_set_back_keeps_both_of_its_stories(session: AsyncSession) -> None:
    """A copy of the tablet goes on from the second event: both chains are kept, in either order, and the ledger says so."""
    site = await make_site(session)
    site.tablet.write(Kind.OPENED, site.sheet(0))
    site.tablet.write(Kind.ANSWERED, site.sheet(0), row="a", value=1)
    copied = Tablet(site.tablet.id, events=list(site.tablet.events), counter=site.tablet.counter)
    copied.write(Kind.ANSWERED, site.sheet(0), row="a", value=2)
    site.tablet.write(Kind.ANSWERED, site.sheet(0), row="a", value=3)
    await send(session, site)
    sent = message(copied, copied.events)
    await actions.take(session, sent, site.signer.sign(sent.body), now=NOW)
    assert len(await queries.events(session, tablet_ids=[site.tablet.id])) == 4
    assert Lacking.LINK in {one.why for one in (await queries.ledger(session, site.world.rooms["P"].id)).gaps}


async def test_a_stored_event_can_not_be_changed(session: AsyncSession) -> None:
    site = await make_site(session)
    site.tablet.write(Kind.OPENED, site.sheet(0))
    await send(session, site)
    with pytest.raises(DBAPIError, match="append-only"):
        await session.execute(text("UPDATE scoring.tablet_events SET counter = 99"))


async def test_the_same_events_in_two_messages_at_once_are_taken_once(services: Services) -> None:
    async with services.db.transaction() as session:
        site = await make_site(session)
    for candidate in range(3):
        site.tablet.score(site.sheet(candidate), Random(candidate))

    async def once() -> Receipt:
        async with services.db.transaction() as session:
            return await send(session, site)

    found = await asyncio.gather(*(once() for _ in range(4)))
    assert {one.confirmed for one in found} == {len(site.tablet.events)}
    async with services.db.transaction() as session:
        assert len(await queries.events(session, tablet_ids=[site.tablet.id])) == len(site.tablet.events)


BODY = (
    Tablet(UUID(int=5))
    .write(Kind.ANSWERED, SheetKey(sitting_id=UUID(int=6), assessor_id=UUID(int=7)), row="a", value=1)
    .body
)


@pytest.mark.parametrize(
    "change",
    [
        {"number": 0}, {"number": True}, {"number": 2**40}, {"counter": "1"}, {"version": 0}, {"previous": "0"}, {"kind": "paid"},
        {"data": {"row": "a"}}, {"data": {"row": 1, "value": 1}}, {"data": {"row": "a", "value": "x" * 30_000}}, {"id": "7"},
        {"id": str(UUID(int=9)).upper().replace("0", "A", 1)}, {"said_at": "2026-05-16T09:00:00"}, {"said_at": 5},
        {"device": str(UUID(int=4))}, {"format": "kaowu-event/2"}, {"extra": 1},
    ],
)  # fmt: skip
def test_what_is_no_event_is_refused_and_stays_on_the_tablet(change: dict[str, object]) -> None:
    assert read_event(BODY, UUID(int=5)).body == BODY
    with pytest.raises(NotAnEvent):
        read_event(BODY | change, UUID(int=5))


@pytest.mark.parametrize(
    "sent",
    [None, [], {}, {"format": "kaowu-tablet-message/1"}, {"format": "kaowu-tablet-message/1", "device": "x", "last": 0, "events": []},
     {"format": "kaowu-tablet-message/1", "device": str(UUID(int=5)), "last": -1, "events": []},
     {"format": "kaowu-tablet-message/1", "device": str(UUID(int=5)), "last": 1, "events": [1]},
     {"format": "kaowu-tablet-message/1", "device": str(UUID(int=5)), "last": 1, "events": [{}] * 501}],
)  # fmt: skip
def test_what_is_no_message_is_refused(sent: object) -> None:
    with pytest.raises((MessageInvalid, NotAnEvent)):
        read_message(sent)
