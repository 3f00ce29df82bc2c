"""What a publication must satisfy before any of it becomes fact."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from uuid import UUID

from exam.kernel.errors import N_, Conflict, Invalid, Problem
from exam.sittings.rules.records import Publication, RoomSession, SittingSpec


class PublicationInvalid(Invalid):
    """The plan contradicts itself; nothing of it was taken over."""

    message = N_("安排中有 %(n)s 处矛盾，没有发布。")
    way_out = N_("请按所列问题修改安排后重新发布。")


class AlreadyPublished(Conflict):
    """After publication the sitting is the truth; a changed plan does not overwrite it."""

    message = N_("%(n)s 个已发布的考次或场次与新安排不同，没有发布任何更改。")
    way_out = N_("请用“调整座位”逐个办理已发布的考次。")


class PublicationClash(Conflict):
    """The database refused: somebody or something would be in two places at once."""

    message = N_("安排与已发布的内容冲突：%(what)s，没有发布任何更改。")
    way_out = N_("请检查其他批次在同一时段的安排。")


def problems_of(publication: Publication, known: Mapping[UUID, RoomSession]) -> list[Problem]:
    """Every contradiction in a publication; `known` are room sessions published before. An empty one has none."""
    rooms = {**known, **{room.id: room for room in publication.sessions}}
    return [*_of_sittings(publication, rooms), *_of_rooms(publication, rooms), *_of_duties(publication, rooms)]


def _of_sittings(publication: Publication, rooms: Mapping[UUID, RoomSession]) -> Iterator[Problem]:
    for spec in publication.sittings:
        room = rooms.get(spec.session_id)
        if room is None:
            yield _problem("unknown_session", N_("考次 %(id)s 指向不存在的场次。"), id=spec.id)
        else:
            yield from _of_sitting(spec, room)
        if not publication.tickets.get(spec.registration_id):
            yield _problem("no_ticket", N_("考次 %(id)s 的报名没有准考证号。"), id=spec.id)


def _of_sitting(spec: SittingSpec, room: RoomSession) -> Iterator[Problem]:
    if spec.component_id != room.component_id:
        yield _problem("other_component", N_("考次 %(id)s 与场次不是同一科目。"), id=spec.id)
    if not room.starts_at <= spec.starts_at < spec.ends_at <= room.ends_at:
        yield _problem("outside_time", N_("考次 %(id)s 的时间不在场次之内。"), id=spec.id)
    if spec.seat_no not in room.seat_numbers:
        yield _problem("no_such_seat", N_("%(room)s 没有 %(seat)s 号座位。"), room=room.room_name, seat=spec.seat_no)


def _of_rooms(publication: Publication, rooms: Mapping[UUID, RoomSession]) -> Iterator[Problem]:
    seats = Counter((spec.session_id, spec.seat_no) for spec in publication.sittings)
    for (room_id, seat_no), count in seats.items():
        if count > 1 and room_id in rooms:
            name = rooms[room_id].room_name
            yield _problem("seat_twice", N_("%(room)s 的 %(seat)s 号座位安排了多人。"), room=name, seat=seat_no)
    for room in publication.sessions:
        if room.ends_at <= room.starts_at or room.seats_count < 1 or room.first_seat < 1:
            yield _problem("empty_room", N_("%(room)s 的时间或座位数不正确。"), room=room.room_name)


def _of_duties(publication: Publication, rooms: Mapping[UUID, RoomSession]) -> Iterator[Problem]:
    for duty in publication.duties:
        if duty.session_id not in rooms or duty.ends_at <= duty.starts_at:
            yield _problem("duty_without_session", N_("%(name)s 的职责没有有效的场次或时间。"), name=duty.name)


def _problem(code: str, message: str, **facts: object) -> Problem:
    return Problem(message=message, facts=facts, code=code)
