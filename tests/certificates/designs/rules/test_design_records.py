"""The life of a design, the second person, the hash, the differences, the names a template may use."""

from __future__ import annotations

from dataclasses import replace

import pytest

from certificates.designs.queries import built_in
from certificates.designs.rules.changes import changes
from certificates.designs.rules.fields import FACE_FIELDS, LABELS, SOURCES
from certificates.designs.rules.records import ALLOWED, DesignStatus, NotNow, move, name_of
from certificates.issuing.rules.face import Face


def test_what_is_settled_never_goes_back() -> None:
    for settled in (DesignStatus.APPROVED, DesignStatus.PUBLISHED, DesignStatus.RETIRED):
        assert not ALLOWED[settled] & {DesignStatus.DRAFT, DesignStatus.SUBMITTED}
        with pytest.raises(NotNow):
            move("x", settled, DesignStatus.DRAFT)
    assert set(ALLOWED) == set(DesignStatus)


def test_the_hash_covers_every_part() -> None:
    source = built_in()
    others = [
        replace(source, html=source.html + " "),
        replace(source, style=source.style + " "),
        replace(source, seal_mm=(214, 21, 254, 61.5)),
    ]
    assert len({source.sha256, *(one.sha256 for one in others)}) == 4
    assert source.sha256 == replace(source, seal_mm=(214.0, 21.0, 254.0, 61.0)).sha256
    assert source.metadata["seal"]["box_mm"] == [214, 21, 254, 61]


def test_differences_are_named_by_line() -> None:
    source = built_in()
    assert changes(source, source) == []
    lines = source.html.splitlines()
    lines[6] = "<title>x</title>"
    one, seal = changes(source, replace(source, html="\n".join(lines) + "\n", seal_mm=(214, 21, 255, 62)))
    assert (one.line, one.after) == (7, ("<title>x</title>",))
    assert seal.after == ("214 21 255 62",)


def test_templates_may_name_what_a_face_has() -> None:
    assert frozenset(Face.__dataclass_fields__) == FACE_FIELDS
    assert set(LABELS) == {*SOURCES, "seal"}


def test_names() -> None:
    assert name_of("WL01", 2) == "WL01-v2"
    assert name_of(None, 3) == "ALL-v3"
