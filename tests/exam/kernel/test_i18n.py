"""Chinese is the message, English its translation, and a missing one falls back."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from exam.kernel import i18n


def test_the_present_language_decides() -> None:
    assert i18n.gettext("登录") == "登录"
    with i18n.use_locale("en"):
        assert i18n.gettext("登录") == "Sign in"
        assert i18n.translate("第 %(row)s 行：", row=3) == "Row 3:"
    assert i18n.gettext("登录") == "登录"


def test_a_message_without_english_stays_chinese() -> None:
    with i18n.use_locale("en"):
        assert i18n.gettext("没有人翻译过这一句") == "没有人翻译过这一句"


def test_a_missing_fact_does_not_break_the_page() -> None:
    assert i18n.translate("第 %(row)s 行", other=1) == "第 %(row)s 行"
    assert i18n.translate("100%%") == "100%"


def test_empty_and_fuzzy_translations_do_not_count(tmp_path: Path) -> None:
    path = tmp_path / "x.po"
    path.write_text('msgid "甲"\nmsgstr ""\n\n#, fuzzy\nmsgid "乙"\nmsgstr "B"\n\nmsgid "丙"\nmsgstr "C"\n', "utf-8")
    assert i18n.read_catalogue(path) == {"丙": "C"}


@pytest.mark.parametrize(
    ("wanted", "header", "locale"),
    [("en", "", "en"), ("zh", "en-GB", "zh"), (None, "", "zh"), (None, "en-GB,zh;q=0.8", "en"), ("xx", "zh-CN", "zh")],
)
def test_the_language_is_chosen(wanted: str | None, header: str, locale: str) -> None:
    assert i18n.choose_locale(wanted, header) == locale


def test_names_in_both_languages() -> None:
    thing = SimpleNamespace(name_zh="武汉市", name_en="Wuhan")
    assert i18n.bilingual(thing) == "武汉市"
    with i18n.use_locale("en"):
        assert i18n.bilingual(thing) == "Wuhan"
        assert i18n.bilingual({"name_zh": "武汉市"}) == "武汉市"
    assert i18n.bilingual({}) == ""


def test_a_page_prefers_the_words_of_its_own_folder() -> None:
    assert i18n.domain_of("pages/exam/home/office.html") == "exam_home"
    assert i18n.domain_of("layout/page.html") == ""
    with i18n.use_locale("en", "exam_home"):
        assert i18n.gettext("批次") == "Batches"
    with i18n.use_locale("en", "scheduling_timetable"):
        assert i18n.gettext("批次") == "Batch"
        assert i18n.gettext("跳到正文") == "Skip to the content"
    with i18n.use_locale("en", "nothing_here"):
        assert i18n.gettext("登录") == "Sign in"
