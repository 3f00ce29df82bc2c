"""What cannot be printed is found before a number is spent: no room, a character without a glyph, a photo of a wrong kind."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from uuid import UUID

import pytest
from PIL import Image

from certificates.designs.queries import built_in, built_in_template
from certificates.designs.rules.records import Template
from certificates.issuing.documents.drawing import crowded, prepared
from certificates.issuing.rules.face import Eligible
from certificates.issuing.rules.fitting import photo_flaw
from exam.demo.photos import portrait
from tests.certificates.issuing.documents.people import WORST, intent_of
from tests.exam.kernel.print_home import print_home

NOBODY = UUID(int=0)
TEMPLATES = {NOBODY: built_in_template()}


def eligible(**changed: str) -> Eligible:
    return Eligible(
        registration_id=NOBODY, outcome_id=NOBODY, outcome_version=1, batch_id=NOBODY, person_id=NOBODY, organisation_id=NOBODY,
        certificate_id=NOBODY, province_code="42", photo_sha256="p", published_by=None, face=intent_of(dict(changed)).face,
    )  # fmt: skip


def jpeg(width: int, height: int, mode: str = "RGB") -> bytes:
    out = BytesIO()
    Image.new(mode, (width, height)).save(out, "JPEG")
    return out.getvalue()


@pytest.mark.parametrize("changed", WORST)
def test_the_worst_that_really_occurs_has_room(changed: dict[str, str]) -> None:
    assert crowded(intent_of(changed).face, print_home()) == []


def test_the_seal_may_stand_on_the_issuer_only() -> None:
    long = intent_of({"organisation_name_zh": "北京样本信息技术培训评价组织有限公司"}).face  # runs under the seal
    source = replace(built_in(), seal_mm=(150.0, 90.0, 190.0, 130.0))
    moved = Template(name="WL01-v2", sha256=source.sha256, source=source)
    assert crowded(long, print_home()) == []
    assert crowded(long, print_home(), moved)


@pytest.mark.parametrize(
    "changed",
    [
        {"certificate_name_zh": "智能网联汽车检测与运维" * 12},  # pushes the table into the issuer's lines
        {"organisation_name_en": "Specimen Organisation for Logistics " * 14},  # leaves the sheet
        {"holder_name": "A" * 40},  # no place to break: runs out of its column
        {"holder_name_latin": "Zoe\u0301 " + "Ab " * 480},  # set by WeasyPrint, looked at all the same
    ],
)
def test_what_has_no_room_is_refused_by_name(changed: dict[str, str]) -> None:
    (found,) = prepared([eligible(**changed)], TEMPLATES, print_home())
    assert found.variant is None
    assert [one.code for one in found.problems] == ["no_room"]
    assert found.problems[0].facts["name"] == eligible(**changed).face.holder_name


@pytest.mark.parametrize(
    ("photo", "code"),
    [
        (portrait(0), None),
        (jpeg(300, 420, "L"), None),
        (jpeg(300, 420, "CMYK"), "photo_kind"),
        (jpeg(420, 300), "photo_shape"),
        (jpeg(120, 168), "photo_small"),
        (b"", "photo_kind"),
        (b"\xff\xd8\xff", "photo_kind"),
        (b"\x89PNG\r\n", "photo_kind"),
    ],
)
def test_a_photo_of_a_wrong_kind_is_refused_by_name(photo: bytes, code: str | None) -> None:
    (found,) = prepared([eligible()], TEMPLATES, print_home(), lambda _: photo)
    assert [one.code for one in found.problems] == ([code] if code else [])
    assert (found.variant is not None) is (code is None)


def test_a_photo_that_is_not_in_the_store_is_a_problem_too() -> None:
    def lost(sha256: str) -> bytes:
        raise FileNotFoundError(sha256)

    assert [one.code for one in prepared([eligible()], TEMPLATES, print_home(), lost)[0].problems] == ["photo_kind"]


def test_nobody_has_no_problems_and_no_photo_is_looked_at_without_one() -> None:
    assert prepared([], {}, print_home()) == []
    assert photo_flaw(3, 295, 413) is None
