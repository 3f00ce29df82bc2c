"""Books: everything a site or a room is handed, bound by day, room and session, with contents and one run of page numbers.

The sheets are drawn kind by kind, which is quick, and bound in the order in which somebody takes them out: contents, work
schedule and letters, then every day with its hand-over sheet and, room after room, the sheets of each session.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from typing import Any

import pikepdf

from exam.kernel.errors import N_
from exam.kernel.filters import format_date, format_time
from exam.kernel.i18n import bilingual, translate, use_locale
from exam.kernel.pdf import render_each, render_pdf
from exam.kernel.printing import render_print
from scheduling.timetable.documents.drawing import Part, check_names, parts
from scheduling.timetable.documents.paper import Press, Sheet, certificate_words, head, site_name
from scheduling.timetable.rules.prints import PRINT_LABELS, Book, Print, RoomPack, SiteDay, by_room, rotas_of

OF_SESSION = (Print.DOOR, Print.SEATS, Print.SIGN_IN, Print.RECORD)
COLUMNS = (*OF_SESSION, Print.ROTA)
"""The columns of the contents."""

Leaf = tuple[Print, int]  # a kind, and which of its sheets
_NUMBERS = (
    '<meta name="page-numbers" content="foot"><style>@page p { size: A4; margin: 0 } '
    "@page l { size: A4 landscape; margin: 0 } div { height: 1mm; break-before: page } "
    ".p { page: p } .l { page: l }</style>"
)


@dataclass(frozen=True, kw_only=True)
class _Line:
    """One session in the contents."""

    pack: RoomPack
    leaves: Mapping[Print, Leaf]


@dataclass(frozen=True, kw_only=True)
class _Day:
    day: SiteDay
    handover: Leaf
    lines: tuple[_Line, ...]


@dataclass
class _Plan:
    """What is drawn of a book, and in which order it is bound."""

    material: dict[Print, list[Any]] = field(default_factory=dict)
    front: list[Leaf] = field(default_factory=list)
    days: list[_Day] = field(default_factory=list)

    def leaves(self) -> Iterator[Leaf]:
        yield from self.front
        for day in self.days:
            yield day.handover
            for line in day.lines:
                yield from (leaf for leaf in line.leaves.values() if leaf[0] is not Print.ROTA or _last(day, line))


def _last(day: _Day, line: _Line) -> bool:
    """Whether this is the last session its rota tells of: the rota is bound after it."""
    return [other for other in day.lines if other.leaves.get(Print.ROTA) == line.leaves[Print.ROTA]][-1] is line


def planned(book: Book) -> _Plan:
    """What stands in a book; a kind without sheets is left out."""
    plan = _Plan()
    packs, days = book.bound, book.handed
    rotas = [one for one in rotas_of(book.packs) if any(pack in packs for pack in one.packs)]
    rota_of = {id(pack): (Print.ROTA, n) for n, rota in enumerate(rotas) for pack in rota.packs}
    if book.room is None and book.days:
        plan.material[Print.SCHEDULE] = list(book.days) if days else []
        plan.material[Print.LETTERS] = list(book.letters)
        plan.front = [(Print.SCHEDULE, 0)] if days else []
        plan.front += [(Print.LETTERS, n) for n in range(len(book.letters))]
    plan.material[Print.HANDOVER] = list(days)
    for kind in OF_SESSION:
        plan.material[kind] = list(packs)
    plan.material[Print.ROTA] = rotas
    number = 0
    for at, day in enumerate(days):
        lines = []
        for pack in (one for one in by_room(day.packs) if one in packs):
            leaves: dict[Print, Leaf] = {kind: (kind, number) for kind in OF_SESSION}
            if id(pack) in rota_of:
                leaves[Print.ROTA] = rota_of[id(pack)]
            lines.append(_Line(pack=pack, leaves=leaves))
            number += 1
        plan.days.append(_Day(day=day, handover=(Print.HANDOVER, at), lines=tuple(lines)))
    plan.material = {kind: records for kind, records in plan.material.items() if records}
    return plan


async def bind(
    books: Sequence[Book],
    sheets: Mapping[Print, Sheet],
    contents: Sheet,
    press: Press,
    progress: Callable[[int, int], None],
) -> tuple[bytes, int]:
    """All books in one file, each with its own page numbers; and how many sheets they have."""
    plans = [planned(book) for book in books]
    pieces = [await asyncio.to_thread(_pieces, plan, sheets, press) for plan in plans]
    tally = _Tally(sum(part.sheets for own in pieces for _, part in own) + len(books), progress)
    bound = []
    for book, plan, own in zip(books, plans, pieces, strict=True):
        drawn = await render_each(
            [part.html for _, part in own],
            assets=[part.photos for _, part in own],
            home=press.home,
            drawn=partial(_told, tally, own),
        )
        bound.append(await _bound(book, plan, own, drawn, contents, press))
        tally.add(1)
    return await asyncio.to_thread(shelved, bound), tally.total


class _Tally:
    """How many sheets are done of how many."""

    def __init__(self, total: int, progress: Callable[[int, int], None]) -> None:
        self.total = total
        self._done = 0
        self._progress = progress
        self.add(0)

    def add(self, sheets: int) -> None:
        self._done += sheets
        self._progress(self._done, self.total)


def _told(tally: _Tally, pieces: Sequence[tuple[Print, Part]], index: int) -> None:
    tally.add(pieces[index][1].sheets)


def _pieces(plan: _Plan, sheets: Mapping[Print, Sheet], press: Press) -> list[tuple[Print, Part]]:
    check_names(
        {name for kind, own in plan.material.items() for one in own for name in sheets[kind].names(one)}, press.home
    )
    return [
        (kind, part)
        for kind, records in plan.material.items()
        for part in parts(sheets[kind], records, press, numbered=False)
    ]


async def _bound(
    book: Book,
    plan: _Plan,
    pieces: Sequence[tuple[Print, Part]],
    drawn: Sequence[bytes],
    contents: Sheet,
    press: Press,
) -> bytes:
    where = await asyncio.to_thread(_sheets_of, pieces, drawn)
    lengths = {leaf: place.end - place.start for leaf, place in where.items()}
    ahead, first = 0, b""
    for _ in range(3):  # the contents' own length moves what they tell of
        html = _contents(book, plan, lengths, ahead, contents, press)
        first = await render_pdf(html, variant=None, home=press.home)
        with pikepdf.open(BytesIO(first)) as told:
            if ahead == (ahead := len(told.pages)):
                break
    joined, shapes = await asyncio.to_thread(_joined, first, drawn, plan, where, book, press)
    blank = _NUMBERS + "".join(f'<div class="{shape}"></div>' for shape in shapes)
    numbers = await render_pdf(f"<html><body>{blank}</body></html>", variant=None, home=press.home)
    return await asyncio.to_thread(_numbered, joined, numbers)


@dataclass(frozen=True)
class _Place:
    """Where a sheet stands among what was drawn: which file, and its pages from 0, the end left out."""

    file: int
    start: int
    end: int


def _sheets_of(pieces: Sequence[tuple[Print, Part]], drawn: Sequence[bytes]) -> dict[Leaf, _Place]:
    """The place of each sheet: every sheet begins with its title, which is a bookmark."""
    found: dict[Leaf, _Place] = {}
    numbers: dict[Print, int] = dict.fromkeys((kind for kind, _ in pieces), 0)
    for file, ((kind, part), data) in enumerate(zip(pieces, drawn, strict=True)):
        with pikepdf.open(BytesIO(data)) as document:
            with document.open_outline() as outline:
                starts = [_page_of(item) for item in outline.root]
            if len(starts) != part.sheets:
                raise ValueError(f"{kind}: {len(starts)} titles on {part.sheets} sheets")
            for start, end in zip(starts, [*starts[1:], len(document.pages)], strict=True):
                found[kind, numbers[kind]] = _Place(file, start, end)
                numbers[kind] += 1
    return found


def _page_of(item: pikepdf.OutlineItem) -> int:
    assert isinstance(item.destination, pikepdf.Array)
    index: Any = pikepdf.Page(item.destination[0]).index  # a property, though its type says a method
    return int(index)


def _contents(book: Book, plan: _Plan, lengths: Mapping[Leaf, int], ahead: int, kind: Sheet, press: Press) -> str:
    begins, page = {}, ahead + 1
    for leaf in plan.leaves():
        begins[leaf] = page
        page += lengths[leaf]

    def span(leaf: Leaf | None, last: Leaf | None = None) -> str:
        if leaf is None:
            return ""
        end = begins[last or leaf] + lengths[last or leaf] - 1
        return str(begins[leaf]) if end == begins[leaf] else f"{begins[leaf]}–{end}"

    with use_locale(press.locale):
        sheet = {
            **_scope(book, kind, press),
            "pages": page - 1,
            "front": _front(book, plan, span),
            "kinds": [translate(PRINT_LABELS[one]) for one in COLUMNS],
            "days": [
                {
                    "date": format_date(day.day.day),
                    "front": [{"title": translate(PRINT_LABELS[Print.HANDOVER]), "pages": span(day.handover)}],
                    "lines": [_contents_line(line, span) for line in day.lines],
                }
                for day in plan.days
            ],
        }
    return render_print(kind.document, locale=press.locale, sheets=[sheet], numbered=False)


def _scope(book: Book, kind: Sheet, press: Press) -> dict[str, Any]:
    site, batch, days = book.site, book.batch, book.days
    room = bilingual(book.room, "room_name") if book.room else ""
    packs = book.bound
    code = f"{batch.code}-{site.code}" + (f"-{room}" if room else "")
    first, last = days[0].day, days[-1].day
    return {
        "head": head(
            kind, press, f"{batch.id}:{book.room.room_id if book.room else site.id}", code,
            batch=f"{bilingual(batch)}（{batch.code}）", site=site_name(site), room=room,
        ),
        "site": bilingual(site),
        "scope": room or translate(N_("全部 %(n)s 个考场"), n=len({pack.room.room_id for pack in packs})),
        "when": format_date(first) if first == last else f"{format_date(first)} – {format_date(last)}",
        "sessions": len(packs),
        "sittings": sum(len(pack.seats) for pack in packs),
    }  # fmt: skip


def _front(book: Book, plan: _Plan, span: Callable[..., str]) -> list[dict[str, str]]:
    schedule = [leaf for leaf in plan.front if leaf[0] is Print.SCHEDULE]
    letters = [leaf for leaf in plan.front if leaf[0] is Print.LETTERS]
    lines = [{"title": translate(PRINT_LABELS[Print.SCHEDULE]), "note": "", "pages": span(leaf)} for leaf in schedule]
    if letters:
        names = "、".join(letter.name for letter in book.letters)
        title = translate(PRINT_LABELS[Print.LETTERS])
        lines.append({"title": title, "note": names, "pages": span(letters[0], letters[-1])})
    return lines


def _contents_line(line: _Line, span: Callable[..., str]) -> dict[str, Any]:
    pack = line.pack
    return {
        "room": bilingual(pack.room, "room_name"),
        "time": f"{format_time(pack.room.starts_at)}–{format_time(pack.room.ends_at)}",
        "work": f"{certificate_words(pack.scheme)} {bilingual(pack.component)}",
        "expected": len(pack.seats),
        "pages": [span(line.leaves.get(kind)) for kind in COLUMNS],
    }


def _joined(
    first: bytes, drawn: Sequence[bytes], plan: _Plan, where: Mapping[Leaf, _Place], book: Book, press: Press
) -> tuple[bytes, str]:
    """The pages in their order with bookmarks, and the shape of each: p for upright, l for lying."""
    with ExitStack() as open_files, use_locale(press.locale):
        joined = open_files.enter_context(pikepdf.new())
        told, *files = [open_files.enter_context(pikepdf.open(BytesIO(data))) for data in (first, *drawn)]
        joined.pages.extend(told.pages)
        begins: dict[Leaf, int] = {}
        for leaf in plan.leaves():
            begins[leaf] = len(joined.pages)
            place = where[leaf]
            joined.pages.extend(files[place.file].pages[place.start : place.end])
        with joined.open_outline() as outline:
            outline.root.append(pikepdf.OutlineItem(_title(book), 0))
            outline.root.extend(_bookmark(leaf, begins) for leaf in plan.front[:2])
            outline.root.extend(_day_bookmarks(day, begins) for day in plan.days)
        shapes = "".join("l" if page.mediabox[2] > page.mediabox[3] else "p" for page in joined.pages)
        out = BytesIO()
        joined.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return out.getvalue(), shapes


def _title(book: Book) -> str:
    place = bilingual(book.site) + (f" {bilingual(book.room, 'room_name')}" if book.room else "")
    return translate(N_("%(place)s 目录"), place=place)


def _bookmark(leaf: Leaf, begins: Mapping[Leaf, int]) -> pikepdf.OutlineItem:
    return pikepdf.OutlineItem(translate(PRINT_LABELS[leaf[0]]), begins[leaf])


def _day_bookmarks(day: _Day, begins: Mapping[Leaf, int]) -> pikepdf.OutlineItem:
    top = pikepdf.OutlineItem(format_date(day.day.day), begins[day.handover])
    top.children.append(_bookmark(day.handover, begins))
    for line in day.lines:
        room = bilingual(line.pack.room, "room_name")
        words = f"{room} {format_time(line.pack.room.starts_at)} {bilingual(line.pack.component)}"
        item = pikepdf.OutlineItem(words, begins[line.leaves[Print.DOOR]])
        item.children.extend(_bookmark(leaf, begins) for leaf in line.leaves.values())
        top.children.append(item)
    return top


def _numbered(joined: bytes, numbers: bytes) -> bytes:
    with pikepdf.open(BytesIO(joined)) as whole, pikepdf.open(BytesIO(numbers)) as over:
        for page, number in zip(whole.pages, over.pages, strict=True):
            page.add_overlay(number, None)
        out = BytesIO()
        whole.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return out.getvalue()


def shelved(bound: Sequence[bytes]) -> bytes:
    """Book after book in one file; one alone keeps its bookmarks."""
    if len(bound) == 1:
        return bound[0]
    with pikepdf.new() as whole:
        titles = []
        for data in bound:
            with pikepdf.open(BytesIO(data)) as one:
                with one.open_outline() as outline:
                    titles.append((outline.root[0].title, len(whole.pages)))
                whole.pages.extend(one.pages)
        with whole.open_outline() as outline:
            outline.root.extend(pikepdf.OutlineItem(title, page) for title, page in titles)
        out = BytesIO()
        whole.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return out.getvalue()
