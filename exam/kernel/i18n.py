"""The reader's language: Chinese is the msgid, English stands in ``templates/locale/en/*.po``.

Catalogues are plain gettext files, one per folder, read once and merged; nothing is compiled. A message
without a translation is shown in Chinese: late words are better than no words. The locale is a context
variable, set per request by the edge, so that rules, filters and templates need not pass it on.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Literal

from babel.messages.pofile import read_po

from exam.kernel.errors import N_ as N_
from exam.kernel.settings import TREE

Locale = Literal["zh", "en"]

LOCALES: tuple[Locale, ...] = ("zh", "en")
LOCALE_NAMES: Mapping[Locale, str] = {"zh": "中文", "en": "English"}
LANGUAGE_TAGS: Mapping[Locale, str] = {"zh": "zh-CN", "en": "en"}
LOCALE_FOLDER = TREE / "templates" / "locale"

locale: ContextVar[Locale] = ContextVar("locale", default="zh")


@contextmanager
def use_locale(name: Locale) -> Iterator[None]:
    """Speak one language inside the ``with`` block."""
    token = locale.set(name)
    try:
        yield
    finally:
        locale.reset(token)


def choose_locale(wanted: str | None, accept_language: str = "") -> Locale:
    """Return the language a reader chose, else the one the browser names first, else Chinese."""
    for name in LOCALES:
        if wanted == name:
            return name
    first = accept_language.split(",", 1)[0].strip().lower()
    return "en" if first.startswith("en") else "zh"


def read_catalogue(path: Path) -> dict[str, str]:
    """Return the translations of one .po file; empty and fuzzy ones are left out."""
    with path.open("rb") as file:
        catalogue = read_po(file)
    return {
        str(message.id): str(message.string)
        for message in catalogue
        if message.id and isinstance(message.id, str) and message.string and not message.fuzzy
    }


@cache
def catalogue(name: Locale) -> Mapping[str, str]:
    """Return all translations of one language; Chinese needs none."""
    merged: dict[str, str] = {}
    for path in sorted((LOCALE_FOLDER / name).glob("*.po")):
        merged.update(read_catalogue(path))
    return merged


def gettext(message: str) -> str:
    """Return the message in the present language, its ``%(name)s`` places unfilled."""
    return catalogue(locale.get()).get(message, message)


def ngettext(singular: str, plural: str, n: int) -> str:
    """Return one of two messages by number; Chinese has one form, English two."""
    return gettext(singular if n == 1 else plural)


def gettext_for(name: Locale) -> Callable[[str], str]:
    """Return ``gettext`` fixed to one language, for documents and mail."""
    return lambda message: catalogue(name).get(message, message)


def translate(message: str, /, **facts: object) -> str:
    """Return the message in the present language with its places filled; a missing fact shows the bare message.

    A fact that is itself a message (the word of a status) is said in that language, too.
    """
    text = gettext(message)
    if not facts:
        return text.replace("%%", "%")
    try:
        return text % {name: gettext(fact) if type(fact) is str else fact for name, fact in facts.items()}
    except (KeyError, TypeError, ValueError):
        return text


def bilingual(thing: object, field: str = "name") -> str:
    """Return ``thing.name_zh`` or ``thing.name_en`` by language; the other one where one is empty."""
    zh, en = (_part(thing, f"{field}_{tag}") for tag in ("zh", "en"))
    return (en or zh) if locale.get() == "en" else (zh or en)


def _part(thing: object, name: str) -> str:
    value = thing.get(name) if isinstance(thing, Mapping) else getattr(thing, name, "")
    return str(value or "")
