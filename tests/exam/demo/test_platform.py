"""The demo's platform is a process of its own: it answers while the block runs, and it is gone after it."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from certificates.registry.server import registry_key
from exam.demo.platform import PlatformDidNotStart, served
from exam.kernel.services import Services


async def test_it_answers_under_the_installations_key_and_ends_with_the_block(services: Services) -> None:
    key = registry_key(services).decode()
    async with served(services.settings) as connected, httpx.AsyncClient() as client:
        address = f"{connected.platform_url}/certificates/receipts?key=N1/1"
        known = await client.get(address, headers={"Authorization": f"Bearer {key}"})
        assert known.json() == {"receipts": [], "unknown": ["N1/1"]}
        assert (await client.get(address)).status_code == 401
    async with httpx.AsyncClient() as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(address)


async def test_an_outside_platform_is_left_alone_and_a_process_that_ends_is_named(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = replace(services.settings, platform_url="https://platform.example.org")
    async with served(outside) as connected:
        assert connected is outside
    monkeypatch.setattr("exam.demo.platform.sys.executable", "/bin/false")
    with pytest.raises(PlatformDidNotStart, match="exit status 1"):
        async with served(services.settings):
            pass
