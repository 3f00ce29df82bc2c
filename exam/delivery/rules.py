"""The rules of the computer exam: the deadline, what an answer may look like, which answer counts, who may write.

A run is one candidate's work on one paper. Every opening of the exam page, in whatever tab or machine, begins a new
*epoch*: the newest holds the pen, and what an older one still sends is refused, so that a stale tab never overwrites.
Answers are only ever added; the one with the highest (epoch, sequence) counts.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from exam.catalogue.rules import ItemKind
from exam.kernel.errors import N_, Conflict, Forbidden, Invalid
from exam.papers.rules import Shape
from exam.sittings.rules import Sitting, SittingStatus, Terms, clock_text

LONGEST_TEXT = 200
MOST_AT_ONCE = 200
_KEY = re.compile(r"[0-9A-Za-z_-]{8,64}")


class HandIn(StrEnum):
    """How a paper was handed in."""

    CANDIDATE = "candidate"
    TIME_UP = "time_up"
    STAFF = "staff"  # stopped, or collected in the room


@dataclass(frozen=True, kw_only=True)
class AnswerIn:
    """One answer as it is sent: `key` makes sending it twice the same as once, `seq` counts within the page."""

    key: str
    seq: int
    item_id: UUID
    value: Any


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer as it stands."""

    item_id: UUID
    value: Any
    epoch: int
    seq: int
    saved_at: datetime


@dataclass(frozen=True, kw_only=True)
class Run:
    """One candidate's work on one paper."""

    sitting_id: UUID
    registration_id: UUID
    paper_id: UUID
    order_seed: int
    epoch: int
    started_at: datetime
    deadline_at: datetime
    grace_seconds: int
    submitted_at: datetime | None
    hand_in: HandIn | None
    answers_count: int | None
    answers_sha256: str | None


@dataclass(frozen=True, kw_only=True)
class Saved:
    """What was confirmed: the keys that now stand in the database, and when."""

    keys: tuple[str, ...]
    saved_at: datetime
    deadline_at: datetime


class TakenOver(Conflict):
    """Another tab or machine has opened the exam since: it holds the pen."""

    message = N_("本场考试已在另一个页面或机位打开，此页面不再保存答案。")
    way_out = N_("请在新打开的页面继续；要在这里继续，请刷新此页面。")


class AlreadySubmitted(Conflict):
    """What is handed in stays as it is."""

    message = N_("试卷已经交卷，答案不能再更改。")


class DeadlinePassed(Conflict):
    """The server's clock decides."""

    message = N_("考试已于 %(deadline)s 结束，之后的答案没有保存。")
    way_out = N_("已确认保存的答案已自动交卷。")


class NotCheckedIn(Conflict):
    """One starts after the identity was seen at the door."""

    message = N_("监考员还没有登记您入场，不能开始。")
    way_out = N_("请在座位上举手，请监考员核验身份。")


class NotRunning(Conflict):
    """The sitting is interrupted, stopped or was never started."""

    message = N_("本场考试没有在进行，答案没有保存。")
    way_out = N_("请举手联系监考员。")


class NotComputer(Conflict):
    """Paper and practical components are not sat in the browser."""

    message = N_("本科目不是机考。")


class AnswerUnfit(Invalid):
    """An answer has to fit its item."""

    message = N_("答案与题型不符，没有保存。")
    way_out = N_("请刷新页面后重新作答。")


class NotYours(Forbidden):
    """Candidates write in their own exam only."""

    message = N_("这不是您的考试。")


def deadline(sitting: Sitting, terms: Terms, started_at: datetime) -> datetime:
    """When the work ends: the planned end, or own start + duration where the terms say so, never beyond the planned end.

    Late arrival does not extend it; extra time that is granted (H16, inside the planned end) or that two persons recorded does.
    """
    end = sitting.ends_at
    if terms.own_duration:
        begun = max(started_at, sitting.starts_at)
        end = min(begun + timedelta(minutes=terms.duration_minutes + sitting.granted_minutes), end)
    return end + timedelta(minutes=sitting.extra_minutes)


def over(run: Run, now: datetime) -> bool:
    """Whether the deadline and the grace for answers on their way have passed; exactly at the end is still in time."""
    return now > run.deadline_at + timedelta(seconds=run.grace_seconds)


def require_writable(run: Run, sitting: Sitting, epoch: int, now: datetime) -> None:
    """Refuse to save or hand in: for what is handed in, over, not running, or held by a newer page."""
    if run.submitted_at is not None:
        raise AlreadySubmitted
    if over(run, now):
        raise DeadlinePassed(deadline=clock_text(run.deadline_at))
    if sitting.status is not SittingStatus.STARTED:
        raise NotRunning
    if epoch != run.epoch:
        raise TakenOver


def normal(shape: Shape | None, value: Any) -> Any:
    """The stored form of an answer, or AnswerUnfit. None is the cleared answer: given on purpose, never by default."""
    if shape is None:
        raise AnswerUnfit
    if value is None or value == "" or value == []:
        return None
    match shape.kind:
        case ItemKind.SINGLE | ItemKind.TRUE_FALSE:
            chosen = value[0] if isinstance(value, list) and len(value) == 1 else value
            if isinstance(chosen, str) and chosen in shape.options:
                return chosen
        case ItemKind.MULTIPLE:
            if isinstance(value, list) and all(isinstance(one, str) and one in shape.options for one in value):
                return sorted(set(value))
        case ItemKind.FILL_IN:
            texts = [value] if isinstance(value, str) else value
            if _are_texts(texts, shape.blanks_count):
                trimmed = [text.strip() for text in texts]
                return trimmed if any(trimmed) else None
    raise AnswerUnfit


def _are_texts(texts: Any, count: int) -> bool:
    return (
        isinstance(texts, list)
        and len(texts) == count
        and all(isinstance(text, str) and len(text) <= LONGEST_TEXT and "\x00" not in text for text in texts)
    )


def require_sendable(answers: Iterable[AnswerIn]) -> None:
    """Refuse keys and sequences that no page of ours makes, and too many at once."""
    listed = list(answers)
    if len(listed) > MOST_AT_ONCE or any(not _KEY.fullmatch(one.key) or not 0 < one.seq < 2**31 for one in listed):
        raise AnswerUnfit


def latest(answers: Iterable[Answer]) -> dict[UUID, Answer]:
    """The answer that counts for each item: the highest (epoch, sequence). No answers give none."""
    standing: dict[UUID, Answer] = {}
    for answer in answers:
        known = standing.get(answer.item_id)
        if known is None or (known.epoch, known.seq) < (answer.epoch, answer.seq):
            standing[answer.item_id] = answer
    return standing


def given(answers: Mapping[UUID, Any]) -> dict[UUID, Any]:
    """Only the items that are answered."""
    return {item_id: value for item_id, value in answers.items() if value is not None}


def answers_sha256(answers: Mapping[UUID, Any]) -> str:
    """SHA-256 over the canonical JSON of the answers that count: what the audit record of handing in holds."""
    body = {str(item_id): value for item_id, value in given(answers).items()}
    return hashlib.sha256(
        json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    ).hexdigest()


def order_seed(sitting_id: UUID, content_sha256: str) -> int:
    """The seed of a candidate's own order of items: from the sitting and the paper, so that anybody can check it."""
    digest = hashlib.sha256(f"{sitting_id}|{content_sha256}".encode()).digest()
    return int.from_bytes(digest[:7], "big")
