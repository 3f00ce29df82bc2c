"""The pieces: labelled, escaped, with a word beside every colour."""

from types import SimpleNamespace

from exam.kernel.errors import Problem
from exam.kernel.needs import Need
from tests.templates.pages import render, render_text


def test_a_field_is_labelled_described_and_keeps_what_was_typed() -> None:
    html = render_text('{{ ui.field("seats", "座位数", value="<0>", hint="不含备用", problem="太少", max_length=3) }}')
    assert '<label for="seats">' in html
    assert 'value="&lt;0&gt;"' in html
    assert 'aria-describedby="seats-hint seats-problem" aria-invalid="true"' in html
    assert 'id="seats-problem"' in html
    assert 'max-length="3"' in html


def test_a_field_takes_its_problem_from_the_list() -> None:
    problems = [Problem(field="seats", message="至少 %(n)s 个", facts={"n": 1}), Problem(field="room", message="重名")]
    html = render_text('{{ ui.field("seats", "座位数", problem=ui.for_field(problems, "seats")) }}', problems=problems)
    assert "至少 1 个" in html
    assert "重名" not in html


def test_a_field_without_a_problem_is_not_marked() -> None:
    empty: tuple[list[Problem] | None, ...] = ([], None)
    for problems in empty:
        html = render_text('{{ ui.field("a", "甲", problem=ui.for_field(problems, "a")) }}', problems=problems)
        assert "aria-invalid" not in html


def test_the_error_summary_leads_to_the_fields() -> None:
    html = render_text("{{ ui.errors(problems) }}", problems=[Problem(field="seats", message="太少")])
    assert '<a href="#seats">太少</a>' in html
    assert render_text("{{ ui.errors([]) }}") == ""


def test_a_status_has_a_sign_and_a_word() -> None:
    assert render_text('{{ ui.status("缺考", "stopped") }}') == '<span class="chip tone-stopped">缺考</span>'


def test_words_are_escaped() -> None:
    for piece in (
        'ui.status("<b>")',
        'ui.notice("<b>")',
        'ui.empty("<b>")',
        'ui.stat("<b>", "<b>")',
        'ui.button("<b>")',
    ):
        assert "<b>" not in render_text("{{ " + piece + " }}")


def test_a_choice_marks_the_value_chosen() -> None:
    html = render_text('{{ ui.choices("grade", "等级", [(0, "0"), (1, "1")], value=0) }}')
    assert html.count("checked") == 1
    assert "checked" not in render_text('{{ ui.choices("grade", "等级", [(0, "0")]) }}')


def test_needs_say_their_number_once() -> None:
    needs = [Need(text="%(n)s 份待审核", href="/a", count=12), Need(text="份名单", href="/b", count=3)]
    html = render_text("{{ ui.needs(needs, now) }}", needs=needs)
    assert html.count(">12<") == 1
    assert html.count(">3<") == 1


def test_a_confirmation_posts_with_the_token() -> None:
    html = render_text('{% call ui.confirm("作废", "/x", "作废 2 人") %}<p>后果</p>{% endcall %}')
    assert 'action="/x"' in html
    assert "_csrf_token" in html
    assert "后果" in html


def test_a_pager_knows_its_ends() -> None:
    first = SimpleNamespace(number=1, pages=2, total=30, href=lambda n: f"?page={n}")
    html = render_text("{{ ui.pager(page) }}", page=first)
    assert 'href="?page=2"' in html
    assert 'rel="prev"' not in html


def test_the_page_says_its_language_and_offers_the_other() -> None:
    assert '<html lang="zh-CN"' in render("layout/page.html")
    english = render("layout/page.html", locale="en")
    assert '<html lang="en"' in english
    assert "/language/zh?back=/" in english
