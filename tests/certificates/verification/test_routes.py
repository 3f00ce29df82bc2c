"""What the public may ask beside the pages: keys, status lists, proofs; what a file turned out to be; what is too large."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.issuing import jobs, queries
from certificates.issuing.models import ENDED
from certificates.issuing.queries.stored import ENDED_IDS
from certificates.issuing.rules.credential import LIST_LENGTH, from_base64url, read_list
from certificates.issuing.rules.signature import Examination, examine
from certificates.issuing.rules.status import CertificateStatus
from certificates.issuing.rules.status import CertificateStatus as S
from certificates.issuing.signer import roots
from certificates.keys import actions as key_actions
from certificates.keys import queries as keys
from certificates.keys.signer import signer_of
from certificates.ledger import queries as ledger
from certificates.ledger.jobs import seal
from certificates.ledger.rules.checkpoints import read_proof
from certificates.ledger.rules.merkle import leaf_hash
from certificates.verification import checker
from certificates.verification.routes import credentials, public
from certificates.verification.routes.holder import link_to
from certificates.verification.routes.shared import limiters
from exam.accounts.rules import Actor, Grant, Role
from exam.kernel.clock import FixedClock
from exam.kernel.services import Services
from tests.certificates import proofs


@pytest.fixture(autouse=True)
def fresh() -> None:
    limiters.clear()
    credentials._lists.clear()


@pytest.fixture
async def one(services: Services, officer: Actor, batch_id: Any) -> queries.Certificate:
    """The first certificate of a batch that was issued."""
    await jobs.issue_batch(services, officer, batch_id)
    async with services.db.transaction() as session:
        found, _ = await queries.page_of(session, officer, batch_id=batch_id, status=CertificateStatus.ISSUED, limit=1)
    return found[0]


async def send(
    client: httpx.AsyncClient, data: bytes, name: str = "certificate.pdf", accept: str = "application/json"
) -> httpx.Response:
    html = (await client.get("/verify")).text
    found = re.search(r'name="_csrf_token" value="([^"]+)"', html)
    assert found
    headers = {"Accept": accept}
    files = {"file": (name, data, "application/pdf")}
    return await client.post("/verify/file", data={"_csrf_token": found[1]}, files=files, headers=headers)


async def index_of(services: Services, one: queries.Certificate) -> int:
    """The leaf with which a certificate began."""
    async with services.db.transaction() as session:
        return (await ledger.entries(session, certificate_ids=[one.id]))[0].index


def payload(token: bytes) -> dict[str, Any]:
    return dict(json.loads(from_base64url(token.decode().split(".")[1])))


async def test_a_revocation_shows_in_the_status_list_within_a_minute(
    client: httpx.AsyncClient, services: Services, one: queries.Certificate, clock: FixedClock
) -> None:
    index = await index_of(services, one)

    async def bits() -> bytes:
        answer = await client.get("/certificates/status/0")
        assert answer.headers["content-type"] == "application/vc+jwt"
        assert answer.headers["cache-control"] == "public, max-age=30"
        return read_list(payload(answer.content)["credentialSubject"]["encodedList"])

    def bit(found: bytes) -> int:
        return found[index // 8] >> (7 - index % 8) & 1

    assert not any(await bits())
    async with services.db.transaction() as session:
        await session.execute(
            text("UPDATE certificates.certificates SET status = 'revoked', ended_at = now() WHERE id = :id"),
            {"id": one.id},
        )
    assert not any(await bits())  # kept for half a minute
    clock.at += timedelta(seconds=31)
    assert bit(await bits()) == 1
    assert sum(value.bit_count() for value in await bits()) == 1
    assert (await client.get("/certificates/status/1")).status_code == 404
    assert (await client.get("/certificates/status/-1")).status_code == 404
    assert LIST_LENGTH == 131_072


async def test_ended_certificates_are_found_without_reading_all(session: AsyncSession) -> None:
    """With a million issued and a few revoked, each status list reads the few."""
    for setting in ("enable_seqscan", "enable_bitmapscan"):
        await session.execute(text(f"SET LOCAL {setting} = off"))
    plan = "\n".join(await session.scalars(text(f"EXPLAIN {ENDED_IDS}")))
    assert "ix_certificates_ended" in plan, plan
    over = {status for status in CertificateStatus if f"'{status}'" in ENDED}
    assert over == {S.REVOKED, S.SUPERSEDED, S.REISSUED, S.VOIDED}


async def test_the_issuers_keys_are_where_credentials_say(
    client: httpx.AsyncClient, one: queries.Certificate, services: Services
) -> None:
    own = (await client.get("/.well-known/did.json")).json()
    issuer = (await client.get(f"/issuers/{one.face.organisation_code}/did.json")).json()
    assert issuer["id"].endswith(f":issuers:{one.face.organisation_code}")
    listed = (await client.get("/.well-known/jwks.json")).json()["keys"]
    assert listed == [method["publicKeyJwk"] for method in own["verificationMethod"]]
    assert (await client.get("/issuers/NONE/did.json")).status_code == 404


async def test_the_proof_leads_to_the_entry(
    client: httpx.AsyncClient, one: queries.Certificate, services: Services
) -> None:
    await seal(services)
    index = await index_of(services, one)
    assert f"登记簿第 {index} 条" in (await client.get(f"/v/{one.token}")).text
    answer = await client.get(f"/v/{one.token}/proof")
    async with services.db.transaction() as session:
        (entry,) = await ledger.entries(session, certificate_ids=[one.id])
    proof = read_proof(answer.text)
    assert proof.index == entry.index == index
    proof.check(leaf_hash(entry.entry))
    assert (await client.get("/v/nothing/proof")).status_code == 404


async def test_what_a_file_turned_out_to_be_is_said(
    client: httpx.AsyncClient, one: queries.Certificate, services: Services, tmp_path: Any
) -> None:
    stored = services.files.get(one.sha256 or "")
    genuine = (await send(client, stored)).json()
    assert (genuine["verdict"], genuine["file"]["finding"]) == ("genuine", "ours")
    made = proofs.sealed(services)
    found = {
        "not_pdf": b"hello",
        "unsigned": b"%PDF-1.7\n%%EOF\n",
        "changed": stored + b"\n",
        "not_registered": proofs.file_of(services, made, signer_of(services.settings)),
    }
    for finding, data in found.items():
        answer = (await send(client, data)).json()
        assert answer["verdict"] == ("altered" if finding == "changed" else "unknown")
        assert answer["file"]["finding"] == finding
        assert "certificate" not in answer


async def test_the_cut_off_of_a_stolen_key_is_shown_and_counts(
    client: httpx.AsyncClient,
    one: queries.Certificate,
    services: Services,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was issued before the cut-off stands, with the notice; what was issued after it is unknown, with the notice."""

    async def here(data: bytes, trusted: list[bytes], *_: object) -> Examination:
        """The child's limit of time is another test's."""
        return examine(data, trusted)

    monkeypatch.setattr(public, "check", here)
    stored = services.files.get(one.sha256 or "")
    people = [Actor(UUID(int=n), "", (Grant(Role.CERTIFICATE_OFFICER),)) for n in (1, 2)]
    issued, lost = clock.now(), clock.now() + timedelta(hours=1)
    clock.at += timedelta(hours=2)
    async with services.db.transaction() as session:
        certificate = await keys.by_certificate(session, examine(stored, roots(services.settings)).certificate_sha256)
        assert certificate is not None
        for person in people:
            await key_actions.report(
                session, person, name=certificate.name, cut_off=lost, reason="U 盘遗失", now=clock.now()
            )
    before = (await send(client, stored, accept="text/html")).text
    assert "真实有效" in before and "2026年11月20日（周五）15:00 起停用" in before
    async with services.db.transaction() as session:
        await session.execute(
            text("UPDATE certificates.key_reports SET cut_off = :at"), {"at": issued - timedelta(minutes=1)}
        )
    after = (await send(client, stored, accept="text/html")).text
    assert "没有查到" in after and "起停用" in after and one.number not in after
    assert "真实有效" in (await client.get(f"/v/{one.token}")).text  # the register does not rest on that key


