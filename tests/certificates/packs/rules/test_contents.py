"""Names that Windows can store, a manifest that says no more than its reader may know, sums of everything."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from certificates.issuing.rules.status import CertificateStatus
from certificates.packs.rules.contents import About, Item, Names, manifest, paths, safe_name, sums
from certificates.packs.rules.ranges import Unsatisfiable, byte_range
from exam.kernel.clock import CHINA
from tests.conftest import NOW

ONE = Item(
    number="WL01WLG22026420000*", version=1, status=CertificateStatus.ISSUED, holder="欧阳样本", institution="甲校",
    issued_on=date(2026, 6, 1), sha256="ab" * 32, size=9, crc32=1,
)  # fmt: skip
ABOUT = About(id=UUID(int=1), batch="B1", made_at=NOW.astimezone(CHINA), names=Names.FULL)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("欧阳样本", "欧阳样本"), ('a<b>:"/\\|?*c', "a_b________c"), ("con", "_con"), ("Lpt1.pdf", "_Lpt1.pdf"), ("x. .", "x"),
        ("", "_"), (" .", "_"), ("a\nb", "a_b"), ("..", "_"), ("阿卜杜拉·买买提", "阿卜杜拉·买买提"), ("好" * 60, "好" * 40),
    ],
)  # fmt: skip
def test_safe_names(given: str, kept: str) -> None:
    assert safe_name(given) == kept


def test_where_each_stands() -> None:
    items = [ONE, replace(ONE, version=2), replace(ONE, institution="")]
    assert paths(items, Names.FULL) == [
        "甲校/WL01WLG22026420000_-欧阳样本.pdf",
        "甲校/WL01WLG22026420000_-v2-欧阳样本.pdf",
        "社会考生/WL01WLG22026420000_-欧阳样本.pdf",
    ]
    assert paths([ONE], Names.MASKED) == ["甲校/WL01WLG22026420000_.pdf"]


def test_masked_says_no_name_anywhere() -> None:
    about = replace(ABOUT, names=Names.MASKED)
    said = (manifest([ONE], about) + sums([ONE], about, "0" * 64)).decode()
    assert "欧**本" in said and "欧阳样本" not in said
    full = json.loads(manifest([ONE], ABOUT))
    assert full["certificates"][0]["holder"] == "欧阳样本" and full["count"] == 1
    assert full["certificates"][0]["status"] == "issued" and full["made_at"].endswith("+08:00")


def test_an_empty_list_has_a_manifest_too() -> None:
    assert json.loads(manifest([], ABOUT))["certificates"] == []


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        (None, None), ("bytes=0-", (0, 100)), ("bytes=10-19", (10, 20)), ("bytes=-30", (70, 100)), ("bytes=90-500", (90, 100)),
        ("bytes=0-1,5-6", None), ("lines=1-2", None), ("bytes=-", None), ("bytes=20-10", None),
    ],
)  # fmt: skip
def test_byte_ranges(header: str | None, wanted: tuple[int, int] | None) -> None:
    assert byte_range(header, 100) == wanted


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=-0"])
def test_ranges_behind_the_end(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        byte_range(header, 100)
