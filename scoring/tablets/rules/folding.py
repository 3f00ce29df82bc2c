"""What the events of a sheet come to. The same events give the same state, in whatever order, how often and in how many
batches they arrived: rows take their latest event by Lamport's clock, and a signature counts by what it contains.

A signed sheet is immutable. What was changed on another tablet that had not seen the signature is kept beside it and shown,
never applied. Two signatures under one version that say different things contradict each other: neither counts until the
assessor corrects it, because whichever was taken first would depend on the line.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scoring.tablets.rules.events import Event, Kind, SheetKey, sha256


@dataclass(frozen=True, kw_only=True)
class SheetState:
    """One version of one sheet, as its events have it."""

    key: SheetKey
    answers: Mapping[str, Any]
    overtime: int | None
    note: str
    evidence: tuple[tuple[str, str], ...]  # (hash, row), by hash
    stopped: Mapping[str, Any] | None
    signed: str | None  # digest of what was signed
    signed_by: Event | None
    contradicting: tuple[Event, ...]  # signatures of other contents
    unapplied: tuple[Event, ...]  # changes that had not seen the signature
    reason: str  # of a correction

    @property
    def sound(self) -> bool:
        """Signed, once."""
        return self.signed is not None and not self.contradicting

    @property
    def digest(self) -> str:
        """Of the whole state: two sides that agree on it agree on the sheet."""
        return sha256(
            {
                "sheet": [str(self.key.sitting_id), str(self.key.assessor_id), self.key.version],
                "answers": dict(self.answers),
                "overtime": self.overtime,
                "note": self.note,
                "evidence": [list(one) for one in self.evidence],
                "stopped": dict(self.stopped) if self.stopped is not None else None,
                "signed": self.signed,
                "contradicting": sorted(one.hash for one in self.contradicting),
                "unapplied": sorted(one.hash for one in self.unapplied),
                "reason": self.reason,
            }
        )


def fold(events: Iterable[Event]) -> dict[SheetKey, SheetState]:
    """The state of every sheet that the events speak of, by its key. An event that came twice counts once (by its hash)."""
    by_sheet: dict[SheetKey, dict[str, Event]] = defaultdict(dict)
    for event in events:
        by_sheet[event.sheet][event.hash] = event
    return {key: _sheet(key, by_sheet[key].values()) for key in sorted(by_sheet)}


def state_hash(states: Mapping[SheetKey, SheetState]) -> str:
    """One hash over all sheets."""
    return sha256([states[key].digest for key in sorted(states)])


def signed_contents(event: Event) -> dict[str, Any]:
    """What a signature covers: the sheet, every answer, the overtime, the note; the evidence of veto items and who signed
    them as the second, where there are any."""
    veto = {name: event.data[name] for name in ("evidence", "seconded") if event.data.get(name)}
    return {
        **veto,
        "sitting": str(event.sheet.sitting_id),
        "assessor": str(event.sheet.assessor_id),
        "version": event.sheet.version,
        "answers": dict(event.data.get("answers", {})),
        "overtime": event.data.get("overtime"),
        "note": event.data.get("note", ""),
    }


def _sheet(key: SheetKey, events: Iterable[Event]) -> SheetState:
    ordered = sorted(events, key=lambda one: (one.place, one.hash))
    signatures = [one for one in ordered if one.kind is Kind.SIGNED]
    first = signatures[0] if signatures else None
    contents = sha256(signed_contents(first)) if first else None
    changes = [one for one in ordered if one.kind in _CHANGES]
    own = dict(signed_contents(first)) if first else _latest(one for one in ordered if one.kind in _SAYING)
    seen = _seen(signatures, contents)
    return SheetState(
        key=key,
        answers=own["answers"],
        overtime=own["overtime"],
        note=own["note"],
        evidence=tuple(
            sorted({(one.data["sha256"], one.data.get("row", "")) for one in ordered if one.kind is Kind.EVIDENCE})
        ),
        stopped=next((one.data for one in ordered if one.kind is Kind.STOPPED), None),
        signed=contents,
        signed_by=first,
        contradicting=tuple(one for one in signatures if sha256(signed_contents(one)) != contents),
        unapplied=tuple(one for one in changes if first and not _in(one, seen, own)),
        reason=next((str(one.data.get("reason", "")) for one in ordered if one.kind is Kind.CORRECTED), ""),
    )


_CHANGES = frozenset({Kind.ANSWERED, Kind.OVERTIME, Kind.NOTED})


_SAYING = _CHANGES | {Kind.RERUN}


def _latest(changes: Iterable[Event]) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    overtime, note = None, ""
    for one in changes:
        match one.kind:
            case Kind.ANSWERED:
                answers[one.data["row"]] = one.data["value"]
            case Kind.OVERTIME:
                overtime = one.data["minutes"]
            case Kind.NOTED:
                note = one.data["text"]
            case Kind.RERUN:  # another attempt begins blank; why stands in the note
                answers, overtime, note = {}, None, one.data["reason"]
    return {
        "answers": {row: value for row, value in answers.items() if value is not None},
        "overtime": overtime,
        "note": note,
    }


def _seen(signatures: Iterable[Event], contents: str | None) -> dict[Any, int]:
    """Of each device that signed these contents: the number of its last signature; what it did before, it had seen."""
    found: dict[Any, int] = {}
    for one in signatures:
        if sha256(signed_contents(one)) == contents:
            found[one.device_id] = max(found.get(one.device_id, 0), one.number)
    return found


def _in(change: Event, seen: Mapping[Any, int], own: Mapping[str, Any]) -> bool:
    """Whether a change is in what was signed: made before on a tablet that signed, or saying what was signed anyway."""
    if change.number < seen.get(change.device_id, 0):
        return True
    match change.kind:
        case Kind.ANSWERED:
            return bool(own["answers"].get(change.data["row"]) == change.data["value"])
        case Kind.OVERTIME:
            return bool(own["overtime"] == change.data["minutes"])
        case _:
            return bool(own["note"] == change.data["text"])
