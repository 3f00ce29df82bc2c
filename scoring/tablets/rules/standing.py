"""Where one assessor's sheet of one candidate stands: what a cell of the ledger's table says, and whether a sheet on the server
says the same as its tablet signed."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from exam.catalogue.rules import Sheet, plain
from exam.kernel.errors import N_
from scoring.marking.rules import EntriesInvalid, SheetStatus, read_entries
from scoring.tablets.rules.folding import SheetState


class Standing(StrEnum):
    """What a cell says."""

    SIGNED = "signed"
    KEYED = "keyed"  # signed, keyed in from paper
    CHECKING = "checking"  # keyed in, waits for the second person
    COUNTERSIGN = "countersign"  # signed, waits for the second signature
    CONTRADICTING = "contradicting"
    DRAFT = "draft"
    NOTHING = "nothing"
    SPARE = "spare"  # enough others


STANDING_LABELS: Mapping[Standing, str] = {
    Standing.SIGNED: N_("已签名"),
    Standing.KEYED: N_("已补录"),
    Standing.CHECKING: N_("补录待核对"),
    Standing.COUNTERSIGN: N_("待第二人签名"),
    Standing.CONTRADICTING: N_("内容矛盾"),
    Standing.DRAFT: N_("评分中"),
    Standing.NOTHING: N_("没有评分表"),
    Standing.SPARE: N_("不需要"),
}
STANDING_TONES: Mapping[Standing, str] = {
    Standing.SIGNED: "done",
    Standing.KEYED: "done",
    Standing.CHECKING: "needs",
    Standing.COUNTERSIGN: "needs",
    Standing.CONTRADICTING: "stopped",
    Standing.DRAFT: "needs",
    Standing.NOTHING: "warning",
    Standing.SPARE: "plain",
}


def standing(
    *,
    state: SheetState | None,
    server: SheetStatus | None,
    filled: bool,
    wanted: bool,
    differing: bool = False,
    keyed: bool = False,
    checking: bool = False,
) -> Standing:
    """Where a sheet stands. `server`: of the sheet on the server, None without one; `filled`: it has entries; `keyed`: it was
    keyed in from paper; `checking`: somebody keyed one in and nobody has checked it yet."""
    if differing or (state is not None and state.contradicting):
        return Standing.CONTRADICTING
    if server is SheetStatus.SIGNED:
        return Standing.KEYED if keyed else Standing.SIGNED
    if server is SheetStatus.COUNTERSIGN:
        return Standing.COUNTERSIGN
    if state is not None and state.sound:
        return Standing.SIGNED
    if checking:
        return Standing.CHECKING
    if (state is not None and (state.answers or state.overtime is not None)) or filled:
        return Standing.DRAFT
    return Standing.NOTHING if wanted else Standing.SPARE


def plain_answers(definition: Sheet, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Answers in the one spelling that the server stores and slips are made of; as they are where they do not fit the sheet."""
    try:
        entries = read_entries(definition, answers)
    except EntriesInvalid:
        return dict(answers)
    return {code: entry if isinstance(entry, (bool, int)) else plain(entry) for code, entry in entries.items()}


def same(
    definition: Sheet, signed: Mapping[str, Any], overtime: int | None, answers: Mapping[str, Any], other: int | None
) -> bool:
    """Whether two accounts of one sheet say the same."""
    if plain_answers(definition, signed) != plain_answers(definition, answers):
        return False
    return definition.overtime is None or (overtime or 0) == (other or 0)
