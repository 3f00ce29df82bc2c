"""Pages of outcomes: three people bring a result to its candidate, who reads why; nobody else does."""

from decimal import Decimal

import httpx
import pytest

from exam.accounts import actions as accounts
from exam.accounts.rules import SYSTEM, Grant, Role, Scope
from exam.kernel.clock import FixedClock
from exam.kernel.services import Services
from exam.registration import queries as registration
from scoring.marking import actions as marking
from scoring.marking.actions import NewMark
from scoring.marking.rules import MarkSource, PartState
from tests.scoring.pages import plain_text, post, sign_in
from tests.scoring.world import AFTER, PASSWORD, World, at_status, make_world

SCORED, ABSENT = PartState.SCORED, PartState.ABSENT
PARTS: tuple[dict[str, tuple[PartState, str | None]], ...] = (
    {"T": (SCORED, "100"), "W": (SCORED, "60"), "P": (SCORED, "100")},
    {"T": (SCORED, "20"), "W": (SCORED, "30"), "P": (SCORED, "40")},
    {"T": (SCORED, "100"), "W": (ABSENT, None), "P": (SCORED, "100")},
)


DECIDED = {"sheets": [{"sheet_id": "1", "total": "93.25"}, {"sheet_id": "2", "total": "81.5"}], "path": "lead", "tolerance": "5",
           "reason": "复测外圆"}  # fmt: skip
"""What the lead assessor decided between, as it is kept with a mark."""


@pytest.fixture
async def world(services: Services, clock: FixedClock) -> World:
    """Marks stand and are verified: the way they come about is tested beside."""
    clock.at = AFTER
    async with services.db.transaction() as session:
        made = await make_world(session, accounts=True)
        await at_status(session, made.batch_id, "scoring")
        new = [
            NewMark(registration_id=one, component_id=made.component(code).id, sitting_id=None, state=state,
                    value=None if value is None else Decimal(value),
                    source=MarkSource.LEAD if code == "P" else MarkSource.CORRECTION,
                    detail=DECIDED if code == "P" else {},
                    entered_by=[made.typists[0].account_id or made.batch_id])
            for one, parts in zip(made.registrations, PARTS, strict=True)
            for code, (state, value) in parts.items()
        ]  # fmt: skip
        await marking.write_marks(session, made.typists[0], batch_id=made.batch_id, new=new, now=AFTER)
        await marking.verify_marks(session, made.verifier, batch_id=made.batch_id, now=AFTER)
    return made


async def test_three_people_and_a_candidate(client: httpx.AsyncClient, services: Services, world: World) -> None:
    batch = f"/scoring/outcomes/batches/{world.batch_id}"
    await sign_in(client, "verifier")
    assert "第一批次" in (await client.get("/scoring/outcomes")).text
    assert "未形成结果" in (await client.get(batch)).text
    assert (await client.get(f"{batch}/register")).status_code == 409
    too_early = await post(client, f"{batch}/verify", page=batch)
    assert too_early.status_code == 409 and "没有待核定的结果" in too_early.text
    await post(client, f"{batch}/compute", page=batch)
    shown = plain_text((await client.get(batch)).text)
    assert "将核定 3 人的结果：合格 1，不合格 1，缺考 1，无效 0" in shown and "50.0%" in shown
    assert (await post(client, f"{batch}/verify", page=batch)).status_code == 303
    assert (await post(client, f"{batch}/publish", page=batch)).status_code == 403
    await candidate(services, world, 0)
    await sign_in(client, "candidate0")
    assert "结果尚未发布" in (await client.get("/scoring/outcomes/mine")).text
    await sign_in(client, "publisher")
    page = plain_text((await client.get(batch)).text)
    assert "将向 3 名考生及其院校发布" in page
    assert (await post(client, f"{batch}/publish", page=batch)).status_code == 303
    await sign_in(client, "candidate0")
    mine = plain_text((await client.get("/scoring/outcomes/mine")).text)
    for words in (
        "合格",
        "88.00",
        "“理论”得 100 分（满分 100）",
        "总分 88.00 达到合格线 60。",
        "结论：合格。",
        "R1/1+decide/1",
    ):
        assert words in mine
    assert "考生2" not in mine
    assert "考评员的评分相差超过允许的 5.00 分，由考评组长核对后裁定。" in mine
    assert not [one for one in ("93.25", "81.50", "复测外圆", "typist1") if one in mine], "no names, no single marks"


