"""Stations by lot: a draw anyone can repeat from its seed and its list (the method of domain 3.11, used for 候考抽签).

Candidates are ordered by HMAC-SHA-256 of the seed over the hash of the frozen list and their ticket number, and take the stations
in ascending order. Who changes a name, a station or the seed gets another hash, and so another order.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from exam.kernel.errors import N_, Conflict, Invalid

SEED_BITS = 128


class NotPractical(Conflict):
    """Only workshops draw lots."""

    message = N_("只有实操考场抽签定工位。")


class DrawTooLate(Conflict):
    """Lots are drawn before the first candidate starts."""

    message = N_("已有 %(n)s 人开始作答，不能再抽签。")
    way_out = N_("个别调整请用“调整座位”，并写明原因。")


class NobodyToDraw(Conflict):
    """A draw needs candidates."""

    message = N_("本场没有可以抽签的考生。")


class DrawnAlready(Invalid):
    """A second draw replaces the first; it says why."""

    message = N_("本场已经抽过签。重新抽签须写明原因，两次结果都保留。")


class NoSpare(Conflict):
    """Every station is taken or out of order."""

    message = N_("没有可用的备用工位。")
    way_out = N_("请联系主考：可登记中断，待工位恢复后重新开始。")


class StationOut(Conflict):
    """Nobody is put at a station that is out of order."""

    message = N_("%(seat)s 号工位已停用。")
    way_out = N_("请选择其他工位；修复后可恢复使用。")


class NotInterrupted(Conflict):
    """An attempt is taken again only after a fault that was recorded."""

    message = N_("考生没有中断，不能重新开始。")
    way_out = N_("请先登记中断和原因。")


@dataclass(frozen=True)
class Draw:
    """A draw as it was made."""

    no: int
    seed: str
    list_sha256: str
    stations: Mapping[str, int]  # ticket number -> station
    reason: str
    by_name: str
    at: datetime

    @property
    def sound(self) -> bool:
        """Whether seed and list still give these stations."""
        tickets, places = sorted(self.stations), sorted(self.stations.values())
        return self.list_sha256 == list_sha256(tickets, places) and dict(self.stations) == draw(
            self.seed, tickets, places
        )


def list_sha256(tickets: Sequence[str], stations: Sequence[int]) -> str:
    """SHA-256 of the frozen list: ticket numbers and stations, each sorted, a line each."""
    lines = [*sorted(tickets), "--", *(f"{station:04d}" for station in sorted(stations))]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def draw(seed: str, tickets: Sequence[str], stations: Sequence[int]) -> dict[str, int]:
    """Ticket number -> station; the same for every order the lists are given in. As many stations as tickets."""
    if len(set(tickets)) != len(tickets) or len(set(stations)) != len(stations) or len(tickets) != len(stations):
        raise ValueError("a draw needs as many different stations as different tickets")
    frozen = list_sha256(tickets, stations)

    def lot(ticket: str) -> tuple[bytes, str]:
        return hmac.new(seed.encode(), f"{frozen}:{ticket}".encode(), hashlib.sha256).digest(), ticket

    return dict(zip(sorted(tickets, key=lot), sorted(stations), strict=True))
