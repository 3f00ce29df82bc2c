"""Slips: what is typed wrongly is caught, in the slip and in the entries."""

import pytest

from scoring.tablets.rules.slips import SlipDiffers, SlipMistyped, read_slip, require_same, slip

SIGNED = slip("2026050001", "K07", 1, {"a": 2, "b": True, "c": "10.02"}, 3)


def test_a_slip_is_short_and_always_the_same() -> None:
    assert len(SIGNED.replace("-", "")) == 13
    assert slip("2026050001", "K07", 1, {"c": "10.02", "b": True, "a": 2}, 3) == SIGNED
    assert slip("1", "K", 1, {}, None) != slip("1", "K", 2, {}, None)


def test_a_slip_reads_as_people_type_it() -> None:
    typed = SIGNED.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    if typed[-1] not in "ol":
        assert read_slip(typed) == SIGNED
    assert read_slip(SIGNED) == SIGNED


def test_every_wrong_and_every_swapped_character_of_a_slip_is_caught() -> None:
    text = SIGNED.replace("-", "")
    for at in range(len(text) - 1):
        for other in "0123456789ABCDEFGHJKMNPQRSTVWXYZ":
            if other != text[at]:
                with pytest.raises(SlipMistyped):
                    read_slip(text[:at] + other + text[at + 1 :])
        if at + 1 < len(text) - 1 and text[at] != text[at + 1]:
            with pytest.raises(SlipMistyped):
                read_slip(text[:at] + text[at + 1] + text[at] + text[at + 2 :])
    for wrong in ("", "A", text[:-1], text + "0", "!" * 13):
        with pytest.raises(SlipMistyped):
            read_slip(wrong)


@pytest.mark.parametrize(
    "entries",
    [
        ("2026050001", "K07", 1, {"a": 3, "b": True, "c": "10.02"}, 3),
        ("2026050001", "K07", 1, {"a": 2, "b": True, "c": "10.20"}, 3),
        ("2026050001", "K07", 1, {"a": 2, "b": True}, 3),
        ("2026050002", "K07", 1, {"a": 2, "b": True, "c": "10.02"}, 3),
        ("2026050001", "K07", 1, {"a": 2, "b": True, "c": "10.02"}, 0),
    ],
)
def test_one_wrong_entry_gives_another_slip(entries: tuple[str, str, int, dict[str, object], int]) -> None:
    with pytest.raises(SlipDiffers):
        require_same(SIGNED, slip(*entries))
    require_same(SIGNED, SIGNED)
