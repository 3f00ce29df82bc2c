"""Veto items, safety stops and global ratings: what each needs, and what it does to the sum."""

from decimal import Decimal
from typing import Any

import pytest

from exam.catalogue.rules import Proof, Sheet, SheetInvalid, VetoEffect, parse_sheet
from scoring.marking.rules import (
    Entry,
    Evidence,
    EvidenceMissing,
    ProofNeeded,
    SheetIncomplete,
    missing,
    proof_needed,
    read_entries,
    read_evidence,
    require_complete,
    score_sheet,
)
from tests.scoring.builders import sheet_definition

LEVELS = [{"zh": str(level), "en": str(level)} for level in range(5)]


def sheet(*rows: dict[str, Any], **veto: Any) -> Sheet:
    """The usual sheet with C2 changed and further rows in the last section."""
    data: Any = sheet_definition()
    sections = [dict(one) for one in data["sections"]]
    last = [dict(row) | (veto if row["code"] == "C2" else {}) for row in sections[-1]["rows"]]
    sections[-1]["rows"] = [*last, *rows]
    return parse_sheet({**data, "sections": sections})


BEST: dict[str, Entry] = {"A1": Decimal(20), "A2": True, "B1": 3, "C1": 0, "C2": False, "C3": False}
WORDS = {"C2": Evidence(text="未断电即拆装")}


@pytest.mark.parametrize(
    ("proof", "evidence", "needed"),
    [
        ("either", {}, ProofNeeded(second=True)),
        ("either", WORDS, ProofNeeded(evidence=("C2",))),
        ("second", {}, ProofNeeded(second=True)),
        ("second", WORDS, ProofNeeded(second=True)),
        ("evidence", WORDS, ProofNeeded(evidence=("C2",))),
        ("none", {}, ProofNeeded()),
    ],
)
def test_what_a_veto_item_needs(proof: str, evidence: dict[str, Evidence], needed: ProofNeeded) -> None:
    assert proof_needed(sheet(proof=proof), ["C2"], evidence) == needed


def test_only_evidence_will_do() -> None:
    with pytest.raises(EvidenceMissing):
        proof_needed(sheet(proof="evidence"), ["C2"], {"C3": Evidence(text="x")})


def test_no_veto_item_needs_nothing() -> None:
    assert proof_needed(sheet(), [], {}) == ProofNeeded()


def test_a_veto_item_of_an_older_scheme_needs_one_of_both() -> None:
    assert sheet().rows[-2].proof is Proof.EITHER


def test_evidence_is_read_for_veto_items_only_and_blank_is_none() -> None:
    photo = "a" * 64
    sent = {"C2": {"text": " x ", "photos": [photo, photo, "no", 3]}, "C3": "  ", "A1": "much", "Z": "y"}
    assert read_evidence(sheet(), sent) == {"C2": Evidence(text="x", photos=(photo,))}
    assert read_evidence(sheet(), {}) == {}
    assert read_evidence(sheet(), {"C2": 5}) == {}


def test_a_stop_keeps_what_was_done_and_a_failure_keeps_nothing() -> None:
    entries: dict[str, Entry] = {"A1": Decimal(20), "A2": True, "C2": True, "C3": False}
    stopped = score_sheet(sheet(effect="stop"), entries)
    failed = score_sheet(sheet(effect="fail"), entries)
    assert (stopped.total, stopped.stopped, stopped.undone) == (80, True, ("B1", "C1"))
    assert (failed.total, failed.stopped) == (0, True)
    assert [effect for effect in VetoEffect if effect.stops] == [VetoEffect.FAIL, VetoEffect.STOP]


def test_after_a_stop_only_veto_items_must_be_answered() -> None:
    made = sheet(effect="stop")
    entries = read_entries(made, {"A1": "20.00", "C2": True})
    assert missing(made, entries, None) == ["C3"]
    require_complete(made, {**entries, "C3": False}, None)
    with pytest.raises(SheetIncomplete):
        require_complete(made, {"A1": Decimal(20), "C2": False, "C3": False}, None)
    assert missing(sheet(effect="total"), entries, None) == ["A2", "B1", "C1", "C3", "overtime"]


GLOBAL = {"code": "G1", "kind": "global", "name_zh": "总体", "name_en": "Overall", "levels": LEVELS}


def test_a_global_rating_adds_nothing_unless_it_has_points() -> None:
    silent, counted = sheet(GLOBAL), sheet({**GLOBAL, "points": "8"})
    assert (silent.full_marks, counted.full_marks) == (100, 108)
    assert missing(silent, BEST, 0) == ["G1"], "it must be answered all the same"
    assert [score_sheet(silent, {**BEST, "G1": level}).total for level in (0, 4)] == [100, 100]
    assert [score_sheet(counted, {**BEST, "G1": level}).total for level in (0, 3, 4)] == [100, 106, 108]
    assert read_entries(silent, {"G1": 4}) == {"G1": 4}
    with pytest.raises(SheetInvalid):
        sheet({**GLOBAL, "levels": LEVELS[:2]})
    with pytest.raises(SheetInvalid):
        sheet(proof="perhaps")
