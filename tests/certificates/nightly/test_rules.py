"""How many are read in a night."""

from certificates.nightly.rules import NIGHTS, WHOLE_MOST, WORDS, Difference, Kind, share


def test_a_nights_share() -> None:
    assert share(0, 0) == 0
    assert share(WHOLE_MOST, 0) == WHOLE_MOST
    assert share(WHOLE_MOST + 1, 0) == WHOLE_MOST
    assert share(1_000_000, 3) * NIGHTS >= 1_000_000 > share(1_000_000, 3)
    assert share(1_000_000, 400_000) == 400_000, "what was never read waits for no week"
    assert share(60_000, 70_000) == 60_000


def test_every_difference_has_words() -> None:
    assert set(WORDS) == set(Kind)
    for kind in Kind:
        found = Difference(kind, "x")
        assert Difference.from_data(found.as_data()) == found
        assert found.line.endswith("(x)")
    assert Difference(Kind.TEXT, "holder_name").field_label == "姓名"
