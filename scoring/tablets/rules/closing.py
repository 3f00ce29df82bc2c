"""Closing a session whose sheets were scored on tablets: when it may be closed, and every refusal."""

from __future__ import annotations

from collections.abc import Iterable

from exam.kernel.errors import N_, Conflict, Invalid
from exam.sittings.rules import DONE, Sitting
from scoring.tablets.rules.ledger import Ledger, require_balanced


class NothingToClose(Conflict):
    """A session without tablets has no ledger."""

    message = N_("本场没有领用平板，不需要对账关闭。")


class StillSitting(Conflict):
    """Somebody is still at work, or nobody said whether they came."""

    message = N_("还有 %(count)s 名考生没有结束（例如 %(seat)s 号工位），本场不能关闭。")
    way_out = N_("请先登记这些考生交卷、终止或缺考。")


class ClosedAlready(Conflict):
    """A session is closed once."""

    message = N_("本场已由 %(name)s 于 %(at)s 关闭。")
    way_out = N_("以后送到的记录仍会接收，并在本页列出。")


class LedgerMoved(Conflict):
    """What somebody signs is what they saw."""

    message = N_("打开本页之后对账结果有变化，没有关闭。")
    way_out = N_("请核对现在的结果，再关闭。")


class WordsMissing(Invalid):
    """What could not be taken is settled with words."""

    message = N_("请写明处理意见。")


class SettledAlready(Conflict):
    """Somebody was first."""

    message = N_("这条记录已由 %(name)s 处理。")


def require_closable(ledger: Ledger, people: Iterable[Sitting], *, seen: str, reason: str, officer: bool) -> None:
    """Refuse to close a session that is not over, whose ledger is not the one `seen` (its digest), or that does not balance."""
    if not ledger.devices:
        raise NothingToClose
    left = [one for one in people if one.status not in DONE]
    if left:
        raise StillSitting(count=len(left), seat=left[0].seat_no)
    if seen != ledger.digest:
        raise LedgerMoved
    require_balanced(ledger, reason, officer=officer)
