"""Pages of lists: an organisation checks an .xlsx with its key and a reason; the answers stand on the page and are kept nowhere."""

from __future__ import annotations

import asyncio
import base64
from collections import Counter
from typing import Any, Final

from litestar import Response, get, post

from certificates.enquiries import actions, documents
from certificates.enquiries.checker import read
from certificates.enquiries.routes.shared import caller_of
from certificates.enquiries.rules.keys import PER_MINUTE, TEXT_LIMIT, Channel, KeyRefused, QuotaSpent, checked_text
from certificates.enquiries.rules.lists import FILE_LIMIT_BYTES, ROW_LIMIT, Asked, as_problems
from certificates.verification.routes.shared import unlisted
from certificates.verification.rules import TONES, WORDS, Answer, Verdict
from exam.accounts.guards import AppRequest, AppServices, public
from exam.kernel.clock import CHINA
from exam.kernel.errors import Invalid, Problem, Refusal
from exam.kernel.forms import upload
from exam.kernel.i18n import use_locale
from exam.kernel.pages import file_response, locale_of, page, status_of

PAGES: Final = "pages/certificates/enquiries"
HOME: Final = "/verify/list"
SHOWN: Final = 200
"""Rows on the page, those to look at first; the workbook holds all."""
_ORDER: Final = (Verdict.UNKNOWN, Verdict.REVOKED, Verdict.SUPERSEDED, Verdict.GENUINE)


@get(HOME, guards=[public])
async def form(request: AppRequest) -> Response[Any]:
    """Show the form."""
    return _form(request)


@get(f"{HOME}/template", guards=[public])
async def template() -> Response[bytes]:
    """The empty list."""
    return file_response(await asyncio.to_thread(documents.template), documents.XLSX, "查验名单.xlsx")


@post(HOME, guards=[public], status_code=200, request_max_body_size=FILE_LIMIT_BYTES + 100_000)
async def check(request: AppRequest, services: AppServices) -> Response[Any]:
    """Check a list: all its rows, or nothing where a row, the key or the quota is wrong."""
    typed = await request.form()
    reason = str(typed.get("reason") or "")
    try:
        caller = await caller_of(request, services, str(typed.get("key") or ""))
        checked_text("reason", reason)
        sent = await upload(request, "file", limit_bytes=FILE_LIMIT_BYTES)
        reading = await read(sent.data)
        if reading.problems:
            raise Invalid(problems=as_problems(reading.problems))
        now = services.clock.now()
        async with services.db.transaction() as session:
            done = await actions.check(session, caller, reading.rows, channel=Channel.LIST, reason=reason, now=now)
    except KeyRefused as refusal:
        problem = Problem(message=refusal.message, way_out=refusal.way_out, field="key", code=refusal.code)
        return _form(request, Invalid(problems=[problem]), reason, 403)
    except QuotaSpent as refusal:
        problem = Problem(message=refusal.message, way_out=refusal.way_out, facts=refusal.facts, code=refusal.code)
        return _form(request, Invalid(problems=[problem]), reason, 429)
    except Invalid as refusal:
        return _form(request, refusal, reason, status_of(refusal))
    with use_locale(locale_of(request)):
        book = await asyncio.to_thread(documents.answers, reading.rows, done.answers, now)
    pairs = list(zip(reading.rows, done.answers, strict=True))
    counts = Counter(answer.verdict for answer in done.answers)
    return unlisted(
        page(
            request,
            f"{PAGES}/answers.html",
            lines=sorted(pairs, key=_first)[:SHOWN],
            total=len(pairs),
            counts=[(verdict, counts[verdict]) for verdict in reversed(_ORDER)],
            words=WORDS,
            tones=TONES,
            quota=done.quota,
            checked_at=now,
            book=f"data:{documents.XLSX};base64,{base64.b64encode(book).decode()}",
            book_name=f"查验结果-{now.astimezone(CHINA):%Y%m%d-%H%M}.xlsx",
        )
    )


def _first(pair: tuple[Asked, Answer]) -> tuple[int, int]:
    return _ORDER.index(pair[1].verdict), pair[0].row


def _form(request: AppRequest, refusal: Refusal | None = None, reason: str = "", status: int = 200) -> Response[Any]:
    return unlisted(
        page(
            request,
            f"{PAGES}/list.html",
            status=status,
            refusal=refusal,
            reason=reason,
            rows=ROW_LIMIT,
            megabytes=FILE_LIMIT_BYTES // 1_000_000,
            per_minute=PER_MINUTE,
            text_limit=TEXT_LIMIT,
        )
    )


ROUTES = [form, template, check]
