"""The pages of registration through HTTP: who gets in, what an import answers, what each page shows."""

import io
import re
from pathlib import PurePath

import httpx
import pytest
from PIL import Image

from exam.accounts.actions import create_staff
from exam.accounts.rules import SYSTEM, Grant, Role, Scope
from exam.kernel.services import Services
from exam.registration import actions, queries
from exam.registration.documents import XLSX
from exam.registration.rules import BatchStatus, RegistrationStatus
from tests.exam.registration.world import NOW, World, make_world, open_batch, row, workbook

PASSWORD = "correct horse battery"


def photo(width: int = 295, height: int = 413, colour: str = "white") -> bytes:
    """A portrait of nobody: a plain picture with something in the middle."""
    picture = Image.new("RGB", (width, height), colour)
    picture.paste("#886655", (width // 4, height // 3, 3 * width // 4, height))
    noise = Image.effect_noise((width // 2, height // 2), 40).convert("RGB")
    picture.paste(noise, (width // 4, height // 2))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=92)
    return out.getvalue()


@pytest.fixture
async def world(services: Services) -> World:
    async with services.db.transaction() as session:
        made = await make_world(session)
        for login, role, scope in (
            ("school", Role.INSTITUTION, Scope("institution", str(made.school.id))),
            ("stranger", Role.INSTITUTION, Scope("institution", str(made.other.id))),
            ("officer", Role.EXAM_OFFICER, Scope("organisation", str(made.web.organisation_id))),
            ("province", Role.PROVINCE, Scope("province", "42")),
            ("invigilator", Role.INVIGILATOR, Scope("all")),
        ):
            await create_staff(
                session, SYSTEM, login=login, name=login, password=PASSWORD, grants=[Grant(role, scope)], now=NOW
            )
    return made


async def token(client: httpx.AsyncClient) -> str:
    """The CSRF token of the page that everybody may see."""
    answer = await client.get("/sign-in")
    found = re.search(r'name="csrf-token" content="([^"]+)"', answer.text)
    assert found
    return found.group(1)


async def enter(client: httpx.AsyncClient, login: str) -> None:
    """Sign in."""
    client.headers["X-CSRF-Token"] = await token(client)
    answer = await client.post("/sign-in", data={"login": login, "secret": PASSWORD, "kind": "staff"})
    assert answer.status_code == 303, answer.text
    client.headers["X-CSRF-Token"] = await token(client)


async def send(client: httpx.AsyncClient, world: World, data: bytes, **headers: str) -> httpx.Response:
    return await client.post(
        f"/exam/registration/batches/{world.batch.id}/roster",
        files={"roster": ("名单.xlsx", data, XLSX)},
        headers=headers,
    )


async def test_a_roster_is_imported_and_shown(client: httpx.AsyncClient, world: World) -> None:
    await enter(client, "school")
    answer = await send(client, world, workbook([row(1), row(2)]))
    assert answer.status_code == 303
    page = await client.get(answer.headers["location"])
    assert page.status_code == 200
    assert "名单已全部导入：2 条报名，2 名考生。" in page.text
    assert row(1)["姓名"] in page.text
    assert row(1)["证件号码"] not in page.text
    assert f"{row(1)['证件号码'][:6]}********{row(1)['证件号码'][-4:]}" in page.text


async def test_a_refused_roster_has_a_page_and_a_sheet(
    client: httpx.AsyncClient, world: World, services: Services
) -> None:
    await enter(client, "school")
    answer = await send(client, world, workbook([row(1), row(2, 姓名="王 芳", 手机="1")]))
    where = answer.headers["location"]
    page = await client.get(where)
    assert page.status_code == 200
    assert re.findall(r'data-code="(\w+)"', page.text) == ["name_blank_inside", "phone_format"]
    sheet = await client.get(f"{where}/correction.xlsx")
    assert sheet.headers["content-type"] == XLSX
    async with services.db.transaction() as session:
        assert await queries.registrations(session, batch_id=world.batch.id) == []
    await enter(client, "stranger")
    assert (await client.get(where)).status_code == 403


async def test_the_upload_script_gets_an_address(client: httpx.AsyncClient, world: World) -> None:
    await enter(client, "school")
    answer = await send(client, world, workbook([row(1)]), Accept="application/json")
    assert answer.json()["location"].startswith(f"/exam/registration/batches/{world.batch.id}/roster")
    missing = await client.post(
        f"/exam/registration/batches/{world.batch.id}/roster", data={"a": "b"}, headers={"Accept": "application/json"}
    )
    assert missing.status_code == 422
    assert missing.json()["problems"][0]["code"] == "missing"


async def test_the_way_to_confirmation(client: httpx.AsyncClient, world: World, services: Services) -> None:
    batch = f"/exam/registration/batches/{world.batch.id}"
    await enter(client, "school")
    await send(client, world, workbook([row(1), row(2)]))
    names = [f"{row(1)['姓名']}_{row(1)['证件号码']}.jpg", "2.jpg"]
    photos = [("photos", (name, photo(), "image/jpeg")) for name in names]
    assert (await client.post(f"{batch}/photos", files=photos)).status_code == 303
    await enter(client, "officer")
    page = await client.get(f"{batch}/check")
    assert "其中 2 条材料齐全" in page.text
    assert (await client.post(f"{batch}/check", data={"decision": "accept_all"})).status_code == 303
    await enter(client, "school")
    fees = {"institution": str(world.school.id), "verb": "fee", "everyone": "true", "receipt": "票 1 号"}
    assert (await client.post(f"{batch}/selection", data=fees)).status_code == 303
    await enter(client, "officer")
    closed = await client.post(f"{batch}/move", data={"to": "registration_closed"})
    assert closed.status_code == 303, closed.text
    async with services.db.transaction() as session:
        found = await queries.registrations(session, batch_id=world.batch.id)
        assert {one.status for one in found} == {RegistrationStatus.CONFIRMED}
        assert (await queries.batch(session, world.batch.id)).status is BatchStatus.REGISTRATION_CLOSED


async def test_a_resit_with_a_retained_part_and_a_transfer(
    client: httpx.AsyncClient, world: World, services: Services
) -> None:
    await enter(client, "school")
    await send(client, world, workbook([row(1), row(2)]))
    async with services.db.transaction() as session:
        found = await queries.registrations(session, batch_id=world.batch.id)
        ids = [one.id for one in found]
        pictures = {one.person_id: photo() for one in found}
        await actions.set_photos(session, world.secretary, services.files, photos=pictures, now=NOW)
        await actions.accept(session, world.officer, registration_ids=ids, now=NOW)
        await actions.record_fee(session, world.secretary, registration_ids=ids, now=NOW)
        await actions.close(session, world.officer, batch_id=world.batch.id, now=NOW)
        await actions.mark_seated(session, SYSTEM, registration_ids=ids[:1], now=NOW)
        await actions.mark_outcome(session, SYSTEM, registration_ids=ids[:1], now=NOW)
        later = await open_batch(session, [world.web], code="B2")
    one = f"/exam/registration/registrations/{ids[0]}"
    assert "登记补考" in (await client.get(one)).text
    again = await client.post(f"{one}/resit", data={"batch_id": str(later.id), "consent": "on"})
    assert again.status_code == 303, again.text
    await enter(client, "officer")
    resit = again.headers["location"]
    kept = {"component_id": str(world.web.components[0].id), "value": "80.5", "source_registration_id": str(ids[0])}
    assert (await client.post(f"{resit}/retain", data=kept)).status_code == 303
    assert "80.50" in (await client.get(resit)).text
    other = f"/exam/registration/registrations/{ids[1]}"
    moved = await client.post(f"{other}/transfer", data={"prefecture_code": "429004", "reason": "实习"})
    assert moved.status_code == 303
    assert "仙桃市" in (await client.get(other)).text
    assert (await client.post(f"{other}/no-such-verb", data={})).status_code == 403


async def test_photos_that_do_not_fit_are_listed(client: httpx.AsyncClient, world: World) -> None:
    await enter(client, "school")
    await send(client, world, workbook([row(1)]))
    files = [
        ("photos", ("1.jpg", photo(), "image/jpeg")),
        ("photos", ("42999920060501999X.jpg", photo(), "image/jpeg")),
        ("photos", (f"{row(1)['证件号码']}.jpg", photo(413, 295), "image/jpeg")),
    ]
    answer = await client.post(f"/exam/registration/batches/{world.batch.id}/photos", files=files)
    assert answer.status_code == 422
    assert "已保存 1 张，2 张没有保存" in answer.text
    assert PurePath(files[2][1][0]).stem not in answer.text


@pytest.mark.parametrize("login", ["school", "officer", "province"])
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_every_page_opens(client: httpx.AsyncClient, world: World, login: str, language: str) -> None:
    await enter(client, "school")
    await send(client, world, workbook([row(1), row(2, 考生类别="社会", 缴费方式="自费")]))
    client.cookies.set("kaowu_language", language)
    roster = await client.get(f"/exam/registration/batches/{world.batch.id}/roster")
    found = re.search(r"/exam/registration/registrations/[0-9a-f-]{36}", roster.text)
    assert found
    await enter(client, login)
    batch = f"/exam/registration/batches/{world.batch.id}"
    paths = [
        "/exam/registration/batches", "/exam/registration/batches?status=registration_open", batch,
        f"{batch}/roster?institution={world.school.id}", f"{batch}/roster?institution={world.school.id}&missing=photo&q=a&page=2",
        found.group(0), "/exam/registration/search", "/exam/registration/search?q=明", "/exam/registration/institutions",
        "/exam/registration/institutions?pilot=none", f"/exam/registration/institutions/{world.school.id}",
        "/exam/registration/units",
    ]  # fmt: skip
    if login == "officer":
        paths += [f"{batch}/check", "/exam/registration/batches/new"]
    for path in paths:
        answer = await client.get(path)
        assert answer.status_code == 200, (path, answer.text)
        main = re.sub(r"<[^>]+>|\s+", " ", answer.text.split("<main", 1)[1].split("</main>", 1)[0])
        if language == "en":
            main = re.sub(r"[《“][^》”]*[》”]", "", main)
            assert "导入" not in main, path
            assert "报名" not in main, path
            assert "院校" not in main, path


@pytest.mark.parametrize(
    ("login", "path"),
    [
        ("invigilator", "/exam/registration/batches"),
        ("school", "/exam/registration/batches/new"),
        ("school", "/exam/registration/batches/{batch}/check"),
        ("stranger", "/exam/registration/batches/{batch}/roster?institution={school}"),
        ("stranger", "/exam/registration/institutions/{school}"),
        ("stranger", "{registration}"),
        ("stranger", "{registration}/photo"),
    ],
)
async def test_who_does_not_get_in(client: httpx.AsyncClient, world: World, login: str, path: str) -> None:
    await enter(client, "school")
    await send(client, world, workbook([row(1)]))
    roster = await client.get(f"/exam/registration/batches/{world.batch.id}/roster")
    found = re.search(r"/exam/registration/registrations/[0-9a-f-]{36}", roster.text)
    assert found
    await enter(client, login)
    full = path.format(batch=world.batch.id, school=world.school.id, registration=found.group(0))
    assert (await client.get(full)).status_code == 403


async def test_nobody_gets_in_without_signing_in(client: httpx.AsyncClient, world: World) -> None:
    answer = await client.get("/exam/registration/batches")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")


async def test_a_batch_is_planned_on_its_form(client: httpx.AsyncClient, world: World) -> None:
    await enter(client, "officer")
    form = {
        "code": "B9", "name_zh": "第九批", "name_en": "Ninth", "province_code": "42", "registration_opens_at": "2026-06-01T09:00",
        "registration_closes_at": "2026-06-10T00:00", "first_day": "2026-07-04", "last_day": "2026-07-05",
    }  # fmt: skip
    bad = await client.post("/exam/registration/batches/new", data=form)
    assert bad.status_code == 422
    assert "请至少选择一个证书等级" in bad.text
    assert "第九批" in bad.text
    good = await client.post("/exam/registration/batches/new", data=form | {"scheme_ids": str(world.web.id)})
    assert good.status_code == 303
    page = await client.get(good.headers["location"])
    assert "计划中" in page.text
    early = await client.post(good.headers["location"] + "/move", data={"to": "announced"})
    assert early.status_code == 409
    assert "备案号" in early.text


async def test_the_template_offers_the_batch_s_certificates(client: httpx.AsyncClient, world: World) -> None:
    await enter(client, "school")
    answer = await client.get(f"/exam/registration/template.xlsx?batch={world.batch.id}")
    assert answer.content.startswith(b"PK")
    assert (await client.get("/exam/registration/template.xlsx?batch=nonsense")).status_code == 404
