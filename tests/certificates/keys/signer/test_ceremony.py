"""A ceremony: seen by others, in an empty folder, nothing private in its log, and openssl confirms what signs it."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from certificates.keys.rules.ceremony import FolderInUse, NoPassphrase, Plan, TooFewPeople
from certificates.keys.rules.purposes import Purpose, faults
from certificates.keys.rules.ring import read
from certificates.keys.signer import open_entry, try_out
from certificates.keys.signer.ceremony import Held, hold

NOW = datetime(2026, 5, 16, 1, tzinfo=UTC)
PLAN = Plan(organisation="样本机构", operator="张三", witnesses=("李四", "王五"), place="三楼机房")
WORDS = b"correct horse battery"


def held_in(folder: Path, plan: Plan = PLAN) -> Held:
    return hold(folder, plan, now=lambda: NOW, passphrase=WORDS, software={"kaowu": "f" * 64})


@pytest.mark.parametrize(
    "changed",
    [{"witnesses": ()}, {"witnesses": ("李四",)}, {"witnesses": ("李四", "李四")}, {"witnesses": ("李四", "张三")},
     {"witnesses": ("李四", " ")}, {"operator": ""}],
)  # fmt: skip
def test_nobody_makes_keys_unseen(tmp_path: Path, changed: dict[str, object]) -> None:
    with pytest.raises(TooFewPeople):
        held_in(tmp_path / "c", replace(PLAN, **changed))  # type: ignore[arg-type]
    assert not (tmp_path / "c").exists()


def test_every_key_serves_its_purpose_and_signed_the_log(tmp_path: Path) -> None:
    held = held_in(tmp_path)
    ring = read((tmp_path / "ring.json").read_bytes())
    assert ring == held.ring
    assert [one.purpose for one in ring.keys] == list(Purpose)
    for entry in ring.keys:
        signer = open_entry(entry, tmp_path)
        assert faults(signer.chain, entry.purpose) == []
        try_out(signer)
        assert _openssl_confirms(tmp_path, entry.name, signer.algorithm)
    (tmp_path / "ceremony.json").write_bytes(held.log + b" ")
    assert not _openssl_confirms(tmp_path, ring.keys[0].name, "ES256")


def _openssl_confirms(folder: Path, name: str, algorithm: str) -> bool:
    public = folder / "public.pem"
    leaf = x509.load_pem_x509_certificate((folder / f"{name}.pem").read_bytes())
    public.write_bytes(
        leaf.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    log, made = folder / "ceremony.json", folder / f"ceremony.{name}.sig"
    command: list[str | Path]
    if algorithm == "EdDSA":
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin", "-in", log, "-sigfile", made]
    else:
        command = ["openssl", "dgst", "-sha256", "-verify", public, "-signature", made, log]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_the_log_has_the_hash_of_every_public_file_and_nothing_private(tmp_path: Path) -> None:
    held = held_in(tmp_path)
    said = json.loads(held.log)
    assert held.log == (tmp_path / "ceremony.json").read_bytes()
    assert held.sha256 == sha256(held.log).hexdigest()
    public = {path.name for path in tmp_path.iterdir() if path.suffix in {".pem", ".json"}} - {"ceremony.json"}
    assert set(said["files"]) == public
    for name, digest in said["files"].items():
        assert sha256((tmp_path / name).read_bytes()).hexdigest() == digest
    assert (said["operator"], said["witnesses"], said["software"]["kaowu"]) == ("张三", ["李四", "王五"], "f" * 64)
    assert [one["what"] for one in said["steps"]] == ["authority", *["key", "certificate"] * 4]
    assert b"PRIVATE" not in held.log


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_keys_are_their_owner_s_and_the_authority_s_is_locked(tmp_path: Path) -> None:
    held_in(tmp_path)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("*.key")} == {0o600}
    locked = (tmp_path / "authority.key").read_bytes()
    assert b"ENCRYPTED" in locked
    with pytest.raises((ValueError, TypeError)):
        serialization.load_pem_private_key(locked, None)
    serialization.load_pem_private_key(locked, WORDS)


def test_a_folder_in_use_and_a_short_passphrase_are_refused(tmp_path: Path) -> None:
    (tmp_path / "something").touch()
    with pytest.raises(FolderInUse):
        held_in(tmp_path)
    with pytest.raises(NoPassphrase):
        hold(tmp_path / "new", PLAN, now=lambda: NOW, passphrase=b"short", software={})
    assert not (tmp_path / "new").exists()


def test_requests_for_an_authority_outside(tmp_path: Path) -> None:
    plan = replace(PLAN, requests_only=True, purposes=(Purpose.DOCUMENT,), document_algorithm="RS256")
    held = hold(tmp_path, plan, now=lambda: NOW, passphrase=b"", software={})
    asked = x509.load_pem_x509_csr((tmp_path / f"{held.names[0]}.csr").read_bytes())
    assert asked.is_signature_valid
    assert not (tmp_path / "authority.key").exists()
    assert shutil.which("openssl")
    said = subprocess.run(
        ["openssl", "req", "-verify", "-noout", "-in", tmp_path / f"{held.names[0]}.csr"], check=False
    )
    assert said.returncode == 0
