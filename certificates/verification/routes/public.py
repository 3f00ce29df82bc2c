"""Public pages: is this certificate genuine? By number and name, by its QR code, by its file."""

from __future__ import annotations

from typing import Annotated, Any, Final

from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter

from certificates.issuing.signer import roots
from certificates.stamps.client import stamp_roots
from certificates.verification import queries
from certificates.verification.checker import check
from certificates.verification.routes.shared import count, show, unlisted
from certificates.verification.rules import FILE_LIMIT_BYTES
from exam.accounts.guards import AppRequest, AppServices, public
from exam.kernel.errors import Invalid, NotFound
from exam.kernel.forms import upload
from exam.kernel.pages import file_response, page, wants_json

FORM: Final = "pages/certificates/verification/form.html"
_BODY_LIMIT_BYTES: Final = FILE_LIMIT_BYTES + 100_000  # the form around the file
Text = Annotated[str, QueryParameter(max_length=120)]


@get(["/verify", "/certificates/verify"], guards=[public])
async def verify(request: AppRequest, services: AppServices, number: Text = "", name: Text = "") -> Response[Any]:
    """Show the form; with a number and a name, the answer."""
    if not number.strip() or not name.strip():
        return unlisted(page(request, FORM, number=number, name=name, asked=bool(number or name), refusal=None))
    count(request, services)
    answer = await queries.by_number(services.db, number, name)
    return show(request, services, answer, asked="number")


@get("/v/{token:str}", guards=[public])
async def by_token(request: AppRequest, services: AppServices, token: FromPath[str]) -> Response[Any]:
    """Where the QR code of a certificate leads."""
    count(request, services)
    answer = await queries.by_token(services.db, token)
    return show(request, services, answer, asked="token")


@get("/v/{token:str}/proof", guards=[public])
async def proof(request: AppRequest, services: AppServices, token: FromPath[str]) -> Response[Any]:
    """The ledger's proof of a certificate's entry, for programs that check logs (C2SP tlog-proof@v1)."""
    count(request, services)
    async with services.db.transaction() as session:
        found = await queries.proof(session, token)
    if found is None:
        raise NotFound
    return unlisted(file_response(found.encode(), "text/plain; charset=utf-8", "ledger-proof.txt"))


@post(
    ["/verify/file", "/certificates/verify/file"],
    guards=[public],
    status_code=200,
    request_max_body_size=_BODY_LIMIT_BYTES,
)
async def by_file(request: AppRequest, services: AppServices) -> Response[Any]:
    """Examine a dropped PDF; nothing of it is kept."""
    count(request, services)
    try:
        sent = await upload(request, "file", limit_bytes=FILE_LIMIT_BYTES)
    except Invalid as refusal:
        if wants_json(request):
            raise
        return unlisted(page(request, FORM, number="", name="", asked=False, refusal=refusal, status=422))
    examination = await check(sent.data, roots(services.settings), stamp_roots(services.settings))
    async with services.db.transaction() as session:
        answer = await queries.by_file(session, examination)
    return show(request, services, answer, asked="file")


ROUTES = [verify, by_token, proof, by_file]
