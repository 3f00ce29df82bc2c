"""How the tablets of a site stand: one word for each, the worst that is true of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum

from exam.kernel.errors import N_
from scoring.tablets.rules.ledger import SILENT_AFTER


class TabletState(StrEnum):
    """How a tablet stands, the worst first."""

    REVOKED = "revoked"
    BEHIND = "behind"
    UNHEARD = "unheard"
    SILENT = "silent"
    OUT = "out"
    READY = "ready"


STATE_LABELS: Mapping[TabletState, str] = {
    TabletState.REVOKED: N_("已停用"),
    TabletState.BEHIND: N_("有记录没有送到"),
    TabletState.UNHEARD: N_("领出后没有联系"),
    TabletState.SILENT: N_("暂无联系"),
    TabletState.OUT: N_("已领出，联系正常"),
    TabletState.READY: N_("在站点，可以领用"),
}
STATE_TONES: Mapping[TabletState, str] = {
    TabletState.REVOKED: "stopped",
    TabletState.BEHIND: "warning",
    TabletState.UNHEARD: "warning",
    TabletState.SILENT: "warning",
    TabletState.OUT: "done",
    TabletState.READY: "plain",
}


def tablet_state(
    *,
    revoked: bool,
    behind: bool,
    seen_at: datetime | None,
    windows: Collection[tuple[datetime, datetime]],
    now: datetime,
) -> TabletState:
    """`behind`: it wrote more than has arrived; `windows`: the sessions that it is out for."""
    if revoked:
        return TabletState.REVOKED
    if behind:
        return TabletState.BEHIND
    if any(starts <= now <= ends for starts, ends in windows):
        if seen_at is None:
            return TabletState.UNHEARD
        if now - seen_at > SILENT_AFTER:
            return TabletState.SILENT
    return TabletState.OUT if windows else TabletState.READY
