"""The canonical bytes."""

import json

import pytest

from exam.kernel.canonical import MOST, canonical


def test_the_canonical_bytes_are_those_of_rfc_8785() -> None:
    """Section 3.2.3's sorting example, without its fractions: names go by UTF-16 units, so that a pair sorts below U+FB33."""
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    text = canonical(dict.fromkeys(names, 0)).decode()
    assert list(json.loads(text)) == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    assert canonical({"b": [True, None, '\u0007\n"\\/\u2028'], "a": -1}) == (
        '{"a":-1,"b":[true,null,"\\u0007\\n\\"\\\\/\u2028"]}'.encode()
    )
    assert canonical({}) == b"{}"


@pytest.mark.parametrize("value", [0.5, MOST + 1, "\ud800", {"a": {1: 2}}, [object()], float("nan")])
def test_what_has_no_single_spelling_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r".*"):
        canonical({"value": value})
