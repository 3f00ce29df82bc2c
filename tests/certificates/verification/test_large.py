"""200 MB dropped on the verification page: answered while the sender still sends, never held, nothing kept."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from certificates.verification.routes.shared import limiters
from exam.kernel.services import Services

MEGABYTE = bytes(1_000_000)
SENT = 200_000_000


def memory_bytes() -> int:
    """What this process, the server's thread in it, holds now."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) * 1024


@pytest.mark.parametrize("chunked", [False, True])
async def test_two_hundred_megabytes_are_refused_before_they_have_arrived(
    live: str, services: Services, chunked: bool
) -> None:
    limiters.clear()
    async with httpx.AsyncClient(base_url=live) as client:
        await client.get("/verify")
        token = client.cookies["kaowu_csrf"]
    before = sorted(services.settings.files.rglob("*"))
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {SENT}"
    head = (
        f"POST /verify/file HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\nCookie: kaowu_csrf={token}\r\n"
        f"X-CSRF-Token: {token}\r\nContent-Type: multipart/form-data; boundary=b\r\n{length}\r\n\r\n"
    )
    place = urlsplit(live)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    answer = asyncio.create_task(reader.readuntil(b"}"))
    held, sent, first = (
        memory_bytes(),
        0,
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n',
    )
    writer.write(head.encode() + (b"%x\r\n%s\r\n" % (len(first), first) if chunked else first))
    while sent < SENT and not answer.done():
        writer.write(b"%x\r\n%s\r\n" % (len(MEGABYTE), MEGABYTE) if chunked else MEGABYTE)
        await writer.drain()
        sent += len(MEGABYTE)
        await asyncio.sleep(0)
    text = (await asyncio.wait_for(answer, 60)).decode()
    writer.close()
    assert text.startswith("HTTP/1.1 413") and sent < SENT / 2
    assert json.loads(text[text.index("{") :])["code"] == "TooLarge"
    assert memory_bytes() - held < 120_000_000
    assert sorted(services.settings.files.rglob("*")) == before
