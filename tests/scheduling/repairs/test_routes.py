"""Pages after publication: asked, shown, accepted or set aside; versions filed, locked and compared."""

import asyncio
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import httpx
import openpyxl
import pytest

from exam import worker
from exam.accounts.rules import Actor, Grant, Role, Scope
from exam.kernel.clock import china_date
from exam.kernel.ids import new_id
from exam.kernel.services import Services
from exam.papers import actions as papers
from exam.sittings import queries as sittings
from scheduling.duties import queries as duties
from scheduling.repairs import actions
from scheduling.repairs import queries as repairs
from scheduling.repairs.rules.asking import Asked
from scheduling.repairs.rules.repair import RepairStale, What
from scheduling.sites import queries as sites
from scheduling.timetable import actions as timetable
from scheduling.timetable import queries
from scheduling.timetable.rules.lifecycle import PlanStatus
from tests.exam.day import drafts
from tests.exam.registration.world import NOW
from tests.scheduling.pages import post, sign_in
from tests.scheduling.repairs.world import Published, propose, publish
from tests.scheduling.world import close, make_world, register, site_head, staff


@pytest.fixture
async def published(services: Services) -> AsyncIterator[Published]:
    async with services.db.transaction() as session:
        made = await publish(session, services.vault)
    yield made


async def test_a_room_is_flooded_and_the_repair_accepted(
    client: httpx.AsyncClient, services: Services, published: Published
) -> None:
    world = published.world
    await sign_in(client, services, world.officer)
    base = f"/scheduling/plans/{world.batch.id}"
    shown = (await client.get(base)).text
    assert all(f"{base}/repair?what={what}" in shown for what in What)
    async with services.db.transaction() as session:
        site = next(one for one in await sites.sites(session) if one.id == world.site_id)
    room = next(one for one in published.rooms.values() if one.form == "computer" and one.site_id == site.id)
    code = next(one.code for one in site.rooms if one.id == room.room_id)
    for what in What:
        for language in ("zh", "en"):
            client.cookies.set("kaowu_language", language)
            assert "<h1>" in (await client.get(f"{base}/repair?what={what}")).text
    client.cookies.set("kaowu_language", "zh")
    page = f"{base}/repair?what=room"
    unsaid = await post(client, f"{base}/repair", page=page, what="room", room="", reason="漏水")
    assert (unsaid.status_code, "请选择不能用的考场" in unsaid.text) == (422, True)
    asked = await post(client, f"{base}/repair", page=page, what="room", room=f"{site.code}/{code}", reason="漏水")
    run = asked.headers["location"]
    await worker.run(services, drain=True)
    ended = await client.get(run)
    proposal = ended.headers["location"]
    assert proposal.startswith("/scheduling/repairs/")
    text = (await client.get(proposal)).text
    moved = [one for one in published.places.values() if published.rooms[one.room_session_id].room_id == room.room_id]
    assert "采纳这份方案" in text
    assert all(one.ticket_no in text for one in moved)
    book = openpyxl.load_workbook(io.BytesIO((await client.get(f"{proposal}/notify.xlsx")).content))
    assert {row[1].value for row in list(book["考生"])[1:]} == {one.ticket_no for one in moved}
    accepted = await post(client, f"{proposal}/accept", page=proposal)
    assert accepted.status_code == 303
    again = await post(client, f"{proposal}/accept", page=proposal)
    assert (again.status_code, "已采纳" in again.text) == (409, True)
    versions = (await client.get(f"{base}/versions")).text
    assert "漏水" in versions
    difference = (await client.get(f"{base}/difference?before=1&after=2")).text
    assert "移动场次" in difference
    assert "打印更正资料" in (await client.get(proposal)).text
    assert "漏水" in (await client.get(f"{base}/prints")).text
    ordered = await post(client, f"{base}/prints", page=proposal, what="correction", version=2)
    assert ordered.headers["location"].startswith("/scheduling/plans/runs/")
    client.cookies.set("kaowu_language", "en")
    for path in (proposal, f"{base}/versions", f"{base}/difference?before=1&after=2", "/scheduling/changes"):
        assert "<h1>" in (await client.get(path)).text
    async with services.db.transaction() as session:
        other = next(one.id for one in await sites.sites(session) if one.id != site.id)
        away = await repairs.changes_of(session, site_head(other), NOW)
        told = await repairs.changes_of(session, world.secretaries[0], NOW)
        none = await repairs.changes_of(session, world.secretaries[2], NOW)
    assert {one.registration.id for one in told.pupils} == {one.registration_id for one in moved}
    assert (none.pupils, away.sites) == ((), ())
    for reader, word in (
        (world.secretaries[0], f"打印这 {len(moved)} 人的准考证"),
        (site_head(site.id), "打印更正资料"),
    ):
        await sign_in(client, services, reader)
        client.cookies.set("kaowu_language", "zh")
        assert "/scheduling/changes" in (await client.get("/")).text
        assert word in (await client.get("/scheduling/changes")).text
        client.cookies.set("kaowu_language", "en")
        assert "<h1>" in (await client.get("/scheduling/changes")).text


