"""Proof slips: a short checksum of what an assessor signed, shown, printed and written down, so that a sheet whose tablet is
lost can be keyed in again from paper and a typing error is caught.

The checksum covers what stands on paper and nothing else: the ticket number, the assessor's badge, the version, every answer
and the overtime. Twelve characters of Crockford's base 32 (60 bits of the SHA-256) and a check character (ISO 7064 MOD 37-2)
that catches a wrong or swapped character of the checksum itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from exam.kernel.canonical import canonical
from exam.kernel.errors import N_, Invalid

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_AS: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "U": "V"})
_CHECK: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*"
LENGTH: Final = 12


class SlipMistyped(Invalid):
    """The slip itself was typed wrongly."""

    message = N_("凭条校验码有误，请对照凭条重新输入。")


class SlipDiffers(Invalid):
    """The slip is right, so an entry is not what was signed."""

    message = N_("填写的内容与凭条不符：至少有一项与签名时不同。")
    way_out = N_("请与纸质评分表逐项核对；全部一致时，校验码才会相符。")


def slip(ticket: str, badge: str, version: int, answers: Mapping[str, Any], overtime: int | None) -> str:
    """The checksum of a signed sheet, in groups of four: ``7K3M-9QXA-02TZ-5``."""
    body = canonical(
        {"ticket": ticket, "badge": badge, "version": version, "answers": dict(answers), "overtime": overtime}
    )
    bits = int.from_bytes(hashlib.sha256(body).digest(), "big") >> (256 - 5 * LENGTH)
    text = "".join(_ALPHABET[bits >> 5 * (LENGTH - 1 - at) & 31] for at in range(LENGTH))
    return _grouped(text + _check(text))


def read_slip(typed: str) -> str:
    """A slip as somebody typed it, or scanned it from its QR code (`KAOWU-SLIP:1:…:slip`); raises :class:`SlipMistyped` when it
    cannot be one."""
    text = "".join(one for one in typed.upper().rsplit(":", 1)[-1] if one not in " -")
    body, check = text[:-1].translate(_READ_AS), text[-1:]
    if len(body) != LENGTH or any(one not in _ALPHABET for one in body) or _check(body) != check:
        raise SlipMistyped
    return _grouped(body + check)


def require_same(typed: str, signed: str) -> None:
    """Refuse entries that give another slip than the one on paper."""
    if read_slip(typed) != signed:
        raise SlipDiffers


def _check(text: str) -> str:
    """ISO 7064 MOD 37-2, pure system: every wrong character and every swap of two is caught."""
    rest = 0
    for one in text:
        rest = (rest + _CHECK.index(one)) * 2 % 37
    return _CHECK[(38 - rest) % 37]


def _grouped(text: str) -> str:
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))
