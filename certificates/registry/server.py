"""The registry over HTTP: batches, receipts, records, files, and the credit bank (docs/formats/platform.md).

Every path but the public query asks for the key. Answers are plain JSON with codes; there are no pages here.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Annotated, Any, Final

import httpx
from litestar import Litestar, Request, Response, get, post
from litestar.background_tasks import BackgroundTask
from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath, QueryParameter
from litestar.types import ASGIApp, Receive, Scope, Send

from certificates.registry import actions, queries
from certificates.registry.documents import XLSX, read_batch_file, receipt_file
from certificates.registry.rules import BadRequest, Repeated, Row, read_rows
from exam.kernel.services import Services

_BODY_LIMIT_BYTES: Final = 25_000_000
_CALLBACK_SECONDS: Final = 10.0
SIGNATURE: Final = "X-Kaowu-Signature"
Keys = Annotated[list[str] | None, QueryParameter(name="key", max_items=500)]
Codes = Annotated[list[str], QueryParameter(name="organisation", max_items=50)]
After = Annotated[str, QueryParameter(max_length=60)]
Limit = Annotated[int, QueryParameter(ge=1, le=1000)]
AnyRequest = Request[Any, Any, Any]


def registry_key(services: Services) -> bytes:
    """The key of the machine-to-machine line: the one of the settings, else the installation's own."""
    configured = services.settings.platform_key
    return (configured or services.vault.blind("platform", "key")).encode()


