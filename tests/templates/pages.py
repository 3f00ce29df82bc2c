"""Rendering a template in a test, with what every page has and nobody signed in."""

from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup

from exam.kernel.i18n import Locale, domain_of, use_locale
from exam.kernel.pages import environment

NOW = datetime(2026, 5, 16, 1, 0, tzinfo=UTC)


def render(template: str, locale: Locale = "zh", **context: Any) -> str:
    """Return the HTML of a template file."""
    with use_locale(locale, domain_of(template)):
        return environment().get_template(template).render(**_everything(locale, context))


def render_text(source: str, locale: Locale = "zh", **context: Any) -> str:
    """Return the HTML of a piece of template, with ``ui`` and ``charts`` at hand."""
    imports = '{% import "layout/ui.html" as ui with context %}{% import "layout/charts.html" as charts with context %}'
    with use_locale(locale):
        return environment().from_string(imports + source).render(**_everything(locale, context))


def _everything(locale: Locale, context: dict[str, Any]) -> dict[str, Any]:
    field = Markup('<input type="hidden" name="_csrf_token" value="token">')
    given: dict[str, Any] = {
        "actor": None,
        "csrf_token": "token",
        "csrf_input": field,
        "request_path": "/",
        "request_query": {},
    }
    return {**given, "locale": locale, "navigation": [], "notice": "", "now": NOW, **context}
