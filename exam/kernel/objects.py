"""The file store on S3: the same port as a folder's (`exam.kernel.files`), for when several machines share the bytes.

SigV4, retries and time limits are obstore's (the object_store library of Apache Arrow); endpoint and credentials come from the
usual variables (``AWS_ENDPOINT_URL``, ``AWS_ACCESS_KEY_ID``, ``AWS_SECRET_ACCESS_KEY``, ``AWS_REGION``). A file is put only where
nothing stands yet (``If-None-Match: *``) and its hash is compared on every read. What was read or written here once stays in a
folder beside it: the bytes of a name never change, so that copy is never stale, and it may be deleted at any time.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError
from obstore.store import S3Store

from exam.kernel.errors import N_, Unavailable
from exam.kernel.files import DiskStore, FileAltered

_NAME = re.compile(r"[0-9a-f]{64}")
_TRIES: Final = 5


class StoreUnavailable(Unavailable):
    """The store does not answer, or refuses us."""

    message = N_("文件库暂时无法访问（%(reason)s），没有保存任何更改。")


class ObjectStore:
    """Content-addressed files in a bucket: ``<prefix>/ab/abcdef...``."""

    def __init__(self, store: Any, near: DiskStore) -> None:
        """``store`` is one of obstore's, its prefix set; ``near`` keeps what was read and written here."""
        self._store = store
        self._near = near

    def put(self, data: bytes) -> str:
        """Store the bytes whole or not at all and return their SHA-256 in hex; never over anything."""
        name = hashlib.sha256(data).hexdigest()
        try:
            obstore.put(self._store, _key(name), data, mode="create")
        except AlreadyExistsError:
            if self._size(name) != len(data):
                raise FileAltered(name) from None
        except BaseError as error:
            raise _away(error) from None
        self._near.put(data)
        return name

    def get(self, sha256: str) -> bytes:
        """Return the bytes; raises FileNotFoundError, `FileAltered` when they are not what their name says."""
        try:
            data = self._near.get(sha256)
            if hashlib.sha256(data).hexdigest() == sha256:
                return data
            self._near.remove(sha256)
        except FileNotFoundError:
            pass
        try:
            data = bytes(obstore.get(self._store, _key(sha256)).bytes())
        except (NotFoundError, FileNotFoundError):
            raise FileNotFoundError(sha256) from None
        except BaseError as error:
            raise _away(error) from None
        if hashlib.sha256(data).hexdigest() != sha256:
            raise FileAltered(sha256)
        self._near.put(data)
        return data

    def exists(self, sha256: str) -> bool:
        """Say whether the bytes are stored: always asked of the store, another machine may have removed them."""
        return self._size(sha256) is not None

    def remove(self, sha256: str) -> None:
        """Forget bytes that nobody else refers to; missing ones are no error."""
        self._near.remove(sha256)
        try:
            obstore.delete(self._store, _key(sha256))
        except (NotFoundError, FileNotFoundError):
            return
        except BaseError as error:
            raise _away(error) from None

    def names(self) -> Iterator[str]:
        """The names of all files, in no order."""
        try:
            for some in obstore.list(self._store, chunk_size=1000):
                for one in some:
                    name = str(one["path"]).rpartition("/")[2]
                    if _NAME.fullmatch(name):
                        yield name
        except BaseError as error:
            raise _away(error) from None

    def _size(self, name: str) -> int | None:
        try:
            return int(obstore.head(self._store, _key(name))["size"])
        except (NotFoundError, FileNotFoundError):
            return None
        except BaseError as error:
            raise _away(error) from None


def s3_store(address: str, near: DiskStore) -> ObjectStore:
    """The store of an address ``s3://bucket/prefix``."""
    parts = urlsplit(address)
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    options: dict[str, Any] = {"timeout": "20s", "connect_timeout": "3s"}
    if endpoint.startswith("http://"):
        options["allow_http"] = True
    made = S3Store(
        parts.netloc,
        prefix=parts.path.strip("/") or None,
        client_options=options,  # type: ignore[arg-type]
        retry_config={"max_retries": _TRIES, "retry_timeout": timedelta(seconds=30)},
        virtual_hosted_style_request=not endpoint,
    )
    return ObjectStore(made, near)


def _key(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise FileNotFoundError(name)
    return f"{name[:2]}/{name}"


def _away(error: BaseError) -> StoreUnavailable:
    """The kind of error only: its text holds addresses."""
    return StoreUnavailable(reason=type(error).__name__)
