"""Pages of marking: the assessor's way from the station to the signature, the office's typing and verification."""

from datetime import timedelta

import httpx
import pytest

from exam.kernel.clock import FixedClock
from exam.kernel.services import Services
from scoring.marking import actions, queries
from tests.scoring.pages import plain_text, post, send, sign_in
from tests.scoring.world import AFTER, GOOD, World, finish, hold, make_world

FORM = {"row-A1": "20.00", "row-A2": "true", "row-B1": "3", "row-C1": "0", "row-C2": "false", "row-C3": "false",
        "overtime": "0"}  # fmt: skip


@pytest.fixture
async def world(services: Services, clock: FixedClock) -> World:
    async with services.db.transaction() as session:
        made = await make_world(session, accounts=True)
        now = await hold(session, made, "P", absent=(2,))
    clock.at = now + timedelta(minutes=10)
    return made


async def test_an_assessor_walks_from_the_station_to_the_signature(client: httpx.AsyncClient, world: World) -> None:
    await sign_in(client, "assessor1")
    stations = await client.get("/scoring/marking/stations")
    assert "1 号工位：开始评分" in stations.text and "不评分" in stations.text
    opened = await post(
        client, f"/scoring/marking/sittings/{world.sittings['P', 0]}/sheet", page="/scoring/marking/stations"
    )
    address = opened.headers["location"]
    page = await client.get(address)
    assert "还有 7 项未评" in page.text and "考生1" not in page.text, "no name on the sheet"
    half = await post(client, address, **{"row-A1": "20.05"})
    assert half.status_code == 303
    refused = await post(client, f"{address}/sign", page=address, **{"row-A1": "20.05"})
    assert refused.status_code == 409 and "#row-A2" in refused.text and 'value="20.05"' in refused.text
    signed = await post(client, f"{address}/sign", page=address, **FORM)
    assert (signed.status_code, signed.headers["location"]) == (303, address)
    done = await client.get(address)
    assert "100.00" in done.text and "row-A1" not in done.text
    late = await post(client, address, **FORM)
    assert late.status_code == 409 and "不能再修改" in late.text


async def test_the_script_is_told_what_the_server_holds(client: httpx.AsyncClient, world: World) -> None:
    await sign_in(client, "assessor1")
    opened = await post(
        client, f"/scoring/marking/sittings/{world.sittings['P', 0]}/sheet", page="/scoring/marking/stations"
    )
    address = opened.headers["location"]
    body = (await send(client, address, **{"row-A1": "20.05", "row-C1": "2"})).json()
    assert (body["revision"], body["total"], body["missing"]) == (1, "34.00", ["A2", "B1", "C2", "C3", "overtime"])
    assert body["earned"] == {"A1": "34.00", "C1": "8.00"}
    wrong = await send(client, address, **{"row-A1": "twenty"})
    assert wrong.status_code == 422 and wrong.json()["problems"][0]["field"] == "A1"
    again = (await send(client, address, **{"row-A1": "", "row-B1": "2"})).json()
    assert again["answers"] == {"B1": 2, "C1": 2}


async def test_another_assessors_sheet_does_not_exist(client: httpx.AsyncClient, world: World) -> None:
    await sign_in(client, "assessor1")
    opened = await post(
        client, f"/scoring/marking/sittings/{world.sittings['P', 0]}/sheet", page="/scoring/marking/stations"
    )
    address = opened.headers["location"]
    await sign_in(client, "assessor2")
    for path in (address, f"{address}/print", f"{address}/photo"):
        assert (await client.get(path)).status_code == 404
    assert (await post(client, address, page="/scoring/marking/stations", **FORM)).status_code == 404
    await sign_in(client, "lead")
    assert (await client.get(address)).status_code == 404, "the lead reads it once it is signed"
    await sign_in(client, "invigilator")
    assert (await client.get(address)).status_code == 403


