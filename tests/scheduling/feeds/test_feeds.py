"""Feeds over the published facts: who has which, what they tell, what a change does to them, and their addresses."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import icalendar
import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts import queries as account_queries
from exam.accounts.models import Account, AccountGrant
from exam.accounts.rules import SYSTEM, Actor, Role
from exam.catalogue import actions as catalogue
from exam.catalogue.rules import Level
from exam.kernel.errors import Forbidden
from exam.kernel.i18n import Locale
from exam.kernel.ids import new_id
from exam.kernel.services import Services
from exam.sittings import actions as sittings
from exam.sittings.models import DutyRow
from scheduling.feeds import actions
from scheduling.feeds.models import FeedRow
from scheduling.feeds.rules import Address, FeedKind, FeedUnknown
from scheduling.sites.models import ApprovalRow
from scheduling.sites.rules import ApprovalStatus
from scheduling.timetable.models import PlanRow
from scheduling.timetable.rules.lifecycle import PlanStatus
from tests.exam.registration.world import NOW, person
from tests.scheduling.feeds.conftest import NINE, Published, drop_duty
from tests.scheduling.pages import post, sign_in


async def make(services: Services, actor: Actor, kind: FeedKind, owner_id: UUID, locale: Locale = "zh") -> Address:
    async with services.db.transaction() as session:
        return await actions.renew(
            session, actor, kind=kind, owner_id=owner_id, locale=locale, now=services.clock.now()
        )


async def get(client: httpx.AsyncClient, made: Address, **headers: str) -> httpx.Response:
    return await client.get(f"/feeds/{made.token}.ics", headers=headers)


async def events(client: httpx.AsyncClient, made: Address) -> dict[str, Any]:
    answer = await get(client, made)
    assert answer.status_code == 200, answer.text
    read: Any = icalendar.Calendar.from_ical(answer.content)
    found = {str(event["UID"]): event for event in read.walk("VEVENT")}
    assert all(event.errors == [] for event in found.values())
    return found


async def test_a_sites_feed_has_counts_and_no_names(
    client: httpx.AsyncClient, services: Services, published: Published
) -> None:
    made = await make(services, published.officer, FeedKind.SITE, published.site_id)
    answer = await get(client, made)
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    found = await events(client, made)
    assert list(found) == [f"session-{room.id}@kaowu" for room in published.rooms]
    first = found[f"session-{published.rooms[0].id}@kaowu"]
    for word in ("网页开发", "理论", "3 人"):
        assert word in first["SUMMARY"]
    assert first["DTSTART"].dt == NINE
    assert "学院路 1 号" in first["LOCATION"]
    for hidden in ("考生", "教师", "20264201", "429999"):
        assert hidden not in answer.text.replace("考生 08:00 起入场", "").replace("考生 12:00 起入场", "").replace(
            "考生 13:15 起入场", ""
        )


async def test_a_rooms_feed_has_its_own_sessions(
    client: httpx.AsyncClient, services: Services, published: Published
) -> None:
    made = await make(services, published.head, FeedKind.ROOM, published.rooms[1].room_id)
    assert set(await events(client, made)) == {f"session-{room.id}@kaowu" for room in published.rooms[1:]}


async def test_a_candidates_feed_has_only_their_own(
    client: httpx.AsyncClient, services: Services, published: Published
) -> None:
    actor = published.candidates[2]
    made = await make(services, actor, FeedKind.CANDIDATE, published.specs[4].person_id)
    answer = await get(client, made)
    found = await events(client, made)
    assert set(found) == {f"sitting-{spec.id}@kaowu" for spec in published.specs[4:]}
    words = answer.text.replace("\r\n ", "")
    assert "座位：03" in words
    assert "********0003" in words
    for hidden in ("202642010003", "429999", "考生002", "教师"):
        assert hidden not in words


async def test_staff_see_their_duties_and_a_heads_day_is_one(
    client: httpx.AsyncClient, services: Services, published: Published
) -> None:
    own = await make(services, published.invigilator, FeedKind.STAFF, _account(published.invigilator))
    (duty,) = (await events(client, own)).values()
    assert duty["SUMMARY"].startswith("监考员：网页开发")
    assert duty["DTSTART"].dt == NINE - timedelta(hours=1)
    heads = await make(services, published.head, FeedKind.STAFF, _account(published.head))
    (day,) = (await events(client, heads)).values()
    assert day["SUMMARY"] == "主考：2 个考场，6 人次"
    assert day["DTEND"].dt == published.rooms[2].ends_at


async def test_an_english_feed(client: httpx.AsyncClient, services: Services, published: Published) -> None:
    made = await make(services, published.invigilator, FeedKind.STAFF, _account(published.invigilator), "en")
    (duty,) = (await events(client, made)).values()
    assert duty["SUMMARY"].startswith("Invigilator: Web Development")
    assert "Demo Site" in duty["LOCATION"]


# ---------------------------------------------------------------- changes


async def test_a_move_raises_the_sequence_everywhere_it_shows(
    client: httpx.AsyncClient, services: Services, published: Published
) -> None:
    candidate = published.candidates[0]
    own = await make(services, candidate, FeedKind.CANDIDATE, published.specs[0].person_id)
    site = await make(services, published.officer, FeedKind.SITE, published.site_id)
    before = {**await events(client, own), **await events(client, site)}
    assert {event["SEQUENCE"] for event in before.values()} == {0}
    first = (await get(client, own)).content
    assert (await get(client, own)).content == first  # read again: the same bytes

    services.clock.advance(timedelta(hours=2))  # type: ignore[attr-defined]
    assert (await get(client, own)).content == first  # the clock alone changes nothing
    moved = published.specs[1]  # from the first practical round to the second
    async with services.db.transaction() as session:
        await sittings.move(
            session, published.world.officer, sitting_id=moved.id, seat_no=5, reason="设备故障",
            room_session_id=published.rooms[2].id, now=services.clock.now(),
        )  # fmt: skip
    after = {**await events(client, own), **await events(client, site)}
    assert set(after) == set(before)
    changed = {uid: event["SEQUENCE"] for uid, event in after.items() if event["SEQUENCE"]}
    assert changed == {
        f"sitting-{moved.id}@kaowu": 1,
        f"session-{published.rooms[1].id}@kaowu": 1,
        f"session-{published.rooms[2].id}@kaowu": 1,
    }
    seat = after[f"sitting-{moved.id}@kaowu"]
    assert seat["DTSTART"].dt == published.rooms[2].starts_at
    assert "工位：05" in seat["DESCRIPTION"]
    assert seat["LAST-MODIFIED"].dt == seat["DTSTAMP"].dt == services.clock.now()


async def test_a_duty_taken_away_stays_as_cancelled(
    client: httpx.AsyncClient, services: Services, published: Published
) -> None:
    made = await make(services, published.invigilator, FeedKind.STAFF, _account(published.invigilator))
    ((uid, before),) = (await events(client, made)).items()
    async with services.db.transaction() as session:
        own = select(DutyRow.id).where(DutyRow.account_id == published.invigilator.account_id)
        await drop_duty(session, (await session.scalars(own)).one())
    ((same, after),) = (await events(client, made)).items()
    assert same == uid
    assert (after["STATUS"], after["SEQUENCE"]) == ("CANCELLED", 1)
    assert after["DTSTART"].dt == before["DTSTART"].dt
    ((_, again),) = (await events(client, made)).items()
    assert again["SEQUENCE"] == 1


async def test_a_renewed_address_goes_on_counting(
    client: httpx.AsyncClient, services: Services, published: Published
) -> None:
    owner = _account(published.invigilator)
    old = await make(services, published.invigilator, FeedKind.STAFF, owner)
    assert [event["SEQUENCE"] for event in (await events(client, old)).values()] == [0]
    new = await make(services, published.invigilator, FeedKind.STAFF, owner, "en")
    assert (await get(client, old)).status_code == 404
    assert [event["SEQUENCE"] for event in (await events(client, new)).values()] == [1]  # other words


async def test_what_was_first_said_is_dated_by_the_publication(
    client: httpx.AsyncClient, services: Services, published: Published
) -> None:
    at = services.clock.now() - timedelta(days=1)
    async with services.db.transaction() as session:
        session.add(_published_plan(published.world.batch.id, at))
    made = await make(services, published.officer, FeedKind.SITE, published.site_id)
    assert {event["DTSTAMP"].dt for event in (await events(client, made)).values()} == {at}


def _published_plan(batch_id: UUID, at: datetime) -> PlanRow:
    blank: dict[type, Any] = {str: "", int: 1, bool: False}
    values = {
        column.name: blank.get(column.type.python_type)
        for column in PlanRow.__table__.columns
        if not column.nullable and column.type.python_type in blank
    }
    return PlanRow(
        **values
        | {
            "id": new_id(),
            "batch_id": batch_id,
            "settings": {},
            "figures": {},
            "status": PlanStatus.PUBLISHED,
            "created_at": at,
            "published_at": at,
        }
    )


# ---------------------------------------------------------------- addresses


async def test_whoever_has_the_same_copy_is_told_so(
    client: httpx.AsyncClient, services: Services, published: Published
) -> None:
    made = await make(services, published.officer, FeedKind.SITE, published.site_id)
    answer = await get(client, made)
    again = await get(client, made, **{"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == answer.headers["ETag"]
    for one in (answer, again):
        assert one.headers["Cache-Control"] == "private, no-cache"
        assert one.headers["X-Robots-Tag"] == "noindex, nofollow"
        assert one.headers["Referrer-Policy"] == "no-referrer"
        assert "Set-Cookie" not in one.headers


async def test_only_the_hash_of_a_token_is_stored(services: Services, published: Published) -> None:
    made = await make(services, published.officer, FeedKind.SITE, published.site_id)
    async with services.db.transaction() as session:
        rows = [list(row) for row in await session.execute(text("SELECT row_to_json(f)::text FROM scheduling.feeds f"))]
        logged = [list(row) for row in await session.execute(text("SELECT data::text FROM exam.audit_records"))]
    assert len(rows) == 1
    assert made.token not in str(rows) + str(logged)
    assert made.token not in repr(made)


async def test_an_unknown_and_a_revoked_address_answer_alike(
    client: httpx.AsyncClient, services: Services, published: Published
) -> None:
    made = await make(services, published.officer, FeedKind.SITE, published.site_id)
    async with services.db.transaction() as session:
        await actions.revoke(
            session, published.head, kind=FeedKind.SITE, owner_id=published.site_id, now=services.clock.now()
        )
    revoked, unknown = await get(client, made), await client.get("/feeds/unknown.ics")
    assert revoked.status_code == unknown.status_code == 404
    assert revoked.text == unknown.text.replace("/feeds/unknown.ics", f"/feeds/{made.token}.ics")
    assert (await client.get(f"/feeds/{made.token}")).status_code == 404
    with pytest.raises(FeedUnknown):
        async with services.db.transaction() as session:
            await actions.revoke(
                session, published.head, kind=FeedKind.SITE, owner_id=published.site_id, now=services.clock.now()
            )


async def test_who_may_no_longer_sign_in_has_no_feed(
    client: httpx.AsyncClient, services: Services, published: Published
) -> None:
    made = await make(services, published.invigilator, FeedKind.STAFF, _account(published.invigilator))
    async with services.db.transaction() as session:
        await session.execute(
            update(Account).where(Account.id == published.invigilator.account_id).values(active=False)
        )
    assert (await get(client, made)).status_code == 404


async def test_nobody_makes_the_address_of_another(services: Services, published: Published) -> None:
    head, officer = published.head, published.officer
    stranger = person(Role.EXAM_OFFICER, "organisation", new_id())
    tries = [
        (officer, FeedKind.STAFF, _account(head)),
        (head, FeedKind.STAFF, _account(published.invigilator)),
        (published.candidates[0], FeedKind.CANDIDATE, published.specs[2].person_id),
        (published.candidates[0], FeedKind.SITE, published.site_id),
        (published.invigilator, FeedKind.ROOM, published.rooms[0].room_id),
        (stranger, FeedKind.SITE, published.site_id),
        (
            replace(head, grants=tuple(one for one in head.grants if one.scope.kind != "site")),
            FeedKind.SITE,
            published.site_id,
        ),
    ]
    for actor, kind, owner_id in tries:
        with pytest.raises(Forbidden):
            await make(services, actor, kind, owner_id)
    async with services.db.transaction() as session:
        assert (await session.scalars(select(FeedRow))).all() == []


def _account(actor: Actor) -> UUID:
    assert actor.account_id is not None
    return actor.account_id


# ---------------------------------------------------------------- pages


async def test_an_officer_makes_and_revokes_a_sites_address(
    client: httpx.AsyncClient, services: Services, published: Published
) -> None:
    await sign_in(client, services, published.world.officer)
    path = f"/scheduling/feeds/sites/{published.site_id}"
    shown = await post(client, "/scheduling/feeds/renew", page=path, kind="site", owner_id=published.site_id)
    assert shown.status_code == 200
    assert shown.headers["Cache-Control"] == "no-store"
    found = re.search(r'value="(\S+/feeds/(\S+)\.ics)"', shown.text)
    assert found, shown.text
    assert (await client.get(f"/feeds/{found[2]}.ics")).status_code == 200
    assert found[2] not in (await client.get(path)).text
    gone = await post(client, "/scheduling/feeds/revoke", page=path, kind="site", owner_id=published.site_id)
    assert (gone.status_code, gone.headers["Location"]) == (303, path)
    assert (await client.get(f"/feeds/{found[2]}.ics")).status_code == 404
    again = await post(client, "/scheduling/feeds/revoke", page=path, kind="site", owner_id=published.site_id)
    assert again.status_code == 404
    assert "没有这个日历地址" in again.text


async def test_an_officer_keeps_no_address_where_others_hold_exams_too(
    client: httpx.AsyncClient, services: Services, published: Published
) -> None:
    """A site's calendar tells every session: once another organisation is there, the officer's address falls silent."""
    made = await make(services, published.officer, FeedKind.SITE, published.site_id)
    room = await make(services, published.officer, FeedKind.ROOM, published.rooms[0].room_id)
    assert (await get(client, made)).status_code == (await get(client, room)).status_code == 200
    async with services.db.transaction() as session:
        await approve_another(session, published, ApprovalStatus.SUBMITTED)
    assert (await get(client, made)).status_code == 200  # nothing is held under an application
    async with services.db.transaction() as session:
        await session.execute(update(ApprovalRow).where(ApprovalRow.status == "submitted").values(status="active"))
    assert (await get(client, made)).status_code == (await get(client, room)).status_code == 404
    with pytest.raises(Forbidden):
        await make(services, published.officer, FeedKind.SITE, published.site_id)
    await sign_in(client, services, published.world.officer)
    assert (await client.get(f"/scheduling/feeds/sites/{published.site_id}")).status_code == 403
    assert "/scheduling/feeds/sites/" not in (await client.get(f"/scheduling/sites/{published.site_id}")).text
    own = await make(services, published.head, FeedKind.SITE, published.site_id)
    assert (await get(client, own)).status_code == 200


async def test_a_head_who_runs_the_site_no_longer_has_no_address(
    client: httpx.AsyncClient, services: Services, published: Published
) -> None:
    made = await make(services, published.head, FeedKind.SITE, published.site_id)
    async with services.db.transaction() as session:
        await session.execute(delete(AccountGrant).where(AccountGrant.role == "site_head"))
    assert (await get(client, made)).status_code == 404


async def approve_another(session: AsyncSession, published: Published, status: ApprovalStatus) -> None:
    """Another organisation's certificate at the same site."""
    organisation = await catalogue.add_organisation(
        session, SYSTEM, code="LOG1", name_zh="物流评价组织", name_en="Logistics", now=NOW
    )
    certificate = await catalogue.add_certificate(
        session, SYSTEM, organisation_id=organisation, code="LOG", name_zh="物流管理", name_en="Logistics", batch_no=1,
        levels=list(Level), now=NOW,
    )  # fmt: skip
    row = await session.get_one(ApprovalRow, published.world.approval_id)
    values = {column.key: getattr(row, column.key) for column in ApprovalRow.__table__.columns}
    session.add(
        ApprovalRow(
            **values
            | {"id": new_id(), "certificate_id": certificate, "organisation_id": organisation, "status": status}
        )
    )


