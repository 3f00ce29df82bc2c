"""Which key signs follows from the ring, at once when it changes; an invented key never stands beside a real one."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from certificates.keys.rules.purposes import Purpose
from certificates.keys.rules.register import WrongPurpose
from certificates.keys.rules.ring import Entry, Ring, read, write
from certificates.keys.signer import CannotSign, has_keys, ring_of, roots, signer_of, take_over
from exam.kernel.settings import Settings
from tests.certificates.keys.makers import authority, file_entry


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def test_without_a_ring_the_demo_signs(settings: Settings) -> None:
    assert not has_keys(settings)
    assert all(signer_of(settings, purpose).specimen for purpose in Purpose)
    assert signer_of(settings) is signer_of(settings), "a key is read once"
    assert has_keys(settings)


def test_the_last_key_signs_and_the_roots_of_all_are_trusted(settings: Settings) -> None:
    old, new = authority("旧"), authority("新")
    take_over(settings, file_entry(settings.keys, old, "doc-1"))
    first = signer_of(settings)
    assert (first.name, first.specimen) == ("doc-1", False)
    take_over(settings, file_entry(settings.keys, new, "doc-2"))
    assert signer_of(settings).name == "doc-2"
    assert roots(settings) == [one.root.public_bytes(serialization.Encoding.DER) for one in (old, new)]
    assert [one.name for one in ring_of(settings).keys] == ["doc-1", "doc-2"]


def test_no_invented_key_beside_a_real_one(settings: Settings) -> None:
    signer_of(settings, Purpose.CREDENTIAL)
    take_over(settings, file_entry(settings.keys, authority(), "doc-1"))
    for purpose in (Purpose.CREDENTIAL, Purpose.LEDGER):
        with pytest.raises(CannotSign):
            signer_of(settings, purpose)


def test_a_key_from_the_environment_signs_documents_only(tmp_path: Path) -> None:
    file_entry(tmp_path, authority(), "real")
    settings = Settings(home=tmp_path, signer_key=tmp_path / "real.key", signer_certificate=tmp_path / "real.pem")
    assert signer_of(settings).name == "real"
    assert len(roots(settings)) == 1
    with pytest.raises(CannotSign):
        signer_of(settings, Purpose.LEDGER)
    with pytest.raises(CannotSign, match="KAOWU_SIGNER_CERTIFICATE"):
        signer_of(Settings(home=tmp_path, signer_key=tmp_path / "real.key"))


def test_a_key_of_another_purpose_is_refused(settings: Settings) -> None:
    made = file_entry(settings.keys, authority(), "cred", Purpose.CREDENTIAL)
    take_over(settings, Entry(name="cred", purpose=Purpose.DOCUMENT, certificate=made.certificate, key=made.key))
    with pytest.raises(WrongPurpose):
        signer_of(settings)


def test_a_ring_that_cannot_be_read_is_named(settings: Settings) -> None:
    settings.keys.mkdir(parents=True)
    settings.ring.write_text('{"format": "kaowu-keyring/1", "keys": [{"name": "x", "purpose": "lunch"}]}')
    with pytest.raises(CannotSign, match=r"ring\.json"):
        signer_of(settings)


def test_a_ring_is_read_as_it_was_written() -> None:
    ring = Ring().with_key(Entry(name="a", purpose=Purpose.LEDGER, certificate="a.pem", key="a.key"))
    assert read(write(ring)) == ring
    assert ring.with_key(Entry(name="a", purpose=Purpose.LEDGER, certificate="b.pem")).keys[0].certificate == "b.pem"
    assert Ring().current(Purpose.LEDGER) is None
