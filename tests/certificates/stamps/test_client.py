"""An authority that is not ours (openssl) stamps; one that is away, slow, wrong or a stranger is named and left alone a while."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certificates.stamps.client import Authority, NoStamp, authority_of, stamp_roots
from certificates.stamps.rules.tokens import read_token
from exam.kernel.settings import Settings
from tests.certificates.stamps import authority

pytestmark = authority.needs_openssl
MESSAGE = b"what is to be stamped"


@pytest.fixture(scope="module")
def stamping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[authority.Stamping]:
    with authority.serving(authority.make(tmp_path_factory.mktemp("tsa"))) as found:
        yield found


@pytest.fixture(autouse=True)
def well_behaved(stamping: authority.Stamping) -> None:
    stamping.mode = "right"


def client(stamping: authority.Stamping, **options: float) -> Authority:
    return Authority(stamping.url, (stamping.root,), **options)  # type: ignore[arg-type]


def test_an_authority_outside_stamps_and_its_word_holds(stamping: authority.Stamping) -> None:
    token = client(stamping).stamp(MESSAGE)
    stamp = read_token(token, hashlib.sha256(MESSAGE).digest(), stamping.roots)
    assert stamp.trusted
    assert stamp.authority == "Stamp Authority"
    assert abs(stamp.at - datetime.now(UTC)) < timedelta(minutes=5)
    assert stamp.ends == datetime(2049, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("away", "HTTP 503"),
        ("slow", "没有在限定时间内回答"),
        ("noise", "回答无法解读"),
        ("endless", "回答无法解读"),
        ("other nonce", "回答的不是这次请求"),
        ("other imprint", "时间戳盖在别的内容上"),
        ("refused", "机构拒绝"),
        ("spoilt", "时间戳的签名不对"),
    ],
)
def test_what_is_wrong_with_an_answer_is_named(stamping: authority.Stamping, mode: str, words: str) -> None:
    stamping.mode = mode
    with pytest.raises(NoStamp) as refused:
        client(stamping, seconds=0.3 if mode == "slow" else 10.0).stamp(MESSAGE)
    assert words in str(refused.value.facts["reason"])


def test_nobody_at_the_address(stamping: authority.Stamping) -> None:
    with pytest.raises(NoStamp) as refused:
        Authority("http://127.0.0.1:9/", (stamping.root,)).stamp(MESSAGE)
    assert "连接不上" in str(refused.value.facts["reason"])


def test_after_a_failure_the_authority_is_left_alone_for_a_while(stamping: authority.Stamping) -> None:
    stamping.mode = "away"
    asking = client(stamping)
    before = stamping.asked
    for _ in range(5):
        with pytest.raises(NoStamp) as refused:
            asking.stamp(MESSAGE)
    assert stamping.asked == before + 1
    assert "HTTP 503" in str(refused.value.facts["reason"])
    stamping.mode = "right"
    soon = client(stamping, rest=0.0)
    assert soon.stamp(MESSAGE)


def test_a_stranger_is_not_believed(stamping: authority.Stamping, tmp_path: Path) -> None:
    other = authority.make(tmp_path / "other")
    with pytest.raises(NoStamp) as refused:
        Authority(stamping.url, (other.root,)).stamp(MESSAGE)
    assert "Stamp Authority" in str(refused.value.facts["reason"])


def test_an_expired_certificate_is_named(tmp_path: Path) -> None:
    ended = authority.make(tmp_path, end=datetime(2026, 1, 1, tzinfo=UTC))
    with authority.serving(ended) as stamping, pytest.raises(NoStamp) as refused:
        client(stamping).stamp(MESSAGE)
    assert "已过期" in str(refused.value.facts["reason"])


def test_the_settings_name_authority_roots_and_password(stamping: authority.Stamping, tmp_path: Path) -> None:
    assert authority_of(Settings(home=tmp_path)) is None
    assert stamp_roots(Settings(home=tmp_path)) == []
    settings = Settings(home=tmp_path, tsa_url=stamping.url)
    with pytest.raises(NoStamp) as refused:
        authority_of(settings)
    assert refused.value.facts["reason"] == "KAOWU_TSA_ROOTS"
    secret = tmp_path / "tsa.secret"
    secret.write_text("kaowu:open sesame\n")
    secret.chmod(0o644)
    settings = replace(settings, tsa_roots=stamping.folder / "root.pem", tsa_credentials=secret)
    assert stamp_roots(settings) == stamping.roots_der
    with pytest.raises(NoStamp) as refused:
        authority_of(settings)
    assert "sesame" not in str(refused.value.facts)
    secret.chmod(0o600)
    found = authority_of(settings)
    assert found is not None
    assert found.stamp(MESSAGE)
    assert stamping.heads[-1]["Authorization"] == "Basic a2Fvd3U6b3BlbiBzZXNhbWU="
    assert "sesame" not in repr(found)