async def test_an_officer_of_another_organisation_is_refused(
    client: httpx.AsyncClient, services: Services, published: Published
) -> None:
    await sign_in(client, services, person(Role.EXAM_OFFICER, "organisation", new_id()))
    assert (await client.get(f"/scheduling/feeds/sites/{published.site_id}")).status_code == 403


async def test_a_person_finds_their_own_page(
    client: httpx.AsyncClient, services: Services, published: Published
) -> None:
    await sign_in(client, services, person(Role.INVIGILATOR))
    page = await client.get("/scheduling/feeds")
    assert page.status_code == 200
    owner = re.search(r'name="owner_id" value="([^"]+)"', page.text)
    assert owner
    shown = await post(client, "/scheduling/feeds/renew", page="/scheduling/feeds", kind="staff", owner_id=owner[1])
    assert ".ics" in shown.text
    assert "webcal://" in shown.text
    assert "更换地址" in (await client.get("/scheduling/feeds")).text


async def test_a_candidate_finds_their_own_page(
    client: httpx.AsyncClient, services: Services, published: Published
) -> None:
    async with services.db.transaction() as session:
        (secret,) = (
            await account_queries.secrets(session, services.vault, [published.specs[0].registration_id])
        ).values()
    done = await post(client, "/sign-in", page="/sign-in", login="202642010001", secret=secret, kind="candidate")
    assert done.status_code == 303
    assert 'href="/scheduling/feeds"' in (await client.get("/exam/sittings/mine")).text
    shown = await post(
        client,
        "/scheduling/feeds/renew",
        page="/scheduling/feeds",
        kind="candidate",
        owner_id=published.specs[0].person_id,
    )
    found = re.search(r"/feeds/(\S+)\.ics", shown.text)
    assert found
    assert (await client.get(f"/feeds/{found[1]}.ics")).text.count("BEGIN:VEVENT") == 2


