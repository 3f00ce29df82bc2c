"""The pages of proof, through the application itself: officer, public, holder; what is refused; what nobody may store."""

from __future__ import annotations

import re
from uuid import UUID

import httpx
import pytest

from certificates.issuing import actions, jobs, queries
from certificates.issuing.rules.status import CertificateStatus
from certificates.verification import queries as own_queries
from certificates.verification import routes as verification
from exam import worker
from exam.accounts import actions as accounts
from exam.accounts.rules import SYSTEM, Actor, Grant, Role, Scope
from exam.kernel.errors import NotFound
from exam.kernel.services import Services
from tests.certificates.conftest import TODAY

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def fresh_limits() -> None:
    verification._limiters.clear()


async def sign_in(client: httpx.AsyncClient, services: Services, role: Role, organisations: list[UUID]) -> None:
    grants = [Grant(role, Scope("organisation", str(one))) for one in organisations] or [Grant(role)]
    async with services.db.transaction() as session:
        await accounts.create_staff(
            session, SYSTEM, login="tester", name="测试", password=PASSWORD, grants=grants, now=TODAY
        )
    answer = await post(client, "/sign-in", login="tester", secret=PASSWORD)
    assert answer.status_code == 303, answer.text


async def post(client: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    html = (await client.get("/verify")).text
    found = re.search(r'name="_csrf_token" value="([^"]+)"', html)
    assert found
    return await client.post(path, data={"_csrf_token": found[1], **fields})


async def send_file(client: httpx.AsyncClient, data: bytes) -> httpx.Response:
    html = (await client.get("/verify")).text
    found = re.search(r'name="_csrf_token" value="([^"]+)"', html)
    assert found
    files = {"file": ("certificate.pdf", data, "application/pdf")}
    return await client.post("/verify/file", data={"_csrf_token": found[1]}, files=files)


@pytest.fixture
async def issued(services: Services, officer: Actor, batch_id: UUID) -> list[queries.Certificate]:
    await jobs.issue_batch(services, officer, batch_id)
    async with services.db.transaction() as session:
        found, _ = await queries.page_of(session, officer, batch_id=batch_id, limit=500)
    return found


async def test_the_public_sees_one_large_word(
    client: httpx.AsyncClient, issued: list[queries.Certificate], services: Services
) -> None:
    one = issued[0]
    by_code = await client.get(f"/v/{one.token}")
    assert by_code.status_code == 200
    assert "真实有效" in by_code.text
    assert one.face.holder_name not in by_code.text
    assert by_code.headers["x-robots-tag"].startswith("noindex")
    assert by_code.headers["cache-control"] == "no-store"
    by_number = await client.get("/verify", params={"number": f" {one.number.lower()} ", "name": one.face.holder_name})
    assert "真实有效" in by_number.text
    assert one.face.holder_name in by_number.text
    by_file = await send_file(client, services.files.get(one.sha256 or ""))
    assert "真实有效" in by_file.text
    altered = await send_file(client, services.files.get(one.sha256 or "") + b"%")
    assert "文件被改动过" in altered.text
    assert one.number not in altered.text
    program = await client.get(f"/v/{one.token}", headers={"Accept": "application/json"})
    assert program.json()["verdict"] == "genuine"
    assert program.json()["certificate"]["number"] == one.number


async def test_unknown_and_wrong_look_the_same(client: httpx.AsyncClient, issued: list[queries.Certificate]) -> None:
    one = issued[0]
    wrong_name = await client.get("/verify", params={"number": one.number, "name": "张三丰"})
    no_number = await client.get("/verify", params={"number": "X" * 21, "name": "张三丰"})
    no_token = await client.get("/v/" + "A" * 22)
    stripped = {
        re.sub(r'content="[^"]*"|<time.*?</time>|href="[^"]*"|value="[^"]*"', "", page.text)
        for page in (wrong_name, no_number)
    }
    assert len(stripped) == 1
    assert wrong_name.status_code == no_number.status_code == no_token.status_code == 200
    assert "没有查到" in no_token.text


async def test_nobody_can_try_numbers_in_bulk(client: httpx.AsyncClient) -> None:
    for _ in range(60):
        await client.get("/v/nothing")
    assert (await client.get("/v/nothing")).status_code == 429


@pytest.mark.parametrize("data", [b"", b"x", b"%PDF-1.7\n", b"%PDF-1.7\n/ByteRange [0 1 2 3]" + b"(" * 100_000])
async def test_anything_may_be_dropped(client: httpx.AsyncClient, data: bytes) -> None:
    answer = await send_file(client, data)
    assert answer.status_code == (200 if data else 422)
    assert "真实" not in answer.text.split("<main", 1)[1].split("</h1>", 1)[0]


async def test_the_officer_issues_registers_and_revokes(
    client: httpx.AsyncClient, services: Services, officer: Actor, unreleased: UUID
) -> None:
    batch_id = unreleased
    organisations = [UUID(grant.scope.id) for grant in officer.grants]
    await sign_in(client, services, Role.CERTIFICATE_OFFICER, organisations)
    assert "去颁发" in (await client.get("/certificates")).text
    before = await client.get(f"/certificates/batches/{batch_id}")
    seen = re.search(r'name="seen" value="([0-9a-f]{64})"', before.text)
    assert seen
    picture = await client.get(f"/certificates/batches/{batch_id}/sample.png")
    assert picture.content.startswith(b"\x89PNG")
    assert (await post(client, f"/certificates/batches/{batch_id}/propose", seen="0" * 64)).status_code == 409
    assert (await post(client, f"/certificates/batches/{batch_id}/propose", seen=seen[1])).status_code == 303
    assert "须由另一名发证员登录后批准" in (await client.get(f"/certificates/batches/{batch_id}")).text
    async with services.db.transaction() as session:
        (proposal,) = await queries.releases_of(session, batch_id)
    own = await post(client, f"/certificates/releases/{proposal.id}/approve", seen=seen[1])
    assert own.status_code == 403
    async with services.db.transaction() as session:
        await actions.approve(session, officer, release_id=proposal.id, now=services.clock.now())
    assert "正在颁发" in (await client.get(f"/certificates/batches/{batch_id}/progress")).text
    await worker.run(services, drain=True)
    after = await client.get(f"/certificates/batches/{batch_id}")
    assert "已全部颁发" in after.text
    platform = await client.get("/certificates/platform")
    assert platform.status_code == 200
    assert "已入库" in platform.text
    async with services.db.transaction() as session:
        found, _ = await queries.page_of(session, officer, batch_id=batch_id, limit=5)
    one = found[0]
    register = await client.get(f"/certificates/batches/{batch_id}/register")
    assert register.content.startswith(b"%PDF")
    detail = await client.get(f"/certificates/{one.id}")
    assert detail.status_code == 200
    assert (await post(client, f"/certificates/{one.id}/revoke", reason="  ")).status_code == 422
    assert "真实有效" in (await client.get(f"/v/{one.token}")).text
    assert (await post(client, f"/certificates/{one.id}/revoke", reason="舞弊查实")).status_code == 303
    assert "已撤销" in (await client.get(f"/v/{one.token}")).text
    assert "舞弊查实" not in (await client.get(f"/v/{one.token}")).text
    twice = await post(client, f"/certificates/{one.id}/revoke", reason="再来")
    assert twice.status_code == 409
    await worker.run(services, drain=True)
    assert "已撤下" in (await client.get(f"/certificates/{one.id}")).text


async def test_another_organisations_officer_sees_nothing(
    client: httpx.AsyncClient, services: Services, issued: list[queries.Certificate]
) -> None:
    await sign_in(client, services, Role.CERTIFICATE_OFFICER, [UUID(int=1)])
    assert issued[0].number not in (await client.get("/certificates")).text
    for path in ("", "/file"):
        assert (await client.get(f"/certificates/{issued[0].id}{path}")).status_code == 404
    assert (await post(client, f"/certificates/{issued[0].id}/revoke", reason="x")).status_code == 403


@pytest.mark.parametrize("path", ["/certificates", "/certificates/platform", "/certificates/mine"])
async def test_strangers_are_sent_to_sign_in(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code in (303, 401)


async def test_a_correction_replaces_the_version_under_the_same_number(
    client: httpx.AsyncClient, services: Services, officer: Actor, issued: list[queries.Certificate]
) -> None:
    from sqlalchemy import text

    one = issued[0]
    organisations = [UUID(grant.scope.id) for grant in officer.grants]
    await sign_in(client, services, Role.CERTIFICATE_OFFICER, organisations)
    same = await post(client, f"/certificates/{one.id}/renew", kind="correction", reason="改名")
    assert same.status_code == 409
    async with services.db.transaction() as session:
        await session.execute(text("UPDATE exam.people SET name = '李更名' WHERE id = :id"), {"id": one.person_id})
    assert (await post(client, f"/certificates/{one.id}/renew", kind="correction", reason="改名")).status_code == 303
    await worker.run(services, drain=True)
    async with services.db.transaction() as session:
        versions = await queries.versions(session, one.number)
        assert await queries.invariants(session, services.files) == []
    assert [(v.version, v.status) for v in versions] == [
        (2, CertificateStatus.ISSUED),
        (1, CertificateStatus.SUPERSEDED),
    ]
    assert versions[0].face.holder_name == "李更名"
    assert "已被新版本取代" in (await client.get(f"/v/{one.token}")).text
    assert "真实有效" in (await client.get(f"/v/{versions[0].token}")).text
    assert "真实有效" in (await client.get("/verify", params={"number": one.number, "name": "李更名"})).text
    assert "没有查到" in (await client.get("/verify", params={"number": one.number, "name": one.face.holder_name})).text


async def test_the_holder_finds_the_own_certificate_by_person_or_by_registration(
    services: Services, issued: list[queries.Certificate]
) -> None:
    one, other = issued[0], next(each for each in issued if each.person_id != issued[0].person_id)
    async with services.db.transaction() as session:
        for scope in (Scope("person", str(one.person_id)), Scope("registration", str(one.registration_id))):
            holder = Actor(None, "", (Grant(Role.CANDIDATE, scope),))
            assert one.id in [each.id for each in await own_queries.mine(session, holder)]
            assert other.id not in [each.id for each in await own_queries.mine(session, holder)]
            assert (await own_queries.own(session, holder, one.id)).id == one.id
            with pytest.raises(NotFound):
                await own_queries.own(session, holder, other.id)
        nobody = Actor(None, "", ())
        assert await own_queries.mine(session, nobody) == []
