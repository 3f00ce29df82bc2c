"""Pages of the catalogue: reading a scheme, publishing the next version from a file, what is wrong by its place."""

import json
import re

import httpx
import pytest

from exam.accounts import actions as accounts
from exam.accounts.rules import SYSTEM, Grant, Role, Scope
from exam.catalogue import actions, queries
from exam.catalogue.rules import Level
from exam.kernel.services import Services
from tests.conftest import NOW
from tests.exam.catalogue.builders import definition
from tests.scoring.pages import plain_text, post, sign_in
from tests.scoring.world import PASSWORD


@pytest.fixture
async def scheme_id(services: Services) -> str:
    async with services.db.transaction() as session:
        organisation = await actions.add_organisation(
            session, SYSTEM, code="T001", name_zh="测试评价组织", name_en="Test organisation", now=NOW
        )
        await actions.add_certificate(
            session, SYSTEM, organisation_id=organisation, code="TST", name_zh="测试证书", name_en="Test certificate",
            batch_no=1, levels=[Level.ELEMENTARY, Level.ADVANCED], now=NOW,
        )  # fmt: skip
        for login, role in (("officer", Role.EXAM_OFFICER), ("reader", Role.SCORE_ENTRY), ("assessor", Role.ASSESSOR)):
            await accounts.create_staff(
                session, SYSTEM, login=login, name=login, password=PASSWORD, now=NOW,
                grants=[Grant(role, Scope("organisation", str(organisation)))],
            )  # fmt: skip
        return str(await actions.publish_scheme(session, SYSTEM, definition=definition(), now=NOW))


async def send(client: httpx.AsyncClient, data: bytes, **fields: str) -> httpx.Response:
    found = re.search(r'csrf-token" content="([^"]+)"', (await client.get("/exam/catalogue/publish")).text)
    assert found
    return await client.post(
        "/exam/catalogue/publish", data={"_csrf_token": found[1], **fields}, files={"definition": ("a.json", data)}
    )


async def test_certificates_and_one_scheme_to_read(client: httpx.AsyncClient, scheme_id: str) -> None:
    await sign_in(client, "reader")
    page = (await client.get("/exam/catalogue")).text
    assert "测试证书" in page and f"/exam/catalogue/schemes/{scheme_id}" in page and "未发布" in page
    assert "没有符合条件的证书" in (await client.get("/exam/catalogue?batch=2")).text
    shown = plain_text((await client.get(f"/exam/catalogue/schemes/{scheme_id}")).text)
    for words in (
        "各科目按权重合成百分制总分，总分不低于 60 分为合格",
        "¥420",
        "40% × ¥300",
        "60% × ¥500",
        "外圆",
        "否决项",
    ):
        assert words in shown
    await client.get("/language/en")
    assert "%(" not in (await client.get(f"/exam/catalogue/schemes/{scheme_id}")).text
    assert (await client.get("/exam/catalogue/schemes/00000000-0000-0000-0000-000000000000")).status_code == 404


async def test_the_next_version_from_a_file(client: httpx.AsyncClient, services: Services, scheme_id: str) -> None:
    await sign_in(client, "officer")
    file = await client.get(f"/exam/catalogue/schemes/{scheme_id}/definition")
    changed = json.loads(file.content) | {"fee_yuan": "400"}
    answer = await send(client, json.dumps(changed, ensure_ascii=False).encode())
    assert answer.status_code == 303
    assert "第 2 版" in (await client.get(answer.headers["location"])).text
    dear = json.dumps(changed | {"fee_yuan": "480"}).encode()
    refused = await send(client, dear)
    assert refused.status_code == 422 and "考核费 480 元超过上限 420.00 元" in refused.text
    kept = await send(client, dear, approval_number="鄂教职成〔2026〕1号")
    assert kept.status_code == 422 and "fee_approval.reason" in kept.text and "鄂教职成" in kept.text
    agreed = await send(client, dear, approval_number="鄂教职成〔2026〕1号", approval_reason="耗材涨价")
    assert agreed.status_code == 303
    async with services.db.transaction() as session:
        newest = await queries.scheme_by_code(session, "TST", Level.ELEMENTARY)
    assert newest is not None and (newest.version, newest.fee_yuan) == (3, 480)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"{", "不是可以读取的 JSON"),
        (b"[]", "不是可以读取的 JSON"),
        ("{}".encode("utf-16"), "不是可以读取的 JSON"),
        (b"{}", "format 应为 kaowu-scheme/1"),
        (b'{"components": [{"weight": "x"}]}', "components[1].weight"),
        (b"[" * 100_000, "不是可以读取的 JSON"),
        (b"", "是空的"),
    ],
    ids=["cut", "list", "utf-16", "empty object", "wrong", "deep", "empty"],
)
async def test_what_cannot_be_published_is_said_by_its_place(
    client: httpx.AsyncClient, scheme_id: str, data: bytes, words: str
) -> None:
    await sign_in(client, "officer")
    answer = await send(client, data)
    assert answer.status_code == 422 and words in answer.text


async def test_cancelled_qualifications_are_listed_and_entered(client: httpx.AsyncClient, scheme_id: str) -> None:
    path = "/exam/catalogue/cancelled"
    await sign_in(client, "officer")
    assert "名单是空的" in (await client.get(path)).text
    entry = {"name": "物流师", "cancelled_on": "2016-12-01", "source": "国发〔2016〕68号"}
    assert (await post(client, path, **entry)).status_code == 303
    assert "物流师" in plain_text((await client.get(path)).text)
    again = await post(client, path, **entry | {"name": "物流师职业资格证书"})
    assert again.status_code == 409 and "已经在已取消的职业资格名单中" in again.text
    await sign_in(client, "reader")
    assert "加入名单" not in (await client.get(path)).text
    assert (await post(client, path, **entry)).status_code == 403


async def test_who_may_not(client: httpx.AsyncClient, scheme_id: str) -> None:
    await sign_in(client, "reader")
    assert (await client.get("/exam/catalogue/publish")).status_code == 403
    await sign_in(client, "assessor")
    assert (await client.get("/exam/catalogue")).status_code == 403
