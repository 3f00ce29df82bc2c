"""Reading whatever is sent: damaged, hostile and strange files give named problems, never an exception."""

import random
import zipfile
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exam.registration.rules.delimited import decode
from exam.registration.rules.reading import read_roster
from exam.registration.rules.sheet import CellKind, letter
from exam.registration.rules.template import NEWEST
from tests.exam.registration.world import HEADS, csv_text, rezip, row, workbook

WHOLE = workbook([row(n) for n in range(1, 6)])
PARTS = zipfile.ZipFile(BytesIO(WHOLE)).namelist()


def codes(data: bytes) -> set[str]:
    return {problem.code for problem in read_roster(data, NEWEST).problems}


@given(st.binary(max_size=400))
def test_any_bytes_at_all(data: bytes) -> None:
    assert codes(data)


@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=12))
def test_a_package_with_changed_bytes(changes: list[tuple[int, int]]) -> None:
    data = bytearray(WHOLE)
    for place, value in changes:
        data[place] = value
    read_roster(bytes(data), NEWEST)


@given(st.sampled_from(PARTS), st.integers(0, 2**32))
def test_a_part_with_changed_xml(victim: str, seed: int) -> None:
    rng = random.Random(seed)

    def change(name: str, body: bytes) -> bytes | None:
        if name != victim:
            return body
        if rng.random() < 0.1:
            return None
        data = bytearray(body)
        for _ in range(rng.randint(1, 5)):
            place = rng.randrange(len(data))
            data[place : place + rng.randint(0, 9)] = bytes(rng.choices(b'0123456789<>/"= AZtsr', k=rng.randint(0, 4)))
        return bytes(data)

    read_roster(rezip(WHOLE, change), NEWEST)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('<row r="2"', '<row r="0"'),
        ('<row r="2"', '<row r="-5"'),
        ('r="B2"', 'r="B99999999999"'),
        ("<v>0</v>", "<v>99999999</v>"),
        ('encoding="UTF-8"', 'encoding="UTF-78"'),
    ],
)
def test_xml_that_lies(old: str, new: str) -> None:
    def change(name: str, body: bytes) -> bytes:
        return body.replace(old.encode(), new.encode()) if name.endswith("sheet1.xml") else body

    assert codes(rezip(WHOLE, change)) == {"file_damaged"}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_parts_of_one_name_are_refused() -> None:
    """Two readers could see two different sheets."""
    data = BytesIO(WHOLE)
    with zipfile.ZipFile(data, "a") as archive:
        archive.writestr("xl/worksheets/sheet1.xml", "<worksheet/>")
    assert codes(data.getvalue()) == {"file_damaged"}


def test_a_declared_range_larger_than_the_sheet_costs_nothing() -> None:
    def change(name: str, body: bytes) -> bytes:
        return body.replace(b'ref="A1:S6"', b'ref="A1:XFD1048576"') if name.endswith("sheet1.xml") else body

    reading = read_roster(rezip(WHOLE, change), NEWEST)
    assert reading.problems == ()
    assert reading.sheet is not None
    assert len(reading.sheet.rows) == 6


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_rare_characters_survive_each_encoding(encoding: str) -> None:
    """gbk cannot encode 䶮, 㛃 or 𠮷; GB18030 and the Unicode forms can."""
    assert decode("䶮㛃𠮷·一".encode(encoding)) == "䶮㛃𠮷·一"


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_delimiters(delimiter: str) -> None:
    reading = read_roster(csv_text([row(1)], delimiter).encode(), NEWEST)
    assert reading.problems == ()
    assert reading.layout is not None
    assert set(reading.layout.positions) == {column.key for column in NEWEST.columns}


def test_heads_in_any_order_with_stars_and_breaks() -> None:
    heads = [f"*{head[0]} {head[1:]}\n" for head in reversed(HEADS)]
    values = dict(zip(heads, [row(1).get(head, "") for head in reversed(HEADS)], strict=True))
    reading = read_roster(workbook([values], heads=heads), NEWEST)
    assert reading.problems == ()


def test_kinds_of_cells() -> None:
    reading = read_roster(workbook([row(1) | {"手机": 16400000001.0, "班级": True}]), NEWEST)
    assert reading.sheet is not None
    assert reading.layout is not None
    phone, group = (reading.layout.positions[key] for key in ("phone", "class_name"))
    cells = reading.sheet.rows[1].cells
    assert (cells[phone].text, cells[phone].kind) == ("16400000001", CellKind.NUMBER)
    assert (cells[group].text, cells[group].kind) == ("TRUE", CellKind.BOOLEAN)


def test_column_letters() -> None:
    assert [letter(place) for place in (0, 25, 26, 51, 52, 701, 702)] == ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]
