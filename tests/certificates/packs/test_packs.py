"""A pack from its order to the bytes: what is inside, who gets it, taken up again, refused when a file is not what it was."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import zipfile
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from certificates.packs import actions, jobs, queries
from certificates.packs.queries import Owner
from certificates.packs.rules.status import GROUP, NothingToPack, OwnerKind, PackStatus
from exam.accounts import actions as accounts
from exam.accounts.rules import SYSTEM, Actor, Grant, Role, Scope
from exam.catalogue import actions as catalogue
from exam.kernel.clock import FixedClock
from exam.kernel.errors import Forbidden, NotFound
from exam.kernel.ids import new_id
from exam.kernel.services import Services
from exam.registration import actions as registration
from tests.certificates.printing import test_printing_actions as given
from tests.certificates.printing.test_printing_pages import post
from tests.conftest import NOW
from tests.exam.registration.world import CLOSES, OPENS

HOME = "/certificates/packs"
PASSWORD = "correct horse battery"


@pytest.fixture
async def organisation(services: Services) -> UUID:
    async with services.db.transaction() as session:
        id = await catalogue.add_organisation(
            session, SYSTEM, code="WL01", name_zh="物流样本培训评价组织", name_en="Specimen", now=NOW
        )
        grants = [Grant(Role.CERTIFICATE_OFFICER, Scope("organisation", str(id)))]
        await accounts.create_staff(
            session, SYSTEM, login="first", name="发证员", password=PASSWORD, grants=grants, now=NOW
        )
    return id


@pytest.fixture
async def batch_id(services: Services, organisation: UUID) -> UUID:
    """A batch with two valid certificates and one revoked, their bytes invented."""
    async with services.db.transaction() as session:
        made = await registration.create_batch(
            session, SYSTEM, code="B1", name_zh="第一批次", name_en="First", province_code="42", scheme_ids=[],
            registration_opens_at=OPENS, registration_closes_at=CLOSES, first_day=date(2026, 6, 20),
            last_day=date(2026, 6, 21), now=NOW,
        )  # fmt: skip
        for serial, school, status in ((1, "甲校", "issued"), (2, "乙校?", "issued"), (3, "甲校", "revoked")):
            row = given.certificate(serial, school, status)
            row.organisation_id, row.batch_id = organisation, made.id
            row.sha256 = services.files.put(f"%PDF-1.7 {serial}".encode() * 50)
            session.add(row)
    return made.id


def officer(organisation: UUID) -> Actor:
    return given.officer(organisation)


async def prepare(services: Services, id: UUID) -> None:
    await jobs.prepare_pack(services, {"pack_id": str(id)})


async def order(services: Services, organisation: UUID, batch_id: UUID, *, ended: bool = False) -> UUID:
    owner = Owner(OwnerKind.ORGANISATION, organisation)
    async with services.db.transaction() as session:
        return await actions.order(
            session, officer(organisation), owner=owner, batch_id=batch_id, ended=ended, now=services.clock.now()
        )


async def test_the_stored_bytes_with_their_sums(
    client: httpx.AsyncClient, services: Services, organisation: UUID, batch_id: UUID, tmp_path: Path
) -> None:
    await post(client, "/sign-in", login="first", secret=PASSWORD)
    placed = await post(client, HOME, batch_id=str(batch_id), ended="true")
    assert placed.status_code == 303, placed.text
    await prepare(services, UUID(placed.headers["location"].rsplit("/", 1)[1]))
    shown = (await client.get(placed.headers["location"])).text
    assert "下载文件包" in shown
    whole = await client.get(placed.headers["location"] + "/file")
    assert whole.status_code == 200 and int(whole.headers["content-length"]) == len(whole.content)
    with zipfile.ZipFile(io.BytesIO(whole.content)) as opened:
        assert opened.testzip() is None
        opened.extractall(tmp_path)
        listed = json.loads(opened.read("manifest.json"))
    assert [one["status"] for one in listed["certificates"]] == ["issued", "issued", "revoked"]
    assert listed["certificates"][0]["file"].startswith("乙校_/")
    done = await asyncio.to_thread(
        subprocess.run, ["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0 and done.stdout.count(": OK") == 4
    kept = next(tmp_path.glob("甲校/*13-*.pdf")).read_bytes()
    assert kept == b"%PDF-1.7 1" * 50
    etag = whole.headers["etag"]
    rest = await client.get(placed.headers["location"] + "/file", headers={"Range": "bytes=100-", "If-Range": etag})
    assert rest.status_code == 206 and whole.content[:100] + rest.content == whole.content
    other = await client.get(placed.headers["location"] + "/file", headers={"Range": "bytes=9-", "If-Range": '"x"'})
    assert other.status_code == 200 and other.content == whole.content
    behind = await client.get(placed.headers["location"] + "/file", headers={"Range": f"bytes={len(whole.content)}-"})
    assert behind.status_code == 416
    async with services.db.transaction() as session:
        deeds = (
            await session.scalars(
                text("SELECT action FROM exam.audit_records WHERE action LIKE '%pack%' ORDER BY action")
            )
        ).all()
    assert deeds == ["certificates.pack_ordered", *["certificates.pack_taken"] * 3]


async def test_a_file_that_is_not_what_it_was(services: Services, organisation: UUID, batch_id: UUID) -> None:
    id = await order(services, organisation, batch_id)
    sha256 = services.files.put(b"%PDF-1.7 2" * 50)
    services.files.remove(sha256)
    await prepare(services, id)
    async with services.db.transaction() as session:
        one = await queries.pack(session, officer(organisation), id)
    assert one.status is PackStatus.REFUSED and one.problem == "WL01WLG22026420000023"
    services.files.put(b"%PDF-1.7 2" * 50)
    await prepare(services, id)
    async with services.db.transaction() as session:
        assert (await queries.pack(session, officer(organisation), id)).status is PackStatus.REFUSED


async def test_a_cut_run_goes_on(
    services: Services, organisation: UUID, batch_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "GROUP", 1)
    assert GROUP > 1
    id = await order(services, organisation, batch_id)
    read: list[str] = []
    get = services.files.get

    def cut(sha256: str) -> bytes:
        read.append(sha256)
        if len(read) == 2:
            raise ConnectionError
        return get(sha256)

    monkeypatch.setattr(type(services.files), "get", lambda self, sha256: cut(sha256))
    with pytest.raises(ConnectionError):
        await prepare(services, id)
    async with services.db.transaction() as session:
        half = await queries.pack(session, officer(organisation), id)
    assert (half.status, half.done, half.count) == (PackStatus.PREPARING, 1, 2)
    await prepare(services, id)
    assert len(read) == 3
    async with services.db.transaction() as session:
        whole = await queries.pack(session, officer(organisation), id)
    assert whole.status is PackStatus.READY and whole.size


async def test_only_those_whom_it_concerns(services: Services, organisation: UUID, batch_id: UUID) -> None:
    id = await order(services, organisation, batch_id)
    school = UUID(int=5)
    own = Actor(new_id(), "院校", (Grant(Role.INSTITUTION, Scope("institution", str(school))),))
    province = Actor(new_id(), "省厅", (Grant(Role.PROVINCE, Scope("province", "42")),))
    async with services.db.transaction() as session:
        for stranger in (officer(UUID(int=9)), own, province):
            assert await queries.packs(session, stranger) == []
            with pytest.raises(NotFound):
                await queries.pack(session, stranger, id)
        with pytest.raises(Forbidden):
            await actions.order(
                session, own, owner=Owner(OwnerKind.INSTITUTION, UUID(int=6)), batch_id=batch_id, now=NOW
            )
        with pytest.raises(NothingToPack):  # none of the batch's people are its own
            await actions.order(session, own, owner=Owner(OwnerKind.INSTITUTION, school), batch_id=batch_id, now=NOW)


async def test_the_link_ends(
    client: httpx.AsyncClient, services: Services, clock: FixedClock, organisation: UUID, batch_id: UUID
) -> None:
    id = await order(services, organisation, batch_id)
    await post(client, "/sign-in", login="first", secret=PASSWORD)
    assert (await client.get(f"{HOME}/{id}/file")).status_code == 409
    assert "逐本核对原件" in (await client.get(f"{HOME}/{id}")).text
    await prepare(services, id)
    clock.at += timedelta(days=8)
    await post(client, "/sign-in", login="first", secret=PASSWORD)
    assert (await client.get(f"{HOME}/{id}/file")).status_code == 404
    assert "已到期" in (await client.get(HOME)).text
    async with services.db.transaction() as session:
        assert await actions.purge(session, now=clock.at) == 1
        assert await queries.items(session, id) == []
