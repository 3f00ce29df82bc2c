"""The table of domain.md 3.7: what may follow what, and nothing else."""

from __future__ import annotations

import itertools

import pytest

from certificates.issuing.rules.status import ALLOWED, LABELS, TONES, CertificateStatus, NotAllowedNow, move

S = CertificateStatus
ROAD = [(S.NUMBERED, S.RENDERED), (S.RENDERED, S.SIGNED), (S.SIGNED, S.ISSUED)]
ENDS = [
    (S.ISSUED, S.SUPERSEDED),
    (S.ISSUED, S.REISSUED),
    (S.ISSUED, S.REVOKED),
    (S.NUMBERED, S.VOIDED),
    (S.RENDERED, S.VOIDED),
    (S.SIGNED, S.VOIDED),
]


def test_only_the_named_moves_are_allowed() -> None:
    for present, wanted in itertools.product(S, S):
        if (present, wanted) in ROAD + ENDS:
            assert move("N", present, wanted) is wanted
        else:
            with pytest.raises(NotAllowedNow):
                move("N", present, wanted)


def test_every_status_has_a_row_a_word_and_a_tone() -> None:
    assert set(ALLOWED) == set(LABELS) == set(TONES) == set(S)
