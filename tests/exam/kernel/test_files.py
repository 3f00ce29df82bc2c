"""The file store: once, whole, under the hash."""

import hashlib
from pathlib import Path

import pytest

from exam.kernel.files import DiskStore


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