async def test_the_lead_decides_and_countersigns(client: httpx.AsyncClient, services: Services, world: World) -> None:
    async with services.db.transaction() as session:
        for assessor, answers in zip(world.assessors, (GOOD, {**GOOD, "A1": "20.10"}), strict=True):
            await actions.record_sheet(
                session, assessor, sitting_id=world.sittings["P", 0], answers=answers, overtime_minutes=0,
                now=services.clock.now(),
            )  # fmt: skip
    await sign_in(client, "lead")
    page = await client.get("/scoring/marking/decisions")
    assert "100.00" in page.text and "84.00" in page.text
    path = f"/scoring/marking/sittings/{world.sittings['P', 0]}/decision"
    wrong = await post(client, path, page="/scoring/marking/decisions", value="abc", reason="x")
    assert wrong.status_code == 422
    right = await post(client, path, page="/scoring/marking/decisions", value="84", reason="复测 20.10")
    assert right.status_code == 303
    assert "没有待裁定或会签的评分表" in (await client.get("/scoring/marking/decisions")).text
    async with services.db.transaction() as session:
        (mark,) = await queries.marks(session, batch_id=world.batch_id)
        (sheet,) = await queries.sheets(session, assessor_id=world.assessors[0].account_id)
    assert mark.value == 84
    await sign_in(client, "assessor1")
    corrected = await post(client, f"/scoring/marking/sheets/{sheet.id}/correct", page=f"/scoring/marking/sheets/{sheet.id}",
                           reason="读数有误")  # fmt: skip
    new = corrected.headers["location"]
    await post(client, f"{new}/sign", page=new, **{**FORM, "row-A1": "20.10"})
    await sign_in(client, "lead")
    assert "读数有误" in (await client.get("/scoring/marking/decisions")).text
    assert (await post(client, f"{new}/countersign", page="/scoring/marking/decisions")).status_code == 303
    async with services.db.transaction() as session:
        (mark,) = await queries.marks(session, batch_id=world.batch_id)
    assert (mark.value, mark.source) == (84, "sheets")


async def test_two_typists_and_a_verifier(
    client: httpx.AsyncClient, services: Services, world: World, clock: FixedClock
) -> None:
    async with services.db.transaction() as session:
        await hold(session, world, "W")
        await finish(session, world, "W")
    clock.at = AFTER
    batch, part = f"/scoring/marking/batches/{world.batch_id}", world.component("W").id
    address = f"{batch}/papers/{part}"
    fields = {f"mark-{one}": value for one, value in zip(world.registrations, ("60", "59.5", ""), strict=True)}
    await sign_in(client, "typist1")
    assert "登分与复核" in (await client.get("/scoring/marking")).text
    assert "笔试" in (await client.get(batch)).text
    wrong = await post(client, address, **{**fields, f"mark-{world.registrations[2]}": "100.7"})
    assert wrong.status_code == 422 and 'value="59.5"' in wrong.text and "100.7" in wrong.text
    nothing = await post(client, address)
    assert nothing.status_code == 422
    assert (await post(client, address, **fields)).status_code == 303
    assert "您已登分" in (await client.get(address)).text
    await sign_in(client, "typist2")
    blind = await client.get(address)
    assert "59.5" not in blind.text, "what the first one typed is not shown"
    await post(client, address, **{**fields, f"mark-{world.registrations[1]}": "95.5"})
    await sign_in(client, "typist3")
    assert "两次不一致，由您裁定" in (await client.get(address)).text
    await post(client, address, **{f"mark-{world.registrations[1]}": "59.5"})
    await sign_in(client, "verifier")
    page = plain_text((await client.get(batch)).text)
    assert "将复核 2 个成绩" in page
    assert (await post(client, f"{batch}/verify", page=batch)).status_code == 303
    empty = await post(client, f"{batch}/verify", page=batch)
    assert empty.status_code == 409 and "没有待复核的成绩" in empty.text
    assert (await client.get(address)).status_code == 403


async def test_pages_of_others_are_closed(client: httpx.AsyncClient, world: World) -> None:
    for login, path, status in (
        ("verifier", "/scoring/marking/stations", 403),
        ("assessor1", f"/scoring/marking/batches/{world.batch_id}", 403),
        ("typist1", f"/scoring/marking/batches/{world.batch_id}/papers/{world.component('T').id}", 404),
        ("typist1", f"/scoring/marking/batches/{world.registrations[0]}", 404),
        ("assessor1", "/scoring/marking/decisions", 200),
        ("publisher", "/scoring/marking", 403),
    ):
        await sign_in(client, login)
        assert (await client.get(path)).status_code == status, (login, path)


async def test_the_printed_sheet(client: httpx.AsyncClient, services: Services, world: World) -> None:
    async with services.db.transaction() as session:
        sheet = await actions.record_sheet(
            session, world.assessors[0], sitting_id=world.sittings["P", 0], answers=GOOD, overtime_minutes=0,
            now=services.clock.now(),
        )  # fmt: skip
    await sign_in(client, "assessor1")
    answer = await client.get(f"/scoring/marking/sheets/{sheet.id}/print")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.content[:5] == b"%PDF-"


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_every_page_in_both_languages(client: httpx.AsyncClient, world: World, language: str) -> None:
    await client.get(f"/language/{language}")
    await sign_in(client, "assessor1")
    opened = await post(
        client, f"/scoring/marking/sittings/{world.sittings['P', 0]}/sheet", page="/scoring/marking/stations"
    )
    for path in ("/scoring/marking/stations", "/scoring/marking/decisions", opened.headers["location"]):
        answer = await client.get(path)
        assert answer.status_code == 200 and "%(" not in answer.text
    await sign_in(client, "verifier")
    for path in ("/scoring/marking", f"/scoring/marking/batches/{world.batch_id}"):
        answer = await client.get(path)
        assert answer.status_code == 200 and "%(" not in answer.text


