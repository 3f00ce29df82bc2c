"""The demo's item banks: plain text, one file per certificate, in the authors' format of ``exam.papers``.

The questions were written for the demonstration. Dimensions are the three of the pilot plan: 职业素养, 专业知识,
职业技能 (A05).
"""

from pathlib import Path

from exam.papers.rules import ItemDraft, read_items

_HERE = Path(__file__).parent


def bank(certificate_code: str) -> list[ItemDraft]:
    """Every item of one certificate, in the order of its file."""
    return read_items((_HERE / f"{certificate_code.lower()}.txt").read_text(encoding="utf-8"))
