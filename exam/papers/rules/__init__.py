"""What an item is, how papers are drawn by a stored seed, and how a paper is shown to one candidate."""

from exam.papers.rules.assembly import BankTooSmall, draw, presented, sealed_sha256
from exam.papers.rules.authoring import TextInvalid, read_items
from exam.papers.rules.records import (
    BankItem,
    ItemDraft,
    ItemKeyRecord,
    Option,
    Paper,
    PaperKeys,
    Question,
    Section,
    Shape,
    blanks_in,
    problems_of,
)

__all__ = [
    "BankItem",
    "BankTooSmall",
    "ItemDraft",
    "ItemKeyRecord",
    "Option",
    "Paper",
    "PaperKeys",
    "Question",
    "Section",
    "Shape",
    "TextInvalid",
    "blanks_in",
    "draw",
    "presented",
    "problems_of",
    "read_items",
    "sealed_sha256",
]
