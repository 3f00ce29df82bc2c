"""Keys in files: the same message, the same signature; for their owner's eyes alone, and never in a text."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from certificates.keys.rules.purposes import ALGORITHMS, Algorithm, Purpose
from certificates.keys.signer import CannotSign, open_entry, try_out
from certificates.keys.signer.demo import demo_key
from certificates.keys.signer.files import load_signer
from certificates.keys.signer.port import verify
from tests.certificates.keys.makers import authority, file_entry


@pytest.mark.parametrize(("purpose", "algorithm"), [(one, name) for one in Purpose for name in ALGORITHMS[one]])
def test_a_signature_is_right_and_always_the_same(purpose: Purpose, algorithm: Algorithm, tmp_path: Path) -> None:
    entry = file_entry(tmp_path, authority(), "k", purpose, algorithm)
    signer = open_entry(entry, tmp_path)
    assert signer.algorithm == algorithm
    assert signer.name == "k"
    assert signer.raw(b"x") == signer.raw(b"x") == open_entry(entry, tmp_path).raw(b"x")
    verify(signer.chain[0], signer.raw(b"x"), b"x")
    with pytest.raises(CannotSign):
        verify(signer.chain[0], signer.raw(b"x"), b"y")


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_a_key_that_others_may_read_is_refused_by_name(tmp_path: Path) -> None:
    entry = file_entry(tmp_path, authority(), "open")
    (tmp_path / "open.key").chmod(0o640)
    with pytest.raises(CannotSign, match=r"open\.key.*0640"):
        open_entry(entry, tmp_path)


def test_a_key_belongs_to_its_certificate(tmp_path: Path) -> None:
    one, other = (file_entry(tmp_path, authority(), name) for name in ("one", "other"))
    with pytest.raises(CannotSign, match=r"other\.pem"):
        load_signer(tmp_path / one.key, tmp_path / other.certificate, specimen=False)
    for path in ("missing.key", one.certificate):
        with pytest.raises(CannotSign):
            load_signer(tmp_path / path, tmp_path / one.certificate, specimen=False)


def test_no_secret_stands_in_a_text(tmp_path: Path) -> None:
    signer = open_entry(file_entry(tmp_path, authority(), "k"), tmp_path)
    assert "key" not in repr(signer).replace("keys.", "")


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_the_demo_has_a_key_for_each_purpose_under_one_authority(tmp_path: Path) -> None:
    paths = {purpose: demo_key(tmp_path, purpose) for purpose in Purpose}
    assert {one: demo_key(tmp_path, one) for one in Purpose} == paths
    signers = [load_signer(*one, specimen=True) for one in paths.values()]
    for signer in signers:
        try_out(signer)
    assert len({one.chain[0] for one in signers}) == len(Purpose)
    assert len({one.chain[-1] for one in signers}) == 1
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("*.key")} == {0o600}
