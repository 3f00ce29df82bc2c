"""One canonical JSON for everything that is hashed or signed: RFC 8785 (JCS) without fractions, so that every language
writes the same bytes."""

from __future__ import annotations

import json
from typing import Any, Final

MOST: Final = 2**53 - 1
"""The largest whole number that every JSON reader keeps (RFC 8785 section 3.2.2.3)."""


def canonical(value: Any) -> bytes:
    """The canonical JSON of a value (RFC 8785); raises ValueError for what has no single spelling: fractions, large numbers,
    half surrogates."""
    _require_plain(value)
    return _ordered(value).encode()


def _ordered(value: Any) -> str:
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))  # RFC 8785 section 3.2.3: by UTF-16 units
        return "{" + ",".join(f"{_text(name)}:{_ordered(value[name])}" for name in names) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(_ordered(item) for item in value) + "]"
    return _text(value)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _require_plain(value: Any) -> None:
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, int):
        if abs(value) > MOST:
            raise ValueError(value)
    elif isinstance(value, str):
        value.encode()  # a half surrogate has no UTF-8
    elif isinstance(value, dict):
        for name, item in value.items():
            if not isinstance(name, str):
                raise ValueError(name)
            name.encode()
            _require_plain(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _require_plain(item)
    else:
        raise ValueError(value)
