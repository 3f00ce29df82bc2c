"""The file store: once, whole, under the hash."""

import hashlib
import os
import stat
from pathlib import Path

import pytest

from exam.kernel.files import DiskStore, write_whole


def test_keeps_bytes_under_their_hash(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    name = store.put(b"certificate")
    assert name == hashlib.sha256(b"certificate").hexdigest()
    assert store.get(name) == b"certificate"
    assert store.exists(name)


def test_stores_the_same_bytes_once(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    assert store.put(b"a") == store.put(b"a")
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_repairs_a_file_that_was_cut(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    name = store.put(b"whole")
    (tmp_path / name[:2] / name).write_bytes(b"wh")
    store.put(b"whole")
    assert store.get(name) == b"whole"


def test_keeps_empty_bytes(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    assert store.get(store.put(b"")) == b""


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "0" * 63])
def test_a_name_is_a_hash_and_never_a_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileNotFoundError):
        DiskStore(tmp_path).get(name)


def test_removed_bytes_are_gone_and_may_be_removed_again(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    name, other = store.put(b"a"), store.put(b"b")
    store.remove(name)
    store.remove(name)
    assert (store.exists(name), store.exists(other)) == (False, True)
    with pytest.raises(FileNotFoundError):
        store.remove("../../etc/passwd")


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state"
    for data, mode in ((b"first", 0o600), (b"second", 0o644)):
        write_whole(path, data, mode)
        assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (data, mode)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, b"third", 0o600)
    assert [one.name for one in tmp_path.iterdir()] == ["state"]
    assert path.read_bytes() == b"second"


@pytest.mark.skipif(os.name != "posix", reason="Windows has no folders to ask")
def test_a_power_cut_loses_neither_bytes_nor_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before `put` returns the bytes are on the disk, then the name that leads to them, and the name of its new folder."""
    asked: list[tuple[int, bool]] = []
    real = os.fsync

    def watched(descriptor: int) -> None:
        found = os.fstat(descriptor)
        named = [path for path in tmp_path.rglob("*") if path.is_file() and not path.name.startswith(".")]
        asked.append((found.st_ino, bool(named)))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    store = DiskStore(tmp_path)
    name = store.put(b"certificate")
    path = tmp_path / name[:2] / name
    store.put(b"certificate")
    assert asked == [(tmp_path.stat().st_ino, False), (path.stat().st_ino, False), (path.parent.stat().st_ino, True)]
