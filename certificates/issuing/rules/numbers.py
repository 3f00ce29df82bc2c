"""Certificate numbers: a versioned scheme of parts with a check character (ISO/IEC 7064).

No public number rule for 1+X certificates was found (domain.md section 0, decision 5), so the scheme is data. The
default is issuer(4) + certificate(3) + level(1) + year(4) + province(2) + serial(6) + check(1) = 21 of the 32 characters
that the national reporting tables allow (domain.md section 8). The serial counts without gaps per issuer and year.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from exam.kernel.errors import N_, Invalid

LENGTH_LIMIT: Final = 32
_ALPHANUMERIC: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Check(StrEnum):
    """The two pure systems of ISO/IEC 7064 with one check character."""

    MOD_11_2 = "mod_11_2"  # digits; check character 0-9 or X
    MOD_37_2 = "mod_37_2"  # digits and letters; check character 0-9, A-Z or *


_ALPHABET: Final = MappingProxyType({Check.MOD_11_2: "0123456789X", Check.MOD_37_2: _ALPHANUMERIC + "*"})


class BadNumber(Invalid):
    """A number that the scheme cannot make."""

    message = N_("证书编号的“%(part)s”部分“%(value)s”不符合编号规则第 %(version)s 版。")
    way_out = N_("请检查培训评价组织代码、证书代码与编号规则是否一致。")


@dataclass(frozen=True)
class NumberScheme:
    """Which parts a number has, in order, how wide each is, and how it is checked."""

    version: int
    parts: tuple[tuple[str, int], ...]
    check: Check

    @property
    def length(self) -> int:
        return sum(width for _, width in self.parts) + 1

    def compose(self, values: Mapping[str, str]) -> str:
        """The number of these parts; a shorter numeric part is filled with zeros, anything else must fit exactly."""
        body = "".join(self._part(name, width, values.get(name, "")) for name, width in self.parts)
        return body + check_character(body, self.check)

    def read(self, number: str) -> dict[str, str] | None:
        """The parts of a number, or None when its length, characters or check character are wrong."""
        number = normalised(number)
        alphabet = _ALPHABET[self.check]
        if len(number) != self.length or any(sign not in alphabet[:-1] for sign in number[:-1]):
            return None
        if check_character(number[:-1], self.check) != number[-1]:
            return None
        found: dict[str, str] = {}
        start = 0
        for name, width in self.parts:
            found[name] = number[start : start + width]
            start += width
        return found

    def _part(self, name: str, width: int, value: str) -> str:
        text = value.zfill(width) if value.isascii() and value.isdigit() else value
        if len(text) != width or any(sign not in _ALPHABET[self.check][:-1] for sign in text):
            raise BadNumber(part=name, value=value, version=self.version)
        return text


def scheme_of(data: Mapping[str, Any]) -> NumberScheme:
    """Read a scheme from its data form; `ValueError` when it cannot make unique numbers of at most 32 characters."""
    parts = tuple((str(name), int(width)) for name, width in data["parts"])
    scheme = NumberScheme(int(data["version"]), parts, Check(data["check"]))
    names = [name for name, _ in parts]
    if scheme.length > LENGTH_LIMIT or len(set(names)) != len(names) or not {"issuer", "year", "serial"} <= set(names):
        raise ValueError(f"number scheme {scheme.version} needs issuer, year, serial once each, at most {LENGTH_LIMIT}")
    if any(width < 1 for _, width in parts):
        raise ValueError(f"number scheme {scheme.version} has an empty part")
    return scheme


SCHEMES: Final[Mapping[int, NumberScheme]] = MappingProxyType(
    {
        scheme.version: scheme
        for scheme in map(
            scheme_of,
            (
                {
                    "version": 1,
                    "parts": [
                        ["issuer", 4],
                        ["certificate", 3],
                        ["level", 1],
                        ["year", 4],
                        ["province", 2],
                        ["serial", 6],
                    ],
                    "check": "mod_37_2",
                },
            ),
        )
    }
)
CURRENT: Final = 1
"""The scheme of new numbers. An old version stays, so that its numbers can still be read."""


def check_character(body: str, system: Check) -> str:
    """The check character of a pure system with radix 2 (ISO/IEC 7064:2003, 6): the sum with it is 1 modulo M."""
    alphabet = _ALPHABET[system]
    modulus = len(alphabet)
    rest = 0
    for sign in body:
        rest = (rest + alphabet.index(sign)) * 2 % modulus
    return alphabet[(1 - rest) % modulus]


def normalised(typed: str) -> str:
    """A number as it was typed, brought to its form: half-width, upper case, no spaces and dashes."""
    half = "".join(chr(ord(sign) - 0xFEE0) if "！" <= sign <= "～" else sign for sign in typed)
    return "".join(sign for sign in half.upper() if sign in _ALPHABET[Check.MOD_37_2])


def grouped(number: str) -> str:
    """A number in groups that a person can compare: 4-3-1-4-2-6-1 for the default scheme, else by fours."""
    for scheme in SCHEMES.values():
        parts = scheme.read(number)
        if parts is not None:
            return " ".join([*parts.values(), normalised(number)[-1]])
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))


def file_stem(number: str) -> str:
    """The number as part of a file name: the check character * is not allowed in names on every system."""
    return number.replace("*", "_")
