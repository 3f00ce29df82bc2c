"""What every printed sheet shares: the press it is told, its kind, the head, names in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from exam.catalogue.rules import Scheme
from exam.kernel.clock import CHINA
from exam.kernel.i18n import Locale, bilingual, translate
from exam.kernel.printing import PrintHead
from exam.registration.rules import Registration
from exam.sittings.rules import RoomSession
from scheduling.sites.rules import Site

Photos = Callable[[str], bytes | None]  # SHA-256 of a photo -> its bytes


@dataclass(frozen=True, kw_only=True)
class Press:
    """What every print is told: where photos are, who prints and when, in which language."""

    photos: Photos
    base_url: str
    printed_by: str
    now: datetime
    locale: Locale = "zh"
    home: Path | None = None
    correction: str = ""  # what a sheet says that makes another one void


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A kind of sheet: its template, title and number, and how a record becomes the words on it."""

    document: str  # folder of templates/print
    title: str
    title_en: str = ""
    code: str  # leads the document number
    fill: Callable[[Any, Sheet, Press], dict[str, Any]]
    photos: bool = False
    group: Callable[[Any], Iterable[Any]] = list  # records -> what one sheet is filled from
    people: Callable[[Any], Iterable[Registration]] = lambda record: ()  # whose photos stand on it
    names: Callable[[Any], Iterable[str]] = lambda record: ()  # every name on it, of candidates and staff


def head(kind: Sheet, press: Press, subject: UUID | str, number: str, **more: str) -> PrintHead:
    title = translate(kind.title)
    return PrintHead(
        title=title,
        title_en=kind.title_en if title == kind.title else "",
        document_id=f"{kind.code}:{subject}",
        number=f"{kind.code}-{number}",
        printed_at=press.now,
        printed_by=press.printed_by,
        correction=press.correction,
        **more,
    )


def certificate_words(scheme: Scheme) -> str:
    return f"{bilingual(scheme, 'certificate_name')} {translate(scheme.level.zh)}"


def site_name(site: Site) -> str:
    return f"{bilingual(site)}（{site.code}）"


def number_of(room: RoomSession) -> str:
    return f"{room.site_code}-{room.room_name}-{room.starts_at.astimezone(CHINA):%m%d%H%M}"
