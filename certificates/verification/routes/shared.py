"""What the public pages share: the limit per client, the answer as page or data, and that nobody lists or stores it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from litestar import Response

from certificates.issuing.rules.numbers import grouped
from certificates.issuing.rules.status import LABELS, TONES
from certificates.ledger.rules import EVENT_LABELS
from certificates.verification.rules import (
    CHECKS,
    EXPLANATIONS,
    FINDINGS,
    WORDS,
    Answer,
    Limiter,
    finding,
)
from certificates.verification.rules import TONES as VERDICT_TONES
from exam.accounts.guards import AppRequest
from exam.kernel.clock import CHINA
from exam.kernel.i18n import translate, use_locale
from exam.kernel.pages import json_response, locale_of, page, wants_json
from exam.kernel.services import Services

ANSWER: Final = "pages/certificates/verification/answer.html"
_QUESTIONS: Final = 60
_WINDOW: Final = timedelta(minutes=1)

limiters: dict[str, Limiter] = {}


def count(request: AppRequest, services: Services) -> None:
    """Limit the questions of one client; each installation counts for itself."""
    limiter = limiters.setdefault(str(services.settings.home), Limiter(count=_QUESTIONS, window=_WINDOW))
    limiter.ask(request.client.host if request.client else "", services.clock.now())


def unlisted(response: Response[Any]) -> Response[Any]:
    """No search engine lists an answer, nobody stores it."""
    response.set_header("X-Robots-Tag", "noindex, nofollow, noarchive")
    response.set_header("Cache-Control", "no-store")
    response.set_header("Referrer-Policy", "no-referrer")
    return response


def show(request: AppRequest, services: Services, answer: Answer, *, asked: str) -> Response[Any]:
    """The answer as a page, or as data for a program."""
    if wants_json(request):
        with use_locale(locale_of(request)):
            return unlisted(json_response(as_data(answer)))
    return unlisted(
        page(
            request,
            ANSWER,
            answer=answer,
            asked=asked,
            words=WORDS,
            explanations=EXPLANATIONS,
            found=FINDINGS.get(finding(answer.examination, answer.verdict)) if answer.examination else None,
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
                {"event": str(one.event), "at": one.at.isoformat(), "version": one.version, "ledger": one.index}
                for one in facts.history
            ],
        }
    if answer.examination is not None:
        seen = answer.examination
        found["file"] = {
            "sha256": seen.sha256,
            "original_sha256": seen.registered_sha256,
            "flaws": [str(flaw) for flaw in seen.flaws],
            "signer": seen.signer,
            "level": str(seen.level) if seen.accepted else None,
            "stamped_at": seen.stamped_at.isoformat() if seen.stamped_at else None,
            "stamped_by": seen.stamped_by,
            "finding": str(finding(seen, answer.verdict)),
        }
    return found
