"""A10: the forbidden words are found however they are spaced; a clean text and an empty one pass."""

from __future__ import annotations

import pytest

from certificates.issuing.rules.words import ForbiddenWords, forbidden_words, require_clean
from exam.kernel.printing import FOLDER, documents


@pytest.mark.parametrize(
    "text", ["教育部指导", "教 育 部 指 导", "<b>职成司</b>指导", "教育部·指导", "本证书为指定证书", "教育部\u3000指导"]
)
def test_borrowed_authority_is_found(text: str) -> None:
    assert forbidden_words(text)
    with pytest.raises(ForbiddenWords):
        require_clean(text)


def test_clean_and_empty_texts_pass() -> None:
    assert forbidden_words("") == ()
    require_clean("职业技能等级证书 经考核合格，特发此证")


def test_no_certificate_template_has_them() -> None:
    found = [(name, version) for name, version in documents() if name in ("certificate", "issue_register")]
    assert found
    for name, version in found:
        for path in (FOLDER / name / version).iterdir():
            assert not forbidden_words(path.read_text("utf-8")), path
