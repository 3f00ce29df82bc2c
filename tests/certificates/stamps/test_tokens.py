"""Tokens are read strictly: other bytes, another purpose, a broken signature and a flipped bit are refused or say the same."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from certificates.stamps.rules import tokens
from certificates.stamps.rules.tokens import BadToken, Fault, read_token, request, token_of
from tests.certificates.stamps import authority

pytestmark = authority.needs_openssl
IMPRINT = hashlib.sha256(b"what was stamped").digest()
NONCE = 1 << 62 | 99


@pytest.fixture(scope="module")
def stamping(tmp_path_factory: pytest.TempPathFactory) -> authority.Stamping:
    return authority.make(tmp_path_factory.mktemp("tokens"))


@pytest.fixture(scope="module")
def token(stamping: authority.Stamping) -> bytes:
    return token_of(stamping.answer(request(IMPRINT, NONCE)), IMPRINT, NONCE, stamping.roots)[0]


def test_it_stamps_these_bytes_and_no_others(token: bytes, stamping: authority.Stamping) -> None:
    assert read_token(token, IMPRINT, stamping.roots).trusted
    assert not read_token(token, IMPRINT, []).trusted
    with pytest.raises(BadToken) as bad:
        read_token(token, bytes(32), stamping.roots)
    assert bad.value.fault is Fault.WRONG_IMPRINT
    for noise in (b"", b"0", b"\x30\x80" * 500, token[:-1], token + b"\0"):
        with pytest.raises(BadToken):
            read_token(noise, IMPRINT, stamping.roots)


@pytest.mark.parametrize("ess", ["sha1", "sha256"])
def test_of_a_p256_key_with_either_name_of_the_certificate(tmp_path: Path, ess: str) -> None:
    made = authority.make(tmp_path, rsa_key=False, ess=ess)
    answer = made.answer(request(IMPRINT, NONCE))
    assert token_of(answer, IMPRINT, NONCE, made.roots)[1].trusted


def test_a_certificate_for_something_else_stamps_nothing(
    token: bytes, stamping: authority.Stamping, monkeypatch: pytest.MonkeyPatch
) -> None:
    """openssl refuses to stamp with such a key, so the purpose that is asked for is another one."""
    monkeypatch.setattr(tokens, "_STAMPING", "1.3.6.1.5.5.7.3.36")
    with pytest.raises(BadToken) as bad:
        read_token(token, IMPRINT, stamping.roots)
    assert bad.value.fault is Fault.WRONG_PURPOSE


def test_a_flipped_bit_never_moves_the_time(token: bytes, stamping: authority.Stamping) -> None:
    right = read_token(token, IMPRINT, stamping.roots)
    for place in range(0, len(token), 7):
        changed = bytearray(token)
        changed[place] ^= 4
        try:
            found = read_token(bytes(changed), IMPRINT, stamping.roots)
        except BadToken:
            continue
        assert (found.at, found.authority) == (right.at, right.authority), place
