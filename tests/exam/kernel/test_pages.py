"""The words of a page: facts are escaped in their places, and a message is read like a format at all times."""

import pytest
from markupsafe import Markup

from exam.kernel.pages import PER_PAGE, ListPage, environment


@pytest.mark.parametrize(
    ("template", "shown"),
    [
        ("{{ _('<b>%(name)s</b>', name=name) }}", "<b>&lt;i&gt;</b>"),
        ("{{ _('通过率 100%%') }}", "通过率 100%"),
        ("{{ _('第 %(n)s 项', n=3) }}", "第 3 项"),
        ("{{ _('%(name)s', name=safe) }}", "<u>"),
        ("{% trans %}<b>{{ name }}</b>{% endtrans %}", "<b>&lt;i&gt;</b>"),
    ],
)
def test_facts_are_escaped_in_their_places(template: str, shown: str) -> None:
    """A name with a tag is text; what is markup already stays markup; two per cent signs are one."""
    assert environment().from_string(template).render(name="<i>", safe=Markup("<u>")) == shown


@pytest.mark.parametrize(("total", "pages"), [(0, 1), (1, 1), (50, 1), (51, 2), (100, 2), (101, 3)])
def test_a_long_list_is_divided_into_pages_of_fifty(total: int, pages: int) -> None:
    """An empty list has a page, too; the filters that are set stay in the address of the next one."""
    shown = ListPage(number=1, total=total, filters={"search": "李", "batch": ""})
    assert (PER_PAGE, shown.pages, shown.href(2)) == (50, pages, "?search=%E6%9D%8E&page=2")