@pytest.fixture
async def statements(services: Services) -> AsyncIterator[list[str]]:
    """The SQL statements that are sent, in order."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    engine = services.db.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


async def test_unknown_and_wrong_take_the_same_work(
    client: httpx.AsyncClient, one: queries.Certificate, statements: list[str]
) -> None:
    asked = []
    for number in (one.number, "X" * 21):
        statements.clear()
        answer = await client.get("/verify", params={"number": number, "name": "张三丰"})
        assert "没有查到" in answer.text
        asked.append(list(statements))
    assert asked[0] == asked[1]


async def test_what_is_too_large_is_refused_in_words(client: httpx.AsyncClient) -> None:
    just = await send(client, b"%PDF-" + bytes(20_000_001))
    assert (just.status_code, just.json()["problems"][0]["code"]) == (422, "too_large")
    far = await send(client, b"%PDF-" + bytes(22_000_000))
    assert (far.status_code, far.json()["code"]) == (413, "TooLarge")


async def test_a_download_link_holds_for_ten_minutes_and_for_its_bytes_only(
    client: httpx.AsyncClient, one: queries.Certificate, services: Services, clock: FixedClock
) -> None:
    link = link_to(services, one)
    answer = await client.get(link)
    assert answer.content == services.files.get(one.sha256 or "")
    assert answer.headers["cache-control"] == "private, no-store"
    sha256, rest = link.rsplit("/", 1)[1].split(".", 1)
    other = f"/certificates/download/{'0' * 64}.{rest}"
    later = link.replace(link.split(".")[2], str(int(link.split(".")[2]) + 600))
    for bad in (other, later, link[:-1], f"/certificates/download/{sha256}", "/certificates/download/..."):
        assert (await client.get(bad)).status_code == 404
    clock.at += timedelta(minutes=11)
    assert (await client.get(link)).status_code == 404


async def test_whatever_is_sent_is_answered_in_time_and_nothing_is_kept(
    client: httpx.AsyncClient, one: queries.Certificate, services: Services
) -> None:
    """Encrypted, a bomb, a thousand pages, a gap full of certificates, a signature of megabytes: seconds and memory are limited."""
    before = sorted(services.settings.files.rglob("*"))
    bomb = (
        b"%PDF-1.7\n1 0 obj <</Filter/FlateDecode/Length 99>>stream\n" + zlib.compress(bytes(50_000_000)) + b"endstream"
    )
    ranged = b"/ByteRange [0 %d %d 9]" % (60, 60 + 8_000_002)
    huge = b"%PDF-1.7\n" + ranged.ljust(51) + b"<" + b"30" * 4_000_000 + b">" + b"%%EOF    "
    sent = {
        "encrypted": b"%PDF-1.7\n/Encrypt 1 0 R\n%%EOF",
        "bomb": bomb,
        "pages": b"%PDF-1.7\n" + b"/Type /Page\n" * 1000,
        "huge": huge,
        "open": b"%PDF-1.7 /ByteRange [0 1 2 3]" + b"<" * 5_000_000,
        "digits": b"%PDF-1.7 /ByteRange [0 1 2 3]" + b"<" + b"a" * 15_000_000,
    }
    for name, data in sent.items():
        answer = await send(client, data)
        assert (answer.status_code, answer.json()["verdict"]) == (200, "unknown"), name
    assert checker._children()._seconds < 2
    assert sorted(services.settings.files.rglob("*")) == before
