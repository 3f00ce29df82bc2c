"""``kaowu keys`` from the shell: a ceremony, its keys brought into force, one lost, and the service that signs over TLS."""

from __future__ import annotations

import argparse
import asyncio
import io
import ipaddress
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from certificates.keys import actions, queries
from certificates.keys.commands import add_commands
from certificates.keys.commands.serving import service_of, tls
from certificates.keys.rules.purposes import Purpose
from certificates.keys.rules.register import KeyRefused, SamePerson
from certificates.keys.rules.ring import Entry
from certificates.keys.signer import CannotSign, roots, signer_of, take_over, try_out
from certificates.keys.signer.files import pem, pem_chain
from certificates.keys.signer.remote import remote_signer
from exam.accounts.actions import create_staff
from exam.accounts.rules import SYSTEM, Grant, Role
from exam.kernel.files import write_whole
from exam.kernel.ports import free_port
from exam.kernel.services import Services
from exam.kernel.settings import Settings
from tests.certificates.keys.makers import VALID, Authority, authority, file_entry
from tests.servers import Databases

PASSWORD = "a password of staff"
Run = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
async def db(databases: Databases) -> Any:
    """An empty database: nothing here needs the road."""
    lent = await databases.lend()
    yield lent
    await databases.give_back(lent)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
