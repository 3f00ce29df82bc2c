"""Reads a list that somebody sent in a limited child process: little memory, little time, nothing kept, nothing fetched.

Runs as ``python -m certificates.enquiries.checker`` under `exam.kernel.sandbox`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import msgspec

from certificates.enquiries.rules.lists import Reading, Wrong, read_list
from exam.kernel.errors import N_
from exam.kernel.sandbox import ChildFailed, Children, serve

_SECONDS: Final = 5.0
_MEGABYTES: Final = 768


async def read(data: bytes) -> Reading:
    """The rows of a list; one that cannot be read within the limits is refused."""
    try:
        return msgspec.msgpack.decode(await _children().ask_async(data), type=Reading)
    except ChildFailed:
        return Reading([], [Wrong(N_("文件太复杂，没有读完。"), N_("请把内容粘贴到下载的模板中再试。"), code="limits")])


@lru_cache(maxsize=1)
def _children() -> Children:
    return Children("certificates.enquiries.checker", count=1, seconds=_SECONDS, megabytes=_MEGABYTES)


def _answer(request: bytes) -> bytes:
    return msgspec.msgpack.encode(read_list(request))


if __name__ == "__main__":
    serve(_answer)