def has_key(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Guard: the bearer of the key."""
    given = connection.headers.get("Authorization", "").removeprefix("Bearer ").encode()
    if not hmac.compare_digest(given, registry_key(_services(connection))):
        raise NotAuthorizedException


def everybody(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Guard of the public query."""


def _services(connection: ASGIConnection[Any, Any, Any, Any]) -> Services:
    found: Services = connection.scope["registry"]  # type: ignore[typeddict-item]
    return found


@post("/certificates/batches", guards=[has_key], status_code=200)
async def batches(request: AnyRequest) -> Response[Any]:
    """Take a batch. With `Prefer: respond-async` the answer is 202 and the receipts go to the callback."""
    services, raw = _services(request), await request.body()
    body = _json(raw)
    rows, key = read_rows(body.get("rows")), request.headers.get("Idempotency-Key", "")
    if not key or str(body.get("submission")) != key:
        raise BadRequest("Idempotency-Key")
    if request.headers.get("Prefer") == "respond-async":
        task = BackgroundTask(_call_back, services, raw, key, rows, str(body.get("callback", "")))
        return Response({"submission": key, "receipts": []}, status_code=202, background=task)
    return Response(await _take(services, raw, key, rows))


async def _take(services: Services, raw: bytes, key: str, rows: list[Row]) -> dict[str, Any]:
    digest = hashlib.sha256(raw).hexdigest()
    secret = registry_key(services)
    async with services.db.transaction() as session:
        return await actions.take_batch(
            session, secret, key=key, body_sha256=digest, rows=rows, now=services.clock.now()
        )


async def _call_back(services: Services, raw: bytes, key: str, rows: list[Row], address: str) -> None:
    """Work through the batch and tell the sender, once; what is not heard there is asked about."""
    answer = json.dumps(await _take(services, raw, key, rows), ensure_ascii=False).encode()
    if not address.startswith(services.settings.base_url + "/"):
        return  # only the installation that this registry stands for is called
    signature = hmac.new(registry_key(services), answer, hashlib.sha256).hexdigest()
    try:
        async with httpx.AsyncClient(timeout=_CALLBACK_SECONDS) as client:
            await client.post(
                address, content=answer, headers={SIGNATURE: signature, "Content-Type": "application/json"}
            )
    except httpx.HTTPError:
        return


@get("/certificates/receipts", guards=[has_key])
async def receipts(request: AnyRequest, keys: Keys = None) -> Response[Any]:
    """What is known of keys, and which are not known."""
    async with _services(request).db.transaction() as session:
        return Response(await queries.receipts(session, keys or []))


@get("/certificates", guards=[has_key])
async def records(request: AnyRequest, organisations: Codes, after: After = "", limit: Limit = 500) -> Response[Any]:
    """The records of organisations, in pages."""
    async with _services(request).db.transaction() as session:
        return Response(await queries.records(session, organisations, after=after, limit=limit))


@get("/public/certificates/{number:str}", guards=[everybody])
async def public(request: AnyRequest, number: FromPath[str]) -> Response[Any]:
    """What anybody may see of a number."""
    async with _services(request).db.transaction() as session:
        found = await queries.public(session, number)
    return Response(found) if found else Response({"code": "unknown"}, status_code=404)


@post("/certificates/files", guards=[has_key], status_code=200)
async def files(request: AnyRequest) -> Response[bytes]:
    """Take a batch file and give back the receipt file; the same file again gets the same receipts."""
    services, raw = _services(request), await request.body()
    number, rows = read_batch_file(raw)
    answer = await _take(services, raw, f"file:{number}", rows)
    data = receipt_file(number, answer["receipts"], at=services.clock.now())
    return Response(data, media_type=XLSX)


@post("/credits/types", guards=[has_key], status_code=200)
async def propose(request: AnyRequest) -> Response[Any]:
    """Take a credit proposal. The built-in bank reviews it with the next question about it."""
    services = _services(request)
    async with services.db.transaction() as session:
        return Response(await actions.propose_type(session, _json(await request.body()), now=services.clock.now()))


@post("/credits/types/query", guards=[has_key], status_code=200)
async def types(request: AnyRequest) -> Response[Any]:
    """What became of proposals."""
    services = _services(request)
    wanted = [(str(one["certificate_code"]), str(one["level"])) for one in _list(await request.body(), "types")]
    async with services.db.transaction() as session:
        await actions.review_types(session, now=services.clock.now())
        return Response({"types": await queries.credit_types(session, wanted)})


@post("/credits/states", guards=[has_key], status_code=200)
async def states(request: AnyRequest) -> Response[Any]:
    """Where the holders of certificates stand."""
    numbers = [str(one) for one in _list(await request.body(), "numbers")]
    async with _services(request).db.transaction() as session:
        return Response(await queries.credit_states(session, numbers))


@post("/credits/conversions", guards=[has_key], status_code=200)
async def conversions(request: AnyRequest) -> Response[Any]:
    """A school's decision on a conversion."""
    services, key = _services(request), request.headers.get("Idempotency-Key", "")
    if not key:
        raise BadRequest("Idempotency-Key")
    async with services.db.transaction() as session:
        return Response(await actions.convert(session, _json(await request.body()), key=key, now=services.clock.now()))


@post("/credits/withdrawals", guards=[has_key], status_code=200)
async def withdrawals(request: AnyRequest) -> Response[Any]:
    """A certificate was revoked: its credits are marked."""
    services = _services(request)
    async with services.db.transaction() as session:
        return Response(await actions.withdraw(session, _json(await request.body()), now=services.clock.now()))


@post("/credits/withdrawals/query", guards=[has_key], status_code=200)
async def withdrawn(request: AnyRequest) -> Response[Any]:
    """Which certificates are known as revoked."""
    numbers = [str(one) for one in _list(await request.body(), "numbers")]
    async with _services(request).db.transaction() as session:
        return Response(await queries.withdrawals(session, numbers))


@post("/credits/learners", guards=[has_key], status_code=200)
async def learners(request: AnyRequest) -> Response[Any]:
    """What learners do at the bank themselves, for demonstrations: open an account, store certificates."""
    services, secret = _services(request), registry_key(_services(request))
    done = []
    async with services.db.transaction() as session:
        for one in _list(await request.body(), "learners"):
            await actions.open_account(
                session, secret, id_type=str(one["id_type"]), id_number=str(one["id_number"]), now=services.clock.now()
            )
            done += [
                str(number)
                for number in one.get("store", [])
                if await actions.deposit(session, number=str(number), now=services.clock.now())
            ]
    return Response({"stored": done})


@get("/health", guards=[everybody])
async def health(request: AnyRequest) -> Response[Any]:
    """Say whether the database answers."""
    async with _services(request).db.transaction() as session:
        await session.connection()
    return Response({"status": "ok"})


def _json(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise BadRequest("json") from error
    if not isinstance(body, dict):
        raise BadRequest("json")
    return body


def _list(raw: bytes, name: str) -> list[Any]:
    found = _json(raw).get(name)
    if not isinstance(found, list) or len(found) > 1000:
        raise BadRequest(name)
    return found


def _on_bad_request(_: AnyRequest, error: BadRequest) -> Response[Any]:
    return Response({"code": "bad_request", "message": str(error)}, status_code=400)


def _on_repeated(_: AnyRequest, __: Repeated) -> Response[Any]:
    return Response({"code": "repeated", "message": "the key was used for another body"}, status_code=409)


def _on_key_error(_: AnyRequest, error: Exception) -> Response[Any]:
    return Response({"code": "bad_request", "message": type(error).__name__}, status_code=400)


ROUTES = [
    batches, receipts, records, public, files, propose, types, states, conversions, withdrawals, withdrawn,
    learners, health,
]  # fmt: skip


class Registry:
    """The registry as an application of its own: one set of routes, told with each request whose registry it is."""

    def __init__(self) -> None:
        self._app = Litestar(
            route_handlers=ROUTES,
            exception_handlers={
                BadRequest: _on_bad_request,
                Repeated: _on_repeated,
                KeyError: _on_key_error,
                TypeError: _on_key_error,
            },
            openapi_config=None,
            request_max_body_size=_BODY_LIMIT_BYTES,
            logging_config=None,
        )

    def of(self, services: Services) -> ASGIApp:
        """The application that answers for an installation."""

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            scope["registry"] = services  # type: ignore[typeddict-unknown-key]
            await self._app(scope, receive, send)

        return answer
