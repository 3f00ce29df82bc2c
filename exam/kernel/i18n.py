"""The reader's language: Chinese is the msgid, English stands in ``templates/locale/en/*.po``.

Catalogues are plain gettext files, one per folder, read once and merged; nothing is compiled. A message
without a translation is shown in Chinese: late words are better than no words. The locale is a context
variable, set per request by the edge, so that rules, filters and templates need not pass it on.

One Chinese word may need two English ones (批次: Batch, Batches). So a page asks the catalogue of its own
folder first (its *domain*, the catalogue's file name) and all the others after it.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
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
domain: ContextVar[str] = ContextVar("domain", default="")


@contextmanager
def use_locale(name: Locale, own: str = "") -> Iterator[None]:
    """Speak one language inside the ``with`` block, with the words of one catalogue preferred."""
    tokens = locale.set(name), domain.set(own)
    try:
        yield
    finally:
        locale.reset(tokens[0])
        domain.reset(tokens[1])


def domain_of(template: str) -> str:
    """Return the catalogue of a template: ``exam_home`` for ``pages/exam/home/office.html``."""
    parts = template.split("/")
    return "_".join(parts[1:3]) if parts[0] == "pages" and len(parts) == 4 else ""


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
def catalogues(name: Locale) -> Mapping[str, Mapping[str, str]]:
    """Return every catalogue of one language by its file name; Chinese needs none."""
    return {path.stem: read_catalogue(path) for path in sorted((LOCALE_FOLDER / name).glob("*.po"))}


@cache
def catalogue(name: Locale) -> Mapping[str, str]:
    """Return all translations of one language together."""
    return {message: text for one in catalogues(name).values() for message, text in one.items()}


def gettext(message: str) -> str:
    """Return the message in the present language, its ``%(name)s`` places unfilled."""
    name = locale.get()
    own = catalogues(name).get(domain.get())
    if own and message in own:
        return own[message]
    return catalogue(name).get(message, message)


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


@dataclass(frozen=True)
class Name:
    """A name in both languages that is read as one text, in the reader's: for facts of a message."""

    name_zh: str
    name_en: str

    def __str__(self) -> str:
        return bilingual(self)


@dataclass(frozen=True)
class Said:
    """A message that is said in the reader's language when it is shown: for facts of another message."""

    message: str
    facts: Mapping[str, object] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return translate(self.message, **self.facts)


def _part(thing: object, name: str) -> str:
    value = thing.get(name) if isinstance(thing, Mapping) else getattr(thing, name, "")
    return str(value or "")
