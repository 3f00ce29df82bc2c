"""Public pages: is this certificate genuine? And the holder's own certificates on a phone."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter

from certificates.issuing.rules.numbers import file_stem, grouped
from certificates.issuing.rules.status import LABELS, TONES, CertificateStatus
from certificates.issuing.signer import roots
from certificates.ledger.rules import EVENT_LABELS
from certificates.verification import queries
from certificates.verification.checker import check
from certificates.verification.rules import CHECKS, EXPLANATIONS, FILE_LIMIT_BYTES, WORDS, Answer, Limiter
from certificates.verification.rules import TONES as VERDICT_TONES
from exam.accounts.guards import AppRequest, AppServices, actor_of, needs, public
from exam.accounts.rules import Permission
from exam.kernel.clock import CHINA
from exam.kernel.errors import Invalid
from exam.kernel.forms import upload
from exam.kernel.i18n import translate, use_locale
from exam.kernel.pages import file_response, json_response, locale_of, page, wants_json
from exam.kernel.services import Services

FORM: Final = "pages/certificates/verification/form.html"
ANSWER: Final = "pages/certificates/verification/answer.html"
_QUESTIONS: Final = 60
_WINDOW: Final = timedelta(minutes=1)
Text = Annotated[str, QueryParameter(max_length=120)]

_limiters: dict[str, Limiter] = {}


@get(["/verify", "/certificates/verify"], guards=[public])
async def verify(request: AppRequest, services: AppServices, number: Text = "", name: Text = "") -> Response[Any]:
    """Show the form; with a number and a name, the answer."""
    if not number.strip() or not name.strip():
        return _unlisted(page(request, FORM, number=number, name=name, asked=bool(number or name), refusal=None))
    _count(request, services)
    async with services.db.transaction() as session:
        answer = await queries.by_number(session, number, name)
    return _show(request, services, answer, asked="number")


@get("/v/{token:str}", guards=[public])
async def by_token(request: AppRequest, services: AppServices, token: FromPath[str]) -> Response[Any]:
    """Where the QR code of a certificate leads."""
    _count(request, services)
    async with services.db.transaction() as session:
        answer = await queries.by_token(session, token)
    return _show(request, services, answer, asked="token")


@post(["/verify/file", "/certificates/verify/file"], guards=[public], status_code=200)
async def by_file(request: AppRequest, services: AppServices) -> Response[Any]:
    """Examine a dropped PDF; nothing of it is kept."""
    _count(request, services)
    try:
        sent = await upload(request, "file", limit_bytes=FILE_LIMIT_BYTES)
    except Invalid as refusal:
        if wants_json(request):
            raise
        return _unlisted(page(request, FORM, number="", name="", asked=False, refusal=refusal, status=422))
    examination = await check(sent.data, roots(services.settings))
    async with services.db.transaction() as session:
        answer = await queries.by_file(session, examination)
    return _show(request, services, answer, asked="file")


@get("/certificates/mine", guards=[needs(Permission.OWN_READ)])
async def mine(request: AppRequest, services: AppServices) -> Response[Any]:
    """Show the candidate's own certificates."""
    async with services.db.transaction() as session:
        found = await queries.mine(session, actor_of(request))
    return page(
        request,
        "pages/certificates/verification/mine.html",
        certificates=found,
        labels=LABELS,
        tones=TONES,
        grouped=grouped,
        base_url=services.settings.base_url,
        usable=[one.id for one in found if one.status is CertificateStatus.ISSUED],
    )


@get("/certificates/mine/{certificate_id:uuid}/file", guards=[needs(Permission.OWN_READ)])
async def own_file(request: AppRequest, services: AppServices, certificate_id: FromPath[UUID]) -> Response[bytes]:
    """Hand out the stored bytes, never drawn again."""
    async with services.db.transaction() as session:
        found = await queries.own(session, actor_of(request), certificate_id)
    return file_response(services.files.get(found.sha256 or ""), "application/pdf", f"{file_stem(found.number)}.pdf")


def _show(request: AppRequest, services: Services, answer: Answer, *, asked: str) -> Response[Any]:
    if wants_json(request):
        with use_locale(locale_of(request)):
            return _unlisted(json_response(as_data(answer)))
    return _unlisted(
        page(
            request,
            ANSWER,
            answer=answer,
            asked=asked,
            words=WORDS,
            explanations=EXPLANATIONS,
            tones=VERDICT_TONES,
            labels=LABELS,
            status_tones=TONES,
            events=EVENT_LABELS,
            grouped=grouped,
            checked_at=services.clock.now(),
            checks=CHECKS,
        )
    )


def as_data(answer: Answer) -> dict[str, Any]:
    """The answer for a program, in the present language."""
    facts = answer.facts
    found: dict[str, Any] = {"verdict": str(answer.verdict), "words": translate(WORDS[answer.verdict])}
    if facts is not None:
        found["certificate"] = {
            "number": facts.number,
            "version": facts.version,
            "holder": facts.holder,
            "id": facts.id_masked,
            "name": {"zh": facts.certificate_zh, "en": facts.certificate_en},
            "level": {"zh": facts.level_zh, "en": facts.level_en},
            "issuer": {"zh": facts.organisation_zh, "en": facts.organisation_en},
            "issued_on": facts.issued_on.isoformat(),
            "status": str(facts.status),
            "specimen": facts.specimen,
            "registered_at": facts.registered_at.astimezone(CHINA).isoformat() if facts.registered_at else None,
            "sha256": facts.sha256,
            "history": [
                {"event": str(one.event), "at": one.at.isoformat(), "version": one.version} for one in facts.history
            ],
        }
    if answer.examination is not None:
        seen = answer.examination
        found["file"] = {"sha256": seen.sha256, "flaws": [str(flaw) for flaw in seen.flaws], "signer": seen.signer}
    return found


def _count(request: AppRequest, services: Services) -> None:
    """Limit the questions of one client; each installation counts for itself."""
    limiter = _limiters.setdefault(str(services.settings.home), Limiter(count=_QUESTIONS, window=_WINDOW))
    limiter.ask(request.client.host if request.client else "", services.clock.now())


def _unlisted(response: Response[Any]) -> Response[Any]:
    """No search engine lists an answer, nobody stores it."""
    response.set_header("X-Robots-Tag", "noindex, nofollow, noarchive")
    response.set_header("Cache-Control", "no-store")
    response.set_header("Referrer-Policy", "no-referrer")
    return response


ROUTES = [verify, by_token, by_file, mine, own_file]
