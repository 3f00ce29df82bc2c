"""Long work that somebody asked for (a proposal, a print, what a neighbour computes), from the button to its end.

A run is in one state of :data:`ALLOWED`; ``attempt`` counts how often a worker took it up, so that a worker that was
taken for dead cannot write the end of a run that another one has taken over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil
from types import MappingProxyType
from typing import Any, Protocol
from uuid import UUID

from exam.kernel.errors import N_, Conflict, NotFound, Problem
from scheduling.timetable.rules.prints import PrintOrder


class RunKind(StrEnum):
    """What is made."""

    PROPOSAL = "proposal"
    PRINT = "print"
    FORK = "fork"  # scheduling.forks: what if
    REPAIR = "repair"  # scheduling.repairs


class RunStatus(StrEnum):
    """Where a run stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"

    @property
    def active(self) -> bool:
        """Whether it has not ended."""
        return bool(ALLOWED[self])


ALLOWED: Mapping[RunStatus, frozenset[RunStatus]] = {
    RunStatus.WAITING: frozenset({RunStatus.RUNNING, RunStatus.FAILED, RunStatus.STOPPED}),
    # running -> running: a worker died and another one takes the run up again
    RunStatus.RUNNING: frozenset({RunStatus.RUNNING, RunStatus.DONE, RunStatus.FAILED, RunStatus.STOPPED}),
    RunStatus.DONE: frozenset(),
    RunStatus.FAILED: frozenset(),
    RunStatus.STOPPED: frozenset(),
}
ACTIVE = tuple(status for status in RunStatus if status.active)

RUN_LABELS = {
    RunStatus.WAITING: N_("等待开始"),
    RunStatus.RUNNING: N_("进行中"),
    RunStatus.DONE: N_("已完成"),
    RunStatus.FAILED: N_("没有完成"),
    RunStatus.STOPPED: N_("已停止"),
}
RUN_TONES = {
    RunStatus.WAITING: "needs",
    RunStatus.RUNNING: "needs",
    RunStatus.DONE: "done",
    RunStatus.FAILED: "stopped",
    RunStatus.STOPPED: "plain",
}


class Stage(StrEnum):
    """A part of the work, counted by itself."""

    GROUPS = "groups"
    SESSIONS = "sessions"
    SEATS = "seats"
    STAFF = "staff"
    READ = "read"
    DRAW = "draw"
    KEEP = "keep"


STAGES: Mapping[RunKind, tuple[Stage, ...]] = {
    RunKind.PROPOSAL: (Stage.GROUPS, Stage.SESSIONS, Stage.STAFF, Stage.SEATS),
    RunKind.PRINT: (Stage.READ, Stage.DRAW, Stage.KEEP),
    RunKind.FORK: (Stage.GROUPS, Stage.SESSIONS, Stage.STAFF, Stage.SEATS),
    RunKind.REPAIR: (Stage.GROUPS, Stage.SESSIONS, Stage.STAFF),
}
RUN_TITLES = {
    RunKind.PROPOSAL: N_("编排：%(batch)s"),
    RunKind.FORK: N_("试算：%(batch)s"),
    RunKind.REPAIR: N_("修复：%(batch)s"),
}
"""Of a run that is no print."""
RUN_KINDS = {RunKind.PROPOSAL: N_("编排"), RunKind.FORK: N_("试算"), RunKind.REPAIR: N_("修复")}
STAGE_LABELS = {
    Stage.GROUPS: N_("分配考点"),
    Stage.SESSIONS: N_("安排场次"),
    Stage.SEATS: N_("抽定座位"),
    Stage.STAFF: N_("派遣人员"),
    Stage.READ: N_("读取名单"),
    Stage.DRAW: N_("制作页面"),
    Stage.KEEP: N_("加密保存"),
}


class Progress(Protocol):
    """Told how many are done of how many in a stage, and what is known of the best plan so far; may be called from any
    thread, and raises to end the work."""

    def __call__(self, stage: Stage, done: int, total: int, /, best: Mapping[str, float] = ...) -> None: ...


KEPT = timedelta(hours=24)
"""How long a print can be fetched."""
MOST_PROBLEMS = 50
"""What a run keeps of a refusal's list; the rest is counted."""
REMEMBERED = timedelta(days=30)
"""How long it is remembered that a run took place."""


def silent(stage: Stage, done: int, total: int, /, best: Mapping[str, float] = MappingProxyType({})) -> None:
    """Nobody asked."""


class RunUnknown(NotFound):
    message = N_("没有这次编排或打印。")
    way_out = N_("请从批次页面重新开始。")


class PrintExpired(NotFound):
    message = N_("这份打印文件已过保存期，已经删除。")
    way_out = N_("请重新打印。")


class RunEnded(Conflict):
    """The run was stopped, or another worker has taken it over: what was made is thrown away."""

    message = N_("这次编排或打印已经停止。")
    way_out = N_("需要时请重新开始。")


class GivenUp(Conflict):
    """The job was parked by the queue: its worker failed too often."""

    message = N_("后台处理多次中断，已经停止，没有留下任何改动。")
    way_out = N_("请重新开始；再次中断时请联系系统管理员。")


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a run ended without its result: the refusal's words and facts, and everything that it lists as wrong."""

    message: str
    way_out: str
    facts: Mapping[str, object]  # texts and numbers
    problems: tuple[Problem, ...] = ()  # the first MOST_PROBLEMS
    more: int = 0  # further problems, counted only


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run as pages show it."""

    id: UUID
    kind: RunKind
    batch_id: UUID
    account_id: UUID
    asked_by: str
    order: PrintOrder | None
    seed: int | None
    asked: Mapping[str, Any]  # what was asked for, as its kind writes it down
    status: RunStatus
    attempt: int
    stage: Stage | None
    done: int
    total: int
    best: Mapping[str, float]  # of the best plan so far: unplaced, km, gap
    finishing: bool  # it was asked to end with that
    failure: Failure | None
    result: Mapping[str, object]
    asked_at: datetime
    begun_at: datetime | None
    ended_at: datetime | None
    expires_at: datetime

    @property
    def leads_to(self) -> str:
        """The address of what a finished run has made; empty: its own page."""
        return str(self.result.get("href", "")) if self.status is RunStatus.DONE else ""

    @property
    def comes_from(self) -> str:
        """The address of the page it was asked for on."""
        if self.kind is RunKind.PRINT:
            return f"/scheduling/plans/{self.batch_id}/prints"
        return str(self.asked.get("page", f"/scheduling/plans/{self.batch_id}"))

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages this kind of run passes."""
        return STAGES[self.kind]

    @property
    def stage_index(self) -> int:
        """The present stage from 0; after the last one when it is done."""
        if self.status is RunStatus.DONE:
            return len(self.stages)
        return self.stages.index(self.stage) if self.stage in self.stages else 0

    def fetchable(self, now: datetime) -> bool:
        """Whether its file is still kept."""
        return self.kind is RunKind.PRINT and self.status is RunStatus.DONE and now < self.expires_at

    def seconds_left(self, now: datetime) -> int | None:
        """What the present stage still takes at its speed so far, in steps of five; None while that cannot be told."""
        if self.status is not RunStatus.RUNNING or self.begun_at is None or not 0 < self.done <= self.total:
            return None
        left = (now - self.begun_at).total_seconds() * (self.total - self.done) / self.done
        return ceil(left / 5) * 5 if left > 0 else None
