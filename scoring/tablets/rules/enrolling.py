"""Enrolment: a one-time code of eight digits lets one tablet register its key, for ten minutes, at one site under one label.

A code is short, because it is typed; so it lives shortly, works once, and wrong ones are counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from exam.kernel.errors import N_, Conflict, Forbidden, TooMany
from scoring.tablets.rules.devices import MessageInvalid

ENROLMENT: Final = "kaowu-tablet-enrolment/1"
CODE_DIGITS: Final = 8
CODE_LIFE: Final = timedelta(minutes=10)
TRIES_MOST: Final = 20
"""Wrong codes within the life of one, over a whole installation: one guess in five million finds a code."""


class CodeWrong(Forbidden):
    """Nobody made this code."""

    message = N_("登记码不对。")
    way_out = N_("请核对 8 位数字，或请主考重新生成登记码。")


class CodeUsed(Conflict):
    """A code works once."""

    message = N_("这个登记码已被另一台平板用过。")
    way_out = N_("请主考为这台平板重新生成登记码。")


class CodeExpired(Conflict):
    """A code lives for ten minutes."""

    message = N_("登记码已过期，有效期为 10 分钟。")
    way_out = N_("请主考重新生成登记码。")


class TriedTooOften(TooMany):
    """Somebody guesses."""

    message = N_("登记码输错的次数太多，暂停登记。")


@dataclass(frozen=True, kw_only=True)
class Enrolment:
    """What a tablet sends to be registered."""

    code: str
    public_key: str  # base 64, as sent

    @property
    def body(self) -> dict[str, Any]:
        """What is signed."""
        return {"format": ENROLMENT, "code": self.code, "public_key": self.public_key}


def read_enrolment(sent: Any) -> Enrolment:
    """An enrolment from what was sent; raises MessageInvalid."""
    if not isinstance(sent, dict) or set(sent) != {"format", "code", "public_key"} or sent["format"] != ENROLMENT:
        raise MessageInvalid
    if not isinstance(sent["code"], str) or not isinstance(sent["public_key"], str):
        raise MessageInvalid
    return Enrolment(code=sent["code"], public_key=sent["public_key"])


def qr_text(code: str) -> str:
    """What the QR code beside a one-time code says."""
    return f"KAOWU-TABLET:1:{code}"


def require_tries(wrong: Iterable[datetime], now: datetime) -> None:
    """Refuse a further try while too many wrong codes were typed within the life of one; of none there are none too many."""
    recent = sorted(one for one in wrong if now - one < CODE_LIFE)
    if len(recent) >= TRIES_MOST:
        raise TriedTooOften(seconds=int((recent[-TRIES_MOST] + CODE_LIFE - now).total_seconds()) + 1)