async def test_filters_search_and_the_explanation(client: httpx.AsyncClient, world: World) -> None:
    batch = f"/scoring/outcomes/batches/{world.batch_id}"
    await sign_in(client, "verifier")
    await post(client, f"{batch}/compute", page=batch)
    for query, there, gone in (
        ("?decision=failed", "考生2", "考生1"),
        ("?decision=absent", "考生3", "考生2"),
        ("?q=考生1", "考生1", "考生3"),
        ("?q=202600000002", "考生2", "考生1"),
        (f"?scheme={world.scheme.id}&decision=passed", "考生1", "考生2"),
    ):
        text = (await client.get(batch + query)).text
        assert f">{there}</a>" in text and f">{gone}</a>" not in text, query
    assert "没有符合条件的结果" in (await client.get(f"{batch}?q=nobody")).text
    link = (await client.get(f"{batch}?decision=failed")).text.split('href="/scoring/outcomes/')[-1].split('"')[0]
    assert len(link) == 36
    page = await client.get(f"/scoring/outcomes/{link}")
    assert page.status_code == 200
    words = plain_text(page.text)
    assert "总分 31.00 低于合格线 60。" in words and "typist1" in words and "verifier" in words
    assert "93.25 / 81.50" in words and "裁定理由：复测外圆" in words
    await client.get("/language/en")
    english = plain_text((await client.get(f"/scoring/outcomes/{link}")).text)
    assert "“Theory”" in english and "%(" not in english


async def test_who_may_not_look(client: httpx.AsyncClient, services: Services, world: World) -> None:
    batch = f"/scoring/outcomes/batches/{world.batch_id}"
    await sign_in(client, "verifier")
    await post(client, f"{batch}/compute", page=batch)
    link = (await client.get(f"{batch}?decision=passed")).text.split('href="/scoring/outcomes/')[-1].split('"')[0]
    async with services.db.transaction() as session:
        school = (await registration.registrations(session, batch_id=world.batch_id))[0].institution_id
        await accounts.create_staff(
            session, SYSTEM, login="school", name="school", password=PASSWORD, now=AFTER,
            grants=[Grant(Role.INSTITUTION, Scope("institution", str(school)))],
        )  # fmt: skip
    await candidate(services, world, 1)
    for login, path, status in (
        ("assessor1", batch, 403),
        ("typist1", batch, 403),
        ("candidate1", batch, 403),
        ("candidate1", f"/scoring/outcomes/{link}", 403),
        ("school", batch, 200),
        ("school", f"/scoring/outcomes/{link}", 404),
        ("verifier", "/scoring/outcomes/mine", 403),
    ):
        await sign_in(client, login)
        assert (await client.get(path)).status_code == status, (login, path)
    await sign_in(client, "school")
    assert "88.00" not in (await client.get(batch)).text


async def test_the_register_is_printed(client: httpx.AsyncClient, world: World) -> None:
    batch = f"/scoring/outcomes/batches/{world.batch_id}"
    await sign_in(client, "verifier")
    await post(client, f"{batch}/compute", page=batch)
    answer = await client.get(f"{batch}/register?scheme={world.scheme.id}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.content[:5] == b"%PDF-"


async def candidate(services: Services, world: World, index: int) -> None:
    """An account of one candidate that signs in like staff: tickets are tested in accounts."""
    async with services.db.transaction() as session:
        await accounts.create_staff(
            session, SYSTEM, login=f"candidate{index}", name="考生", password=PASSWORD, now=AFTER,
            grants=[Grant(Role.CANDIDATE, Scope("registration", str(world.registrations[index])))],
        )  # fmt: skip
