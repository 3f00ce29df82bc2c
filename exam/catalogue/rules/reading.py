"""Reading a definition given as data: every wrong place is named, nothing is guessed.

A reader walks a JSON object and collects problems instead of stopping at the first one. Numbers are exact:
whole numbers or decimal text; a binary fraction (float) is refused by name, since 0.1 is not one tenth.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, TypeVar

from exam.kernel.errors import N_, Problem

E = TypeVar("E", bound=StrEnum)
ZERO = Decimal(0)


class Reader:
    """One object of the definition and the problems found in it; children share the list."""

    def __init__(self, data: object, path: str = "", problems: list[Problem] | None = None) -> None:
        self.path = path
        self.problems: list[Problem] = [] if problems is None else problems
        self.data: Mapping[str, Any] = {}
        if isinstance(data, Mapping):
            self.data = data
        else:
            self.add("wrong_type", N_("%(path)s 应是一个对象。"))

    def at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def add(self, code: str, message: str, name: str = "", /, **facts: object) -> None:
        """Note one problem at a field of this object."""
        path = self.at(name) if name else (self.path or "(root)")
        self.problems.append(Problem(message=message, facts={"path": path, **facts}, field=path, code=code))

    def only(self, names: Iterable[str]) -> None:
        """Refuse names nobody reads: a misspelt field must not silently mean its default."""
        for name in self.data:
            if name not in set(names):
                self.add("unknown_field", N_("%(path)s 不是已知的字段。"), str(name))

    def text(self, name: str, *, required: bool = True) -> str:
        value = self.data.get(name)
        if value is None and not required:
            return ""
        if not isinstance(value, str) or not value.strip():
            self.add("missing_text", N_("%(path)s 必须填写文字。"), name)
            return ""
        return value.strip()

    def number(self, name: str, *, low: Decimal | int | None = None, high: Decimal | int | None = None) -> Decimal:
        """A required exact number inside [low, high]; zero after a noted problem."""
        if self.data.get(name) is None:
            self.add("missing_number", N_("%(path)s 必须填写数字。"), name)
            return ZERO
        value = self.optional_number(name, low=low, high=high)
        return ZERO if value is None else value

    def optional_number(
        self, name: str, *, low: Decimal | int | None = None, high: Decimal | int | None = None
    ) -> Decimal | None:
        value = self.data.get(name)
        if value is None:
            return None
        if isinstance(value, float):
            self.add("float", N_('%(path)s 写成了二进制小数；请用引号写十进制数，例如 "0.4"。'), name)
            return None
        number = _decimal(value)
        if number is None:
            self.add("not_a_number", N_("%(path)s 不是数字：%(value)s。"), name, value=str(value)[:40])
            return None
        if (low is not None and number < low) or (high is not None and number > high):
            bounds = {"low": "" if low is None else low, "high": "" if high is None else high}
            self.add(
                "out_of_range",
                N_("%(path)s 为 %(value)s，超出允许范围 %(low)s 至 %(high)s。"),
                name,
                value=number,
                **bounds,
            )
            return None
        return number

    def integer(self, name: str, *, low: int, high: int, default: int | None = None) -> int:
        if self.data.get(name) is None and default is not None:
            return default
        value = self.number(name, low=low, high=high)
        if value != value.to_integral_value():
            self.add("not_whole", N_("%(path)s 应是整数。"), name)
        return int(value)

    def choice(self, name: str, kinds: type[E], default: E) -> E:
        """One word of an enum; a missing or unknown word is a problem."""
        value = self.data.get(name)
        if isinstance(value, str) and value in set(kinds):
            return kinds(value)
        self.add(
            "unknown_word",
            N_("%(path)s 的值 %(value)s 无效；可用：%(allowed)s。"),
            name,
            value="" if value is None else str(value)[:40],
            allowed=", ".join(kinds),
        )
        return default

    def boolean(self, name: str) -> bool:
        """A yes or no; no where it is not said."""
        value = self.data.get(name, False)
        if not isinstance(value, bool):
            self.add("boolean", N_("%(path)s 应为 true 或 false。"), name)
            return False
        return value

    def child(self, name: str) -> Reader:
        return Reader(self.data.get(name), self.at(name), self.problems)

    def children(self, name: str, *, required: bool = True) -> list[Reader]:
        value = self.data.get(name)
        if value is None and not required:
            return []
        if not isinstance(value, Sequence) or isinstance(value, str) or (required and not value):
            self.add("empty_list", N_("%(path)s 至少要有一项。"), name)
            return []
        return [Reader(item, f"{self.at(name)}[{index}]", self.problems) for index, item in enumerate(value, 1)]


def _decimal(value: object) -> Decimal | None:
    """The exact number a value spells; None when it spells none."""
    if isinstance(value, bool) or not isinstance(value, (int, str, Decimal)):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
