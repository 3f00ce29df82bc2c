"""The words of a page: facts are escaped in their places, and a message is read like a format at all times."""

import pytest
from markupsafe import Markup

from exam.kernel.pages import environment


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
