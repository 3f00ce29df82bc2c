"""Badges and PINs of assessors: a card that is held and a number that is known open a tablet's pack together.

The key that wraps a pack's key is PBKDF2-HMAC-SHA-256 (RFC 8018) of the PIN, salted with a salt of its own and the badge's secret:
who finds a tablet has neither, who finds a badge lacks the PIN, and a PIN of six digits is worth nothing without the badge.
"""

from __future__ import annotations

import base64
import hashlib
from itertools import pairwise
from typing import Final

from exam.kernel.errors import N_, Conflict, Invalid, NotFound

NUMBER_LENGTH: Final = 8
SECRET_BYTES: Final = 16
SALT_BYTES: Final = 16
ROUNDS: Final = 600_000
"""Of PBKDF2-HMAC-SHA-256, as OWASP's password storage guide of 2023 has it."""
PIN_DIGITS: Final = 6
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class PinMalformed(Invalid):
    message = N_("PIN 应为 6 位数字。")


class PinTooEasy(Invalid):
    message = N_("这个 PIN 太容易被猜到。")
    way_out = N_("请不要使用重复或连续的数字，例如 111111、123456、123123。")


class PinsDiffer(Invalid):
    message = N_("两次输入的 PIN 不一致，没有保存。")
    way_out = N_("请重新输入两次。")


class NoBadge(NotFound):
    message = N_("还没有评分证。")
    way_out = N_("请联系考点主考打印评分证。")


class BadgeReasonMissing(Invalid):
    message = N_("请写明理由。")


class NotOnDutyHere(Conflict):
    message = N_("这名考评员在您的站点没有考评职责。")
    way_out = N_("请先由考务管理员安排考评职责。")


def badge_number(bits: int) -> str:
    """A badge's public number: eight characters of Crockford's base 32."""
    return "".join(_ALPHABET[bits >> 5 * place & 31] for place in reversed(range(NUMBER_LENGTH)))


def badge_text(number: str, secret: bytes) -> str:
    """What the QR code on a badge says."""
    return f"KAOWU-BADGE:1:{number}:{base64.urlsafe_b64encode(secret).decode().rstrip('=')}"


def require_pin(pin: str, again: str) -> None:
    """Refuse a PIN that is no six digits, not typed twice the same, or among the first that are guessed."""
    if not (len(pin) == PIN_DIGITS and pin.isascii() and pin.isdigit()):
        raise PinMalformed
    if pin != again:
        raise PinsDiffer
    if _easy(pin):
        raise PinTooEasy


def _easy(pin: str) -> bool:
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(pin)}
    return steps in ({0}, {1}, {9}) or pin[:3] == pin[3:] or pin[:2] * 3 == pin


def wrap_key(pin: str, salt: bytes, secret: bytes, rounds: int = ROUNDS) -> bytes:
    """The 32-byte key that a PIN and a badge come to; takes tenths of a second."""
    return hashlib.pbkdf2_hmac("sha256", pin.encode(), salt + secret, rounds)