async def run(services: Services, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``kaowu keys ...`` as somebody (``officer``, ``second``); returns what it printed, with its status."""
    async with services.db.transaction() as session:
        for login, role in (("officer", Role.CERTIFICATE_OFFICER), ("second", Role.EXAM_OFFICER)):
            await create_staff(
                session,
                SYSTEM,
                login=login,
                name=login,
                password=PASSWORD,
                grants=[Grant(role)],
                now=services.clock.now(),
            )

    async def given(*arguments: object, login: str = "") -> dict[str, Any]:
        monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD + "\n"))
        parser, common = argparse.ArgumentParser(), argparse.ArgumentParser(add_help=False)
        common.add_argument("--json", action="store_true")
        add_commands(parser.add_subparsers(), common, lambda work: work)
        signing = ["--login", login, "--password-stdin"] if login else []
        parsed = parser.parse_args(["keys", *map(str, arguments), *signing, "--json"])
        done = parsed.command(services, parsed) if arguments[0] not in ("ceremony", "serve") else parsed.command(parsed)
        status = await done if asyncio.iscoroutine(done) else done
        return {"status": status, **json.loads(capsys.readouterr().out)}

    return given


async def test_a_ring_of_keys_comes_into_force_without_a_stop(run: Run, services: Services, tmp_path: Path) -> None:
    above, new = authority(), tmp_path / "new"
    for number in (1, 2):
        settings = Settings(home=new / str(number))
        for purpose in (Purpose.DOCUMENT, Purpose.LEDGER):
            take_over(settings, file_entry(settings.keys, above, f"{purpose}-{number}", purpose))
    assert signer_of(services.settings).specimen
    said = await run("rotate", new / "1" / "keys" / "ring.json", login="officer")
    assert said["keys"] == ["document-1", "ledger-1"]
    assert said["seconds"] < 600
    first = signer_of(services.settings)
    assert first.name == "document-1"
    said = await run("rotate", new / "2" / "keys" / "ring.json", "--name", "document-2", login="second")
    assert said["keys"] == ["document-2"]
    assert (signer_of(services.settings).name, signer_of(services.settings, Purpose.LEDGER).name) == (
        "document-2",
        "ledger-1",
    )
    now = services.clock.now()
    async with services.db.transaction() as session:
        for signer in (first, signer_of(services.settings)):
            await actions.require_usable(session, signer, Purpose.DOCUMENT, now=now)
        with pytest.raises(KeyRefused):
            await actions.require_usable(session, first, Purpose.DOCUMENT, now=now + timedelta(minutes=10))
        assert await queries.roots(session) == roots(services.settings)
    again = await run("rotate", new / "2" / "keys" / "ring.json", "--name", "document-2", login="second")
    assert again["keys"] == ["document-2"]
    listed = await run("list")
    assert [(one["name"], one["state"]) for one in listed["keys"]] == [
        ("document-2", "in_force"), ("document-1", "in_force"), ("ledger-1", "in_force")
    ]  # fmt: skip


async def test_a_key_that_does_not_work_changes_nothing(run: Run, services: Services, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "new")
    take_over(settings, file_entry(settings.keys, authority(), "doc"))
    (settings.keys / "doc.key").write_bytes(b"nothing")
    with pytest.raises(CannotSign):
        await run("rotate", settings.ring, login="officer")
    assert not services.settings.ring.exists()
    assert (await run("list"))["keys"] == []


async def test_a_lost_key_from_the_shell(run: Run, services: Services, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "new")
    take_over(settings, file_entry(settings.keys, authority(), "doc"))
    await run("rotate", settings.ring, login="officer")
    said = await run("compromise", "doc", "--from", "2026-05-15T20:00", "--reason", "U 盘遗失", login="officer")
    assert (said["status"], said["state"]) == (1, "stopped")
    with pytest.raises(SamePerson):
        await run("compromise", "doc", login="officer")
    said = await run("compromise", "doc", login="second")
    assert (said["status"], said["state"], said["cut_off"]) == (0, "compromised", "2026-05-15T12:00:00+00:00")
    async with services.db.transaction() as session:
        assert [one.name for one in await queries.cutoffs(session)] == ["doc"]


async def test_a_mistake_from_the_shell(run: Run, services: Services, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "new")
    take_over(settings, file_entry(settings.keys, authority(), "doc"))
    await run("rotate", settings.ring, login="officer")
    await run("compromise", "doc", "--reason", "疑似", login="officer")
    assert (await run("withdraw", "doc", "--reason", "找到了", login="second"))["state"] == "in_force"


def test_a_remote_key_over_tls_for_who_shows_a_certificate(tmp_path: Path) -> None:
    """The reference server on a real port: client certificate and shared secret, or nothing."""
    above, folder = authority(), tmp_path / "keys"
    settings = Settings(home=tmp_path)
    take_over(settings, file_entry(folder, above, "doc"))
    write_whole(folder / "secret", bytes(32).hex().encode(), 0o600)
    write_whole(folder / "tls-root.pem", pem_chain((above.root,)), 0o644)
    for name in ("server", "client"):
        _tls(folder, above, name)
    port = free_port()
    given = argparse.Namespace(
        secret=folder / "secret", certificate=folder / "server.pem", key=folder / "server.key",
        client_authority=folder / "tls-root.pem",
    )  # fmt: skip
    server = uvicorn.Server(
        uvicorn.Config(service_of(settings, given), host="127.0.0.1", port=port, log_level="critical", **tls(given))
    )
    shown: dict[str, Any] = {"client_certificate": "client.pem", "client_key": "client.key"}

    def entry(shown: dict[str, Any]) -> Entry:
        return Entry(
            name="far", purpose=Purpose.DOCUMENT, certificate="doc.pem", backend="remote", key="doc",
            url=f"https://127.0.0.1:{port}", secret_file="secret", authority="tls-root.pem", **shown,
        )  # fmt: skip

    async def exchange() -> None:
        running = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        known, stranger = (remote_signer(entry(one), folder) for one in (shown, {}))
        await asyncio.to_thread(try_out, known)
        with pytest.raises(CannotSign):
            await asyncio.to_thread(try_out, stranger)
        known.client.close()  # else the server waits half a minute for the end of TLS
        stranger.client.close()
        server.should_exit = True
        await running

    asyncio.run(exchange())
    assert len((folder / "signing.log").read_text().splitlines()) == 1


def _tls(folder: Path, above: Authority, name: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
        .issuer_name(above.root.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(VALID.begin)
        .not_valid_after(VALID.end)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(above.key, hashes.SHA256())
    )
    write_whole(folder / f"{name}.key", pem(key), 0o600)
    write_whole(folder / f"{name}.pem", pem_chain((made,)), 0o644)