async def test_who_is_moved_is_told_old_and_new(
    client: httpx.AsyncClient, services: Services, published: Published
) -> None:
    world = published.world
    await sign_in(client, services, world.officer)
    base = f"/scheduling/plans/{world.batch.id}"
    async with services.db.transaction() as session:
        site = next(one for one in await sites.sites(session) if one.id == world.site_id)
    asked = await post(client, f"{base}/repair", page=f"{base}/repair", what="site", site=site.code, reason="停电")
    await worker.run(services, drain=True)
    proposal = (await client.get(asked.headers["location"])).headers["location"]
    assert (await post(client, f"{proposal}/accept", page=proposal)).status_code == 303
    one = next(
        one for one in published.places.values() if published.rooms[one.room_session_id].site_id == world.site_id
    )
    scope = Scope("registration", str(one.registration_id))
    candidate = Actor(new_id(), "考生", (Grant(Role.CANDIDATE, scope),))
    async with services.db.transaction() as session:
        (need,) = await repairs.needs(session, candidate, NOW)
        notices = await repairs.notices_of(session, candidate, NOW)
        later = await repairs.notices_of(session, candidate, NOW + timedelta(days=400))
    assert (need.href, need.tone) == ("/scheduling/changes", "warning")
    assert [line["before"]["site"]["name_zh"] for notice in notices for line in notice.lines] == [site.name_zh] * 2
    assert later == []
    async with services.db.transaction() as session:
        cards = await queries.tickets(session, world.officer, services.vault, batch_id=world.batch.id)
        moved = {one["account_id"] for one in (await repairs.repair(session, UUID(proposal[-36:]))).outcome["staff"]}
        logins = [f"staff{at}" for at, one in enumerate(await duties.pool(session)) if str(one.account_id) in moved]
    card = next(card for card in cards if card.ticket_no == one.ticket_no)
    for login, secret, text in ((card.ticket_no, card.secret, "您的考试安排有变"), (logins[0], "a long password", "")):
        client.cookies.delete("kaowu_session")
        assert (await post(client, "/sign-in", page="/sign-in", login=login, secret=secret)).status_code == 303
        assert text in (await client.get("/")).text
        changed = await client.get("/scheduling/changes")
        assert (changed.status_code, "停电" in changed.text) == (200, bool(text) or login in logins)


async def test_a_repair_set_aside_changes_nothing(
    client: httpx.AsyncClient, services: Services, published: Published
) -> None:
    world = published.world
    async with services.db.transaction() as session:
        await register(session, world, 2)
    await sign_in(client, services, world.officer)
    base = f"/scheduling/plans/{world.batch.id}"
    asked = await post(client, f"{base}/repair", page=f"{base}/repair", what="late", reason="补报")
    await worker.run(services, drain=True)
    proposal = (await client.get(asked.headers["location"])).headers["location"]
    assert (await post(client, f"{proposal}/discard", page=proposal)).status_code == 303
    async with services.db.transaction() as session:
        assert len(await sittings.sittings(session, batch_id=world.batch.id)) == len(published.places)


async def test_a_stranger_sees_no_repair(client: httpx.AsyncClient, services: Services, published: Published) -> None:
    await sign_in(client, services, published.world.province)
    base = f"/scheduling/plans/{published.world.batch.id}"
    assert (await client.get(f"{base}/repair")).status_code == 403
    assert (await client.get(f"{base}/versions")).status_code == 200
    assert "锁定" not in (await client.get(f"{base}/versions")).text


async def test_a_draft_is_filed_and_taken_back_and_what_is_published_is_locked(
    client: httpx.AsyncClient, services: Services, published: Published
) -> None:
    world = published.world
    await sign_in(client, services, world.officer)
    base = f"/scheduling/plans/{world.batch.id}"
    page = f"{base}/versions"
    wrong = await post(
        client, f"{base}/file", page=page, plan_id=published.plan.id, filed_with="省厅", filed_on=str(china_date(NOW))
    )
    assert wrong.status_code == 409
    assert (await post(client, f"{base}/lock", page=page, plan_id=published.plan.id)).status_code == 303
    assert "已锁定" in (await client.get(page)).text
    assert (await post(client, f"{base}/take-back", page=page, plan_id=published.plan.id)).status_code == 409


