"""What the exam page sends: answers as JSON from the script, one answer as a plain form without it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from exam.delivery.rules import AnswerIn


class AnswerBody(msgspec.Struct, frozen=True):
    """One answer in a flush."""

    key: str
    seq: int
    item_id: UUID
    value: Any = None

    def answer(self) -> AnswerIn:
        """The record the action takes."""
        return AnswerIn(key=self.key, seq=self.seq, item_id=self.item_id, value=self.value)


class AnswersBody(msgspec.Struct, frozen=True):
    """One flush of the page that holds the pen."""

    epoch: int
    answers: list[AnswerBody] = []


class AnswerForm(msgspec.Struct):
    """One answer without script; its `value`, given once per choice or blank, is read as it was sent."""

    epoch: int
    item_id: UUID
    no: int


class SubmitForm(msgspec.Struct):
    """Handing in, from the page that holds the pen."""

    epoch: int
