"""The ZIP file against Python's own reader and unzip: whole, from any byte on, and where the old fields are too small."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from zlib import crc32

import pytest

from certificates.packs.rules.zipping import Entry, Layout, layout

MOMENT = datetime(2026, 11, 22, 9, 30, 2, tzinfo=UTC)
FILES = {"甲校/欧阳样本.pdf": b"%PDF-1.7 one", "b/empty.pdf": b"", "c.pdf": bytes(range(256)) * 5}


def entries() -> list[Entry]:
    return [Entry(name, len(data), crc32(data)) for name, data in FILES.items()]


def read(made: Layout, start: int, stop: int) -> bytes:
    held = list(FILES.values())
    return b"".join(
        piece.data if piece.entry < 0 else held[piece.entry][piece.start : piece.stop]
        for piece in made.pieces(start, stop)
    )


def test_what_other_readers_see() -> None:
    made = layout(entries(), MOMENT)
    whole = read(made, 0, made.size)
    assert len(whole) == made.size
    with zipfile.ZipFile(io.BytesIO(whole)) as opened:
        assert opened.testzip() is None
        assert {one.filename: opened.read(one) for one in opened.infolist()} == FILES
        first = opened.infolist()[0]
        assert first.date_time == (2026, 11, 22, 9, 30, 2) and first.compress_type == zipfile.ZIP_STORED
    assert whole == read(layout(entries(), MOMENT), 0, made.size)


def test_any_stretch_is_that_of_the_whole() -> None:
    made = layout(entries(), MOMENT)
    whole = read(made, 0, made.size)
    for start in range(0, made.size, 7):
        for stop in (start, start + 1, start + 40, start + 700, made.size):
            assert read(made, start, min(stop, made.size)) == whole[start:stop]


def test_an_empty_pack_is_a_zip_file_too() -> None:
    made = layout([], MOMENT)
    assert zipfile.ZipFile(io.BytesIO(read(made, 0, made.size))).namelist() == []


def test_more_files_than_the_old_field_counts() -> None:
    made = layout([Entry(f"{n}.pdf", 0, 0) for n in range(70_000)], MOMENT)
    data = b"".join(piece.data for piece in made.pieces(0, made.size))
    assert len(zipfile.ZipFile(io.BytesIO(data)).namelist()) == 70_000


def test_an_offset_behind_four_gigabytes(tmp_path: Path) -> None:
    """Three entries of 3 GB lie before the one that is read; the file is sparse: only its end is written."""
    last = b"%PDF-1.7 last"
    far = [Entry(f"{n}.pdf", 3_000_000_000, 0) for n in range(3)]
    made = layout([*far, Entry("last.pdf", len(last), crc32(last))], MOMENT)
    path = tmp_path / "far.zip"
    with path.open("wb") as file:
        file.seek(made.offsets[-1])
        for piece in made.pieces(made.offsets[-1], made.size):
            file.write(piece.data or last[piece.start : piece.stop])
    with zipfile.ZipFile(path) as opened:
        assert opened.read("last.pdf") == last
        assert opened.infolist()[3].header_offset > 9_000_000_000


def test_what_cannot_be_laid_out() -> None:
    with pytest.raises(ValueError, match="one name"):
        layout([Entry("a.pdf", 0, 0), Entry("A.PDF", 0, 0)], MOMENT)
    with pytest.raises(ValueError, match="too large"):
        layout([Entry("a.pdf", 2**32, 0)], MOMENT)