async def test_filing(client: httpx.AsyncClient, services: Services) -> None:
    async with services.db.transaction() as session:
        world = await make_world(session)
        await register(session, world, 4)
        await staff(session, world, 1, 6, may_invigilate=True, may_head=True, assess=True)
        await close(session, world)
    async with services.db.transaction() as session:
        plan = await timetable.propose(session, world.officer, batch_id=world.batch.id, seed=3, now=NOW)
    await sign_in(client, services, world.officer)
    base = f"/scheduling/plans/{world.batch.id}"
    page = f"{base}/versions"
    today = china_date(services.clock.now())
    for filed_with, filed_on in (("", today), ("省厅", today + timedelta(days=1))):
        refused = await post(
            client, f"{base}/file", page=page, plan_id=plan.id, filed_with=filed_with, filed_on=str(filed_on)
        )
        assert refused.status_code == 422
    done = await post(client, f"{base}/file", page=page, plan_id=plan.id, filed_with="省厅", filed_on=str(today))
    assert done.status_code == 303
    async with services.db.transaction() as session:
        found = await queries.latest(session, world.batch.id)
    assert found is not None
    assert (found.status, found.filed_with, found.filed_on) == (PlanStatus.FILED, "省厅", today)
    shown = (await client.get(page)).text
    assert ("已报备" in shown, "撤回报备" in shown) == (True, True)
    assert "发布安排" in (await client.get(base)).text
    assert "向 4 人发布安排" in (await client.get(f"{base}/publish")).text
    refused = await post(client, f"{base}/propose", page=page)
    assert (refused.status_code, "已经报备" in refused.text) == (409, True)
    assert (await post(client, f"{base}/take-back", page=page, plan_id=plan.id)).status_code == 303
    assert (await post(client, f"{base}/file", page=page, plan_id=plan.id, filed_with="省厅", filed_on=str(today))).status_code == 303  # fmt: skip
    async with services.db.transaction() as session:
        await timetable.publish(session, world.officer, services.vault, plan_id=plan.id, gaps_reason="演示", now=NOW)
        assert (await queries.plan(session, plan.id)).status is PlanStatus.PUBLISHED


async def test_two_accept_in_one_moment_and_one_is_refused(services: Services, published: Published) -> None:
    world = published.world
    async with services.db.transaction() as session:
        site = next(one for one in await sites.sites(session) if one.id == world.site_id)
        ids = [await propose(session, world, Asked(what=What.SITE, site=site.code)) for _ in range(2)]

    async def accept(repair_id: UUID) -> str:
        try:
            async with services.db.transaction() as session:
                await actions.accept(session, world.officer, services.vault, repair_id=repair_id, now=NOW)
        except RepairStale as refusal:
            return refusal.code
        return "accepted"

    assert sorted(await asyncio.gather(*map(accept, ids))) == ["RepairStale", "accepted"]
    async with services.db.transaction() as session:
        assert [one.version for one in await queries.plans(session, world.batch.id)] == [2, 1]
        assert len(await sittings.sittings(session, batch_id=world.batch.id)) == len(published.places)


async def test_a_paper_is_asked_for_and_prepared_on_its_page(
    client: httpx.AsyncClient, services: Services, published: Published
) -> None:
    world = published.world
    async with services.db.transaction() as session:
        site = next(one for one in await sites.sites(session) if one.id != world.site_id)
        scope = Scope("organisation", str(world.scheme.organisation_id))
        author = Actor(new_id(), "命题员", (Grant(Role.ITEM_AUTHOR, scope),))
        await papers.add_items(
            session, author, certificate_id=world.scheme.certificate_id, level=world.scheme.level, items=drafts(40),
            now=NOW,
        )  # fmt: skip
        lost = Asked(what=What.SITE, site=site.code, days=(world.batch.first_day,))
        proposal = f"/scheduling/repairs/{await propose(session, world, lost)}"
    await sign_in(client, services, world.officer)
    assert "需要备卷" in (await client.get(proposal)).text
    unsaid = await post(client, f"{proposal}/accept", page=proposal)
    assert (unsaid.status_code, "还没有备好" in unsaid.text) == (409, True)
    accepted = await post(client, f"{proposal}/accept", page=proposal, ask_papers="true")
    assert accepted.status_code == 303
    assert "/scheduling/papers" in (await client.get(proposal)).text
    shown = (await client.get("/scheduling/papers")).text
    assert ("由命题组卷员办理" in shown, "组卷并封存" in shown) == (True, False)
    refused = await post(client, "/scheduling/papers", page="/scheduling/papers", batch_id=world.batch.id,
                         component_id=world.scheme.components[0].id, version="B")  # fmt: skip
    assert refused.status_code == 403
    await sign_in(client, services, author)
    assert "/scheduling/papers" in (await client.get("/")).text
    for language in ("en", "zh"):
        client.cookies.set("kaowu_language", language)
        assert "<h1>" in (await client.get("/scheduling/papers")).text
    wanted = {"batch_id": world.batch.id, "component_id": world.scheme.components[0].id, "version": "B"}
    assert (await post(client, "/scheduling/papers", page="/scheduling/papers", **wanted)).status_code == 303
    again = await post(client, "/scheduling/papers", page="/scheduling/papers", **wanted)
    assert (again.status_code, "没有场次在等这份试卷" in again.text) == (409, True)
