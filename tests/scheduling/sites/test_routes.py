"""Pages of the sites: an application from the form to its approval, coverage, waiver."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from exam.kernel.services import Services
from scheduling.sites import queries
from scheduling.sites.rules import ApprovalStatus
from tests.exam.registration.world import XIANTAO
from tests.scheduling.pages import post, sign_in
from tests.scheduling.world import World, make_world


@pytest.fixture
async def world(services: Services) -> AsyncIterator[World]:
    async with services.db.transaction() as session:
        made = await make_world(session, waiver=False)
    yield made


async def test_coverage_names_the_gap_and_takes_a_reason(
    client: httpx.AsyncClient, services: Services, world: World
) -> None:
    await sign_in(client, services, world.province)
    shown = (await client.get("/scheduling/coverage?certificate=&prefecture=&coverage=")).text
    assert "仙桃市" in shown
    assert "说明理由" in shown
    path = f"/scheduling/coverage/waive?certificate={world.scheme.certificate_id}&prefecture={XIANTAO.code}"
    given: dict[str, Any] = {
        "certificate_id": world.scheme.certificate_id, "prefecture_code": XIANTAO.code, "valid_from": "2026-05-16",
        "valid_to": "2026-12-31",
    }  # fmt: skip
    answer = await post(client, "/scheduling/coverage/waive", page=path, reason="考生不足二十人", **given)
    assert answer.status_code == 303
    assert "考生不足二十人" in (await client.get("/scheduling/coverage")).text
    twice = await post(client, "/scheduling/coverage/waive", page=path, reason="考生不足二十人", **given)
    assert twice.status_code == 409
    assert "考生不足二十人" in twice.text  # what was typed is kept


async def test_a_school_applies_and_the_others_decide(
    client: httpx.AsyncClient, services: Services, world: World
) -> None:
    await sign_in(client, services, world.secretaries[2])
    answer = await post(client, "/scheduling/sites/new", name_zh="沔水考点", address_zh="沔阳大道 9 号")
    place = answer.headers["location"]
    room: dict[str, Any] = {"code": "A1", "name_zh": "机房 1", "form": "computer", "seats": "40", "spares": "4"}
    wrong = await post(client, f"{place}/rooms", page=place, **{**room, "spares": "40"})
    assert wrong.status_code == 422
    assert "备用数应小于总数" in wrong.text
    assert (await post(client, f"{place}/rooms", page=place, **room)).status_code == 303
    assert "36" in (await client.get(place)).text  # 40 machines, a tenth of them in reserve
    form: dict[str, Any] = {"certificate_id": world.scheme.certificate_id, "levels": ["elementary"], "valid_from": "2026-05-16",
            "valid_to": "2026-12-31"}  # fmt: skip
    sent = await post(client, f"{place}/apply", **form, standing="branch")
    assert sent.status_code == 422  # a branch needs its reason
    sent = await post(client, f"{place}/apply", **form, standing="designated")
    assert sent.status_code == 303, sent.text
    approval = sent.headers["location"]
    assert "等待培训评价组织办理" in (await client.get(approval)).text
    await sign_in(client, services, world.officer)
    assert "等您办理" in (await client.get("/scheduling/sites?waiting=true")).text
    refused = await post(client, approval, page=approval, to="returned", reason="")
    assert refused.status_code == 422
    for to in ("org_desk_review", "on_site_check", "org_agreed", "province_consulted"):
        assert (await post(client, approval, page=approval, to=to)).status_code == 303
    early = await post(client, approval, page=approval, to="agreed")
    assert early.status_code == 403
    await sign_in(client, services, world.province)
    for to in ("agreed", "filed_province", "filed_platform", "active"):
        assert (await post(client, approval, page=approval, to=to)).status_code == 303
    async with services.db.transaction() as session:
        held = await queries.approvals(session, statuses=[ApprovalStatus.ACTIVE])
    assert len(held) == 2


async def test_conditions_refuse_a_brand(client: httpx.AsyncClient, services: Services, world: World) -> None:
    await sign_in(client, services, world.officer)
    path = f"/scheduling/conditions/{world.scheme.certificate_id}"
    refused = await post(client, path, page=path, body="电脑为指定品牌", computer="30")
    assert refused.status_code == 422
    assert "电脑为指定品牌" in refused.text
    assert (await post(client, path, page=path, body="电脑内存 16 GB 以上", computer="20")).status_code == 303
    client.cookies.set("kaowu_language", "en")
    assert "20" in (await client.get(path)).text
