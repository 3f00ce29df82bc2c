"""Refusals: every way in which Kaowu says no, with the reason and the way out.

    Refusal
    ├── Invalid        what was sent cannot be accepted; may list problems by row and field
    │   └── TooLarge   more than is read
    ├── NotFound       there is no such thing, or it does not concern the reader
    ├── Forbidden      the reader's role, scope or duty does not allow it
    ├── Conflict       true a moment ago, no longer: taken, signed, moved, published
    ├── TooMany        asked too often
    └── Unavailable    a part that is needed cannot be reached now

A refusal knows nothing of HTTP and of languages: its message is a Chinese msgid with ``%(name)s``
places, its facts fill them. The edge (``exam.kernel.pages``) turns the class into a status code and
the message into the reader's language.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar


def N_(text: str) -> str:  # noqa: N802 - the gettext convention for "extract, translate later"
    """Mark a msgid for the catalogues and return it unchanged."""
    return text


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing wrong with what was sent: where it stands, what is wrong, and the way out."""

    message: str  # msgid
    facts: Mapping[str, object] = field(default_factory=dict)
    field: str = ""  # the form field or the column's head
    row: int | None = None  # as the sender counts them, the head being row 1
    way_out: str = ""  # msgid
    code: str = ""  # stable name, for tests, JSON and correction sheets


class Refusal(Exception):
    """The request was refused."""

    message: ClassVar[str] = N_("这一步现在不能做。")
    way_out: ClassVar[str] = ""

    def __init__(self, *, problems: Iterable[Problem] = (), **facts: object) -> None:
        self.problems = tuple(problems)
        self.facts: dict[str, object] = facts
        super().__init__(self.message)

    @property
    def code(self) -> str:
        """Stable machine name of the refusal, e.g. ``SeatTaken``."""
        return type(self).__name__

    def __str__(self) -> str:
        try:
            return self.message % self.facts if self.facts else self.message
        except (KeyError, ValueError, TypeError):
            return self.message


class Invalid(Refusal):
    """What was sent cannot be accepted."""

    message = N_("提交的内容有误，没有保存任何更改。")


class TooLarge(Invalid):
    """What was sent is larger than anything that is wanted here; it was not read."""

    message = N_("文件太大，没有读取。")
    way_out = N_("请返回上一页，选择较小的文件。颁发的证书不超过 20 MB。")


class NotFound(Refusal):
    """There is no such thing, or it does not concern the reader: both look the same."""

    message = N_("没有找到，或与您无关。")
    way_out = N_("请从列表重新进入，或检查地址是否完整。")


class Forbidden(Refusal):
    """The reader's role, scope or duty does not allow it."""

    message = N_("您的角色或职责范围不包含这一步。")
    way_out = N_("请换用有权限的账号，或联系考务管理员。")


class Conflict(Refusal):
    """It was possible a moment ago and no longer is."""

    message = N_("情况已经变化，这一步没有执行。")
    way_out = N_("请刷新页面，查看最新状态后再决定。")


class TooMany(Refusal):
    """Asked too often."""

    message = N_("操作过于频繁。")
    way_out = N_("请等待 %(seconds)s 秒后再试。")


class Unavailable(Refusal):
    """A part that is needed cannot be reached now."""

    message = N_("所需的服务暂时无法访问，没有保存任何更改。")
    way_out = N_("请稍后重试；已确认保存的内容不受影响。")
