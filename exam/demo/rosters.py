"""The rosters as a school's office would write them: one .xlsx per school, in the columns of the import's own template.

Every cell is text, also the ID number: a spreadsheet that holds it as a number has already lost its last digits.
"""

from collections.abc import Mapping, Sequence
from io import BytesIO

import xlsxwriter

from exam.demo.certificates import LEVEL_WORDS, certificate_of
from exam.demo.plan import DemoCandidate
from exam.registration.rules.template import NEWEST, SHEET_NAME

_PHONE_PREFIX = "1640"  # a range that no operator has


def roster(candidates: Sequence[DemoCandidate]) -> bytes:
    """The workbook of one school's candidates."""
    out = BytesIO()
    book = xlsxwriter.Workbook(
        out, {"constant_memory": True, "strings_to_formulas": False, "strings_to_numbers": False}
    )
    text = book.add_format({"num_format": "@"})
    head = book.add_format({"num_format": "@", "bold": True, "bottom": 1})
    sheet = book.add_worksheet(SHEET_NAME)
    for place, column in enumerate(NEWEST.columns):
        sheet.set_column(place, place, column.width, text)
        sheet.write_string(0, place, column.head, head)
    for row, candidate in enumerate(candidates, start=1):
        values = row_of(candidate, row)
        for place, column in enumerate(NEWEST.columns):
            if value := values.get(column.key, ""):
                sheet.write_string(row, place, value, text)
    book.close()
    return out.getvalue()


def row_of(candidate: DemoCandidate, serial: int) -> Mapping[str, str]:
    """One row by column key."""
    person = candidate.person
    values = {
        "serial": str(serial),
        "name": person.name,
        "gender": {"male": "男", "female": "女"}[person.gender],
        "id_type": "居民身份证",
        "id_number": person.id_number,
        "birth": person.birth.isoformat(),
        "phone": f"{_PHONE_PREFIX}{int(person.id_number[6:17]) % 10_000_000:07d}",
        "institution_code": candidate.school.code,
        "major": candidate.major,
        "class_name": candidate.class_name,
        "channel": "社会" if candidate.social else "在校",
        "certificate": certificate_of(candidate.certificate).name_zh,
        "level": LEVEL_WORDS[candidate.level],
        "consent": "是",
        "payer": "减免" if candidate.waiver else "自费" if candidate.social else "院校承担",
    }
    if candidate.waiver:
        values |= {"waiver_reason": candidate.waiver, "waiver_proof": f"演示证明第{serial:04d}号"}
    return values
