"""Whom an announcement reaches, when silence is too long, what concerns whom."""

from datetime import timedelta
from uuid import UUID

import pytest

from exam.signals.rules import Sight, WordsMissing, require_words, shown, silent
from tests.conftest import NOW

HOUR = timedelta(hours=1)
SITE, OTHER, BATCH, ROOM = (UUID(int=number) for number in range(1, 5))


def test_an_announcement_has_words() -> None:
    for zh, en in ((" ", "x"), ("长" * 501, ""), ("短", "x" * 501)):
        with pytest.raises(WordsMissing):
            require_words(zh, en)
    require_words("短", "")


def test_a_room_shows_it_around_its_session() -> None:
    starts, ends = NOW, NOW + HOUR
    assert shown(NOW - 30 * HOUR, starts, ends, NOW - HOUR)
    assert not shown(NOW - 30 * HOUR, starts, ends, NOW - 25 * HOUR)
    assert shown(NOW, starts, ends, ends + 3 * HOUR)
    assert not shown(NOW, starts, ends, ends + 4 * HOUR)


def test_silence_counts_from_the_last_sign_or_from_when_one_was_expected() -> None:
    five = timedelta(minutes=5)
    assert not silent(None, NOW, NOW + five)
    assert silent(None, NOW, NOW + five + timedelta(seconds=1))
    assert not silent(NOW, NOW - HOUR, NOW + five)
    assert silent(NOW - HOUR, NOW - HOUR, NOW)
    assert not silent(NOW - HOUR, NOW, NOW)  # long before it was expected


def test_each_sees_what_concerns_them() -> None:
    def sees(view: Sight) -> bool:
        return view.sees(site_id=SITE, prefecture_code="420100", batch_ids=[BATCH], room_session_id=ROOM)

    assert not sees(Sight())
    assert sees(Sight(sites=frozenset({SITE}))) and not sees(Sight(sites=frozenset({OTHER})))
    assert sees(Sight(batches=frozenset({BATCH}))) and not sees(Sight(batches=frozenset({OTHER})))
    assert sees(Sight(provinces=frozenset({"42"}))) and not sees(Sight(provinces=frozenset({"41"})))
    assert sees(Sight(rooms=frozenset({ROOM}))) and not sees(Sight(rooms=frozenset({OTHER})))


def test_who_oversees_decides_nothing() -> None:
    assert not Sight(provinces=frozenset({"42"}), all_provinces=True).runs(site_id=SITE, batch_ids=[BATCH])
    assert not Sight(rooms=frozenset({ROOM})).runs(site_id=SITE, batch_ids=[BATCH])
    assert not Sight(rooms=frozenset({ROOM})).oversees
