"""The page 编排标准: read and decided by the organisation's officers; what was typed is kept when it is refused."""

import httpx

from exam.accounts.rules import Role
from exam.kernel.clock import china_date
from exam.kernel.services import Services
from scheduling.norms import queries
from scheduling.norms.rules import DESCRIBED, OF_CERTIFICATES, Norms, shown
from tests.exam.registration.world import NOW, person
from tests.scheduling.pages import post, sign_in
from tests.scheduling.world import World, make_world


async def _world(services: Services) -> World:
    async with services.db.transaction() as session:
        return await make_world(session)


def _fields(**changes: str) -> dict[str, str]:
    own = {code: shown(DESCRIBED[code].unit, getattr(Norms(), code)) for code in OF_CERTIFICATES}
    return own | {"effective_on": china_date(NOW).isoformat(), "based_on": "0", "reason": "按考核方案第三条"} | changes


async def test_an_officer_decides_for_one_certificate(client: httpx.AsyncClient, services: Services) -> None:
    world = await _world(services)
    await sign_in(client, services, world.officer)
    path = f"/scheduling/norms/{world.scheme.organisation_id}/{world.scheme.certificate_id}"
    wrong = await post(client, path, page=path, **_fields(gap_minutes="半小时", candidates_per_assessor="6"))
    assert wrong.status_code == 422
    assert "请填写整数" in wrong.text
    assert 'value="6"' in wrong.text  # what was typed
    done = await post(client, path, page=path, **_fields(candidates_per_assessor="6"))
    assert done.status_code == 303, done.text
    shown_page = (await client.get("/scheduling/norms")).text
    assert "每名考评员同时考评" in shown_page
    assert "按考核方案第三条" in shown_page
    late = await post(client, path, page=path, **_fields(candidates_per_assessor="5"))
    assert late.status_code == 409
    assert "刚由" in late.text


async def test_the_day_is_the_organisations_to_decide(client: httpx.AsyncClient, services: Services) -> None:
    world = await _world(services)
    await sign_in(client, services, world.officer)
    path = f"/scheduling/norms/{world.scheme.organisation_id}"
    day = {code: shown(one.unit, getattr(Norms(), code)) for code, one in DESCRIBED.items()}
    wrong = await post(client, path, page=path, **(_fields() | day | {"lunch_to": "11:00"}))
    assert wrong.status_code == 422
    assert "不能早于" in wrong.text
    done = await post(client, path, page=path, **(_fields() | day | {"opens": "08:00"}))
    assert done.status_code == 303, done.text
    async with services.db.transaction() as session:
        (only,) = await queries.decisions(session)
    assert (only.values, only.certificate_id) == ({"opens": 480}, None)


async def test_it_is_nobody_elses(client: httpx.AsyncClient, services: Services) -> None:
    world = await _world(services)
    await sign_in(client, services, person(Role.EXAM_OFFICER, "organisation", world.batch.id))
    path = f"/scheduling/norms/{world.scheme.organisation_id}"
    assert (await client.get(path)).status_code == 404
    assert "没有您管理的培训评价组织" in (await client.get("/scheduling/norms")).text
    await sign_in(client, services, world.province)
    assert (await client.get(path)).status_code == 403
