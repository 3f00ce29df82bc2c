"""更正资料: what a repair has changed, and only that: a list of what is void, the moved candidates' tickets, each site's book.

Every sheet says under its title which version it belongs to and that the one before is void.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from exam.kernel.errors import N_
from exam.kernel.filters import format_date, format_time
from exam.kernel.i18n import bilingual, translate, use_locale
from exam.kernel.pdf import render_pdfs
from exam.registration.rules import CHANNEL_LABELS
from scheduling.timetable.documents.books import bind, shelved
from scheduling.timetable.documents.drawing import Part, check_names, parts
from scheduling.timetable.documents.paper import Press, Sheet, certificate_words, head, site_name
from scheduling.timetable.rules.prints import CHANGE_LABELS, ChangedRoom, Correction, Print


async def correction_pack(
    found: Correction,
    sheets: Mapping[Print, Sheet],
    contents: Sheet,
    front: Sheet,
    press: Press,
    progress: Callable[[int, int], None],
) -> tuple[bytes, int]:
    """All of a correction in one file, and how many sheets it has."""
    with use_locale(press.locale):
        press = replace(press, correction=_words(found))
    done = 0
    pieces: list[bytes] = []
    for kind, records in ((front, [found]), (sheets[Print.TICKETS], list(found.tickets))):
        if records:
            check_names({name for one in records for name in kind.names(one)}, press.home)
            some = await asyncio.to_thread(_written, kind, records, press)
            pieces.append(
                await render_pdfs([one.html for one in some], assets=[one.photos for one in some], home=press.home)
            )
            done += len(records)
            progress(done, done + len(found.books))
    for at, book in enumerate(found.books, start=1):
        data, count = await bind([book], sheets, contents, press, lambda _done, _total: None)
        pieces.append(data)
        done += count
        progress(done, done + len(found.books) - at)
    return await asyncio.to_thread(shelved, pieces), done


def _written(kind: Sheet, records: Sequence[Any], press: Press) -> list[Part]:
    return list(parts(kind, records, press))


def _words(found: Correction) -> str:
    return translate(
        N_("更正 第 %(version)s 版 · %(date)s · 第 %(before)s 版的同名表单作废"),
        version=found.version,
        date=format_date(found.at, weekday=False),
        before=found.before,
    )


def correction_list(found: Correction, kind: Sheet, press: Press) -> dict[str, Any]:
    """The list of what is void and of what takes its place."""
    batch, site = found.batch, found.site
    schools = Counter(
        bilingual(one.registration, "institution_name") or translate(CHANNEL_LABELS[one.registration.channel])
        for one in found.tickets
    )
    return {
        "head": head(
            kind, press, f"{batch.id}:{found.version}", f"{batch.code}-v{found.version}",
            batch=f"{bilingual(batch)}（{batch.code}）", site=site_name(site) if site else "",
        ),
        "reason": found.reason,
        "when": format_date(found.at),
        "version": found.version,
        "before": found.before,
        "tickets": [{"school": name, "count": count} for name, count in sorted(schools.items())],
        "sites": [
            {"site": site_name(own[0].site), "lines": [_line(one) for one in own]}
            for own in (list(some) for _, some in groupby(found.rooms, key=lambda one: one.site.id))
        ],
        "letters": list(found.letters),
        "relieved": list(found.relieved),
    }  # fmt: skip


def _line(one: ChangedRoom) -> dict[str, str]:
    return {
        "room": bilingual(one.room),
        "date": format_date(one.starts_at),
        "time": f"{format_time(one.starts_at)}–{format_time(one.ends_at)}",
        "work": f"{certificate_words(one.scheme)} {bilingual(one.component)}",
        "change": translate(CHANGE_LABELS[one.change]),
    }
