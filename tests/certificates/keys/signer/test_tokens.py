"""Keys in a token (SoftHSM2): the same signatures outside programs accept, without the key ever leaving it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pkcs11
import pytest

from certificates.issuing.rules.cms import cms
from certificates.keys.rules.authority import new_key
from certificates.keys.rules.ceremony import Plan
from certificates.keys.rules.purposes import Purpose
from certificates.keys.rules.ring import Entry, read
from certificates.keys.signer import CannotSign, open_entry, token_keys, try_out
from certificates.keys.signer.ceremony import hold
from certificates.keys.signer.files import pem, pem_chain
from certificates.keys.signer.port import verify
from certificates.keys.signer.token_keys import Slot, make_in
from certificates.keys.signer.tokens import TokenSigner
from exam.kernel.files import write_whole
from tests.certificates.keys.makers import authority

NOW = datetime(2026, 5, 16, 1, tzinfo=UTC)
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


def slot(token: Token) -> Slot:
    return Slot(MODULE, "kaowu", token.folder / "pin")


def test_a_ceremony_makes_its_keys_in_the_token(token: Token, tmp_path: Path) -> None:
    """Four keys that cannot leave it; the ring leads to them; each signed the log; nothing private lies in the folder."""
    plan = Plan(organisation="样本机构", operator="张三", witnesses=("李四", "王五"))
    held = hold(
        tmp_path, plan, now=lambda: NOW, passphrase=b"correct horse battery", software={}, slot=slot(token)
    )  # fmt: skip
    assert sorted(path.name for path in tmp_path.glob("*.key")) == ["authority.key"]
    ring = read((tmp_path / "ring.json").read_bytes())
    assert [one.purpose for one in ring.keys] == list(Purpose)
    for entry in ring.keys:
        signer = open_entry(entry, tmp_path)
        assert isinstance(signer, TokenSigner)
        try_out(signer)
        verify(signer.chain[0], (tmp_path / f"ceremony.{entry.name}.sig").read_bytes(), held.log)
    steps = [one for one in json.loads(held.log)["steps"] if one["what"] == "key"]
    assert {one["facts"]["extractable"] for one in steps} == {"never"}
    assert {one["facts"]["token"] for one in steps} == {"kaowu"}
    assert b"482915" not in held.log
    opened = pkcs11.lib(MODULE).get_token(token_label="kaowu").open()
    key = opened.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=ring.keys[0].name)
    assert (key[pkcs11.Attribute.EXTRACTABLE], key[pkcs11.Attribute.NEVER_EXTRACTABLE]) == (False, True)
    with pytest.raises(pkcs11.exceptions.PKCS11Error):
        key[pkcs11.Attribute.VALUE]
    opened.close()


def test_requests_for_an_authority_outside_are_signed_in_the_token(token: Token, tmp_path: Path) -> None:
    plan = Plan(
        organisation="样本机构", operator="张三", witnesses=("李四", "王五"), requests_only=True,
        purposes=(Purpose.DOCUMENT,), document_algorithm="RS256",
    )  # fmt: skip
    held = hold(tmp_path, plan, now=lambda: NOW + timedelta(days=1), passphrase=b"", software={}, slot=slot(token))
    path = tmp_path / f"{held.names[0]}.csr"
    said = subprocess.run(
        ["openssl", "req", "-verify", "-noout", "-text", "-in", path], capture_output=True, text=True, check=False
    )
    assert "verify OK" in said.stderr
    assert "Public-Key: (3072 bit)" in said.stdout
    assert "1.3.6.1.5.5.7.3.36" in said.stdout


def test_a_label_that_is_taken_a_pin_that_is_wrong_and_a_key_that_could_leave_are_named(
    token: Token, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CannotSign, match="ES256 exists"):
        make_in(slot(token), "ES256", Purpose.DOCUMENT, "ES256")
    write_whole(tmp_path / "pin", b"000001", 0o600)
    with pytest.raises(CannotSign) as refused:
        make_in(Slot(MODULE, "other", tmp_path / "pin"), "new", Purpose.DOCUMENT, "ES256")
    assert "000001" not in str(refused.value)
    with pytest.raises(CannotSign, match="NoSuchToken"):
        make_in(Slot(MODULE, "nobody", token.folder / "pin"), "new", Purpose.DOCUMENT, "ES256")
    monkeypatch.setattr(token_keys, "_FIXED", {pkcs11.Attribute.SENSITIVE: False, pkcs11.Attribute.EXTRACTABLE: True})
    with pytest.raises(CannotSign, match="EXTRACTABLE"):
        make_in(slot(token), "loose", Purpose.DOCUMENT, "ES256")
