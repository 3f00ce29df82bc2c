"""Veto items (一票否决) that happened: what each needs before its sheet counts, as the sheet's data says.

One person alone does not end a candidate's exam: either evidence stands beside the item (words, or a photo kept by its hash),
or a second person who is assessing in the room signs too. Until then the sheet is signed and waits; nothing is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from exam.catalogue.rules import Proof, Sheet
from exam.kernel.errors import N_, Conflict

TEXT_MOST: Final = 500
PHOTOS_MOST: Final = 6


class EvidenceMissing(Conflict):
    message = N_("否决项 %(row)s 已判为发生，须写明证据，不能签名。")
    way_out = N_("请在该项下写明看到了什么、在什么时间，或在平板上拍照；判错时改为“未发生”。")


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What speaks for a veto item: words, photos by their SHA-256."""

    text: str = ""
    photos: tuple[str, ...] = ()

    @property
    def given(self) -> bool:
        return bool(self.text or self.photos)

    @property
    def data(self) -> dict[str, Any]:
        return {"text": self.text, "photos": list(self.photos)}


@dataclass(frozen=True, kw_only=True)
class ProofNeeded:
    """What the veto items of a sheet come to: whether a second person signs, and which rows their evidence carries."""

    second: bool = False
    evidence: tuple[str, ...] = ()


def read_evidence(sheet: Sheet, sent: Mapping[str, Any]) -> dict[str, Evidence]:
    """Evidence by row as it was sent or stored (words, or {"text", "photos"}); only veto items keep any, blank ones none."""
    vetoes = {row.code for row in sheet.rows if row.proof is not None}
    found = {code: _evidence(value) for code, value in sent.items() if code in vetoes}
    return {code: found[code] for code in sorted(found) if found[code].given}


def proof_needed(sheet: Sheet, happened: Iterable[str], evidence: Mapping[str, Evidence]) -> ProofNeeded:
    """What is needed for the veto items that happened; raises :class:`EvidenceMissing` where only evidence will do.

    No veto item needs nothing.
    """
    codes = set(happened)
    second, carried = False, []
    for row in sheet.rows:
        if row.code not in codes or row.proof in (None, Proof.NONE):
            continue
        given = row.code in evidence and evidence[row.code].given
        if row.proof is Proof.EVIDENCE and not given:
            raise EvidenceMissing(row=row.code)
        if row.proof is Proof.SECOND or not given:
            second = True
        else:
            carried.append(row.code)
    return ProofNeeded(second=second, evidence=tuple(carried))


def _evidence(value: Any) -> Evidence:
    if isinstance(value, str):
        return Evidence(text=value.strip()[:TEXT_MOST])
    if not isinstance(value, Mapping):
        return Evidence()
    text, photos = value.get("text"), value.get("photos")
    kept = sorted({one for one in photos if isinstance(one, str) and _hash(one)}) if isinstance(photos, list) else []
    return Evidence(text=text.strip()[:TEXT_MOST] if isinstance(text, str) else "", photos=tuple(kept[:PHOTOS_MOST]))


def _hash(text: str) -> bool:
    return len(text) == 64 and set(text) <= set("0123456789abcdef")
