"""The person's own pages and the officer's list of who registered in person, through HTTP."""

from datetime import timedelta

import httpx
import pytest

from exam.kernel.clock import FixedClock
from exam.kernel.services import Services
from exam.registration import actions, queries
from exam.registration.actions import Receipt
from exam.registration.rules import RegistrationStatus
from tests.exam.registration.test_actions_entry import TYPED, enter
from tests.exam.registration.test_routes import enter as sign_in
from tests.exam.registration.test_routes import photo, token, world
from tests.exam.registration.world import NOW, World

__all__ = ["world"]  # the fixture of the folder's other pages


@pytest.fixture
async def made(services: Services, world: World) -> Receipt:
    async with services.db.transaction() as session:
        return await enter(session, services, world)


async def come_back(client: httpx.AsyncClient, receipt: Receipt) -> None:
    client.headers["X-CSRF-Token"] = await token(client)
    sent = {"login": receipt.entry_no, "secret": receipt.secret, "kind": "candidate"}
    assert (await client.post("/sign-in", data=sent)).status_code == 303
    client.headers["X-CSRF-Token"] = await token(client)


async def test_the_secret_is_shown_for_half_an_hour(
    client: httpx.AsyncClient, made: Receipt, clock: FixedClock
) -> None:
    await come_back(client, made)
    page = (await client.get("/exam/registration/mine/receipt")).text
    assert made.entry_no in page
    assert made.secret in page
    assert TYPED.id_number not in page
    clock.at = NOW + timedelta(minutes=31)
    page = (await client.get("/exam/registration/mine/receipt")).text
    assert made.entry_no in page
    assert made.secret not in page


async def test_the_person_follows_corrects_and_withdraws(
    client: httpx.AsyncClient, made: Receipt, services: Services, world: World
) -> None:
    await come_back(client, made)
    first = await client.get("/")
    assert "/exam/registration/mine" in first.text
    address = f"/exam/registration/mine/{made.registration_id}"
    async with services.db.transaction() as session:
        await actions.give_back(
            session, world.officer, registration_ids=[made.registration_id], reason="照片太暗", now=NOW
        )
    page = (await client.get("/exam/registration/mine")).text
    assert "照片太暗" in page
    assert f'action="{address}/photo"' in page
    wrong = await client.post(f"{address}/photo", files={"photo": ("p.jpg", photo(413, 413), "image/jpeg")})
    assert wrong.status_code == 422
    assert "宽高比" in wrong.text
    nothing = await client.post(f"{address}/photo", files={"photo": ("p.jpg", b"", "image/jpeg")})
    assert nothing.status_code == 422
    right = await client.post(f"{address}/photo", files={"photo": ("p.jpg", photo(), "image/jpeg")})
    assert right.status_code == 303
    assert (await client.post(f"{address}/withdraw")).status_code == 303
    async with services.db.transaction() as session:
        one = await queries.registration(session, made.registration_id)
    assert one.status is RegistrationStatus.WITHDRAWN


async def test_nobody_elses_registration_opens(
    client: httpx.AsyncClient, made: Receipt, services: Services, world: World
) -> None:
    async with services.db.transaction() as session:
        other = await enter(session, services, world, key="other")
    await come_back(client, other)
    for path in ("photo", "withdraw"):
        answer = await client.post(
            f"/exam/registration/mine/{made.registration_id}/{path}", files={"photo": ("p.jpg", photo(), "image/jpeg")}
        )
        assert answer.status_code == 403, path
    assert (await client.get(f"/exam/registration/registrations/{made.registration_id}/photo")).status_code == 403
    assert (await client.get(f"/exam/registration/batches/{world.batch.id}/self")).status_code == 403


async def test_the_officer_checks_and_records_the_fee(
    client: httpx.AsyncClient, made: Receipt, services: Services, world: World
) -> None:
    async with services.db.transaction() as session:
        double = await enter(session, services, world, key="double")
    await sign_in(client, "officer")
    batch = f"/exam/registration/batches/{world.batch.id}"
    page = (await client.get(f"{batch}/check?institution=self")).text
    assert page.count("证件号码重复") == 2
    assert "accept_all" not in page
    assert f"/registrations/{made.registration_id}" in page
    ids = {"ids": [str(made.registration_id)], "decision": "accept"}
    assert (await client.post(f"{batch}/check?institution=self", data=ids)).status_code == 303
    both = {"ids": [str(double.registration_id)], "decision": "accept"}
    refused = await client.post(f"{batch}/check?institution=self", data=both)
    assert refused.status_code == 409
    assert "已有这个证书等级的报名" in refused.text
    page = (await client.get(f"{batch}/self?missing=fee")).text
    assert str(made.registration_id) in page
    assert str(double.registration_id) not in page
    paid = await client.post(f"{batch}/self/fee", data={"ids": [str(made.registration_id)], "receipt": "S-1"})
    assert paid.status_code == 303
    assert (await client.post(f"{batch}/self/fee", data={"receipt": "S-1"})).status_code == 422
    page = (await client.get(f"/exam/registration/registrations/{made.registration_id}")).text
    assert made.entry_no in page
    assert "本人已缴费" in page
    assert TYPED.phone in page  # whom the officer can call
    assert "社会人员本人报名" in (await client.get(batch)).text


async def test_strangers_do_not_see_the_list(client: httpx.AsyncClient, made: Receipt, world: World) -> None:
    for login in ("school", "province", "invigilator"):
        await sign_in(client, login)
        answer = await client.get(f"/exam/registration/batches/{world.batch.id}/self")
        assert answer.status_code == 403, login
        assert TYPED.phone not in (await client.get(f"/exam/registration/registrations/{made.registration_id}")).text
