"""A message fits one purpose and no other."""

from __future__ import annotations

import base64

import pytest

from certificates.keys.rules.purposes import Purpose
from certificates.keys.rules.shapes import TRIAL, fits

NAMED = b"\x07" * 32
HEAD = base64.urlsafe_b64encode(b'{"alg":"ES256","typ":"vc+jwt"}').rstrip(b"=")
MESSAGES = {
    Purpose.DOCUMENT: b"\x31\x82" + NAMED + b"rest",
    Purpose.CREDENTIAL: HEAD + b".e30",
    Purpose.LEDGER: b"kaowu.example/ledger\n12\nabc=\n",
    Purpose.EXPORT: b'{"files":[]}\n',
}


@pytest.mark.parametrize("purpose", Purpose)
def test_each_message_fits_its_own_purpose_alone(purpose: Purpose) -> None:
    assert [one for one in Purpose if fits(one, MESSAGES[purpose], NAMED)] == [purpose]


@pytest.mark.parametrize(
    "message", [b"", TRIAL, b"\x31", b"\xff\n\n", b"e30.", HEAD + b".", b"{", b"\x31" + b"\x08" * 40]
)
def test_nothing_else_fits_any(message: bytes) -> None:
    assert not [one for one in Purpose if fits(one, message, NAMED)]
