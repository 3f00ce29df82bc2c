"""The platform behind one port. The line is HTTP with JSON (docs/formats/platform.md): to the address of the settings, or, where
none is set, to the built-in registry, whose application is then called in this process.

What the platform says is never taken for more than it is: silence, nonsense and errors are `PlatformDown` (nothing is known, it is
asked again later), a request that is refused as a whole is `PlatformRefused` (nothing was taken).
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import cache
from typing import Any, Final, Protocol
from uuid import UUID

import httpx

from certificates.platform.rules import Known, Receipt, Submission
from certificates.platform.rules.reconciling import Theirs
from certificates.registry.server import Registry, registry_key
from exam.kernel.services import Services

FILES: Final = "files"
"""KAOWU_PLATFORM_URL=files: there is no line, officers carry batch files."""
BUILT_IN: Final = "built-in"
_TIMEOUT: Final = httpx.Timeout(20.0, connect=5.0)
_PAGE: Final = 500
_TAKEN_LATER: Final = (408, 409, 425, 429)
_REFUSED: Final = (400, 413, 415, 422)
_registry: Final[list[Registry]] = []


class PlatformDown(Exception):
    """The platform does not answer, or answers nonsense: nothing is known, and it is asked again later."""

    def __init__(self, message: str, *, wait_seconds: int | None = None) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


class PlatformRefused(Exception):
    """The platform refused the request as a whole: nothing of it was taken."""


class PlatformClient(Protocol):
    """What our side asks of a platform."""

    @property
    def name(self) -> str:
        """How receipts name it."""

    async def submit(self, submission_id: UUID, rows: Sequence[Submission]) -> list[Receipt]:
        """Hand over a batch; a row that is there already gets the receipt it got before."""

    async def look_up(self, keys: Sequence[str]) -> Known:
        """What the platform knows of these keys, and which it says it does not know."""

    def records(self, organisations: Sequence[str]) -> AsyncIterator[list[Theirs]]:
        """Everything it lists for these organisations, in pages."""


class Line:
    """A line to a platform: address, key, and the manners of `_call`."""

    def __init__(
        self, address: str, key: bytes, *, name: str = "", transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._address = address.rstrip("/")
        self._key = key
        self._transport = transport
        self.name = name or httpx.URL(address).host

    async def call(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        """One request; its JSON object. Raises PlatformDown, PlatformRefused."""
        headers = {"Authorization": f"Bearer {self._key.decode()}", **arguments.pop("headers", {})}
        try:
            async with httpx.AsyncClient(transport=self._transport, timeout=_TIMEOUT, verify=_trust()) as client:
                response = await client.request(method, self._address + path, headers=headers, **arguments)
            if response.status_code in _REFUSED:
                raise PlatformRefused(f"{self.name} answered {response.status_code}")
            if response.status_code not in (httpx.codes.OK, httpx.codes.ACCEPTED):
                raise PlatformDown(f"{self.name} answered {response.status_code}", wait_seconds=_wished(response))
            body = response.json()
        except (httpx.HTTPError, ValueError, RuntimeError, OSError) as error:
            raise PlatformDown(f"{self.name}: {type(error).__name__}") from error
        if not isinstance(body, dict):
            raise PlatformDown(f"{self.name}: no object")
        return body


class HttpPlatform:
    """The platform over a line."""

    def __init__(self, line: Line, *, callback: str = "") -> None:
        self._line = line
        self._callback = callback
        self.name = line.name

    async def submit(self, submission_id: UUID, rows: Sequence[Submission]) -> list[Receipt]:
        """Post the batch under its idempotency key."""
        body: dict[str, Any] = {
            "submission": str(submission_id),
            "rows": [
                {"key": row.key, "deed": str(row.deed), "reason": row.reason, "record": row.record.as_data()}
                for row in rows
            ],
        }
        if self._callback:
            body["callback"] = self._callback
        headers = {"Idempotency-Key": str(submission_id)}
        answer = await self._line.call("POST", "/certificates/batches", json=body, headers=headers)
        return read_receipts(answer)

    async def look_up(self, keys: Sequence[str]) -> Known:
        """Ask for the receipts of keys."""
        answer = await self._line.call("GET", "/certificates/receipts", params=[("key", key) for key in keys])
        unknown = answer.get("unknown", [])
        if not isinstance(unknown, list):
            raise PlatformDown(f"{self.name}: unknown")
        return Known(receipts=tuple(read_receipts(answer)), unknown=frozenset(map(str, unknown)) & frozenset(keys))

    async def records(self, organisations: Sequence[str]) -> AsyncIterator[list[Theirs]]:
        """Page through what the platform lists; a page that does not go on is nonsense."""
        after = ""
        while True:
            params: list[tuple[str, str | int]] = [("organisation", code) for code in organisations]
            answer = await self._line.call("GET", "/certificates", params=[*params, ("after", after), ("limit", _PAGE)])
            try:
                yield [_theirs(row) for row in answer["records"]]
                following = str(answer["next"])
            except (KeyError, TypeError, AttributeError) as error:
                raise PlatformDown(f"{self.name}: records") from error
            if not following:
                return
            if following == after:
                raise PlatformDown(f"{self.name}: the list does not go on")
            after = following


def read_receipts(answer: Mapping[str, Any]) -> list[Receipt]:
    """The receipts of an answer; raises PlatformDown where they are none."""
    try:
        return [Receipt.from_data(row) for row in answer["receipts"]]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PlatformDown(f"receipts: {type(error).__name__}") from error


def by_files(services: Services) -> bool:
    """Whether there is no line to the platform and files are carried."""
    return services.settings.platform_url == FILES


def platform_name(services: Services) -> str:
    """How pages and receipts name the platform of this installation."""
    address = services.settings.platform_url
    return FILES if address == FILES else httpx.URL(address).host if address else BUILT_IN


def line_of(services: Services) -> Line:
    """The line of this installation; to the built-in registry where no address is set."""
    key = registry_key(services)
    if services.settings.platform_url and not by_files(services):
        return Line(services.settings.platform_url, key)
    if not _registry:
        _registry.append(Registry())
    app: Any = _registry[0].of(services)  # httpx and Litestar write the same protocol down differently
    return Line("http://registry.internal", key, name=platform_name(services), transport=httpx.ASGITransport(app=app))


def client_of(services: Services) -> PlatformClient:
    """The platform of this installation."""
    return HttpPlatform(line_of(services), callback=f"{services.settings.base_url}/certificates/platform/receipts")


@cache
def _trust() -> ssl.SSLContext:
    """The authorities of this machine, read once: reading them anew for each request costs more than the request."""
    return httpx.create_ssl_context()


def _wished(response: httpx.Response) -> int | None:
    text = response.headers.get("Retry-After", "")
    return int(text) if text.isdigit() else None


def _theirs(row: Mapping[str, Any]) -> Theirs:
    return Theirs(
        key=str(row["key"]),
        digest=str(row["record_sha256"]),
        withdrawn=row["status"] != "in_force",
        platform_id=str(row.get("platform_id", "")),
        facts={
            name: row[name]
            for name in (
                "number", "version", "certificate_code", "certificate_name", "level", "organisation_code",
                "organisation_name", "institution_name", "batch_code", "issued_on", "sha256",
            )
            if name in row
        },
    )  # fmt: skip
