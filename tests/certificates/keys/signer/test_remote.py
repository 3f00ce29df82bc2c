"""The remote signing protocol, client against server: who is not known, what is old, sent twice or for another purpose is refused."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives import hashes

from certificates.keys.rules.purposes import Purpose
from certificates.keys.rules.remote import Ask, NotAuthentic, read_tag, tag
from certificates.keys.rules.ring import Entry
from certificates.keys.signer import CannotSign, open_entry, try_out
from certificates.keys.signer import remote as client
from certificates.keys.signer.port import Signer
from certificates.keys.signer.service import Service
from exam.kernel.files import write_whole
from tests.certificates.keys.makers import authority, file_entry

SECRET = bytes(range(32))


class Exchange:
    """A service and a client's ring entry, joined without a network."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        made = file_entry(folder, authority(), "doc")
        self.service = Service(
            {"doc": (Purpose.DOCUMENT, open_entry(made, folder))}, SECRET, folder / "signing.log", now=lambda: self.now
        )
        self.now = 1_000_000.0
        self.seen: list[httpx.Request] = []
        self.change: Callable[[httpx.Response], httpx.Response] = lambda answer: answer
        write_whole(folder / "secret", SECRET.hex().encode(), 0o600)
        self.entry = Entry(
            name="remote-doc", purpose=Purpose.DOCUMENT, certificate="doc.pem", backend="remote", key="doc",
            url="http://signing.example", secret_file="secret",
        )  # fmt: skip

    def signer(self, **changed: Any) -> Signer:
        found = client.remote_signer(self.entry, self.folder)
        joined = httpx.Client(base_url=self.entry.url, transport=httpx.MockTransport(self._ask))
        return replace(found, client=joined, **changed)

    def _ask(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        return self.change(asyncio.run(self.ask(request.url.path, request.content, request.headers["authorization"])))

    async def ask(self, path: str, body: bytes, head: str) -> httpx.Response:
        sent: list[Mapping[str, Any]] = []

        async def receive() -> Mapping[str, Any]:
            return {"body": body, "more_body": False}

        async def send(event: Mapping[str, Any]) -> None:
            sent.append(event)

        scope = {"type": "http", "method": "POST", "path": path, "headers": [(b"authorization", head.encode())]}
        await self.service(scope, receive, send)
        return httpx.Response(sent[0]["status"], headers=sent[0]["headers"], content=sent[1]["body"])


@pytest.fixture
def joined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Exchange:
    made = Exchange(tmp_path)
    monkeypatch.setattr("certificates.keys.signer.remote.time.time", lambda: made.now)
    monkeypatch.setattr(client, "_PAUSE_SECONDS", 0)
    return made


def test_a_message_is_signed_far_away_and_noted_there(joined: Exchange) -> None:
    signer = joined.signer()
    try_out(signer)
    message = b"\x31" + signer.chain[0].fingerprint(hashes.SHA256())
    assert signer.raw(message)
    lines = [json.loads(line) for line in (joined.folder / "signing.log").read_text().splitlines()]
    assert [one["key"] for one in lines] == ["doc", "doc"]


def test_only_what_looks_like_a_document_is_signed_with_its_key(joined: Exchange) -> None:
    with pytest.raises(CannotSign, match="422"):
        joined.signer().raw(b"eyJhbGciOiJFUzI1NiJ9.e30")
    assert not (joined.folder / "signing.log").exists()


def test_a_key_is_refused_for_another_purpose_or_under_another_name(joined: Exchange) -> None:
    for purpose, name in ((Purpose.EXPORT, "doc"), (Purpose.DOCUMENT, "else")):
        entry = Entry(
            name="x",
            purpose=purpose,
            certificate="doc.pem",
            backend="remote",
            key=name,
            url="http://s",
            secret_file="secret",
        )
        with pytest.raises(CannotSign, match="403"):
            try_out(joined.signer(entry=entry))


def test_a_stranger_is_refused_and_so_is_a_stranger_s_answer(joined: Exchange) -> None:
    with pytest.raises(CannotSign, match="401"):
        try_out(joined.signer(secret=b"0" * 32))
    joined.change = lambda answer: httpx.Response(200, headers={"Kaowu-Answer": "0" * 64}, content=answer.content)
    with pytest.raises(CannotSign, match="NotAuthentic"):
        try_out(joined.signer())


async def test_what_is_old_or_sent_twice_is_refused(joined: Exchange) -> None:
    body = msgspec.json.encode(Ask(key="doc", purpose="document"))
    made = tag(SECRET, "/v1/key", body, at=1_000_000, nonce="a" * 32).text()
    assert (await joined.ask("/v1/key", body, made)).status_code == 200
    assert (await joined.ask("/v1/key", body, made)).status_code == 401, "twice"
    fresh = tag(SECRET, "/v1/key", body, at=1_000_000, nonce="b" * 32).text()
    assert (await joined.ask("/v1/sign", body, fresh)).status_code == 401, "for another address"
    assert (await joined.ask("/v1/key", body + b" ", fresh)).status_code == 401, "another body"
    joined.now += 61
    assert (await joined.ask("/v1/key", body, fresh)).status_code == 401, "old"
    joined.now += 1000
    assert (await joined.ask("/v1/key", body, made)).status_code == 401, "forgotten, and old"
    assert (await joined.ask("/else", body, fresh)).status_code == 404


def test_a_wrong_signature_reaches_nobody(joined: Exchange) -> None:
    other = open_entry(file_entry(joined.folder, authority(), "other"), joined.folder)
    joined.service.signers = {"doc": (Purpose.DOCUMENT, other)}
    with pytest.raises(CannotSign, match="signature"):
        try_out(joined.signer())


def test_a_service_that_stumbles_is_asked_again(joined: Exchange) -> None:
    answers = iter([503, 200])

    def stumble(answer: httpx.Response) -> httpx.Response:
        return answer if next(answers) == 200 else httpx.Response(503)

    joined.change = stumble
    try_out(joined.signer())
    assert len(joined.seen) == 2
    assert len({one.headers["authorization"] for one in joined.seen}) == 2, "each with a number of its own"


@pytest.mark.parametrize("head", ["", "Basic x", "Kaowu-HMAC-SHA256 at=x, nonce=y", "Kaowu-HMAC-SHA256 at=1"])
def test_heads_that_are_none(head: str) -> None:
    with pytest.raises(NotAuthentic):
        read_tag(head)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_the_secret_is_long_and_its_owner_s_alone(joined: Exchange) -> None:
    (joined.folder / "secret").chmod(0o644)
    with pytest.raises(CannotSign, match="0644"):
        joined.signer()
    (joined.folder / "secret").unlink()
    write_whole(joined.folder / "secret", b"abcd", 0o600)
    with pytest.raises(CannotSign, match="32"):
        joined.signer()


def test_a_client_certificate_is_loaded(joined: Exchange) -> None:
    entry = Entry(
        name="x", purpose=Purpose.DOCUMENT, certificate="doc.pem", backend="remote", url="https://s", secret_file="secret",
        authority="doc.pem", client_certificate="doc.pem", client_key="doc.key",
    )  # fmt: skip
    client.client_of(entry, joined.folder).close()
    (joined.folder / "doc.key").write_bytes(b"no key")
    with pytest.raises(CannotSign, match="TLS"):
        client.client_of(entry, joined.folder)
