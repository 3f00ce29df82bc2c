"""Reads a stored certificate in a limited child process: its signature, the text of its page, its attachments.

Runs as ``python -m certificates.nightly.checker`` under `exam.kernel.sandbox`, as many at a time as there are processors.
"""

from __future__ import annotations

import os
from datetime import datetime
from functools import lru_cache
from typing import Final

import msgspec
import pypdfium2

from certificates.issuing.rules.signature import examine
from certificates.nightly.rules import Seen, flaws_of
from exam.kernel.sandbox import Children, serve

_SECONDS: Final = 10.0
_MEGABYTES: Final = 768
_CHILDREN_MOST: Final = 8
_NICE: Final = 10
_ATTACHMENTS_MOST: Final = 16


class _Question(msgspec.Struct, frozen=True):
    data: bytes
    roots: list[bytes]


class _Answer(msgspec.Struct, frozen=True):
    flaws: tuple[str, ...]
    certificate_sha256: str
    signed_at: datetime | None
    pages: int
    text: str
    attached: dict[str, bytes]


def together() -> int:
    """How many files are read at a time."""
    return max(1, min(_CHILDREN_MOST, os.cpu_count() or 1))


def read(data: bytes, roots: list[bytes]) -> Seen:
    """Read a file; raises `ChildFailed` for one that cannot be read within the limits."""
    answer = _children().ask(msgspec.msgpack.encode(_Question(data, roots)))
    found = msgspec.msgpack.decode(answer, type=_Answer)
    return Seen(
        flaws=found.flaws,
        certificate_sha256=found.certificate_sha256,
        signed_at=found.signed_at,
        pages=found.pages,
        text=found.text,
        attached=found.attached,
    )


@lru_cache(maxsize=1)
def _children() -> Children:
    return Children("certificates.nightly.checker", count=together(), seconds=_SECONDS, megabytes=_MEGABYTES)


def _answer(request: bytes) -> bytes:
    question = msgspec.msgpack.decode(request, type=_Question)
    found = examine(question.data, question.roots)
    document = pypdfium2.PdfDocument(question.data)
    try:
        pages = len(document)
        text = document[0].get_textpage().get_text_bounded() if pages else ""
        attached = {}
        for place in range(min(document.count_attachments(), _ATTACHMENTS_MOST)):
            one = document.get_attachment(place)
            attached[one.get_name()] = bytes(one.get_data())
    finally:
        document.close()
    answer = _Answer(
        flaws=flaws_of(found.flaws, found.accepted),
        certificate_sha256=found.certificate_sha256,
        signed_at=found.signed_at,
        pages=pages,
        text="".join(text.split()),
        attached=attached,
    )
    return msgspec.msgpack.encode(answer)


if __name__ == "__main__":
    os.nice(_NICE)  # pages and issuing go before
    serve(_answer)
