"""Sealing: what must open, and what must not."""

from pathlib import Path

import pytest

from exam.kernel.crypto import CannotOpen, Vault, seal_exchange


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.open_or_create(tmp_path / "keys")


def test_opens_what_it_sealed(vault: Vault) -> None:
    assert vault.open(vault.seal("99010120010203004X", "person:1"), "person:1") == "99010120010203004X"


def test_seals_equal_texts_differently(vault: Vault) -> None:
    assert vault.seal("same", "person:1") != vault.seal("same", "person:1")


def test_does_not_open_in_another_row(vault: Vault) -> None:
    with pytest.raises(CannotOpen):
        vault.open(vault.seal("secret", "person:1"), "person:2")


@pytest.mark.parametrize("sealed", ["", "v1", "v1.001", "v1.001.@@@", "v2.001.AAAA", "v1.999.AAAA"])
def test_refuses_what_was_never_sealed(vault: Vault, sealed: str) -> None:
    with pytest.raises(CannotOpen):
        vault.open(sealed, "person:1")


def test_refuses_an_altered_text(vault: Vault) -> None:
    sealed = vault.seal("secret", "person:1")
    altered = sealed[:-9] + ("A" if sealed[-9] != "A" else "B") + sealed[-8:]
    with pytest.raises(CannotOpen):
        vault.open(altered, "person:1")


def test_blind_index_is_stable_per_context(vault: Vault, tmp_path: Path) -> None:
    again = Vault.open_or_create(tmp_path / "keys")
    assert vault.blind("x", "id") == again.blind("x", "id")
    assert vault.blind("x", "id") != vault.blind("x", "phone")
    assert vault.blind("x", "id") != vault.blind("y", "id")


def test_a_new_key_seals_and_the_old_still_opens(vault: Vault, tmp_path: Path) -> None:
    old = vault.seal("secret", "person:1")
    index = vault.blind("secret", "id")
    (tmp_path / "keys" / "data-002.key").write_bytes(bytes(range(32)))
    rotated = Vault.open_or_create(tmp_path / "keys")
    assert rotated.open(old, "person:1") == "secret"
    assert rotated.seal("secret", "person:1").startswith("v1.002.")
    assert rotated.blind("secret", "id") == index


def test_keys_are_for_the_owner_only(vault: Vault, tmp_path: Path) -> None:
    assert (tmp_path / "keys" / "data-001.key").stat().st_mode & 0o077 == 0


def test_what_others_seal_opens_here_and_nowhere_else(vault: Vault, tmp_path: Path) -> None:
    sealed = seal_exchange(vault.exchange_key, b"events", "export/1")
    assert vault.open_exchange(*sealed, "export/1") == b"events"
    with pytest.raises(CannotOpen):
        vault.open_exchange(*sealed, "export/2")
    with pytest.raises(CannotOpen):
        Vault.open_or_create(tmp_path / "other").open_exchange(*sealed, "export/1")


def test_an_altered_exchange_does_not_open(vault: Vault) -> None:
    ephemeral, nonce, sealed = seal_exchange(vault.exchange_key, b"events", "export/1")
    other, _, _ = seal_exchange(vault.exchange_key, b"events", "export/1")
    for parts in (
        (other, nonce, sealed), (ephemeral, nonce[:-1] + bytes([nonce[-1] ^ 1]), sealed), (ephemeral, nonce, sealed[:-1] + bytes([sealed[-1] ^ 1])),
        (b"", nonce, sealed), (ephemeral, b"", sealed), (ephemeral, nonce, b""), (b"\x30\x00", nonce, sealed),
    ):  # fmt: skip
        with pytest.raises(CannotOpen):
            vault.open_exchange(*parts, "export/1")


def test_the_exchange_key_outlives_a_rotation(vault: Vault, tmp_path: Path) -> None:
    sealed = seal_exchange(vault.exchange_key, b"events", "export/1")
    (tmp_path / "keys" / "data-002.key").write_bytes(bytes(range(32)))
    rotated = Vault.open_or_create(tmp_path / "keys")
    assert rotated.exchange_key == vault.exchange_key
    assert rotated.open_exchange(*sealed, "export/1") == b"events"
