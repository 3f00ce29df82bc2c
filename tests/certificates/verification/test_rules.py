"""The public answer: five verdicts, masked names, equal names however typed, and a limit per client."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from certificates.issuing.rules.signature import Examination, Flaw
from certificates.issuing.rules.status import CertificateStatus
from certificates.verification.rules import (
    EXPLANATIONS,
    TONES,
    WORDS,
    AskedTooOften,
    Limiter,
    Verdict,
    file_verdict,
    masked_name,
    same_name,
    verdict_of,
)

S, V = CertificateStatus, Verdict
NOW = datetime(2026, 5, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (S.ISSUED, V.GENUINE),
        (S.REVOKED, V.REVOKED),
        (S.SUPERSEDED, V.SUPERSEDED),
        (S.REISSUED, V.SUPERSEDED),
        (S.NUMBERED, V.UNKNOWN),
        (S.SIGNED, V.UNKNOWN),
        (S.VOIDED, V.UNKNOWN),
        (None, V.UNKNOWN),
    ],
)
def test_each_status_has_its_answer(status: CertificateStatus | None, verdict: Verdict) -> None:
    assert verdict_of(status) is verdict


def seen(*flaws: Flaw, authority: str = "CN=root") -> Examination:
    return Examination(sha256="0", size_bytes=1, flaws=flaws, signer="CN=x", authority=authority)


def test_a_file_needs_both_its_signature_and_the_ledger() -> None:
    assert file_verdict(seen(), S.ISSUED) is V.GENUINE
    assert file_verdict(seen(), None) is V.UNKNOWN
    assert file_verdict(seen(Flaw.BAD_DIGEST), S.ISSUED) is V.ALTERED
    assert file_verdict(seen(Flaw.UNTRUSTED, authority=""), S.ISSUED) is V.UNKNOWN
    assert file_verdict(seen(authority=""), S.ISSUED) is V.UNKNOWN
    assert file_verdict(seen(Flaw.NOT_PDF, authority=""), None) is V.UNKNOWN


def test_every_verdict_has_words_and_a_tone() -> None:
    assert set(WORDS) == set(EXPLANATIONS) == set(TONES) == set(V)


@pytest.mark.parametrize(
    ("name", "shown"), [("张三", "张*"), ("欧阳样本", "欧**本"), ("", ""), ("王", "王"), ("买买提·江", "买***江")]
)
def test_names_are_masked(name: str, shown: str) -> None:
    assert masked_name(name) == shown


def test_names_are_the_same_however_they_are_typed() -> None:
    assert same_name(" 阿依古丽 · 麦麦提 ", "阿依古丽·麦麦提")
    assert same_name("LI ming", "Li Ming")
    assert not same_name("张三", "张四")
    assert not same_name("", "张三")


def test_nobody_is_found_by_an_empty_name() -> None:
    assert not same_name("", "—x")
    assert not same_name("   ", "王")


def test_a_client_is_slowed_and_others_are_not() -> None:
    limiter = Limiter(count=2, window=timedelta(minutes=1))
    limiter.ask("a", NOW)
    limiter.ask("a", NOW)
    with pytest.raises(AskedTooOften) as refused:
        limiter.ask("a", NOW + timedelta(seconds=20))
    assert refused.value.facts["seconds"] == 41
    limiter.ask("b", NOW)
    limiter.ask("a", NOW + timedelta(seconds=61))
