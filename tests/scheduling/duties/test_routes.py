"""Pages of the duties: the pool and one examiner."""

import httpx

from exam.accounts.rules import Role
from exam.kernel.services import Services
from scheduling.duties import queries
from tests.exam.registration.world import person
from tests.scheduling.pages import account, post, sign_in
from tests.scheduling.world import make_world


async def test_an_officer_keeps_the_pool(client: httpx.AsyncClient, services: Services) -> None:
    async with services.db.transaction() as session:
        world = await make_world(session)
    login = await account(services, person(Role.ASSESSOR))
    await sign_in(client, services, world.officer)
    path = "/scheduling/examiners"
    assert "人员库是空的" in (await client.get(path)).text
    school = {"institution_id": world.schools[1].id}
    unknown = await post(client, path, page=path, login="nobody", **school)
    assert unknown.status_code == 422
    made = await post(client, path, page=path, login=login, may_invigilate="true", **school)
    assert made.status_code == 303
    one = made.headers["location"]
    twice = await post(client, path, page=path, login=login, **school)
    assert twice.status_code == 409
    period = {"valid_from": "2026-01-01", "valid_to": "2026-12-31"}
    held = await post(
        client, f"{one}/qualify", page=one, certificate_id=world.scheme.certificate_id, may_lead="true", **period
    )
    assert held.status_code == 303
    assert (await post(client, f"{one}/relations", page=one, institution_id=world.schools[2].id)).status_code == 303
    wrong = await post(client, f"{one}/availability", page=one, active="true", away_on="明天")
    assert wrong.status_code == 422
    assert (await post(client, f"{one}/availability", page=one, active="true", away_on="2026-06-20")).status_code == 303
    async with services.db.transaction() as session:
        (examiner,) = await queries.pool(session)
    assert examiner.may_invigilate
    assert not examiner.may_head
    assert examiner.qualified(world.scheme.certificate_id, world.batch.first_day, lead=True)
    assert examiner.related_institutions == {world.schools[2].id}
    assert [day.isoformat() for day in examiner.away_on] == ["2026-06-20"]
    shown = await client.get(f"{path}?certificate={world.scheme.certificate_id}&prefecture=&text=")
    assert examiner.name in shown.text
