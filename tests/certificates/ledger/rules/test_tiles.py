"""Names and contents of the static files, by the examples of C2SP tlog-tiles."""

from __future__ import annotations

import pytest

from certificates.ledger.rules.tiles import NoTile, Tile, bundle, split_bundle, split_hashes, tile_named, tiles_of


def test_the_names_are_those_of_the_specification() -> None:
    assert Tile(0, 1234067).path == "tile/0/x001/x234/067"
    assert Tile(0, 0).path == "tile/0/000"
    assert Tile(None, 1000, 3).path == "tile/entries/x001/000.p/3"
    for tile in (Tile(0, 1234067), Tile(5, 999), Tile(None, 1000, 3), Tile(63, 0, 255)):
        assert tile_named(tile.path) == tile


@pytest.mark.parametrize("path", [
    "tile/0/0", "tile/00/000", "tile/64/000", "tile/0/x000/001", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01",
    "tile/0/1234", "tile/0/x1/001", "tile/data/000", "tile/-1/000", "tile/0/000/", "/tile/0/000", "tile/0/../000", "",
])  # fmt: skip
def test_any_other_spelling_is_refused(path: str) -> None:
    with pytest.raises(NoTile):
        tile_named(path)


def test_the_files_of_70000_leaves() -> None:
    """273 full tiles of level 0 and one of 112, one full of level 1 and one of 17, one of width 1 at level 2."""
    widths: dict[int | None, list[int]] = {}
    for tile in tiles_of(70_000):
        widths.setdefault(tile.level, []).append(tile.width)
    assert widths == {None: [256] * 273 + [112], 0: [256] * 273 + [112], 1: [256, 17], 2: [1]}
    assert [(tile.level, tile.width) for tile in tiles_of(256)] == [(None, 256), (0, 256), (1, 1)]
    assert list(tiles_of(0)) == []


@pytest.mark.parametrize(
    ("since", "size"), [(0, 1), (1, 255), (255, 256), (256, 257), (300, 1000), (65_535, 65_537), (7, 7)]
)
def test_what_is_new_since_a_size_and_what_was_there_are_everything(since: int, size: int) -> None:
    assert set(tiles_of(since)) | set(tiles_of(size, since=since)) >= set(tiles_of(size))
    assert not set(tiles_of(size, since=since)) & set(tiles_of(since))


def test_bundles_and_tiles_are_read_back_and_cut_ones_are_named() -> None:
    entries = [b"", b"a", b"b" * 300]
    assert split_bundle(bundle(entries), 3) == entries
    assert bundle([b"ab"]) == b"\x00\x02ab"
    for broken in (bundle(entries)[:-1], bundle(entries) + b"\x00", bundle(entries[:2]), b"\x00"):
        with pytest.raises(NoTile):
            split_bundle(broken, 3)
    assert split_hashes(bytes(64), 2) == [bytes(32)] * 2
    with pytest.raises(NoTile, match="63 bytes instead of 64"):
        split_hashes(bytes(63), 2)
