"""Items, the authors' text, drawing by seed, and a paper in one candidate's order."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exam.catalogue.rules import Blueprint, ItemKind, PaperSection, Partial
from exam.papers.rules import (
    BankItem,
    BankTooSmall,
    ItemDraft,
    Option,
    Paper,
    Question,
    Section,
    TextInvalid,
    blanks_in,
    draw,
    presented,
    problems_of,
    read_items,
)

TEXT = """
[单选|专业知识] 下列哪个标签声明文档类型
A. <html>
B. <!DOCTYPE html>
= B

[多选|职业技能] 哪些是块级元素
A. div
B. span
C. p
= AC
[判断] 缩进不影响运行
= 错
[填空|职业素养] 颜色 #f00 是 ____
= 红 | red
[填空] ____ 与 ____
= 甲|子；乙
"""


def test_the_authors_text_becomes_items() -> None:
    single, multiple, truth, one_blank, two_blanks = read_items(TEXT)
    assert (single.kind, single.key, single.options[1]) == (ItemKind.SINGLE, ("B",), "<!DOCTYPE html>")
    assert (multiple.key, multiple.dimension) == (("A", "C"), "职业技能")
    assert truth.key == ("false",)
    assert one_blank.key == ("红", "red")
    assert two_blanks.key == ("甲|子", "乙")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        ("   \n\n", "empty"),
        ("随便写的一行", "unreadable"),
        ("[单选] 没有答案\nA. 甲\nB. 乙\n[判断] 对吗\n= 对", "no_key"),
        ("[论述] 谈谈\n= 略", "kind"),
        ("[单选] 只有一个选项\nA. 甲\n= A", "options"),
        ("[单选] 答案不存在\nA. 甲\nB. 乙\n= C", "key"),
        ("[单选] 两个答案\nA. 甲\nB. 乙\n= AB", "key_count"),
        ("[多选] 一个答案\nA. 甲\nB. 乙\n= A", "key_count"),
        ("[单选] 选项相同\nA. 甲\nB. 甲\n= A", "options_equal"),
        ("[判断] 也许\n= 也许", "key"),
        ("[填空] ____ 与 ____\n= 甲", "blanks"),
        ("[填空] ____\n= |", "blanks"),
        ("[单选|天文] 维度\nA. 甲\nB. 乙\n= A", "dimension"),
        ("[判断] \n= 对", "no_stem"),
    ],
)
def test_wrong_text_is_refused_by_name(text: str, code: str) -> None:
    with pytest.raises(TextInvalid) as refused:
        read_items(text)
    assert code in {problem.code for problem in refused.value.problems}


def test_a_stem_shows_its_blanks() -> None:
    assert [blanks_in(stem) for stem in ("无", "a____b", "____、＿＿", "a_b")] == [1, 1, 2, 1]


def test_a_draft_without_anything_is_refused() -> None:
    assert {one.code for one in problems_of(ItemDraft(kind=ItemKind.SINGLE, stem=""), 1)} >= {
        "no_stem",
        "options",
        "key",
    }


def section(count: int, kind: ItemKind = ItemKind.SINGLE) -> PaperSection:
    return PaperSection(
        kind=kind, name_zh="单选", name_en="Single", count=count, points=Decimal(2), partial=Partial.NONE
    )


def blueprint(*sections: PaperSection) -> Blueprint:
    return Blueprint(sections=sections, shuffle_items=True, shuffle_options=True)


def bank(count: int, kind: ItemKind = ItemKind.SINGLE) -> list[BankItem]:
    return [
        BankItem(
            id=UUID(int=n + 1), code=f"{n:05d}", kind=kind, stem=f"题 {n}", dimension="",
            options=tuple(Option(id=letter, text=letter) for letter in "ABCD"), key_options=("A",), key_blanks=(),
        )
        for n in range(count)
    ]  # fmt: skip


def ids(drawn: dict[str, tuple[tuple[PaperSection, tuple[BankItem, ...]], ...]], version: str) -> list[UUID]:
    return [item.id for _, items in drawn[version] for item in items]


@given(size=st.integers(4, 40), seed=st.integers(0, 2**40), order=st.randoms(use_true_random=False))
def test_the_seed_alone_decides_the_paper(size: int, seed: int, order: object) -> None:
    items = bank(size)
    first = draw(items, blueprint(section(4)), ["A", "B"], seed)
    shuffled = items[:]
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    assert draw(shuffled, blueprint(section(4)), ["A", "B"], seed) == first
    for version in "AB":
        assert len(set(ids(first, version))) == 4
    assert bool(set(ids(first, "A")) & set(ids(first, "B"))) is (size < 8)


def test_items_to_avoid_come_last() -> None:
    avoid = {UUID(int=n) for n in range(1, 7)}
    drawn = draw(bank(10), blueprint(section(4)), ["A"], 3, avoid)
    assert not set(ids(drawn, "A")) & avoid
    assert len(ids(draw(bank(10), blueprint(section(8)), ["A"], 3, avoid), "A")) == 8


def test_two_sections_of_one_kind_share_no_item() -> None:
    drawn = draw(bank(10), blueprint(section(5), section(5)), ["A"], 1)
    assert len(set(ids(drawn, "A"))) == 10


def test_a_bank_that_is_too_small_is_named() -> None:
    with pytest.raises(BankTooSmall) as refused:
        draw([], blueprint(section(1)), ["A"], 1)
    assert refused.value.facts == {"section": "单选", "have": 0, "want": 1}
    with pytest.raises(BankTooSmall):
        draw(bank(9, ItemKind.MULTIPLE), blueprint(section(1)), ["A"], 1)


def test_an_empty_blueprint_draws_empty_papers() -> None:
    assert draw(bank(3), blueprint(), ["A"], 1) == {"A": ()}


def paper(shuffle: bool, kind: ItemKind = ItemKind.SINGLE) -> Paper:
    questions = tuple(
        Question(id=uuid4(), no=n, kind=kind, stem=f"{n}", options=tuple(Option(id=o, text=o) for o in "ABCDEF"),
                 blanks_count=0, points=Decimal(1), dimension="")
        for n in range(1, 13)
    )  # fmt: skip
    one = Section(kind=kind, name_zh="一", name_en="One", points=Decimal(1), questions=questions)
    return Paper(
        id=uuid4(), component_id=uuid4(), batch_id=None, version="A", seed=1, shuffle_items=shuffle, shuffle_options=shuffle,
        sections=(one, replace(one, questions=tuple(replace(q, id=uuid4(), no=q.no + 12) for q in questions))),
        full_marks=Decimal(24), content_sha256="", sealed_at=datetime(2026, 5, 1, tzinfo=UTC),
    )  # fmt: skip


@given(seed=st.integers(0, 2**56))
def test_every_candidate_gets_every_item_once_in_a_stored_order(seed: int) -> None:
    made = paper(shuffle=True)
    shown = presented(made, seed)
    assert presented(made, seed) == shown
    assert [question.no for question in shown.questions] == list(range(1, 25))
    for before, after in zip(made.sections, shown.sections, strict=True):
        assert {question.id for question in before.questions} == {question.id for question in after.questions}
    assert all({option.id for option in question.options} == set("ABCDEF") for question in shown.questions)


def test_different_candidates_get_different_orders() -> None:
    made = paper(shuffle=True)
    assert len({tuple(q.id for q in presented(made, seed).questions) for seed in range(20)}) > 15


def test_a_paper_that_is_not_shuffled_stays_as_it_is_and_a_statement_always() -> None:
    made = paper(shuffle=False)
    assert presented(made, 5) == made
    shown = presented(paper(shuffle=True, kind=ItemKind.TRUE_FALSE), 5)
    assert all([option.id for option in question.options] == list("ABCDEF") for question in shown.questions)
