"""Looks at a stranger's file in a limited child process: little memory, little time, nothing kept, nothing fetched.

Runs as ``python -m certificates.verification.checker`` under `exam.kernel.sandbox`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import msgspec

from certificates.archive.rules.reading import examine_any
from certificates.issuing.rules.signature import Examination, Flaw
from exam.kernel.sandbox import ChildFailed, Children, serve

_SECONDS: Final = 1.5  # an answer within two seconds, whatever was sent
_MEGABYTES: Final = 512


class _Question(msgspec.Struct, frozen=True):
    data: bytes
    roots: list[bytes]
    stamps: list[bytes]


async def check(data: bytes, roots: list[bytes], stamps: Sequence[bytes] = ()) -> Examination:
    """Examine a file against the roots of signers and of time stamps; one that cannot be within the limits is not accepted."""
    try:
        answer = await _children().ask_async(msgspec.msgpack.encode(_Question(data, roots, list(stamps))))
    except ChildFailed:
        flaws = (Flaw.BAD_SIGNATURE,)
        return Examination(sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data), flaws=flaws)
    return msgspec.msgpack.decode(answer, type=Examination)


@lru_cache(maxsize=1)
def _children() -> Children:
    return Children("certificates.verification.checker", count=2, seconds=_SECONDS, megabytes=_MEGABYTES)


def _answer(request: bytes) -> bytes:
    question = msgspec.msgpack.decode(request, type=_Question)
    return msgspec.msgpack.encode(examine_any(question.data, question.roots, question.stamps))


if __name__ == "__main__":
    serve(_answer)
