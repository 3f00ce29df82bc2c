"""A10: the forbidden words are found however they are spaced; a clean text and an empty one pass."""

from __future__ import annotations

import pytest

from certificates.designs.rules.words import words_in
from certificates.issuing.rules.words import ForbiddenWords, require_clean
from exam.kernel.printing import FOLDER, documents


@pytest.mark.parametrize(
    "text", ["教育部指导", "教 育 部 指 导", "職成司指導", "教育部·指导", "本证书为指定证书", "教育部\u3000指导"]
)
def test_borrowed_authority_is_found(text: str) -> None:
    with pytest.raises(ForbiddenWords):
        require_clean(["物流管理", text])


def test_clean_and_empty_texts_pass() -> None:
    require_clean([])
    require_clean(["", "职业技能等级证书 经考核合格，特发此证"])
    require_clean(["中指", "定海职业学院"])  # two facts, not one word


def test_no_certificate_template_has_them() -> None:
    found = [(name, version) for name, version in documents() if name in ("certificate", "issue_register")]
    assert found
    for name, version in found:
        for path in (FOLDER / name / version).iterdir():
            assert not words_in(path.read_text("utf-8")), path
