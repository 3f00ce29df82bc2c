"""The interface for programs: ``POST /api/verify`` with a key, and its OpenAPI document. Refusals are RFC 9457, in both languages."""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.exceptions import HTTPException

from certificates.enquiries import actions
from certificates.enquiries.forms import ApiRequest, ApiRow
from certificates.enquiries.routes.shared import caller_of
from certificates.enquiries.rules.keys import Channel, KeyRefused, Quota
from certificates.enquiries.rules.lists import Asked, as_problems, row_problems
from certificates.enquiries.rules.openapi import API_ROWS, BODY_LIMIT_BYTES, DOCUMENT, PATH, document
from certificates.verification.routes.shared import unlisted
from certificates.verification.rules import WORDS, Answer
from exam.accounts.guards import AppRequest, AppServices, public
from exam.kernel.clock import CHINA
from exam.kernel.errors import N_, Invalid, Problem, Refusal, TooLarge, TooMany, Unavailable
from exam.kernel.i18n import LANGUAGE_TAGS, LOCALES, choose_locale, translate, use_locale
from exam.kernel.pages import described, on_defect, status_of
from exam.kernel.services import Services

_KINDS: Final = {"number": N_("证书编号"), "name": N_("姓名")}


class BadRequest(Invalid):
    """A body that does not fit the interface."""

    message = N_("请求的内容不符合接口的格式，没有查验任何一条。")


class WrongType(Invalid):
    """A body of another media type."""

    message = N_("请求的内容必须是 application/json。")


@post(PATH, guards=[public], exclude_from_csrf=True, status_code=200, request_max_body_size=BODY_LIMIT_BYTES)
async def verify(request: AppRequest, services: AppServices) -> Response[Any]:
    """Check what a program sent."""
    try:
        return await _verify(request, services)
    except Refusal as refusal:
        return _refused(request, refusal, _status(refusal))
    except HTTPException as error:
        if error.status_code == 413:
            return _refused(request, TooLarge(), 413)
        return _refused(request, BadRequest(), 422)
    except OSError:
        return _refused(request, Unavailable(), 503)
    except Exception as error:  # noqa: BLE001 - a program gets a problem document for our defects too
        on_defect(request, error)
        return _refused(request, Unavailable(), 503)


@get(DOCUMENT, guards=[public])
async def openapi(services: AppServices) -> Response[bytes]:
    """What the interface is, for programs that write clients."""
    data = json.dumps(document(services.settings.base_url), ensure_ascii=False).encode()
    headers = {"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"}
    return Response(data, media_type="application/json", headers=headers)


async def _verify(request: AppRequest, services: Services) -> Response[Any]:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    caller = await caller_of(request, services, key if scheme.lower() == "bearer" else "")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise WrongType
    sent = _read(await request.body())
    rows = [Asked(place, one.number, one.name) for place, one in enumerate(sent.certificates, start=1)]
    now = services.clock.now()
    async with services.db.transaction() as session:
        reason = sent.reason.strip() or caller.purpose
        done = await actions.check(session, caller, rows, channel=Channel.API, reason=reason, now=now)
    found = [_result(one, answer) for one, answer in zip(rows, done.answers, strict=True)]
    body = {"checked_at": now.astimezone(CHINA).isoformat(), "results": found}
    response: Response[Any] = Response(body, media_type="application/json", headers=_limits(done.quota, services))
    return unlisted(response)


def _read(body: bytes) -> ApiRequest:
    """The request; `BadRequest` names each row that cannot be asked."""
    try:
        sent = msgspec.json.decode(body, type=ApiRequest)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        place = str(error).rpartition(" - at `")[2].rstrip("`") if " - at `" in str(error) else ""
        problem = Problem(message=N_("格式不符：见接口说明。"), field=place, code="malformed")
        raise BadRequest(problems=[problem]) from error
    if not 1 <= len(sent.certificates) <= API_ROWS:
        message = N_("每次请求 1 到 %(limit)s 条。")
        raise BadRequest(
            problems=[Problem(message=message, facts={"limit": API_ROWS}, field="certificates", code="rows")]
        )
    wrong = [found for place, one in enumerate(sent.certificates, start=1) for found in _wrong(place, one)]
    if wrong:
        raise BadRequest(problems=wrong)
    return sent


def _wrong(place: int, one: ApiRow) -> list[Problem]:
    names = {label: field for field, label in _KINDS.items()}
    found = as_problems(row_problems(place, one.number, one.name))
    return [
        Problem(message=each.message, facts=each.facts, row=each.row, field=names[each.field], code=each.code)
        for each in found
    ]


def _result(asked: Asked, answer: Answer) -> dict[str, Any]:
    found: dict[str, Any] = {
        "number": asked.number,
        "verdict": str(answer.verdict),
        "words": _both(WORDS[answer.verdict]),
    }
    if (facts := answer.facts) is not None:
        found["certificate"] = {
            "number": facts.number,
            "version": facts.version,
            "name": {"zh": facts.certificate_zh, "en": facts.certificate_en},
            "level": {"zh": facts.level_zh, "en": facts.level_en},
            "issuer": {"zh": facts.organisation_zh, "en": facts.organisation_en},
            "issued_on": facts.issued_on.isoformat(),
            "ended_at": facts.ended_at.astimezone(CHINA).isoformat() if facts.ended_at else None,
            "specimen": facts.specimen,
        }
    return found


def _limits(quota: Quota, services: Services) -> dict[str, str]:
    left = int((quota.resets_at - services.clock.now()).total_seconds())
    return {
        "RateLimit-Limit": str(quota.limit),
        "RateLimit-Remaining": str(quota.left),
        "RateLimit-Reset": str(max(0, left)),
    }


def _status(refusal: Refusal) -> int:
    if isinstance(refusal, KeyRefused):
        return 401
    return 415 if isinstance(refusal, WrongType) else status_of(refusal)


def _refused(request: AppRequest, refusal: Refusal, status: int) -> Response[Any]:
    own = choose_locale(None, request.headers.get("accept-language", ""))
    with use_locale(own):
        body: dict[str, Any] = {
            "type": f"about:blank#{refusal.code}",
            "title": translate(refusal.message, **refusal.facts),
            "detail": translate(refusal.way_out, **refusal.facts) if refusal.way_out else "",
            "status": status,
            "code": refusal.code,
            "messages": _both(refusal.message, **refusal.facts),
            "problems": [described(problem) for problem in refusal.problems],
        }
    headers = {"Content-Language": LANGUAGE_TAGS[own]}
    if isinstance(refusal, TooMany):
        headers["Retry-After"] = str(refusal.facts.get("seconds", 60))
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    response: Response[Any] = Response(body, media_type="application/problem+json", status_code=status, headers=headers)
    return unlisted(response)


def _both(message: str, **facts: object) -> dict[str, str]:
    found = {}
    for name in LOCALES:
        with use_locale(name):
            found[str(name)] = translate(message, **facts)
    return found


ROUTES = [verify, openapi]
