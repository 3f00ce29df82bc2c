"""The words of a feed: published facts become events in its language, and events a calendar.

A site's and a room's calendar names certificate, component and how many candidates, nobody. A candidate's holds their
own exams, the ticket number masked, no ID number: whoever comes by the address learns no more than that.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from exam.catalogue.rules import FORM_LABELS
from exam.kernel.errors import N_
from exam.kernel.filters import format_time
from exam.kernel.i18n import bilingual, translate, use_locale
from exam.sittings.rules import DUTY_LABELS, RoomSession
from scheduling.feeds.rules import (
    KIND_LABELS,
    Appointment,
    Feed,
    Item,
    Occasion,
    Said,
    calendar,
    masked_ticket,
)

_DOMAIN = "scheduling_feeds"


def items(feed: Feed, appointments: Iterable[Appointment]) -> list[Item]:
    """The events of a feed in its language."""
    with use_locale(feed.locale, _DOMAIN):
        return [_item(one) for one in appointments]


def calendar_file(
    feed: Feed, said: Iterable[Said], *, site: object | None, room: object | None, base_url: str
) -> bytes:
    """The calendar a program is handed."""
    with use_locale(feed.locale, _DOMAIN):
        places = [bilingual(place) for place in (site, room) if place is not None]
        name = "".join((" ".join(places) + " · " if places else "", translate(KIND_LABELS[feed.kind])))
        cancelled = translate(N_("【已取消】"))
    return calendar(said, name=name, cancelled=cancelled, base_url=base_url, busy=feed.kind.personal)


def file_name(feed: Feed) -> str:
    """Says what it is and nothing of whose."""
    return f"kaowu-{feed.kind}.ics"


def _item(one: Appointment) -> Item:
    summary, lines, path = {
        Occasion.SESSION: _session,
        Occasion.DUTY: _duty,
        Occasion.HEAD: _head,
        Occasion.SITTING: _sitting,
    }[one.occasion](one)
    return Item(
        uid=one.uid,
        starts_at=one.starts_at,
        ends_at=one.ends_at,
        summary=summary,
        location=_location(one.room, whole_site=one.occasion is Occasion.HEAD),
        description="\n".join(line for line in lines if line),
        path=path,
    )


_Words = tuple[str, list[str], str]  # summary, lines of the description, page


def _session(one: Appointment) -> _Words:
    room = bilingual(one.room, "room_name")
    summary = translate(N_("%(work)s（%(room)s，%(n)s 人）"), work=_work(one), room=room, n=one.expected)
    return summary, [_form(one), _entry(one.room), _batch(one)], f"/exam/sittings/rooms/{one.room.id}"


def _duty(one: Appointment) -> _Words:
    duty = translate(DUTY_LABELS[str(one.duty)])
    expected = translate(N_("应考 %(n)s 人"), n=one.expected)
    lines = [_form(one), expected, _entry(one.room), _batch(one)]
    return translate(N_("%(duty)s：%(work)s"), duty=duty, work=_work(one)), lines, f"/exam/sittings/rooms/{one.room.id}"


def _head(one: Appointment) -> _Words:
    duty = translate(DUTY_LABELS[str(one.duty)])
    rooms = translate(N_("%(rooms)s 个考场，%(n)s 人次"), rooms=one.rooms_count, n=one.expected)
    return translate(N_("%(duty)s：%(work)s"), duty=duty, work=rooms), [_entry(one.room), _batch(one)], "/exam/sittings"


def _sitting(one: Appointment) -> _Words:
    late = one.room.terms.late_limit_minutes
    seat = N_("工位：%(seat)s") if one.component and one.component.form.practical else N_("座位：%(seat)s")
    lines = [
        translate(seat, seat=f"{one.seat_no:02d}"),
        translate(N_("准考证号：%(number)s"), number=masked_ticket(one.ticket_no)),
        _form(one),
        _entry(one.room),
        translate(N_("开考 %(minutes)s 分钟后不得入场"), minutes=late) if late else translate(N_("开考后不得入场")),
        translate(N_("请带准考证和有效身份证件")),
        _batch(one),
    ]
    return translate(N_("考试：%(work)s"), work=_work(one)), lines, "/exam/sittings/mine"


def _work(one: Appointment) -> str:
    if one.scheme is None or one.component is None:
        return translate(N_("考试"))
    parts = (bilingual(one.scheme, "certificate_name"), translate(one.scheme.level.zh), bilingual(one.component))
    return " ".join(parts)


def _form(one: Appointment) -> str:
    return translate(N_("形式：%(form)s"), form=FORM_LABELS[one.component.form]) if one.component else ""


def _entry(room: RoomSession) -> str:
    opens = room.starts_at - timedelta(minutes=room.terms.entry_minutes)
    return translate(N_("考生 %(at)s 起入场"), at=format_time(opens))


def _batch(one: Appointment) -> str:
    return translate(N_("批次：%(code)s"), code=one.batch_code) if one.batch_code else ""


def _location(room: RoomSession, *, whole_site: bool) -> str:
    places = [bilingual(room, "site_name"), "" if whole_site else bilingual(room, "room_name")]
    return "，".join(place for place in (" ".join(filter(None, places)), bilingual(room, "site_address")) if place)
