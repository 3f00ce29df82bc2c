"""Records become pages of HTML, some sheets to a page, with the photos they ask for; names are looked at beforehand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exam.kernel.db import chunks
from exam.kernel.errors import N_, Conflict
from exam.kernel.i18n import use_locale
from exam.kernel.pdf import missing_glyphs
from exam.kernel.printing import render_print
from exam.registration.rules import Registration
from scheduling.timetable.documents.paper import Photos, Press, Sheet

SHEETS_AT_ONCE = 20


class CharacterMissing(Conflict):
    message = N_("%(names)s的姓名中有字体没有的字：%(characters)s。没有打印，以免印出空框。")
    way_out = N_("请管理员补充字体后再打印。")


@dataclass(frozen=True, kw_only=True)
class Part:
    """Sheets that are drawn in one go."""

    html: str
    sheets: int
    photos: Mapping[str, bytes]


def parts(kind: Sheet, material: Iterable[Any], press: Press, *, numbered: bool = True) -> Iterator[Part]:
    """The sheets of one kind in pieces; not `numbered` where they are bound into something longer."""
    for some in chunks(list(kind.group(material)), SHEETS_AT_ONCE):
        with use_locale(press.locale):
            sheets = [kind.fill(record, kind, press) for record in some]
        people = [person for record in some for person in kind.people(record)] if kind.photos else []
        yield Part(
            html=render_print(kind.document, locale=press.locale, sheets=sheets, numbered=numbered),
            sheets=len(sheets),
            photos=_photos(people, press.photos),
        )


def check_names(names: Iterable[str], home: Path | None) -> None:
    """A name is printed whole or not at all: a character without a glyph would come out as a box."""
    every = sorted(set(names))
    if lacking := missing_glyphs("".join(every), home=home):
        concerned = [name for name in every if lacking & set(name)]
        raise CharacterMissing(names="、".join(concerned), characters="、".join(sorted(lacking)))


def _photos(people: Iterable[Registration], photos: Photos) -> dict[str, bytes]:
    """The photos of a print by the name under which the templates ask for them; a missing file leaves its place empty."""
    wanted = {person.photo_sha256 for person in people if person.photo_sha256}
    found = {sha256: photos(sha256) for sha256 in wanted}
    return {f"photo-{sha256}": data for sha256, data in found.items() if data is not None}