async def test_a_repair_reaches_every_calendar_it_concerns(
    client: httpx.AsyncClient, services: Services, published: Published
) -> None:
    site = await make(services, published.officer, FeedKind.SITE, published.site_id)
    own = await make(services, published.candidates[2], FeedKind.CANDIDATE, published.specs[5].person_id)
    head = await make(services, published.head, FeedKind.STAFF, _account(published.head))
    for feed in (site, own, head):
        await get(client, feed)
    lost, kept, moved = published.rooms[2], published.rooms[1], published.specs[5]
    async with services.db.transaction() as session:
        place = sittings.NewPlace(
            sitting_id=moved.id, room_session_id=kept.id, seat_no=7, starts_at=kept.starts_at, ends_at=kept.ends_at,
            paper_version="A",
        )  # fmt: skip
        change = sittings.Rearrangement(
            batch_id=kept.batch_id, plan_id=new_id(), plan_version=2, reason="漏水", closed=(lost.id,), moves=(place,)
        )
        await sittings.rearrange(session, published.officer, change=change, now=services.clock.now())
    sessions = await events(client, site)
    assert (sessions[f"session-{lost.id}@kaowu"]["STATUS"], sessions[f"session-{lost.id}@kaowu"]["SEQUENCE"]) == (
        "CANCELLED",
        1,
    )
    assert "3 人" in sessions[f"session-{kept.id}@kaowu"]["SUMMARY"]
    seat = (await events(client, own))[f"sitting-{moved.id}@kaowu"]
    assert (seat["STATUS"], seat["SEQUENCE"], seat["DTSTART"].dt) == ("CONFIRMED", 1, kept.starts_at)
    (day,) = (await events(client, head)).values()
    assert (day["SEQUENCE"], day["DTEND"].dt) == (1, kept.ends_at)