async def test_a_veto_item_is_signed_by_a_second_person_who_sees_no_marks(
    client: httpx.AsyncClient, world: World
) -> None:
    await sign_in(client, "assessor1")
    opened = await post(
        client, f"/scoring/marking/sittings/{world.sittings['P', 0]}/sheet", page="/scoring/marking/stations"
    )
    address = opened.headers["location"]
    assert "写明证据，或由第二人签名" in (await client.get(address)).text
    assert (await post(client, f"{address}/sign", page=address, **FORM | {"row-C3": "true"})).status_code == 303
    assert "此前评分表不生效" in (await client.get(address)).text
    await sign_in(client, "assessor2")
    assert (await client.get(address)).status_code == 404, "blind: only the veto item is shown"
    page = (await client.get("/scoring/marking/decisions")).text
    assert "C3" in page and "90.00" not in page and "否决项待第二人会签" in plain_text((await client.get("/")).text)
    for step, fields in (("decline", {"reason": "没有看到"}), ("countersign", {})):
        sheet = address.rsplit("/", 1)[1]
        done = await post(
            client, f"/scoring/marking/sheets/{sheet}/{step}", page="/scoring/marking/decisions", **fields
        )
        assert done.status_code == 303
    again = await post(
        client, f"/scoring/marking/sheets/{sheet}/decline", page="/scoring/marking/decisions", reason="x"
    )
    assert again.status_code == 409
    await sign_in(client, "assessor1")
    assert "第二人签名：assessor2" in (await client.get(address)).text


async def test_evidence_stands_with_the_veto_item_and_a_stop_leaves_the_rest_blank(
    client: httpx.AsyncClient, world: World
) -> None:
    await sign_in(client, "assessor1")
    opened = await post(
        client, f"/scoring/marking/sittings/{world.sittings['P', 0]}/sheet", page="/scoring/marking/stations"
    )
    address = opened.headers["location"]
    stop = {"row-A1": "20.00", "row-C2": "true", "row-C3": "false", "evidence-C2": "未断电即拆装"}
    assert (await post(client, f"{address}/sign", page=address, **stop)).status_code == 303
    shown = plain_text((await client.get(address)).text)
    assert "已终止，未做" in shown and "未断电即拆装" in shown and "已于" in shown


async def test_the_lead_sees_agreement_only_of_whole_pairs(
    client: httpx.AsyncClient, world: World, services: Services
) -> None:
    now = world.rooms["P"].starts_at + timedelta(minutes=10)
    async with services.db.transaction() as session:
        for index, (one, two) in enumerate(((GOOD, {**GOOD, "A1": "20.10"}), (GOOD, None))):
            for assessor, answers in zip(world.assessors, (one, two), strict=True):
                if answers:
                    await actions.record_sheet(
                        session, assessor, sitting_id=world.sittings["P", index], answers=answers, overtime_minutes=4, now=now
                    )  # fmt: skip
    path = f"/scoring/marking/rooms/{world.rooms['P'].id}"
    await sign_in(client, "assessor1")
    assert (await client.get(f"{path}/agreement")).status_code == 404
    assert (await client.get(f"{path}/summary/print")).status_code == 404
    await sign_in(client, "lead")
    shown = plain_text((await client.get(f"{path}/agreement")).text)
    assert "98.00 / 82.00" in shown and shown.count("98.00") == 1, "the second candidate's half is not shown"
    assert "考生还在工位" in shown and "+16.00 （1 名考生）" in shown and "-16.00" in shown
    await client.get("/language/en")
    assert "%(" not in (await client.get(f"{path}/agreement")).text
    printed = await client.get(f"{path}/summary/print")
    assert printed.status_code == 200 and printed.content[:4] == b"%PDF"
    await client.get("/language/zh")
    decision = f"/scoring/marking/sittings/{world.sittings['P', 0]}/decision"
    await post(client, decision, page="/scoring/marking/decisions", value="82", reason="复测")
    await sign_in(client, "verifier")
    office = f"/scoring/marking/batches/{world.batch_id}"
    assert f"{office}/paths/{world.component('P').id}" in (await client.get(office)).text
    told = plain_text((await client.get(f"{office}/paths/{world.component('P').id}")).text)
    assert "98.00 / 82.00 分，最多相差 16.00 分，超过容差 5.00 分；考评组长裁定为 82.00 分。 理由：复测" in told
    assert "还没有实操得分" in (await client.get(f"{office}/paths/{world.component('P').id}?path=mean")).text
    assert (await client.get(f"{office}/paths/{world.component('W').id}")).status_code == 404
    assert (await client.get(f"{path}/summary/print")).status_code == 200
