"""Keys in a token (SoftHSM2): the same signatures outside programs accept, without the key ever leaving it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from certificates.issuing.rules.cms import cms
from certificates.keys.rules.authority import new_key
from certificates.keys.rules.purposes import Purpose
from certificates.keys.rules.ring import Entry
from certificates.keys.signer import CannotSign, open_entry, try_out
from certificates.keys.signer.files import pem, pem_chain
from certificates.keys.signer.tokens import TokenSigner
from exam.kernel.files import write_whole
from tests.certificates.keys.makers import authority

UTIL = shutil.which("softhsm2-util")
ABOVE = Path(UTIL).resolve().parents[1] if UTIL else Path("/usr")
PLACES = (ABOVE, ABOVE / "tools" / "usr")  # installed, or unpacked by run.py
MODULE = next((str(one) for place in PLACES for one in sorted(place.glob("lib/softhsm/libsofthsm2.*"))), "")
pytestmark = pytest.mark.skipif(not UTIL or not MODULE, reason="no SoftHSM2 on this machine")


@dataclass(frozen=True)
class Token:
    folder: Path
    entries: dict[str, Entry]


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Token]:
    """A token with a P-256 and an RSA key that were made outside and brought in."""
    folder = tmp_path_factory.mktemp("token")
    (folder / "tokens").mkdir()
    write_whole(
        folder / "softhsm2.conf", f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n".encode(), 0o600
    )
    write_whole(folder / "pin", b"482915\n", 0o600)
    patch = pytest.MonkeyPatch()
    patch.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
    for label in ("kaowu", "other"):
        _util("--init-token", "--free", "--label", label, "--so-pin", "777777", "--pin", "482915")
    entries, above = {}, authority()
    for number, algorithm in enumerate(("ES256", "RS256")):
        key = new_key("ES256" if algorithm == "ES256" else "RS256")
        path = folder / f"{algorithm}.key"
        write_whole(path, pem(key), 0o600)
        _util("--import", str(path), "--token", "kaowu", "--label", algorithm, "--id", f"0{number}", "--pin", "482915")
        path.unlink()
        write_whole(folder / f"{algorithm}.pem", pem_chain(above.chain(key, Purpose.DOCUMENT)), 0o644)
        entries[algorithm] = Entry(
            name=algorithm, purpose=Purpose.DOCUMENT, certificate=f"{algorithm}.pem", backend="pkcs11", module=MODULE,
            token="kaowu", label=algorithm, pin_file="pin",
        )  # fmt: skip
    yield Token(folder, entries)
    patch.undo()


def _util(*arguments: str) -> None:
    subprocess.run(
        ["softhsm2-util", "--module", MODULE, *arguments], check=True, capture_output=True, env=dict(os.environ)
    )


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_what_a_token_signed_holds_in_openssl(token: Token, algorithm: str, tmp_path: Path) -> None:
    signer = open_entry(token.entries[algorithm], token.folder)
    assert signer.algorithm == algorithm
    try_out(signer)
    assert signer.algorithm != "EdDSA"
    (tmp_path / "content").write_bytes(b"content")
    (tmp_path / "cms").write_bytes(cms(hashlib.sha256(b"content").digest(), signer.chain, signer.algorithm, signer.raw))
    (tmp_path / "root").write_bytes(pem_chain((signer.chain[-1],)))
    said = subprocess.run(
        ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", tmp_path / "cms", "-content", tmp_path / "content",
         "-CAfile", tmp_path / "root", "-purpose", "any", "-out", os.devnull],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "successful" in said.stderr, said.stderr


def test_a_session_that_ended_is_opened_again(token: Token) -> None:
    signer = open_entry(token.entries["ES256"], token.folder)
    assert isinstance(signer, TokenSigner)
    signer.raw(b"x")
    signer._session.close()
    try_out(signer)


def test_a_wrong_pin_is_refused_without_being_named(token: Token, tmp_path: Path) -> None:
    shutil.copy(token.folder / "ES256.pem", tmp_path)
    write_whole(tmp_path / "pin", b"000001", 0o600)
    signer = open_entry(msgspec.structs.replace(token.entries["ES256"], token="other"), tmp_path)
    with pytest.raises(CannotSign, match="PinIncorrect") as refused:
        signer.raw(b"x")
    assert "000001" not in str(refused.value) + repr(signer)
