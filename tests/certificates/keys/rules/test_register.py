"""Where a key stands, and what a cut-off leaves standing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from certificates.keys.rules.purposes import Purpose
from certificates.keys.rules.register import OVERLAP, Cutoff, Key, KeyState, Report, ReportState, stands

NOW = datetime(2026, 5, 16, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def key(**changed: object) -> Key:
    values: dict[str, object] = {
        "id": uuid4(), "name": "k", "purpose": Purpose.DOCUMENT, "algorithm": "ES256", "backend": "file", "specimen": False,
        "certificate_sha256": "a", "public_sha256": "b", "chain": "", "valid_from": NOW - 100 * DAY, "valid_to": NOW + 400 * DAY,
        "in_force_from": NOW - DAY, "registered_by": "", "retired_at": None, "report": None,
    }  # fmt: skip
    return Key(**{**values, **changed})  # type: ignore[arg-type]


def report(state: ReportState) -> Report:
    return Report(id=uuid4(), state=state, cut_off=NOW, reason="x", first_by=uuid4(), first_name="甲", first_at=NOW)


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (key(), KeyState.IN_FORCE),
        (key(valid_to=NOW + 60 * DAY), KeyState.EXPIRING),
        (key(valid_to=NOW + 61 * DAY), KeyState.IN_FORCE),
        (key(valid_to=NOW), KeyState.EXPIRING),
        (key(valid_to=NOW - timedelta(seconds=1)), KeyState.EXPIRED),
        (key(in_force_from=NOW + DAY), KeyState.WAITING),
        (key(valid_from=NOW + DAY), KeyState.WAITING),
        (key(retired_at=NOW + OVERLAP), KeyState.IN_FORCE),
        (key(retired_at=NOW), KeyState.RETIRED),
        (key(retired_at=NOW, report=report(ReportState.OPEN)), KeyState.STOPPED),
        (key(report=report(ReportState.CONFIRMED)), KeyState.COMPROMISED),
    ],
)
def test_states(found: Key, state: KeyState) -> None:
    assert found.state(NOW) is state


def cutoff(name: str, at: datetime) -> Cutoff:
    return Cutoff(certificate_sha256=name, name=name, purpose=Purpose.DOCUMENT, at=at, reason="x")


def test_only_what_the_register_had_before_the_cut_off_stands() -> None:
    found = [cutoff("lost", NOW), cutoff("lost", NOW + DAY), cutoff("other", NOW - DAY)]
    assert stands(found, "lost", NOW - timedelta(seconds=1))
    assert not stands(found, "lost", NOW), "at the cut-off is too late"
    assert not stands(found, "lost", NOW + timedelta(hours=1)), "the earliest cut-off counts"
    assert not stands(found, "lost", None), "unknown to the register, whatever time it claims"
    assert stands(found, "good", None)
    assert stands([], "good", None)
