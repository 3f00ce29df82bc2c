"""How signed sheets of tablets become score sheets of the server: which version may follow which, and what is said where one may not.

The events stay whatever becomes of them. A version that cannot be entered keeps the refusal's own words and its way out, and is
tried again when something has changed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from exam.kernel.errors import N_, Conflict
from scoring.tablets.rules.events import Event
from scoring.tablets.rules.folding import SheetState


class Matter(StrEnum):
    """What of a tablet's work changes something outside of its events."""

    SHEET = "sheet"
    STOP = "stop"


class Outcome(StrEnum):
    """What became of it."""

    APPLIED = "applied"
    WAITING = "waiting"  # for something that may still happen
    REFUSED = "refused"  # it is wrong in itself: the assessor corrects it
    CONTRADICTION = "contradiction"  # two signatures under one version


WAITS_FOR: Collection[str] = frozenset(
    {
        "NobodyToScore", "NotStarted", "CorrectionOpen", "ReasonMissing", "VersionBefore", "RoomNotOpen",
    }
)  # fmt: skip
"""Refusals (by their codes) that another event may lift: attendance, an open room, a second signature, a version before."""

CORRECT_IT = N_("记录已原样保存。请考评员在平板上更正后重新签名。")


class OlderSheet(Conflict):
    """Signed on a version of the score sheet that is not the session's."""

    message = N_("这份评分表是用旧版评分标准签名的，没有入账。")
    way_out = N_("记录已原样保存。请在平板上重新下载考务包，由考评员按现行评分表更正后再签名。")


class VersionBefore(Conflict):
    """A correction whose first version is not here yet."""

    message = N_("这是第 %(version)s 版更正，它之前的版本还没有送到。")
    way_out = N_("请等待其他平板送出记录；那台平板已丢失的，请按纸质评分表补录前一版本。")


class Contradiction(Conflict):
    """Two signatures under one version that differ: whichever came first would be chance."""

    message = N_("同一评分表有两个不同的签名，都不计分。")
    way_out = N_("请考评员在平板上打开该考生，核对后更正并重新签名，再由考评组长会签。")


class StopNotEntered(Conflict):
    """A safety stop that the exam day does not know of."""

    message = N_("平板上记录了安全终止，但该考次没有改为“终止”。")
    way_out = N_("请主考核实后在考场页面登记终止；考场已关闭或考生已交卷的，由考务管理员处理。")


@dataclass(frozen=True, kw_only=True)
class Told:
    """The words of a refusal, kept: msgids and their facts."""

    code: str = ""
    message: str = ""
    way_out: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Version:
    """One version of one assessor's sheet that is to be entered."""

    number: int
    signature: Event  # with everything that is signed
    digest: str
    reason: str
    contradicts: bool  # entered only so that the next version can correct it


def versions(states: Mapping[int, SheetState]) -> list[Version]:
    """The versions that are to be entered, from the first on; nothing of nothing. One that contradicts itself is entered only
    under a later one that does not."""
    sound = [number for number, state in states.items() if state.sound]
    latest = max(sound, default=0)
    found = []
    for number in sorted(states):
        state = states[number]
        if state.signed is None or state.signed_by is None or (state.contradicting and number > latest):
            continue
        found.append(
            Version(
                number=number, signature=state.signed_by, digest=state.signed, reason=state.reason,
                contradicts=bool(state.contradicting),
            )
        )  # fmt: skip
    return found


def contradicting(states: Mapping[int, SheetState]) -> list[int]:
    """The versions with two different signatures that no later one has put right."""
    latest = max((number for number, state in states.items() if state.sound), default=0)
    return [number for number in sorted(states) if states[number].contradicting and number > latest]


def sheet_of(signature: Event) -> str | None:
    """By its hash the score sheet that was signed on; None where the tablet does not say."""
    found = signature.data.get("sheet_sha256")
    return found if isinstance(found, str) and found else None
